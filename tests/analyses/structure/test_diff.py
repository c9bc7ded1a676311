"""Two structure runs side by side: dimensions and attributes that came, went, were renamed; pictures told otherwise."""

from __future__ import annotations

import pytest

from engine.analyses.matching import Both
from engine.analyses.structure import Dimension, Result, Row
from engine.analyses.structure.diff import diff, edited, lines, tables
from engine.analyses.structure.telling import recounted


def made(**dimensions):
    """A result of dimension=[attributes of each picture, "a|b" for two, "" for not said]."""
    n = len(next(iter(dimensions.values())))
    values = [{name: tuple(v for v in said[i].split("|") if v) for name, said in dimensions.items()} for i in range(n)]
    rows = tuple(Row(f"{i}.png", "", "text", one) for i, one in enumerate(values))
    names = {name: sorted({v for one in values for v in one[name]}) for name in dimensions}
    told = tuple(recounted(Dimension(n, (), 3, 10, 1.0, 0, 0), some, values) for n, some in names.items())
    return Result(told, (), rows)


PLACE = ["beach", "beach", "forest", "forest", "street", ""]


def whats(one):
    return {d.name: d.what for d in one.dimensions}


def test_the_same_twice():
    one = diff(made(place=PLACE), made(place=PLACE))
    (place,) = one.dimensions
    assert (place.what, place.changed, place.compared) == ("kept", (), 6)
    assert place.same == pytest.approx(1)
    assert {a.what for a in place.attributes} == {"kept"}


def test_dimensions_come_and_go_and_are_renamed():
    a = made(place=PLACE, time=["day", "night"] * 3, size=["big"] * 3 + ["small"] * 3)
    b = made(where=[{"beach": "shore"}.get(v, v) for v in PLACE], Times=["day", "night"] * 3, mood=["x", "y"] * 3)
    one = diff(a, b)
    assert whats(one) == {"place -> where": "renamed", "time": "kept", "size": "gone", "mood": "new"}
    where = one.dimensions[0]
    assert {a.what for a in where.attributes} == {"kept", "renamed"}
    assert where.changed == ()  # the beach is the shore
    said = "\n".join(lines(one))
    assert "size: gone (big, small)" in said
    assert "mood: new (x, y)" in said


def test_pictures_that_are_told_otherwise():
    b = list(PLACE)
    b[0], b[4] = "forest", "street|beach"
    one = diff(made(place=PLACE), made(place=b))
    changed = {c.file: (c.a, c.b) for c in one.dimensions[0].changed}
    assert changed == {"0.png": (("beach",), ("forest",)), "4.png": (("street",), ("street", "beach"))}
    assert "2 of 6 pictures are told otherwise (33.3%)" in "\n".join(lines(one))
    assert [row["file"] for row in tables(one)["changed"]] == ["0.png", "4.png"]


def test_attributes_that_are_new_or_gone():
    one = diff(made(place=PLACE), made(place=["beach", "beach", "wood", "wood", "", "lake"]))
    told = {(x.a.name if x.a else "", x.b.name if x.b else ""): x.what for x in one.dimensions[0].attributes}
    assert told == {
        ("beach", "beach"): "kept",
        ("forest", "wood"): "renamed",
        ("street", ""): "gone",
        ("", "lake"): "new",
    }
    assert len(tables(one)["attributes"]) == 4


def test_other_names_of_pictures_and_pictures_of_one_alone():
    a, b = made(place=PLACE), made(place=PLACE)
    one = diff(a, b, {"0.png": "5.png", "1.png": "0.png"})
    assert one.pictures == Both(2, 4, 4)
    assert {c.file: c.b for c in one.dimensions[0].changed} == {"0.png": ()}


def test_a_persons_changes_are_carried_out():
    a = made(place=PLACE)
    b = edited(a, [{"kind": "rename", "dimension": "place", "attribute": "forest", "to": "wood"}])
    (place,) = diff(a, b).dimensions
    assert {x.what for x in place.attributes} == {"kept", "renamed"}
    assert not place.changed
