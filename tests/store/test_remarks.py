"""What people say of a run: kept as it was said, whatever it holds, and no part of the run's name."""

import json

import pytest

from engine.errors import RunError
from engine.store.remarks import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS, Remarks, remark, remarks_of
from engine.store.runs import Runs
from tests.store.test_runs import REQUEST


@pytest.fixture
def run(tmp_path):
    return Runs(tmp_path).submit(REQUEST)


def test_nothing_was_said_of_a_new_run(run):
    assert remarks_of(run) == Remarks()
    assert not remarks_of(run)


def test_what_is_said_stays_and_changes_no_id(run):
    remark(run, ["for the paper", "v2"], "Two lines:\n\n  the second is indented.")
    assert remarks_of(run) == Remarks(("for the paper", "v2"), "Two lines:\n\n  the second is indented.")
    assert run.request.id == run.id
    remark(run, [], "")
    assert not remarks_of(run)


def test_tags_are_tidied(run):
    said = remark(run, ["  for   the paper ", "For the paper", "", " \t", "b\u202ec", "B C"], " \r\nx \u202e\r\n")
    assert said == Remarks(("for the paper", "b c"), "x")
    assert remarks_of(run) == said


def test_any_text_is_data(run):
    hostile = "<img src=x onerror=alert(1)> \ud800 [a](http://evil) ../../etc"
    kept = remark(run, [hostile[:20]], hostile)
    assert remarks_of(run) == kept
    assert "\ud800" not in kept.note  # half a character has no place in a text
    assert "../../etc" in kept.note


@pytest.mark.parametrize(
    ("tags", "note"),
    [([f"t{i}" for i in range(MOST_TAGS + 1)], ""), (["x" * (LONGEST_TAG + 1)], ""), ([], "x" * (LONGEST_NOTE + 1))],
)
def test_too_much_is_refused_and_what_was_said_stays(run, tags, note):
    remark(run, ["kept"], "kept")
    with pytest.raises(RunError):
        remark(run, tags, note)
    assert remarks_of(run) == Remarks(("kept",), "kept")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"tags": 3}', '{"tags": [3]}', '{"note": {}}', "[" * 100_000])
def test_a_damaged_file_says_nothing(run, text):
    (run.path / "remarks.json").write_text(text)
    assert remarks_of(run) == Remarks()
    remark(run, ["again"], "")
    assert json.loads((run.path / "remarks.json").read_text())["tags"] == ["again"]
