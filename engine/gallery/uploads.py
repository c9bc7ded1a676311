"""Which folders may be opened, and what comes from elsewhere: archives and dropped folders become folders of ours.

What is uploaded is not trusted. It is unpacked into a hidden folder beside its place and renamed when all of it was
fine; one bad name, link or limit refuses the whole, and nothing stays behind. Limits count the bytes that come
out, not what a header promises.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, BinaryIO
from uuid import uuid4

from engine.errors import GalleryError
from engine.gallery.archives import Member, members, read_safely
from engine.gallery.reading import looks_like_picture
from engine.settings import Settings, is_loopback

MAX_FILES = 200_000
MAX_BYTES = 50 << 30
MAX_FILE_BYTES = 1 << 30
MAX_RATIO = 100  # bytes out for each byte in, once more than RATIO_FROM came out
RATIO_FROM = 100 << 20
MAX_DEPTH = 40
_TABLES = (".csv", ".jsonl")
_PIECE = 1 << 20


def is_allowed(path: Path | str, settings: Settings, bound_to: str) -> bool:
    """Whether `allowed` allows it."""
    try:
        return bool(allowed(path, settings, bound_to))
    except GalleryError:
        return False


def allowed(path: Path | str, settings: Settings, bound_to: str) -> Path:
    """The real path of a folder a person names, if they may open it.

    Args:
        path: what they typed.
        settings: `roots` are the folders allowed; None allows every folder while only this machine can connect.
        bound_to: the address the server listens on; empty counts as reachable from elsewhere.

    Raises:
        GalleryError: it is outside of what may be opened.
    """
    try:
        if not str(path).strip():
            raise ValueError
        real = Path(path).expanduser().resolve()
        ours = [(settings.home / name).resolve() for name in ("uploads", "runs")]  # given, or made, by the program
        roots = None if settings.roots is None else [root.resolve() for root in settings.roots]
    except (OSError, ValueError, RuntimeError) as problem:
        raise GalleryError("This is not the path of a folder.", "Give a path such as /data/photos.") from problem
    if any(real.is_relative_to(own) for own in ours):
        return real
    if roots is None:
        if is_loopback(bound_to):
            return real
        raise GalleryError(
            "Folders of this machine cannot be opened while others can connect to it.",
            "Set VITRINE_ROOTS to the folders that may be opened, or upload an archive.",
        )
    if any(real.is_relative_to(root) for root in roots):
        return real
    raise GalleryError(
        "This folder is outside of those that may be opened.", "Add it to VITRINE_ROOTS, or choose one within."
    )


def import_archive(file: Path | BinaryIO, name: str, settings: Settings) -> Path:
    """Unpack a zip or tar (.gz, .bz2, .xz) into a folder under `<home>/uploads/`; the same content, the same folder.

    Only pictures and tables (csv, jsonl) come out. A single folder that holds everything is left out of the names,
    so that labels come from the folders within.

    Raises:
        GalleryError: the archive is broken or refused; nothing of it stays.
    """
    if isinstance(file, Path):
        try:
            with file.open("rb") as opened:
                return import_archive(opened, name, settings)
        except OSError as problem:
            raise GalleryError(f"{_short(name)} cannot be opened: {problem.strerror}.", "Check the file.") from problem

    def fill(into: _Folder) -> None:
        into.packed = file.seek(0, os.SEEK_END)
        with read_safely():
            for member in members(file):
                into.take(member)

    return _imported(name, settings, fill)


def import_files(files: Iterable[tuple[str, BinaryIO]], name: str, settings: Settings) -> Path:
    """Keep files dropped into the browser, with the folders in their names, under the same rules as an archive's.

    Raises:
        GalleryError: one of them is refused; nothing of them stays.
    """

    def fill(into: _Folder) -> None:
        for path, file in files:
            file.seek(0)
            into.take(Member(path, 0, lambda file=file: nullcontext(file)))  # theirs to close

    return _imported(name, settings, fill)


class _Folder:
    """A folder being filled with what is not trusted. `packed` is the archive's size, None where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.packed: int | None = None
        self.files = self.pictures = self.bytes = 0
        self.names: set[str] = set()
        self.digests: list[str] = []

    def take(self, member: Member) -> None:
        """Write a file, if it is a picture or a table; refuse it, with all the rest, for its name or a limit."""
        self.files += 1
        self._limit(member.size, self.bytes + member.size)
        if member.open is None and member.name == "./":
            return  # the folder itself
        name = _safe(member.name)
        base = name.rpartition("/")[2]
        picture = looks_like_picture(base)
        if member.open is None:
            return
        if not picture and (base.startswith(".") or not base.lower().endswith(_TABLES)):
            self.bytes += member.size  # decompressed on the way to the next, perhaps
            return
        if name in self.names:
            raise GalleryError(f"Two of its files would be called {_short(name)}.", "Rename one of them.")
        self.names.add(name)
        self.pictures += picture
        self.digests.append(f"{name}\0{self._write(name, member.open)}")

    def _write(self, name: str, open_: Callable[[], AbstractContextManager[IO[bytes]]]) -> str:
        """Copy one file piece by piece; returns the sha256 of what it holds."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, written, before = hashlib.sha256(), 0, self.bytes
        with open_() as source, target.open("xb") as out:
            while piece := source.read(_PIECE):
                written += len(piece)
                self.bytes = before + written
                self._limit(written, self.bytes)
                digest.update(piece)
                out.write(piece)
        return digest.hexdigest()

    def _limit(self, file: int, total: int) -> None:
        hint = "Leave out what is no picture, or open a folder on this machine instead."
        if self.files > MAX_FILES:
            raise GalleryError(f"It holds more than {MAX_FILES:,} files.", hint)
        if file > MAX_FILE_BYTES:
            raise GalleryError(f"One of its files unpacks to more than {MAX_FILE_BYTES >> 20:,} MiB.", hint)
        if total > MAX_BYTES:
            raise GalleryError(f"It unpacks to more than {MAX_BYTES >> 30:,} GiB.", hint)
        if self.packed is not None and total > max(RATIO_FROM, MAX_RATIO * self.packed):
            raise GalleryError(f"It unpacks to more than {MAX_RATIO} times its size, as no set of pictures does.", hint)


def _imported(name: str, settings: Settings, fill: Callable[[_Folder], None]) -> Path:
    """Fill a hidden folder and rename it when all went well; it is removed whatever else happens."""
    shown = _short(name) or "The upload"
    uploads = settings.home / "uploads"
    folder = _Folder(uploads / f".{uuid4().hex}.new")
    try:
        folder.path.mkdir(parents=True)
        fill(folder)
        if not folder.pictures:
            raise GalleryError("There is no picture in it.", "Put JPEG, PNG, WebP or other pictures into it.")
        content = hashlib.sha256("\n".join(sorted(folder.digests)).encode()).hexdigest()[:12]
        return _placed(_inner(folder.path), uploads / f"{_slug(name)}-{content}")
    except GalleryError as problem:
        raise GalleryError(
            f"{shown} was not imported: {problem.message[:1].lower()}{problem.message[1:]}", problem.hint
        ) from problem
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else f"it cannot be written ({problem.strerror or problem})"
        raise GalleryError(
            f"{shown} was not imported: {why}.",
            "Free some space." if full else "Check the names in it.",
            retryable=full,
        ) from problem
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)


def _placed(folder: Path, target: Path) -> Path:
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():  # else the same content is there already
            raise
    return target


def _inner(folder: Path) -> Path:
    """The one folder that holds everything, or the folder itself."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _safe(raw: str) -> str:
    """A relative name with / between folders that is safe to write.

    Raises:
        GalleryError: it leads out of the folder, or is no name at all.
    """
    name = raw.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if "\0" in name or not parts:
        raise GalleryError(f"It holds a file whose name cannot be used ({_short(raw)}).", "Rename it.")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts:
        raise GalleryError(f"It holds a file that would land outside its folder ({_short(raw)}).", "Pack it again.")
    clean = [_clean(part) for part in parts]
    if len(clean) > MAX_DEPTH or any(len(os.fsencode(part)) > 255 for part in clean):
        raise GalleryError(f"It holds a name that is too long ({_short(raw)}).", "Shorten it.")
    return "/".join(clean)


def _clean(text: str) -> str:
    """Text with _ for what cannot be shown: control characters, turned direction, stray bytes."""
    return "".join(c if c.isprintable() else "_" for c in text)


def _short(name: str) -> str:
    clean = _clean(name)
    return clean if len(clean) <= 80 else f"{clean[:77]}..."


def _slug(name: str) -> str:
    """A short folder name from what the upload is called."""
    base = _clean(name).replace("\\", "/").rpartition("/")[2]
    stem = re.sub(r"(\.(zip|tar|tgz|tbz2?|txz|gz|bz2|xz))+$", "", base, flags=re.IGNORECASE)
    return re.sub(r"\W+", "-", stem).strip("-_")[:40] or "upload"
