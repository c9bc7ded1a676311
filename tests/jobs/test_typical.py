"""What is kept of a typicality run: maps that rank, elements made anew, baselines, and one picture for all labels."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.typicality import OTHERS, Params, run
from engine.errors import ModelError
from engine.gallery import open_folder
from engine.jobs.typical import kept, labels_of, of_one
from engine.progress import Progress
from engine.steps.denoising import Denoising
from tests.fake_denoiser import SPEC, FakeDenoiser, paint_squares

PARAMS = Params(draws=16, elements=2, per_picture=1)
COUNTS = {"red": 12, "green": 9, "blue": 6}


@pytest.fixture
def gallery(tmp_path, settings):
    paint_squares(tmp_path / "cards", COUNTS)
    return open_folder(tmp_path / "cards", settings)


@pytest.fixture
def ask(settings, gallery):
    """Carries out a run; returns its result and what is kept of it."""

    def carried_out(params=PARAMS, seed=0):
        denoiser = Denoising(SPEC, settings, Progress(), lambda: FakeDenoiser(noise=0.2))
        result = run(gallery, params, denoiser=denoiser, progress=Progress(), seed=seed)
        return result, kept(gallery, params, SPEC, settings, seed)

    return carried_out


@pytest.mark.parametrize("params", [PARAMS, Params(("red",), OTHERS, 16), Params((), "green", 32)])
def test_maps_that_rank_have_the_means_of_the_rows(ask, params):
    result, told = ask(params, seed=3)
    ranking = told.ranking()
    assert set(ranking) == {row.file for row in result.rows}
    for row in result.rows:
        assert ranking[row.file].shape == (16, 16)
        assert ranking[row.file].mean() == pytest.approx(row.typicality, abs=1e-6)


def test_elements_made_anew_are_those_of_the_run(ask):
    result, told = ask()
    assert told.tell(told.sort(PARAMS)).elements == result.elements
    larger = told.tell(told.sort(told.asked(0.5, 1, 2))).elements
    assert {patch.box[2] for one in larger for patch in one.patches} == {0.5}
    assert [one.number for one in larger] == [1] * 3
    (red,) = told.tell(told.sort(told.asked((0.25, 0.5), 1, 2), "red")).elements
    assert {patch.box[2] for patch in red.patches} == {0.25, 0.5}


@pytest.mark.parametrize("kind", ["random", "least", "hog"])
def test_baselines_are_of_the_label_and_the_same_again(ask, kind):
    _, told = ask()
    params = told.asked(0.25, 2, 2)
    elements = told.baseline("red", kind, params)
    assert elements
    assert elements == told.baseline("red", kind, params)
    assert {patch.file.partition("/")[0] for one in elements for patch in one.patches} == {"red"}
    assert len(elements) <= 2


def test_nothing_is_kept_of_what_was_not_asked(gallery, settings):
    told = kept(gallery, PARAMS, SPEC, settings, 0)
    assert (told.maps, told.features, told.ranking()) == ({}, {}, {})
    assert len(told.questions) == 27
    assert told.tell(told.sort(told.asked(0.25, 4, 2))).elements == ()


def test_one_picture_for_all_labels(gallery, settings):
    assert labels_of(gallery, PARAMS) == ("red", "green", "blue")
    assert labels_of(gallery, Params(("blue",))) == ("blue", "red", "green")
    model = FakeDenoiser(noise=0.2)
    denoiser = Denoising(SPEC, settings, Progress(), lambda: model)
    green = next(p for p in gallery.pictures if p.label == "green")
    first, *others = of_one(green, ("red", "green", "blue"), 16, denoiser, 0)
    assert first.label == "green"
    assert first.posterior > 0.9
    assert first.low < first.typicality < first.high
    assert first.map.mean() == pytest.approx(first.typicality, abs=1e-6)
    assert first.posterior + sum(one.posterior for one in others) == pytest.approx(1)
    (alone,) = of_one(green, ("green",), 16, denoiser, 0)
    np.testing.assert_array_equal(alone.map, first.map)
    assert alone.posterior == 1
    for picture in gallery.pictures:
        picture.path.unlink()
    assert of_one(green, ("green",), 16, denoiser, 0)[0].typicality == alone.typicality  # its maps are kept
    blue = gallery.by_name["blue/00.png"]
    with pytest.raises(ModelError, match="cannot be read"):
        of_one(blue, ("blue",), 16, denoiser, 0)
