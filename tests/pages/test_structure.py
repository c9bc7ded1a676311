"""The Structure page: empty, price, waiting, failed, finished with each of its views. No browser."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

import tests.pages.test_pages as states
from engine.analyses.crossing import table
from engine.analyses.structure import Given, Params, Proposal, edits
from engine.charts.structure import cross, tree
from engine.gallery import sets
from engine.jobs.asking import make_request
from engine.jobs.execute import execute, read_result
from engine.models.roles import ModelSpec
from engine.settings import save_profile
from engine.store.annotations import Predictions, annotation
from engine.store.runs import Runs
from tests.pages.test_pages import buttons, press, texts
from tests.planted import gallery_of, many

page = states.page
MODELS = {"vision": ModelSpec("fake", "colours"), "chat": ModelSpec("keywords", "keywords")}


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings, {f"{'warm' if c in ('red', 'yellow') else 'cold'}/{n}": c
                                           for n, c in many(48).items()})  # fmt: skip


@pytest.fixture
def models(tmp_path, settings):
    path = tmp_path / "models.toml"
    path.write_text('[vision]\nbackend = "fake"\nname = "colours"\n[chat]\nbackend = "keywords"\nname = "keywords"\n')
    save_profile(settings, str(path))


@pytest.fixture
def run(gallery, settings):
    """A finished run: the fake says each picture's colour, keywords sort it."""
    params = Params(count=0, given=(Given("colour"),))
    made = Runs(settings.home).submit(make_request("structure", gallery, params, MODELS))
    with made.hold():
        assert execute(made, settings).state == "done", made.status.error
    return made


def test_nothing_opened_yet(page):
    assert "Choose a folder of pictures first." in texts(page("structure"))


def test_a_price_then_a_run_that_waits(page, gallery, settings, models):
    test = page("structure", gallery=gallery.fingerprint)
    assert "48 of 48 pictures to describe" in texts(test)
    press(test, "Run")
    ((run, status),) = Runs(settings.home).all()
    assert (run.request.analysis, status.state) == ("structure", "queued")


def test_dimensions_as_typed(page, gallery, models):
    test = page("structure", gallery=gallery.fingerprint)
    test.number_input(key="structure_count").set_value(0).run()
    assert "There is nothing to look for" in texts(test)
    test.text_area[0].set_value("colour").run()
    assert "nothing to look for" not in texts(test)


def test_the_tree_opens_an_attribute_and_saves_a_set(page, gallery, settings, run):
    test = page("structure", run=run.id)
    assert "1 dimension of 48 pictures" in texts(test)
    red = next(b for b in test.button if b.label.startswith("red"))
    red.click().run()
    assert test.query_params["cell"] in ("colour=red", ["colour=red"])
    assert "colour = red" in texts(test)
    test.text_input(key="cell_name").set_value("red ones")
    press(test, "Save")
    (made,) = sets.sets_of(gallery, settings.home)
    assert len(made) == 12


def test_found_dimensions_are_edited_in_the_form(page, gallery, settings, run, models):
    test = page("structure", run=run.id)
    press(test, "Edit these")
    said = test.text_area[0].value
    assert said.startswith("colour: ")
    assert set(said.removeprefix("colour: ").split(", ")) == {"red", "green", "blue", "yellow"}
    assert test.number_input(key="structure_count").value == 0
    test.text_area[0].set_value("colour: warm=red+yellow, cold=blue+green").run()
    press(test, "Run")
    new = Runs(settings.home).all()[0][0]
    with new.hold():
        status = execute(new, settings)
    assert (status.state, status.asked.get("assign_attributes", 0)) == ("done", 0)
    assert "warm" in " ".join(buttons(page("structure", run=new.id)))


def test_changes_are_made_shown_taken_back_and_taken_over(page, gallery, settings, run, models):
    test = page("structure", run=run.id)
    test.multiselect(key="change_0_some").set_value(["red", "yellow"])
    test.text_input(key="change_0_to").set_value("warm")
    press(test, "Change")
    said = texts(test)
    assert "1 of 1 change of yours shown" in said
    assert any(b.startswith("warm") for b in buttons(test))
    press(test, "Take the last one back")
    assert not run.edits()
    picture = next(p.name for p in gallery.pictures if "red" not in p.name)
    run.add_edit({"kind": "assign", "files": [picture], "dimension": "colour", "attributes": ["pink"]})
    assert "of 1 assignments you looked at 0 were right" in texts(page("structure", run=run.id))
    assert "0 of 1 change" in texts(page("structure", run=run.id, rev="0"))
    params = Params(count=0, given=(Given("colour"), Given("count")))
    other = Runs(settings.home).submit(make_request("structure", gallery, params, MODELS))
    with other.hold():
        execute(other, settings)
    if other.status.state == "done":
        test = page("structure", run=other.id)
        press(test, "Take over 1 corrections of the run before")
        assert [e["attributes"] for e in other.edits()] == [["pink"]]


def test_every_view_stands(page, run):
    for part, words in (("cross", "Cramér's V"), ("slices", "Choose the column"), ("deficits", "weigh alike")):
        test = page("structure", run=run.id, part=part)
        assert words in texts(test), part
        assert not test.exception
    test = page("structure", run=run.id, part="cross")
    test.selectbox(key="cross_row").set_value("warm").run()
    test.selectbox(key="cross_column").set_value("red").run()
    assert "label = warm and colour = red" in texts(test)
    for strange in ({"cell": "colour=none"}, {"cell": "x"}, {"part": "²"}, {"cell": "colour=red", "picture": "gone"}):
        assert not page("structure", run=run.id, **strange).exception


def test_close_closes_a_cell_whoever_opened_it(page, run):
    test = page("structure", run=run.id, part="cross")
    test.selectbox(key="cross_row").set_value("warm").run()
    test.selectbox(key="cross_column").set_value("red").run()
    press(test, "Close")
    assert "label = warm and colour = red" not in texts(test)
    assert not test.selectbox(key="cross_row").value
    test = page("structure", run=run.id, cell="colour=red")
    press(test, "Close")
    assert "colour = red" not in texts(test)


def test_slices_of_an_uploaded_table(page, gallery, run):
    test = page("structure", run=run.id, part="slices")
    test.file_uploader(key="slices_csv").set_value(("p.csv", b"file,y_pred\n", "text/csv")).run()
    assert "lacks file, y_true or y_pred" in texts(test)
    rows = [f"{p.name},x,{'y' if p.name.startswith('warm') else 'x'}\n" for p in gallery.pictures]
    said = ("file,y_true,y_pred\n" + "".join(rows)).encode("utf-8-sig")
    test.file_uploader(key="slices_csv").set_value(("p.csv", said, "text/csv")).run()
    assert "50.0% of 48 are wrong" in texts(test)
    kept = annotation(run, Predictions)
    assert kept
    assert (kept.source, sum(kept.wrong.values())) == ("p.csv", 24)
    blank = b"file,y_true,y_pred\n" + b"".join(f"{p.name},x,\n".encode() for p in gallery.pictures)
    test.file_uploader(key="slices_csv").set_value(("p.csv", blank, "text/csv")).run()
    assert "names none of these pictures" in texts(test)
    assert annotation(run, Predictions) == kept  # what says nothing of this run takes nothing's place
    again = page("structure", run=run.id, part="slices")
    assert "50.0% of 48 are wrong" in texts(again)
    assert any("p\\.csv" in one.value for one in again.caption)
    press(again, "Forget it")
    assert "Choose the column" in texts(again)
    assert annotation(run, Predictions) is None


def test_a_dimension_may_hold_the_sign_of_the_address(page, gallery, settings, models):
    params = Params(count=0, given=(Given("colour=hue", ("red", "blue")),))
    made = Runs(settings.home).submit(make_request("structure", gallery, params, MODELS))
    with made.hold():
        assert execute(made, settings).state == "done"
    test = page("structure", run=made.id, cell="colour=hue=red")
    assert "colour=hue = red" in texts(test)


def test_a_failed_run_says_why_and_goes_on(page, run):
    status = run.status
    status.state, status.error, status.revision = "failed", "The server is down.", 0
    run.set_status(status)
    test = page("structure", run=run.id)
    assert "The server is down" in texts(test)
    assert "Go on" in buttons(test)


def test_a_result_that_is_gone_is_said(page, run):
    run.result_path(1).unlink()
    assert "its file is gone" in texts(page("structure", run=run.id))


def test_names_are_no_markup_in_figures():
    told = table([["<b>x</b>"], ["y"]], [["<i>u</i>"], ["v"]])
    assert "<b>" not in str(cross(told, ("<b>a</b>", "b")).to_json())
    assert tree(()).to_json()
    long = table([["x" * 40 + "1"], ["x" * 40 + "2"]], [["u"], ["v"]])
    assert len(set(cross(long, ("a", "b")).data[0].y)) == 2  # type: ignore[union-attr]


def test_what_chance_gives_is_pale_in_a_cross_table():
    even = table([["a"]] * 50 + [["b"]] * 50, [["u"], ["v"]] * 25 + [["u"], ["v"]] * 24 + [["v"]] * 2)
    cells = cross(even, ("a", "b")).data[0].marker  # type: ignore[union-attr]
    assert max(map(abs, cells.color)) < 2
    assert (cells.cmin, cells.cmax) == (-8, 8)  # not the largest that is there


def test_without_a_vision_model_the_way_on_is_said(page, gallery, settings):
    test = page("structure", gallery=gallery.fingerprint)  # the bundled models only measure these pictures
    assert "Without a vision model" in texts(test)
    assert next(b for b in test.button if b.label == "Run").disabled
    assert not Runs(settings.home).all()


def test_proposals_and_the_least_sure_are_reviewed(page, gallery, run):
    result = read_result(run)
    red = [row.file for row in result.rows if row.values["colour"] == ("red",)]
    rows = tuple(replace(row, agreement={"colour": 1 / 3 if row.file in red[:3] else 1.0}) for row in result.rows)
    proposals = (
        Proposal("colour", "merge", ("red", "yellow"), "warm", "<b>Both</b> are warm.", {"warm": (*red,)}),
        Proposal("colour", "split", ("dark", "light"), "blue", "", {"dark": (red[0],)}, 400, 900),
        Proposal("colour", "drop", ("gone",), "", "It was decided."),
    )
    run.write(run.result_path(1).name, asdict(replace(result, rows=rows, proposals=proposals)))
    test = page("structure", run=run.id, part="review")
    said = texts(test)
    assert "colour: merge red, yellow into warm" in said
    assert any("\\<b\\>" in one.value for one in test.markdown)
    assert "1 picture would move of the 400 of 900 that were asked about; run again with it" in said
    assert "gone" not in said
    assert "3 pictures" in said
    press(test, "Accept")
    assert [e["kind"] for e in run.edits()] == ["merge"]
    assert any(b.startswith("warm") for b in buttons(page("structure", run=run.id)))
    test = page("structure", run=run.id, part="review", picture=red[0])
    test.button(key="review_right_0").click().run()
    assert run.edits()[-1] | {"at": 0} == {"kind": "assign", "files": [red[0]], "dimension": "colour",
                                           "attributes": ["warm"], "n": 2, "at": 0}  # fmt: skip
    test = page("structure", run=run.id, part="review", picture=red[0])
    test.button(key="review_next").click().run()
    assert test.query_params["picture"] in (red[1], [red[1]])


def test_a_structure_comes_in_and_a_change_once_more(page, gallery, run):
    edit = {"kind": "merge", "dimension": "colour", "attributes": ["red", "yellow"], "into": "warm"}
    out = edits.written(edits.apply(read_result(run), [edit]).result)
    test = page("structure", run=run.id)
    test.file_uploader(key="load_0").set_value(("s.json", b"nonsense", "application/json")).run()
    assert "This is no structure." in texts(test)
    test.file_uploader(key="load_0").set_value(("s.json", out.encode(), "application/json")).run()
    assert any(b.startswith("warm") for b in buttons(test))
    press(test, "Take the last one back")
    assert not run.edits()
    press(test, "Once more")
    assert [e["kind"] for e in run.edits()] == ["load"]
    press(test, "Take the last one back")
    test.multiselect(key="change_0_some").set_value(["red"])
    test.selectbox(key="change_0_kind").set_value("drop").run()
    press(test, "Change")
    assert [e["kind"] for e in run.edits()] == ["drop"]
    assert "Once more" not in buttons(test)


def test_what_cannot_be_is_said_and_wants_nothing(page, run):
    test = page("structure", run=run.id, part="deficits")
    assert "--draw MODEL" in texts(test) or any("--draw MODEL" in c.value for c in test.code)
    test.segmented_control(key="deficit_target").set_value("own").run()
    test.number_input(key="deficit_own").set_value(20).run()
    assert not test.exception


def test_what_is_chosen_is_in_the_address(page, run):
    test = page("structure", run=run.id, part="deficits", deficit_one="colour", deficit_target="independent")
    assert test.selectbox(key="deficit_one").value == "colour"
    assert test.segmented_control(key="deficit_target").value == "independent"
    for strange in ({"deficit_one": "moon", "deficit_target": "x"}, {"part": "cross", "cross_one": "moon"},
                    {"tree_kind": "x", "tree_colour": "²"}):  # fmt: skip
        assert not page("structure", run=run.id, **({"part": "deficits"} | strange)).exception
