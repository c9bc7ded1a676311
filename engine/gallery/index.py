"""What scanning found, in `<home>/index.sqlite`: so that a folder is hashed once, and a hash leads back to a file.

Names are bytes (os.fsencode): file names need not be text, and SQLite's text must be.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.database import connect
from engine.errors import StoreError

_HASH = re.compile(r"[0-9a-f]{64}")
_TABLES = """
    CREATE TABLE IF NOT EXISTS roots (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS files (
        root INTEGER NOT NULL, name BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        hash BLOB, width INTEGER NOT NULL, height INTEGER NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (root, name)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS files_by_hash ON files (hash) WHERE hash IS NOT NULL;
    CREATE TABLE IF NOT EXISTS galleries (
        fingerprint TEXT PRIMARY KEY, title BLOB NOT NULL, root BLOB NOT NULL, labels BLOB NOT NULL,
        count INTEGER NOT NULL, unread INTEGER NOT NULL, opened REAL NOT NULL);
"""


Row = tuple[bytes, int, int, bytes | None, int, int, str]
"""A file as it is kept: name, size, mtime_ns, sha256, shown width and height, or the reason why it has none of them.

A plain tuple, as SQLite hands it out: 100,000 of them are read at each opening.
"""


@contextmanager
def opened(home: Path) -> Iterator[sqlite3.Connection]:
    """The index of a workspace, made where there is none.

    Raises:
        StoreError: the workspace or the index cannot be read or written; also for what fails inside the `with`.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        db = connect(home / "index.sqlite", _TABLES)
    except (OSError, sqlite3.Error) as problem:
        raise _unusable(home, problem) from problem
    try:
        with closing(db):
            yield db
    except sqlite3.Error as problem:
        raise _unusable(home, problem) from problem


def root_id(db: sqlite3.Connection, root: str) -> int:
    """The number under which a folder's files are kept."""
    path = os.fsencode(root)
    with db:
        db.execute("INSERT OR IGNORE INTO roots (path) VALUES (?)", (path,))
    return db.execute("SELECT id FROM roots WHERE path = ?", (path,)).fetchone()[0]


def remembered(db: sqlite3.Connection, root: int) -> dict[str, Row]:
    """All that is known of a folder's files, by name."""
    rows = db.execute("SELECT name, size, mtime_ns, hash, width, height, reason FROM files WHERE root = ?", (root,))
    coding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    return {str(row[0], coding, errors): row for row in rows}


def remember(db: sqlite3.Connection, root: int, rows: Iterable[Row]) -> None:
    """Keep what was found, in one commit."""
    with db:
        db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ((root, *row) for row in rows))


def forget(db: sqlite3.Connection, root: int, names: Iterable[str]) -> None:
    """Drop files that are there no more."""
    with db:
        db.executemany("DELETE FROM files WHERE root = ? AND name = ?", ((root, os.fsencode(n)) for n in names))


def find_picture(home: Path, hash: str) -> Path | None:
    """Where a picture of this content lies now, or None where no scanned file of the same size and time is left."""
    if not _HASH.fullmatch(hash) or not (home / "index.sqlite").is_file():
        return None
    with opened(home) as db:
        rows = db.execute(
            "SELECT path, name, size, mtime_ns FROM files JOIN roots ON roots.id = files.root WHERE hash = ?",
            (bytes.fromhex(hash),),
        ).fetchall()
    for root, name, size, mtime_ns in rows:
        path = os.path.join(os.fsdecode(root), os.fsdecode(name))
        try:
            about = os.stat(path)
        except OSError:
            continue
        if stat.S_ISREG(about.st_mode) and (about.st_size, about.st_mtime_ns) == (size, mtime_ns):
            return Path(path)
    return None


def _unusable(home: Path, problem: Exception) -> StoreError:
    return StoreError(
        f"The workspace {home} cannot be used: {problem}.",
        "Check its permissions and free space, or set VITRINE_HOME to another folder; "
        "a damaged index.sqlite may be deleted, it is made again.",
    )
