"""The Runs page: found, chosen, noted, repeated, deleted; what people and models write is text."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tests.pages.test_pages as states
from engine.analyses.clusters import Criterion, Params
from engine.store.history import history
from engine.store.remarks import remark, remarks_of
from engine.store.runs import Runs
from tests.pages.test_pages import HOSTILE, buttons, labelled, press, texts
from tests.planted import gallery_of, many, submitted

page = states.page


@pytest.fixture
def three(tmp_path, settings):
    """Three runs of one gallery: colour (done), shape (failed), mood (stopped)."""
    gallery = gallery_of(tmp_path, settings, many(4))
    made = []
    for at, (name, state) in enumerate((("colour", "done"), ("shape", "failed"), ("mood", "stopped"))):
        run = submitted(gallery, settings, Params(Criterion(name)))
        run.set_status(replace(run.status, state=state, queued=float(at), revision=int(state == "done")))
        made.append(run)
    return made


def shown(test):
    return [name for name in ("colour", "shape", "mood") if f"**{name}**" in texts(test)]


def test_nothing_asked_says_what_can_be(page):
    test = page("runs")
    assert "Nothing was asked yet" in texts(test)
    assert "What is typical of a label" in texts(test)


def test_runs_are_filtered_by_words_state_and_tag(page, three):
    remark(three[0], ["paper"], "the good one")
    test = page("runs")
    assert shown(test) == ["colour", "shape", "mood"]
    assert "3 runs" in texts(test)
    test.selectbox(key="state").set_value("failed").run()
    assert shown(test) == ["shape"]
    assert "1 of 3 runs" in texts(test)
    test.selectbox(key="state").set_value("").run()
    test.selectbox(key="tag").set_value("paper").run()
    assert shown(test) == ["colour"]
    test.selectbox(key="tag").set_value("").run()
    for words, found in (("GOOD one", ["colour"]), (three[2].id[:9], ["mood"]), ("fake shape", ["shape"]), ("zzz", [])):
        test.text_input(key="words").set_value(words).run()
        assert shown(test) == found
    assert "No run is like that" in texts(test)


def test_the_filter_stands_in_the_address(page, three):
    assert shown(page("runs", state="stopped")) == ["mood"]
    assert shown(page("runs", words="shape")) == ["shape"]
    assert shown(page("runs", state="no such state")) == ["colour", "shape", "mood"]


def test_tags_and_a_note_are_given_and_shown_as_text(page, three):
    test = page("runs")
    test.menu_button(key=f"more_{three[1].id}").click("remark").run()
    test.multiselect(key="remark_tags").set_value(["<b>"])
    test.text_area(key="remark_note").set_value(HOSTILE)
    press(test, "Keep")
    assert remarks_of(three[1]).note == HOSTILE
    assert HOSTILE in texts(test)
    assert "\\<b\\>" in "".join(str(m.value) for m in test.markdown)
    assert three[1].request.id == three[1].id
    remark(three[1], [], "one line\n# another")
    assert "one line  \n# another" in texts(page("runs"))


def test_several_are_deleted_and_the_space_is_said(page, three, settings):
    test = page("runs")
    press(test, "Choose all 3")
    assert "**3 chosen**" in texts(test)
    test.checkbox(key=f"choose_{three[2].id}").uncheck().run()
    press(test, "Delete")
    assert "**2 runs**" in texts(test)
    freed = sum(entry.bytes for entry in history(settings.home) if entry.run != three[2])
    press(test, "Delete 2 runs")
    assert [run for run, _ in Runs(settings.home).all()] == [three[2]]
    assert f"2 runs deleted, {freed} B freed." in [toast.value.replace("\\", "") for toast in test.toast] or freed > 999


def test_a_choice_is_one_of_runs_whatever_page_it_stands_on(page, three, settings):
    test = page("runs")
    test.checkbox(key=f"choose_{three[0].id}").check().run()
    test.text_input(key="words").set_value("mood").run()
    assert "**1 chosen**" in texts(test)
    test.checkbox(key=f"choose_{three[2].id}").check().run()
    assert "**2 chosen**" in texts(test)
    test.text_input(key="words").set_value("").run()
    assert [box.value for box in test.checkbox] == [box.key != f"choose_{three[1].id}" for box in test.checkbox]
    Runs(settings.home).delete(three[0].id)
    assert "**1 chosen**" in texts(test.run())
    press(test, "Choose none")
    assert not any(box.value for box in test.checkbox)


def test_what_others_do_meanwhile_shows_at_the_next_rerun(page, three, settings, monkeypatch):
    monkeypatch.setattr("engine.store.history._TICK", 0)
    test = page("runs")
    test.text_input(key="words").set_value("the good one").run()
    assert shown(test) == []
    remark(three[0], ["paper"], "the good one")
    assert shown(test.run()) == ["colour"]
    three[0].set_status(replace(three[0].status, state="failed", error="It broke."))
    assert "It broke" in texts(test.run())
    Runs(settings.home).delete(three[0].id)
    assert shown(test.run()) == []


def test_what_is_going_on_stays(page, three, settings):
    three[0].set_status(replace(three[0].status, state="running"))
    test = page("runs")
    press(test, "Choose all 3")
    press(test, "Delete")
    assert "1 run still going on" in texts(test)
    press(test, "Delete 2 runs")
    assert [run for run, _ in Runs(settings.home).all()] == [three[0]]


def test_repeat_fills_the_form_and_asks_nothing(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(4))
    run = submitted(gallery, settings, Params(Criterion("colour", "the sky"), "3", ("red",)))
    run.set_status(replace(run.status, state="done", revision=1))
    menu = page("runs").menu_button(key=f"more_{run.id}")
    assert "Repeat with changes" in str(menu.proto)
    test = page("clusters", repeat=run.id)
    assert (test.text_input(key="criterion").value, test.text_input(key="k").value) == ("colour", "3")
    assert [labelled(test.text_input, name).value for name in ("Look at", "Names to keep")] == ["the sky", "red"]
    assert f"run {run.id}" not in texts(test)  # no result below
    test.text_input(key="k").set_value("4").run()
    assert (test.text_input(key="criterion").value, test.text_input(key="k").value) == ("colour", "4")
    assert len(Runs(settings.home).all()) == 1


def test_a_repeat_of_another_analysis_fills_nothing(page, three):
    assert page("structure", repeat=three[0].id).text_input(key="structure_goal").value == ""
    assert not page("clusters", repeat="../../etc").text_input(key="criterion").value


def test_runs_without_end_are_shown_page_by_page(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(4))
    for seed in range(30):
        submitted(gallery, settings, seed=seed)
    test = page("runs")
    assert buttons(test).count("Open") == 25
    first = next(box for box in test.checkbox)
    first.check().run()
    test.number_input(key="runs_page").set_value(2).run()
    assert buttons(test).count("Open") == 5
    assert "**1 chosen**" in texts(test)  # it is on the other page
