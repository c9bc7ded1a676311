"""Look: pictures searched, sorted, grouped, filtered; health; sets saved, used, combined, deleted. No browser."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
from PIL import Image

import tests.pages.test_pages as states
from engine.gallery import open_folder, sets
from engine.gallery.looking import look_over
from engine.jobs import live
from engine.models import profiles
from engine.store.runs import Runs
from pages.parts import columns
from tests.pages.test_pages import HOSTILE, buttons, connect, finished, press, texts
from tests.planted import gallery_of, many, paint, submitted

page = states.page


@pytest.fixture
def answers(monkeypatch):
    """The live process's answers, by operation; those not said are still being worked on. `asked` is what was asked."""
    said, asked = {}, []

    def ask(home, op, wait=1.0, **words):
        asked.append((op, words))
        return said.get(op, {"state": "working", "step": "at work", "done": 1, "total": 2})

    monkeypatch.setattr(live, "ask", ask)
    said["asked"] = asked
    return said


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings)


def found(*scores, by="a matcher"):
    values = np.array(scores, np.float32)
    known = int((~np.isnan(values)).sum())
    return {"state": "done", "scores": base64.b64encode(values.tobytes()).decode(), "by": by, "known": known}


def looked(gallery, settings):
    look_over(gallery.pictures, settings.home, settings.max_pixels, lambda done, total: None)


def view(page, name, **words):
    return page("gallery", view=name, **words)


def test_everything_is_shown_at_first(page, gallery):
    said = texts(page("gallery"))
    assert "5 pictures" in said
    assert "2 labels" in said


def test_a_label_a_filter_and_sections(page, gallery):
    test = page("gallery")
    test.selectbox(key="look_label").set_value("red").run()
    assert "3 pictures" in texts(test).splitlines()
    test.selectbox(key="look_label").set_value("all").run()
    test.selectbox(key="look_group").set_value("label").run()
    assert not test.exception
    test.selectbox(key="look_group").set_value("nothing").run()
    test.selectbox(key="look_only").set_value("folder").run()
    test.selectbox(key="look_value_folder").set_value("blue").run()
    assert "2 pictures" in texts(test).splitlines()


def test_what_is_shown_is_saved_as_a_set_and_used_everywhere(page, gallery, settings):
    test = page("gallery")
    test.selectbox(key="look_label").set_value("red").run()
    test.text_input(key="look_grid_set_name").set_value("the reds")
    press(test, "Save")
    (made,) = sets.sets_of(gallery, settings.home)
    assert made.members == ("red/1.png", "red/2.png", "red/3.png")
    assert made.origin == "everything · label red"
    test.selectbox(key="look_label").set_value("all").run()
    test.selectbox(key="set").set_value(made.id).run()
    assert "3 pictures" in texts(test).splitlines()
    assert test.query_params["set"] == made.id


def test_a_taken_name_is_said_and_nothing_is_lost(page, gallery, settings):
    sets.save(gallery, "mine", ["red/1.png"], "", settings.home)
    test = page("gallery")
    test.text_input(key="look_grid_set_name").set_value("mine")
    press(test, "Save")
    assert "There is a set named mine already" in texts(test)
    assert len(sets.sets_of(gallery, settings.home)) == 1


def test_clusters_asks_about_the_set_in_use(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(12))
    connect(settings)
    made = sets.save(gallery, "few", [p.name for p in gallery.pictures[:4]], "", settings.home)
    test = page("clusters", set=made.id)
    test.text_input(key="criterion").set_value("colour").run()
    assert "4 of 4 pictures to describe" in texts(test)
    press(test, "Run")
    ((run, _),) = Runs(settings.home).all()
    assert (run.request.selection, len(run.request.members or ())) == ("few", 4)


def test_a_run_of_a_set_brings_it_along_and_outlives_it(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(12))
    made = sets.save(gallery, "few", [p.name for p in gallery.pictures[:8]], "", settings.home)
    run = submitted(gallery, settings, part=made)
    test = page("clusters", run=run.id)
    assert test.selectbox(key="set").value == made.id
    sets.delete(made.id, settings.home)
    test.run()
    assert not test.exception
    assert "The set in use is gone" in texts(test)


def test_a_cluster_becomes_a_set(page, tmp_path, settings):
    run = finished(tmp_path, settings)
    test = page("clusters", run=run.id, cluster="red")
    assert test.text_input(key="group_set_name").value == "red"
    press(test, "Save")
    (made,) = sets.sets_of(states.open_folder(tmp_path / "pictures", settings), settings.home)
    assert (made.name, len(made)) == ("red", 3)
    assert made.origin == f"red by colour, run {run.id}"


def test_clusters_of_a_run_are_a_column(page, tmp_path, settings):
    finished(tmp_path, settings)
    test = page("gallery")
    test.selectbox(key="look_only").set_value("clusters by colour").run()
    test.selectbox(key="look_value_clusters by colour").set_value("red").run()
    assert "3 pictures" in texts(test).splitlines()


def test_a_search_shows_the_best_first(page, gallery, answers):
    answers["search"] = found(0.1, 0.9, np.nan, 0.5, 0.2)
    test = page("gallery", q="a dog")
    assert ("search", {"gallery": gallery.fingerprint, "words": "a dog", "picture": ""}) in answers["asked"]
    said = texts(test)
    assert "The 4 best for “a dog”" in said.replace("*", "")
    assert "a matcher, which knows 4 of 5 pictures" in said


def test_a_search_that_loads_or_fails_says_so(page, gallery, answers):
    said = texts(page("gallery", q="a dog"))
    assert "at work" in said
    assert "All 5 pictures, not ranked" in said
    answers["search"] = {"state": "failed", "error": "There is no matcher.", "hint": "Choose one."}
    assert "There is no matcher. Choose one." in texts(page("gallery", q="a dog"))


def test_more_like_a_picture(page, gallery, answers):
    answers["search"] = found(0.1, 0.9, 0.3, 0.5, 0.2)
    test = press(page("gallery", picture="red/1.png"), "More like this")
    assert ("search", {"gallery": gallery.fingerprint, "words": "", "picture": "red/1.png"}) in answers["asked"]
    assert "pictures like red/1.png" in texts(test)
    press(test, "Back to all pictures")
    assert "like" not in test.query_params


def test_the_picture_card_has_every_run_s_verdict(page, tmp_path, settings):
    finished(tmp_path, settings)
    said = texts(page("gallery", picture="000.png"))
    assert "BY COLOUR" in said
    assert "A picture that is red." in said


def test_health_is_looked_at_by_itself_and_shown(page, tmp_path, settings, answers):
    folder = paint(tmp_path / "own", many(6))
    Image.new("RGB", (64, 64)).save(folder / "night.png")
    gallery = open_folder(folder, settings)
    test = view(page, "health")
    assert ("prepare", {"gallery": gallery.fingerprint, "what": "looks"}) in answers["asked"]
    assert "7 of 7 pictures were not looked at yet" in texts(test)
    looked(gallery, settings)
    test = view(page, "health")
    assert "not looked at" not in texts(test)
    assert buttons(test).count("Show all") >= 1


def test_health_that_failed_is_not_begun_again_by_itself(page, gallery, answers):
    answers["prepare"] = {"state": "failed", "error": "The disk is full.", "hint": "Make room."}
    test = view(page, "health")
    test.run()
    begun = len(answers["asked"])
    test.run()
    assert "The disk is full. Make room." in texts(test)
    assert len(answers["asked"]) == begun
    answers.pop("prepare")
    press(test, "Try again")
    assert len(answers["asked"]) > begun


def test_sets_are_combined_drawn_and_deleted(page, gallery, settings):
    one = sets.save(gallery, "one", ["red/1.png", "red/2.png"], "", settings.home)
    two = sets.save(gallery, "two", ["red/2.png", "blue/1.png"], "", settings.home)
    test = view(page, "sets")
    test.selectbox(key="first_set").set_value(one.id)
    test.selectbox(key="second_set").set_value(two.id)
    test.selectbox(key="algebra").set_value("in both").run()
    test.text_input(key="combined_name").set_value("both")
    next(b for b in test.button if b.label == "Save" and b.form_id == "combined_form").click()
    test.run()
    assert [len(s) for s in sets.sets_of(gallery, settings.home) if s.name == "both"] == [1]
    press(test, "Delete this set")
    assert len(sets.sets_of(gallery, settings.home)) == 2


def test_hostile_names_of_sets_and_words_are_text(page, gallery, settings, answers):
    sets.save(gallery, HOSTILE[:100], ["red/1.png"], HOSTILE, settings.home)
    for test in (view(page, "sets"), page("gallery", q=HOSTILE)):
        for element in (*test.markdown, *test.caption):
            assert not re.search(r"(?<!\\)<img", element.value)
            assert not re.search(r"(?<!\\)\](?<!\\)\(", element.value)


def test_columns_are_all_that_is_known(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    run = finished(tmp_path, settings)
    gallery = open_folder(tmp_path / "pictures", settings)
    assert run.request.gallery == gallery.fingerprint
    names = columns.names(gallery)
    assert {"name", "label", "lightness", "colour", "clusters by colour"} <= set(names)
    assert len(names) == len(set(names))


def test_a_label_that_another_set_does_not_have_is_let_go(page, tmp_path, settings):
    colours = {f"{colour}/{i}.png": colour for colour in ("red", "green", "blue") for i in range(3)}
    gallery = gallery_of(tmp_path, settings, colours)
    part = sets.save(gallery, "cold", [p.name for p in gallery.pictures if p.label != "red"], "", settings.home)
    test = page("gallery")
    test.selectbox(key="look_label").set_value("red").run()
    test.selectbox(key="look_only").set_value("folder").run()
    test.selectbox(key="look_value_folder").set_value("red").run()
    assert "3 pictures" in texts(test).splitlines()
    test.selectbox(key="set").set_value(part.id).run()
    assert not test.exception, test.exception
    assert test.selectbox(key="look_label").value in ("all", "blue", "green")


def test_a_set_in_use_stays_when_clusters_is_opened_for_the_first_time(page, settings):
    gallery = open_folder(profiles.POSTCARDS, settings)
    part = sets.save(gallery, "ten", [p.name for p in gallery.pictures[:10]], "", settings.home)
    test = page("gallery", set=part.id)  # before anything was asked: the first answer was not shown yet
    submitted(gallery, settings)
    test.switch_page("clusters.py").run()
    test.run()
    assert not test.exception
    assert test.selectbox(key="set").value == part.id
    assert "run" not in test.query_params
