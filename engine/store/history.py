"""All runs as lists show them: what was asked, how it stands, what people say of it, its size on disk.

A list of a thousand runs is drawn at every click, so a file is read again only when it has changed: one look at each
folder (names, times and sizes) tells.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from engine.errors import RunError
from engine.models.roles import ModelSpec
from engine.store.remarks import Remarks, remarks_of
from engine.store.runs import Run, Runs, Status, is_id, standing

_KEPT = 20_000  # runs in memory, a few KB each
_LONG = 100  # from this length on, a list in the parameters holds names of files: not for lists of runs

Stamp = tuple[tuple[str, int, int, int], ...]
_known: OrderedDict[str, tuple[Stamp, Entry | None]] = OrderedDict()
_lock = Lock()


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


@dataclass(frozen=True)
class Entry:
    """One run; `bytes` of its folder on disk; whether it came as a file. Shared by all who ask: not to be changed."""

    run: Run
    status: Status
    asked: Asked
    remarks: Remarks
    bytes: int
    is_imported: bool

    @property
    def id(self) -> str:
        """The run's."""
        return self.run.id

    @property
    def title(self) -> str:
        """What was asked in a word or two: the criterion, or the analysis' name."""
        return str(self.asked.params.get("criterion", {}).get("name", self.asked.analysis))


def history(home: Path) -> list[Entry]:
    """Every run of which can be told what was asked, newest first."""
    root = home / "runs"
    try:
        names = [name for name in os.listdir(root) if is_id(name)]
    except OSError:
        return []
    found = [entry for name in names if (entry := _entry(root / name))]
    return sorted(found, key=lambda entry: (-entry.status.queued, entry.id))


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


def _entry(path: Path) -> Entry | None:
    key = str(path)
    try:
        stamp = _stamp(path)
    except OSError:  # being deleted
        return None
    with _lock:
        kept = _known.get(key)
        if kept and kept[0] == stamp:
            _known.move_to_end(key)
            return kept[1]
    entry = _read(Run(path))
    with _lock:
        _known[key] = stamp, entry
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return entry


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
