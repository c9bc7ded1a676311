"""Readings of one gallery from its finished runs: clusters, dimensions of structures, the label."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.analyses.criteria import Reading
from engine.analyses.structure.telling import values_of
from engine.errors import RunError
from engine.gallery import Gallery
from engine.jobs.diffing import result_of
from engine.store.runs import Run, Runs

LABEL = "label"


def reading(said: str, name: str, gallery: Gallery, home: Path) -> Reading:
    """What one reading says of each picture, with a person's changes.

    Args:
        said: "label", a clusters run's id, or a structure run's id, a colon and a dimension.
        name: what it is called.
        gallery: that the run was asked about.
        home: the workspace.

    Raises:
        RunError: there is no such run, result or dimension, or it is of another gallery.
    """
    if said == LABEL:
        return Reading(name, tuple((p.label,) if p.label else () for p in gallery.pictures))
    id, _, dimension = said.partition(":")
    run = Runs(home).get(id)
    if run.request.gallery != gallery.fingerprint:
        raise RunError(f"Run {run.id} looked at another gallery.", "Choose runs of one gallery.")
    told = dict(_values(run, dimension))
    return Reading(name, tuple(told.get(p.name) for p in gallery.pictures))


def dimensions(run: Run) -> list[str]:
    """Names of a finished structure run's dimensions.

    Raises:
        RunError: it has no result.
    """
    return [one.name for one in result_of(run, run.edits()).dimensions]


def _values(run: Run, dimension: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Values by picture."""
    result = result_of(run, run.edits())
    if run.request.analysis == "clusters":
        return ((row.file, (row.cluster,) if row.cluster else ()) for row in result.rows)
    if run.request.analysis == "structure" and dimension in [one.name for one in result.dimensions]:
        return zip((row.file for row in result.rows), values_of(result, dimension), strict=True)
    raise RunError(f"Run {run.id} has no {dimension or 'clusters'}.", "Choose another reading.")
