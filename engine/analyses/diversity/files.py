"""Vectors from a file of somebody's own: .npy, or .parquet with a column of lists or columns of numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.errors import GalleryError

SUFFIXES = (".npy", ".parquet")
_NAMES = ("file", "file_name", "path", "name", "id")  # columns that may say whose a row is, in this order


def read_vectors(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Vectors (n, d) and the rows' names; no names where the file has none.

    A .npy file is not read whole: it stays a memory map.

    Raises:
        GalleryError: no such file, or no table of numbers.
    """
    try:
        return (np.load(path, mmap_mode="r", allow_pickle=False), ()) if path.suffix == ".npy" else _parquet(path)
    except FileNotFoundError:
        raise GalleryError(f"There is no file {path}.", "Give a .npy or .parquet file of vectors.") from None
    except (OSError, ValueError, EOFError) as problem:
        why = " ".join(str(problem).split())[:160]
        raise GalleryError(f"{path} holds no vectors: {why}.", "Give numbers, a row a vector.") from None


def _parquet(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The first column of lists of numbers, else all columns of numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    names: tuple[str, ...] = ()
    if named := next((name for name in _NAMES if name in table.column_names), ""):
        names = tuple(map(str, table[named].to_pylist()))
        table = table.drop_columns([named])
    is_list = lambda t: pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t)  # noqa: E731
    lists = [field.name for field in table.schema if is_list(field.type)]
    if lists:
        column = table[lists[0]].combine_chunks()
        values = column.flatten().to_numpy(zero_copy_only=False)
        if not len(column) or len(values) % len(column) or len({len(x) for x in column}) > 1:
            raise ValueError(f"the lists of {lists[0]} differ in length")
        return values.reshape(len(column), -1), names
    numbers = [f.name for f in table.schema if pa.types.is_floating(f.type) or pa.types.is_integer(f.type)]
    if not numbers:
        raise ValueError("there is no column of numbers or of lists of numbers")
    return np.stack([table[name].to_numpy() for name in numbers], axis=1), names
