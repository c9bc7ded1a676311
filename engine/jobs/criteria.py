"""Readings of one gallery from its finished runs: clusters, dimensions of structures, the label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.analyses.criteria import Pair, Reading, pairs
from engine.analyses.structure.telling import values_of
from engine.errors import RunError
from engine.gallery import Gallery, shared_gallery
from engine.jobs.diffing import result_of
from engine.store.runs import Run, Runs

LABEL = "label"


@dataclass(frozen=True)
class Together:
    """Readings of one gallery, and every two of them."""

    readings: tuple[Reading, ...]
    pairs: tuple[Pair, ...]


def together(named: Mapping[str, str], gallery: Gallery, home: Path) -> Together:
    """Hold readings of a gallery together: what `reading` knows, with what each is called.

    Raises:
        RunError: there is no such run, result or dimension, or it is of another gallery.
    """
    readings = tuple(reading(said, name, gallery, home) for said, name in named.items())
    return Together(readings, tuple(pairs(readings)))


def gallery_and_names(said: Sequence[str], home: Path) -> tuple[Gallery, dict[str, str]]:
    """The gallery that runs looked at, and what each reading is called, no two alike.

    Args:
        said: readings as `reading` knows them; of a run's id, its beginning is enough.
        home: the workspace.

    Raises:
        RunError: fewer than two, one twice, no run among them, a run that is not done, of another analysis or gallery.
        GalleryError: the gallery is gone.
    """
    found: dict[str, str] = {}
    galleries = list[str]()
    for one in said:
        id, colon, dimension = one.partition(":")
        run = None if one == LABEL else Runs(home).get(id)
        known = f"{run.id}{colon}{dimension}" if run else LABEL
        if known in found:
            raise RunError(f"{one} is named twice.", "Choose another one.")
        found[known] = _called(run, dimension) if run else LABEL
        galleries += [run.request.gallery] if run else []
    if len(found) < 2 or not galleries:
        raise RunError("It takes two readings, one of them a run's.", "`python -m engine runs` lists the runs.")
    names = list(found.values())
    gallery = shared_gallery(galleries[0], home)
    return gallery, {one: name if names.count(name) == 1 else f"{name} · {one[:6]}" for one, name in found.items()}


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


def _called(run: Run, dimension: str) -> str:
    """What a finished run's reading is called: its criterion, or the dimension."""
    analysis, status = run.request.analysis, run.status
    if analysis not in ("clusters", "structure"):
        raise RunError(f"Run {run.id} is a {analysis} run.", "Choose clusters, or RUN:DIMENSION of a structure.")
    if not status.revision:
        raise RunError(f"Run {run.id} is not finished: it is {status.state}.", "Wait for it, or ask it again.")
    if analysis == "clusters" and dimension:
        raise RunError(f"Run {run.id} is of clusters: it has no dimensions.", f"Say just {run.id[:8]}.")
    if analysis == "clusters":
        return str(run.request.params["criterion"]["name"])
    if not dimension:
        which = ", ".join(f"{run.id[:8]}:{name}" for name in dimensions(run)) or "it has none"
        raise RunError(f"Run {run.id} is a structure.", f"Say which of its dimensions: {which}.")
    return dimension


def _values(run: Run, dimension: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Values by picture."""
    result = result_of(run, run.edits())
    if run.request.analysis == "clusters":
        return ((row.file, (row.cluster,) if row.cluster else ()) for row in result.rows)
    if run.request.analysis == "structure" and dimension in [one.name for one in result.dimensions]:
        return zip((row.file for row in result.rows), values_of(result, dimension), strict=True)
    raise RunError(f"Run {run.id} has no {dimension or 'clusters'}.", "Choose another reading.")
