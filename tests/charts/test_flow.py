"""The alluvial diagram: bars and bands as wide as their pictures, in an order with few crossings, each with names."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.charts.flow import Stage, alluvial

COUNTS = np.array([[0.0, 5, 0], [4, 0, 1], [0, 0, 2]])
STAGES = (Stage("one", ("a", "b", ""), (5, 5, 2)), Stage("other", ("x", "y", ""), (4, 5, 3)))


def drawn(stages=STAGES, tables=(COUNTS,)) -> Any:
    return alluvial(stages, list(tables))


def bands(figure):
    """The (x, y) of each: those of one bar are a trace with gaps between them."""
    found = []
    for trace in figure.data:
        if trace.type == "scatter" and trace.fill == "toself":
            x, y = np.array(trace.x), np.array(trace.y)
            ends = np.flatnonzero(np.isnan(x))
            assert np.array_equal(ends, np.flatnonzero(np.isnan(y)))
            found += [(x[i:j], y[i:j]) for i, j in zip([0, *(ends[:-1] + 1)], ends, strict=True)]
    return found


def points(figure):
    return [t for t in figure.data if t.type == "scatter" and t.mode == "markers+text"]


def bars(figure, stage):
    return next(t for t in figure.data if t.type == "bar" and t.customdata[0][0] == stage)


def handles(figure):
    return {tuple(c[:3]): c[4] for t in points(figure) for c in t.customdata}


def test_bars_are_as_high_as_their_pictures_and_do_not_overlap():
    figure = drawn()
    for stage, sizes in enumerate(([5, 5, 2], [4, 5, 3])):
        told = bars(figure, stage)
        assert list(told.y) == sizes
        spans = sorted((low, low + n) for low, n in zip(told.base, told.y, strict=True))
        assert all(one[1] < other[0] for one, other in pairwise(spans))


def test_every_band_has_its_names_and_its_pictures():
    assert handles(drawn()) == {(0, 0, 1): 5, (0, 1, 0): 4, (0, 1, 2): 1, (0, 2, 2): 2}
    words = " ".join(c[3] for t in points(drawn()) for c in t.customdata)
    assert "a → y" in words
    assert "none → none" in words


def test_bands_end_within_their_bars():
    figure = drawn()
    left, right = bars(figure, 0), bars(figure, 1)
    spans = [[(low, low + n) for low, n in zip(t.base, t.y, strict=True)] for t in (left, right)]
    assert len(bands(figure)) == 4
    for x, y in bands(figure):
        for at, some in ((x.min(), spans[0]), (x.max(), spans[1])):
            ends = y[np.isclose(x, at)]
            assert any(low - 1e-9 <= ends.min() and ends.max() <= high + 1e-9 for low, high in some)


def test_what_goes_together_stands_together_and_none_is_last():
    names = ("p", "q", "r", "s")
    turned = np.eye(4)[::-1] * 3
    figure = drawn((Stage("one", names, (3,) * 4), Stage("other", (*names[:3], ""), (3,) * 4)), (turned,))
    lows = list(bars(figure, 1).base)
    assert lows.index(min(lows)) == 3  # "" is at the bottom
    straight = drawn((Stage("one", names, (3,) * 4), Stage("other", names, (3,) * 4)), (turned,))
    for _, y in bands(straight):
        assert max(y) - min(y) == pytest.approx(3)  # none crosses another


def test_three_readings_and_hostile_names():
    stages = (*STAGES, Stage("<b>third</b>", ("<img src=x>", "n" * 80), (7, 5)))
    figure = drawn(stages, (COUNTS, np.array([[4.0, 0], [3, 2], [0, 3]])))
    assert {c[0] for c in handles(figure)} == {0, 1}
    said = " ".join(str(a.text) for a in figure.layout.annotations)
    assert "<img" not in said
    assert "‹b›third‹/b›" in said
    assert "n" * 30 not in said


def test_many_bands_are_cut_to_the_largest():
    n = 40
    counts = np.random.default_rng(0).integers(1, 9, (n, n)).astype(float)
    names = tuple(f"c{i}" for i in range(n))
    figure = drawn((Stage("a", names, tuple(counts.sum(1))), Stage("b", names, tuple(counts.sum(0)))), (counts,))
    assert len(bands(figure)) == 160
    assert len(figure.data) <= n + 3  # few traces, as each costs the server and the browser time


def test_one_name_a_side_and_no_pictures():
    assert len(handles(drawn((Stage("a", ("x",), (3,)), Stage("b", ("y",), (3,))), (np.array([[3.0]]),)))) == 1
    assert not handles(drawn((Stage("a", ("x",), (0,)), Stage("b", ("y",), (0,))), (np.array([[0.0]]),)))


def test_room_beside_the_bars_is_in_pixels_and_holds_the_longest_name():
    some = (Stage("A", ("cat", "small wild animal"), (1, 2)), Stage("B", ("dog", "bird"), (1, 2)))
    figure = drawn(some, (np.array([[1, 0], [0, 2]]),))
    assert figure.layout.margin.l > 6 * len("small wild animal 2") > figure.layout.margin.r > 6 * len("bird 2")
    first, last = figure.layout.xaxis.range
    assert first == pytest.approx(1 - last)  # bars stand at both ends: no share of the width is left for names
    assert 1 < last < 1.1
