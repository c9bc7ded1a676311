"""Vectors from files, and a result in words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.analyses.diversity import Params, of_vectors
from engine.analyses.diversity.files import read_vectors
from engine.analyses.diversity.words import lines
from engine.errors import GalleryError

ROWS = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)


def test_npy_stays_on_the_disk(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    vectors, names = read_vectors(tmp_path / "rows.npy")
    assert isinstance(vectors, np.memmap)
    assert names == ()
    np.testing.assert_array_equal(vectors, ROWS)
    assert of_vectors(vectors).whole == of_vectors(ROWS).whole


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 6), pa.large_list(pa.float64())])
def test_parquet_with_lists_and_names(tmp_path, kind):
    said = [f"{i}.jpg" for i in range(50)]
    pq.write_table(pa.table({"n": range(50), "v": pa.array(ROWS.tolist(), kind), "file": said}), tmp_path / "r.parquet")
    vectors, names = read_vectors(tmp_path / "r.parquet")
    np.testing.assert_allclose(vectors, ROWS)
    assert names[49] == "49.jpg"
    assert of_vectors(vectors, names=names).adds_most[0].file.endswith(".jpg")


def test_parquet_with_columns(tmp_path):
    pq.write_table(pa.table({f"x{i}": ROWS[:, i] for i in range(6)} | {"what": ["a"] * 50}), tmp_path / "r.parquet")
    vectors, names = read_vectors(tmp_path / "r.parquet")
    np.testing.assert_array_equal(vectors, ROWS)
    assert names == ()


def test_what_holds_no_vectors(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    (tmp_path / "torn.npy").write_bytes(b"\x93NUMPY")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    pq.write_table(pa.table({"what": ["a"]}), tmp_path / "texts.parquet")
    pq.write_table(pa.table({"v": [[1.0], [1.0, 2.0]]}), tmp_path / "ragged.parquet")
    for name in ("objects.npy", "torn.npy", "torn.parquet", "texts.parquet", "ragged.parquet"):
        with pytest.raises(GalleryError, match="holds no vectors"):
            read_vectors(tmp_path / name)
    with pytest.raises(GalleryError, match="There is no file"):
        read_vectors(tmp_path / "none.npy")


def test_a_result_in_words():
    twice = np.concatenate([ROWS, ROWS[:3]])
    parts = {"all": tuple(map(str, range(50))), "copies": ("50", "51", "52")}
    said = "\n".join(lines(of_vectors(twice, Params(threshold=0.999, coreset=5, groups=parts))))
    assert "53 pictures, 6 numbers each" in said
    assert "of 6 at most" in said
    assert "3 groups, 0 of them exact; 3 pictures could go" in said
    assert "pairs across all and copies: 3" in said
    assert "copies                             3 pictures, too few to compare" in said
    assert "core-set of 5      by facility location" in said
