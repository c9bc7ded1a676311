"""SQLite files of the workspace, opened so that many processes can begin at once."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import StoreError


def connect(path: Path, tables: str, isolation_level: str | None = "") -> sqlite3.Connection:
    """Open a file in WAL mode with its tables made.

    One process at a time: two that turn a new file to WAL together are told that it is locked, whatever the time-out.

    Args:
        path: the file; made if missing.
        tables: CREATE ... IF NOT EXISTS statements.
        isolation_level: as sqlite3.connect's.

    Raises:
        OSError, sqlite3.DatabaseError: it cannot be used; the caller says it in its own words.
    """
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        db = sqlite3.connect(path, timeout=30, isolation_level=isolation_level)  # type: ignore[arg-type]
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(tables)
        except BaseException:
            db.close()
            raise
    return db


@contextmanager
def usable(home: Path) -> Iterator[None]:
    """Say in our words that a workspace cannot be written, is full, or holds a damaged file; bugs of ours pass."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as problem:
        if isinstance(problem, sqlite3.ProgrammingError | sqlite3.IntegrityError):
            raise  # a bug of ours
        raise StoreError(
            f"The workspace {home} cannot be used: {problem}.",
            "Make room on the disk, or set VITRINE_HOME to a folder you may write to.",
        ) from problem
