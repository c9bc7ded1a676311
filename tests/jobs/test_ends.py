"""Words for the ends of a direction, on Postcards with the bundled matcher, and what is said where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.analyses import diversity
from engine.analyses.diversity.result import Params
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.telling import tell
from engine.errors import SettingsError
from engine.gallery import open_folder
from engine.jobs.asking import make_request
from engine.jobs.ends import words_for_ends
from engine.jobs.searching import Matchers
from engine.models import profiles
from engine.progress import Progress
from engine.steps import embeddings
from engine.store.runs import Runs
from tests.planted import gallery_of, many


def finished(gallery, settings, vectors):
    """A diversity run whose first direction is the one these vectors vary along."""
    spec = profiles.ModelSpec("sscd", "assets/models/copies.pt")
    run = Runs(settings.home).submit(make_request("diversity", gallery, Params(), {"embedder": spec}))
    result = tell(vectors, Rows(len(vectors), gallery), Params(), spec.label, None, 0, Progress())
    status = run.status
    status.state, status.revision = "done", 1
    run.write(run.result_path(1).name, TypeAdapter(diversity.Result).dump_python(result, mode="json"))
    run.set_status(status)
    return run


def test_the_ends_of_a_direction_from_beach_to_mountains(settings):
    gallery = open_folder(profiles.POSTCARDS, settings)
    place = {"beach": -1.0, "mountains": 1.0}
    rng = np.random.default_rng(0)
    rows = np.array(
        [[place.get(p.metadata["place"], 0.0), 0.0] for p in gallery.pictures]
    ) + 0.01 * rng.standard_normal((600, 2))
    run, matchers = finished(gallery, settings, rows.astype(np.float32)), Matchers()
    with pytest.raises(SettingsError, match="no vectors yet"):
        words_for_ends(run, 1, settings, matchers)
    spec = profiles.specs("bundled", settings, gallery.root)["matcher"]
    ends = {e for axis in diversity_axes(run)[:1] for e in (*axis.low, *axis.high)}
    embeddings.embed([p for p in gallery.pictures if p.name in ends], spec, settings, Progress())
    told = words_for_ends(run, 1, settings, matchers)
    assert {"beach", "mountain"} <= {*told.low, *told.high}
    assert ("beach" in told.low) != ("beach" in told.high)
    assert ("beach" in told.low) == ("mountain" in told.high)
    with pytest.raises(SettingsError, match="no direction 9"):
        words_for_ends(run, 9, settings, matchers)


def diversity_axes(run):
    from engine.jobs.execute import read_result

    return read_result(run).axes


def test_without_a_matcher_there_are_no_words(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, many(12))
    rows = np.random.default_rng(0).standard_normal((12, 4)).astype(np.float32)
    with pytest.raises(SettingsError, match="no matcher"):
        words_for_ends(finished(gallery, settings, rows), 1, settings, Matchers())
