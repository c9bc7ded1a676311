"""The whole job offline: bundled models on the gallery that ships, through the same calls as any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.analyses.clusters import Criterion, Params
from engine.errors import ModelError, SettingsError
from engine.gallery import open_folder
from engine.jobs.asking import make_request, refusal
from engine.jobs.execute import execute, read_result
from engine.models import BACKENDS
from engine.models.profiles import BUNDLED, LOCAL, POSTCARDS, PROFILES, ROOT, is_postcards, specs, strangers
from engine.models.roles import ROLES, ModelSpec
from engine.settings import Settings
from engine.store.runs import Runs
from tests.planted import paint

# Criterion, the metadata column that holds the truth, and the agreement promised.
PROMISED = [
    ("place", "place", 0.95),
    ("subject", "subject", 0.85),
    ("colour", "colour", 0.95),
    ("time of day", "time", 0.97),
]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_four_questions_of_postcards(settings):
    status = None
    for criterion, column, least in PROMISED:
        gallery = open_folder(POSTCARDS, settings, column)
        params = Params(Criterion(criterion))
        request = make_request("clusters", gallery, params, specs("bundled", settings, gallery.root))
        run = Runs(settings.home).submit(request)
        with run.hold():
            before, status = status, execute(run, settings)
        assert status.state == "done", status.error
        found = read_result(run).agreement
        assert found is not None
        assert found.accuracy >= least, f"{criterion}: {found.accuracy:.3f}"
        assert status.asked.get("describe", 0) == (0 if before else 600)  # captions serve every criterion


def test_bundled_models_are_only_asked_about_postcards(settings, tmp_path):
    ours, other = specs("bundled", settings, str(POSTCARDS)), specs("bundled", settings, str(tmp_path))
    assert ours["vision"].backend == "clip"
    assert other["vision"].backend == "measured"
    assert "matcher" not in other  # never Postcards' vectors on other pictures
    assert "embedder" not in other
    assert set(ours) == set(ROLES)
    assert strangers(ours, str(POSTCARDS)) == []
    assert strangers(ours, str(tmp_path)) == ["vision", "matcher", "embedder", "denoiser"]
    assert strangers(other, str(tmp_path)) == []
    assert is_postcards(str(POSTCARDS / ".." / "postcards"))
    assert not is_postcards("")


def test_other_pictures_are_told_by_measuring(settings, tmp_path):
    gallery = open_folder(
        paint(tmp_path / "own", {f"{c}/{i}.png": c for c in ("red", "blue") for i in range(4)}), settings
    )
    models = specs("bundled", settings, gallery.root)
    run = Runs(settings.home).submit(make_request("clusters", gallery, Params(Criterion("colour")), models))
    with run.hold():
        assert execute(run, settings).state == "done"
    assert sorted((c.name, c.size) for c in read_result(run).clusters) == [("blue", 4), ("red", 4)]
    with pytest.raises(ModelError, match="'mood'") as said:
        make_request("clusters", gallery, Params(Criterion("mood")), models)
    assert "Models page" in said.value.hint


def test_what_captions_and_keywords_cannot_tell_is_refused_before_it_is_asked():
    params, ours = Params(Criterion("price of the house")), specs("bundled", Settings(Path("/none")), str(POSTCARDS))
    assert "price of the house" in refusal(params, ours)
    assert not refusal(Params(Criterion("colour")), ours)
    sees = ModelSpec("openai_endpoint", "eye", options={"url": "http://h/v1"})  # its labels only have to be sorted
    assert not refusal(params, {"vision": sees, "chat": ours["chat"]})


def test_profiles(settings):
    for profile in PROFILES[:2]:
        for spec in specs(profile, settings, str(POSTCARDS)).values():
            assert spec.backend in BACKENDS
    with pytest.raises(SettingsError):
        specs("endpoint", settings)
    connected = replace(
        settings, endpoint=replace(settings.endpoint, url="http://h/v1", vision_model="v", chat_model="c")
    )
    assert specs("", connected)["vision"].backend == "openai_endpoint"
    assert specs("", settings)["vision"].backend == "measured"
    assert all(weights.gigabytes > 0 and weights.licence for weights in LOCAL)


def test_the_bundled_weights_are_small():
    assert sum(p.stat().st_size for p in (ROOT / BUNDLED).rglob("*") if p.is_file()) < 40e6
