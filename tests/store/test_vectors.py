"""Vectors in their file: found by key, in any order, by many at once, and whatever a killed writer left behind."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from engine.errors import StoreError
from engine.models.roles import ModelSpec
from engine.store import vectors as module
from engine.store.vectors import Vectors, text_key
from tests.planted import ROOT

SPEC = ModelSpec("clip", "a")


def key(i):
    return hashlib.sha256(str(i).encode()).hexdigest()


def vector(i, d=3):
    return np.full(d, i, np.float32)


def add(store, *numbers, d=3):
    store.add([key(i) for i in numbers], np.stack([vector(i, d) for i in numbers]))


def of(store, *numbers):
    """First entry of each number's vector; None where there is none."""
    found, places = store.matrix([key(i) for i in numbers])
    by_place = {place: float(row[0]) for place, row in zip(places.tolist(), found, strict=True)}
    return [by_place.get(place) for place in range(len(numbers))]


def test_what_is_added_is_found_in_any_order(tmp_path):
    store = Vectors(tmp_path, SPEC)
    add(store, 1, 2, 3)
    found, places = store.matrix([key(3), key(9), key(1), key(3)])
    assert (found.dtype, places.dtype) == (np.float32, np.int64)
    assert places.tolist() == [0, 2, 3]
    assert found.tolist() == [[3] * 3, [1] * 3, [3] * 3]
    assert store.missing([key(9), key(1), key(9), key(8)]) == [key(9), key(8)]
    assert store.count([key(1), key(1), key(9)]) == 1
    assert (store.size, store.dimension) == (3, 3)
    store.close()
    assert of(Vectors(tmp_path, SPEC), 2) == [2]


def test_an_empty_store(tmp_path):
    store = Vectors(tmp_path, SPEC)
    store.add([], np.empty((0, 3), np.float32))
    found, places = store.matrix([key(1)])
    assert (found.shape, places.shape) == ((0, 0), (0,))
    assert (store.size, store.dimension, store.count([])) == (0, 0, 0)
    assert store.rows([key(i) for i in range(2000)]).tolist() == [-1] * 2000


def test_a_key_keeps_its_first_vector(tmp_path):
    store = Vectors(tmp_path, SPEC)
    store.add([key(1), key(1), key(2)], np.array([[1.0], [7], [2]]))
    store.add([key(2), key(3)], np.array([[8.0], [3]]))
    store.add([key(1)], np.array([[9.0]]))
    assert store.size == 3
    assert of(store, 1, 2, 3) == [1, 2, 3]


@pytest.mark.parametrize("n", [999, 1000, 1001, 2500])
def test_few_and_many_keys_are_found_alike(tmp_path, n):
    store = Vectors(tmp_path, SPEC)
    odd = "ab" * 30 + "0000"  # NumPy takes zeros at the end of bytes for padding
    store.add([key(i) for i in range(n)], np.arange(n, dtype=np.float32)[:, None])
    add(store, -1, d=1)
    store.add([odd], np.array([[-5.0]]))
    order = np.random.default_rng(0).permutation(2 * n).tolist()
    rows = store.rows([key(i) for i in order])
    assert rows.tolist() == [i if i < n else -1 for i in order]
    found, _ = store.matrix([odd, *map(key, range(n))])
    assert found[0, 0] == -5
    add(store, 2 * n, d=1)  # seen though the index was read before
    assert store.rows([*map(key, order), odd])[order.index(0)] == 0
    assert store.count([key(i) for i in range(n, 2 * n + 1)]) == 1


def test_models_do_not_share(tmp_path):
    add(Vectors(tmp_path, SPEC), 1)
    for other in (ModelSpec("sscd", "a"), ModelSpec("clip", "a", "2"), ModelSpec("clip", "a", options={"side": 3})):
        assert Vectors(tmp_path, other).size == 0
    assert '"name": "a"' in next((tmp_path / "vectors").glob("*/spec.json")).read_text()


def test_texts_have_keys_of_their_own():
    assert text_key("a dog") == hashlib.sha256(b"text\0a dog").hexdigest()
    assert len({text_key("ä"), text_key("a"), text_key(""), text_key("\ud800")}) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_kept(tmp_path, bad):
    store = Vectors(tmp_path, SPEC)
    with pytest.raises(StoreError, match="no numbers"):
        store.add([key(1), key(2)], np.array([[1.0, 2], [3, bad]]))
    assert store.size == 0


def test_another_dimension_is_refused(tmp_path):
    store = Vectors(tmp_path, SPEC)
    add(store, 1, d=3)
    with pytest.raises(StoreError, match="had 3 numbers, and now have 4") as said:
        add(store, 2, d=4)
    assert str(store.folder) in said.value.hint
    assert (store.size, of(store, 1)) == (1, [1])


@pytest.mark.parametrize("torn", [b"\1", b"\1" * 12, b"\1" * 1000])
def test_a_torn_tail_is_ignored_then_cut_off(tmp_path, torn):
    store = Vectors(tmp_path, SPEC)
    add(store, 1, 2)
    with (store.folder / "rows.f32").open("ab") as file:
        file.write(torn)
    assert of(store, 1, 2, 3) == [1, 2, None]
    add(store, 3)
    assert of(store, 1, 2, 3) == [1, 2, 3]
    assert (store.folder / "rows.f32").stat().st_size == 3 * 3 * 4


def test_rows_without_their_index_do_not_count(tmp_path, monkeypatch):
    """The writer dies between the file and the index."""
    store = Vectors(tmp_path, SPEC)
    add(store, 1)

    def dies(self, rows, end, real=Vectors._append):
        real(self, rows, end)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Vectors, "_append", dies)
        with pytest.raises(KeyboardInterrupt):
            add(store, 2)
    other = Vectors(tmp_path, SPEC)
    assert of(other, 1, 2) == [1, None]
    add(other, 3)
    assert of(store, 1, 2, 3) == [1, None, 3]


def test_files_that_were_damaged_say_the_mend(tmp_path):
    store = Vectors(tmp_path, SPEC)
    add(store, 1, 2)
    with (store.folder / "rows.f32").open("r+b") as file:
        file.truncate(12)
    assert of(store, 1) == [1]  # what is there is there
    for work in (lambda: of(store, 2), lambda: add(store, 3)):
        with pytest.raises(StoreError, match="shorter than it was") as said:
            work()
        assert f"Remove {store.folder}" in said.value.hint
    (store.folder / "rows.f32").unlink()
    with pytest.raises(StoreError, match="shorter than it was"):
        of(store, 1)
    store.close()
    for file in store.folder.glob("index.sqlite*"):
        file.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="cannot be used") as said:
        Vectors(tmp_path, SPEC)
    assert f"Remove {store.folder}" in said.value.hint


def test_a_full_disk_says_so_and_loses_nothing(tmp_path, monkeypatch):
    store = Vectors(tmp_path, SPEC)
    add(store, 1)

    def full(fd):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "fsync", full)
        with pytest.raises(StoreError, match="No space left") as said:
            add(store, 2)
    assert "Make room" in said.value.hint
    add(store, 3)
    assert of(store, 1, 2, 3) == [1, None, 3]


def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    def refuse(home):
        raise StoreError("The workspace lies on a network file system.")

    monkeypatch.setattr(module, "refuse_network", refuse)
    with pytest.raises(StoreError, match="network"):
        Vectors(tmp_path, SPEC)


def test_two_writers_and_a_reader(tmp_path):
    """Both add 0 to 299, in opposite orders; the reader never sees a wrong vector."""
    wrong, looks, done = [], [], threading.Event()

    def write(order):
        store = Vectors(tmp_path, SPEC)
        for start in range(0, 300, 7):
            add(store, *order[start : start + 7])
        store.close()

    def read():
        store = Vectors(tmp_path, SPEC)
        while not done.is_set():
            seen = of(store, *range(300))
            wrong.extend((i, said) for i, said in enumerate(seen) if said not in (None, i))
            looks.append(sum(said is not None for said in seen))

    writers = [threading.Thread(target=write, args=(order,)) for order in (range(300), range(299, -1, -1))]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert not wrong
    assert looks == sorted(looks)
    assert len(looks) > 1
    store = Vectors(tmp_path, SPEC)
    assert of(store, *range(300)) == list(range(300))
    assert store.size == 300


WRITER = """
import hashlib, sys
from pathlib import Path
import numpy as np
from engine.models.roles import ModelSpec
from engine.store.vectors import Vectors
store = Vectors(Path(sys.argv[1]), ModelSpec("clip", "a"))
for i in range(int(sys.argv[2]), 10**6):
    store.add([hashlib.sha256(str(i).encode()).hexdigest()], np.full((1, 3), i))
    print(i, flush=True)
"""


def test_killed_writers_lose_nothing_that_was_committed(tmp_path):
    last = {}
    for first, after in ((0, 3), (10**5, 100)):
        words = [sys.executable, "-c", WRITER, str(tmp_path), str(first)]
        writer = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert writer.stdout
        for _ in range(after):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        said = writer.stdout.read().split("\n")[:-1]
        writer.wait()
        last[first] = int(said[-1]) if said else first + after - 1
    store = Vectors(tmp_path, SPEC)
    for first, end in last.items():
        assert of(store, *range(first, end + 1)) == list(range(first, end + 1))
    add(store, 7 * 10**5)
    assert (store.folder / "rows.f32").stat().st_size == store.size * 3 * 4


def test_one_computes_at_a_time(tmp_path):
    one, other = Vectors(tmp_path, SPEC), Vectors(tmp_path, SPEC)
    with one.computing() as mine, other.computing() as theirs:
        assert (mine, theirs) == (True, False)
        with Vectors(tmp_path, ModelSpec("clip", "b")).computing() as elsewhere:
            assert elsewhere
    with other.computing() as theirs:
        assert theirs


@pytest.mark.slow
def test_a_hundred_thousand_keys_are_looked_up_fast(tmp_path):
    store, n = Vectors(tmp_path, SPEC), 100_000
    keys = [key(i) for i in range(n)]
    store.add(keys, np.arange(n, dtype=np.float32)[:, None].repeat(64, 1))
    best = np.inf
    for _ in range(3):
        fresh = Vectors(tmp_path, SPEC)
        began = time.process_time()
        found, _ = fresh.matrix(keys)
        best = min(best, time.process_time() - began)
        assert found[:, 63].tolist() == list(range(n))
    assert best < 0.5
