"""Streamed moments against numpy in 64 bits: random, shifted, degenerate, in parts, with rows that are no numbers."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.diversity import figures, spectrum
from engine.analyses.diversity.spectrum import axes, eigenvalues, moments, unit_rows


def rows_of(kind, n, d, seed=0):
    rng = np.random.default_rng(seed)
    decay = np.exp(-np.arange(d) / (d / 4))
    rows = {
        "normal": lambda: rng.standard_normal((n, d)),
        "far from zero": lambda: 50 + rng.standard_normal((n, d)),
        "decaying": lambda: rng.standard_normal((n, d)) * decay,
        "ten different ones": lambda: rng.standard_normal((10, d))[rng.integers(0, 10, n)],
        "one direction": lambda: rng.standard_normal((n, 1)) * rng.standard_normal(d),
    }[kind]()
    return rows.astype(np.float32)


def by_numpy(rows):
    values = np.linalg.eigvalsh(np.cov(rows.astype(np.float64).T)).clip(0)
    return figures.effective_rank(values), figures.participation_ratio(values)


def ours(rows, **words):
    found = moments(rows, **words)
    values = eigenvalues(found.scatter, found.n)
    return figures.effective_rank(values), figures.participation_ratio(values)


KINDS = ["normal", "far from zero", "decaying", "ten different ones", "one direction"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "d"), [(3000, 64), (40, 64), (2, 8), (25_000, 32)])
def test_equal_to_numpy_in_64_bits(kind, n, d):
    """The last size takes 32-bit products first."""
    rows = rows_of(kind, n, d)
    assert ours(rows) == pytest.approx(by_numpy(rows), rel=1e-6)


@pytest.mark.parametrize("kind", ["normal", "far from zero", "decaying"])
def test_products_of_32_bits_are_enough_where_nothing_is_degenerate(kind, monkeypatch):
    monkeypatch.setattr(spectrum, "_CHEAP", 0)
    rows = rows_of(kind, 20_000, 64)
    assert ours(rows, double=False) == pytest.approx(by_numpy(rows), rel=1e-6)


def test_a_scatter_is_numpys_covariance():
    rows = rows_of("far from zero", 500, 16)
    found = moments(rows)
    np.testing.assert_allclose(found.scatter / 499, np.cov(rows.astype(float).T), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.mean, rows.astype(float).mean(0), rtol=1e-9)
    np.testing.assert_allclose(found.about_zero, rows.T.astype(float) @ rows.astype(float), rtol=1e-6)


def test_parts_add_up_whatever_their_size():
    rows = rows_of("far from zero", 1000, 16)
    whole = moments(rows)
    together = moments(rows[:1]) + moments(rows[1:700]) + moments(rows[:0]) + moments(rows[700:])
    assert together.n == 1000
    np.testing.assert_allclose(together.scatter, whole.scatter, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(together.mean, whole.mean, rtol=1e-9)


def test_order_copies_and_scale():
    rows = rows_of("decaying", 300, 64)
    mixed = rows[np.random.default_rng(1).permutation(300)]
    for other in (mixed, np.repeat(rows, 2, axis=0), rows * 8):
        assert ours(other) == pytest.approx(ours(rows), rel=1e-9)


def test_rows_without_numbers_are_named_and_left_out():
    rows = rows_of("normal", 5000, 8)
    rows[7, 3], rows[4000, 0], rows[4999] = np.nan, np.inf, -np.inf
    found = moments(rows)
    assert found.left_out == (7, 4000, 4999)
    assert found.n == 4997
    sound = np.delete(rows, found.left_out, 0)
    assert ours(rows) == pytest.approx(by_numpy(sound), rel=1e-6)
    some = moments(rows, np.array([4999, 3, 7]))
    assert (some.n, some.left_out) == (1, (4999, 7))


def test_large_numbers_are_numbers():
    rows = np.full((3, 4), 3e38, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        assert moments(rows).left_out == ()


def test_nothing_but_rows_without_numbers():
    found = moments(np.full((5, 3), np.nan, np.float32))
    assert (found.n, found.left_out) == (0, (0, 1, 2, 3, 4))
    assert eigenvalues(found.scatter, found.n).tolist() == [0, 0, 0]


def test_few_rows_bound_the_rank():
    rows = rows_of("normal", 10, 64)
    found = moments(rows)
    assert (eigenvalues(found.scatter, 10) > 0).sum() == 9
    assert (eigenvalues(found.about_zero, 10, centred=False) > 0).sum() == 10


def test_all_equal_is_nothing():
    rows = np.full((1000, 16), 0.1, np.float32)
    found = moments(rows)
    assert not eigenvalues(found.scatter, found.n).any()
    assert figures.effective_rank(eigenvalues(found.about_zero, found.n, centred=False)) == pytest.approx(1)


def test_unit_rows_have_length_one_but_for_zeros():
    rows = rows_of("normal", 50, 8) * 7
    rows[3] = 0
    lengths = np.linalg.norm(unit_rows(rows), axis=1)
    assert lengths[3] == 0
    np.testing.assert_allclose(np.delete(lengths, 3), 1, rtol=1e-6)
    assert np.trace(moments(rows, unit=True).about_zero) == pytest.approx(49)


def test_axes_have_a_sign_that_the_order_of_rows_does_not_turn():
    rows = rows_of("decaying", 200, 16)
    values, directions = axes(moments(rows).scatter, 200)
    _, again = axes(moments(rows[::-1]).scatter, 200)
    np.testing.assert_allclose(directions[:, :8], again[:, :8], atol=1e-6)
    assert values.shape == (16,)
    np.testing.assert_allclose(directions.T @ directions, np.eye(16), atol=1e-9)


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path):
    import tracemalloc

    peaks = []
    for n in (4_000, 40_000):
        rows = np.memmap(tmp_path / str(n), np.float32, "w+", shape=(n, 64))
        rows[:] = 1
        tracemalloc.start()
        moments(rows, double=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
