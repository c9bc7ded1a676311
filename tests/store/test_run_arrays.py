"""Arrays that go along with a run: the same bytes there and back; lists that lie are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.errors import RunError
from engine.store.run_arrays import LIST, NUMBERS, packed, read, unpacked

SOME = {
    "maps": {3: np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2), 0: np.ones((1, 1, 2, 2), np.float32)},
    "features": {0: np.linspace(0, 1, 8, dtype=np.float16).reshape(2, 2, 2)},
}


def test_there_and_back():
    told, numbers = packed(SOME)
    back = unpacked(told, numbers)
    assert {name: sorted(some) for name, some in back.items()} == {"features": [0], "maps": [0, 3]}
    for name, some in SOME.items():
        for number, one in some.items():
            assert back[name][number].dtype == one.dtype
            assert (back[name][number] == one).all()
    assert packed(back) == (told, numbers)
    assert packed({"maps": dict(reversed(SOME["maps"].items())), "features": SOME["features"]}) == (told, numbers)


def test_the_order_in_memory_changes_nothing():
    turned = {"maps": {0: np.asfortranarray(SOME["maps"][3])}, "x": {1: SOME["maps"][3].astype(">f4")}}
    back = unpacked(*packed(turned))
    assert (back["maps"][0] == back["x"][1]).all()


@pytest.mark.parametrize(
    "told",
    [
        b"", b"[]", b"3", b'{"maps": 3}', b'{"maps": {"0": 3}}', b'{"maps": {"0": ["<f4"]}}', b"[" * 100_000,
        json.dumps({"maps": {"0": ["<f8", [2]]}}).encode(), json.dumps({"maps": {"0": ["O", [2]]}}).encode(),
        json.dumps({"maps": {"-1": ["<f4", [2]]}}).encode(), json.dumps({"maps": {"0": ["<f4", [-2]]}}).encode(),
        json.dumps({"maps": {"0": ["<f4", [65_536, 65_536, 65_536]]}}).encode(),
        json.dumps({"maps": {"0": ["<f4", [1 << 40]]}}).encode(), json.dumps({"maps": {"0": ["<f4", []]}}).encode(),
        json.dumps({"maps": {"0": ["<f4", [1]]}}).encode(), json.dumps({"maps": {"0": ["<f4", [3]]}}).encode(),
        json.dumps({"maps": {"0": ["<f4", [True, 2]]}}).encode(),
    ],
)  # fmt: skip
def test_lists_that_lie_are_refused(told):
    with pytest.raises(RunError, match="damaged"):
        unpacked(told, np.zeros(2, np.float32).tobytes())


def test_what_is_no_number_is_refused():
    with pytest.raises(RunError, match="damaged"):
        unpacked(*packed({"maps": {0: np.array([1.0, np.nan], np.float32)}}))


def test_a_folder_without_or_with_damaged_ones_has_none(tmp_path):
    assert read(tmp_path) == {}
    told, numbers = packed(SOME)
    (tmp_path / LIST).write_bytes(told)
    (tmp_path / NUMBERS).write_bytes(numbers)
    assert set(read(tmp_path)) == {"maps", "features"}
    (tmp_path / NUMBERS).write_bytes(numbers[:-1])
    assert read(tmp_path) == {}
