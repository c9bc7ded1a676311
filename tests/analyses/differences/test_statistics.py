"""Statistics of two samples, against scipy, hand-computed cases and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.analyses.differences import statistics


@pytest.mark.parametrize("ties", [False, True])
def test_auroc_and_p_are_scipys(ties):
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(0.4, 1, 37), rng.normal(0, 1, 52)
        if ties:
            a, b = a.round(0), b.round(0)
        told = statistics.told(a, b)
        u, p = stats.mannwhitneyu(a, b, alternative="greater", method="asymptotic")
        assert told.auroc == pytest.approx(u / (37 * 52), abs=1e-12)
        if u > 37 * 52 / 2:  # scipy corrects for continuity in the tail that is asked for, we towards no difference
            assert told.p == pytest.approx(p, rel=1e-9)


def test_exchanging_the_sides_mirrors():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.3, 1, 30), rng.normal(0, 1, 41)
    one, other = statistics.told(a, b), statistics.told(b, a)
    assert one.auroc + other.auroc == pytest.approx(1, abs=1e-15)
    assert one.p + other.p == pytest.approx(1, abs=1e-12)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


def test_sets_apart_and_sets_alike():
    assert statistics.told(np.arange(5) + 9.0, np.arange(5.0)).auroc == 1
    assert statistics.told(np.ones(5), np.ones(8)).auroc == 0.5
    assert statistics.told(np.ones(5), np.ones(8)).p == 0.5
    assert statistics.told(np.ones(0), np.ones(8)) == statistics.Told(0.5, 0.0, 1.0, 0.5)


@pytest.mark.parametrize("gap", [0.0, 1.0, 2.5])
def test_the_interval_holds_the_truth_95_times_of_100(gap):
    rng, truth = np.random.default_rng(2), stats.norm.cdf(gap / np.sqrt(2))
    inside = 0
    for _ in range(1000):
        told = statistics.told(rng.normal(gap, 1, 40), rng.normal(0, 1, 40))
        inside += told.low <= truth <= told.high
    assert 0.92 <= inside / 1000 <= 0.99


def test_q_is_benjamini_and_hochbergs():
    p = np.random.default_rng(3).uniform(size=30) ** 3
    np.testing.assert_allclose(statistics.corrected(p.tolist()), stats.false_discovery_control(p))
    assert statistics.corrected([]) == []


def test_the_signed_rank_test_is_scipys():
    rng = np.random.default_rng(4)
    for _ in range(10):
        d = rng.normal(0.4, 1, 40)
        expected = stats.wilcoxon(d, alternative="greater", correction=True, method="asymptotic").pvalue  # type: ignore[union-attr]
        assert statistics.paired(d).p == pytest.approx(expected, rel=1e-6)
    assert statistics.paired(np.zeros(9)).p == 0.5
    assert statistics.paired(np.zeros(0)).auroc == 0.5
    assert statistics.paired(np.array([1.0, 2, -1, 0])).auroc == (2 + 0.5) / 4


def test_within_strata_a_difference_of_the_mix_is_gone():
    rng = np.random.default_rng(5)
    of_a, of_b = np.repeat([0, 1], [800, 200]), np.repeat([0, 1], [200, 800])
    a, b = rng.normal(of_a * 3.0), rng.normal(of_b * 3.0)
    assert statistics.auroc(a, b) < 0.3
    within = statistics.stratified(a, b, of_a, of_b)
    assert within == pytest.approx(0.5, abs=0.05)
    assert statistics.stratified(a, b, of_a, of_b + 5) is None


def test_the_best_by_chance_grows_with_what_is_tried():
    rng = np.random.default_rng(6)
    scores = rng.normal(size=(40, 100))
    one, many = statistics.best_by_chance(scores[:1], 50, 0), statistics.best_by_chance(scores, 50, 0)
    assert 0.53 < one < 0.57
    assert many > one + 0.05
    assert statistics.best_by_chance(scores[:0], 50, 0) == 0.5


def test_what_can_be_detected():
    assert statistics.least_detectable(50, 50, 1) < statistics.least_detectable(50, 50, 30) < 0.75
    assert statistics.least_detectable(3, 3, 30) == 1
    assert statistics.least_detectable(0, 3, 1) == 1
    found = 0
    least, rng = statistics.least_detectable(60, 60, 1), np.random.default_rng(7)
    for _ in range(300):
        gap = stats.norm.ppf(least) * np.sqrt(2)
        found += statistics.told(rng.normal(gap, 1, 60), rng.normal(0, 1, 60)).p < 0.05
    assert found / 300 == pytest.approx(0.8, abs=0.07)


def test_a_threshold_finds_the_few():
    rng = np.random.default_rng(8)
    few = np.concatenate([rng.normal(4, 0.3, 10), rng.normal(0, 1, 40)])
    floor = statistics.threshold(few, rng.normal(0, 1, 50))
    assert 2 < floor < 3.7
    assert statistics.threshold(np.ones(3), np.ones(4)) == 1
    assert statistics.more_often(few, rng.normal(0, 1, 50), floor) < 0.001
    p = stats.fisher_exact([[3, 7], [1, 9]], alternative="greater").pvalue  # type: ignore[union-attr]
    assert statistics.more_often(np.r_[np.ones(3), np.zeros(7)], np.r_[1, np.zeros(9)], 0.5) == pytest.approx(p)


def test_the_pull_sees_a_shift_and_a_few():
    rng = np.random.default_rng(9)
    b, few = rng.normal(0, 1, 100), np.concatenate([rng.normal(5, 0.3, 10), rng.normal(-0.3, 1, 90)])
    assert statistics.auroc(few, b) < 0.53
    assert statistics.pull(few, b) > 0.2
    assert statistics.pull(b + 9, b) == pytest.approx(1)
    assert statistics.pull(np.zeros(0), b) == 0
    assert statistics.pull(np.ones(4), np.ones(4)) == 0


def test_two_values_are_fishers_exact_test():
    """One of 41 is 1 by chance in 1 of 41 cases; 3 of 4 against 1 of 4 (tea, 1935) has p = 17 / 70."""
    assert statistics.told(np.ones(1), np.zeros(40)).p == pytest.approx(1 / 41)
    tea = np.array([1.0, 1, 1, 0]), np.array([1.0, 0, 0, 0])
    assert statistics.told(*tea).p == pytest.approx(17 / 70)
    assert statistics.told(*tea[::-1]).p == 1 - statistics.told(*tea).p


def test_no_p_lies_below_that_of_the_one_arrangement():
    a, b = np.array([9.0]), np.concatenate([np.zeros(60), [1.0]])
    assert statistics.told(a, b).p == pytest.approx(1 / 62)
    assert statistics.told(b, a).p == 1 - statistics.told(a, b).p


def test_pairs_that_differ_by_as_much_are_a_sign_test():
    """Five of five: 1 / 32."""
    assert statistics.paired(np.ones(5)).p == pytest.approx(1 / 32)
    assert statistics.paired(-np.ones(5)).p == pytest.approx(31 / 32)
    assert statistics.paired(np.array([1.0, -1.0])).p == 0.5
