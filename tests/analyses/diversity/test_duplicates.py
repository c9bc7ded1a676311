"""Groups of near pairs, what to keep, and pairs across parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.analyses.diversity import duplicates
from engine.analyses.diversity.duplicates import across, components, find, grouped, leaks, to_keep, usual_cosine
from engine.analyses.diversity.result import Duplicates, Group
from engine.analyses.diversity.rows import Rows
from engine.progress import Progress

TOLD = Duplicates(
    threshold=0.8,
    is_own=True,
    floor=0.6,
    files=("a", "b", "c", "d", "e", "f"),
    first=(0, 3, 1, 4, 0),
    second=(1, 4, 2, 5, 3),
    cosine=(1.0, 0.95, 0.85, 0.8, 0.6),
    sharpness=(0.5, 0.5, 0.9, None, 0.4, 0.3),
    pixels=(100, 100, 50, 100, 400, 100),
    content=(0, 0, 2, 3, 4, 5),
    part=("train", "test", "train", "test", "train", ""),
)


def test_groups_are_joined_by_pairs_and_begin_with_what_to_keep():
    # a - b - c: c is the only sharp one. d - e - f: e is the largest, and as sharp as any.
    assert grouped(TOLD, 0.8) == (Group(("c", "a", "b"), False), Group(("e", "d", "f"), False))
    assert grouped(TOLD, 0.9) == (Group(("a", "b"), True), Group(("e", "d"), False))
    assert len(grouped(TOLD, 0.6)) == 1
    assert grouped(TOLD, 1.0) == (Group(("a", "b"), True),)
    assert grouped(replace(TOLD, first=(), second=(), cosine=()), 0.5) == ()


def test_the_larger_of_equally_sharp_ones_is_kept_and_never_a_blurred_one():
    assert to_keep([0.5, 0.45], [100, 200]) == 1
    assert to_keep([0.5, 0.1], [100, 10_000]) == 0
    assert to_keep([0.5, 0.45], [100, 100]) == 0
    assert to_keep([None, None], [100, 200]) == 1
    assert to_keep([0.3, 0.3, 0.3], [5, 5, 5]) == 0


def test_pairs_across_parts():
    assert across(TOLD, 0.8) == {("test", "train"): 3}  # a-b, d-e, b-c; e-f has no part
    assert across(TOLD, 0.9)["test", "train"] == 2
    assert leaks(TOLD, "test", "train", 0.8) == [("b", "a", 1.0), ("d", "e", 0.95), ("b", "c", 0.85)]
    assert leaks(TOLD, "train", "test", 0.9) == [("a", "b", 1.0), ("e", "d", 0.95)]
    assert leaks(TOLD, "train", "train", 0.5) == []
    assert across(replace(TOLD, part=()), 0.5) == {}


def test_components_by_size_then_place():
    assert components(np.array([5, 1, 2]), np.array([6, 2, 9])) == [[1, 2, 9], [5, 6]]
    assert components(np.array([], int), np.array([], int)) == []


def rows_with_copies(n=200):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n, 32)).astype(np.float32)
    rows[1] = rows[0]
    rows[3] = rows[2] + 0.3 * rng.standard_normal(32)
    return rows


def test_pairs_below_the_threshold_are_listed_too():
    rows = rows_with_copies()
    told = find(rows, Rows(200), {}, 0.9, True, 0, Progress())
    assert told.floor == pytest.approx(0.75)
    assert [told.files[i] for i in (told.first[0], told.second[0])] == ["0", "1"]
    assert grouped(told, 0.9) == (Group(("0", "1"), False), Group(("2", "3"), False))
    assert told.sharpness == (None,) * len(told.files)


def test_without_a_threshold_the_most_unusual_pairs_are_listed(monkeypatch):
    rows = rows_with_copies()
    told = find(rows, Rows(200), {}, None, False, 0, Progress())
    assert told.threshold is None
    assert told.floor == pytest.approx(usual_cosine(rows, 0.001, 0))
    assert 15 <= len(told.first) <= 25  # one in a thousand of 19,900
    assert {told.files[i] for i in (*told.first[:2], *told.second[:2])} == {"0", "1", "2", "3"}
    monkeypatch.setattr(duplicates, "_LEAST", 0.7)
    assert find(rows, Rows(200), {}, None, False, 0, Progress()).floor == 0.7


def test_parts_are_told_of_each_file():
    parts = {"left": np.arange(3), "right": np.arange(2, 200)}
    told = find(rows_with_copies(), Rows(200), parts, 0.9, True, 0, Progress())
    assert dict(zip(told.files, told.part, strict=True)) == {"0": "left", "1": "left", "2": "left", "3": "right"}
