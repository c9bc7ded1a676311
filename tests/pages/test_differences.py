"""The Differences page: empty, price, waiting, failed, finished, a finding opened, a statement of one's own."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
from pydantic import TypeAdapter

import tests.pages.test_pages as states
from engine.analyses import differences
from engine.analyses.differences import Params, Side
from engine.charts.differences import histogram
from engine.gallery import sets
from engine.jobs import live
from engine.jobs.asking import make_request
from engine.jobs.comparing import together
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import save_profile
from engine.store.runs import Runs
from tests.analyses.differences.test_run import Chat, Matcher, NoCopies, Vision
from tests.pages.test_pages import buttons, press, texts
from tests.planted import gallery_of

page = states.page
MATCHER = ModelSpec("fake", "matcher")
PLANTED = {f"{label}/{label}_cat_{i:02}.png": colour for label, colour in (("beach", "red"), ("forest", "blue"))
           for i in range(40)}  # fmt: skip


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings, PLANTED)


@pytest.fixture
def models(tmp_path, settings):
    """A profile that can describe."""
    path = tmp_path / "models.toml"
    path.write_text('[vision]\nbackend = "fake"\nname = "colours"\n')
    save_profile(settings, str(path))


def finished(gallery, settings, **words):
    """A run told from fakes, as if models had been asked."""
    if not words.get("by"):
        for side, part in (("a", "beach"), ("b", "forest")):
            words.setdefault(side, Side(f"label={part}", tuple(p.name for p in gallery.pictures if p.label == part)))
    params = Params(**words)
    part = together(gallery, params.a, params.b) if params.a and params.b else None
    run = Runs(settings.home).submit(make_request("differences", gallery, params, {"matcher": MATCHER}, part=part))
    given = {"matcher": Matcher(), "vision": Vision(), "chat": Chat({"beach": ("beaches <b>", "a beach")})}
    result = differences.run(gallery, params, **given, copies=NoCopies(), progress=Progress(), seed=0)
    status = run.status
    status.state, status.revision = "done", 1
    run.write(run.result_path(1).name, TypeAdapter(differences.Result).dump_python(result, mode="json"))
    run.set_status(status)
    return run


def test_nothing_opened_yet(page):
    assert "Choose a folder of pictures first." in texts(page("differences"))


def test_a_price_then_a_run_that_waits(page, gallery, settings, models):
    test = page("differences", gallery=gallery.fingerprint)
    assert test.selectbox(key="differences_a").value == "column:label=beach"
    assert test.selectbox(key="differences_b").value == "the rest"
    said = re.search(r"([\d,]+) (of|questions about) (\d+) pictures", texts(test))
    assert said
    assert (said[2] == "of") == (int(said[1].replace(",", "")) <= int(said[3]))  # several statements about a picture
    press(test, "Compare")
    ((run, status),) = Runs(settings.home).all()
    assert status.state == "queued"
    assert (run.request.params["a"]["name"], run.request.params["b"]["name"]) == ("label=beach", "the rest")
    assert len(run.request.params["b"]["files"]) == 40
    assert test.query_params["run"] in (run.id, [run.id])


def test_saved_sets_and_each_value_can_be_compared(page, gallery, settings, models):
    names = [p.name for p in gallery.pictures]
    one = sets.save(gallery, "first ones", names[:9], "", settings.home)
    test = page("differences", gallery=gallery.fingerprint)
    test.selectbox(key="differences_a").set_value(f"set:{one.id}").run()
    press(test, "Compare")
    ((run, _),) = Runs(settings.home).all()
    assert (run.request.params["a"]["name"], len(run.request.params["a"]["files"])) == ("first ones", 9)
    test = page("differences", gallery=gallery.fingerprint)
    test.segmented_control(key="differences_mode").set_value("Each against the rest").run()
    assert test.selectbox(key="differences_by").value == "label"
    assert not test.exception


def test_a_gallery_without_labels_says_how_to_get_sides(page, tmp_path, settings, models):
    bare = gallery_of(tmp_path, settings, {"1.png": "red", "2.png": "blue"})
    assert "There is nothing to compare yet." in texts(page("differences", gallery=bare.fingerprint))


def test_equal_sides_are_refused_with_a_word(page, gallery, settings, models):
    test = page("differences", gallery=gallery.fingerprint)
    everything = sets.save(gallery, "all", [p.name for p in gallery.pictures], "", settings.home)
    test = page("differences", gallery=gallery.fingerprint)
    test.selectbox(key="differences_a").set_value(f"set:{everything.id}").run()
    assert "There is no picture in the rest." in texts(test)
    assert next(b for b in test.button if b.label == "Compare").disabled


def test_a_finished_run_tells_its_findings(page, gallery, settings):
    run = finished(gallery, settings)
    test = page("differences", run=run.id)
    said = texts(test)
    assert "proposed on one half, tested on the other" in said
    assert "confirmed" in said
    assert {"**beach**", "**forest**"} <= set(buttons(test))
    assert test.selectbox(key="differences_b").value == "column:label=forest"  # the form says what was asked
    assert not test.exception


def test_a_finding_opens_with_a_threshold_and_saves_a_set(page, gallery, settings):
    run = finished(gallery, settings)
    test = page("differences", run=run.id, finding="forest")
    said = texts(test)
    assert "truer of label=forest" in said
    assert "counter-examples" in said
    (slider,) = test.slider
    before = [m.value for m in test.markdown if "gray[of]" in m.value]
    slider.set_value(slider.max).run()
    assert [m.value for m in test.markdown if "gray[of]" in m.value] != before
    press(test, "All findings")
    assert "finding" not in test.query_params


def test_several_comparisons_have_a_picker(page, gallery, settings):
    run = finished(gallery, settings, by="label")
    test = page("differences", run=run.id, of="1")
    assert test.selectbox(key="differences_of").value == 1
    (overview,) = test.dataframe[:1]
    assert overview.value["confirmed"].tolist() == [2, 2]
    assert overview.value["truer of it"].tolist()[1].startswith("forest (")
    assert "label: forest" in texts(test).replace("\\", "")
    for strange in ("7", "²", "-1", "x"):
        assert not page("differences", run=run.id, of=strange, finding="nothing").exception


def test_a_statement_of_ones_own_is_answered_from_stored_vectors(page, gallery, settings, monkeypatch):
    run = finished(gallery, settings)
    scores = np.array([float("beach" in p.name) for p in gallery.pictures], np.float32)
    answers = [{"state": "working", "step": "Loading"}, {"state": "done", "by": "matcher (fake)", "known": 80,
               "scores": base64.b64encode(scores.tobytes()).decode()}]  # fmt: skip
    monkeypatch.setattr(live, "ask", lambda *_, **__: answers[-1])
    test = page("differences", run=run.id)
    test.text_input(key="differences_try").set_value("sand <script>").run()
    said = texts(test)
    assert "exploratory" in said
    assert "**1.00**" in said
    assert any(r"sand \<script\>" in m.value for m in test.markdown)
    assert "truer of label=beach · AUROC" in said
    even = np.arange(len(scores), dtype=np.float32) % 2
    answers[-1]["scores"] = base64.b64encode(even.tobytes()).decode()
    test.text_input(key="differences_try").set_value("a dog").run()
    assert "no reliable difference · AUROC" in texts(test)
    monkeypatch.setattr(live, "ask", lambda *_, **__: {"state": "failed", "error": "No vectors.", "hint": "Wait."})
    assert "No vectors" in texts(page("differences", run=run.id, **{"try": "sand"}))
    monkeypatch.setattr(live, "ask", lambda *_, **__: answers[0])
    assert "Loading" in texts(page("differences", run=run.id, **{"try": "sand"}))


def test_sets_alike_show_no_reliable_difference(page, gallery, settings):
    names = [p.name for p in gallery.pictures]
    run = finished(gallery, settings, a=Side("one", tuple(names[::2])), b=Side("two", tuple(names[1::2])))
    assert "No reliable difference" in texts(page("differences", run=run.id))


def test_a_failed_run_says_why_and_goes_on(page, gallery, settings):
    run = finished(gallery, settings)
    status = run.status
    status.state, status.error, status.revision = "failed", "The server is down.", 0
    run.set_status(status)
    test = page("differences", run=run.id)
    assert "The server is down" in texts(test)
    assert "Go on" in buttons(test)


def test_a_result_that_is_gone_is_said(page, gallery, settings):
    run = finished(gallery, settings)
    run.result_path(1).unlink()
    test = page("differences", run=run.id)
    assert "its file is gone" in texts(test)
    assert "Ask again" in buttons(test)


def test_a_histogram_of_nothing_or_one_value():
    for a, b in (((), ()), ((None,), (None,)), ((1.0,), (1.0,)), ((0.1, None, 0.4), (0.2,))):
        assert histogram(a, b, ("<b>A</b>", "B"), 0.3).to_json()
    assert "<b>" not in str(histogram((0.1,), (0.2,), ("<b>A</b>", "B")).to_json())
