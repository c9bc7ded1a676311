"""Every answer ever given, by content, in one SQLite file of the workspace (WAL mode).

Only valid answers are kept: no error, no empty stand-in. So resuming a run is running it again. Each answer is
committed as it arrives (about 60 microseconds in WAL mode), so a killed process loses only what was in flight.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.database import connect, usable
from engine.errors import StoreError

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs", "lustre"}
_TABLES = """
CREATE TABLE IF NOT EXISTS answers(key BLOB PRIMARY KEY, task TEXT, model TEXT, answer TEXT, at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rates(model TEXT, task TEXT, asked INTEGER, seconds REAL, tokens_in INTEGER,
    tokens_out INTEGER, PRIMARY KEY(model, task)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS found(model TEXT, what TEXT, value TEXT, PRIMARY KEY(model, what)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Rate:
    """What requests of one task cost so far, a request: wall seconds (as concurrent as it was) and tokens."""

    seconds: float
    tokens_in: float
    tokens_out: float


class Store:
    """The answers of one workspace. One object a thread.

    Raises:
        StoreError: the workspace cannot be written, is full, or lies on a network file system.
    """

    def __init__(self, home: Path) -> None:
        with usable(home):
            home.mkdir(parents=True, exist_ok=True)
            refuse_network(home)
            self._db = connect(home / "answers.sqlite", _TABLES, isolation_level=None)
        self._home = home

    def get(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """The known ones among `keys`, with their answers."""
        keys = list(keys)
        with usable(self._home):
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                marks = ",".join("?" * len(some))
                rows = self._db.execute(f"SELECT key, answer FROM answers WHERE key IN ({marks})", some).fetchall()
                for key, answer in rows:
                    yield key, json.loads(answer)

    def count(self, keys: Iterable[bytes]) -> int:
        """How many of `keys` are known."""
        keys, found = list(keys), 0
        with usable(self._home):
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                marks = ",".join("?" * len(some))
                found += self._db.execute(f"SELECT COUNT(*) FROM answers WHERE key IN ({marks})", some).fetchone()[0]
        return found

    def put(self, answers: Mapping[bytes, dict[str, Any]], task: str, model: str) -> None:
        """Keep these answers; on return they are committed."""
        rows = [(key, task, model, json.dumps(answer), time.time()) for key, answer in answers.items()]
        with usable(self._home), self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO answers VALUES (?,?,?,?,?)", rows)

    def rate(self, model: str, task: str) -> Rate | None:
        """What this model's requests of this task cost so far; None where it was never asked."""
        with usable(self._home):
            row = self._db.execute(
                "SELECT seconds/asked, 1.0*tokens_in/asked, 1.0*tokens_out/asked FROM rates WHERE model=? AND task=?",
                (model, task),
            ).fetchone()
        return Rate(*row) if row else None

    def add_rate(self, model: str, task: str, asked: int, seconds: float, tokens_in: int, tokens_out: int) -> None:
        """Count `asked` more requests that took `seconds` of wall time together."""
        if not asked:
            return
        with usable(self._home):
            self._db.execute(
                "INSERT INTO rates VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET asked=asked+excluded.asked, "
                "seconds=seconds+excluded.seconds, tokens_in=tokens_in+excluded.tokens_in, "
                "tokens_out=tokens_out+excluded.tokens_out",
                (model, task, asked, seconds, tokens_in, tokens_out),
            )

    def found(self, model: str, what: str) -> str:
        """What was found out about a model earlier; empty where nothing was."""
        with usable(self._home):
            row = self._db.execute("SELECT value FROM found WHERE model=? AND what=?", (model, what)).fetchone()
        return row[0] if row else ""

    def set_found(self, model: str, what: str, value: str) -> None:
        """Remember what was found out about a model."""
        with usable(self._home):
            self._db.execute("INSERT OR REPLACE INTO found VALUES (?,?,?)", (model, what, value))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def refuse_network(home: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Raise StoreError where `home` lies on a network file system, on which SQLite's locks do not hold."""
    try:
        lines = [line.split() for line in mounts.read_text(errors="replace").splitlines()]
    except OSError:  # no such list on this system: nothing can be said
        return
    at = os.path.realpath(home)
    under = [(len(where), kind) for _, where, kind, *_ in lines if f"{at}/".startswith(where.rstrip("/") + "/")]
    if under and max(under)[1] in _NETWORK:
        raise StoreError(f"The workspace {home} lies on a network file system.", "Set VITRINE_HOME to a local folder.")
