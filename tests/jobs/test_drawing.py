"""Drawings of what is missing: looked at as all pictures are, counted where they land, marked for good."""

from __future__ import annotations

import csv

import pytest
from PIL import Image

from engine.__main__ import main
from engine.analyses.structure import Given, Result, Row
from engine.errors import ModelError, StoreError
from engine.gallery import open_folder
from engine.gallery.packing import under_own_names, zipped
from engine.jobs.asking import askers
from engine.jobs.drawing import draw, looked_at, yields
from engine.models import profiles
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.store.answers import Store

MODEL = ModelSpec("diffusion", "assets/models/diffusion", options={"steps": 6})
PLACES = ("beach", "forest")


def rows_of(*prompts):
    return [{"prompt": text, "n": 1, "cell": {"label": place}, "seed": i}
            for i, (text, place) in enumerate(prompts)]  # fmt: skip


def test_drawn_looked_at_and_marked(tmp_path, settings):
    rows = rows_of(("An image of beach.", "beach"), ("", "city"), ("An image of forest.", "forest"))
    progress = Progress()
    names = draw(rows, MODEL, settings, tmp_path / "drawn", progress)
    assert names == ["synthetic-00000.png", "", "synthetic-00002.png"]
    with Image.open(tmp_path / "drawn" / names[0]) as drawn:
        assert "trainedAlgorithmicMedia" in drawn.info["XML:com.adobe.xmp"]
    gallery = open_folder(tmp_path / "drawn", settings)
    assert [p.metadata["synthetic"] for p in gallery.pictures] == ["yes", "yes"]
    specs = profiles.specs("bundled", settings, str(POSTCARDS))
    store = Store(settings.home)
    asks = askers({role: specs[role] for role in ("vision", "chat")}, settings, store, progress)
    told = looked_at(gallery, [Given("place", PLACES)], **asks, progress=progress, seed=0)
    store.close()
    assert [row.file for row in told.rows] == [names[0], names[2]]
    found, landed = yields(rows, names, told, {"label": "place"})
    assert [(one.cell, one.drawn) for one in found] == [({"label": p}, 1) for p in PLACES]
    assert landed <= set(names) - {""}


def test_the_mark_goes_with_the_file_and_its_name(tmp_path, settings):
    names = draw(rows_of(("An image of beach.", "beach")), MODEL, settings, tmp_path / "drawn", Progress())
    gallery = open_folder(tmp_path / "drawn", settings)
    whole = b"".join(zipped(under_own_names(gallery.pictures)))
    assert b"trainedAlgorithmicMedia" in whole
    assert names[0].encode() in whole


def test_what_lands_counts_and_chance_stands_beside():
    rows = rows_of(*[("x", "a")] * 4, *[("x", "b")] * 4)
    names = [f"{i}.png" for i in range(8)]
    values = ["a", "a", "a", "b", "b", "b", "", "a"]
    said = zip(names, values, strict=True)
    told = Result((), (), tuple(Row(name, "", values={"kind": (value,)}) for name, value in said))
    found, landed = yields(rows, names, told, {"label": "kind"})
    assert [(one.drawn, one.landed) for one in found] == [(4, 3), (4, 2)]
    assert landed == {"0.png", "1.png", "2.png", "4.png", "5.png"}
    assert [one.shuffled for one in found] == [pytest.approx(4 / 8, abs=0.15), pytest.approx(3 / 8, abs=0.15)]


def test_a_folder_in_use_and_a_model_that_is_none(tmp_path, settings):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds something"):
        draw(rows_of(("x", "a")), MODEL, settings, tmp_path, Progress())
    with pytest.raises(ModelError, match="cannot be loaded"):
        draw(rows_of(("x", "a")), ModelSpec("diffusion", str(tmp_path)), settings, tmp_path / "new", Progress())


def test_from_the_command_line(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    out = tmp_path / "out"
    words = ["structure", str(POSTCARDS), "--labels", "place", "--models", "bundled", "--dimensions", "0",
             "--dimension", "time of day: night, sunset", "--prompts", "1", "--out", str(out)]  # fmt: skip
    assert main([*words, "--sample", "60", "--draw", "assets/models/diffusion"]) == 0
    with (out / "drawn.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert {row["synthetic"] for row in rows} == {"yes"}
    assert all((out / row["file"]).is_file() for row in rows)
    assert {row["landed"] for row in rows} <= {"yes", "no"}
