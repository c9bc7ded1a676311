"""What one reading says that another does not: by hand, by chance, and in words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analyses.criteria import Reading, pair, pairs, sentences, stage, summary


def reading(name, *values):
    """One letter a picture; "-" says nothing, "?" was not looked at, "ab" has both."""
    return Reading(name, tuple(None if v == "?" else () if v == "-" else tuple(v) for v in values))


A = reading("object", *"ccccccddddddbbbbbb" * 5)  # car, dog, boat
COARSE = reading("kind", *"vvvvvvaaaaaavvvvvv" * 5)  # vehicle, animal: tells nothing that object does not


def test_what_follows_from_another_says_nothing_alone():
    told = pair(A, COARSE)
    assert told.pictures == 90
    assert told.v == pytest.approx(1)
    assert told.p < 0.01
    assert told.b_alone.share == pytest.approx(0, abs=0.01)
    # H(A) = log2 3; given animal 0 bits, given vehicle 1 bit, two thirds of the time
    assert told.a_alone.bits == pytest.approx(math.log2(3))
    assert told.a_alone.raw == pytest.approx(2 / 3 / math.log2(3))
    assert told.a_alone.low <= told.a_alone.share <= told.a_alone.high
    assert told.a_alone.share == pytest.approx(told.a_alone.raw, abs=0.02)
    assert list(sentences("object", told.a_alone)) == ["object splits “v” (60) into b 50%, c 50%."]
    assert list(sentences("kind", told.b_alone)) == []
    assert summary("kind", "object", told.b_alone) == "All that kind says, object says already."


def test_the_other_way_round_is_its_mirror():
    one, back = pair(A, COARSE), pair(COARSE, A)
    assert (one.v, one.a_alone.raw, one.b_alone.raw) == pytest.approx((back.v, back.b_alone.raw, back.a_alone.raw))
    assert one.counts.counts.T.tolist() == back.counts.counts.tolist()


def test_independent_readings_leave_all_and_chance_is_taken_off():
    rng = np.random.default_rng(1)
    x, y = (reading(n, *rng.choice(list("abcdefgh"), 60)) for n in "xy")  # 60 pictures in 64 cells
    told = pair(x, y)
    assert told.p > 0.05
    assert told.a_alone.raw < 0.9  # so few pictures seem to tell of one another
    assert told.a_alone.share > 0.9
    assert "next to nothing" in summary("x", "y", told.a_alone)


def test_p_is_uniform_where_nothing_goes_together():
    rng = np.random.default_rng(0)
    found = [
        pair(*(reading(n, *rng.choice(list("abc"), 80)) for n in "xy"), seed=k, draws=99).p for k in range(100)
    ]  # fmt: skip
    assert sum(p <= 0.05 for p in found) <= 12  # 5 expected; 12 or more happen once in 250 times
    assert 0.35 < float(np.mean(found)) < 0.65


def test_only_pictures_of_which_both_say_something_count():
    told = pair(reading("x", "a", "b", "-", "?", "a"), reading("y", "c", "d", "c", "c", "-"))
    assert told.pictures == 2
    assert told.counts.counts.sum() == 2


def test_a_picture_with_two_values_counts_in_each():
    told = pair(reading("x", *["ab"] * 10, *["c"] * 10), reading("y", *"d" * 10, *"e" * 10))
    assert told.counts.counts.tolist() == [[10, 0], [10, 0], [0, 10]]
    assert told.p < 0.05


def test_nothing_to_say():
    same = pair(reading("x", *"aaaa"), reading("y", *"bcbc"))
    assert (same.p, same.v, same.a_alone.bits) == (1.0, 0.0, 0.0)
    assert "same of every picture" in summary("x", "y", same.a_alone)
    none = pair(reading("x", "a", "-"), reading("y", "-", "b"))
    assert (none.pictures, none.p) == (0, 1.0)


def test_the_seed_decides():
    rng = np.random.default_rng(2)
    x, y = (reading(n, *rng.choice(list("abc"), 50)) for n in "xy")
    one, same, other = pair(x, y, 3), pair(x, y, 3), pair(x, y, 4)
    assert (one.p, one.a_alone, one.b_alone) == (same.p, same.a_alone, same.b_alone)
    assert one.a_alone != other.a_alone


def test_p_is_corrected_for_all_pairs():
    told = pairs([A, COARSE, reading("z", *np.random.default_rng(0).choice(list("pq"), 90))])
    assert [(one.a, one.b) for one in told] == [("object", "kind"), ("object", "z"), ("kind", "z")]
    assert all(one.q >= one.p for one in told)
    assert told[0].q == pytest.approx(min(1, 3 * told[0].p))


def test_names_of_a_stage():
    names, order = stage([("a",), ("a", "b"), (), ("c",), ("a",), ("d",)], 3)
    assert names == ["a", "a + b", "", "2 others", "a", "2 others"]
    assert order == ["a", "a + b", "2 others", ""]
