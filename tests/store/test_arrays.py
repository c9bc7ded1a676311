"""Arrays in their file: the same bytes, whole or not at all, by whoever was killed while writing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from engine.errors import StoreError
from engine.store import arrays as module
from engine.store.arrays import Arrays, array_key
from tests.planted import ROOT


@pytest.fixture
def store(tmp_path):
    found = Arrays(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize("dtype", ["f4", "f2", "f8", "i8", "u1", "?", ">f4"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4), (0, 3)])
def test_bytes_come_back(store, dtype, shape):
    one = (np.random.default_rng(0).standard_normal(shape) * 100).astype(dtype)
    store.put({b"a": one})
    found = store.get([b"a"])[b"a"]
    assert (found.dtype, found.shape, found.tobytes()) == (one.dtype, one.shape, one.tobytes())


def test_odd_layouts_and_odd_numbers(store):
    one = np.arange(24, dtype=np.float32).reshape(4, 6)
    odd = np.array([np.nan, np.inf, -0.0], np.float32)
    store.put({b"turned": one.T, b"some": one[::2, 1::2], b"odd": odd})
    found = store.get([b"turned", b"some", b"odd"])
    assert found[b"turned"].tolist() == one.T.tolist()
    assert found[b"some"].tolist() == one[::2, 1::2].tolist()
    assert found[b"odd"].tobytes() == odd.tobytes()


def test_what_is_not_there_is_left_out(store, tmp_path):
    store.put({b"a": np.zeros(1), b"b": np.ones(1)})
    store.put({})
    assert set(store.get([b"b", b"c", b"b"])) == {b"b"}
    assert store.known([b"a", b"c", b"a"]) == {b"a"}
    assert (store.get([]), store.known([])) == ({}, set())
    store.put({b"a": np.full(2, 7)})
    assert store.get([b"a"])[b"a"].tolist() == [7, 7]
    other = Arrays(tmp_path)
    assert other.known([b"a", b"b"]) == {b"a", b"b"}
    other.close()


@pytest.mark.parametrize("n", [199, 200, 201, 1500])
def test_many_keys(store, n):
    keys = [array_key(i) for i in range(n)]
    store.put({key: np.array([i]) for i, key in enumerate(keys)})
    asked = [*reversed(keys), *(array_key("no", i) for i in range(n))]
    assert {key: int(one[0]) for key, one in store.get(asked).items()} == {key: i for i, key in enumerate(keys)}
    assert store.known(asked) == set(keys)


def test_a_key_stands_for_all_its_parts():
    parts = [("map", 1, {"a": 1, "b": 2}), ("map", 1, {"a": 1}), ("map", "1"), ("map1",), ("m", "ap1"), ("\ud800",)]
    assert len({array_key(*some) for some in parts}) == len(parts)
    assert array_key({"b": 2, "a": (1, 2)}) == array_key({"a": [1, 2], "b": 2})
    assert len(array_key("a")) == 32


class Dies:
    """Bytes that cannot be had: the writer fails between two rows."""

    dtype, shape = np.dtype("f4"), (1,)

    def __array__(self, *_, **__):
        raise KeyboardInterrupt


def test_a_writer_that_fails_leaves_none_of_them(store):
    with pytest.raises(KeyboardInterrupt):
        store.put({b"a": np.zeros(3), b"b": Dies()})
    assert store.known([b"a", b"b"]) == set()
    store.put({b"a": np.ones(3)})
    assert store.known([b"a"]) == {b"a"}


WRITER = """
import sys
from pathlib import Path
import numpy as np
from engine.store.arrays import Arrays, array_key
store = Arrays(Path(sys.argv[1]))
for i in range(10**6):
    store.put({array_key(i, k): np.full(50_000, i, np.int64) for k in range(3)})
    print(i, flush=True)
"""


def test_a_killed_writer_leaves_whole_arrays_or_none(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert writer.stdout
    said = [writer.stdout.readline() for _ in range(5)]
    writer.send_signal(signal.SIGKILL)
    said += writer.stdout.read().split("\n")[:-1]
    writer.wait()
    writer.stdout.close()
    last = len(said) - 1
    store = Arrays(tmp_path)
    for i in range(last + 3):
        found = store.get([array_key(i, k) for k in range(3)])
        assert len(found) in ((3,) if i <= last else (0, 3))
        assert all((one.shape, set(one.tolist())) == ((50_000,), {i}) for one in found.values())
    store.put({array_key("more"): np.zeros(1)})
    store.close()


def test_a_full_disk_says_so_and_loses_nothing(store):
    store.put({b"a": np.ones(3)})
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="full") as said:
        store.put({b"b": np.zeros(10), b"c": np.zeros(100_000)})
    assert "Make room" in said.value.hint
    assert store.known([b"a", b"b", b"c"]) == {b"a"}
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.put({b"c": np.zeros(100_000)})
    assert store.known([b"a", b"b", b"c"]) == {b"a", b"c"}


class Full:
    """A database whose disk is full when it commits, once."""

    def __init__(self, db):
        self._db, self._full = db, True

    def __getattr__(self, name):
        return getattr(self._db, name)

    def execute(self, words, *values):
        if words == "COMMIT" and self._full:
            self._full = False
            raise sqlite3.OperationalError("database or disk is full")
        return self._db.execute(words, *values)


def test_a_disk_that_is_full_at_the_end_is_no_end(store):
    store._db = Full(store._db)
    with pytest.raises(StoreError, match="full"):
        store.put({b"a": np.ones(3)})
    assert store.known([b"a"]) == set()
    store.put({b"a": np.ones(3)})
    assert store.known([b"a"]) == {b"a"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere: an unwritable workspace was not tested")
def test_a_workspace_without_permission(tmp_path):
    (tmp_path / "home").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="cannot be used"):
        Arrays(tmp_path / "home")


def test_a_workspace_that_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        Arrays(tmp_path / "file")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "arrays.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="cannot be used"):
        Arrays(tmp_path / "home")


def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    def refuse(home):
        raise StoreError("The workspace lies on a network file system.")

    monkeypatch.setattr(module, "refuse_network", refuse)
    with pytest.raises(StoreError, match="network"):
        Arrays(tmp_path)


def test_of_two_that_are_offered_the_first_stays(tmp_path):
    store, key = Arrays(tmp_path), array_key("x")
    store.offer({key: np.zeros(2)})
    store.offer({key: np.ones(2)})
    assert store.get([key])[key].tolist() == [0, 0]
    store.put({key: np.ones(2)})
    assert store.get([key])[key].tolist() == [1, 1]
    store.close()
