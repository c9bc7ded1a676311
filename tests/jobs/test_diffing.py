"""Two runs of the workspace side by side: of a kind, of two galleries, with a person's changes, with what they cost."""

from __future__ import annotations

import shutil

import pytest

from engine.analyses.clusters import Criterion, Params
from engine.analyses.matching import Both
from engine.errors import RunError
from engine.gallery import open_folder
from engine.gallery.pictures import Picture
from engine.jobs.asking import make_request
from engine.jobs.diffing import lines, side_by_side, twins
from engine.jobs.execute import execute
from engine.store.runs import Runs
from tests.planted import FAKE, gallery_of, many, submitted


def done(gallery, settings, **words):
    run = submitted(gallery, settings, Params(Criterion("colour"), **words))
    with run.hold():
        assert execute(run, settings).state == "done"
    return run


@pytest.fixture
def two(tmp_path, settings):
    """One gallery, clusters as they come and in two."""
    gallery = gallery_of(tmp_path, settings, many(12))
    return done(gallery, settings), done(gallery, settings, k="2")


def test_two_of_one_gallery(two, settings):
    told = side_by_side(two[0], two[1], settings.home)
    assert told.twins is None
    assert told.diff.pictures == Both(12, 0, 0)
    assert told.diff.flow.counts.shape == (4, 2)
    assert told.diff.flow.counts.sum() == 12
    said = "\n".join(lines(told))
    assert f"A: run {two[0].id}, colour (everything)" in said
    asked = sum(two[0].status.asked.values())
    assert f"{asked} asked · 0 known before" in said


def test_changes_count_or_do_not(two, settings):
    plain = side_by_side(two[0], two[1], settings.home)
    first = plain.diff.flow.rows[0]
    two[0].add_edit({"kind": "rename", "cluster": first, "to": "another"})
    told = side_by_side(two[0], two[1], settings.home)
    assert told.changes == (1, 0)
    assert "another" in told.diff.flow.rows
    assert "with 1 changes" in "\n".join(lines(told))
    without = side_by_side(two[0], two[1], settings.home, with_changes=False)
    assert without.diff.flow.rows == plain.diff.flow.rows


def test_two_galleries_are_joined_by_content(tmp_path, settings, two):
    folder = tmp_path / "others"
    folder.mkdir()
    for i, name in enumerate(sorted((tmp_path / "pictures").iterdir())[:5]):
        shutil.copy(name, folder / f"copy{i}.png")
    other = done(open_folder(folder, settings), settings)
    told = side_by_side(two[0], other, settings.home)
    assert told.diff.pictures == Both(5, 7, 0)
    assert (told.diff.places[0].file, told.diff.places[0].twin) == ("000.png", "copy0.png")
    assert "joined by content" in "\n".join(told.notes)
    assert {f.kind for f in told.diff.fates} == {"kept"}


def test_samples_of_one_gallery_are_joined_where_they_meet(tmp_path, settings, two):
    gallery = gallery_of(tmp_path, settings, many(12))
    some, more = (submitted(gallery, settings, Params(Criterion("colour")), sample=n, seed=n) for n in (6, 8))
    for run in (some, more):
        with run.hold():
            assert execute(run, settings).state == "done"
    whole = side_by_side(two[0], some, settings.home)
    assert whole.diff.pictures == Both(6, 6, 0)
    shared = set(some.request.members or ()) & set(more.request.members or ())
    told = side_by_side(some, more, settings.home)
    assert told.diff.pictures == Both(len(shared), 6 - len(shared), 8 - len(shared))
    assert not any("galleries" in note for note in told.notes)


def test_what_cannot_be_set_side_by_side_is_said(tmp_path, settings, two):
    with pytest.raises(RunError, match="same run twice"):
        side_by_side(two[0], two[0], settings.home)
    other = done(gallery_of(tmp_path / "b", settings, {"x.png": "red", "y.png": "yellow", "z.png": "red"}), settings)
    assert side_by_side(two[0], other, settings.home)  # the first picture's content is in both
    waiting = submitted(gallery_of(tmp_path, settings, many(12)), settings, Params(Criterion("shape")))
    with pytest.raises(RunError, match="no result"):
        side_by_side(two[0], waiting, settings.home)
    from engine.analyses.structure import Params as Structure

    request = make_request(
        "structure", gallery_of(tmp_path, settings, many(12)), Structure(), {"vision": FAKE, "chat": FAKE}
    )
    with pytest.raises(RunError, match="Choose two of a kind"):
        side_by_side(two[0], Runs(settings.home).submit(request), settings.home)


def test_no_shared_picture(tmp_path, settings, two):
    folder = tmp_path / "far"
    folder.mkdir()
    shutil.copy(tmp_path / "pictures" / "000.png", folder / "a.png")
    with (folder / "a.png").open("ab") as file:
        file.write(b"another content")
    other = done(open_folder(folder, settings), settings)
    with pytest.raises(RunError, match="share no picture"):
        side_by_side(two[0], other, settings.home)


def picture(name, content):
    return Picture(name, content, 1, 1, "/r")


def test_copies_are_joined_one_to_one_by_name_first():
    a = [picture("a", "1"), picture("b", "1"), picture("c", "1"), picture("d", "2")]
    b = [picture("x", "1"), picture("c", "1"), picture("y", "3")]
    assert twins(a, b) == {"c": "c", "a": "x"}
    assert twins(b, a) == {"c": "c", "x": "a"}
    assert twins(a, []) == {}
