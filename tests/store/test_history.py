"""Lists of runs: all that can be told is told, and only what has changed is read again."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.store import history as module
from engine.store.history import delete_all, freed, history
from engine.store.remarks import remark
from engine.store.runs import Runs
from tests.store.test_runs import REQUEST


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def test_an_empty_workspace_has_none(tmp_path):
    assert history(tmp_path) == []


def test_an_entry_tells_what_a_list_shows(runs, tmp_path):
    run = runs.submit(replace(REQUEST, selection="a few", members=("a.png", "b.png"), seed=3))
    remark(run, ["x"], "y")
    (entry,) = history(tmp_path)
    assert (entry.run, entry.status, entry.title) == (run, run.status, "mood")
    assert (entry.asked.selection, entry.asked.members, entry.asked.seed) == ("a few", 2, 3)
    assert (entry.asked.models, entry.remarks.tags) == (REQUEST.models, ("x",))
    assert entry.bytes == sum(path.stat().st_size for path in run.path.iterdir())
    (run.path / "made" / "deep").mkdir(parents=True)
    (run.path / "made" / "deep" / "weights").write_bytes(b"x" * 1000)
    assert history(tmp_path)[0].bytes == entry.bytes + 1000


def test_newest_first_and_what_cannot_be_told_is_left_out(runs, tmp_path):
    made = [runs.submit(replace(REQUEST, seed=seed)) for seed in range(4)]
    for at, run in enumerate(made):
        run.set_status(replace(run.status, queued=float(at)))
    (made[1].path / "request.json").write_text("{}")
    (made[2].path / "status.json").write_text("")
    (tmp_path / "runs" / "no run").mkdir()
    assert [(entry.run, entry.status.state) for entry in history(tmp_path)] == [
        (made[3], "queued"),
        (made[0], "queued"),
        (made[2], "failed"),
    ]


def test_every_change_is_seen_and_nothing_else_is_read(runs, tmp_path, monkeypatch):
    made = [runs.submit(replace(REQUEST, seed=seed)) for seed in range(3)]
    history(tmp_path)
    read = []
    monkeypatch.setattr(module, "_read", lambda run, real=module._read: (read.append(run), real(run))[1])
    history(tmp_path)
    assert read == []
    made[0].set_status(replace(made[0].status, state="done"))
    remark(made[1], ["new"], "")
    made[2].add_edit({"kind": "pin", "name": "x"})
    by_run = {entry.run: entry for entry in history(tmp_path)}
    assert set(read) == set(made)
    assert by_run[made[0]].status.state == "done"
    assert by_run[made[1]].remarks.tags == ("new",)
    runs.delete(made[2].id)
    assert len(history(tmp_path)) == 2


def test_lists_of_files_are_left_out(runs, tmp_path):
    files = [f"{i}.png" for i in range(500)]
    runs.submit(replace(REQUEST, params={"a": {"name": "A", "files": files}, "groups": {"g": files}, "keep": ["x"]}))
    (entry,) = history(tmp_path)
    assert entry.asked.params == {"a": {"name": "A", "files": []}, "groups": {"g": []}, "keep": ["x"]}


def test_deleting_several_says_the_space_and_who_stays(runs, tmp_path):
    made = [runs.submit(replace(REQUEST, seed=seed)) for seed in range(3)]
    entries = history(tmp_path)
    with made[0].hold():
        gone, space, stayed = delete_all(runs, entries)
    assert gone == 2
    assert space == freed([entry for entry in entries if entry.run != made[0]])
    assert len(stayed) == 1
    assert made[0].id in stayed[0]
    assert [entry.run for entry in history(tmp_path)] == [made[0]]


def test_a_thousand_runs_are_looked_at_not_read(runs, tmp_path, monkeypatch):
    for seed in range(60):  # as many as a test has time for: what counts is what is opened
        runs.submit(replace(REQUEST, seed=seed))
    history(tmp_path)
    opened = []
    monkeypatch.setattr(Path, "read_text", lambda self, *_, **__: opened.append(self) or "{}")
    monkeypatch.setattr(Path, "read_bytes", lambda self: opened.append(self) or b"{}")
    assert len(history(tmp_path)) == 60
    assert opened == []
