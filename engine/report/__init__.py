"""What leaves the tool for people: a finding as a picture to share, runs as one HTML file.

The findings of an analysis are made in the module of its name: KINDS, functions from a run's Source (and what of it is
meant) to a Finding, and `sections`, those that a report holds. Each is drawn by sheet.py and by document.py.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from engine.analyses import ANALYSES
from engine.errors import RunError


def findings(analysis: str) -> ModuleType:
    """The module of an analysis' findings.

    Raises:
        RunError: there is no such analysis, as with what was made and not found out.
    """
    if analysis not in ANALYSES:
        raise RunError(f"A report of a {analysis} run is not made.", "Export it as csv, parquet or json.")
    return importlib.import_module(f"engine.report.{ANALYSES[analysis].rpartition('.')[2]}")
