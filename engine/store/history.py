"""All runs as lists show them: what was asked, how it stands, what people say of it, its size on disk.

A list of ten thousand runs is drawn at every click, so a run is read again only when it has changed. Whatever is
written there is renamed into place, or the folder is touched (`Run.add_edit`), so one look at the folder's own times
tells. Clocks of file systems tick slowly: two writes within one tick leave the same time, so of a folder that changed
just now every file is looked at (names, times, sizes).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from engine.errors import RunError
from engine.models.roles import ModelSpec
from engine.store.remarks import Remarks, remarks_of
from engine.store.runs import Run, Runs, Status, is_id, standing

_LONG = 100  # from this length on, a list in the parameters holds names of files: not for lists of runs
_TICK = 2 * 10**9  # nanoseconds: the coarsest clock of a file system

Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Asked:
    """What was asked, as far as a list shows it: lists of files are left out of `params`, `members` counts them."""

    analysis: str
    gallery: str
    selection: str
    members: int | None
    params: Mapping[str, Any]
    models: Mapping[str, ModelSpec]
    seed: int


@dataclass(frozen=True, eq=False)
class Entry:
    """One run; `bytes` of its folder on disk; whether it came as a file. Shared by all who ask: not to be changed.

    The same object as long as nothing of the run has changed.
    """

    run: Run
    status: Status
    asked: Asked
    remarks: Remarks
    bytes: int
    is_imported: bool

    @cached_property
    def id(self) -> str:
        """The run's."""
        return self.run.id

    @cached_property
    def title(self) -> str:
        """What was asked in a word or two: the criterion, or the analysis' name."""
        return str(self.asked.params.get("criterion", {}).get("name", self.asked.analysis))


def history(home: Path) -> list[Entry]:
    """Every run of which can be told what was asked, newest first."""
    return all_of(home)[0]


def all_of(home: Path) -> tuple[list[Entry], list[Run]]:
    """The same; and the runs of which cannot be told what was asked."""
    root = home / "runs"
    with _lock:
        shelf = _looked_at(str(root))
        return list(shelf.order), [Run(root / name) for name in shelf.untold]


def freed(entries: list[Entry]) -> int:
    """Bytes that deleting these runs gives back."""
    return sum(entry.bytes for entry in entries)


def delete_all(runs: Runs, entries: list[Entry]) -> tuple[int, int, list[str]]:
    """Delete runs; how many are gone, the bytes that were freed, and why some stayed."""
    gone, space, stayed = 0, 0, list[str]()
    for entry in entries:
        try:
            runs.delete(entry.id)
        except RunError as problem:
            stayed.append(f"{entry.id}: {problem}")
        else:
            gone, space = gone + 1, space + entry.bytes
    return gone, space, stayed


@dataclass(frozen=True)
class _Kept:
    """What was read of one folder when it looked so; whether any later change shows in the folder's own times."""

    folder: tuple[int, int, int]
    files: Stamp
    is_settled: bool
    entry: Entry | None


@dataclass
class _Shelf:
    """All runs of one workspace by the names of their folders; in order, and those that cannot be told."""

    kept: dict[str, _Kept] = field(default_factory=dict)
    order: list[Entry] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)


_shelves: dict[str, _Shelf] = {}
_lock = Lock()


def _looked_at(root: str) -> _Shelf:
    try:
        place = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return _Shelf()
    shelf = _shelves.setdefault(root, _Shelf())
    before, now, has_changed = shelf.kept, time.time_ns(), False
    there: dict[str, _Kept] = {}
    try:
        for name in os.listdir(place):
            was = before.get(name)
            if (was or is_id(name)) and (kept := _now(root, name, place, was, now)):
                there[name] = kept
                has_changed |= kept is not was
    finally:
        os.close(place)
    shelf.kept = there
    if has_changed or len(before) != len(there):
        found = [(-kept.entry.status.queued, name, kept.entry) for name, kept in there.items() if kept.entry]
        shelf.order = [entry for *_, entry in sorted(found, key=lambda one: one[:2])]
        shelf.untold = [name for name, kept in there.items() if not kept.entry]
    return shelf


def _now(root: str, name: str, place: int, kept: _Kept | None, now: int) -> _Kept | None:
    """What is in a folder now: what was kept, if nothing changed; None where it is being deleted."""
    try:
        at = os.stat(name, dir_fd=place)
        folder = at.st_ino, at.st_mtime_ns, at.st_ctime_ns
        if kept and kept.is_settled and kept.folder == folder:
            return kept
        files = _stamp(Path(root, name))
    except OSError:
        return None
    is_known = kept is not None and (kept.folder, kept.files) == (folder, files)
    entry = kept.entry if kept and is_known else _read(Run(Path(root, name)))
    return _Kept(folder, files, now - max(folder[1:]) > _TICK, entry)


def _stamp(path: Path) -> Stamp:
    """Name, size, time and inode of each file: a file that is renamed into place has another inode."""
    with os.scandir(path) as files:
        told = [(file.name, file.stat(follow_symlinks=False)) for file in files]
    return tuple((name, at.st_size, at.st_mtime_ns, at.st_ino) for name, at in sorted(told, key=lambda one: one[0]))


def _size(path: Path) -> int:
    """Bytes of all files in a folder, in folders of it too: what a run made lies there."""
    total = 0
    with os.scandir(path) as files:
        for file in files:
            folder = file.is_dir(follow_symlinks=False)
            total += _size(Path(file.path)) if folder else file.stat(follow_symlinks=False).st_size
    return total


def _read(run: Run) -> Entry | None:
    status = standing(run)
    try:
        request, size = run.request if status else None, _size(run.path)
    except (RunError, OSError):
        return None
    if status is None or request is None:
        return None
    members = None if request.members is None else len(request.members)
    params = {name: _short(value) for name, value in request.params.items()}
    asked = Asked(request.analysis, request.gallery, request.selection, members, params, request.models, request.seed)
    return Entry(run, status, asked, remarks_of(run), size, run.is_imported)


def _short(value: Any) -> Any:  # noqa: ANN401  plain values
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    return [] if isinstance(value, list) and len(value) >= _LONG else value
