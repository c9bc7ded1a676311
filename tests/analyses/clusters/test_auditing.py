"""The interval of an audit against all that can be drawn."""

from itertools import combinations, pairwise
from math import comb

import numpy as np
import pytest

from engine.analyses.clusters.auditing import audit_order, audit_size, wrong_in_all


def test_nothing_wrong_among_a_few():
    # 3 of 10 looked at, none wrong: with 7 wrong in all, C(3, 3) / C(10, 3) = 1 / 120 would be so lucky, less than
    # 2.5 %; with 6, C(4, 3) / 120 = 3.3 % would
    assert wrong_in_all(0, 3, 10) == (0, 6)


def test_all_looked_at_leaves_no_doubt():
    assert wrong_in_all(2, 8, 8) == (2, 2)


def test_none_looked_at_tells_nothing():
    assert wrong_in_all(0, 0, 7) == (0, 7)


def test_all_wrong_is_the_mirror_image_of_none_wrong():
    low, high = wrong_in_all(0, 3, 10)
    assert wrong_in_all(3, 3, 10) == (10 - high, 10 - low)


@pytest.mark.parametrize(("n", "m"), [(12, 4), (40, 10), (420, 45)])
def test_whatever_is_wrong_95_of_100_draws_hold_it(n, m):
    """Exact: over all that can be drawn, weighted by how many draws give it."""
    held = {x: wrong_in_all(x, m, n) for x in range(m + 1)}
    for k in range(n + 1):
        draws = [x for x in range(max(0, m + k - n), min(k, m) + 1) if held[x][0] <= k <= held[x][1]]
        assert sum(comb(k, x) * comb(n - k, m - x) for x in draws) / comb(n, m) >= 0.95 - 1e-12


def test_a_draw_counted_one_by_one():
    """All 15 draws of 2 from 6, of which 2 are wrong."""
    wrong = {0, 1}
    held = sum(
        low <= 2 <= high for s in combinations(range(6), 2) for low, high in [wrong_in_all(len(wrong & {*s}), 2, 6)]
    )
    assert held / 15 >= 0.95


def test_the_order_is_a_draw_that_a_larger_audit_goes_on_with():
    order = audit_order(100, seed=3)
    assert sorted(order) == list(range(100))
    assert (order == audit_order(100, seed=3)).all()
    assert (order != audit_order(100, seed=4)).any()
    firsts = [audit_order(10, seed)[0] for seed in range(2000)]
    assert np.bincount(firsts, minlength=10).min() > 140  # 200 are expected, give or take 13


@pytest.mark.parametrize(
    ("described", "size"), [(168, 42), (169, 43), (800, 200), (100_000, 200), (20, 10), (12, 6), (30, 10)]
)
def test_a_quarter_of_what_may_be_described(described, size):
    assert audit_size(described) == size


def test_more_to_describe_is_more_for_the_audit_and_for_the_rest():
    both = [(audit_size(n), n - audit_size(n)) for n in range(2, 1200)]
    assert all(a <= c and b <= d for (a, b), (c, d) in pairwise(both))
