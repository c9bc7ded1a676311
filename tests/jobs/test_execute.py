import json
import time
from dataclasses import replace

import pytest

from engine.analyses import clusters
from engine.errors import GalleryError, ModelError, RunError
from engine.gallery import sets
from engine.jobs.asking import chosen, estimate, leaves_for, make_request
from engine.jobs.execute import execute, read_result
from engine.models.fake import Fake
from engine.models.roles import ModelSpec
from engine.settings import Prices
from engine.store.runs import Runs
from tests.makings import carried_out
from tests.planted import COLOUR, FAKE, gallery_of, many, submitted

REFUSES_BLUE = ModelSpec("fake", "fake", options={"fail": "blue"})


@pytest.fixture
def run(tmp_path, settings):
    return submitted(gallery_of(tmp_path, settings), settings)


def test_done(run, settings):
    status = carried_out(run, settings)
    assert status == run.status
    assert (status.state, status.error, status.revision) == ("done", "", 1)
    assert status.asked == {"describe": 5, "name_clusters": 1, "assign": 1}
    assert status.tokens_in == 700  # the fake says 100 a request
    assert status.ended >= status.queued
    assert {c.name: c.size for c in read_result(run).clusters} == {"red": 3, "blue": 2}
    assert run.partial == {}


def test_the_same_request_asked_twice_is_the_same_run_and_the_same_result(run, settings, tmp_path):
    carried_out(run, settings)
    first = run.result_path().read_bytes()
    again = submitted(gallery_of(tmp_path, settings), settings)
    assert again == run
    assert again.status.state == "done"
    elsewhere = replace(settings, home=tmp_path / "elsewhere")
    other = submitted(gallery_of(tmp_path, elsewhere), elsewhere)
    carried_out(other, elsewhere)
    assert other.id == run.id
    assert other.result_path().read_bytes() == first


def test_again_writes_a_second_revision_and_asks_only_what_is_missing(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    run = submitted(gallery, settings, spec=REFUSES_BLUE)
    before = carried_out(run, settings)
    assert before.failed == 2
    assert sum(r.how == "unanswered" for r in read_result(run).rows) == 2
    Runs(settings.home).submit(run.request, again=True)
    status = carried_out(run, settings)
    assert (status.revision, status.again) == (2, False)
    assert status.asked["describe"] - before.asked["describe"] == 4  # two pictures, twice each
    assert read_result(run, 1) == read_result(run, 2) == read_result(run)
    assert {path.name for path in run.path.glob("result*.json")} == {"result.json", "result.2.json"}


def test_asked_again_in_vain_it_has_the_answer_it_had(tmp_path, settings, monkeypatch):
    run = submitted(gallery_of(tmp_path, settings), settings, spec=REFUSES_BLUE)
    carried_out(run, settings)
    kept = run.result_path().read_bytes()
    Runs(settings.home).submit(run.request, again=True)
    monkeypatch.setattr(Fake, "describe", _no_server)
    assert carried_out(run, settings).state == "failed"  # which the one who asked is told
    assert (run.status.state, run.status.again, run.status.revision) == ("done", False, 1)
    assert "Nobody answers" in run.status.notes[-1]
    assert run.result_path().read_bytes() == kept


def _no_server(self, requests, check):
    raise ModelError("Nobody answers.", "Start it.")


def test_failed(tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings, {"1.png": "blue"}), settings, spec=REFUSES_BLUE)
    status = carried_out(run, settings)
    assert status.state == "failed"
    assert "described none of 1 pictures: the model refused" in status.error
    assert status.hint
    with pytest.raises(RunError, match="no result: it failed"):
        read_result(run)


def test_stopped_by_a_person(tmp_path, settings):
    slow = ModelSpec("fake", "fake", options={"seconds": 0.05})
    run = submitted(gallery_of(tmp_path, settings, many(30)), settings, spec=slow)

    def watch(progress):
        if progress.done >= 3:
            run.stop()

    status = carried_out(run, settings, watch=watch)
    assert (status.state, status.error) == ("stopped", "Stopped.")
    assert not run.cancelled
    got = status.asked["describe"]
    assert 3 <= got < 30
    Runs(settings.home).submit(run.request)
    status = carried_out(run, settings)
    assert status.state == "done"
    assert status.asked["describe"] == 30  # both tries together: nothing twice
    assert status.known["describe"] == got


def test_a_process_that_must_end_puts_the_run_back(tmp_path, settings):
    slow = ModelSpec("fake", "fake", options={"seconds": 0.05})
    run = submitted(gallery_of(tmp_path, settings, many(30)), settings, spec=slow)
    began = time.monotonic()
    why = lambda: "The app ended." if time.monotonic() - began > 0.5 else ""  # noqa: E731
    status = carried_out(run, settings, stopping=why)
    assert (status.state, status.error) == ("queued", "The app ended.")


def test_the_budget_stops_a_run(tmp_path, settings):
    dear = replace(settings, prices=Prices(1000, 0))  # 100 tokens in are 0.1
    slow = ModelSpec("fake", "fake", options={"seconds": 0.03})
    run = submitted(gallery_of(tmp_path, settings, many(60)), settings, spec=slow)
    Runs(settings.home).submit(run.request, budget=1.0)
    status = carried_out(run, dear)
    assert status.state == "stopped"
    assert "budget of 1 is spent" in status.error
    assert status.money
    assert 1.0 <= status.money < 2.5  # looked at ten times a second


def test_a_bug_is_said_and_survived(run, settings, monkeypatch, capsys):
    def broken(*_, **__):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(clusters, "run", broken)
    status = carried_out(run, settings)
    assert (status.state, status.error) == ("failed", "An error in the program: ZeroDivisionError: oops")
    assert "report" in status.hint
    assert "ZeroDivisionError" in capsys.readouterr().err
    monkeypatch.undo()
    Runs(settings.home).submit(run.request)
    assert carried_out(run, settings).state == "done"


def test_a_run_of_an_older_version_is_not_carried_out(run, settings, monkeypatch):
    monkeypatch.setattr(clusters, "VERSION", clusters.VERSION + 1)
    status = carried_out(run, settings)
    assert (status.state, status.error) == ("failed", "This run was asked of an older version.")


def test_a_gallery_that_is_gone(run, settings):
    for path in (settings.home / "galleries").glob("*.json"):
        path.unlink()
    status = carried_out(run, settings)
    assert status.state == "failed"
    assert status.hint == "Open its folder again."


def test_a_run_that_kills_its_worker_is_given_up(run, settings):
    run.set_status(replace(run.status, state="running", fruitless=4))  # as the fifth worker to die leaves it
    status = carried_out(run, settings)
    assert status.state == "failed"
    assert "died 5 times" in status.error
    Runs(settings.home).submit(run.request)
    assert carried_out(run, settings).state == "done"  # asked for by a person, it gets another chance


def test_a_folder_whose_names_are_no_text(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, {"a\udcff.png": "red", "b.png": "blue"})
    run = submitted(gallery, settings)
    assert carried_out(run, settings).state == "done"
    assert [r.file for r in read_result(run).rows] == ["a\udcff.png", "b.png"]


def test_a_damaged_result_is_said(run, settings):
    carried_out(run, settings)
    for junk in ("", "{", '{"rows": 3}', "[]"):
        run.result_path().write_text(junk)
        with pytest.raises(RunError, match="cannot be read") as said:
            read_result(run)
        assert "answers are kept" in said.value.hint


def test_progress_is_written_while_it_runs(tmp_path, settings):
    slow = ModelSpec("fake", "fake", options={"seconds": 0.05})
    run = submitted(gallery_of(tmp_path, settings, many(20)), settings, spec=slow)
    seen = []
    carried_out(run, settings, watch=lambda p: seen.append((run.status, run.partial)))
    middle = [(s, p) for s, p in seen if s.state == "running" and 0 < s.done < 20]
    assert middle
    status, partial = middle[-1]
    assert (status.step, status.total) == ("describing", 20)
    assert status.rate > 0
    assert partial["distinct"] >= 1


# Requests


def specs(spec=FAKE):
    return {"vision": spec, "chat": spec, "matcher": spec}


def test_a_sample_is_drawn_by_its_seed(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(30))
    one = make_request("clusters", gallery, COLOUR, specs(), seed=1, sample=10)
    assert one == make_request("clusters", gallery, COLOUR, specs(), seed=1, sample=10)
    assert one.members
    assert len(set(one.members)) == 10
    assert one.members != make_request("clusters", gallery, COLOUR, specs(), seed=2, sample=10).members
    assert [p.name for p in chosen(gallery, one.members).pictures] == sorted(one.members)
    assert one.selection == "10 at random"


@pytest.mark.parametrize("sample", [5, 6, 1000])
def test_a_sample_of_everything_is_everything(tmp_path, settings, sample):
    gallery = gallery_of(tmp_path, settings)
    everything = make_request("clusters", gallery, COLOUR, specs())
    assert make_request("clusters", gallery, COLOUR, specs(), sample=sample) == everything


def test_models_that_an_analysis_does_not_ask_are_no_part_of_it(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    assert set(make_request("clusters", gallery, COLOUR, specs()).models) == {"vision", "chat"}


def test_the_estimate_asks_nothing(tmp_path, settings, monkeypatch):
    def load(*_):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("engine.models.load", load)
    gallery = gallery_of(tmp_path, settings)
    request = make_request("clusters", gallery, COLOUR, specs(), sample=3)
    price = estimate(request, gallery, COLOUR, settings)
    assert (price.pictures, price.roles[0].questions) == (3, 3)


@pytest.mark.parametrize(
    ("url", "host"),
    [("http://127.0.0.1:8000/v1", ""), ("https://api.example.com/v1", "api.example.com"), ("http://h:8/v1", "h:8")],
)
def test_where_pictures_go(url, host):
    spec = ModelSpec("openai_endpoint", "m", options={"url": url})
    assert leaves_for({"vision": spec, "chat": spec}) == host
    assert leaves_for({"chat": spec}) == ""  # words only
    assert leaves_for({"vision": FAKE, "chat": spec}) == ""


def test_a_request_is_plain_json(tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings), settings)
    said = json.loads((run.path / "request.json").read_text())
    assert said["params"]["criterion"]["name"] == "colour"


def test_a_set_is_asked_about_instead_of_everything(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    part = sets.save(gallery, "two", ["red/2.png", "blue/1.png"], "by hand", settings.home)
    run = submitted(gallery, settings, part=part)
    assert (run.request.selection, run.request.members) == ("two", ("blue/1.png", "red/2.png"))
    with run.hold():
        assert execute(run, settings).state == "done"
    sets.delete(part.id, settings.home)  # the run has the names
    assert [row.file for row in read_result(run).rows] == ["blue/1.png", "red/2.png"]
    with run.hold():
        assert execute(run, settings).state == "done"


def test_a_set_of_everything_is_everything_and_a_sample_is_drawn_from_a_set(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(20))
    names = [p.name for p in gallery.pictures]
    whole = sets.save(gallery, "whole", names, "", settings.home)
    assert make_request("clusters", gallery, COLOUR, specs(), part=whole).id == make_request(
        "clusters", gallery, COLOUR, specs()
    ).id  # fmt: skip
    half = sets.save(gallery, "half", names[:10], "", settings.home)
    drawn = make_request("clusters", gallery, COLOUR, specs(), part=half, sample=3)
    assert drawn.members
    assert set(drawn.members) < set(names[:10])
    assert drawn.selection == "3 at random of half"


def test_a_set_whose_pictures_are_gone_is_refused(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    part = sets.save(gallery, "two", ["red/2.png", "blue/1.png"], "", settings.home)
    other = gallery_of(tmp_path / "other", settings, many(3))
    with pytest.raises(GalleryError, match="No picture of the set two"):
        make_request("clusters", other, COLOUR, specs(), part=part)
