"""Joining two runs by picture, and names that are the same thing."""

from __future__ import annotations

import numpy as np

from engine.analyses.matching import Both, joined, matches, overlaps, tally


def test_pictures_are_joined_by_name_in_the_first_ones_order():
    pairs, told = joined({"c": 1, "a": 1, "b": 1}, {"a": 2, "b": 2, "d": 2, "e": 2}, None)
    assert pairs == [("a", "a"), ("b", "b")]
    assert told == Both(2, 1, 2)


def test_twins_have_other_names():
    pairs, told = joined({"a": 1, "b": 1, "c": 1}, {"x": 2, "y": 2}, {"a": "x", "b": "z"})
    assert pairs == [("a", "x")]
    assert told == Both(1, 2, 1)


def test_overlap_is_pictures_in_both_over_pictures_in_either():
    counts = np.array([[3.0, 1], [0, 0]])
    found = overlaps(counts, np.array([4.0, 0]), np.array([5.0, 1]))
    assert found.tolist() == [[3 / 6, 1 / 4], [0, 0]]
    assert matches(found) == {}  # half is not more than half
    assert matches(np.array([[0.6, 0.1], [0.2, 0.51]])) == {0: 0, 1: 1}


def test_more_than_half_is_one_to_one_whatever_the_table():
    rng = np.random.default_rng(0)
    for _ in range(50):
        one, other = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
        counts = np.zeros((4, 4))
        np.add.at(counts, (one, other), 1)
        found = matches(overlaps(counts, counts.sum(1), counts.sum(0)))
        assert len(set(found.values())) == len(found)


def test_a_picture_counts_once_a_name():
    assert tally([("a", "b", "a"), (), ("b",)], ["a", "b", "c"]).tolist() == [1, 2, 0]
