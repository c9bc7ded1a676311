"""What leaves the tool for people: a finding as a picture to share, runs as one HTML file.

The findings of an analysis, or of a making, are made in the module of its name: KINDS, functions from a run's Source
(and what of it is meant) to a Finding, and `sections`, those that a report holds. Each is drawn by sheet.py and by
document.py.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from engine.analyses import ANALYSES, MAKINGS


def findings(analysis: str) -> ModuleType:
    """The module of an analysis' findings, or of a making's.

    Raises:
        KeyError: there is none of this name.
    """
    if analysis not in ANALYSES | MAKINGS:
        raise KeyError(analysis)
    return importlib.import_module(f"engine.report.{analysis}")
