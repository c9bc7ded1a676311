import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from engine.errors import RunError, StoreError
from engine.models.roles import ModelSpec
from engine.settings import Endpoint, Settings
from engine.store.runs import Request, Runs, Status, write_json
from tests.planted import ROOT

SPEC = ModelSpec("openai_endpoint", "m", options={"url": "http://h/v1"})
REQUEST = Request("clusters", 1, "p" * 16, "g" * 32, {"criterion": {"name": "mood"}, "k": "auto"}, {"chat": SPEC})


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def finish(run, revision=1):
    run.write(run.result_path(revision).name, {})
    run.set_status(replace(run.status, state="done", revision=revision))


# Names


def test_the_id_knows_all_that_can_change_the_result():
    others = [
        replace(REQUEST, analysis="structure"),
        replace(REQUEST, version=2),
        replace(REQUEST, prompts="q" * 16),
        replace(REQUEST, gallery="h" * 32),
        replace(REQUEST, params={"criterion": {"name": "place"}, "k": "auto"}),
        replace(REQUEST, params={"criterion": {"name": "mood"}, "k": "5"}),
        replace(REQUEST, models={"vision": SPEC}),
        replace(REQUEST, models={"chat": replace(SPEC, name="n")}),
        replace(REQUEST, models={"chat": replace(SPEC, revision="2")}),
        replace(REQUEST, models={"chat": replace(SPEC, options={"url": "http://other/v1"})}),
        replace(REQUEST, seed=1),
        replace(REQUEST, members=("a.png",)),
        replace(REQUEST, members=()),
    ]
    ids = [r.id for r in (REQUEST, *others)]
    assert len(set(ids)) == len(ids)
    assert all(len(i) == 16 and int(i, 16) >= 0 for i in ids)


def test_the_id_does_not_know_the_name_of_the_selection_nor_any_order():
    assert replace(REQUEST, selection="3 at random").id == REQUEST.id
    assert replace(REQUEST, params={"k": "auto", "criterion": {"name": "mood"}}).id == REQUEST.id


def test_budget_is_no_part_of_a_run(runs):
    assert runs.submit(REQUEST, budget=1.0).id == runs.submit(REQUEST, budget=2.0).id == REQUEST.id


def test_concurrency_prices_and_key_are_no_part_of_a_run():
    from engine.models.profiles import specs

    end = Endpoint("http://h/v1", "secret", "v", "c", 32)
    one = specs("endpoint", Settings(ROOT, endpoint=end))
    other = specs("endpoint", Settings(ROOT, endpoint=replace(end, key="else", concurrency=1, timeout=9)))
    assert replace(REQUEST, models=one).id == replace(REQUEST, models=other).id


def test_a_request_comes_back_from_its_folder(runs):
    for members in (None, ("a.png", "b\udcff.png")):
        asked = replace(REQUEST, members=members, selection="some")
        run = runs.submit(asked)
        assert run.request == asked
        assert run.request.id == run.id == run.path.name


def test_lookup_by_the_beginning(runs):
    made = [runs.submit(replace(REQUEST, seed=seed)) for seed in range(17)]  # two of 17 share the first of 16 digits
    firsts = Counter(run.id[0] for run in made)
    shared = firsts.most_common(1)[0]
    with pytest.raises(RunError, match=f"{shared[1]} runs begin with {shared[0]}"):
        runs.get(shared[0])
    for run in made:
        assert runs.get(run.id) == runs.get(run.id[:8]) == run


@pytest.mark.parametrize("id", ["", "0", "*", "..", "../runs", "ABC", "z", "a" * 17, "a/b", "[0-9a-f]"])
def test_lookups_that_find_nothing(runs, id):
    runs.submit(replace(REQUEST, seed=next(s for s in range(99) if not replace(REQUEST, seed=s).id.startswith("0"))))
    with pytest.raises(RunError, match="no run") as said:
        runs.get(id)
    assert "list them" in said.value.hint


def test_all_are_listed_newest_first(runs, tmp_path):
    assert runs.all() == []
    made = [runs.submit(replace(REQUEST, seed=seed)) for seed in range(3)]
    for at, run in enumerate(made):
        run.set_status(replace(run.status, queued=float(at)))
    (tmp_path / "runs" / "not a run").mkdir()
    (tmp_path / "runs" / ("f" * 16)).mkdir()  # made, nothing in it yet
    assert [run for run, _ in runs.all()] == made[::-1]


def test_one_bad_file_does_not_empty_the_list(runs):
    good, bad = runs.submit(REQUEST), runs.submit(replace(REQUEST, seed=1))
    (bad.path / "status.json").write_text("")  # as a power cut leaves it
    states = {run.id: status.state for run, status in runs.all()}
    assert states == {good.id: "queued", bad.id: "failed"}
    with pytest.raises(RunError, match=r"status\.json cannot be read") as said:
        runs.submit(replace(REQUEST, seed=1))
    assert "Delete this run" in said.value.hint
    runs.delete(bad.id)
    assert len(runs.all()) == 1


# Submitting


def test_a_new_run_is_queued(runs):
    run = runs.submit(REQUEST, budget=2.5)
    status = run.status
    assert (status.state, status.budget, status.revision) == ("queued", 2.5, 0)
    assert time.time() - status.queued < 5


def test_a_finished_run_is_opened_not_asked(runs):
    run = runs.submit(REQUEST)
    finish(run)
    before = run.status
    assert runs.submit(REQUEST, budget=9.0).status == before


def test_a_result_that_is_gone_is_asked_for_anew(runs):
    run = runs.submit(REQUEST)
    finish(run)
    run.result_path().unlink()
    runs.submit(REQUEST)
    assert run.status.state == "queued"


def test_what_was_asked_is_mended_by_asking_again(runs):
    run = runs.submit(REQUEST)
    for damage in ("", "{}", "[]"):
        (run.path / "request.json").write_text(damage)
        assert run.is_damaged
        with pytest.raises(RunError):
            _ = run.request
    runs.submit(REQUEST)
    assert run.request == REQUEST


def test_asked_again_it_wants_a_new_revision(runs):
    run = runs.submit(REQUEST)
    finish(run)
    runs.submit(REQUEST, again=True)
    assert (run.status.state, run.status.again, run.status.revision) == ("queued", True, 1)
    # stopped, then taken up without saying so again: still a new revision
    run.set_status(replace(run.status, state="stopped"))
    runs.submit(REQUEST)
    assert (run.status.state, run.status.again) == ("queued", True)


@pytest.mark.parametrize("state", ["failed", "stopped", "queued", "running"])
def test_what_did_not_end_well_is_queued_anew(runs, state):
    run = runs.submit(REQUEST, budget=1.0)
    run.set_status(replace(run.status, state=state, error="x", hint="y", fruitless=3, tokens_in=50))
    (run.path / "cancel").touch()
    runs.submit(REQUEST, budget=2.0)
    status = run.status
    assert (status.state, status.error, status.hint, status.fruitless) == ("queued", "", "", 0)
    assert (status.budget, status.tokens_in) == (2.0, 50)  # what it cost so far counts on
    assert not run.cancelled


def test_a_run_in_execution_is_left_alone(runs):
    run = runs.submit(REQUEST, budget=1.0)
    with run.hold() as got:
        assert got
        run.set_status(replace(run.status, state="running"))
        assert runs.submit(REQUEST, budget=2.0).status == run.status
        assert run.status.state == "running"


# Holding and stopping


def test_one_holder_at_a_time(runs):
    run = runs.submit(REQUEST)
    assert not run.is_held
    with run.hold() as first, run.hold() as second:
        assert (first, second) == (True, False)
        assert run.is_held
    assert not run.is_held
    with run.hold() as third:
        assert third


def test_waiting_for_the_holder(runs):
    run = runs.submit(REQUEST)
    order = []

    def wait():
        with run.hold(wait=True) as got:
            order.append(got)

    with run.hold():
        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.1)
        assert order == []
    waiter.join(5)
    assert order == [True]


HOLDER = """
import sys, time
from pathlib import Path
from engine.store.runs import Run
with Run(Path(sys.argv[1])).hold() as got:
    print(got, flush=True)
    time.sleep(60)
"""


def test_the_lock_is_free_once_its_holder_is_killed(runs):
    run = runs.submit(REQUEST)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert holder.stdout
    assert holder.stdout.readline() == "True\n"
    assert run.is_held
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with run.hold() as got:
        assert got


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_that_nobody_holds_is_stopped_at_once(runs, state):
    run = runs.submit(REQUEST)
    run.set_status(replace(run.status, state=state))
    run.stop()
    assert (run.status.state, run.status.error) == ("stopped", "Stopped.")


def test_a_held_run_is_told_to_stop(runs):
    run = runs.submit(REQUEST)
    with run.hold():
        run.set_status(replace(run.status, state="running"))
        run.stop()
        assert run.cancelled
        assert run.status.state == "running"  # its holder will say how it ended


def test_stopping_a_finished_run_changes_nothing(runs):
    run = runs.submit(REQUEST)
    finish(run)
    run.stop()
    assert run.status.state == "done"
    runs.submit(REQUEST, again=True)
    assert not run.cancelled


def test_delete(runs):
    run = runs.submit(REQUEST)
    with run.hold(), pytest.raises(RunError, match="being executed") as said:
        runs.delete(run.id)
    assert said.value.hint == "Stop it first."
    assert run.path.is_dir()
    runs.delete(run.id)
    assert not run.path.exists()
    with pytest.raises(RunError):
        runs.delete(run.id)


# A person's changes


def test_edits_are_a_numbered_log(runs):
    run = runs.submit(REQUEST)
    assert run.edits() == []
    run.add_edit({"kind": "rename", "cluster": "a", "to": "b\n}"})
    run.add_edit({"kind": "pin", "name": "ü"})
    said = run.edits()
    assert [(e["n"], e["kind"]) for e in said] == [(1, "rename"), (2, "pin")]
    assert said[0]["to"] == "b\n}"
    assert all(time.time() - e["at"] < 5 for e in said)


def test_edits_can_be_taken_back(runs):
    run = runs.submit(REQUEST)
    for name in "abc":
        run.add_edit({"kind": "pin", "name": name})
    first = run.edits()[0]
    run.drop_edit()
    assert [e["name"] for e in run.edits()] == ["a", "b"]
    assert run.edits()[0] == first
    for _ in range(3):
        run.drop_edit()
    assert run.edits() == []
    run.add_edit({"kind": "pin", "name": "d"})
    assert [(e["n"], e["name"]) for e in run.edits()] == [(1, "d")]


def test_a_torn_edit_costs_only_itself(runs):
    run = runs.submit(REQUEST)
    run.add_edit({"kind": "pin", "name": "a"})
    for torn in ('{"kind": "pin", "na', '{"kind": {}'):
        with (run.path / "edits.jsonl").open("a") as log:
            log.write(torn)
        run.add_edit({"kind": "pin", "name": "b"})
    assert [(e["n"], e["name"]) for e in run.edits()] == [(1, "a"), (2, "b"), (3, "b")]


def test_edits_from_two_tabs_at_once(runs):
    run = runs.submit(REQUEST)
    threads = [
        threading.Thread(target=lambda i=i: [run.add_edit({"kind": "pin", "name": f"{i}"}) for _ in range(20)])
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(run.edits()) == 80


# Files


def test_status_survives_an_older_or_newer_program(runs):
    run = runs.submit(REQUEST)
    (run.path / "status.json").write_text(json.dumps({"state": "done", "mood": "a field of tomorrow"}))
    assert run.status == Status(state="done")


def test_results_by_revision(runs):
    run = runs.submit(REQUEST)
    finish(run, revision=2)
    assert run.result_path().name == "result.2.json"
    assert run.result_path(1).name == "result.json"


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_a_workspace_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "runs").write_text("a file in the way")
    with pytest.raises(StoreError, match="cannot be written") as said:
        Runs(tmp_path).submit(REQUEST)
    assert "VITRINE_HOME" in said.value.hint


def test_partial_results(runs):
    run = runs.submit(REQUEST)
    assert run.partial == {}
    run.write("partial.json", {"distinct": 3})
    assert run.partial == {"distinct": 3}
