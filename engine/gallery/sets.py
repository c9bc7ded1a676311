"""Sets: a name and a selection of one gallery's pictures, small JSON files in `<home>/sets`.

A set belongs to a folder, not to one state of it: a picture that comes to the folder later leaves its sets alone, one
that goes is missing from them and counted. Runs hold the names of the pictures that they were asked about, so deleting
a set breaks none.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from uuid import uuid4

import numpy as np

from engine.errors import GalleryError, StoreError
from engine.gallery import columns
from engine.gallery.pictures import Gallery

_ID = re.compile(r"[0-9a-f]{16}")
_LONGEST = 120  # letters of a name


@dataclass(frozen=True)
class PictureSet:
    """A named selection. `origin` says in words where it came from; `made` is in seconds since 1970."""

    id: str
    name: str
    root: str
    members: tuple[str, ...]  # names of pictures, in the gallery's order
    origin: str = ""
    made: float = 0.0

    def __len__(self) -> int:
        return len(self.members)


def save(gallery: Gallery, name: str, members: Collection[str], origin: str, home: Path) -> PictureSet:
    """Keep a selection under a name that this gallery's sets do not have yet.

    Raises:
        GalleryError: no name, one that is taken, or none of its pictures is in this gallery.
        StoreError: the workspace cannot be written.
    """
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST:
        raise GalleryError("A set needs a name.", f"Give it one of at most {_LONGEST} letters.")
    kept = in_order(gallery, members)
    if not kept:
        raise GalleryError("There is no picture in this set.", "Choose some pictures first.")
    id = hashlib.sha256(f"{gallery.root}\0{name}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    made = PictureSet(id, name, gallery.root, kept, origin, time.time())
    path = _path(home, id)
    if path.exists():
        raise GalleryError(f"There is a set named {name} already.", "Choose another name, or delete that one first.")
    beside = path.with_suffix(f".{uuid4().hex}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(asdict(made)))
        beside.replace(path)
    except OSError as problem:
        with suppress(OSError):
            beside.unlink()
        raise StoreError(
            f"The set cannot be kept in {home}: {problem.strerror or problem}.",
            "Check its permissions and free space, or set VITRINE_HOME to another folder.",
        ) from problem
    return made


def load(path: Path) -> PictureSet | None:
    """One set from its file; None where it is gone or damaged: a list of sets does without it."""
    try:
        said = json.loads(path.read_bytes())
        return PictureSet(**{**said, "members": tuple(said["members"])})
    except (OSError, ValueError, TypeError, LookupError):
        return None


def files(home: Path) -> list[Path]:
    """The files of all sets, newest first."""
    found: dict[Path, int] = {}
    for path in (home / "sets").glob("*.json"):
        with suppress(OSError):  # one that is being deleted
            found[path] = path.stat().st_mtime_ns
    return sorted((path for path in found if _ID.fullmatch(path.stem)), key=lambda path: -found[path])


def sets_of(gallery: Gallery, home: Path) -> list[PictureSet]:
    """A gallery's sets, newest first; damaged files are passed over."""
    return [one for path in files(home) if (one := load(path)) and one.root == gallery.root]


def find(gallery: Gallery, said: str, home: Path) -> PictureSet:
    """The set that `said` names: one that was saved, or `COLUMN=VALUE` (`label=beach`, `COLUMN=top quarter`).

    Raises:
        GalleryError: there is none.
    """
    saved = sets_of(gallery, home)
    if named := next((one for one in saved if said in (one.name, one.id)), None):
        return named
    column, sign, value = said.partition("=")
    if sign and column in columns.names(gallery):
        values, everything = columns.column(gallery, column), np.arange(len(gallery))
        chosen = [gallery.pictures[i].name for i in columns.among(values, everything, value)]
        if chosen:
            return PictureSet("", said, gallery.root, tuple(chosen), said)
        raise GalleryError(
            f"No picture's {column} is {value!r}.", f"Ask for one of: {_few(columns.choices(values, everything))}."
        )
    there = f"Saved are: {_few([one.name for one in saved])}. " if saved else "No set was saved of this gallery. "
    raise GalleryError(
        f"There is no set {said!r}.", f"{there}Or say COLUMN=VALUE with one of: {_few(columns.names(gallery))}."
    )


def delete(id: str, home: Path) -> None:
    """Remove a set; runs that were asked of it stay as they are."""
    if _ID.fullmatch(id):
        _path(home, id).unlink(missing_ok=True)


def in_order(gallery: Gallery, names: Iterable[str]) -> tuple[str, ...]:
    """Names of pictures that are in the gallery, once each, in its order."""
    wanted = set(names)
    return tuple(p.name for p in gallery.pictures if p.name in wanted)


def union(one: Iterable[str], other: Iterable[str]) -> set[str]:
    """What is in either."""
    return {*one, *other}


def intersection(one: Iterable[str], other: Iterable[str]) -> set[str]:
    """What is in both."""
    return set(one) & set(other)


def difference(one: Iterable[str], other: Iterable[str]) -> set[str]:
    """What is in the first and not in the second."""
    return set(one) - set(other)


def sample(names: Collection[str], n: int, seed: int = 0) -> set[str]:
    """So many at random; all where there are no more. The order of `names` does not matter."""
    return set(Random(seed).sample(sorted(names), min(n, len(names))))


def _path(home: Path, id: str) -> Path:
    return home / "sets" / f"{id}.json"


def _few(said: Sequence[str]) -> str:
    return ", ".join(said[:8]) + (", ..." if len(said) > 8 else "")
