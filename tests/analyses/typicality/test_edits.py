"""A person's changes: what is merged and split is told anew, numbers stay, other patches keep a change or say why."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.analyses.typicality import Params, Result, edits, tables
from engine.analyses.typicality import elements as parts
from engine.analyses.typicality.finding import sort_patches, tell
from tests.analyses.typicality.test_elements import planted

PARAMS = Params(elements=4, per_picture=2)


@pytest.fixture(scope="module")
def world():
    return planted()


@pytest.fixture(scope="module")
def sorts(world):
    return sort_patches(PARAMS, world.questions, world.maps, world.features, 0)


@pytest.fixture
def told(world, sorts):
    """Elements of label a after these changes, by number, and the notes."""

    def after(*log, of=sorts):
        edited = edits.apply(of, [edit | {"n": i} for i, edit in enumerate(json.loads(json.dumps(log)), 1)], 0)
        elements = tell(edited.sorts, world.questions, world.features, (), {}, 0)
        return {one.number: one for one in elements if one.label == "a"}, edited.notes

    return after


def test_without_changes_nothing_changes(world, sorts, told):
    elements, notes = told()
    assert notes == ()
    assert list(elements) == [1, 2, 3, 4]
    again = tell(sorts, world.questions, world.features, (), {}, 0)
    assert tuple(elements.values()) == tuple(one for one in again if one.label == "a")


def test_merged_is_told_anew(told):
    before, _ = told()
    after, notes = told(edits.edit_of("merge", [before[3], before[1]]))
    assert notes == ()
    assert set(after) == {1, 2, 4}  # the others keep theirs
    one = after[1]
    assert one.by_hand == "1 + 3"
    assert set(one.patches) == {*before[1].patches, *before[3].patches}
    assert one.pictures == len({p.file for p in one.patches})
    assert one.median == np.median([p.t for p in one.patches])
    assert one.low <= one.median <= one.high
    # Seen where either is: at least as often as each of them, at most as often as both together
    for rate in ("rate", "rate_elsewhere"):
        some = [getattr(before[k], rate) for k in (1, 3)]
        assert max(some) <= getattr(one, rate) <= sum(some)
    assert after[2].patches == before[2].patches
    medians = [one.median for one in after.values()]
    assert medians == sorted(medians, reverse=True)


def test_merging_all_of_a_label_and_again(told):
    before, _ = told()
    first = edits.edit_of("merge", [before[1], before[2]])
    after, _ = told(first)
    second = edits.edit_of("merge", [after[1], before[4]])
    after, notes = told(first, second)
    assert notes == ()
    assert after[1].by_hand == "1 + 2 + 4"


def test_split_falls_into_what_was_planted(world, told):
    one = sort_patches(Params(elements=1, per_picture=2), world.questions, world.maps, world.features, 0)
    before, _ = told(of=one)
    after, notes = told(edits.edit_of("split", [before[1]]), of=one)
    assert notes == ()
    assert set(after) == {1, 2}
    assert {parts.purity(e.patches, world.kinds) for e in after.values()} == {("wheel", 1.0), ("door", 1.0)}
    for e in after.values():
        assert e.by_hand == "part of 1"
        assert e.rate >= 0.8
        assert e.rate_elsewhere <= 0.05
        assert e.q < 1e-5
    joined, _ = told(edits.edit_of("split", [before[1]]), edits.edit_of("merge", list(after.values())), of=one)
    assert set(joined[1].patches) == set(before[1].patches)
    assert joined[1].rate_elsewhere <= 0.05  # not what their common middle would see


def test_a_number_is_never_given_twice(told):
    before, _ = told()
    merged = edits.edit_of("merge", [before[1], before[4]])
    after, _ = told(merged)
    after, notes = told(merged, edits.edit_of("split", [after[1]]))
    assert (notes, set(after)) == ((), {1, 2, 3, 5})


def test_names_and_hiding(told):
    before, _ = told()
    log = [edits.edit_of("name", [before[2]], " big \n <b>wheel</b> "), edits.edit_of("hide", [before[1], before[2]])]
    after, notes = told(*log)
    assert (notes, after[2].name) == ((), "big <b>wheel</b>")
    assert {k for k, one in after.items() if one.is_hidden} == {1, 2}
    assert [one.q for one in after.values()] == [one.q for one in before.values()]  # what is hidden was tried, too
    after, _ = told(*log, edits.edit_of("show", [before[2]]))
    assert {k for k, one in after.items() if one.is_hidden} == {1}
    after, _ = told(*log, edits.edit_of("merge", [before[1], before[2]]))
    assert (after[1].name, after[1].is_hidden) == ("big <b>wheel</b>", False)


def test_with_other_patches_a_change_finds_its_element(world, told):
    before, _ = told()
    wheel = next(one for one in before.values() if parts.purity(one.patches, world.kinds) == ("wheel", 1.0))
    for patch, count in ((0.3, 4), (0.2, 2), ((0.2, 0.35), 3)):
        params = Params(elements=count, per_picture=2, patch=patch)
        other = sort_patches(params, world.questions, world.maps, world.features, 0)
        after, notes = told(edits.edit_of("name", [wheel], "wheel"), of=other)
        assert notes == ()
        (named,) = [one for one in after.values() if one.name]
        assert parts.purity(named.patches, world.kinds)[0] == "wheel"
        assert named.patches[0].box != wheel.patches[0].box


def test_what_is_no_longer_there_is_said(world, told):
    before, _ = told()
    kinds = {k: parts.purity(one.patches, world.kinds) for k, one in before.items()}
    one = sort_patches(Params(elements=1, per_picture=2), world.questions, world.maps, world.features, 0)
    both = [k for k, kind in kinds.items() if kind[1] == 1][:2]
    _, notes = told(edits.edit_of("merge", [before[k] for k in both]), of=one)
    assert notes == ("Change 1 was left out: with these patches they are one element already, 1.",)
    gone = edits.edit_of("hide", [before[4]])
    gone["elements"][0]["patches"] = [["0.png", 0.99, 0.99, 0.01, 0.01], ["away.png", 0, 0, 1, 1]]
    after, notes = told(gone, edits.edit_of("name", [before[1]], "kept"))
    assert notes == ("Change 1 was left out: with these patches there is no element of a like the one that was 4.",)
    assert after[1].name == "kept"  # the next change is made


def test_what_cannot_be_split_is_said(told):
    before, _ = told()
    some = edits.edit_of("split", [before[1]])
    world = planted(4, labels=["a"] * 4)
    few = sort_patches(Params(elements=1, per_picture=1), world.questions, world.maps, world.features, 0)
    elements = tell(few, world.questions, world.features, (), {}, 0)
    _, notes = told(edits.edit_of("split", elements), of=few)
    assert "too few patches to be split" in notes[0]
    _, notes = told(some | {"label": "b"}, some | {"label": "moon"})
    assert len(notes) == 1  # a label that is not shown now is no news


@pytest.mark.parametrize(
    "edit",
    [{"kind": "merge"}, {"kind": "dance", "label": "a", "elements": []}, {"kind": "name", "label": "a", "elements": []},
     {"kind": "split", "label": "a", "elements": ["x"]}, {"label": "a", "elements": 3}, {"kind": "hide", "label": []},
     {"kind": "hide", "label": "a", "elements": [{"number": 1, "patches": [[1, 2], "x", None]}]}],
)  # fmt: skip
def test_nonsense_is_left_out(told, edit):
    before, _ = told()
    after, notes = told(edit)
    assert after == before
    assert notes == ("Change 1 was left out: it is not understood.",)


def test_tables_say_what_was_changed(told):
    before, _ = told()
    log = edits.edit_of("merge", [before[2], before[4]]), edits.edit_of("name", [before[2]], "x")
    after, _ = told(*log, edits.edit_of("hide", [before[3]]))
    result = Result((), tuple(after.values()), None, 16, "{}", "")
    rows = {row["element"]: row for row in tables(result)["elements"]}
    assert [row["rank"] for row in rows.values()] == [1, 2, 3]
    assert (rows[2]["name"], rows[2]["by_hand"], rows[3]["hidden"], rows[1]["hidden"]) == ("x", "2 + 4", "yes", "")
