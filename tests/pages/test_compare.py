"""The Compare page without a browser: two runs of a kind, a cell's pictures, what cannot be compared."""

from __future__ import annotations

import pytest

import tests.pages.test_pages as states
from engine.analyses.clusters import Criterion, Params
from engine.analyses.structure import Params as Structure
from engine.gallery import shared_gallery
from engine.jobs.asking import make_request
from engine.jobs.criteria import together
from engine.jobs.execute import execute, read_result
from engine.models.roles import ModelSpec
from engine.store.runs import Runs
from tests.pages.test_pages import buttons, press, texts
from tests.planted import gallery_of, many, submitted

page = states.page


def done(gallery, settings, *params, **words):
    run = submitted(gallery, settings, *params, **words)
    with run.hold():
        assert execute(run, settings).state == "done"
    return run


def clusters_of(run):
    return [cluster.name for cluster in read_result(run).clusters]


@pytest.fixture
def two(tmp_path, settings):
    """Twelve pictures of four colours: four clusters, and two."""
    gallery = gallery_of(tmp_path, settings, many(12))
    return done(gallery, settings), done(gallery, settings, Params(Criterion("colour"), "2"))


def test_there_is_nothing_to_compare_yet(page, tmp_path, settings):
    assert "It takes two finished runs" in texts(page("compare"))
    done(gallery_of(tmp_path, settings, many(4)), settings)
    assert "It takes two finished runs" in texts(page("compare"))


def test_two_runs_show_flow_costs_and_fates(page, two):
    a, b = two
    test = page("compare", a=a.id, b=b.id)
    said = texts(test)
    assert "12 pictures in both" in said
    assert "**A · colour**" in said
    assert "K 2" in said
    assert len(test.get("plotly_chart")) == 1
    fates = test.dataframe[0].value
    assert sorted(fates["cluster"]) == ["blue", "green", "red", "yellow"]
    assert {m.label: m.value for m in test.metric}["Moved"] == "0"
    assert "No picture moved" in said


def test_a_cell_stands_in_the_address_and_opens_its_pictures(page, two):
    a, b = two
    whole = page("compare", a=a.id, b=b.id, **{"from": "red"})
    assert "### red :gray[3]" in texts(whole)
    assert "Close" in buttons(whole)
    card = page("compare", a=a.id, b=b.id, picture="000.png", **{"from": "red"})
    assert "000.png" in texts(card)
    gone = page("compare", a=a.id, b=b.id, **{"from": "no such"})
    assert "### red" not in texts(gone)


def test_a_cell_is_chosen_by_name_and_closed(page, two):
    a, b = two
    test = page("compare", a=a.id, b=b.id)
    test.selectbox(key="flow_from").set_value("blue").run()
    press(test, "Show")
    assert test.query_params["from"] == "blue"
    assert "### blue :gray[3]" in texts(test)
    press(test, "Close")
    assert "from" not in test.query_params


def test_of_many_runs_the_newest_are_offered_and_those_that_are_asked_for(page, two, monkeypatch):
    monkeypatch.setattr("pages.parts.diff_view._OFFERED", 1)
    old, new = two
    test = page("compare")
    assert len(test.selectbox(key="diff_a").options) == 1
    assert test.selectbox(key="diff_a").value == new.id
    test = page("compare", a=old.id, b=new.id)
    assert "12 pictures in both" in texts(test)
    assert len(test.selectbox(key="diff_a").options) == 2
    assert "from the Runs page" in str(test.selectbox(key="diff_a").help)


def test_b_is_chosen_and_the_two_are_swapped(page, two):
    a, b = two
    test = page("compare", a=a.id)
    assert "Choose the run to hold against it" in texts(test)
    test.selectbox(key="diff_b").set_value(b.id).run()
    assert test.query_params["b"] == b.id
    assert "12 pictures in both" in texts(test)
    press(test, ":material/swap_horiz:")
    assert (test.query_params["a"], test.query_params["b"]) == (b.id, a.id)
    assert test.selectbox(key="diff_a").value == b.id


def test_changes_of_a_person_count_until_they_are_left_out(page, two):
    a, b = two
    a.add_edit({"kind": "move", "files": ["000.png"], "to": "blue"})
    test = page("compare", a=a.id, b=b.id)
    moved = {m.label: m.value for m in test.metric}["Moved"]
    test.toggle(key="changes").set_value(False).run()
    assert {m.label: m.value for m in test.metric}["Moved"] == "0"
    assert moved in ("0", "1")  # whether blue and red were joined
    assert "red → " not in texts(test)


def test_only_runs_of_a_kind_are_offered(page, two, tmp_path, settings):
    a, _ = two
    gallery = gallery_of(tmp_path, settings, many(12))
    fake = ModelSpec("fake", "fake")
    request = make_request("structure", gallery, Structure(), {"vision": fake, "chat": fake})
    other = Runs(settings.home).submit(request)
    other.set_status(type(other.status)(state="done", revision=1, queued=1.0))
    test = page("compare", a=a.id)
    assert len(test.selectbox(key="diff_b").options) == 2  # choose one, and the other clusters run
    lone = page("compare", a=other.id)
    assert "There is no other finished structure run" in texts(lone)
    assert page("compare").query_params["a"] != [other.id]  # one that can be compared comes first


def test_a_run_of_the_address_that_is_gone_is_said(page, two):
    a, b = two
    assert "is not here" not in texts(page("compare", a=a.id, b=b.id))
    assert "A run in this address is not here" in texts(page("compare", a="0123456789abcdef", b=b.id))


def test_a_result_that_is_gone_is_said(page, two):
    a, b = two
    b.result_path(1).unlink()
    assert "its file is gone" in texts(page("compare", a=a.id, b=b.id))


def test_runs_of_folders_outside_the_roots_are_not_offered(page, two, tmp_path, monkeypatch):
    a, b = two
    monkeypatch.setenv("VITRINE_ROOTS", str(tmp_path / "elsewhere"))
    test = page("compare", a=a.id, b=b.id)
    assert "It takes two finished runs" in texts(test)


def test_the_runs_page_leads_here(page, two):
    test = page("runs")
    assert test.menu_button(key=f"more_{two[0].id}")
    press(test, "Choose all 2")
    press(test, "Compare")
    assert "12 pictures in both" in texts(test)


def test_several_criteria_are_held_together(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, {f"{'ab'[i // 6]}/{n}": c for i, (n, c) in enumerate(many(12).items())})
    runs = [done(gallery, settings), done(gallery, settings, Params(Criterion("shade"), "2"))]
    test = page("compare", of=[run.id for run in runs])
    said = texts(test)
    assert len(test.get("plotly_chart")) == 2
    assert "12 pictures say something of both" in said
    assert "All that shade, K 2 says, colour says already." in said
    assert test.query_params["of"]
    test.multiselect(key="criteria_of").set_value([runs[0].id, "label"]).run()
    assert "colour" in texts(test)
    test.multiselect(key="criteria_of").set_value([runs[0].id, runs[1].id, "label"]).run()
    assert len(test.dataframe[0].value) == 3  # every two
    test.selectbox(key="criteria_row").set_value("red").run()
    assert "### colour = red :gray[3]" in texts(test)
    test.multiselect(key="criteria_of").set_value([runs[0].id]).run()
    assert "Choose two to four" in texts(test)


def test_a_band_of_several_criteria_stands_in_the_address_and_opens_its_pictures(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, {f"{'ab'[i // 6]}/{n}": c for i, (n, c) in enumerate(many(12).items())})
    runs = [done(gallery, settings), done(gallery, settings, Params(Criterion("shade"), "2"))]
    of = [runs[0].id, "label", runs[1].id]
    assert "### colour = red and label = a :gray[2]" in texts(page("compare", of=of, stage="1", left="red", right="a"))
    assert "### label = b :gray[6]" in texts(page("compare", of=of, stage="2", left="b"))
    assert "### shade, K 2 = " in texts(page("compare", of=of, stage="3", left=clusters_of(runs[1])[0]))
    for words in ({"stage": "4"}, {"stage": "x"}, {"stage": "1", "left": "no"}, {"stage": "3", "right": "a"}, {}):
        assert "###" not in texts(page("compare", of=of, **({"left": clusters_of(runs[1])[0]} | words)))


def test_a_band_is_chosen_by_name_and_closes_what_else_is_open(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, {f"{'ab'[i // 6]}/{n}": c for i, (n, c) in enumerate(many(12).items())})
    run = done(gallery, settings)
    run.add_edit({"kind": "move", "files": [gallery.pictures[0].name], "to": ""})
    test = page("compare", of=[run.id, "label"], criteria_row="blue")
    test.selectbox(key="criteria_bar").set_value("colour: none").run()
    test.selectbox(key="criteria_band").set_value("a").run()
    press(test, "Show")
    assert "### colour = none and label = a :gray[1]" in texts(test)
    assert "### colour = blue" not in texts(test)
    assert (test.query_params["left"], test.query_params["right"]) == ("~none", "a")
    test.selectbox(key="criteria_column").set_value("b").run()
    assert "### label = b :gray[6]" in texts(test)
    assert "colour = none" not in texts(test)
    assert "left" not in test.query_params
    test.selectbox(key="criteria_bar").set_value("label: b").run()
    press(test, "Show")
    assert "### label = b :gray[6]" in texts(test)
    press(test, "Close")
    assert "###" not in texts(test)


def test_the_page_says_what_the_command_says(page, two, settings):
    named = {run.id: name for run, name in zip(two, ("colour", "colour, K 2"), strict=True)}
    (told,) = together(named, shared_gallery(two[0].request.gallery, settings.home), settings.home).pairs
    said = texts(page("compare", of=[run.id for run in two]))
    assert f"Cramér's V {told.v:.3f}, corrected p {told.q:.2g} " in said
    assert (
        f"{told.a_alone.share:.0%} [{told.a_alone.low:.0%}, {told.a_alone.high:.0%}] of {told.a_alone.bits:.2f}" in said
    )


def test_one_reading_alone_leads_to_another_question(page, tmp_path, settings):
    done(gallery_of(tmp_path, settings, many(4)), settings)
    assert "It takes two readings" in texts(page("compare", of="x"))


def test_a_clusters_page_leads_to_both(page, two):
    test = page("clusters", run=two[0].id)
    press(test, "Compare with ...")
    assert test.query_params["a"] == two[0].id
    runs = page("runs")
    press(runs, "Choose all 2")
    press(runs, "Hold criteria together")
    assert "pictures say something of both" in texts(runs)


def test_a_cell_of_two_criteria_stands_in_the_address(page, tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, {f"{'ab'[i // 6]}/{n}": c for i, (n, c) in enumerate(many(12).items())})
    run = done(gallery, settings)
    test = page("compare", of=[run.id, "label"], criteria_row="red", criteria_column="a")
    assert "### colour = red and label = a :gray[2]" in texts(test)  # 000, 004 of the first six
    other = page("compare", of=[run.id, "label"], criteria_row="no such")
    assert "Cramér" in texts(other)
