"""Opened galleries, kept in the workspace: one compact JSON file each, and a table of cards to choose from.

The worker and a reloaded page open a gallery from here by its fingerprint, without scanning. The file is columns
(names, hashes, widths, ...), since 100,000 objects would take ten times as long to read.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from uuid import uuid4

from engine.errors import GalleryError, StoreError
from engine.gallery import index
from engine.gallery.pictures import Gallery, Picture, Unread

_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_LOADING = Lock()


@dataclass(frozen=True)
class GalleryCard:
    """A gallery as a list of galleries shows it. `opened` is in seconds since 1970; `unread` counts files."""

    fingerprint: str
    title: str
    root: str
    labels: str
    count: int
    unread: int
    opened: float


def keep(gallery: Gallery, home: Path, opened: float | None = None) -> None:
    """Write a gallery to the workspace, so that its fingerprint is enough to open it.

    Args:
        gallery: as it is now.
        home: the workspace.
        opened: in seconds since 1970; now by default.

    Raises:
        StoreError: the workspace cannot be written.
    """
    opened = time.time() if opened is None else opened
    path = home / "galleries" / f"{gallery.fingerprint}.json"
    beside = path.with_name(f"{path.stem}.{uuid4().hex}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(_columns(gallery, opened), separators=(",", ":")), "utf-8")
        beside.replace(path)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"The gallery cannot be kept in {home}: {problem.strerror or problem}.",
            "Check its permissions and free space, or set VITRINE_HOME to another folder.",
        ) from problem
    card = (gallery.fingerprint, *map(os.fsencode, (gallery.title, gallery.root, gallery.labels)))
    with index.opened(home) as db, db:
        db.execute(
            "INSERT OR REPLACE INTO galleries VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*card, len(gallery.pictures), len(gallery.unread), opened),
        )


def keep_absent(gallery: Gallery, home: Path) -> bool:
    """Write a gallery whose pictures are elsewhere, unless it is known here; whether it was known.

    Its folder is one that does not exist; whoever opens a folder with the same pictures puts that one in its place.

    Raises:
        StoreError: the workspace cannot be written.
    """
    if (home / "galleries" / f"{gallery.fingerprint}.json").exists():
        return True
    root = home.absolute() / "uploads" / f"absent-{gallery.fingerprint[:12]}"
    pictures = tuple(replace(picture, root=str(root)) for picture in gallery.pictures)
    keep(replace(gallery, root=str(root), pictures=pictures), home, opened=0.0)
    return False


def load_gallery(fingerprint: str, home: Path) -> Gallery:
    """A gallery that was opened before, as it was then.

    Raises:
        GalleryError: there is none of this fingerprint, or its file is damaged.
    """
    path = home / "galleries" / f"{fingerprint}.json"
    try:
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise FileNotFoundError
        kept = json.loads(path.read_text("utf-8"))
        return _gallery(kept)
    except FileNotFoundError as problem:
        raise GalleryError("This gallery is not known here.", "Open its folder again.") from problem
    except (OSError, ValueError, LookupError, TypeError) as problem:
        raise GalleryError("What was kept of this gallery cannot be read.", "Open its folder again.") from problem


def shared_gallery(fingerprint: str, home: Path) -> Gallery:
    """As `load_gallery`, but one object for all who ask in this process; what was opened again is loaded again.

    Raises:
        GalleryError: as there.
    """
    try:
        kept = (home / "galleries" / f"{fingerprint}.json").stat().st_mtime_ns
    except (OSError, ValueError):  # not there, or no file's name: loading says so
        return load_gallery(fingerprint, home)
    with _LOADING:  # who comes while it loads waits for it, instead of loading it, too
        return _loaded(fingerprint, home, kept)


def recent(home: Path) -> list[GalleryCard]:
    """The galleries opened in this workspace, newest first."""
    if not (home / "index.sqlite").is_file():
        return []
    with index.opened(home) as db:
        rows = db.execute(
            "SELECT fingerprint, title, root, labels, count, unread, opened FROM galleries ORDER BY opened DESC"
        ).fetchall()
    return [
        GalleryCard(fingerprint, os.fsdecode(title), os.fsdecode(root), os.fsdecode(labels), count, unread, opened)
        for fingerprint, title, root, labels, count, unread, opened in rows
    ]


@lru_cache(maxsize=4)
def _loaded(fingerprint: str, home: Path, kept: int) -> Gallery:
    del kept  # the same pictures may lie elsewhere when they are opened again
    return load_gallery(fingerprint, home)


def _columns(gallery: Gallery, opened: float) -> dict:
    pictures = gallery.pictures
    names = list(dict.fromkeys(column for p in pictures for column in p.metadata))
    return {
        "root": gallery.root,
        "title": gallery.title,
        "labels": gallery.labels,
        "opened": opened,
        "pictures": {
            "name": [p.name for p in pictures],
            "hash": [p.hash for p in pictures],
            "width": [p.width for p in pictures],
            "height": [p.height for p in pictures],
            "label": [p.label for p in pictures],
        },
        "metadata": {column: [p.metadata.get(column) for p in pictures] for column in names},
        "unread": {"name": [u.name for u in gallery.unread], "reason": [u.reason for u in gallery.unread]},
    }


def _gallery(kept: dict) -> Gallery:
    of, root = kept["pictures"], kept["root"]
    metadata = _rows(kept["metadata"], len(of["name"]))
    columns = zip(of["name"], of["hash"], of["width"], of["height"], of["label"], metadata, strict=True)
    pictures = [Picture(n, digest, w, h, root, label, said) for n, digest, w, h, label, said in columns]
    unread = [Unread(n, reason) for n, reason in zip(kept["unread"]["name"], kept["unread"]["reason"], strict=True)]
    return Gallery(root, kept["title"], kept["labels"], tuple(pictures), tuple(unread))


def _rows(columns: dict[str, Sequence[str | None]], count: int) -> list[dict[str, str]]:
    """Columns to one dict a picture; None is a picture that says nothing of a column."""
    rows: list[dict[str, str]] = [{} for _ in range(count)]
    for column, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            if value is not None:
                row[column] = value
    return rows
