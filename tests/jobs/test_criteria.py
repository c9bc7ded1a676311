"""Readings of a gallery from its runs, with a person's changes."""

from __future__ import annotations

import pytest

from engine.analyses.structure import Params as Structure
from engine.errors import RunError
from engine.jobs.asking import make_request
from engine.jobs.criteria import dimensions, reading
from engine.jobs.execute import execute
from engine.store.runs import Runs
from tests.planted import FAKE, gallery_of, many, submitted


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings, {f"{'ab'[i % 2]}/{name}": c for i, (name, c) in enumerate(many(8).items())})


def executed(run, settings):
    with run.hold():
        assert execute(run, settings).state == "done"
    return run


def test_clusters_and_the_label(gallery, settings):
    run = executed(submitted(gallery, settings), settings)
    told = reading(run.id, "colour", gallery, settings.home)
    assert told.name == "colour"
    assert {some for some in told.values} == {("red",), ("green",), ("blue",), ("yellow",)}
    run.add_edit({"kind": "move", "files": [gallery.pictures[0].name], "to": ""})
    assert reading(run.id, "colour", gallery, settings.home).values[0] == ()
    assert reading("label", "label", gallery, settings.home).values[0] == ("a",)


def test_pictures_that_were_not_looked_at_are_none(gallery, settings):
    run = executed(submitted(gallery, settings, sample=3), settings)
    told = reading(run.id, "colour", gallery, settings.home)
    assert sum(some is not None for some in told.values) == 3


def test_what_is_not_there_is_said(tmp_path, gallery, settings):
    run = executed(submitted(gallery, settings), settings)
    with pytest.raises(RunError, match="no run"):
        reading("0" * 16, "x", gallery, settings.home)
    other = gallery_of(tmp_path / "other", settings, many(3))
    with pytest.raises(RunError, match="another gallery"):
        reading(run.id, "x", other, settings.home)
    request = make_request("structure", gallery, Structure(), {"vision": FAKE, "chat": FAKE})
    with pytest.raises(RunError, match="no result"):
        dimensions(Runs(settings.home).submit(request))
