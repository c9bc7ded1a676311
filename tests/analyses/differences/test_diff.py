"""Two differences runs side by side: statements that are new, gone, or told otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.analyses.differences import Comparison, Finding, Result
from engine.analyses.differences.diff import diff, lines, tables
from engine.analyses.matching import Both


def finding(statement, auroc=0.8, verdict: Any = "confirmed", direction: Any = "a", fold=()):
    return Finding(statement, direction, auroc, auroc - 0.05, auroc + 0.05, 0.01, 0.02, verdict, ("chat",), fold)


def made(*findings, a="beach", b="forest", files=("1", "2", "3", "4"), scored="clip"):
    return Result((Comparison(a, b, files, 2, (2, 2), findings, (), 0.6, 0.7),), scored, {})


def whats(one):
    return {s.statement: s.what for s in one.comparisons[0].statements}


def test_each_kind_of_change():
    a = made(finding("red car"), finding("snow"), finding("a boat"), finding("night"), finding("old tree", 0.9))
    b = made(
        finding("red car"), finding("snow", verdict="hint"), finding("a boat", 0.2, direction="b"), finding("fog"),
        finding("old tree", 0.6),
    )  # fmt: skip
    one = diff(a, b)
    assert whats(one) == {
        "red car": "same", "snow": "other verdict", "a boat": "other direction", "night": "gone", "fog": "new",
        "old tree": "other AUROC",
    }  # fmt: skip
    assert [s.what for s in one.comparisons[0].statements][-1] == "same"
    said = "\n".join(lines(one))
    assert "other verdict: snow: confirmed, AUROC 0.800 [0.750, 0.850] -> hint" in said
    assert "new: fog: not there -> confirmed" in said
    assert len(tables(one)["statements"]) == 6


def test_other_words_for_the_same_are_the_same_statement():
    one = diff(made(finding("an azure car", fold=("a sky-blue car",))), made(finding("a blue automobile")))
    assert whats(one) == {"an azure car": "same"}
    exact = diff(made(finding("cars"), finding("car")), made(finding("car"), finding("cars")))
    assert [(s.a.statement, s.b.statement) for s in exact.comparisons[0].statements if s.a and s.b] == [
        ("cars", "cars"),
        ("car", "car"),
    ]


def test_sides_are_joined_by_name_and_counted_by_picture():
    one = diff(made(finding("x y"), files=("1", "2", "3", "4")), made(finding("x y"), files=("1", "5", "3", "4")))
    assert one.comparisons[0].pictures == (Both(1, 1, 1), Both(2, 0, 0))
    many = replace(made(), comparisons=(*made(a="p", b="q").comparisons, *made(a="r", b="s").comparisons))
    some = diff(many, made(a="p", b="q"))
    assert (len(some.comparisons), some.only_a, some.only_b) == (1, ("r against s",), ())


def test_one_comparison_each_is_compared_whatever_it_is_called():
    one = diff(made(finding("x y")), made(finding("x y"), a="sand", scored="descriptions"))
    assert whats(one) == {"x y": "same"}
    said = "\n".join(lines(one))
    assert "beach against forest; in B sand against forest" in said
    assert "scored by clip in A, by descriptions in B" in said
