"""Sides and halves: what is left out, what stays together, and that no order or name matters."""

from __future__ import annotations

import hashlib

import numpy as np

from engine.analyses.differences.sides import sides
from engine.gallery import Picture


def pictures(n, same=()):
    """`same`: pairs of places that hold the same bytes."""
    content = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(n)]
    for i, j in same:
        content[j] = content[i]
    return [Picture(f"{i}.png", content[i], 1, 1, "/nowhere", "", {}) for i in range(n)]


def places(units):
    return set(units.places.tolist())


def test_halves_share_nothing_and_are_alike_in_size():
    found = sides(pictures(101), np.arange(60), np.arange(60, 101), np.arange(101), 0)
    (a1, b1), (a2, b2) = found.discover, found.confirm
    assert not places(a1) & places(a2)
    assert places(a1) | places(a2) == set(range(60))
    assert (len(a1), len(a2), len(b1), len(b2)) == (30, 30, 20, 21)


def test_what_stands_in_both_sets_is_left_out_by_content_too():
    found = sides(pictures(20, same=[(0, 19), (1, 2)]), np.arange(10), np.arange(9, 20), np.arange(20), 0)
    assert found.in_both == (0, 9, 19)
    assert {1, 2} <= places(found.both[0])


def test_near_copies_stay_together_and_count_once():
    copies = np.arange(40)
    copies[[1, 2, 3]] = 1
    copies[[5, 30]] = 5  # across the sides
    found = sides(pictures(40), np.arange(20), np.arange(20, 40), copies, 0)
    assert found.spare == 2
    assert found.copied == (5, 30)
    for half in (found.discover, found.confirm):
        assert len({1, 2, 3} & places(half[0])) in (0, 3)
        assert (5 in places(half[0])) == (30 in places(half[1]))
    assert len(found.both[0]) == 18
    scores = np.zeros(40)
    scores[[1, 2, 3]] = 3, 6, np.nan
    assert sorted(found.both[0].values(scores))[-1] == 4.5


def test_exchanging_sides_or_order_changes_no_half():
    some = pictures(50)
    one = sides(some, np.arange(30), np.arange(30, 50), np.arange(50), 3)
    other = sides(some, np.arange(30, 50), np.arange(30), np.arange(50), 3)
    assert places(one.confirm[0]) == places(other.confirm[1])
    turned = sides(some[::-1], 49 - np.arange(30), 49 - np.arange(30, 50), np.arange(50), 3)
    names = {some[i].name for i in places(one.confirm[0])}
    assert names == {some[::-1][i].name for i in places(turned.confirm[0])}
    assert places(sides(some, np.arange(30), np.arange(30, 50), np.arange(50), 4).confirm[0]) != places(one.confirm[0])


def test_pairs_stay_in_one_half():
    pairs = [str(i % 20) for i in range(40)]
    found = sides(pictures(40), np.arange(20), np.arange(20, 40), np.arange(40), 0, pairs)
    assert {i + 20 for i in places(found.confirm[0])} == places(found.confirm[1])
    assert 0 < len(found.confirm[0]) < 20
