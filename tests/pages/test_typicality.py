"""The Typicality page: empty, without a model, price, waiting, stopped, finished with each of its views. No browser."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import asdict, replace

import pytest
from PIL import Image

import tests.pages.test_pages as states
from engine.analyses.typicality import Params, edits
from engine.charts.typicality import overlay, scale_of, strip
from engine.gallery import open_folder, sets
from engine.jobs import live
from engine.jobs.asking import make_request
from engine.jobs.execute import execute, read_result
from engine.jobs.typical import answered, keep_upload, upload_of
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec
from engine.settings import Settings, save_profile
from engine.store.runs import Runs
from tests.pages.test_pages import buttons, press, texts

page = states.page
PLACES, EACH = ("beach", "forest"), 8
SPEC = ModelSpec("diffusion", "assets/models/diffusion")


def cards(folder):
    for place in PLACES:
        for path in sorted((POSTCARDS / place).iterdir())[:EACH]:
            (folder / place).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / place / path.name)
    return folder


def told(gallery, settings):
    made = Runs(settings.home).submit(make_request("typicality", gallery, Params(draws=16), {"denoiser": SPEC}))
    with made.hold():
        assert execute(made, settings).state == "done", made.status.error
    return made


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """What the denoiser says of these postcards, evaluated once for all tests."""
    root = tmp_path_factory.mktemp("evaluated")
    settings = Settings(home=root / "home")
    told(open_folder(cards(root / "cards"), settings), settings)
    return settings.home / "arrays.sqlite"


@pytest.fixture
def gallery(tmp_path, settings):
    return open_folder(cards(tmp_path / "cards"), settings)


@pytest.fixture
def models(tmp_path, settings):
    path = tmp_path / "models.toml"
    path.write_text(f'[denoiser]\nbackend = "diffusion"\nname = "{SPEC.name}"\n')
    save_profile(settings, str(path))


@pytest.fixture
def run(gallery, settings, evaluated):
    """A finished run of the bundled denoiser on 16 postcards."""
    settings.home.mkdir(parents=True, exist_ok=True)
    shutil.copy(evaluated, settings.home)
    made = told(gallery, settings)
    assert not made.status.asked.get("evaluations")
    return made


def test_nothing_opened_yet(page):
    assert "Choose a folder of pictures first." in texts(page("typicality"))


def test_without_a_denoiser_or_labels_the_way_on_is_said(page, gallery, settings, tmp_path):
    test = page("typicality", gallery=gallery.fingerprint)
    assert "name one under Model" in texts(test)
    assert next(b for b in test.button if b.label == "Run").disabled
    bare = open_folder(tmp_path / "cards", settings, "none")
    assert "These pictures have no labels" in texts(page("typicality", gallery=bare.fingerprint))


def test_a_price_then_a_run_that_waits(page, gallery, settings, models):
    test = page("typicality", gallery=gallery.fingerprint)
    assert "512 evaluations of the denoiser for 8 pictures" in texts(test)  # 8 pictures, 32 draws, with and without
    test.multiselect(key="typical_labels").set_value([]).run()
    assert "1,024 evaluations of the denoiser for 16 pictures" in texts(test)
    test.selectbox(key="typical_against").set_value("others").run()
    assert "1,536 evaluations" in texts(test)  # a third one each: the other label
    press(test, "Run")
    ((run, status),) = Runs(settings.home).all()
    assert (run.request.analysis, status.state) == ("typicality", "queued")
    assert run.request.params["against"] == "others"


def test_a_model_of_ones_own_is_named(page, gallery, settings):
    test = page("typicality", gallery=gallery.fingerprint)
    field = test.selectbox(key="typical_model_")
    field.options.append("somebody/model")  # as if it were typed
    field.set_value("somebody/model").run()
    press(test, "Run")
    assert Runs(settings.home).all()[0][0].request.models["denoiser"] == ModelSpec("diffusion", "somebody/model")


def test_the_wall_in_each_order_and_a_set(page, gallery, settings, run):
    test = page("typicality", run=run.id)
    said = texts(test)
    assert "16 pictures, " in said
    assert "An image of beach" in said
    for order in ("least typical", "at random"):
        test.segmented_control(key="typical_order").set_value(order).run()
        assert not test.exception
    test.selectbox(key="typical_label").set_value("forest").run()
    assert "An image of forest" in texts(test)
    test.text_input(key="typical_name").set_value("woods")
    press(test, "Save")
    (made,) = sets.sets_of(gallery, settings.home)
    assert len(made) == EACH


def test_a_picture_of_the_wall_has_its_card(page, gallery, run):
    beach = next(row for row in read_result(run).rows if row.label == "beach")
    said = texts(page("typicality", run=run.id, picture=beach.file))
    assert f"T {beach.typicality:+.4f}" in said
    assert beach.file in said
    assert "FILE" in said
    for strange in ({"picture": "gone.png"}, {"picture": "forest/x"}, {"plain": "1"}):
        test = page("typicality", run=run.id, **strange)
        assert not test.exception
        assert "FILE" not in texts(test)


def test_without_a_matcher_the_clip_difference_says_so(page, run, models):
    test = page("typicality", run=run.id, part="elements")
    test.selectbox(key="typical_beside").set_value("clip").run()
    assert "It takes a matcher, which compares words with pictures" in texts(test)


def test_elements_change_without_the_model(page, run, settings, monkeypatch):
    def no_model(*_):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("engine.models.load", no_model)
    test = page("typicality", run=run.id, part="elements")
    assert not test.exception
    test.toggle(key="typical_only").set_value(False).run()
    assert "median T" in texts(test)
    test.multiselect(key="typical_patch").set_value([0.35]).run()
    assert "median T" in texts(test)
    test.multiselect(key="typical_patch").set_value([0.2, 0.35]).run()
    assert "median T" in texts(test)
    test.multiselect(key="typical_patch").set_value([]).run()  # as the run was asked
    assert "median T" in texts(test)
    test.selectbox(key="typical_beside").set_value("random").run()
    assert "random patches" in texts(test)
    press(test, "Pictures")
    assert "Element 1 of beach" in texts(test)
    test.selectbox(key="typical_beside").set_value("hog").run()
    assert not test.exception
    for strange in ({"element": "²"}, {"element": "99"}, {"part": "x"}, {"element": "1", "picture": "gone"}):
        assert not page("typicality", run=run.id, **({"part": "elements"} | strange)).exception


def test_elements_are_changed_by_hand(page, run):
    def open_menu(test, number):
        test.session_state[f"change_{len(run.edits())}_{number}"] = True
        test.run()

    test = page("typicality", run=run.id, part="elements", typical_only="false")
    open_menu(test, 1)
    press(test, "Name it")
    assert "The name is empty." in texts(test)
    assert not run.edits()
    test.text_input(key="name_0_1").set_value("<b>palm</b>")
    press(test, "Name it")
    assert [edit["kind"] for edit in run.edits()] == ["name"]
    assert "1 · <b>palm</b>" in texts(test)
    assert "1 of 1 change of yours shown" in texts(test)
    open_menu(test, 1)
    test.multiselect(key="merge_1_1").set_value([2]).run()
    press(test, "Merge")
    assert "1 + 2, by hand" in texts(test)
    assert "**2**" not in texts(test)
    open_menu(test, 1)
    press(test, "Hide")
    assert "1 hidden by you" in texts(test)
    test.toggle(key="typical_hidden").set_value(True).run()
    assert ":gray-badge[hidden]" in texts(test)
    told = test.toggle(key="typical_hidden")
    assert told.value
    press(test, "Without my changes")
    assert test.query_params["rev"] == "0"
    assert "**2**" in texts(test)
    press(test, "With my changes")
    press(test, "Take the last one back")
    assert [edit["kind"] for edit in run.edits()] == ["name", "merge"]
    press(test, "Once more")
    assert [edit["kind"] for edit in run.edits()] == ["name", "merge", "hide"]
    other = page("typicality", run=run.id, part="elements", element="2", typical_only="false")
    assert "beach has no element 2 with these patches and changes" in texts(other)


def test_changes_live_on_with_other_patches_or_are_said_to_be_gone(page, run):
    beach = [one for one in read_result(run).elements if one.label == "beach"]
    run.add_edit(edits.edit_of("name", beach[:1], "first"))
    run.add_edit({"kind": "hide", "label": "beach", "elements": [{"number": 9, "patches": [["x.png", 0, 0, 1, 1]]}]})
    test = page("typicality", run=run.id, part="elements", typical_only="false")
    assert "· first" in texts(test)
    assert "Change 2 was left out: with these patches there is no element of beach like" in texts(test)
    test.multiselect(key="typical_patch").set_value([0.3]).run()
    assert "· first" in texts(test) or "Change 1 was left out" in texts(test)


def test_what_cannot_be_changed_is_said(page, run):
    test = page("typicality", run=run.id, part="elements", typical_only="false", typical_each="1", typical_count="2")
    test.session_state["change_0_1"] = True
    test.run()
    press(test, "Split in two")
    said = [one.value for one in test.error]
    assert (len(run.edits()), len(said)) in ((1, 0), (0, 1))


def test_boxes_are_held_against_the_maps(page, gallery, run):
    test = page("typicality", run=run.id, part="boxes")
    assert "With boxes of what should be found" in texts(test)
    test.file_uploader(key="typical_boxes").set_value(("b.csv", b"file,x\n", "text/csv")).run()
    assert "b.csv lacks file, x, y, w, h" in texts(test)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["file", "x", "y", "w", "h", "label"])
    for p in gallery.pictures:
        table.writerow([p.name, 0, p.height // 2, p.width, p.height // 2, "<b>lower half</b>"])
    test.file_uploader(key="typical_boxes").set_value(("b.csv", text.getvalue().encode(), "text/csv")).run()
    (frame,) = [one.value for one in test.dataframe]
    assert frame["chance"].tolist() == [0.5]
    assert frame["pictures"].tolist() == [2 * EACH]
    again = page("typicality", run=run.id, part="boxes")
    assert [one.value["chance"].tolist() for one in again.dataframe] == [[0.5]]
    press(again, "Forget it")
    assert "With boxes of what should be found" in texts(again)


def test_any_picture_is_asked_of_the_live_process(page, gallery, settings, run, monkeypatch):
    asked = []

    def ask(home, op, wait=1.0, **words):
        asked.append((op, words))
        loaded = {}
        found = answered(run.request, upload_of(words["picture"], settings), settings, lambda *_: None, loaded)
        assert len(loaded) == 1
        return {"state": "done"} | live._typical_words(found)

    monkeypatch.setattr("pages.parts.typicality_one.live.ask", ask)
    test = page("typicality", run=run.id, part="one")
    assert "Upload a picture" in texts(test)
    data = gallery.pictures[0].path.read_bytes()
    test.file_uploader(key="typical_one").set_value(("x.webp", data, "image/webp")).run()
    assert asked[0][0] == "typical"
    assert test.dataframe[0].value["label"].tolist()[0] == "beach"
    test.file_uploader(key="typical_one").set_value(("x.png", b"no picture", "image/png")).run()
    assert not test.exception
    assert len(asked) == 1


def test_an_upload_is_kept_by_its_content(gallery, settings):
    data = gallery.pictures[0].path.read_bytes()
    one, two = keep_upload(data, settings), keep_upload(data, settings)
    assert one == two
    assert one.hash == gallery.pictures[0].hash
    assert upload_of(one.name, settings).open().size == gallery.pictures[0].open().size


def test_a_stopped_run_shows_what_it_has(page, run):
    status = run.status
    status.state, status.error, status.revision = "stopped", "Stopped.", 0
    run.set_status(status)
    row = {"file": "<b>x</b>.png", "label": "beach", "typicality": 0.01, "low": 0.0, "high": 0.02}
    run.write("partial.json", {"draws": 16, "pictures": 3, "of": 16, "rows": [row]})
    test = page("typicality", run=run.id)
    assert "After up to 16 draws, 3 of 16 pictures looked at" in texts(test)
    assert "Go on" in buttons(test)


def test_names_are_no_markup(page, gallery, run):
    result = read_result(run)
    rows = tuple(replace(row, label="<b>x</b>", posterior={"<i>y</i>": 1.0}) for row in result.rows)
    run.write(run.result_path(1).name, asdict(replace(result, rows=rows, elements=())))
    test = page("typicality", run=run.id)
    assert not test.exception
    assert not any("<i>" in one.value for one in (*test.markdown, *test.caption))


def test_overlays_are_as_strong_as_the_map(settings):
    import numpy as np

    white = Image.new("RGB", (64, 32), (255, 255, 255))
    made = np.asarray(overlay(white, np.array([[0.0, 1.0], [0.0, -1.0]]), 1.0, 0.5, side=64), int)
    assert made.shape == (32, 64, 3)
    assert made[0, 0].tolist() == [255, 255, 255]
    assert made[0, -1].tolist() == [140, 202, 200]  # half way to teal
    assert made[-1, -1, 2] < made[0, -1, 2]
    assert scale_of([]) == 1
    assert strip([(white, (0.0, 0.0, 0.5, 0.5))] * 3, side=10, gap=2).size == (34, 10)


def test_what_is_chosen_is_in_the_address(page, run):
    chosen = {"typical_label": "forest", "typical_order": "least typical", "typical_opacity": "0.2"}
    test = page("typicality", run=run.id, **chosen)
    assert "An image of forest" in texts(test)
    assert test.segmented_control(key="typical_order").value == "least typical"
    assert test.slider(key="typical_opacity").value == 0.2
    strange = {"typical_label": "moon", "typical_order": "<b>", "typical_opacity": "x", "typical_page": "99"}
    test = page("typicality", run=run.id, **strange)
    assert not test.exception
    assert "An image of beach" in texts(test)
    test = page("typicality", run=run.id, part="elements", typical_patch="7", typical_count="-1", typical_beside="?")
    assert not test.exception
