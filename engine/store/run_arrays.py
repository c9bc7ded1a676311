"""Numbered arrays of a run that came as a file: a list of dtypes, shapes and places, and the numbers themselves.

No pickle, and nothing whose size is not known before it is read. They lie in the run's own folder and never go to the
store of arrays by content, where they would be believed of every other run of the same model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import RunError

LIST, NUMBERS = "arrays.json", "arrays.bin"
_DTYPES = {"<f2", "<f4"}
_LONGEST, _MOST_AXES, _MOST = 65_536, 5, 2_000_000

Arrays = Mapping[str, Mapping[int, np.ndarray]]
"""Arrays by what they are and their number."""


def packed(arrays: Arrays) -> tuple[bytes, bytes]:
    """The list, and the numbers; the same arrays are the same bytes."""
    told: dict[str, dict[str, list[Any]]] = {}
    pieces = []
    for name, by_number in sorted(arrays.items()):
        told[name] = {}
        for number, one in sorted(by_number.items()):
            plain = np.ascontiguousarray(one, one.dtype.newbyteorder("<"))
            told[name][str(number)] = [plain.dtype.str, list(plain.shape)]
            pieces.append(plain.tobytes())
    return json.dumps(told).encode(), b"".join(pieces)


def unpacked(told: bytes, numbers: bytes | memoryview) -> dict[str, dict[int, np.ndarray]]:
    """Arrays from both.

    Raises:
        RunError: the list is none, names what cannot be, or is not as long as the numbers.
    """
    found: dict[str, dict[int, np.ndarray]] = {}
    at = 0
    for name, number, dtype, shape in _listed(told):
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if at + size > len(numbers):
            raise _wrong()
        one = np.frombuffer(numbers, np.dtype(dtype), math.prod(shape), at).reshape(shape)
        if not np.isfinite(one).all():
            raise _wrong()
        found.setdefault(name, {})[number] = one
        at += size
    if at != len(numbers):
        raise _wrong()
    return found


def read(folder: Path) -> dict[str, dict[int, np.ndarray]]:
    """Those that came with a run; none where it came without, or they are damaged."""
    try:
        return unpacked((folder / LIST).read_bytes(), (folder / NUMBERS).read_bytes())
    except (OSError, RunError):
        return {}


def _listed(told: bytes) -> list[tuple[str, int, str, tuple[int, ...]]]:
    """Name, number, dtype and shape of each, in the order of the numbers."""
    try:
        said = json.loads(told)
        rows = [(name, n, dtype, shape) for name, some in said.items() for n, (dtype, shape) in some.items()]
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise _wrong() from None
    found = []
    for name, n, dtype, shape in rows:
        is_shape = isinstance(shape, list) and 0 < len(shape) <= _MOST_AXES
        if not is_shape or not all(type(side) is int and 0 < side <= _LONGEST for side in shape):
            raise _wrong()
        if dtype not in _DTYPES or not n.isdecimal() or len(n) > 9 or len(rows) > _MOST:
            raise _wrong()
        found.append((name, int(n), dtype, tuple(shape)))
    return found


def _wrong() -> RunError:
    return RunError("The arrays that came with it are damaged.", "Ask for the file again.")
