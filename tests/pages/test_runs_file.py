"""A run as one file, on the Runs page: saved, taken in, refused, asked about, shown without its pictures."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

import tests.pages.test_pages as states
from engine.gallery import load_gallery
from engine.jobs.execute import execute
from engine.store.parcels import pack
from engine.store.remarks import remark
from engine.store.runs import Runs
from engine.store.unpacking import unpack
from tests.pages.test_pages import press, texts
from tests.planted import gallery_of, many, submitted
from tests.store.test_parcels import forged, put

page = states.page


@pytest.fixture
def elsewhere(tmp_path, settings):
    """A finished run of another workspace, packed, and its id."""
    other = replace(settings, home=tmp_path / "other home")
    run = submitted(gallery_of(tmp_path / "theirs", other, many(8)), other)
    with run.hold():
        assert execute(run, other).state == "done"
    remark(run, ["from afar"], "a note")
    return pack(run, load_gallery(run.request.gallery, other.home)), run.id


def given(test, data, name="x.vitrine.zip"):
    test.file_uploader[0].set_value((name, data, "application/zip")).run()
    assert not test.exception, test.exception
    return test


def test_a_file_is_taken_in_and_shown_without_its_pictures(page, elsewhere, settings):
    data, id = elsewhere
    test = given(page("runs"), data)
    said = texts(test)
    assert "8 pictures, which are not here" in said
    assert "Nobody here vouches for it" in said
    press(test, "Take it in")
    assert Runs(settings.home).get(id).is_imported
    assert "from a file" in texts(test)
    assert "from afar" in texts(test)
    assert "Its pictures are not here" in texts(test)
    shown = page("clusters", run=id)
    assert "**4 clusters** by colour" in texts(shown)
    assert "pictures of this gallery are not here" in texts(shown)


def test_the_gallery_that_is_here_is_tied(page, elsewhere, tmp_path, settings):
    data, id = elsewhere
    gallery_of(tmp_path / "theirs", settings, many(8))
    test = given(page("runs"), data)
    assert "8 pictures, which are here" in texts(test)
    press(test, "Take it in")
    assert "are not here" not in texts(page("clusters", run=id))


def test_what_is_no_run_is_refused(page, elsewhere, settings):
    data, _ = elsewhere
    test = given(page("runs"), forged(data, put("../../evil", b"x")))
    assert "it holds '../../evil'" in texts(test)
    assert "Take it in" not in [b.label for b in test.button]
    assert Runs(settings.home).all() == []


def test_two_peoples_changes_are_asked_about(page, elsewhere, settings):
    data, id = elsewhere
    press(given(page("runs"), data), "Take it in")
    run = Runs(settings.home).get(id)
    remark(run, ["mine"], "")
    test = given(page("runs"), data)
    assert "differs in tags and note" in texts(test)
    press(test, "Take it in")
    assert "mine" in texts(page("runs"))  # kept by default
    test = given(page("runs"), data)
    test.radio(key="parcel_keep").set_value("theirs").run()
    press(test, "Take it in")
    assert "from afar" in texts(page("runs"))


def test_a_run_is_saved_as_one_file(page, tmp_path, settings):
    run = submitted(gallery_of(tmp_path, settings, many(4)), settings)
    test = page("runs")
    assert "Save as one file" not in str(test.menu_button(key=f"more_{run.id}").proto)
    with run.hold():
        execute(run, settings)
    test = page("runs")
    test.menu_button(key=f"more_{run.id}").click("file").run()
    assert "No picture, no folder of this machine" in texts(test)
    assert len(test.get("download_button")) == 1
    data = pack(run, load_gallery(run.request.gallery, settings.home))
    assert unpack(io.BytesIO(data)).request == run.request
