import json

import numpy as np
import pytest

from pages.parts.packed import pack
from tests.pages.javascript import ask

HEADER = {"title": "caf\u00e9 \udcff", "n": 3}
ARRAYS = {
    "order": np.array([[7, 0], [2**32 - 1, 5]], np.uint32),
    "marks": np.array([1, 2, 3], np.uint8),
    "places": np.array([-1, 2**31 - 1], np.int32),
    "points": np.array([0.5, -2.25], np.float32),
}
BACK = """
const found = unpack(given.subarray(1)) // begins at an odd place
for (const name of ["order", "marks", "places", "points"]) found[name] = Array.from(found[name])
return found
"""


def test_every_part_begins_where_a_typed_array_may():
    packed = pack(HEADER, **ARRAYS)
    length = int.from_bytes(packed[:4], "little")
    assert json.loads(packed[8 : 8 + length])["header"] == HEADER
    at = 8 + length + -length % 8
    assert np.frombuffer(packed, np.uint32, 4, at).tolist() == [7, 0, 2**32 - 1, 5]
    assert packed[at + 16 : at + 19] == b"\1\2\3"  # 4 numbers of 4 bytes: 16, a multiple of 8
    assert np.frombuffer(packed, np.int32, 2, at + 24).tolist() == [-1, 2**31 - 1]  # 3 bytes take up 8
    assert len(packed) == at + 24 + 8 + 8


def test_javascript_reads_what_python_wrote():
    found = ask(["packed"], BACK, b"\0" + pack(HEADER, **ARRAYS))
    assert found.pop("header") == HEADER
    assert found == {name: array.ravel().tolist() for name, array in ARRAYS.items()}


def test_other_kinds_of_number_are_refused():
    with pytest.raises(ValueError, match="order is of int64"):
        pack({}, order=np.arange(3))
