"""The analyses by name. Each is a module with NAME, VERSION, ROLES, TASKS, Params, Result, run, estimate and tables.

Beside them, what a run can be asked to make: the same, but their `run` is also given `to`, the run's folder.
"""

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
MAKINGS = {
    "finetuning": "engine.finetuning.making",
    "translation": "engine.translation.making",
}


def analysis(name: str) -> ModuleType:
    """The module of one analysis, or making.

    Raises:
        KeyError: there is none of this name.
    """
    return importlib.import_module((ANALYSES | MAKINGS)[name])
