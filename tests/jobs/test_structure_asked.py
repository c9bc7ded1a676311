"""Structure through an endpoint that behaves badly: what it refuses, repeats or makes up; killed, resumed, too dear."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from engine.analyses.structure import Given, Params, tables
from engine.gallery import open_folder
from engine.jobs.asking import make_request
from engine.jobs.execute import execute, read_result
from engine.models import openai_endpoint
from engine.models.roles import ModelSpec
from engine.settings import Endpoint, Prices
from engine.store.runs import Runs
from tests.fake_endpoint import FakeEndpoint
from tests.planted import many, paint

COLOURS = ("red", "green", "blue", "yellow")
N = 60
PROPOSED = Params()
COLOUR = Params(count=0, given=(Given("colour", COLOURS),))


def describing():
    """Another description each time, of the colours in turn."""
    n = count()
    return lambda _: {"answers": [{"item": 0, "description": f"A {COLOURS[(k := next(n)) % 4]} car {k}.", "label": ""}]}


def attributes_of(payload):
    return {"attributes": [c for c in COLOURS if any(c in text for text in payload["texts"])]}


def alone(payload):
    return {"groups": [{"name": name, "members": [name]} for name in payload["names"]]}


def assigned(payload):
    def value(text, one):
        return {"dimension": one["name"], "attributes": [a for a in one["attributes"] if a in text][:1]}

    return {"answers": [{"item": t["item"], "values": [value(t["text"], one) for one in payload["dimensions"]]}
                        for t in payload["items"]]}  # fmt: skip


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(openai_endpoint, "_LONGEST_WAIT", 0.02)
    with FakeEndpoint() as server:
        server.answers = {
            "propose_dimensions": lambda _: {"dimensions": ["Colour", "mood"]},
            "propose_attributes": lambda p: {"attributes": []} if p["dimension"] == "mood" else attributes_of(p),
            "describe": describing(),
            "tidy": alone,
            "assign_attributes": assigned,
        }
        yield server


@pytest.fixture
def at(server, settings):
    """Settings that lead to the server."""
    return replace(settings, endpoint=Endpoint(server.url, "", "m", "m", concurrency=4, timeout=1.0))


@pytest.fixture
def ask(server, at, tmp_path):
    """Carries a run out on 60 pictures of 4 colours; returns run and status."""
    gallery = open_folder(paint(tmp_path / "pictures", many(N)), at)
    spec = ModelSpec("openai_endpoint", "m", options={"url": server.url})

    def done(params=PROPOSED, settings=at, budget=None, watch=lambda _: None):
        request = make_request("structure", gallery, params, {"vision": spec, "chat": spec})
        run = Runs(at.home).submit(request, budget)
        with run.hold() as got:
            assert got
            return run, execute(run, settings, watch)

    return done


def counts(run, i=0):
    return {a.name: a.count for a in read_result(run).dimensions[i].attributes}


def test_a_good_one(ask):
    run, status = ask()
    assert status.state == "done", status.error
    assert counts(run) == dict.fromkeys(COLOURS, 15)
    assert any("mood: no two values were found" in note for note in read_result(run).notes)


@pytest.mark.parametrize("fault", ["refusal", "malformed", "garbage", "500"])
@pytest.mark.parametrize("task", ["propose_dimensions", "propose_attributes", "tidy", "assign_attributes"])
def test_one_task_never_answered_ends_or_is_said(server, ask, task, fault):
    server.play = lambda asked: fault if asked.task == task else ""
    run, status = ask()
    if task == "tidy":  # names stay as they are
        assert counts(run) == dict.fromkeys(COLOURS, 15)
    elif task == "assign_attributes" and status.state == "done":
        result = read_result(run)
        assert all(row.why and not row.values for row in result.rows)
        assert any(f"{N} of {N} pictures were not" in note for note in result.notes)
    else:
        assert (status.state, bool(status.error), bool(status.hint)) == ("failed", True, True)
        assert "error in the program" not in status.error


def test_some_answers_fail_and_the_rest_counts(server, ask):
    server.play = lambda asked: "refusal" if asked.task == "assign_attributes" and asked.number % 2 else ""
    run, status = ask(COLOUR)
    assert status.state == "done", status.error
    rows = read_result(run).rows
    assert sum(counts(run).values()) + sum(bool(row.why) for row in rows) == N


def test_prose_in_place_of_an_answer(server, ask):
    server.answers["assign_attributes"] = lambda _: "They are all lovely colours, I think."
    _, status = ask(COLOUR)
    assert status.state in ("failed", "done")
    assert "error in the program" not in status.error


def test_what_is_off_the_list_or_repeated_is_not_taken(server, ask):
    def odd(payload):
        said = assigned(payload)
        for k, one in enumerate(said["answers"]):
            one["values"][0]["attributes"] *= 3
            if k % 3 == 0:
                one["values"][0]["attributes"] = ["crimson"]
        return said

    server.answers["assign_attributes"] = odd
    run, status = ask(COLOUR)
    assert status.state == "done", status.error
    result = read_result(run)
    assert {a for row in result.rows for a in row.values.get("colour", ())} <= set(COLOURS)
    assert all(len(some) == 1 for row in result.rows for some in row.values.values())
    assert any(row.why for row in result.rows)


def test_names_are_repeated_and_hostile(server, ask):
    strange = ["Colour", "colour", " COLOURS ", "file", "label", "wea\nther", "a: b, c=d", "<b>x</b>", "", "!?"]
    server.answers["propose_dimensions"] = lambda _: {"dimensions": strange}
    server.answers["propose_attributes"] = lambda p: {
        "attributes": ["red", "Red", "reds", "other", "un\nknown", "", *attributes_of(p)["attributes"]]
    }
    run, status = ask()
    assert status.state == "done", status.error
    result = read_result(run)
    names = [one.name for one in result.dimensions]
    assert not {"file", "label"} & set(names)
    assert all(name == " ".join(name.split()) for name in names)
    assert len([name for name in names if name.startswith("colour")]) == 1
    for one in result.dimensions:
        assert not {"other", ""} & {a.name for a in one.attributes}
        assert len([a for a in one.attributes if a.name.startswith("red")]) == 1
    assert list(tables(result)["structure"][0]) == ["file", "label", *names]


def test_500_attributes(server, ask):
    server.answers["propose_attributes"] = lambda p: {
        "attributes": [*attributes_of(p)["attributes"], *(f"shade {i}" for i in range(500))]
    }
    run, status = ask(Params(count=0, given=(Given("colour"),)))
    assert status.state == "done", status.error
    sizes = [len(one["attributes"]) for a in server.asked if a.task == "assign_attributes"
             for one in a.payload["dimensions"]]  # fmt: skip
    assert max(sizes) == 100
    assert "colour: 404 values that were named least are counted as other." in status.notes
    assert counts(run)["red"] == 15


def test_it_stalls(server, ask):
    server.play = lambda asked: "hang" if asked.task == "assign_attributes" and asked.nth == 1 else ""
    run, status = ask(COLOUR)
    assert status.state == "done", status.error
    assert sum(counts(run).values()) == N


def test_a_budget_stops_it_and_what_was_paid_for_is_kept(server, ask, at):
    server.seconds = 0.05
    dear = replace(patient(at), prices=Prices(1000, 0))  # 100 tokens in are 0.1
    _, status = ask(COLOUR, dear, budget=1.0)
    assert status.state == "stopped"
    assert "budget of 1 is spent" in status.error
    _, status = ask(COLOUR, dear, budget=100.0)
    assert status.state == "done", status.error
    assert not twice(server)


def test_killed_in_the_middle_it_asks_again_only_what_was_in_flight(server, ask, at):
    class Killed(BaseException):
        pass

    def die(progress):
        if progress.step == "assigning" and progress.done:
            raise Killed

    slow = patient(at, concurrency=1)
    server.play = lambda asked: time.sleep(0.4 * (asked.task == "assign_attributes")) or ""
    two = Params(count=0, given=(*COLOUR.given, Given("warmth", ("red", "blue"))))
    with pytest.raises(Killed):
        ask(two, slow, watch=die)
    run, status = ask(two, patient(at))
    assert status.state == "done", status.error
    assert sum(counts(run).values()) == N
    assert len(twice(server)) <= 1


def patient(at, **words):
    """The same settings for who counts questions: none is late, and so asked again, on a machine that is busy."""
    return replace(at, endpoint=replace(at.endpoint, timeout=30.0, **words))


def twice(server):
    """Questions that were asked more than once."""
    said = Counter(str((a.payload, a.body["messages"][-1])) for a in server.asked)
    return [question for question, n in said.items() if n > 1]
