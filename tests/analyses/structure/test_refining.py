"""What is unsure is drawn again, shown to the model, and comes back as proposals that say what would move."""

from __future__ import annotations

import pytest

from engine.analyses.structure import Given, Params, of_descriptions, tables
from engine.analyses.structure.edits import accept, apply
from engine.analyses.structure.telling import agreements, mixes, to_review
from engine.errors import RunError, SettingsError
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.store.answers import Store
from tests.analyses.structure.test_run import DESCRIPTIONS, Scripted, rows_of

COLOUR = Given("colour", ("red", "blue"))
BOTH = [f"A car {i}, red and blue." for i in range(6)]
PURPLE = [f"A purple car {i}." for i in range(8)]


@pytest.fixture
def asked(settings):
    """Carries a run out with a model that says these changes; returns the result and what was asked."""
    store = Store(settings.home)

    def answered(texts, *changes, params=None, wavers=True, labels=None):
        model = Scripted(wavers=wavers, changes=list(changes))
        chat = Remembered(model.spec, lambda: model, store, Progress())
        params = params or Params(count=0, given=(COLOUR,))
        return of_descriptions(rows_of(texts, labels), params, chat=chat, progress=Progress(), seed=0), model.asked

    yield answered
    store.close()


def change(kind, *names, into=""):
    return {"kind": kind, "names": list(names), "into": into, "why": "So it is."}


def test_what_comes_out_differently_is_least_sure(asked):
    result, questions = asked(DESCRIPTIONS[:40] + BOTH)
    unsure = {row.file for row in result.rows if row.agreement["colour"] < 1}
    assert unsure == {row.file for row in result.rows if "red and blue" in row.description}
    assert {row.agreement["colour"] for row in result.rows if row.file in unsure} == {1 / 3}  # only the first of three
    assert [file for file, *_ in to_review(result)[:6]] == sorted(unsure, key=lambda f: int(f.split(".")[0]))
    assert agreements(result)["colour", "red"] < 1
    assert questions["assign_attributes"] == 3 + 2 * 3  # 46 texts, once and twice more
    assert questions["refine_dimension"] == 1
    again, questions = asked(DESCRIPTIONS[:40] + BOTH)
    assert again == result
    assert not questions


def test_draws_may_be_none(asked):
    result, questions = asked(DESCRIPTIONS[:40] + BOTH, params=Params(count=0, given=(COLOUR,), draws=0))
    assert not any(row.agreement for row in result.rows)
    assert questions["assign_attributes"] == 3


def test_a_value_to_add_says_which_pictures_would_move(asked):
    result, _ = asked(DESCRIPTIONS[:40] + PURPLE, change("add", "purple"))
    (one,) = result.proposals
    assert (one.kind, one.moves, one.looked_at, one.of) == ("add", 8, 8, 8)
    assert result.dimensions[0].other == 8
    done = apply(result, [accept(one)]).result.dimensions[0]
    assert ({a.name: a.count for a in done.attributes}["purple"], done.other) == (8, 0)
    assert tables(result)["proposals"][0]["would_move"] == 8


def test_merge_split_rename_and_drop(asked):
    said = (change("merge", "red", "blue", into="any"), change("split", "small red", "large red", into="red"),
            change("rename", "red", into="crimson"), change("drop", "blue"))  # fmt: skip
    result, _ = asked(DESCRIPTIONS[:40] + BOTH, *said)
    told = {one.kind: one for one in result.proposals}
    assert {kind: one.moves for kind, one in told.items()} == {"merge": 46, "split": 20, "rename": 26, "drop": 26}
    assert {name: len(files) for name, files in told["split"].parts.items()} == {"small red": 10, "large red": 10}
    for one in result.proposals:
        assert not apply(result, [accept(one)]).notes


@pytest.mark.parametrize(
    "nonsense",
    [change("add"), change("add", "red"), change("add", "purple", "pink"), change("merge", "red"),
     change("add", "other"),
     change("merge", "red", "pink", into="x"), change("split", "a", into="red"), change("split", "a", "b", into="pink"),
     change("rename", "red", into="blue"), change("rename", "pink", into="x"), change("drop", "pink"),
     change("merge", "red", "blue", into=" ! "), change("rename", "red", into="other")],
)  # fmt: skip
def test_changes_that_make_no_sense_are_passed_over(asked, nonsense):
    assert not asked(DESCRIPTIONS[:40] + BOTH, nonsense)[0].proposals


def test_a_new_name_asks_nothing_anew(asked):
    asked(DESCRIPTIONS[:40] + BOTH, change("drop", "red"))
    named = Params(count=0, given=(Given("colour", ("crimson", "blue"), {"crimson": ("red",)}),))
    result, questions = asked(DESCRIPTIONS[:40] + BOTH, params=named)
    assert not questions
    assert result.proposals[0].names == ("crimson",)


def test_each_label_has_dimensions_of_its_own(asked):
    texts = [f"A {s} cat {i}." for i in range(15) for s in ("small", "large")]
    texts += [f"A {c} car {i}." for i in range(15) for c in ("red", "blue")]
    labels = ["cat"] * 30 + ["car"] * 30
    result, _ = asked(texts, params=Params(schema="own"), labels=labels, wavers=False)
    assert {(one.name.replace("colours", "colour"), one.label) for one in result.dimensions} >= {
        ("colour (car)", "car"), ("size (cat)", "cat"),
    }  # fmt: skip
    for one in result.dimensions:
        told = [row for row in result.rows if one.name in row.values]
        assert {row.label for row in told} == {one.label}
        assert sum(a.count for a in one.attributes) + one.not_said + one.other == len(told) == 30
    both, _ = asked(texts, params=Params(given=(COLOUR,), schema="both"), labels=labels, wavers=False)
    assert (both.dimensions[0].name, both.dimensions[0].label) == ("colour", "")
    assert all("colour" in row.values for row in both.rows)
    assert mixes(both)["colour", "red"] == 0
    with pytest.raises(RunError, match="No label has 20"):
        asked(texts[:10], params=Params(schema="own"), labels=labels[:10])
    with pytest.raises(SettingsError, match="none may be"):
        Params(count=0, given=(COLOUR,), schema="own")
