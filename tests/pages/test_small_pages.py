"""What Look, Runs and Models say where something went wrong, is missing, or would be mistaken for something else."""

from __future__ import annotations

import pytest

import tests.pages.test_pages as states
from engine.analyses.clusters import Criterion, Params
from engine.gallery import open_folder
from engine.jobs import live
from tests.pages.test_pages import buttons, press, texts
from tests.planted import gallery_of, many, paint, submitted

page = states.page


@pytest.fixture
def answers(monkeypatch):
    """The live process's answers, by operation: answers["open"] = {...}."""
    said = {}
    at_work = {"state": "working", "done": 0, "total": 0}
    monkeypatch.setattr(live, "ask", lambda home, op, **words: at_work if op == "prepare" else said[op])
    return said


def failed(error, hint="Do something."):
    return {"state": "failed", "error": error, "hint": hint}


def test_a_wrong_path_stays_to_be_corrected_beside_the_error(page, tmp_path, settings, answers):
    gallery_of(tmp_path, settings)
    test = page("gallery")
    test.session_state["open_form"] = True
    test.text_input(key="folder_path").set_value("/no/such/folder")
    answers["open"] = failed("There is no folder /no/such/folder.")
    press(test, "Open folder")
    form = next(e for e in test.expander if e.label == "Open another folder")
    assert form.proto.expanded
    assert "There is no folder /no/such/folder." in form.error[0].value.replace("\\", "")
    assert test.text_input(key="folder_path").value == "/no/such/folder"

    other = open_folder(paint(tmp_path / "others", many(4)), settings)
    answers["open"] = {"state": "done", "fingerprint": other.fingerprint}
    press(test, "Open folder")
    assert not next(e for e in test.expander if e.label == "Open another folder").proto.expanded
    assert not test.error
    assert "4 pictures" in texts(test)


def test_a_picture_that_is_not_in_the_gallery_is_said(page, tmp_path, settings):
    gallery_of(tmp_path, settings)
    assert "There is no picture red/9.png in this gallery." in texts(page("gallery", picture="red/9.png"))


def test_what_wins_over_the_models_page_cannot_be_changed_on_it(page, settings, tmp_path, monkeypatch):
    test = page("models")
    assert not test.radio(key="profile").disabled
    monkeypatch.setenv("VITRINE_MODELS", "local")
    test.run()
    assert test.radio(key="profile").disabled
    assert "VITRINE_MODELS says so and wins" in texts(test)
    monkeypatch.delenv("VITRINE_MODELS")
    (tmp_path / "vitrine.toml").write_text('models = "bundled"\n')
    monkeypatch.chdir(tmp_path)
    test.run()
    assert test.radio(key="profile").disabled
    assert "models in ./vitrine.toml says so and wins" in texts(test)
    assert not (settings.home / "vitrine.toml").exists()


def test_an_endpoint_is_saved_once_both_models_are_named(page, settings, answers):
    test = page("models")
    save = lambda: next(b for b in test.button if b.label == "Save")  # noqa: E731
    test.text_input(key="endpoint_url").set_value("http://127.0.0.1:9/v1").run()
    assert save().disabled
    assert "To save, name a vision model and a chat model." in texts(test)
    test.text_input(key="vision_model").set_value("eye")
    test.text_input(key="chat_model").set_value("mouth").run()
    assert not save().disabled
    answers["list_models"] = failed("Nobody answers at http://127.0.0.1:9/v1.")
    press(press(test, "List its models"), "Save")
    assert not test.success
    assert "Saved, but the server did not answer when last asked." in texts(test)
    test.text_input(key="endpoint_url").set_value("http://127.0.0.1:8/v1").run()  # one that was not asked
    assert "Saved." in texts(press(test, "Save"))


def test_saving_an_endpoint_under_another_profile_says_who_wins(page, monkeypatch):
    monkeypatch.setenv("VITRINE_MODELS", "bundled")
    test = page("models")
    test.text_input(key="endpoint_url").set_value("http://127.0.0.1:9/v1")
    test.text_input(key="vision_model").set_value("eye")
    test.text_input(key="chat_model").set_value("mouth").run()
    assert "says otherwise and wins" in texts(press(test, "Save"))


def test_missing_weights_come_with_the_way_to_give_a_path(page, tmp_path, settings, answers):
    gallery_of(tmp_path, settings)
    test = page("models")
    test.radio(key="profile").set_value("local").run()
    assert texts(test).count("Start Vitrine with `VITRINE_MODELS=models.toml`") == 1
    answers["try"] = failed("Qwen is not on this machine.", "Give a local folder's path.")
    said = texts(press(test, "Ask both models"))
    assert said.count("Start Vitrine with `VITRINE_MODELS=models.toml`") == 2


def test_runs_that_differ_look_different(page, tmp_path, settings):
    here, there = gallery_of(tmp_path / "a", settings), gallery_of(tmp_path / "b", settings, many(3))
    submitted(here, settings)
    submitted(there, settings)
    submitted(here, settings, Params(Criterion("colour", "the sky", "people"), "3", ("red",), ("blue",), False), seed=7)
    said = texts(page("runs"))
    assert "a/pictures · 5 pictures" in said
    assert "b/pictures · 3 pictures" in said
    assert "K 3 · look at the sky · ignore people · keep red · avoid blue · second opinion no · seed 7" in said
    assert said.count("K ") == 1  # the default is not said
    assert said.count("vision: fake · chat: fake") == 3
    assert buttons(page("runs")).count("Open") == 3
