"""Every state of every page, without a browser: empty, price, waiting, running, failed, stopped, finished, changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from engine.gallery import open_folder
from engine.jobs.execute import execute
from engine.models.roles import ModelSpec
from engine.settings import Endpoint, Prices, save_endpoint
from engine.store.runs import Runs
from pages.parts.workspace import plain
from tests.planted import gallery_of, many, submitted

FRAME = Path(__file__).parents[2] / "pages" / "frame.py"
HOSTILE = "<img src=x onerror=alert(1)> [a](http://evil.example) **b** :red[c] $x$"


@pytest.fixture
def page(settings, monkeypatch):
    """Open a page of the app in the test's workspace: page("look", run="...")."""
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    for name in ("ENDPOINT_URL", "VISION_MODEL", "CHAT_MODEL", "MODELS", "ROOTS"):
        monkeypatch.delenv(f"VITRINE_{name}", raising=False)

    def opened(file, **words):
        test = AppTest.from_file(FRAME, default_timeout=30)
        test.run()  # the bare address, which leads to the clusters page
        for word, value in words.items():
            test.query_params[word] = value
        test.switch_page(f"{file}.py").run()
        assert not test.exception, test.exception
        return test

    return opened


def texts(test):
    """Everything written on the page."""
    kinds = (test.markdown, test.caption, test.info, test.warning, test.error, test.success, test.title)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\u2060", "").replace("\\", "")


def buttons(test):
    return [b.label for b in test.button]


def press(test, label):
    next(b for b in test.button if b.label == label).click()
    test.run()
    assert not test.exception, test.exception
    return test


def labelled(elements, label):
    return next(one for one in elements if one.label == label)


def connect(settings):
    save_endpoint(settings, Endpoint("http://127.0.0.1:9/v1", "", "eye", "mouth"), Prices(1.0, 2.0))


def answering(tmp_path, monkeypatch):
    """The page asks the models that `finished` asked."""
    file = tmp_path / "models.toml"
    file.write_text('[vision]\nbackend = "fake"\nname = "fake"\n[chat]\nbackend = "fake"\nname = "fake"\n')
    monkeypatch.setenv("VITRINE_MODELS", str(file))


def finished(tmp_path, settings, colours=None, **options):
    gallery = gallery_of(tmp_path, settings, colours or many(12))
    run = submitted(gallery, settings, spec=ModelSpec("fake", "fake", options=options))
    with run.hold():
        status = execute(run, settings)
    assert status.state == "done", status.error
    return run


def test_nothing_opened_yet(page):
    for name in ("clusters", "gallery"):
        assert "folder" in texts(page(name)).lower()
    assert "Nothing was asked yet" in texts(page("runs"))
    assert "Open a gallery first" in texts(page("models"))


def test_a_gallery_without_a_model_leads_to_the_models_page(page, tmp_path, settings):
    gallery_of(tmp_path, settings)
    test = page("clusters")
    assert "The bundled models know only Postcards" in texts(test)
    test.text_input(key="criterion").set_value("mood").run()
    assert "Measured words cannot tell 'mood'" in texts(test)
    assert test.button(key="run").disabled
    test.text_input(key="criterion").set_value("colour").run()
    assert "Run" in buttons(test)


def test_the_price_comes_before_the_run(page, tmp_path, settings):
    gallery_of(tmp_path, settings, many(12))
    connect(settings)
    test = page("clusters")
    assert test.button(key="run").disabled  # no criterion, no question
    test.text_input(key="criterion").set_value("colour").run()
    said = texts(test)
    assert "12 of 12 pictures to describe" in said
    assert "money" in said
    press(test, "Run")
    (run, status), *more = Runs(settings.home).all()
    assert (status.state, more, run.request.params["criterion"]["name"]) == ("queued", [], "colour")
    assert run.id in test.query_params["run"]
    assert "Waiting for the worker" in str(test.get("progress")[0].proto)
    assert "Stop" in buttons(test)


@pytest.mark.parametrize(("k", "why"), [("1", "(K) is '1'"), ("many", "(K) is 'many'"), ("9-3", "(K) is '9-3'")])
def test_a_wrong_k_is_said_at_once(page, tmp_path, settings, k, why):
    gallery_of(tmp_path, settings)
    connect(settings)
    test = page("clusters")
    test.text_input(key="criterion").set_value("colour")
    test.text_input(key="k").set_value(k).run()
    assert why in texts(test)
    assert test.button(key="run").disabled


def test_sending_pictures_away_is_asked_once(page, tmp_path, settings):
    gallery_of(tmp_path, settings, many(12))
    save_endpoint(settings, Endpoint("https://api.far.example/v1", "", "eye", "mouth"), Prices())
    test = page("clusters")
    test.text_input(key="criterion").set_value("colour").run()
    assert "12 pictures will be sent to" in test.checkbox[0].label
    assert next(b for b in test.button if b.label == "Run").disabled
    test.checkbox[0].check().run()
    assert not next(b for b in test.button if b.label == "Run").disabled
    again = page("clusters")
    again.text_input(key="criterion").set_value("shape").run()
    assert not again.checkbox


def test_a_running_run_shows_step_count_and_first_results(page, tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings, many(12)), settings)
    status = run.status
    status.state, status.step, status.done, status.total, status.rate = "running", "describing", 5, 12, 2.5
    run.set_status(status)
    run.write("partial.json", {"clusters": [{"name": HOSTILE, "size": 3, "files": ["000.png"]}], "distinct": 1})
    test = page("clusters", run=run.id)
    assert "Describing 5 of 12" in str(test.get("progress")[0].proto)
    assert HOSTILE in texts(test)
    press(test, "Stop")
    assert run.status.state == "stopped"  # nobody executes it: stopped at once
    assert "Go on" in buttons(page("clusters", run=run.id))


def test_a_failed_run_says_what_to_do_and_goes_on(page, tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings), settings, spec=ModelSpec("openai_endpoint", "m"))
    status = run.status
    status.state, status.error, status.hint = "failed", "Nobody answers at http://x/v1.", "Start the server."
    run.set_status(status)
    test = page("clusters", run=run.id)
    assert "Nobody answers at http://x/v1. Start the server." in texts(test)
    press(test, "Go on")
    assert run.status.state == "queued"


def test_a_finished_run_shows_its_clusters_and_evidence(page, tmp_path, settings):
    run = finished(tmp_path, settings)  # 12 pictures, 4 colours
    test = page("clusters", run=run.id)
    said = texts(test)
    assert "**4 clusters** by colour" in said
    for colour in ("red", "green", "blue", "yellow"):
        assert f"**{colour}** :gray[3 · 25.0%]" in said
    assert test.text_input(key="criterion").value == "colour"
    assert f"run {run.id}" in said
    assert "Described by fake (fake), sorted by fake (fake)" in said


def test_a_result_that_is_gone_is_said(page, tmp_path, settings):
    run = finished(tmp_path, settings)
    run.result_path(1).unlink()
    test = page("clusters", run=run.id)
    assert "its file is gone" in texts(test)
    press(test, "Ask again")
    assert run.status.state == "queued"


def test_a_cluster_and_a_picture_open_and_change(page, tmp_path, settings):
    run = finished(tmp_path, settings)
    test = page("clusters", run=run.id, cluster="red", picture="000.png")
    said = texts(test)
    assert "### red :gray[3]" in said
    assert "“red” → red (by its label)" in said
    test.selectbox(key="move_000.png").set_value("blue").run()
    press(test, "Move")
    assert [e["kind"] for e in run.edits()] == ["move"]
    test = page("clusters", run=run.id)
    assert "1 of 1 change of yours shown" in texts(test)
    assert "**blue** :gray[4 · 33.3%]" in texts(test)
    without = page("clusters", run=run.id, rev="0")
    assert "Rename" not in buttons(page("clusters", run=run.id, rev="0", cluster="red"))  # what is not shown stays
    assert "**blue** :gray[3 · 25.0%]" in texts(without)
    press(test, "Take the last one back")
    assert run.edits() == []


def test_names_are_merged_pinned_and_forbidden(page, tmp_path, settings, monkeypatch):
    run = finished(tmp_path, settings)
    answering(tmp_path, monkeypatch)
    test = page("clusters", run=run.id, cluster="red")
    test.button(key="pin_open").click()
    test.run()
    test.selectbox(key="merge_red").set_value("blue")
    test.text_input(key="into_red").set_value("dark").run()
    press(test, "Merge")
    page("clusters", run=run.id, cluster="yellow").button(key="forbid_open").click().run()
    test = page("clusters", run=run.id)
    assert "**dark** :gray[6 · 50.0%]" in texts(test)
    assert "pinned: red · forbidden: yellow" in texts(test)
    assert [labelled(test.text_input, f"Names to {what}").value for what in ("keep", "avoid")] == ["red", "yellow"]
    assert "12 known already" in texts(test)  # the price, with the Run button beside it
    assert test.checkbox(key="carry").label == "Carry over 1 correction of the run below"  # the merge
    press(test, "Run")
    new = next(other for other, status in Runs(settings.home).all() if status.state == "queued")
    assert new.request.params["keep"] == ["red"]
    assert new.request.params["avoid"] == ["yellow"]
    assert [(edit["kind"], edit["run"]) for edit in new.edits()] == [("carry", run.id)]


def test_a_name_with_a_comma_is_pinned_carried_over_and_asked_for(page, tmp_path, settings, monkeypatch):
    run = finished(tmp_path, settings)
    answering(tmp_path, monkeypatch)
    run.add_edit({"kind": "rename", "cluster": "red", "to": "Rome, at night"})
    run.add_edit({"kind": "pin", "name": "Rome, at night"})
    test = page("clusters", run=run.id)
    assert labelled(test.text_input, "Names to keep").value == '"Rome, at night"'
    press(test, "Run")
    new = next(other for other, status in Runs(settings.home).all() if status.state == "queued")
    assert new.request.params["keep"] == ["Rome, at night"]
    with new.hold():
        assert execute(new, settings).state == "done"
    again = page("clusters", repeat=new.id)
    assert labelled(again.text_input, "Names to keep").value == '"Rome, at night"'
    labelled(again.text_input, "Names to avoid").input("pink").run()
    press(again, "Run")
    third = next(other for other, status in Runs(settings.home).all() if status.state == "queued")
    assert (third.request.params["keep"], third.request.params["avoid"]) == (["Rome, at night"], ["pink"])


def test_what_stayed_unanswered_is_listed_and_can_be_asked_again(page, tmp_path, settings):
    run = finished(tmp_path, settings, fail="red")
    assert "**unanswered**" in texts(page("clusters", run=run.id))
    test = page("clusters", run=run.id, cluster="~unanswered")
    assert list(test.dataframe[0].value["why"]) == ["the model refused"] * 3
    press(page("clusters", run=run.id), "Ask these again")
    assert (run.status.state, run.status.again) == ("queued", True)


def test_an_address_names_a_gallery_by_what_is_in_it(page, tmp_path, settings):
    first, second = (
        gallery_of(tmp_path / name, settings, colours) for name, colours in (("a", many(4)), ("b", many(8)))
    )
    test = page("gallery")
    assert test.query_params["gallery"] == second.fingerprint  # opened last
    test.selectbox(key="gallery").set_value(first.fingerprint).run()
    assert test.query_params["gallery"] == first.fingerprint
    assert "4 pictures" in texts(page("gallery", gallery=first.fingerprint))
    lost = page("gallery", gallery="0" * 32)
    assert "is not in this workspace" in texts(lost)


def test_folders_outside_the_roots_are_not_shown(page, tmp_path, settings, monkeypatch):
    inside, outside = gallery_of(tmp_path / "in", settings, many(4)), gallery_of(tmp_path / "out", settings, many(8))
    run = submitted(outside, settings)
    monkeypatch.setenv("VITRINE_ROOTS", str(tmp_path / "in"))
    assert page("gallery").selectbox(key="gallery").options == [inside.title + " · 4"]
    assert "not in this workspace" in texts(page("gallery", gallery=outside.fingerprint))
    assert "no clusters run of this workspace" in texts(page("clusters", run=run.id))


def test_a_damaged_run_breaks_no_page(page, tmp_path, settings):
    run = finished(tmp_path, settings)
    (run.path / "request.json").write_text("{}")
    assert "is no clusters run of this workspace" in texts(page("clusters", run=run.id))
    assert "Nothing was asked yet" in texts(page("runs"))


def test_a_run_that_is_not_here(page, tmp_path, settings):
    gallery_of(tmp_path, settings)
    assert "is no clusters run of this workspace" in texts(page("clusters", run="0123456789abcdef"))
    assert "is no clusters run of this workspace" in texts(page("clusters", run="../../etc/passwd"))


def test_runs_are_listed_opened_and_deleted(page, tmp_path, settings):
    run = finished(tmp_path, settings)
    test = page("runs")
    assert run.id in texts(test)
    test.menu_button(key=f"more_{run.id}").click("delete").run()
    assert "**1 run**" in texts(test)  # what it frees is said before
    press(test, "Delete 1 run")
    assert Runs(settings.home).all() == []


def test_look_lists_what_was_not_read_and_shows_hostile_names_as_text(page, tmp_path, settings):
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (9, 9)).save(folder / "fine.png")
    (folder / "<script>alert(1)<").mkdir()
    name = "<script>alert(1)</script> ![x](http:⧸⧸evil).png".replace("/", "⧸")
    Image.new("RGB", (8, 8)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"no picture")
    open_folder(folder, settings)
    test = page("gallery", picture=name)
    assert list(test.dataframe[0].value["file"]) == ["broken.jpg"]
    shown = next(str(m.value) for m in test.markdown if "evil" in str(m.value))
    assert "\\<script\\>" in shown
    assert "\\!\\[x\\]" in shown


def test_folders_outside_the_roots_are_refused(page, tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_ROOTS", str(tmp_path / "allowed"))
    (tmp_path / "allowed").mkdir()
    test = page("gallery")
    test.text_input(key="folder_path").set_value("/etc")
    press(test, "Open folder")
    assert "VITRINE_ROOTS" in texts(test)


def test_the_models_page_saves_all_but_the_key(page, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_ENDPOINT_KEY", "sk-very-secret")
    test = page("models")
    test.text_input(key="endpoint_url").set_value("http://127.0.0.1:9/v1/")
    test.text_input(key="vision_model").set_value("eye")
    test.text_input(key="chat_model").set_value("mouth").run()
    press(test, "Save")
    said = (settings.home / "vitrine.toml").read_text()
    assert 'url = "http://127.0.0.1:9/v1"' in said
    assert "sk-very-secret" not in said + texts(test)


def test_plain_text_is_no_markup():
    shown = plain("a\n# b <i>c</i> [d](http://e) :smile: www.f.org g@h.org")
    assert "\n" not in shown
    for live in ("<i>", "[d](", "http://", ":smile:", "www.f", "g@h"):
        assert live not in shown


def test_weights_to_fetch_are_said_before_the_run(page, tmp_path, settings, monkeypatch):
    gallery_of(tmp_path, settings)
    monkeypatch.setenv("VITRINE_MODELS", "local")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    test = page("clusters")
    test.text_input(key="criterion").set_value("mood").run()
    assert "13.7 GB will be fetched first" in texts(test)  # 7.5 for vision and 6.2 for chat; no matcher is needed
    for name in ("VL-3B", "3B"):
        (tmp_path / "hub" / f"models--Qwen--Qwen2.5-{name}-Instruct" / "snapshots").mkdir(parents=True)
    assert "will be fetched" not in texts(test.run())


def test_postcards_models_on_other_pictures_are_warned_of(page, tmp_path, settings, monkeypatch):
    gallery_of(tmp_path, settings)
    file = tmp_path / "models.toml"
    file.write_text(
        '[vision]\nbackend = "clip"\nname = "assets/models/coca"\n[chat]\nbackend = "keywords"\nname = "k"\n'
    )
    test = page("models")
    assert "made for Postcards" not in texts(test)
    monkeypatch.setenv("VITRINE_MODELS", str(file))
    said = texts(test.run())
    assert "made for Postcards" in said
    assert "know only Postcards" in said
