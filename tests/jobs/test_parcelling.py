"""A typicality run goes along with its maps: shown alike elsewhere, never put where other runs would believe them."""

from __future__ import annotations

import io
from dataclasses import asdict, replace

import numpy as np
import pytest

from engine.analyses import typicality
from engine.analyses.typicality import Params
from engine.errors import RunError
from engine.gallery import load_gallery, open_folder
from engine.jobs import parcelling
from engine.jobs.asking import make_request
from engine.jobs.parcelling import packed
from engine.jobs.typical import of_run
from engine.progress import Progress
from engine.steps.denoising import Denoising
from engine.store.arriving import take_in
from engine.store.run_arrays import packed as packed_arrays
from engine.store.runs import Runs
from engine.store.unpacking import unpack
from tests.fake_denoiser import SPEC, FakeDenoiser, paint_squares
from tests.store.test_parcels import forged, put


@pytest.fixture
def run(tmp_path, settings):
    """A finished typicality run of two labels, with its maps in the store."""
    paint_squares(tmp_path / "cards", {"red": 6, "green": 6})
    gallery = open_folder(tmp_path / "cards", settings)
    params = Params(draws=16, elements=2, per_picture=1)
    made = Runs(settings.home).submit(make_request("typicality", gallery, params, {"denoiser": SPEC}))
    denoiser = Denoising(SPEC, settings, Progress(), lambda: FakeDenoiser(noise=0.2))
    result = typicality.run(gallery, params, denoiser=denoiser, progress=Progress(), seed=0)
    made.write("result.json", asdict(result))
    made.set_status(replace(made.status, state="done", revision=1))
    return made


def test_maps_go_along_and_are_shown_elsewhere(run, settings, tmp_path):
    data = packed(run, settings)
    other = replace(settings, home=tmp_path / "elsewhere")
    there = take_in(unpack(io.BytesIO(data)), other.home).run
    mine, theirs = of_run(run, settings), of_run(there, other)
    assert mine.maps.keys() == theirs.maps.keys()
    assert mine.maps
    assert all(np.array_equal(one, theirs.maps[i]) for i, one in mine.maps.items())
    assert all(np.array_equal(one, theirs.features[i]) for i, one in mine.features.items())
    assert packed(there, other) == data
    # they stay in the run's folder: another run of the same model has to ask
    gallery = load_gallery(there.request.gallery, other.home)
    pictures, labels = list(gallery.pictures), [(p.label,) for p in gallery.pictures]
    assert Denoising(SPEC, other, Progress(), None).stored(pictures, labels, 16, 0) == {}


def test_too_many_numbers_stay_here(run, settings, monkeypatch):
    monkeypatch.setattr(parcelling, "MOST_ARRAYS", 100)
    assert unpack(io.BytesIO(packed(run, settings))).arrays is None


def test_arrays_of_other_shapes_are_left_aside(run, settings, tmp_path):
    wrong = {"maps": {0: np.ones((9, 2, 4, 4), np.float32), 99: np.ones((1, 2, 4, 4), np.float32)},
             "features": {0: np.ones((2, 2), np.float16)}}  # fmt: skip
    told, numbers = packed_arrays(wrong)
    data = forged(packed(run, settings), lambda files, _: files.update({"arrays.json": told, "arrays.bin": numbers}))
    other = replace(settings, home=tmp_path / "elsewhere")
    there = take_in(unpack(io.BytesIO(data)), other.home).run
    assert (of_run(there, other).maps, of_run(there, other).features) == ({}, {})


def test_half_of_them_or_damaged_ones_are_refused(run, settings):
    data = packed(run, settings)
    for change, why in (
        (lambda files, _: files.pop("arrays.bin"), r"arrays\.bin is missing"),
        (put("arrays.json", b"[]"), "damaged"),
        (put("arrays.bin", b"123"), "damaged"),
    ):
        with pytest.raises(RunError, match=why):
            unpack(io.BytesIO(forged(data, change)))
