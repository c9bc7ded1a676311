"""Changes of a structure: counts add up at every node, misfits are said, corrections measure."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from pydantic import TypeAdapter

from engine.analyses.structure import Dimension, Result, Row
from engine.analyses.structure.edits import apply
from engine.analyses.structure.telling import recounted

VALUES = [("red",), ("red", "blue"), ("blue",), (), ("other",), ("green",)]


@pytest.fixture
def result():
    rows = tuple(Row(f"{i}.png", "x", "text", {"colour": v, "size": ("big",)}) for i, v in enumerate(VALUES))
    dimensions = tuple(
        recounted(Dimension(name, (), 3, 10, 1.0, 0, 0), names, [r.values for r in rows])
        for name, names in (("colour", ["red", "blue", "green"]), ("size", ["big"]))
    )
    return Result(dimensions, (), rows)


def counts(result):
    """By attribute; every count is that of the rows."""
    for one in result.dimensions:
        for a in one.attributes:
            assert a.count == sum(a.name in row.values[one.name] for row in result.rows)
        assert one.other == sum("other" in row.values[one.name] for row in result.rows)
        assert one.not_said == sum(not row.values[one.name] for row in result.rows)
    assert TypeAdapter(Result).validate_python(json.loads(json.dumps(asdict(result)))) == result
    return {a.name: a.count for a in result.dimensions[0].attributes}


def edit(kind, **words):
    return {"kind": kind, "dimension": "colour", **words}


def test_names_and_merges_keep_counts(result):
    assert counts(result) == {"blue": 2, "red": 2, "green": 1}
    one = apply(result, [edit("rename", attribute="red", to="crimson")]).result
    assert counts(one) == {"blue": 2, "crimson": 2, "green": 1}
    assert one.dimensions[0].asked == {"crimson": ("red",)}
    two = apply(result, [edit("rename", attribute="red", to="crimson"),
                         edit("merge", attributes=["crimson", "blue"], into="any")]).result  # fmt: skip
    assert counts(two) == {"any": 3, "green": 1}
    assert set(two.dimensions[0].asked["any"]) == {"red", "blue"}
    hue = apply(result, [edit("rename", attribute="", to="hue")]).result
    assert [d.name for d in hue.dimensions] == ["hue", "size"]
    assert counts(hue) == counts(result)


def test_a_picture_moves_and_a_new_attribute_splits(result):
    one = apply(result, [edit("assign", files=["0.png", "gone.png"], attributes=["dark red"])]).result
    assert counts(one) == {"blue": 2, "dark red": 1, "green": 1, "red": 1}
    assert counts(apply(result, [edit("assign", files=["0.png"], attributes=[])]).result)["red"] == 1
    assert apply(one, []).result == one


def test_the_last_change_is_taken_back_by_leaving_it_out(result):
    log = [edit("rename", attribute="red", to="crimson"), edit("merge", attributes=["crimson", "blue"], into="any")]
    assert apply(result, log[:1]).result == apply(result, log[:1]).result != apply(result, log).result
    assert apply(result, []).result == result


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "rename"}, {"kind": "fly"}, edit("rename", attribute="pink", to="x"),
     edit("rename", attribute="red", to=" "), edit("rename", attribute="red", to="Blue"),
     edit("rename", attribute="", to="size"),
     edit("merge", attributes=["red"], into="x"), edit("merge", attributes=["red", "blue"], into="green"),
     edit("assign", files=["gone.png"], attributes=["red"]), edit("rename", attribute="red", to="other"),
     {"kind": "rename", "dimension": "mood", "attribute": "", "to": "x"}],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_said(result, wrong):
    told = apply(result, [wrong])
    assert told.result == result
    assert len(told.notes) == 1


def test_corrections_measure_the_assignments(result):
    log = [edit("assign", files=["0.png"], attributes=["red"]), edit("assign", files=["2.png"], attributes=["red"]),
           edit("assign", files=["2.png"], attributes=["blue"]),
           edit("assign", files=["5.png"], attributes=["blue"])]  # fmt: skip
    told = apply(result, log).accuracy
    assert told
    assert (told.right, told.n) == (2, 3)  # the last word on a picture counts
    assert told.low < 2 / 3 < told.high
    assert apply(result, []).accuracy is None
