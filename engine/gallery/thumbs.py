"""Small pictures for the pages, made once by content: `<home>/thumbs/<2 hex>/<hash>.webp` and `.full.webp`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from uuid import uuid4

from PIL import Image

from engine.errors import GalleryError, StoreError
from engine.gallery.index import find_picture
from engine.gallery.reading import MAX_PIXELS, read_picture

THUMB, FULL = 256, 1600  # longest side, in pixels
_HASH = re.compile(r"[0-9a-f]{64}")


def thumbnail(home: Path, hash: str, max_pixels: int = MAX_PIXELS) -> Path:
    """A WebP of at most 256 pixels a side, upright.

    Raises:
        GalleryError: no scanned file has this content now; Unreadable where it cannot be read.
        StoreError: the workspace cannot be written.
    """
    return _made(home, hash, ".webp", THUMB, 78, max_pixels)


def full(home: Path, hash: str, max_pixels: int = MAX_PIXELS) -> Path:
    """A WebP of at most 1600 pixels a side, upright, that every browser shows; raises as `thumbnail`."""
    return _made(home, hash, ".full.webp", FULL, 88, max_pixels)


def _made(home: Path, hash: str, suffix: str, longest: int, quality: int, max_pixels: int) -> Path:
    if not _HASH.fullmatch(hash):
        raise GalleryError("This is no picture's name.", "Ask by the hash of its content.")
    path = home / "thumbs" / hash[:2] / f"{hash}{suffix}"
    if path.is_file():
        return path
    source = find_picture(home, hash)
    if source is None:
        raise GalleryError("This picture is not where it was.", "Open its folder again.")
    picture = read_picture(source, max_pixels, enough=2 * longest)  # twice: what a draft leaves is scaled well
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2)
    beside = path.with_name(f"{hash}.{uuid4().hex}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(beside, "WEBP", quality=quality, method=2)
        os.replace(beside, path)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"A thumbnail cannot be written: {problem.strerror or problem}.", "Check free space and permissions."
        ) from problem
    return path
