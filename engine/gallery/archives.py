"""The members of a zip or tar, one after the other: plain files and folders, or refused. Uploads writes them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, BinaryIO, NamedTuple, cast

from engine.errors import GalleryError

_PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError)
_LONGEST_READ = 4 << 20  # tarfile reads long names and other headers whole; more than this is forged


class Member(NamedTuple):
    """A file or folder: its name as stored, the size its header promises, how to open it (None: a folder)."""

    name: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]] | None


@contextmanager
def read_safely() -> Iterator[None]:
    """Turns what broken archives raise, here or while a member is read, into GalleryError."""
    try:
        yield
    except (*_BROKEN, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # the disk's trouble; what gzip and bz2 say of broken data has no number
        raise GalleryError("The archive is broken, or of an unknown kind.", "Pack it as .zip or .tar.gz.") from problem


def members(file: BinaryIO) -> Iterator[Member]:
    """What an archive holds; iterate within `read_safely`.

    Raises:
        GalleryError: it is encrypted, or holds a link or device.
    """
    file.seek(0)
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"PK"):
        yield from _zip(file)
        return
    unpack = next((opener for magic, opener in _PACKED.items() if head.startswith(magic)), None)
    yield from _tar(unpack(file) if unpack else file)


def _zip(file: BinaryIO) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            name = _zip_name(info)
            if info.flag_bits & 1:
                raise GalleryError("It is protected by a password.", "Pack it again without one.")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _no_plain_file(name)
            if name.endswith(("/", "\\")):
                yield Member(name, 0, None)
            else:
                yield Member(name, info.file_size, lambda info=info: archive.open(info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name before zipfile cuts it at a NUL; many programs write UTF-8 without saying so."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _tar(file: IO[bytes]) -> Iterator[Member]:
    with tarfile.open(fileobj=cast(BinaryIO, _Bounded(file)), mode="r:") as archive:
        for info in archive:
            if info.isdir():
                yield Member(info.name + "/", 0, None)
            elif info.isreg():
                yield Member(info.name, info.size, lambda info=info: cast(IO[bytes], archive.extractfile(info)))
            else:
                raise _no_plain_file(info.name)


class _Bounded:
    """A file that refuses to hand out much at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LONGEST_READ:
            raise tarfile.ReadError("forged header")
        return self._file.read(size)


def _no_plain_file(name: str) -> GalleryError:
    return GalleryError(f"It holds a link or device ({name[:200]!a}).", "Pack it again with the files themselves.")
