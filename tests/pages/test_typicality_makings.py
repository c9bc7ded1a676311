"""Teaching a model and seeing pictures as another label, on the Typicality page: every state of both. No browser."""

from __future__ import annotations

import json
import shutil

import pytest

import tests.pages.test_pages as states
from engine.finetuning import Params as Lessons
from engine.finetuning import shelf
from engine.gallery import open_folder, recent
from engine.models.roles import ModelSpec
from engine.settings import Settings, save_profile
from engine.store.runs import Runs
from engine.translation.making import Params as Forth
from tests.makings import SPEC, done
from tests.models.tiny_checkpoints import save_diffusion
from tests.pages.test_pages import HOSTILE, buttons, labelled, press, texts
from tests.pages.test_typicality import cards
from tests.test_finetuning import painted

pytestmark = pytest.mark.usefixtures("quick_translation")
page = states.page
FEW = Lessons(steps=4, batch=2, every=2)
AS = Forth("beach", ("forest", "city"), count=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace in which a tiny model was taught, and two postcards were translated; and its galleries."""
    root = tmp_path_factory.mktemp("made")
    settings, folder = Settings(home=root / "home"), cards(root / "cards")
    shutil.copytree(folder / "forest", folder / "city")
    for path in (folder / "city").iterdir():
        path.write_bytes(path.read_bytes() + b"\0")  # the same picture, of another content
    tiny = ModelSpec("diffusion", str(save_diffusion(root / "tiny")))
    done("finetuning", painted(root / "paintings"), FEW, settings, tiny)
    done("translation", folder, AS, settings)
    return root, open_folder(root / "paintings", settings), open_folder(folder, settings)


@pytest.fixture
def workspace(made, settings):
    """The same in this test's own workspace: galleries and runs by what was asked."""
    root, lessons, pictures = made
    shutil.copytree(root / "home", settings.home)
    for folder in (settings.home / "runs").iterdir():  # pictures lie elsewhere now, as if the workspace was moved
        for inside in folder.iterdir():
            if inside.is_dir():
                open_folder(inside, settings, "to")
    runs = {run.request.analysis: run for run, _ in Runs(settings.home).all()}
    return lessons, pictures, runs


@pytest.fixture
def models(tmp_path, settings):
    path = tmp_path / "models.toml"
    path.write_text(f'[denoiser]\nbackend = "diffusion"\nname = "{SPEC.name}"\n')
    save_profile(settings, str(path))


@pytest.mark.parametrize("way", ["finetuning", "translation"])
def test_nothing_opened_no_labels_no_model(page, settings, tmp_path, way):
    assert "Choose a folder of pictures first." in texts(page("typicality", do=way))
    folder = cards(tmp_path / "cards")
    bare = open_folder(folder, settings, "none")
    assert "choose where labels come from" in texts(page("typicality", do=way, gallery=bare.fingerprint))
    gallery = open_folder(folder, settings)
    test = page("typicality", do=way, gallery=gallery.fingerprint)
    assert "name one under Model" in texts(test)
    assert test.button(key="run").disabled


def test_the_three_ways_are_buttons(page, settings, tmp_path, models):
    gallery = open_folder(cards(tmp_path / "cards"), settings)
    test = page("typicality", gallery=gallery.fingerprint)
    assert "What is typical of a label" in texts(test)
    press(test, "Teach a model")
    assert "Which model knows my labels?" in texts(test)
    press(test, "See as another label")
    assert "How would a picture look as another label?" in texts(test)
    assert test.query_params["do"] == "translation"
    press(test, "What is typical")
    assert "What is typical of a label" in texts(test)
    assert not page("typicality", gallery=gallery.fingerprint, do="<b>").exception


def test_a_price_then_a_model_that_waits(page, settings, tmp_path, models):
    gallery = open_folder(cards(tmp_path / "cards"), settings)
    test = page("typicality", gallery=gallery.fingerprint, do="finetuning")
    assert "at most 2,000 steps on 16 pictures" in texts(test)
    test.select_slider(key="teach_steps_").set_value(100).run()
    test.selectbox(key="teach_how_").set_value("lora").run()
    labelled(test.text_input, "Prompt of a label").set_value("A {} thing").run()
    assert "trained on “An image of {}”, not on “A {} thing”" in texts(test)
    test.multiselect(key="teach_labels_").set_value(["beach"]).run()
    assert "All pictures have the label 'beach'. Give two labels or more." in texts(test)
    test.multiselect(key="teach_labels_").set_value([]).run()
    press(test, "Teach")
    ((run, status),) = Runs(settings.home).all()
    assert (run.request.analysis, status.state) == ("finetuning", "queued")
    assert (run.request.params["how"], run.request.params["steps"]) == ("lora", 100)
    assert run.request.params["template"]["label"] == "A {} thing"
    assert test.query_params["run"] == run.id
    assert "Stop" in buttons(test)
    labelled(test.text_input, "Prompt of a label").set_value("no place for it").run()
    assert "does not hold {} once" in texts(test)


def test_a_price_then_pictures_that_wait(page, settings, tmp_path, models):
    gallery = open_folder(cards(tmp_path / "cards"), settings)
    test = page("typicality", gallery=gallery.fingerprint, do="translation")
    assert "Say what they become." in texts(test)
    test.selectbox(key="translate_label_").set_value("beach").run()
    test.multiselect(key="translate_to_").set_value(["forest"]).run()
    test.number_input(key="translate_count_").set_value(3).run()
    # into the noise 2 x 50, back 50 x 3, T 32 x 2 x 3
    assert f"{3 * (100 + 150 + 192):,} evaluations of the denoiser for 3 pictures" in texts(test)
    labelled(test.number_input, "Guidance").set_value(2.0).run()
    press(test, "Translate")
    ((run, status),) = Runs(settings.home).all()
    assert (run.request.analysis, status.state) == ("translation", "queued")
    asked = {**run.request.params, "to": tuple(run.request.params["to"])}
    assert asked == {**asked, "guidance": 2.0, "to": ("forest",), "count": 3}
    assert "Waiting for the worker" in str(test.get("progress")[0].proto)


def test_a_taught_model_is_told_of_and_used(page, workspace, settings):
    lessons, _, runs = workspace
    run = runs["finetuning"]
    result = json.loads(run.result_path().read_text())
    test = page("typicality", run=run.id)
    said = texts(test)
    assert f"Held-out gap {result['gap']:+.6f}" in said
    assert f"{result['before']:+.6f} before" in said
    assert "quimby (12), zorblat (12)" in said
    press(test, "Use this model")
    (model,) = shelf.models(settings.home)
    assert test.query_params["model"] == run.id
    assert test.selectbox(key=f"typical_model_{run.id}").value == model.spec.name
    assert "What is typical of a label" in texts(test)
    assert "none of these labels" not in texts(test)
    press(test, "Run")
    asked = next(run for run, _ in Runs(settings.home).all() if run.request.analysis == "typicality")
    assert asked.request.models["denoiser"] == model.spec
    assert asked.request.gallery == lessons.fingerprint


def test_a_model_of_other_labels_is_warned_of(page, workspace):
    _, pictures, runs = workspace
    test = page("typicality", gallery=pictures.fingerprint, model=runs["finetuning"].id)
    assert "This model was taught quimby, zorblat: none of these labels." in texts(test)
    assert not page("typicality", gallery=pictures.fingerprint, model="../x").exception


def test_models_are_listed_used_and_deleted(page, workspace, settings):
    *_, runs = workspace
    id = runs["finetuning"].id
    test = page("models")
    said = texts(test)
    assert f"paintings: quimby, zorblat (full, {id[:4]})" in said
    assert "24 pictures: quimby (12), zorblat (12)" in said
    test.button(key=f"delete_model_{id}").click().run()
    assert "Its run stays on the Runs page" in texts(test)
    test.button(key="delete_model_now").click().run()
    assert not test.exception
    assert shelf.models(settings.home) == []
    assert "None yet" in texts(page("models"))
    test = page("typicality", run=id)
    assert "its model was deleted" in texts(test)
    press(test, "Teach it again")
    assert runs["finetuning"].status.state == "queued"
    assert runs["finetuning"].status.again


def test_a_model_half_taught_shows_its_looks(page, workspace):
    *_, runs = workspace
    run = runs["finetuning"]
    status = run.status
    status.state, status.error, status.hint, status.revision = "stopped", "Stopped.", "It goes on at step 5 of 12.", 0
    run.set_status(status)
    run.write("partial.json", {"history": [[0, 0.001], [2, 0.003], [4, 0.002]], "steps": 12})
    test = page("typicality", run=run.id)
    said = texts(test)
    assert "It goes on at step 5 of 12." in said
    assert "Held-out gap +0.002000 :gray[+0.001000 before, best so far +0.003000]" in said.replace("**", "")
    press(test, "Go on")
    assert run.status.state == "queued"
    status.state, status.error = "failed", HOSTILE
    run.set_status(status)
    test = page("typicality", run=run.id)
    assert "Go on" in buttons(test)
    assert not any("<img" in one.value.replace("\\<", "") for one in test.error)


def pairs_of(test, key):
    """What the slider was given."""
    (drawn,) = [one for one in test.get("bidi_component") if key in str(one.proto)]
    return json.loads(drawn.proto.json)["pairs"]


def test_translations_lie_over_their_pictures(page, workspace):
    *_, runs = workspace
    test = page("typicality", run=runs["translation"].id)
    said = texts(test)
    assert "2 pictures of beach as forest, city" in said
    assert "synthetic" in said
    assert "rose in" in said
    shown = pairs_of(test, "pairs_0")
    assert [one["right"] for one in shown] == ["forest, synthetic"] * 2
    assert all("/pictures/" in one["before"] and one["before"] != one["after"] for one in shown)
    assert "Parallel elements" in said
    test.segmented_control(key="translate_shown").set_value("city").run()
    assert [one["right"] for one in pairs_of(test, "pairs_1")] == ["city, synthetic"] * 2
    test = page("typicality", run=runs["translation"].id, plain="1")
    assert not test.get("bidi_component")
    assert not test.exception


def test_half_of_the_pictures_are_shown_while_the_rest_is_made(page, workspace):
    *_, runs = workspace
    run = runs["translation"]
    result, status = json.loads(run.result_path().read_text()), run.status
    run.write("partial.json", {"rows": result["rows"][:2], "hashes": result["hashes"], "done": 1, "rose": 0.5})
    for state in ("running", "stopped", "failed"):
        status.state, status.error, status.revision = state, HOSTILE if state == "failed" else "", 0
        run.set_status(status)
        test = page("typicality", run=run.id)
        assert "1 picture so far; T of what they become rose in 50%" in texts(test)
        assert len(pairs_of(test, "pairs_so_far")) == 2


def test_translations_open_as_a_gallery(page, workspace, settings, monkeypatch):
    *_, runs = workspace
    run, asked = runs["translation"], []

    def ask(home, op, wait=1.0, **words):
        asked.append((op, words))
        return {"state": "working", "done": 0, "total": 0}

    monkeypatch.setattr("pages.parts.open_gallery.live.ask", ask)
    test = page("typicality", run=run.id)
    test.button(key="as_gallery").click().run()
    assert not test.exception
    assert asked[0] == ("open", {"path": str(run.path / "beach-as-forest-city"), "labels": "to"})
    assert any(card.title == "beach-as-forest-city" for card in recent(settings.home))


def test_runs_lead_back_to_their_form(page, workspace):
    *_, runs = workspace
    said = texts(page("runs"))
    assert "from beach · to forest, city · pictures 2" in said
    assert "at most 4 steps" in said
    test = page("typicality", repeat=runs["translation"].id)
    assert "How would a picture look" in texts(test)
    assert test.multiselect(key=f"translate_to_{runs['translation'].id}").value == ["forest", "city"]
    test = page("typicality", repeat=runs["finetuning"].id)
    assert test.selectbox(key=f"teach_how_{runs['finetuning'].id}").value == "full"


def test_pictures_as_another_label_are_shared(page, workspace):
    _, _, runs = workspace
    run = runs["translation"]
    test = page("typicality", do="translation", run=run.id)
    test.session_state["share_translation forest"] = True
    test.run()
    assert not test.exception, test.exception
    assert [b for b in test.get("download_button") if b.label == "Download PNG"]
    alts = [one.alt for image in test.image for one in image.proto.imgs]
    assert any(alt.startswith("beach as forest. 2 pictures") and "synthetic" in alt for alt in alts)
