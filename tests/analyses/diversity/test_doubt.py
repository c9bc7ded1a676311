"""Without each row, against doing it; intervals, against drawing anew from a known source; equal size."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.diversity import doubt, figures
from engine.analyses.diversity.doubt import eigenvalues_of, gaussian, leave_one_out, rarefied, sizes, told


def source(n, d, seed):
    """Clusters on a sphere, heavy-tailed around their centres."""
    centres = np.random.default_rng(99).standard_normal((8, d))
    rng = np.random.default_rng(seed)
    rows = centres[rng.integers(0, 8, n)] + 0.5 * rng.standard_t(4, (n, d)) * np.exp(-np.arange(d) / (d / 4))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(("n", "d"), [(60, 8), (8, 60), (3, 5), (20, 19), (20, 20), (19, 20), (4, 2)])
def test_without_each_row_is_what_is_left_when_it_is_gone(n, d):
    rows = source(n, d, 0) + 3
    found = leave_one_out(rows)
    for i in range(n):
        values = np.linalg.eigvalsh(np.cov(np.delete(rows, i, 0).T)).clip(0)
        values[values < 1e-13 * values.max()] = 0
        assert found.effective_rank[i] == pytest.approx(figures.effective_rank(values), rel=1e-8)
        assert found.participation_ratio[i] == pytest.approx(figures.participation_ratio(values), rel=1e-8)


def test_without_the_only_one_that_differs_nothing_is_left():
    rows = np.ones((5, 3))
    rows[2] = (1, 2, 3)
    found = leave_one_out(rows)
    assert found.effective_rank.tolist() == pytest.approx([1, 1, 0, 1, 1])
    nothing = leave_one_out(np.ones((5, 3)))
    assert nothing.effective_rank.tolist() == [0] * 5


def adds(rows):
    return figures.effective_rank(eigenvalues_of(rows, np.arange(len(rows)))) - leave_one_out(rows).effective_rank


def test_a_copy_adds_less_than_it_did_before_its_twin_was_there():
    rows = source(40, 30, 1)
    first = int(adds(rows).argmax())
    both = adds(np.concatenate([rows, rows[[first]]]))
    assert both[first] < 0.5 * adds(rows)[first]
    assert both[first] == pytest.approx(both[-1])


@pytest.mark.parametrize(("n", "d"), [(50, 60), (200, 60), (1000, 20)])
def test_an_interval_is_where_as_many_others_of_the_same_source_lie(n, d):
    """Efron and Stein: never too narrow on average; and not useless either."""
    intervals = [rarefied(source(n, d, seed), n, np.random.default_rng(0)).score for seed in range(60)]
    spread = np.std([i.value for i in intervals])
    half = np.mean([(i.high or 0) - i.value for i in intervals]) / 1.96
    assert 0.8 * spread < half < 1.8 * spread


def test_the_naive_figure_grows_with_the_number_and_that_at_equal_size_does_not():
    rng = np.random.default_rng(0)
    large, small = rng.standard_normal((600, 64)), rng.standard_normal((100, 64))
    naive, part = rarefied(large, 600, rng), rarefied(small, 100, rng)
    equal = rarefied(large, 100, rng)
    assert naive.score.value > 1.1 * part.score.value
    assert equal.score.low is not None
    assert equal.score.high is not None
    assert equal.score.low < part.score.value < equal.score.high
    assert equal.n == 100


def test_every_row_twice_keeps_the_figures():
    rows = source(100, 64, 2)
    once, twice = (rarefied(x, len(x), np.random.default_rng(0)) for x in (rows, np.repeat(rows, 2, axis=0)))
    assert twice.score.value == pytest.approx(once.score.value, rel=1e-9)


def test_few_rows_say_how_large_a_figure_can_be():
    found = rarefied(np.random.default_rng(0).standard_normal((10, 50)), 10, np.random.default_rng(0))
    assert found.rank == 9
    assert found.effective_rank.value < 9
    assert (found.effective_rank.high or 0) <= 9
    two = rarefied(np.eye(4)[:2], 2, np.random.default_rng(0))
    assert two.effective_rank == doubt.Figure(1.0)  # one direction, and too little to tell an interval


def test_sizes_are_round_and_end_with_all():
    assert sizes(600) == [10, 20, 50, 100, 200, 500, 600]
    assert sizes(1000) == [10, 20, 50, 100, 200, 500, 1000]
    assert sizes(7) == [7]
    assert sizes(1) == []


@pytest.mark.parametrize("size", [10, 21, 22, 400])
def test_independent_numbers_by_decomposition_are_as_diverse_as_drawn_ones(size):
    """Rows of 20 numbers: below 22 they are drawn, from there on their scatter is."""
    rng = np.random.default_rng(0)
    short = [gaussian(size, 20, rng).effective_rank.value for _ in range(40)]
    drawn = [rarefied(rng.standard_normal((size, 20)), size, rng).effective_rank.value for _ in range(40)]
    assert np.mean(short) == pytest.approx(np.mean(drawn), rel=0.02)


def test_many_rows_take_a_sample_for_the_interval(monkeypatch):
    rows = source(3000, 16, 3)
    whole = rarefied(rows, 3000, np.random.default_rng(0)).score
    monkeypatch.setattr(doubt, "_SAMPLE", 1000)
    monkeypatch.setattr(doubt, "_PRECISE", 1000)
    some = rarefied(rows, 3000, np.random.default_rng(0)).score
    assert some.value == whole.value
    assert some.high == pytest.approx(whole.high, rel=0.01)


def test_told_without_doubt_has_no_interval():
    found = told(np.array([2.0, 2.0, 0.0]), 100)
    assert (found.effective_rank.value, found.effective_rank.low) == (pytest.approx(2), None)
