"""A run that came as a file goes to its folder, beside or into the one that is there; nothing of a person is lost."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from engine.errors import RunError
from engine.gallery import shelf
from engine.store.annotations import annotate, annotations_of
from engine.store.parcels import edits_text
from engine.store.remarks import FILE as REMARKS
from engine.store.remarks import remarks_of
from engine.store.run_arrays import LIST, NUMBERS
from engine.store.runs import IMPORTED, Run, Runs, write_json, writing
from engine.store.unpacking import Parcel

Keep = Literal["", "mine", "theirs"]
_WORDS = {"result": "another answer", "changes": "other changes", "remarks": "other tags or another note",
          "known": "other predictions or boxes"}  # fmt: skip


@dataclass(frozen=True)
class Arrival:
    """What came of it.

    Args:
        run: where it is now.
        is_new: whether it was not here before.
        took: parts of the file that went into the one that was here: "result", "changes", "remarks", "known".
        has_gallery: whether its gallery was known here; else its pictures are elsewhere.
    """

    run: Run
    is_new: bool
    took: tuple[str, ...]
    has_gallery: bool

    @property
    def words(self) -> str:
        """The same in a sentence or two."""
        if self.is_new:
            said = f"Run {self.run.id} is here now."
        elif self.took:
            parts = {"result": "answer", "changes": "changes", "remarks": "tags and note",
                     "known": "predictions or boxes"}  # fmt: skip
            said = f"Run {self.run.id} was here; it has the file's {', '.join(parts[part] for part in self.took)} now."
        else:
            said = f"Run {self.run.id} is here already, with all that the file holds."
        return said if self.has_gallery else f"{said} Its pictures are not here: open the folder that holds them."


def clashes(parcel: Parcel, home: Path) -> tuple[str, ...]:
    """Parts in which the file and the run that is here differ, and neither goes on from the other."""
    run = _there(parcel, home)
    return tuple(part for part, side in _compared(parcel, run).items() if side == "apart") if run else ()


def take_in(parcel: Parcel, home: Path, keep: Keep = "", name: str = "") -> Arrival:
    """Put a run that came as a file into the workspace.

    Where it is here already, a newer revision and changes that go on from those here are taken, and so is what is
    empty here. Where the two differ otherwise, `keep` says whose part stays; changes and remarks that give way are kept
    beside, as files.

    Args:
        parcel: the run.
        home: the workspace.
        keep: "mine" or "theirs" where they differ; by default that is refused.
        name: what the file was called, kept with the run.

    Raises:
        RunError: they differ and nobody said whose stays, or the run here is being executed. StoreError: the workspace
            cannot be written.
    """
    run = _there(parcel, home)
    if run is None:
        run, took = _placed(parcel, home, name), ()
        return Arrival(run, True, took, shelf.keep_absent(parcel.gallery, home))
    with run.hold() as free:
        if not free:
            raise RunError("This run is being executed here.", "Wait for its end, or stop it.")
        told = _compared(parcel, run)
        apart = [part for part, side in told.items() if side == "apart"]
        if apart and not keep:
            what = " and ".join(_WORDS[part] for part in apart)
            raise RunError(
                f"Run {run.id} is here already, with {what}.", "Say whose to keep: --keep mine or --keep theirs."
            )
        took = tuple(part for part, side in told.items() if side == "theirs" or (side == "apart" and keep == "theirs"))
        with writing(run.path):
            for part in took:
                _TAKE[part](parcel, run)
    return Arrival(run, False, took, shelf.keep_absent(parcel.gallery, home))


def _there(parcel: Parcel, home: Path) -> Run | None:
    run = Run(home / "runs" / parcel.request.id)
    return None if run.is_damaged else Runs(home).get(run.id)


def _compared(parcel: Parcel, run: Run) -> dict[str, str]:
    """Of each part, whether both are the same, one goes on from the other (whose), or they are apart."""
    status = run.status
    mine = {n: path.read_bytes() for n in range(1, status.revision + 1) if (path := run.result_path(n)).exists()}
    log = [{k: v for k, v in edit.items() if k != "n"} for edit in run.edits()]
    return {
        "result": _sides(mine, parcel.results) if status.state == "done" else "theirs",
        "changes": _sides(dict(enumerate(log)), dict(enumerate(parcel.edits))),
        "remarks": _added(remarks_of(run), parcel.remarks),
        "known": _added(annotations_of(run), parcel.known),
    }


def _sides(mine: Mapping[int, Any], theirs: Mapping[int, Any]) -> str:
    """Numbered things, of which one side's may be the other's with more behind."""
    shared = mine.keys() & theirs.keys()
    if any(mine[n] != theirs[n] for n in shared):
        return "apart"
    return "theirs" if theirs.keys() - shared else "mine" if mine.keys() - shared else "same"


def _added(mine: Any, theirs: Any) -> str:  # noqa: ANN401  what people added, or nothing
    if not theirs or mine == theirs:
        return "same"
    return "apart" if mine else "theirs"


def _placed(parcel: Parcel, home: Path, name: str) -> Run:
    """A new folder, filled beside and renamed."""
    root, id = home / "runs", parcel.request.id
    beside = root / f".{uuid4().hex}.new"
    with writing(root):
        try:
            beside.mkdir(parents=True)
            run = Run(beside)
            write_json(beside / "request.json", asdict(parcel.request))
            write_json(beside / IMPORTED, {"at": time.time(), "file": name[:200]})
            for part in _TAKE:
                _TAKE[part](parcel, run)
            for file, data in zip((LIST, NUMBERS), parcel.arrays or (), strict=False):
                (beside / file).write_bytes(data)
            shutil.rmtree(root / id, ignore_errors=True)  # what is there is damaged: nobody can tell what it was
            os.rename(beside, root / id)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return Run(root / id)


def _take_result(parcel: Parcel, run: Run) -> None:
    """All revisions; those of the file win, and the status last of all says that they are there."""
    for revision, data in parcel.results.items():
        path = run.path / ("result.json" if revision == 1 else f"result.{revision}.json")
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(data)
        beside.replace(path)
    run.set_status(parcel.status)


def _take_changes(parcel: Parcel, run: Run) -> None:
    _set_aside(run, "edits.jsonl")
    if parcel.edits:
        beside = run.path / ".edits.new"
        beside.write_text(edits_text(parcel.edits))
        beside.replace(run.path / "edits.jsonl")


def _take_remarks(parcel: Parcel, run: Run) -> None:
    _set_aside(run, REMARKS)
    if parcel.remarks:
        write_json(run.path / REMARKS, json.loads(json.dumps(asdict(parcel.remarks))))


def _take_known(parcel: Parcel, run: Run) -> None:
    for name, said in parcel.known.items():
        _set_aside(run, name)
        annotate(run, said)


def _set_aside(run: Run, name: str) -> None:
    """Keep what was said here under another name."""
    path = run.path / name
    if path.exists():
        path.rename(path.with_name(f"{path.stem}.before-{time.time_ns()}{path.suffix}"))


_TAKE = {"result": _take_result, "changes": _take_changes, "remarks": _take_remarks, "known": _take_known}
