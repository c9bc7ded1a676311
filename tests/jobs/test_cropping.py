"""The CLIP difference of a run: each crop is looked at once, by whoever plays matcher; what is known is no model's."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from engine.analyses.typicality import OTHERS, Params, run
from engine.errors import SettingsError, Stopped, VitrineError
from engine.gallery import open_folder
from engine.jobs import cropping, live
from engine.jobs.typical import kept
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps import embeddings
from engine.steps.denoising import Denoising
from tests.fake_denoiser import COLOURS, SPEC, FakeDenoiser, paint_squares

MATCHER = ModelSpec("fake", "colours")
SIZES = 49  # crops of a quarter of the side


class Colours:
    """A matcher whose vectors are mean colours; a text's is that of the colour it ends with, grey else."""

    notes = ()

    def __init__(self, spec=MATCHER):
        self.spec, self.asked = spec, Counter()

    def __call__(self, role, spec, settings):
        assert (role, spec) == ("matcher", MATCHER)
        self.asked["loaded"] += 1
        return self

    def pictures(self, pictures, check):
        for i, picture in enumerate(pictures):
            check()
            with suppress(VitrineError):
                pixels = np.asarray(picture.open(64), np.float32)
                self.asked["pictures"] += 1
                yield i, unit(pixels.mean((0, 1)))

    def texts(self, texts):
        self.asked["texts"] += len(texts)
        return np.stack([unit([float(text.endswith(c)) or 0.01 for c in COLOURS]) for text in texts])


def unit(values):
    values = np.asarray(values, np.float32)
    return values / np.linalg.norm(values)


@pytest.fixture
def told(tmp_path, settings):
    paint_squares(tmp_path / "cards", {"red": 9, "green": 6})
    gallery = open_folder(tmp_path / "cards", settings)
    params = Params(draws=16, elements=1, per_picture=1)
    denoiser = Denoising(SPEC, settings, Progress(), lambda: FakeDenoiser(noise=0.2))
    run(gallery, params, denoiser=denoiser, progress=Progress(), seed=0)
    return kept(gallery, params, SPEC, settings, 0)


def test_squares_are_found_and_each_crop_is_looked_at_once(told, settings):
    matcher, progress = Colours(), Progress()
    ask = (told, "red", told.params, MATCHER, settings)
    assert cropping.unknown(*ask) == 9 * SIZES + 2
    assert cropping.by_matcher(*ask) == []
    cropping.look(*ask, progress, matcher)
    assert (matcher.asked["pictures"], matcher.asked["texts"]) == (9 * SIZES, 2)
    assert progress.cost.asked["embed"] == 9 * SIZES
    assert cropping.unknown(*ask) == 0
    (one,) = cropping.by_matcher(*ask)
    assert (one.label, one.pictures) == ("red", 9)
    assert one.median > 0.2
    ours = {patch.file: patch.box for patch in told.tell(told.sort(told.params, "red")).elements[0].patches}
    near = [np.abs(np.subtract(patch.box, ours[patch.file])).max() <= 0.125 for patch in one.patches]
    assert np.mean(near) > 0.8  # where T is largest, too
    cropping.look(*ask, Progress(), matcher)
    assert matcher.asked == {"pictures": 9 * SIZES, "texts": 2, "loaded": 2}
    others = (told, "red", Params(draws=16, against=OTHERS, elements=1), MATCHER, settings)
    assert cropping.unknown(*others) == 1  # the words for green
    assert cropping.words(*others[:3]) == ["An image of red", "An image of green"]


def test_stopped_and_gone_on(told, settings):
    class Tired(Progress):
        def check(self):
            if self.done > 100:
                raise Stopped

    ask = (told, "red", told.params, MATCHER, settings)
    with pytest.raises(Stopped):
        cropping.look(*ask, Tired(), Colours())
    left = cropping.unknown(*ask) - 2
    assert 0 < left < 9 * SIZES
    matcher = Colours()
    cropping.look(*ask, Progress(), matcher)
    assert matcher.asked["pictures"] == left


def test_pictures_that_have_gone_are_left_out(told, settings):
    ask = (told, "red", told.params, MATCHER, settings)
    for name in ("red/00.png", "red/01.png"):
        told.gallery.by_name[name].path.unlink()
    cropping.look(*ask, Progress(), Colours())
    assert cropping.unknown(*ask) == 2 * SIZES
    assert cropping.by_matcher(*ask)[0].pictures == 7


def test_the_live_process_looks_and_counts(told, settings, monkeypatch):
    matcher, job = Colours(), live._Job()
    monkeypatch.setattr("engine.store.runs.Runs.get", lambda self, id: None)
    monkeypatch.setattr("engine.jobs.typical.of_run", lambda run, settings: told)
    monkeypatch.setattr(live, "_matchers", lambda: SimpleNamespace(get=lambda spec, _: matcher("matcher", spec, _)))
    words = {"run": "0", "label": "red", "sizes": "[0.25]"}
    with pytest.raises(SettingsError, match="No matcher is there"):
        live._crops(settings, job, **words)
    monkeypatch.setattr(live.profiles, "specs", lambda *_: {"matcher": MATCHER})
    assert live._crops(settings, job, **words) == {}
    assert cropping.unknown(told, "red", told.params, MATCHER, settings) == 0
    assert (job.step, job.total) == (embeddings.STEP, 9 * SIZES)
