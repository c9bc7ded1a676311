"""Pictures for other programs: copied into a folder, or as a ZIP that is made while it is sent.

A picture goes along only while its file still has the content that the gallery knows: what was put in its place since
is another one. What could not be taken is named, and the rest goes on.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.errors import StoreError
from engine.gallery.pictures import Picture, Unread
from engine.gallery.reading import Unreadable

LEFT_OUT = "left out.txt"  # in a ZIP, where something is
_CHUNK = 1 << 20
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|\ud800-\udfff]')  # what some system takes for more than a name


def copy_pictures(pictures: Sequence[Picture], to: Path) -> list[Unread]:
    """Copy files into a folder, made if missing, under their relative names; returns what could not be read.

    Raises:
        StoreError: the folder holds other files or cannot be written, or a name leads out of it.
    """
    names = {picture.name for picture in pictures}
    others = sorted(path.relative_to(to).as_posix() for path in to.rglob("*") if not path.is_dir())
    if other := next((name for name in others if name not in names), ""):
        shown = other.encode("utf-8", "replace").decode()
        raise StoreError(f"{to} holds other files, such as {shown}.", "Choose an empty folder.")
    if any(not (to / name).resolve().is_relative_to(to.resolve()) for name in names):
        raise StoreError("A picture's name leads out of the folder.", "Open the gallery anew.")
    left_out = []
    for picture in pictures:
        try:
            with _unchanged(picture) as source:
                _write(source, to / picture.name)
        except Unreadable as problem:
            left_out.append(Unread(picture.name, problem.reason))
    return left_out


def zipped(pictures: Sequence[Picture]) -> Iterator[bytes]:
    """The pieces of a ZIP of these pictures, about a megabyte each; what could not be read is listed in it."""
    pieces = _Pieces()
    left_out = []
    # "Deflated" at level 0: pictures are compressed already, and readers know no sizes of what is stored and streamed.
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as archive:  # type: ignore[arg-type]
        for picture, name in zip(pictures, _safe_names(pictures), strict=True):
            try:
                with _unchanged(picture) as source, archive.open(name, "w", force_zip64=True) as member:
                    while piece := source.read(_CHUNK):
                        member.write(piece)
                        yield pieces.taken()
            except Unreadable as problem:
                left_out.append(f"{name}: {problem.reason}\n")
        if left_out:
            archive.writestr(LEFT_OUT, "".join(left_out))
    yield pieces.taken()


class _Pieces(list[bytes]):
    """What an archive has written and nobody has taken yet."""

    def write(self, piece: bytes) -> int:
        """Keep it."""
        self.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def taken(self) -> bytes:
        """All there is, which is forgotten."""
        whole = b"".join(self)
        self.clear()
        return whole


def _safe_names(pictures: Sequence[Picture]) -> list[str]:
    """Relative names that no system takes for more, each once."""
    found: dict[str, None] = {}
    for picture in pictures:
        parts = [_UNSAFE.sub("_", part) for part in picture.name.split("/") if part not in ("", ".", "..")]
        name, n = "/".join(parts) or "_", 1
        while name in found:
            n += 1
            name = "/".join([*parts[:-1], f"{n} {parts[-1]}"])
        found[name] = None
    return list(found)


@contextmanager
def _unchanged(picture: Picture) -> Iterator[BinaryIO]:
    """The picture's file, open at its beginning, if it still has the content that the gallery knows.

    Raises:
        Unreadable: with the reason.
    """
    try:
        if not stat.S_ISREG(picture.path.stat().st_mode):  # opening a pipe would wait for ever
            raise Unreadable(picture.name, "not a file")
        file = picture.path.open("rb")
    except FileNotFoundError:
        raise Unreadable(picture.name, "vanished") from None
    except PermissionError:
        raise Unreadable(picture.name, "no permission") from None
    except (OSError, ValueError):
        raise Unreadable(picture.name, "cannot be read") from None
    with file:
        try:
            same = hashlib.file_digest(file, "sha256").hexdigest() == picture.hash
            file.seek(0)
        except OSError:
            raise Unreadable(picture.name, "cannot be read") from None
        if not same:
            raise Unreadable(picture.name, "changed since the gallery was opened")
        yield file


def _write(source: BinaryIO, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(source, file, _CHUNK)
    except OSError as problem:
        raise StoreError(f"{path} cannot be written: {problem.strerror}.", "Choose another folder.") from None
