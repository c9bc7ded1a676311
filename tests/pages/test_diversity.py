"""The Diversity page: empty, no embedder, price, waiting, failed, finished with each of its views. No browser."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pydantic import TypeAdapter

import tests.pages.test_pages as states
from engine.analyses import diversity
from engine.analyses.diversity import Params, of_vectors
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.telling import tell
from engine.gallery import sets
from engine.jobs.asking import chosen, make_request
from engine.jobs.execute import execute
from engine.models.checkpoints import Known
from engine.models.profiles import ROOT
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import save_profile
from engine.store.runs import Runs
from tests.pages.test_pages import buttons, labelled, press, texts
from tests.planted import gallery_of, many

page = states.page
COPIES = ModelSpec("sscd", "assets/models/copies.pt")
COLOURS = {f"{label}/{i:02}.png": "red" for label in ("beach", "city") for i in range(12)}


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings, COLOURS)


@pytest.fixture
def embedder(tmp_path, settings):
    """A profile with an embedder for these pictures."""
    path = tmp_path / "models.toml"
    path.write_text(f'[embedder]\nbackend = "sscd"\nname = "{ROOT / COPIES.name}"\n')
    save_profile(settings, str(path))


def vectors(n=24, d=16):
    """Vectors (n, d); the second is nearly the first, and one of the second half is nearly the third."""
    rows = np.random.default_rng(0).standard_normal((n, d))
    rows[1] = rows[0] + 0.05 * rows[5]
    rows[n // 2] = rows[2] + 0.3 * rows[6]
    return rows.astype(np.float32)


def finished(gallery, settings, known=None, rows=None, part=None, **words):
    """A run whose result is told from vectors given, as if an embedder had given them."""
    params = Params(**words)
    run = Runs(settings.home).submit(make_request("diversity", gallery, params, {"embedder": COPIES}, part=part))
    given = vectors() if rows is None else rows
    some = gallery if part is None else chosen(gallery, part.members)
    result = tell(given, Rows(len(given), some), params, COPIES.label, known, 0, Progress())
    status = run.status
    status.state, status.revision = "done", 1
    run.write(run.result_path(1).name, TypeAdapter(diversity.Result).dump_python(result, mode="json"))
    run.set_status(status)
    return run


BUNDLED = Known("bundled", False, 0.8)


def test_nothing_opened_yet(page):
    assert "Choose a folder of pictures first" in texts(page("diversity"))


def test_without_an_embedder_the_way_on_is_said(page, gallery):
    said = texts(page("diversity"))
    assert "No model plays: embedder" in said
    assert "VECTORS.npy" in said


def test_a_price_then_a_run_that_waits(page, gallery, settings, embedder):
    test = page("diversity")
    assert "24 of 24 pictures need a vector" in texts(test)
    assert test.selectbox(key="diversity_by").value == "label"
    press(test, "Run")
    ((run, _),) = Runs(settings.home).all()
    assert run.request.params["by"] == "label"
    assert run.request.params["coreset"] == 2
    assert "Waiting for the worker" in str([p.proto.text for p in test.get("progress")])
    assert test.query_params["run"] in (run.id, [run.id])


def test_it_asks_about_the_set_in_use(page, gallery, settings, embedder):
    made = sets.save(gallery, "few", [p.name for p in gallery.pictures[:7]], "", settings.home)
    test = page("diversity", set=made.id)
    press(test, "Run")
    ((run, _),) = Runs(settings.home).all()
    assert (run.request.selection, len(run.request.members or ())) == ("few", 7)


@pytest.mark.parametrize("typed", ["much", "1.5"])
def test_a_threshold_that_is_none_is_said(page, gallery, embedder, typed):
    test = page("diversity")
    labelled(test.text_input, "Duplicates from a cosine of").set_value(typed).run()
    assert not test.exception
    assert "cosine" in texts(test)
    assert next(b for b in test.button if b.label == "Run").disabled


def test_a_failed_run_says_why_and_goes_on(page, gallery, settings):
    run = Runs(settings.home).submit(make_request("diversity", gallery, Params(), {"embedder": COPIES}))
    status = run.status
    status.state, status.error, status.hint = "failed", "It broke.", "Mend it."
    run.set_status(status)
    test = page("diversity", run=run.id)
    assert "It broke. Mend it." in texts(test)
    press(test, "Go on")
    assert run.status.state == "queued"


def test_a_finished_run_tells_its_figures(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED, by="label")
    test = page("diversity", run=run.id)
    metrics = {m.label: m.value for m in test.metric}
    whole = of_vectors(vectors()).whole
    assert metrics["Score"] == f"{whole.score.value:.3f}"
    assert metrics["Effective rank"] == f"{whole.effective_rank.value:.1f}"
    assert "### 24 pictures" in texts(test)
    said = texts(test)
    assert "is not SSCD" in said
    assert "By label, at equal size" in said
    assert "FineVision-like" not in said
    assert test.selectbox(key="diversity_by").value == "label"  # the form says what was asked


def test_a_band_only_for_sscd(page, gallery, settings):
    rows = np.random.default_rng(0).standard_normal((24, 512)).astype(np.float32)
    run = finished(gallery, settings, Known("sscd_disc_mixup", True, 0.75), rows)
    said = texts(page("diversity", run=run.id))
    assert "severe redundancy" in said
    assert "is not SSCD" not in said


def test_axes_open_and_their_ends_are_saved(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED)
    test = page("diversity", run=run.id, part="axes")
    assert "Axis 8" in texts(test)
    assert "Pictures that add least" in texts(test)
    test.button(key="axis_2").click().run()
    assert test.query_params["axis"] in ("2", ["2"])
    assert "Axis 2" in texts(test)
    assert "Axis 3" not in texts(test)
    test.text_input(key="axis_set_one e_name").set_value("one end")
    press(test, "Save")
    (made,) = sets.sets_of(gallery, settings.home)
    assert len(made) == 12


def test_duplicates_by_the_slider_kept_dropped_and_saved(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED)
    test = page("diversity", run=run.id, part="duplicates")
    said = texts(test)
    assert "The model's card says 0.8" in said
    assert "2 groups" in said
    test.slider(key=f"threshold_{run.id}").set_value(0.99).run()
    assert "1 groups" in texts(test)
    assert test.query_params["threshold"] in ("0.99", ["0.99"])
    assert "of 24" not in texts(test)
    press(test, "Save")  # the first form: all spare ones
    (made,) = sets.sets_of(gallery, settings.home)
    assert made.members in (("beach/00.png",), ("beach/01.png",))


def links(test):
    return {(e.proto.page, e.proto.query_string) for e in test.get("page_link")}


def test_duplicates_and_health_lead_to_one_another(page, gallery, settings):
    health = page("gallery", view="health", check="near_copies")
    assert ("diversity", "") in links(health)
    run = finished(gallery, settings, BUNDLED)
    assert ("diversity", f"run={run.id}&part=duplicates") in links(page("gallery", view="health", check="near_copies"))
    assert ("diversity", f"run={run.id}&part=duplicates") not in links(page("gallery", view="health", check="dark"))
    there = links(page("diversity", run=run.id, part="duplicates"))
    assert {("look", f"view=health&check={check}") for check in ("exact_copies", "near_copies")} <= there


def test_what_a_person_decided_holds_and_is_taken_back(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED)
    run.add_edit({"keep": True, "files": ["beach/00.png", "beach/01.png"]})
    test = page("diversity", run=run.id, part="duplicates")
    assert "1 pictures could go" in texts(test)
    press(test, "Take the last one back")
    assert not run.edits()
    assert "2 pictures could go" in texts(test)


def test_leaks_between_parts(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED, by="label")
    test = page("diversity", run=run.id, part="duplicates")
    assert test.selectbox(key="leak").options == ["beach and city · 1 pairs"]
    test.text_input(key="leak_1_name").set_value("leaked")
    next(b for b in test.button if b.label == "Save" and "leak_1" in str(b.form_id)).click().run()
    (made,) = sets.sets_of(gallery, settings.home)
    assert made.members == ("city/00.png",)


def test_a_model_without_a_threshold_asks_for_one(page, gallery, settings):
    run = finished(gallery, settings, None)
    said = texts(page("diversity", run=run.id, part="duplicates"))
    assert "Nobody knows the right one" in said


def test_a_core_set_is_drawn_and_saved_in_part(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED, coreset=6)
    test = page("diversity", run=run.id, part="coreset")
    assert "6 that stand for 24" in texts(test)
    test.number_input(key=f"first_{run.id}").set_value(4).run()
    test.text_input(key="coreset_set_name").set_value("four")
    press(test, "Save")
    (made,) = sets.sets_of(gallery, settings.home)
    assert len(made) == 4
    none = finished(gallery, settings, BUNDLED)
    assert "None was asked for" in texts(page("diversity", run=none.id, part="coreset"))


def test_two_runs_and_parts_are_compared_at_equal_size(page, gallery, settings):
    few = sets.save(gallery, "few", [p.name for p in gallery.pictures[:20]], "", settings.home)
    alone = finished(gallery, settings, BUNDLED)
    assert "Nothing to compare with yet" in texts(page("diversity", run=alone.id, part="compare"))
    other = finished(gallery, settings, BUNDLED, vectors()[:20], part=few)
    run = finished(gallery, settings, BUNDLED, by="label")
    test = page("diversity", run=run.id, part="compare")
    assert len(test.selectbox(key="compare_run").options) == 3
    test.selectbox(key="compare_run").set_value(other.id).run()
    assert not test.exception
    assert "At 20 pictures each" in texts(test)
    test.multiselect(key="compare_parts").set_value(["beach", "city"]).run()
    assert not test.exception
    assert "Parts, at equal size" in texts(test)


def test_a_picture_opens_beside(page, gallery, settings):
    run = finished(gallery, settings, BUNDLED)
    test = page("diversity", run=run.id, picture="beach/03.png")
    assert "beach/03.png" in texts(test)
    press(test, "Close")
    assert "picture" not in test.query_params


def test_runs_of_other_analyses_are_no_diversity_runs(page, tmp_path, settings):
    other = states.finished(tmp_path, settings)
    assert "is no diversity run" in texts(page("diversity", run=other.id))
    run = finished(gallery_of(tmp_path, settings, many(12)), settings, BUNDLED, vectors(12))
    assert not page("clusters", run=run.id).exception
    assert "**diversity** :gray[of" in texts(page("runs"))
    assert "Open" in buttons(page("runs"))


@pytest.mark.parametrize("said", ["abc", "0", "5", "nan", "²", "1.²", "<b>"])
def test_a_threshold_in_the_address_that_is_none(page, gallery, settings, said):
    run = finished(gallery, settings, BUNDLED)
    value = page("diversity", run=run.id, part="duplicates", threshold=said).slider(key=f"threshold_{run.id}").value
    assert value == {"0": 0.65, "5": 1.0}.get(said, 0.8)


@pytest.mark.parametrize("said", ["²", "0", "99", "-1", "x"])
def test_an_axis_in_the_address_that_is_none(page, gallery, settings, said):
    run = finished(gallery, settings, BUNDLED)
    assert "Axis 8" in texts(page("diversity", run=run.id, part="axes", axis=said))


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("{")])
def test_a_result_that_is_gone_or_damaged_is_asked_again(page, gallery, settings, damage):
    run = finished(gallery, settings, BUNDLED)
    damage(run.result_path(1))
    test = page("diversity", run=run.id)
    assert re.search("its file is gone|cannot be read", texts(test))
    press(test, "Ask again")
    assert run.status.state == "queued"


def test_a_comparison_with_a_result_that_is_gone(page, gallery, settings):
    run, other = finished(gallery, settings, BUNDLED), finished(gallery, settings, BUNDLED, coreset=2)
    test = page("diversity", run=run.id, part="compare")
    other.result_path(1).unlink()
    test.selectbox(key="compare_run").set_value(other.id).run()
    assert not test.exception
    assert "its file is gone" in texts(test)


def test_a_run_that_is_gone(page, gallery, settings):
    for id in ("0" * 16, "²", "../x"):
        test = page("diversity", run=id)
        assert "is no diversity run of this workspace" in texts(test)


def test_one_picture_is_not_asked_about(page, gallery, settings, embedder):
    one = sets.save(gallery, "one", [gallery.pictures[0].name], "", settings.home)
    test = page("diversity", set=one.id)
    assert "Diversity needs two pictures" in texts(test)
    assert next(b for b in test.button if b.label == "Run").disabled


def test_pictures_that_are_all_unreadable_fail_with_the_reason(page, gallery, settings, embedder):
    test = page("diversity")
    press(test, "Run")
    for picture in gallery.pictures:
        picture.path.unlink()
    ((run, _),) = Runs(settings.home).all()
    with run.hold():
        execute(run, settings)
    test = page("diversity", run=run.id)
    assert "Only 0 of 24 pictures has a vector. The most common reason: vanished." in texts(test)


@pytest.mark.parametrize("part", ["figures", "axes", "duplicates", "coreset", "compare"])
@pytest.mark.parametrize("rows", [np.ones((24, 16)), np.zeros((24, 16))])
def test_equal_pictures_have_no_diversity_in_any_view(page, gallery, settings, part, rows):
    run = finished(gallery, settings, BUNDLED, rows.astype(np.float32), coreset=3, by="label")
    assert "there is no diversity, and the score is 0" in texts(page("diversity", run=run.id, part=part))
