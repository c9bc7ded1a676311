"""A header and long arrays as one run of bytes: a component gets raw bytes only where they are all of its data.

Four bytes of length, the header as JSON, then each array, every part beginning at a multiple of eight bytes.
`UNPACK` is the other side: put it before a component's own JavaScript.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

UNPACK = Path(__file__).with_suffix(".js").read_text("utf-8")
_KINDS = {"uint8": "|u1", "uint16": "<u2", "uint32": "<u4", "int32": "<i4", "float32": "<f4"}


def pack(header: Mapping[str, Any], **arrays: np.ndarray) -> bytes:
    """Bytes that `unpack` in JavaScript turns into { header, one typed array a name }.

    Args:
        header: what JSON can say.
        arrays: of any shape, one of the kinds of number that both sides know; they arrive flat.

    Raises:
        ValueError: an array of another kind of number.
    """
    parts, listed = [], []
    for name, array in arrays.items():
        kind = array.dtype.name
        if kind not in _KINDS:
            raise ValueError(f"{name} is of {kind}; a component can be given {', '.join(_KINDS)}.")
        listed.append([name, kind, array.size])
        parts.append(_even(np.ascontiguousarray(array, _KINDS[kind]).tobytes()))
    # ASCII, as a file's name may hold halves of characters that have no UTF-8.
    said = json.dumps({"header": header, "arrays": listed}, separators=(",", ":")).encode("ascii")
    return b"".join([_even(len(said).to_bytes(4, "little")), _even(said), *parts])


def _even(part: bytes) -> bytes:
    return part + b"\0" * (-len(part) % 8)
