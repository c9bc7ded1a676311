"""Pictures for other programs: copied into a folder, or as a ZIP that is made while it is sent.

A picture goes along only while its file still has the content that the gallery knows: what was put in its place since
is another one. What could not be taken is named, and the rest goes on.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from engine.errors import StoreError
from engine.gallery.pictures import Picture, Unread
from engine.gallery.reading import Unreadable

LEFT_OUT = "left out.txt"  # in a ZIP, where something is
_CHUNK = 1 << 20
_LONGEST = 120  # bytes of a name
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # what Windows takes for one
_UNSAFE = re.compile(  # what some system takes for more than a name, or what turns the way that a name is read
    r'[\x00-\x1f\x7f\\/:*?"<>|\ud800-\udfff\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]'
)


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


@dataclass(frozen=True)
class Layout:
    """Pictures as another program wants them: each with its place below some folder, and texts beside them.

    `names_in` makes places that lead nowhere else, each once.
    """

    pictures: Sequence[tuple[Picture, str]]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Laid:
    """What was written: how many pictures are links to the files here, how many are copies; what could not be read."""

    linked: int
    copied: int
    left_out: Sequence[Unread]


def lay_out(layout: Layout, to: Path, link: bool = True) -> Laid:
    """Write a layout into an empty folder, made if missing.

    Args:
        layout: what goes where.
        to: the folder.
        link: as hard links, which need no room and are the files themselves; where the disk has none, as copies.

    Raises:
        StoreError: the folder holds files, or cannot be written.
    """
    linked, copied, left_out = 0, 0, []
    try:
        to.mkdir(parents=True, exist_ok=True)
        if other := next(to.iterdir(), None):
            shown = other.name.encode("utf-8", "replace").decode()
            raise StoreError(f"{to} holds other files, such as {shown}.", "Choose an empty folder.")
        for picture, name in layout.pictures:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            try:
                with _unchanged(picture) as source:
                    if link and _link(picture.path, to / name):
                        linked += 1
                    else:
                        _write(source, to / name)
                        copied += 1
            except Unreadable as problem:
                left_out.append(Unread(picture.name, problem.reason))
        for name, text in layout.texts.items():
            (to / name).write_text(text, "utf-8")
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror}.", "Choose another folder.") from None
    return Laid(linked, copied, left_out)


def under_own_names(pictures: Sequence[Picture]) -> Layout:
    """Pictures under the names that they have in their gallery, as far as these are safe."""
    return Layout(list(zip(pictures, names_in([p.name for p in pictures]), strict=True)))


def zipped(layout: Layout) -> Iterator[bytes]:
    """The pieces of a ZIP of a layout, about a megabyte each; what could not be read is listed in it."""
    pieces = _Pieces()
    left_out = []
    # "Deflated" at level 0: pictures are compressed already, and readers know no sizes of what is stored and streamed.
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as archive:  # type: ignore[arg-type]
        for name, text in layout.texts.items():
            archive.writestr(name, text)
        for picture, name in layout.pictures:
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


def names_in(names: Sequence[str]) -> list[str]:
    """Relative names that no system takes for more, each once, whatever a system makes of capital letters."""
    found: dict[str, str] = {}
    for told in names:
        parts = [safe_name(part) for part in told.split("/") if part not in ("", ".", "..")] or ["_"]
        name, n = "/".join(parts), 1
        while _folded(name) in found:
            n += 1
            name = "/".join([*parts[:-1], f"{n} {parts[-1]}"])
        found[_folded(name)] = name
    return list(found.values())


def safe_name(words: str) -> str:
    """Any words as the name of one file or folder: nothing in it is a path, a device or too long."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", words)).strip()
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) > _LONGEST:
        kept = name if not dot or len(ending) > 8 else stem
        cut = kept.encode()[: _LONGEST - 9].decode("utf-8", "ignore").strip()
        name = cut if kept is name else f"{cut}.{ending}"
    name = name.rstrip(". ")
    return f"_{name}" if not name or name.startswith(".") or _DEVICE.match(name) else name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _link(path: Path, to: Path) -> bool:
    try:
        os.link(os.path.realpath(path), to)
    except OSError as problem:
        if problem.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES):
            return False  # another disk, or one that has no links
        raise
    return True


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
