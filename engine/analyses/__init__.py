"""The analyses by name. Each is a module with NAME, VERSION, ROLES, TASKS, Params, Result, run, estimate and tables."""

from __future__ import annotations

import importlib
from types import ModuleType

ANALYSES = {
    "clusters": "engine.analyses.clusters",
    "differences": "engine.analyses.differences",
    "diversity": "engine.analyses.diversity",
    "structure": "engine.analyses.structure",
    "typicality": "engine.analyses.typicality",
}


def analysis(name: str) -> ModuleType:
    """The module of one analysis.

    Raises:
        KeyError: there is none of this name.
    """
    return importlib.import_module(ANALYSES[name])
