"""Changes of a structure: counts add up at every node, misfits are said, corrections measure."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.analyses.structure import Dimension, Proposal, Result, Row
from engine.analyses.structure.edits import accept, apply, by_words, read, written
from engine.analyses.structure.telling import recounted
from engine.errors import RunError

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


def test_split_move_add_and_drop_keep_counts(result):
    parts = {"crimson": ["0.png"], "scarlet": ["1.png"]}
    assert counts(apply(result, [edit("split", attribute="red", parts=parts)]).result) == {
        "blue": 2, "crimson": 1, "green": 1, "scarlet": 1,
    }  # fmt: skip
    some = apply(result, [edit("split", attribute="red", parts={"crimson": ["0.png"]})]).result
    assert counts(some) == {"blue": 2, "crimson": 1, "green": 1, "red": 1}  # what is in no part stays
    moved = apply(result, [edit("move", attribute="green", to="size")]).result
    assert counts(moved) == {"blue": 2, "red": 2}
    assert {a.name: a.count for a in moved.dimensions[1].attributes} == {"big": 6, "green": 1}
    assert moved.dimensions[0].not_said == 2
    added = apply(result, [edit("add", attribute="violet", files=["4.png", "3.png"])]).result
    assert counts(added) == {"blue": 2, "red": 2, "violet": 2, "green": 1}
    assert added.dimensions[0].other == 0
    dropped = apply(result, [edit("drop", attribute="red")]).result
    assert counts(dropped) == {"blue": 2, "green": 1}
    assert dropped.dimensions[0].other == 2  # the one that was red alone, and the one that was other before
    assert [d.name for d in apply(result, [edit("drop", attribute="")]).result.dimensions] == ["size"]


def test_any_changes_in_any_order_keep_counts(result):
    rng = np.random.default_rng(0)
    for _ in range(60):
        now, log = result, []
        for k in range(6):
            names = [a.name for a in now.dimensions[0].attributes] or ["red"]
            one, two = (names[i % len(names)] for i in rng.integers(0, 9, 2).tolist())
            files = [f"{i}.png" for i in rng.integers(0, 7, 3).tolist()]
            kinds = [
                edit("rename", attribute=one, to=f"new {k}"), edit("merge", attributes=[one, two], into=one),
                edit("split", attribute=one, parts={f"part {k}": files}), edit("move", attribute=one, to="size"),
                edit("add", attribute=f"more {k}", files=files), edit("drop", attribute=one),
                edit("assign", files=files, attributes=[two]),
            ]  # fmt: skip
            log.append(kinds[rng.integers(len(kinds))])
            now = apply(result, log).result
            if now.dimensions[0].name == "colour":
                counts(now)
            for a in now.dimensions[1].attributes:
                assert a.count == sum(a.name in row.values["size"] for row in now.rows)
        assert apply(result, log).result == now  # again from the first on: redo is the same


def test_out_and_in_and_out_again_is_the_same(result):
    log = [edit("rename", attribute="red", to="crimson"), edit("assign", files=["3.png"], attributes=["pink"]),
           edit("rename", attribute="", to="hue")]  # fmt: skip
    out = written(apply(result, log).result)
    assert written(apply(result, [read(out)]).result) == out
    assert [a.name for a in apply(result, [read(out)]).result.dimensions[0].attributes] == [
        "blue",
        "crimson",
        "green",
        "pink",
    ]
    elsewhere = replace(result, rows=tuple(replace(row, file=f"x{row.file}") for row in result.rows))
    assert "none of its pictures is here" in apply(elsewhere, [read(out)]).notes[0]
    for nonsense in ("", "[]", "{}", '{"dimensions": 1, "rows": []}', "[" * 100_000):
        with pytest.raises(RunError, match="no structure"):
            read(nonsense)


def test_an_attribute_is_split_by_what_descriptions_say(result):
    said = {"0.png": "A dark red car.", "1.png": "A light red car."}
    rows = tuple(replace(row, description=said.get(row.file, row.description)) for row in result.rows)
    told = replace(result, rows=rows)
    change = by_words(told, "colour", "red", ["dark red", "light red", "!"])
    assert change["parts"] == {"dark red": ["0.png"], "light red": ["1.png"]}
    assert counts(apply(told, [change]).result)["dark red"] == 1
    assert "would move" in apply(told, [by_words(told, "colour", "red", ["neon"])]).notes[0]


@pytest.mark.parametrize(
    "wrong",
    [edit("split", attribute="red", parts={"blue": ["0.png"]}), edit("split", attribute="pink", parts={"x": ["0.png"]}),
     edit("move", attribute="red", to="colour"), edit("move", attribute="red", to="mood"),
     edit("move", attribute="pink", to="size"), edit("add", attribute="Red", files=["0.png"]),
     edit("drop", attribute="pink"), {"kind": "load"}, {"kind": "load", "dimensions": [], "values": {}},
     {"kind": "load", "dimensions": [{"name": "x"}], "values": {}}, edit("split", attribute="red", parts=[])],
)  # fmt: skip
def test_another_change_that_does_not_fit_is_said(result, wrong):
    told = apply(result, [wrong])
    assert told.result == result
    assert len(told.notes) == 1


def test_new_names_do_not_make_right_wrong(result):
    log = [edit("rename", attribute="red", to="crimson"), edit("assign", files=["0.png"], attributes=["crimson"]),
           edit("rename", attribute="", to="hue")]  # fmt: skip
    told = apply(result, [*log, {"kind": "assign", "dimension": "hue", "files": ["0.png"], "attributes": ["blue"]}])
    assert told.accuracy
    assert (told.accuracy.right, told.accuracy.n) == (0, 1)  # the same picture and dimension, said anew
    assert (told := apply(result, log).accuracy)
    assert (told.right, told.n) == (1, 1)


def test_a_proposal_is_an_edit(result):
    for change, wanted in (
        (Proposal("colour", "add", ("violet",), "", "", {"violet": ("4.png",)}), {"violet": 1}),
        (Proposal("colour", "merge", ("red", "blue"), "red", ""), {"red": 3}),
        (Proposal("colour", "split", ("a", "b"), "red", "", {"a": ("0.png",), "b": ("1.png",)}), {"a": 1, "b": 1}),
        (Proposal("colour", "rename", ("red",), "crimson", ""), {"crimson": 2}),
        (Proposal("colour", "drop", ("green",), "", ""), {"blue": 2}),
    ):
        told = apply(result, [accept(change)])
        assert not told.notes
        assert wanted.items() <= counts(told.result).items()
