"""What one set shows more than another, asked of a server: of a vision model alone, of two, of one that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.analyses.differences import Params
from engine.gallery import open_folder
from engine.jobs.asking import make_request
from engine.jobs.comparing import together, two_sides
from engine.jobs.execute import execute, read_result
from engine.models import openai_endpoint
from engine.models.fake import COLOURS
from engine.models.roles import ModelSpec
from engine.settings import Endpoint, Prices
from engine.store.runs import Runs
from tests.fake_endpoint import FakeEndpoint
from tests.planted import ROOT

EACH = 24
ROLES = ("vision", "chat")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(openai_endpoint, "_LONGEST_WAIT", 0.02)
    with FakeEndpoint() as server:
        yield server


@pytest.fixture
def at(server, settings):
    """Settings that lead to the server."""
    return replace(settings, endpoint=Endpoint(server.url, "", "m", "m", concurrency=4, timeout=2.0))


@pytest.fixture
def gallery(tmp_path, at):
    """Patterns of many shapes, so that none is a near copy: mostly red ones in a, mostly blue ones in b."""
    rng = np.random.default_rng(0)
    for side, usual, rare in (("a", "red", "blue"), ("b", "blue", "red")):
        for i in range(EACH):
            path = tmp_path / "pictures" / side / f"{i:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.kron(rng.integers(-60, 60, (8, 8, 1)), np.ones((8, 8, 3)))
            colour = np.array(COLOURS[rare if i % 8 == 0 else usual])
            Image.fromarray(np.clip(colour + noise, 0, 255).astype(np.uint8)).save(path)
    return open_folder(tmp_path / "pictures", at)


@pytest.fixture
def ask(server, at, gallery):
    """Submits the comparison and carries it out; returns run and status."""

    def done(*roles, settings=at, watch=lambda _: None, budget=None, again=False, **words):
        a, b = two_sides(gallery, "label=a", "label=b", at.home)
        params = Params(a, b, rounds=2, **words)
        specs = {role: ModelSpec("openai_endpoint", "m", options={"url": server.url}) for role in roles}
        request = make_request("differences", gallery, params, specs, part=together(gallery, a, b))
        run = Runs(at.home).submit(request, budget, again)
        with run.hold() as got:
            assert got
            return run, execute(run, settings, watch)

    return done


def findings(run):
    (one,) = read_result(run).comparisons
    return {(f.statement, f.direction): f for f in one.findings}


def twice(server):
    """Questions that were asked more than once."""
    said = Counter(str((a.payload, a.body["messages"][-1])) for a in server.asked)
    return [question for question, n in said.items() if n > 1]


def test_a_vision_model_alone(server, ask):
    run, status = ask("vision")
    assert status.state == "done", status.error
    told = findings(run)
    assert {("red", "a"), ("blue", "b")} <= told.keys()
    for f in told.values():
        assert (f.verdict, f.scored, f.is_verified) == ("confirmed", "verify", True)
    assert told["red", "a"].prevalence_a
    assert told["red", "a"].prevalence_a.share > 0.7
    assert server.count("describe") == 2 * EACH
    assert not twice(server)
    assert status.asked == {"describe": server.count("describe"), "verify": server.count("verify")}


def test_a_vision_and_a_chat_model(server, ask):
    run, status = ask(*ROLES)
    assert status.state == "done", status.error
    told = findings(run)
    red = next(f for (statement, _), f in told.items() if "red" in statement)
    assert (red.direction, red.verdict) == ("a", "confirmed")
    assert "a red surface" in (red.statement, *red.fold)
    assert len(red.proposers) == 2
    assert server.count("propose_differences") == 4  # two rounds, in both directions
    assert not twice(server)
    before = len(server.asked)
    _, other = ask(*ROLES, describe=50)  # another run, of the same answers
    assert other.state == "done"
    assert len(server.asked) == before


def test_typed_statements_are_verified_first(server, ask):
    run, status = ask("vision", statements=("a green surface",))
    assert status.state == "done", status.error
    typed = findings(run)
    green = next(f for (statement, _), f in typed.items() if statement == "a green surface")
    assert (green.verdict, green.scored) == ("no reliable difference", "verify")


@pytest.mark.parametrize("fault", ["refusal", "sorry", "malformed", "empty", "cut", "400"])
def test_what_is_not_answered_is_not_verified(server, ask, fault):
    server.play = lambda asked: fault if asked.task == "verify" else ""
    run, status = ask("vision")
    assert status.state == "done", status.error
    told = findings(run)
    assert told
    for f in told.values():
        assert (f.verdict, f.prevalence_a, f.prevalence_b, f.is_verified) == ("not verified", None, None, False)
        assert (f.auroc, f.low, f.high) == (0.5, 0, 1)
    assert status.failed


@pytest.mark.parametrize("fault", ["500", "drop", "garbage", pytest.param("hang", marks=pytest.mark.slow)])
def test_a_server_that_goes_down_while_it_verifies_is_asked_again_for_what_is_missing(
    server, ask, at, fault, monkeypatch
):
    monkeypatch.setattr(openai_endpoint, "_TRIES", 2)
    server.play = lambda asked: fault if asked.task == "verify" else ""
    short = replace(at, endpoint=replace(at.endpoint, timeout=0.2))
    run, status = ask("vision", settings=short, statements=("a black dog",))
    assert status.state == "done", status.error
    assert {f.verdict for f in findings(run).values()} == {"not verified"}
    note = read_result(run).notes[-1]
    assert "had no answer; mostly: " in note
    assert "After two statements no more were asked about." in note
    assert len({a.payload["statement"] for a in server.asked if a.task == "verify"}) == 2
    server.play = lambda asked: ""
    described = server.count("describe")
    run, status = ask("vision", statements=("a black dog",), again=True)
    assert status.state == "done", status.error
    assert server.count("describe") == described
    assert findings(run)["red", "a"].verdict == "confirmed"


def test_a_model_that_writes_prose_describes_and_verifies_nothing(server, ask):
    server.prose = True
    run, status = ask("vision")
    assert status.state == "done", status.error
    assert {f.scored for f in findings(run).values()} == {"descriptions"}
    assert findings(run)["red", "a"].verdict == "confirmed"
    assert not server.count("verify")


def test_a_chat_model_that_only_fails_leaves_the_words(server, ask):
    server.play = lambda asked: "sorry" if asked.task == "propose_differences" else ""
    run, status = ask(*ROLES)
    assert status.state == "done", status.error
    assert any("no usable answer to propose_differences" in note for note in read_result(run).notes)
    assert findings(run)["red", "a"].proposers == ("word statistics",)


def test_stopped_and_taken_up_again_it_asks_nothing_twice(server, ask, at):
    server.seconds = 0.2
    for task in ("describing", "verifying"):

        def watch(progress, task=task):
            if progress.step.startswith(task) and progress.done:
                Runs(at.home).all()[0][0].stop()

        run, status = ask("vision", watch=watch)
        assert status.state == "stopped"
        assert not run.result_path().exists()
    server.seconds = 0
    run, status = ask("vision")
    assert status.state == "done", status.error
    assert not twice(server)
    assert findings(run)["red", "a"].verdict == "confirmed"


def test_a_budget_stops_it_and_what_was_paid_for_is_kept(server, ask, at):
    server.seconds = 0.05
    dear = replace(at, prices=Prices(1000, 0))  # 100 tokens in are 0.1
    _, status = ask("vision", settings=dear, budget=1.0)
    assert status.state == "stopped"
    assert "budget of 1 is spent" in status.error
    assert 0 < len(server.asked) < 2 * EACH
    _, status = ask("vision", settings=dear, budget=100.0)
    assert status.state == "done", status.error
    assert not twice(server)


@pytest.mark.slow
def test_killed_in_the_middle_it_asks_again_only_what_was_in_flight(server, ask, at, gallery):
    server.seconds = 0.05
    words = ["differences", gallery.root, "--a", "label=a", "--b", "label=b", "--rounds", "2"]
    says = {
        "HOME": str(at.home),
        "ENDPOINT_URL": server.url,
        "VISION_MODEL": "m",
        "CHAT_MODEL": "m",
        "CONCURRENCY": "4",
    }
    environ = {k: v for k, v in os.environ.items() if not k.startswith("VITRINE_")}
    environ |= {f"VITRINE_{name}": value for name, value in says.items()}
    program = subprocess.Popen(
        [sys.executable, "-m", "engine", *words, "--models", "endpoint"], cwd=ROOT, env=environ, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 30
    while len(server.asked) < 20 and time.monotonic() < end:
        time.sleep(0.01)
    program.send_signal(signal.SIGKILL)
    program.wait()
    assert 20 <= server.count("describe") < 2 * EACH
    run, status = ask(*ROLES)
    assert status.state == "done", status.error
    assert len(twice(server)) <= 4
    assert any("red" in statement for statement, _ in findings(run))
