"""Vectors by content: one append-only float32 file a model spec, and in SQLite which row is whose.

`<home>/vectors/<16 hex digits of the spec>/` holds rows.f32, index.sqlite and, for people, spec.json. A row counts only
once its index is committed, after the row itself has reached the disk: what a killed writer leaves behind the last
counted row is cut off by the next one. SQLite's own lock lets one process write at a time, while others go on reading.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.database import connect
from engine.errors import StoreError
from engine.models.roles import ModelSpec
from engine.store.answers import refuse_network

VERSION = 1  # raised when the same spec comes to mean other vectors
_TABLES = """
CREATE TABLE IF NOT EXISTS rows(row INTEGER PRIMARY KEY, hash BLOB UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS shape(dimension INTEGER NOT NULL);
"""
_INDEX = np.dtype([("hash", "S32"), ("row", np.int64)])  # NumPy drops zeros at the end of S32, of both sides alike
_FEW = 1000  # keys looked up one by one
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def text_key(text: str) -> str:
    """The key of a text's vector; pictures are known by the sha256 of their bytes."""
    return hashlib.sha256(b"text\0" + text.encode("utf-8", "surrogatepass")).hexdigest()


class Vectors:
    """The vectors of one model in one workspace, by key (sha256, hex). One object a thread.

    Args:
        home: the workspace.
        spec: the model; all of it takes part in the folder's name.

    Raises:
        StoreError: from here and from every method, where the workspace cannot be used, lies on a network file system,
            is full, or holds damaged vectors.
    """

    def __init__(self, home: Path, spec: ModelSpec) -> None:
        said = json.dumps({"version": VERSION, **asdict(spec)}, sort_keys=True, default=str)
        self.folder = home / "vectors" / hashlib.sha256(said.encode()).hexdigest()[:16]
        self._file = self.folder / "rows.f32"
        with self._said():
            new = not self.folder.is_dir()
            self.folder.mkdir(parents=True, exist_ok=True)
            refuse_network(home)
            if new:
                (self.folder / "spec.json").write_text(said + "\n", "utf-8")
            self._db = connect(self.folder / "index.sqlite", _TABLES, isolation_level=None)
        self._index = np.empty(0, _INDEX)  # by hash, as it was when many keys were last looked up

    @property
    def size(self) -> int:
        """How many vectors there are; it only grows."""
        with self._said():
            return self._db.execute("SELECT COALESCE(MAX(row) + 1, 0) FROM rows").fetchone()[0]

    @property
    def dimension(self) -> int:
        """Length of a vector, as the first one fixed it; 0 while there is none."""
        with self._said():
            return (self._db.execute("SELECT dimension FROM shape").fetchone() or (0,))[0]

    def rows(self, keys: Sequence[str]) -> np.ndarray:
        """Where each key's vector lies in the file; (n,) int64, -1 for unknown ones."""
        hashes = [bytes.fromhex(key) for key in keys]
        with self._said():
            if len(hashes) <= _FEW:
                return np.array([self._row(hash) for hash in hashes], np.int64)
            if len(self._index) != self.size:  # reading it whole is eight times as fast as looking up 100,000 keys
                self._index = np.fromiter(self._db.execute("SELECT hash, row FROM rows ORDER BY hash"), _INDEX)
        if not len(self._index):
            return np.full(len(hashes), -1, np.int64)
        asked = np.array(hashes, "S32")
        at = self._index["hash"].searchsorted(asked).clip(max=len(self._index) - 1)
        return np.where(self._index["hash"][at] == asked, self._index["row"][at], -1)

    def missing(self, keys: Sequence[str]) -> list[str]:
        """The keys without a vector, each once, in their order."""
        return list(dict.fromkeys(key for key, row in zip(keys, self.rows(keys), strict=True) if row < 0))

    def count(self, keys: Sequence[str]) -> int:
        """How many different ones of these keys have a vector."""
        return int((self.rows(list(set(keys))) >= 0).sum())

    def matrix(self, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Vectors (m, d) float32 of the keys that have one, and (m,) int64: which of the keys these are, in order."""
        rows = self.rows(keys)
        places = np.flatnonzero(rows >= 0).astype(np.int64)
        if not len(places):
            return np.empty((0, self.dimension), np.float32), places
        shape = int(rows.max()) + 1, self.dimension
        with self._said():
            self._refuse_short(shape[0] * shape[1] * 4)
            return np.memmap(self._file, np.float32, "r", shape=shape)[rows[places]], places

    def add(self, keys: Sequence[str], vectors: np.ndarray) -> None:
        """Keep vectors (n, d); on return they are committed. A key that has one keeps it.

        Raises:
            StoreError: also for vectors of another length than the first one's, or with NaN or infinity in them.
        """
        if not len(keys):
            return
        if not np.isfinite(vectors).all():
            raise StoreError("A vector that holds no numbers cannot be kept.", "Leave it out.")
        first: dict[str, int] = {}
        for place, key in enumerate(keys):
            first.setdefault(key, place)
        with self._said(), self._transaction():
            self._fix_dimension(vectors.shape[1])
            new = [key for key in first if self._row(bytes.fromhex(key)) < 0]
            if not new:
                return
            end = self.size
            self._append(np.ascontiguousarray(vectors[[first[key] for key in new]], np.float32), end)
            self._db.executemany("INSERT INTO rows VALUES (?,?)", enumerate(map(bytes.fromhex, new), end))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def computing(self) -> Iterator[bool]:
        """Whether nobody else computes vectors of this model meanwhile; the system forgets a claim with its process."""
        with self._said():
            lock = (self.folder / "computing.lock").open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _row(self, hash: bytes) -> int:
        return (self._db.execute("SELECT row FROM rows WHERE hash = ?", (hash,)).fetchone() or (-1,))[0]

    def _fix_dimension(self, dimension: int) -> None:
        fixed = self.dimension
        if not fixed:
            self._db.execute("INSERT INTO shape VALUES (?)", (dimension,))
        elif fixed != dimension:
            raise StoreError(
                f"This model's vectors had {fixed} numbers, and now have {dimension}.",
                f"It was exchanged under its name: remove {self.folder}, and they are all computed again.",
            )

    def _append(self, rows: np.ndarray, end: int) -> None:
        """Write behind the last counted row; what lies there already was never counted."""
        size = end * rows.shape[1] * 4
        self._refuse_short(size)
        with self._file.open("ab") as file:
            file.truncate(size)
            file.write(rows.data)
            file.flush()
            os.fsync(file.fileno())

    def _refuse_short(self, size: int) -> None:
        if size > (self._file.stat().st_size if self._file.exists() else 0):
            raise StoreError(f"{self._file} is shorter than it was.", self._mend)

    @property
    def _mend(self) -> str:
        return f"Remove {self.folder}: its vectors are computed again."

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
            raise  # a bug of ours
        except (sqlite3.DatabaseError, OSError) as problem:
            damaged = getattr(problem, "sqlite_errorcode", None) in _DAMAGED
            mend = "Make room on the disk, or set VITRINE_HOME to a folder you may write to."
            what = f"The vectors in {self.folder} cannot be used: {problem}."
            raise StoreError(what, self._mend if damaged else mend) from problem
