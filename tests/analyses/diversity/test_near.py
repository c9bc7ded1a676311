"""Near pairs: all of them and no others, against comparing everything."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.diversity import bounds
from engine.analyses.diversity.near import pairs_above
from engine.analyses.diversity.spectrum import unit_rows
from engine.errors import Stopped
from engine.progress import Progress


def planted(n, d, decay, seed=0):
    """Vectors of a decaying spectrum; each of the first fifth has a copy with some noise."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, d)) * np.exp(-np.arange(d) / decay)
    k = n // 5
    rows[:k] = rows[k : 2 * k] + 0.3 * rng.standard_normal((k, d)) * rows.std(0)
    return rows.astype(np.float32)


def all_pairs(rows, floor):
    rows = rows.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = np.nan_to_num(rows @ rows.T / np.outer(lengths, lengths))
    return set(zip(*(side.tolist() for side in np.nonzero(np.triu(cosines >= floor, 1))), strict=True))


def found(pairs):
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


@pytest.fixture(params=["floats", "bytes"])
def pruned(request, monkeypatch):
    """Few vectors are compared like many: through numbers of 32 bits, or of 8."""
    in_bytes = request.param == "bytes"
    monkeypatch.setattr(bounds, "_FEW", 0)
    monkeypatch.setattr(bounds, "_MANY", 0 if in_bytes else 10**9)
    monkeypatch.setattr(bounds, "_cost_of_bytes", lambda: 0.25)
    return in_bytes


@pytest.mark.parametrize("floor", [0.5, 0.75, 0.95])
@pytest.mark.parametrize("decay", [6, 40, 1e9], ids=["steep", "slow", "isotropic"])
def test_all_pairs_and_no_others(pruned, floor, decay):
    rows = planted(1500, 64, decay)
    assert found(pairs_above(rows, floor, most=10**9)) == all_pairs(rows, floor)


@pytest.mark.parametrize("k", [5, 63, 128])
@pytest.mark.parametrize("decay", [6, 1e9], ids=["steep", "isotropic"])
def test_a_bound_is_never_below_the_cosine(decay, k):
    rows = planted(700, 128, decay)
    rows[:20] *= 1e-3
    rows[20] = rows[21] + 1e-7
    unit = unit_rows(rows)
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((128, 128)))[0][:, :k].astype(np.float32)
    shorter = bounds._shorter(unit, turn)
    cosines = unit.astype(np.float64) @ unit.astype(np.float64).T
    for bound in (bounds.Bounds(shorter), bounds._in_bytes(shorter)):
        numbers = bound.numbers.astype(np.float64)
        most = numbers @ numbers.T * bound.scale + bound.error
        assert (most >= cosines).all()
        i, j = bound.reached(slice(100, 300), slice(50, 700), 0.4)
        assert set(zip(i.tolist(), j.tolist(), strict=True)) >= {
            (i + 100, j + 50) for i, j in zip(*np.nonzero(cosines[100:300, 50:] >= 0.4), strict=True)
        }
    assert bound.numbers.dtype == np.int8
    assert bound.error < 0.05


def test_a_steep_spectrum_is_pruned(pruned):
    pairs = pairs_above(planted(3000, 128, 10), 0.9)
    assert pairs.compared[0] < 64
    assert pairs.in_full < 0.01 * 3000**2 / 2
    assert pairs_above(planted(300, 128, 10), 0.9).compared == (pairs.compared[0], 128)


def test_the_nearest_come_first_with_their_cosines():
    rows = np.array([[1, 0], [1, 0.1], [0, 1], [1, 0.02]], np.float32)
    pairs = pairs_above(rows, 0.9)
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 3), (1, 3), (0, 1)]
    assert pairs.cosine.tolist() == pytest.approx([1 / 1.0004**0.5, 1.002 / (1.01 * 1.0004) ** 0.5, 1 / 1.01**0.5])


def test_length_does_not_matter_and_zeros_have_no_pair():
    rows = np.array([[1, 1], [5, 5.0001], [0, 0], [0, 0]], np.float32)
    assert found(pairs_above(rows, 0.9)) == {(0, 1)}


def test_equal_vectors_are_paired_with_the_first_only():
    rows = np.repeat(planted(50, 16, 4)[40:], 30, axis=0)  # 10 different ones, 30 times each
    pairs = pairs_above(rows, 0.999)
    assert len(pairs) == 10 * 29
    assert set(pairs.first.tolist()) == set(range(0, 300, 30))
    assert set(pairs.cosine.tolist()) == {1.0}


@pytest.mark.parametrize("few", [0, 10**6], ids=["pruned", "in full"])
def test_of_too_many_the_nearest_are_kept_and_the_floor_says_so(monkeypatch, few):
    monkeypatch.setattr(bounds, "_FEW", few)
    rows = planted(800, 16, 3)
    whole, some = pairs_above(rows, 0.2, most=10**9), pairs_above(rows, 0.2, most=500)
    assert len(whole) > 5000
    assert 0 < len(some) <= 500
    assert some.floor > 0.2
    assert found(some) == all_pairs(rows, some.floor)
    np.testing.assert_array_equal(some.first, whole.first[: len(some)])


def test_one_vector_or_none_has_no_pair():
    for n in (0, 1):
        assert len(pairs_above(np.ones((n, 4), np.float32), 0.5)) == 0


def test_it_can_be_stopped():
    def stop():
        return "Stopped."

    with pytest.raises(Stopped):
        pairs_above(planted(3000, 16, 4), 0.5, Progress(stop=stop))
