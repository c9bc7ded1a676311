"""Two typicality runs side by side: ranks, Spearman's rho, elements that recur."""

from __future__ import annotations

import pytest

from engine.analyses.matching import Both
from engine.analyses.typicality.diff import diff, lines, tables
from engine.analyses.typicality.result import Element, Patch, Result, Row


def made(values, elements=(), label="cat", draws=32):
    rows = tuple(Row(f, label, t, t - 0.1, t + 0.1) for f, t in values.items())
    return Result(rows, tuple(elements), None, draws, "a photo of {}", "a photo")


def element(number, *boxes, label="cat", median=0.5):
    patches = tuple(Patch(file, box, 0.5) for file, box in boxes)
    return Element(label, number, patches, median, 0.4, 0.6, len(boxes), 0.1)


FIVE = {"a": 5.0, "b": 4.0, "c": 3.0, "d": 2.0, "e": 1.0}
BOX, NEAR, FAR = (0.0, 0.0, 0.5, 0.5), (0.1, 0.0, 0.5, 0.5), (0.5, 0.5, 0.5, 0.5)


def test_ranks_and_rho():
    one = diff(made(FIVE), made(FIVE | {"a": 0.0}))
    (cat,) = one.labels
    assert cat.pictures == Both(5, 0, 0)
    # ranks 1 2 3 4 5 against 5 1 2 3 4: 1 - 6 (16 + 4) / (5 · 24) = 0
    assert cat.rho == pytest.approx(0)
    assert cat.low < 0 < cat.high
    first = cat.ranks[0]
    assert (first.file, first.rank_a, first.rank_b, first.is_apart) == ("a", 1, 5, True)
    assert sum(r.is_apart for r in cat.ranks) == 1
    same = diff(made(FIVE), made(FIVE)).labels[0]
    assert same.rho == pytest.approx(1)
    reverse = diff(made(FIVE), made({f: -t for f, t in FIVE.items()})).labels[0]
    assert reverse.rho == pytest.approx(-1)


def test_ranks_are_among_the_pictures_in_both():
    one = diff(made(FIVE), made({"b": 9.0, "e": 8.0, "x": 10.0})).labels[0]
    assert one.pictures == Both(2, 3, 1)
    assert {r.file: (r.rank_a, r.rank_b) for r in one.ranks} == {"b": (1, 1), "e": (2, 2)}
    assert one.rho is None
    assert "too few to rank" in "\n".join(lines(diff(made(FIVE), made({"b": 9.0}))))


def test_labels_of_one_alone_are_said():
    one = diff(made(FIVE), made(FIVE, label="dog"))
    assert (one.labels, one.only_a, one.only_b) == ((), ("cat",), ("dog",))


def test_elements_are_the_same_by_their_patches():
    a = made(FIVE, [element(1, ("a", BOX), ("b", BOX), ("c", BOX)), element(2, ("d", FAR), ("e", FAR))])
    b = made(FIVE, [element(1, ("d", BOX)), element(2, ("a", NEAR), ("b", NEAR), ("c", FAR))])
    told = [(e.a.number if e.a else 0, e.b.number if e.b else 0, e.what) for e in diff(a, b).elements]
    assert told == [(1, 2, "same"), (2, 0, "gone"), (0, 1, "new")]
    assert diff(a, b).elements[0].share == pytest.approx(2 / 4)  # two of three and three
    assert "element cat 1" in "\n".join(lines(diff(a, b)))
    assert len(tables(diff(a, b))["elements"]) == 3
    assert len(tables(diff(a, b))["ranks"]) == 5


def test_pictures_may_go_by_other_names():
    a = made(FIVE, [element(1, ("a", BOX))])
    b = made({f"copy/{f}": t for f, t in FIVE.items()}, [element(1, ("copy/a", BOX))])
    one = diff(a, b, {f: f"copy/{f}" for f in FIVE})
    assert one.labels[0].rho == pytest.approx(1)
    assert one.elements[0].what == "same"
