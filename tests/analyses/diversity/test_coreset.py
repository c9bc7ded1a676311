"""Core-sets against the plain way to choose them; labels, weights, pins; the curve beside chance."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.diversity import choosing
from engine.analyses.diversity.coreset import METHODS, at_random, coreset, curve
from engine.analyses.diversity.spectrum import unit_rows
from engine.errors import Stopped
from engine.progress import Progress


@pytest.fixture(scope="module")
def clusters():
    """300 unit vectors in 12 clusters of very different size, and their clusters."""
    rng = np.random.default_rng(0)
    of = np.sort(rng.choice(12, 300, p=np.arange(1, 13) / 78))
    centres = rng.standard_normal((12, 32))
    return unit_rows((centres[of] + 0.5 * rng.standard_normal((300, 32))).astype(np.float32)), of


def plain_facility(unit, m):
    cosines, nearest, chosen = unit @ unit.T, np.full(len(unit), -1.0), []
    for _ in range(m):
        gains = np.maximum(cosines - nearest, 0).sum(1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        nearest = np.maximum(nearest, cosines[chosen[-1]])
    return chosen


def plain_spectrum(unit, m):
    rows = (unit - unit.mean(0)).astype(float)
    kernel, chosen = np.eye(32) * 0.1 * (rows**2).sum() / rows.size, []
    for _ in range(m):
        outside = np.einsum("ij,jk,ik->i", rows, np.linalg.inv(kernel), rows)
        outside[chosen] = -1
        chosen.append(int(outside.argmax()))
        kernel += np.outer(rows[chosen[-1]], rows[chosen[-1]])
    return chosen


def plain_farthest(unit, m):
    chosen = [int((unit @ unit.mean(0)).argmax())]
    while len(chosen) < m:
        chosen.append(int((unit @ unit[chosen].T).max(1).argmin()))
    return chosen


@pytest.mark.parametrize(
    ("method", "plain"),
    [("facility location", plain_facility), ("spectrum", plain_spectrum), ("k-center", plain_farthest)],
)
def test_choices_are_those_of_the_plain_way(clusters, method, plain):
    unit, _ = clusters
    assert coreset(unit, 40, method) == plain(unit, 40)


@pytest.mark.parametrize("method", METHODS)
def test_a_shorter_core_set_is_the_beginning_of_a_longer_one(clusters, method):
    unit, _ = clusters
    assert coreset(unit, 50, method)[:20] == coreset(unit, 20, method)


@pytest.mark.parametrize("method", METHODS)
def test_every_cluster_is_in_and_no_picture_twice(clusters, method):
    unit, of = clusters
    chosen = coreset(unit, 24, method)
    assert len(set(chosen)) == 24
    assert len(set(of[chosen])) >= 11
    assert sorted(coreset(unit, 10**6, method)) == list(range(300))


def test_pins_and_what_is_left_out(clusters):
    unit, _ = clusters
    chosen = coreset(unit, 20, pinned=[7, 3, 7], left_out=[0, 1, 2, 3])
    assert chosen[:2] == [7, 3]  # pinned wins
    assert not {0, 1, 2} & set(chosen)
    assert len(chosen) == len(set(chosen)) == 20
    assert coreset(unit, 1, pinned=[5, 6]) == [5, 6]


@pytest.mark.parametrize("method", METHODS)
def test_labels_are_balanced_as_far_as_they_go(clusters, method):
    unit, of = clusters
    there = np.bincount(of)
    assert there.min() <= 5  # the smallest clusters cannot fill their share
    for m in (12, 50, 61):
        got = np.bincount(of[coreset(unit, m, method, labels=[f"c{k}" for k in of])], minlength=12)
        assert got.sum() == m
        full = got == there
        assert got[~full].max() - got[~full].min() <= 1
        assert got[full].max(initial=0) <= got[~full].max()


def test_pins_count_for_their_label(clusters):
    unit, of = clusters
    pinned = np.flatnonzero(of == 11)[:6].tolist()
    got = np.bincount(of[coreset(unit, 24, labels=of.astype(str).tolist(), pinned=pinned)], minlength=12)
    assert got.tolist()[11] == 6
    assert set(got[:11].tolist()) <= {1, 2}


def test_a_heavy_picture_comes_first(clusters):
    unit, _ = clusters
    weights = np.ones(300)
    weights[17] = 1e4
    assert coreset(unit, 3, weights=weights)[0] == 17


def test_a_picture_of_weight_two_counts_as_two(clusters):
    unit, _ = clusters
    weights = np.ones(300)
    weights[:40] = 2
    doubled = np.concatenate([unit, unit[:40]])
    chosen = [i if i < 300 else i - 300 for i in coreset(doubled, 12)]
    assert coreset(unit, 12, weights=weights) == chosen


def test_very_many_are_chosen_by_a_sample(clusters, monkeypatch):
    unit, of = clusters
    monkeypatch.setattr(choosing, "TARGETS", 100)
    assert len(set(of[coreset(unit, 24)])) >= 11


def test_the_curve_rises_above_chance(clusters):
    unit, _ = clusters
    told, drawn = curve(unit, coreset(unit, 20)), at_random(unit, 20)
    assert [p.m for p in told] == [p.m for p in drawn] == [1, 2, 4, 8, 16, 20]
    assert [p.coverage for p in told] == sorted(p.coverage for p in told)
    assert all(one.coverage > (other.high or 1) for one, other in zip(told[2:], drawn[2:], strict=True))
    assert (drawn[-1].low or 1) < drawn[-1].coverage < (drawn[-1].high or 0)
    everything = curve(unit, list(range(300)))[-1]
    assert everything.coverage == pytest.approx(1, abs=1e-6)
    assert curve(unit, []) == []


def test_it_can_be_stopped(clusters):
    with pytest.raises(Stopped):
        coreset(clusters[0], 20, progress=Progress(stop=lambda: "Stopped."))
