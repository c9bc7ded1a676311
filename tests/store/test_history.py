"""Lists of runs: all that can be told is told, and only what has changed is read again."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.store import history as module
from engine.store.history import delete_all, freed, history
from engine.store.remarks import remark
from engine.store.runs import Runs
from tests.store.test_runs import REQUEST

ROOT = Path(__file__).parents[2]


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


@pytest.fixture
def old(runs, tmp_path, monkeypatch):
    """Three runs that nobody has touched for longer than a clock's tick, looked at since; what was looked into."""
    monkeypatch.setattr(module, "_TICK", 5 * 10**7)
    made = [runs.submit(replace(REQUEST, seed=seed)) for seed in range(3)]
    for at, run in enumerate(made):
        run.set_status(replace(run.status, queued=float(at)))
        run.add_edit({"kind": "pin", "name": "x"})
    time.sleep(0.1)
    history(tmp_path)
    looked = []
    monkeypatch.setattr(module, "_stamp", lambda path, real=module._stamp: (looked.append(path), real(path))[1])
    return made, looked


def test_into_old_folders_nobody_looks(old, tmp_path):
    before = history(tmp_path)
    assert [entry.run for entry in before] == old[0][::-1]
    assert all(one is other for one, other in zip(before, history(tmp_path), strict=True))
    assert old[1] == []


def test_what_changes_in_old_folders_shows_at_once(old, runs, tmp_path):
    (first, second, third), looked = old
    was = {entry.run: entry for entry in history(tmp_path)}
    first.set_status(replace(first.status, state="done", queued=9.0))
    assert [(e.run, e.status.state) for e in history(tmp_path)] == [
        (first, "done"),
        (third, "queued"),
        (second, "queued"),
    ]
    remark(second, ["good"], "look again")
    assert {entry.run: entry.remarks.note for entry in history(tmp_path)}[second] == "look again"
    remark(second, [], "")
    assert not any(entry.remarks for entry in history(tmp_path))
    third.add_edit({"kind": "pin", "name": "y"})  # into a file that is there, so no name in the folder changes
    now = {entry.run: entry for entry in history(tmp_path)}
    assert now[third].bytes > was[third].bytes
    runs.delete(first.id)
    assert {entry.run for entry in history(tmp_path)} == {second, third}
    runs.submit(first.request if first.path.exists() else replace(REQUEST, seed=0))
    assert {entry.run for entry in history(tmp_path)} == {first, second, third}
    assert set(looked) == {first.path, second.path, third.path}


def test_two_changes_within_a_tick_are_both_seen(runs, tmp_path):
    run = runs.submit(REQUEST)
    for n in range(50):  # the clock of a folder ticks a hundred times a second or so
        run.set_status(replace(run.status, done=n))
        assert history(tmp_path)[0].status.done == n


def test_another_process_changes_old_folders(old, runs, tmp_path):
    first, second, third = old[0]
    history(tmp_path)
    words = f"""
from dataclasses import replace
from pathlib import Path
from engine.store.remarks import remark
from engine.store.runs import Runs
runs = Runs(Path({str(tmp_path)!r}))
run = runs.get({first.id!r})
run.set_status(replace(run.status, state="failed"))
remark(runs.get({second.id!r}), ["theirs"], "")
runs.delete({third.id!r})
"""
    subprocess.run([sys.executable, "-c", words], check=True, cwd=ROOT)
    told = {entry.run: (entry.status.state, entry.remarks.tags) for entry in history(tmp_path)}
    assert told == {first: ("failed", ()), second: ("queued", ("theirs",))}


def test_what_cannot_be_told_is_named_until_it_is_mended(old, runs, tmp_path):
    run = old[0][0]
    good = run.request
    run.write("request.json", {"analysis": "clusters"})
    told, untold = module.all_of(tmp_path)
    assert (len(told), untold) == (2, [run])
    runs.submit(good)
    told, untold = module.all_of(tmp_path)
    assert (len(told), untold) == (3, [])
