"""Arrays by content, in one SQLite file of the workspace (WAL mode): what costs a network minutes is kept for ever.

An array is there whole or not at all; what is committed outlives a killed process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.database import connect, usable
from engine.store.answers import refuse_network

_TABLE = "CREATE TABLE IF NOT EXISTS arrays(key BLOB PRIMARY KEY, dtype TEXT, shape TEXT, data BLOB) WITHOUT ROWID;"
_AT_ONCE = 200


def array_key(*parts: Any) -> bytes:  # noqa: ANN401
    """32 bytes that stand for all that can change an array; parts are what JSON can hold."""
    said = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).digest()


class Arrays:
    """The arrays of one workspace. One object a thread.

    Raises:
        StoreError: from here and from every method, where the workspace cannot be used or is full.
    """

    def __init__(self, home: Path) -> None:
        with usable(home):
            home.mkdir(parents=True, exist_ok=True)
            refuse_network(home)
            self._db = connect(home / "arrays.sqlite", _TABLE, isolation_level=None)
        self._home = home

    def get(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Those that are there."""
        found: dict[bytes, np.ndarray] = {}
        for some in _parts(keys):
            query = f"SELECT key, dtype, shape, data FROM arrays WHERE key IN ({','.join('?' * len(some))})"
            with usable(self._home):
                rows = self._db.execute(query, some).fetchall()
            for key, dtype, shape, data in rows:
                found[key] = np.frombuffer(data, np.dtype(dtype)).reshape(json.loads(shape))
        return found

    def known(self, keys: Iterable[bytes]) -> set[bytes]:
        """Which of these are there."""
        found: set[bytes] = set()
        for some in _parts(keys):
            query = f"SELECT key FROM arrays WHERE key IN ({','.join('?' * len(some))})"
            with usable(self._home):
                found |= {key for (key,) in self._db.execute(query, some)}
        return found

    def put(self, arrays: Mapping[bytes, np.ndarray]) -> None:
        """Keep them, in place of what is there; on return they are committed."""
        self._write("REPLACE", arrays)

    def offer(self, arrays: Mapping[bytes, np.ndarray]) -> None:
        """Keep those that are not there yet: of two processes that offer one, the first has its way."""
        self._write("IGNORE", arrays)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _write(self, otherwise: str, arrays: Mapping[bytes, np.ndarray]) -> None:
        rows = [
            (key, one.dtype.str, json.dumps(one.shape), np.ascontiguousarray(one).tobytes())
            for key, one in arrays.items()
        ]
        with usable(self._home):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(f"INSERT OR {otherwise} INTO arrays VALUES (?,?,?,?)", rows)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise


def _parts(keys: Iterable[bytes]) -> Iterable[list[bytes]]:
    keys = list(dict.fromkeys(keys))
    return (keys[i : i + _AT_ONCE] for i in range(0, len(keys), _AT_ONCE))
