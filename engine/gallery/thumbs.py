"""Small pictures for the pages, made once by content: `<home>/thumbs/<2 hex>/<hash>.webp` and `.full.webp`."""

from __future__ import annotations

import os
import re
from contextlib import suppress
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


def keep_thumbnail(home: Path, hash: str, picture: Image.Image) -> None:
    """Write the thumbnail of a picture that is open anyway, unless there is one.

    Args:
        home: the workspace.
        hash: of the file's bytes.
        picture: upright, in RGB, whole or at least twice as large as a thumbnail; it stays as it is.

    Raises:
        StoreError: the workspace cannot be written.
    """
    path = _path(home, hash, ".webp")
    if not path.is_file():
        _write(picture, path, THUMB, 78)


def _made(home: Path, hash: str, suffix: str, longest: int, quality: int, max_pixels: int) -> Path:
    if not _HASH.fullmatch(hash):
        raise GalleryError("This is no picture's name.", "Ask by the hash of its content.")
    path = _path(home, hash, suffix)
    if path.is_file():
        return path
    source = find_picture(home, hash)
    if source is None:
        raise GalleryError("This picture is not where it was.", "Open its folder again.")
    # twice: what a draft leaves is scaled well
    _write(read_picture(source, max_pixels, enough=2 * longest), path, longest, quality)
    return path


def _path(home: Path, hash: str, suffix: str) -> Path:
    return home / "thumbs" / hash[:2] / f"{hash}{suffix}"


def _write(picture: Image.Image, path: Path, longest: int, quality: int) -> None:
    beside = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _fitted(picture, longest).save(beside, "WEBP", quality=quality, method=2)
        os.replace(beside, path)
    except OSError as problem:
        with suppress(OSError):
            beside.unlink()
        raise StoreError(
            f"A thumbnail cannot be written: {problem.strerror or problem}.", "Check free space and permissions."
        ) from problem


def _fitted(picture: Image.Image, longest: int) -> Image.Image:
    """The picture itself, or a smaller one; whole pixels are merged first, then it is scaled well: half the time."""
    scale = longest / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=1)
