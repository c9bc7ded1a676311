import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, replace

import pytest

from engine.analyses.clusters import Criterion, Params
from engine.jobs.asking import make_request
from engine.jobs.execute import execute, read_result
from engine.jobs.worker import waiting, work
from engine.models.roles import ModelSpec
from engine.store.runs import Runs
from tests.planted import FAKE, ROOT, Scripted, gallery_of, many, remembered, submitted

SLOW = ModelSpec("fake", "fake", options={"seconds": 0.04})


def until(what, seconds=30.0):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def criterion(name) -> Params:
    return Params(Criterion(name))


def worked(settings, enough):
    """Work in this process until `enough` says so."""
    until_end = time.monotonic() + 30
    work(lambda: settings, lambda: "enough" if enough() or time.monotonic() > until_end else "")


def states(settings):
    return [status.state for _, status in Runs(settings.home).all()]


# In this process


def test_queued_runs_are_taken_oldest_first(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    runs = [submitted(gallery, settings, criterion(name)) for name in "abc"]
    for run, queued in zip(runs, (3.0, 1.0, 2.0), strict=True):
        run.set_status(replace(run.status, queued=queued))
    assert waiting(settings.home) == [runs[1], runs[2], runs[0]]
    worked(settings, lambda: states(settings) == ["done"] * 3)
    ended = [run.status.ended for run in runs]
    assert ended[1] < ended[2] < ended[0]


def test_a_run_that_fails_does_not_stop_the_worker(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    bad = submitted(gallery, settings, spec=ModelSpec("magic", "x"))
    good = submitted(gallery, settings)
    worked(settings, lambda: good.status.state == "done")
    assert bad.status.state == "failed"
    assert "no back-end 'magic'" in bad.status.error


def test_stopped_held_and_damaged_runs_are_left_alone(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    stopped, held, damaged, good = (submitted(gallery, settings, criterion(name)) for name in "abcd")
    stopped.stop()
    (damaged.path / "request.json").write_text("{")
    with held.hold():
        worked(settings, lambda: good.status.state == "done" and damaged.status.state == "failed")
    assert stopped.status.state == "stopped"
    assert held.status.state == "queued"
    assert "cannot be read" in damaged.status.error


def test_what_must_end_puts_its_run_back(tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings, many(40)), settings, spec=SLOW)
    worked(settings, lambda: run.status.done > 2)
    assert run.status.state == "queued"
    assert 0 < run.status.asked["describe"] < 40
    worked(settings, lambda: run.status.state == "done")
    assert run.status.asked["describe"] == 40


# As a program of its own


@contextmanager
def worker(settings):
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "work"],
        cwd=ROOT,
        env=os.environ | {"VITRINE_HOME": str(settings.home)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_killed_worker_is_followed_by_the_next_one(tmp_path, settings):
    """kill -9 in the middle: the run is taken up, nothing stored is asked again, and the result is the same."""
    n = 30
    gallery = gallery_of(tmp_path, settings, many(n))
    run = submitted(gallery, settings, spec=SLOW)
    with worker(settings) as process:
        until(lambda: run.status.state == "running" and run.status.done >= n * 0.37)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run.status.state == "running"  # nobody could say otherwise
    assert not run.is_held
    stored = (
        remembered(settings.home, Scripted(spec=SLOW))
        ._store._db.execute("SELECT COUNT(*) FROM answers WHERE task='describe'")
        .fetchone()[0]
    )
    assert 0 < stored < n
    with worker(settings) as process:
        until(lambda: run.status.state == "done")
        assert run.status.known["describe"] == stored
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert run.status.fruitless == 0
    clean = replace(settings, home=tmp_path / "clean")
    other = submitted(gallery_of(tmp_path, clean, many(n)), clean, spec=SLOW)
    assert other.id == run.id
    with other.hold():
        execute(other, clean)
    assert read_result(run) == read_result(other)
    assert run.result_path().read_bytes() == other.result_path().read_bytes()


PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-m", "engine", "work"]).pid, flush=True)
time.sleep(60)
"""


def test_a_worker_ends_when_its_parent_dies(tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings, many(200)), settings, spec=SLOW)
    env = os.environ | {"VITRINE_HOME": str(settings.home)}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    until(lambda: run.status.state == "running" and run.status.done > 2)
    assert run.status.pid == pid
    parent.kill()
    parent.wait()
    until(lambda: run.status.state == "queued", 5)
    assert run.status.error == "The app ended; the run goes on when it is back."
    until(lambda: not run.is_held, 5)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_when_told(settings, told):
    with worker(settings) as process:
        until(lambda: _listens(process))
        process.send_signal(told)
        assert process.wait(5) == 0


def _listens(process) -> bool:
    """Whether its handlers are in place already."""
    with open(f"/proc/{process.pid}/status") as about:
        caught = next(int(line.split()[1], 16) for line in about if line.startswith("SigCgt"))
    return bool(caught & 1 << (signal.SIGTERM - 1))


def test_the_status_is_plain_json(tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings), settings, spec=FAKE)
    assert json.loads((run.path / "status.json").read_text()) == asdict(run.status)


def test_who_waits_goes_before_the_background(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    specs = {"vision": FAKE, "chat": FAKE}
    runs = Runs(settings.home)
    behind = runs.submit(make_request("clusters", gallery, criterion("colour"), specs), background=True)
    ahead = runs.submit(make_request("clusters", gallery, criterion("shape"), specs))
    assert [run.id for run in waiting(settings.home)] == [ahead.id, behind.id]
