"""Refinement on the Clusters page: looked at one by one, coarser and finer, split, what is missing, asked again."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tests.pages.test_pages as states
from engine.analyses.clusters import Criterion, Params, checking
from engine.gallery import open_folder
from engine.jobs import live, splitting
from engine.jobs.execute import execute, read_result
from engine.store.runs import Runs
from tests.pages.test_pages import answering, buttons, press, texts
from tests.planted import COLOUR, gallery_of, many, paint, submitted

page = states.page
# 12 of four colours; white is alone; yellow must be avoided, so its three pictures fit nowhere.
PICTURES = many(12) | {"w.png": "white"}
AVOIDING = Params(Criterion("colour"), avoid=("yellow",))


def done(run, settings):
    with run.hold():
        assert execute(run, settings).state == "done", run.status.error
    return run


@pytest.fixture
def gallery(tmp_path, settings, monkeypatch):
    answering(tmp_path, monkeypatch)
    return gallery_of(tmp_path, settings, PICTURES)


@pytest.fixture
def run(gallery, settings):
    return done(submitted(gallery, settings, AVOIDING), settings)


def progress(test):
    return next(str(p.proto.text) for p in test.get("progress") if "looked at" in p.proto.text)


def said(run):
    return [(e["kind"], e.get("files"), e.get("to"), e.get("check")) for e in run.edits()]


# Looked at one by one


def test_the_queue_is_worked_through(page, run):
    """The white picture is alone with its label; three yellow ones fit nowhere."""
    test = page("clusters", run=run.id, check="review")
    assert progress(test) == "0 of 4 looked at · picture 1"
    shown = texts(test)
    assert "A picture that is yellow." in shown
    assert "“yellow” → unassigned" in shown
    assert "its label 'yellow' fits no cluster" in shown
    assert test.button(key="say_right").label == "Right: it fits none"
    press(test, "Right: it fits none")
    assert progress(test) == "1 of 4 looked at · picture 2"
    test.button(key="say_2").click()  # blue and green have three each, then red, then white
    test.run()
    assert said(run) == [("confirm", ["003.png"], "", "review"), ("move", ["007.png"], "green", "review")]
    press(test, "Take back")
    assert progress(test) == "1 of 4 looked at · picture 2"
    press(test, "Previous")
    assert "you said" in texts(test)
    press(test, "Next")
    test.button(key="say_none").click()
    test.run()
    assert [kind for kind, *_ in said(run)] == ["confirm", "confirm"]


def test_a_change_of_mind_and_the_end(page, run):
    test = page("clusters", run=run.id, check="review")
    for _ in range(4):
        test.button(key="say_right").click()
        test.run()
    assert "All were looked at. Of the 4 least sure, 4 of 4 looked at were right, 100% [51%, 100%]" in texts(test)
    test.button(key="say_1").click()
    test.run()
    assert said(run)[-1] == ("move", ["w.png"], "blue", "review")
    assert "3 of 4 looked at were right, 75% [30%, 95%]" in texts(test)
    whole = page("clusters", run=run.id)
    assert "**blue** :gray[4 · 30.8%]" in texts(whole)
    assert "Of the 4 least sure, 3 of 4 looked at were right" in texts(whole)
    assert "A random sample tells how right all of it is; nobody looked at one yet." in texts(whole)


def test_a_random_sample_is_told_apart(page, run):
    whole = page("clusters", run=run.id)
    press(whole, "Check 13 at random")
    test = page("clusters", run=run.id, check="random")
    assert progress(test) == "0 of 13 looked at · picture 1"
    for _ in range(4):
        test.button(key="say_right").click()
        test.run()
    test.button(key="say_none").click()
    test.run()
    order = checking.in_random_order(read_result(run), run.id)
    assert [edit["files"] for edit in run.edits()] == [[file] for file in order[:5]]
    whole = texts(page("clusters", run=run.id))
    was = next(r.cluster for r in read_result(run).rows if r.file == order[4])
    right = 4 if was else 5  # the fifth was said to fit nowhere
    assert f"At random, {right} of 5 looked at were right" in whole
    assert "nobody looked at them yet" in whole or "Of the 4 least sure" in whole


def test_keys_can_be_turned_off(page, run):
    test = page("clusters", run=run.id, check="review")
    keys = {b.key: b.proto.shortcut for b in test.button if b.key and b.key.startswith(("say_", "go_"))}
    assert keys == {
        **{"say_right": "enter", "say_right_too": "space", "say_none": "u", "go_Left": "left", "go_Right": "right"},
        **{"go_Z": "z", "say_1": "1", "say_2": "2", "say_3": "3", "say_4": "4"},
    }
    test.toggle(key="keys").set_value(False).run()
    assert not [b for b in test.button if b.proto.shortcut]


def test_nothing_to_look_at_is_said(page, tmp_path, settings):
    run = done(submitted(gallery_of(tmp_path, settings, many(12)), settings), settings)
    assert "There is nothing to look at here." in texts(page("clusters", run=run.id, check="review"))
    assert "least sure" not in " ".join(buttons(page("clusters", run=run.id)))
    assert not page("clusters", run=run.id, check="nonsense").exception


# Coarser and finer


def test_a_new_number_asks_one_question_and_a_known_one_is_there_at_once(page, gallery, settings):
    fine = done(submitted(gallery, settings), settings)  # white, too: five
    test = page("clusters", run=fine.id)
    slider = test.slider(key=f"granularity_{fine.id}")
    assert (slider.min, slider.max, slider.value) == (2, 5, 5)
    assert "Known at once: **5**" in texts(test)
    page("clusters", run=fine.id).button(key="pin_card_0").click().run()
    fine.add_edit({"kind": "move", "files": ["000.png"], "to": "blue"})
    test = page("clusters", run=fine.id)
    test.slider(key=f"granularity_{fine.id}").set_value(3).run()
    assert "3 clusters: asks one question" in texts(test)
    assert "up to 1 chat question " in texts(test)
    press(test, "Ask for 3")
    three = next(run for run, status in Runs(settings.home).all() if status.state == "queued")
    assert (three.request.params["k"], three.request.params.get("via", ())) == ("3", ())
    done(three, settings)
    found = read_result(three)
    assert len(found.clusters) == 3
    test = page("clusters", run=three.id)
    assert f"1 correction carried over from run {fine.id}" in texts(test)
    assert "Known at once: **3**, 5" in texts(test)
    assert "**red** ← red, yellow, white" in texts(test)  # the fake joins the rest to the last
    test.slider(key=f"granularity_{three.id}").set_value(2).run()
    press(test, "Ask for 2")
    two = next(run for run, status in Runs(settings.home).all() if status.state == "queued")
    assert tuple(two.request.params["via"]) == (3,)
    done(two, settings)
    back = page("clusters", run=two.id)
    back.slider(key=f"granularity_{two.id}").set_value(5).run()
    assert back.query_params["run"] == fine.id  # known: no question, no button
    assert not [status for _, status in Runs(settings.home).all() if status.state == "queued"]


def test_two_names_have_no_levels_between(page, tmp_path, settings):
    run = done(submitted(gallery_of(tmp_path, settings), settings), settings)
    assert not page("clusters", run=run.id).slider


# Split, and what is missing


def test_a_split_is_seen_before_it_is_done(page, gallery, settings, monkeypatch):
    run = done(submitted(gallery, settings, replace(COLOUR, k="3")), settings)

    def ask(home, op, wait, **words):
        del home, wait
        assert op == "split"
        found = splitting.parts(run, words["cluster"], int(words["k"]) if words["k"] else None, settings)
        return {"state": "done", "parts": {n: list(some) for n, some in found.items()}, "by": "fake"}

    monkeypatch.setattr(live, "ask", ask)
    test = page("clusters", run=run.id, cluster="red")
    press(test, "See the parts: asks one question")
    assert test.query_params["split"] == "auto"
    shown = texts(test)
    assert "So fake would split **red**. Nothing is changed yet. Splits of this run asked 1 chat question" in shown
    assert "your changes: 1 chat question · 133 tokens" in shown
    assert run.edits() == []
    names = {t.value: t for t in test.text_input if t.key and t.key.startswith("split_name")}
    assert set(names) == {"red", "white", "yellow"}
    names["yellow"].set_value("sunny").run()
    press(test, "Split it so")
    (edit,) = run.edits()
    assert edit["parts"] == {"red": ["red"], "sunny": ["yellow"], "white": ["white"]}
    assert "**sunny** :gray[3 · 23.1%]" in texts(page("clusters", run=run.id))


def test_a_cluster_goes_back_into_what_it_was_joined_from(page, gallery, settings):
    run = done(submitted(gallery, settings, replace(COLOUR, k="3")), settings)
    test = page("clusters", run=run.id, cluster="red")
    press(test, "Back into these: asks nothing")
    press(test, "Leave it whole")
    assert "split" not in test.query_params
    press(press(test, "Back into these: asks nothing"), "Split it so")
    assert "**5 clusters** by colour" in texts(page("clusters", run=run.id))


def test_a_split_that_cannot_be_says_why(page, run, monkeypatch):
    monkeypatch.setattr(
        live, "ask", lambda *_, **__: {"state": "failed", "error": "It has one answer.", "hint": "Ask."}
    )
    test = page("clusters", run=run.id, cluster="red", split="2")
    assert "It has one answer. Ask." in texts(test)
    press(test, "Leave it whole")
    assert "split" not in test.query_params


def test_a_missing_cluster_is_made_by_one_click_and_taken_back(page, run):
    test = page("clusters", run=run.id)
    assert "3 said “yellow”: a missing cluster?" in texts(test)
    press(test, "Make it a cluster")
    assert "**yellow** :gray[3 · 23.1%]" in texts(test)
    assert "a missing cluster?" not in texts(test)
    press(test, "Take the last one back")
    assert "3 said “yellow”: a missing cluster?" in texts(test)
    assert "Make it a cluster" not in buttons(page("clusters", run=run.id, rev="0")) or run.edits() == []


# Asked again


def test_corrections_survive_another_criterion(page, run, settings):
    """The fake sees colours whatever it is asked: the clusters are the same, so what was said still holds."""
    for edit in (
        {"kind": "move", "files": ["000.png"], "to": "blue"},
        {"kind": "rename", "cluster": "green", "to": "leaf"},
        {"kind": "confirm", "files": ["w.png"], "to": "white"},
    ):
        run.add_edit(edit)
    test = page("clusters", run=run.id)
    assert not [c for c in test.checkbox if c.key == "carry"]  # the same question: nothing to carry
    test.text_input(key="criterion").set_value("hue").run()
    assert test.checkbox(key="carry").label == "Carry over 3 corrections of the run below"
    press(test, "Run")
    new = next(other for other, status in Runs(settings.home).all() if status.state == "queued")
    done(new, settings)
    test = page("clusters", run=new.id)
    shown = texts(test)
    assert f"3 corrections carried over from run {run.id}" in shown
    assert "**leaf** :gray[3 · 23.1%]" in shown
    assert "**blue** :gray[4 · 30.8%]" in shown
    assert read_result(new).rows[0].cluster == "red"  # the result itself is the models'
    press(test, "Take them back")
    assert "**green** :gray[3 · 23.1%]" in texts(test)
    assert "Carry over 3 corrections of “colour”" in "".join(buttons(test)).replace("\u2060", "")
    press(test, next(b.label for b in test.button if b.key == "take_over"))
    assert "**leaf** :gray[3 · 23.1%]" in texts(test)
    assert "take_over" not in {b.key for b in test.button}


def test_what_cannot_be_carried_over_is_listed_and_it_may_be_left_behind(page, run, gallery, settings):
    run.add_edit({"kind": "add", "name": "yellow", "labels": ["yellow"]})
    run.add_edit({"kind": "move", "files": ["000.png"], "to": "yellow"})
    test = page("clusters", run=run.id)
    test.text_input(key="k").set_value("2").run()
    test.checkbox(key="carry").set_value(False).run()
    press(test, "Run")
    two = next(other for other, status in Runs(settings.home).all() if status.state == "queued")
    assert two.edits() == []
    done(two, settings)
    red = done(submitted(gallery, settings, replace(AVOIDING, avoid=("yellow", "red", "white"))), settings)
    test = page("clusters", run=red.id)
    press(test, next(b.label for b in test.button if b.key == "take_over"))
    assert "2 corrections carried over" in texts(test)  # yellow can be added here, too
    run.add_edit({"kind": "move", "files": ["004.png"], "to": "white"})
    test = page("clusters", run=red.id)
    assert "take_over" not in {b.key for b in test.button}  # there is no white here: it would change nothing
    run.add_edit({"kind": "move", "files": ["008.png"], "to": "blue"})
    test = page("clusters", run=red.id)
    press(test, next(b.label for b in test.button if b.key == "take_over"))
    assert "1 could not be" in texts(test)
    assert "1 picture said to be 'white': there is no such cluster here" in texts(test)
    assert [e["kind"] for e in red.edits()] == ["carry"]  # the newer one took the older one's place


def test_a_run_of_another_analysis_has_no_corrections_for_this_one(page, run, settings):
    other = Runs(settings.home).submit(replace(run.request, analysis="diversity"))
    other.write("result.json", {})
    other.write("status.json", {"state": "done", "revision": 1})
    other.add_edit({"kind": "stay", "file": "000.png"})
    test = page("clusters", run=other.id)
    test.text_input(key="criterion").set_value("hue").run()
    assert not test.exception
    assert "is no clusters run of this workspace" in texts(test)


def test_pictures_are_found_again_by_content_in_a_gallery_that_grew(page, run, tmp_path, settings):
    run.add_edit({"kind": "move", "files": ["000.png"], "to": "blue"})
    folder = tmp_path / "pictures"
    (folder / "000.png").rename(folder / "renamed.png")
    paint(folder, {"new/1.png": "green"})
    grown = open_folder(folder, settings)
    other = done(submitted(grown, settings, AVOIDING), settings)
    from pages.parts import cluster_carrying

    cluster_carrying.carry(run, other)
    (edit,) = other.edits()
    assert edit["said"] == {"blue": ["renamed.png"]}
    assert "1 correction carried over" in texts(page("clusters", run=other.id))
