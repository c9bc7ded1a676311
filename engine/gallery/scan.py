"""A folder becomes a gallery: walk it, measure what is new, remember it, say the labels.

Opening a folder again costs the walk and one query: what has the same size and time is taken from the index.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from sqlite3 import Connection

from engine.errors import GalleryError
from engine.gallery import index, shelf
from engine.gallery.index import Row
from engine.gallery.labels import read_table, say
from engine.gallery.pictures import Gallery, Picture, Unread
from engine.gallery.reading import FLEETING, Unreadable, looks_like_picture, measure
from engine.settings import Settings

_CHUNK_FILES, _CHUNK_BYTES = 16, 1_000_000  # one task's worth: little overhead, and still quick to stop
_COMMIT_SECONDS = 1.0
Show = Callable[[int, int], None]
Found = tuple[str, int, int]  # name, size, mtime_ns


def open_folder(root: Path, settings: Settings, labels: str = "folder", progress: Show | None = None) -> Gallery:
    """As `scanned`; kept in the workspace under its fingerprint, for people to choose."""
    gallery = scanned(root, settings, labels, progress)
    shelf.keep(gallery, settings.home)
    return gallery


def scanned(root: Path, settings: Settings, labels: str = "folder", progress: Show | None = None) -> Gallery:
    """The pictures of a folder, all levels down, by name; each is found by its hash from now on.

    Args:
        root: the folder.
        settings: workspace and pixel limit.
        labels: where labels come from (labels.say).
        progress: called here, at least four times a second, with files done and files in all; what it raises ends
            the scan, and what was measured so far is kept.

    Raises:
        GalleryError: no such folder, no picture in it, none that can be read, or labels that are not there.
        StoreError: the workspace cannot be used.
    """
    real = _folder(root)
    found, unread = _walk(real, os.path.realpath(settings.home))
    if not found and not unread:
        raise GalleryError(f"There is no picture in {root}.", "Choose a folder with JPEG, PNG, WebP or other pictures.")
    with index.opened(settings.home) as db:
        rows = _measured(db, real, found, progress or (lambda done, total: None), settings.max_pixels)
    names = [name for name, _, _ in found if not rows[name][6]]
    unread += [Unread(name, rows[name][6]) for name, _, _ in found if rows[name][6]]
    if not names:
        reason, n = Counter(u.reason for u in unread).most_common(1)[0]
        raise GalleryError(
            f"None of the {len(unread)} pictures in {root} can be read; the most common reason is: {reason} ({n}).",
            "Choose another folder, or mend the files.",
        )
    table = read_table(Path(real))
    if table.problem:
        unread.append(Unread(table.name, table.problem))
    all_said = zip(names, *say(labels, names, table), strict=True)
    pictures = tuple(_picture(rows[name], name, real, label, metadata) for name, label, metadata in all_said)
    title = os.path.basename(os.path.abspath(root)) or real
    return Gallery(real, title, labels, pictures, tuple(sorted(unread, key=lambda u: u.name)))


def _picture(row: Row, name: str, root: str, label: str, metadata: Mapping[str, str]) -> Picture:
    _, _, _, digest, width, height, _ = row
    return Picture(name, (digest or b"").hex(), width, height, root, label, metadata)


def _folder(root: Path) -> str:
    try:
        mode = os.stat(root).st_mode
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise GalleryError(f"There is no folder {root}.", "Check the path, and that its drive is mounted.") from problem
    except (OSError, ValueError) as problem:
        raise GalleryError(f"The folder {root} cannot be opened: {problem}.", "Check its permissions.") from problem
    if not stat.S_ISDIR(mode):
        raise GalleryError(f"{root} is not a folder.", "Give the folder that holds the pictures, or import an archive.")
    return os.path.realpath(root)


def _walk(root: str, home: str) -> tuple[list[Found], list[Unread]]:
    """Files that look like pictures, by name, and what cannot be one. Passes over the workspace."""
    found: list[Found] = []
    unread: list[Unread] = []
    folders = [""]  # relative, each ending in /
    while folders:
        within = folders.pop()
        try:
            with os.scandir(os.path.join(root, within)) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if entry.path != home:
                            folders.append(f"{within}{entry.name}/")
                    elif entry.is_symlink():
                        _take_link(entry, within + entry.name, root, found, unread)
                    elif looks_like_picture(entry.name):
                        _take(entry, within + entry.name, found, unread)
        except OSError as problem:
            unread.append(Unread(within.rstrip("/") or ".", _trouble(problem)))
    found.sort()
    return found, unread


def _take(entry: os.DirEntry[str], name: str, found: list[Found], unread: list[Unread]) -> None:
    try:
        about = entry.stat()
    except OSError as problem:
        unread.append(Unread(name, _trouble(problem)))
        return
    if stat.S_ISREG(about.st_mode):
        found.append((name, about.st_size, about.st_mtime_ns))
    else:
        unread.append(Unread(name, "not a file"))


def _take_link(entry: os.DirEntry[str], name: str, root: str, found: list[Found], unread: list[Unread]) -> None:
    """A link counts as the file it leads to, within the folder only; links to folders are never followed."""
    picture = looks_like_picture(entry.name)
    try:
        folder = stat.S_ISDIR(entry.stat().st_mode)
        inside = f"{os.path.realpath(entry.path)}/".startswith(root.rstrip("/") + "/")
    except OSError as problem:
        if picture:
            denied = isinstance(problem, PermissionError)
            unread.append(Unread(name, "no permission" if denied else "broken link"))
        return
    if picture and inside and not folder:
        _take(entry, name, found, unread)
    elif (picture or folder) and not inside:
        unread.append(Unread(name, "outside the folder"))


def _trouble(problem: OSError) -> str:
    if isinstance(problem, PermissionError):
        return "no permission"
    return "vanished" if isinstance(problem, FileNotFoundError) else "cannot be read"


def _measured(db: Connection, root: str, found: Sequence[Found], progress: Show, max_pixels: int) -> dict[str, Row]:
    """Every file's row, by name: remembered, or measured now."""
    id = index.root_id(db, root)
    known = index.remembered(db, id)
    rows: dict[str, Row] = {}
    todo: list[Found] = []
    for file in found:
        row = known.pop(file[0], None)
        if row and row[1:3] == file[1:] and row[6] not in FLEETING and row[4] * row[5] <= max_pixels:
            rows[file[0]] = row
        else:
            todo.append(file)
    index.forget(db, id, known)  # what is left is there no more
    progress(len(rows), len(found))
    new: list[Row] = []
    committed = time.monotonic()
    try:
        for batch in _in_threads(root, todo, max_pixels):
            new += batch.values()
            rows |= batch
            if new and time.monotonic() - committed > _COMMIT_SECONDS:
                index.remember(db, id, new)
                new, committed = [], time.monotonic()
            progress(len(rows), len(found))
    finally:
        index.remember(db, id, new)
    return rows


def _in_threads(root: str, todo: Iterable[Found], max_pixels: int) -> Iterator[dict[str, Row]]:
    """Batches of measured files as they come; an empty one where nothing came for a while."""
    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers, thread_name_prefix="scan")
    chunks = _chunks(todo)
    pending: set[Future[dict[str, Row]]] = set()
    try:
        while True:
            while len(pending) < 4 * workers and (chunk := next(chunks, None)):
                pending.add(pool.submit(_measure_all, root, chunk, max_pixels))
            if not pending:
                return
            finished, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            yield {name: row for future in finished for name, row in future.result().items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a picture being decoded cannot be interrupted


def _chunks(todo: Iterable[Found]) -> Iterator[list[Found]]:
    chunk: list[Found] = []
    total = 0
    for file in todo:
        chunk.append(file)
        total += file[1]
        if len(chunk) >= _CHUNK_FILES or total >= _CHUNK_BYTES:
            yield chunk
            chunk, total = [], 0
    if chunk:
        yield chunk


def _measure_all(root: str, chunk: Sequence[Found], max_pixels: int) -> dict[str, Row]:
    return {file[0]: _measure(root, file, max_pixels) for file in chunk}


def _measure(root: str, file: Found, max_pixels: int) -> Row:
    name, size, mtime_ns = file
    try:
        digest, width, height = measure(Path(root, name), max_pixels)
    except Unreadable as problem:
        return os.fsencode(name), size, mtime_ns, None, 0, 0, problem.reason
    return os.fsencode(name), size, mtime_ns, bytes.fromhex(digest), width, height, ""
