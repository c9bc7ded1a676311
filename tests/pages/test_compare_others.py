"""The Compare page of structure, differences, typicality and diversity runs, from results that were planted."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

import tests.pages.test_pages as states
from engine.analyses.diversity import Params as Diversity
from engine.analyses.diversity import of_vectors
from engine.models.roles import ModelSpec
from engine.prompts import digest
from engine.store.runs import Request, Runs
from tests.analyses.differences.test_diff import finding
from tests.analyses.differences.test_diff import made as differences
from tests.analyses.structure.test_diff import made as structure
from tests.analyses.typicality.test_diff import BOX, element
from tests.analyses.typicality.test_diff import made as typicality
from tests.pages.test_pages import HOSTILE, press, texts
from tests.planted import gallery_of

page = states.page


@pytest.fixture
def kept(tmp_path, settings):
    """Puts results into the workspace as finished runs of one gallery of six pictures; their ids."""
    gallery = gallery_of(tmp_path, settings, {f"{i}.png": "red" for i in range(6)})

    def put(analysis, *results, params=()):
        ids = []
        for seed, result in enumerate(results):
            models = {"denoiser": ModelSpec("fake", "f"), "embedder": ModelSpec("fake", "f")}
            request = Request(analysis, 1, digest(()), gallery.fingerprint, dict(params), models, seed)
            run = Runs(settings.home).submit(request)
            run.write("result.json", asdict(result))
            run.set_status(replace(run.status, state="done", revision=1))
            ids.append(run.id)
        return ids

    return put


def test_structure(page, kept):
    place = ["beach", "beach", "forest", "forest", "street", ""]
    other = ["forest", "beach", "forest", "forest", "street", HOSTILE]
    a, b = kept("structure", structure(place=place, size=["big"] * 6), structure(place=other, mood=["x"] * 6))
    test = page("compare", a=a, b=b)
    said = texts(test)
    assert "**place** :gray[ · 2 of 6 told otherwise]" in said
    assert "gone" in said
    assert "new" in said
    press(test, "Pictures")
    assert "### place: told otherwise :gray[2]" in texts(test)
    assert test.query_params["dimension"] == "place"
    card = page("compare", a=a, b=b, dimension="place", picture="5.png")
    assert HOSTILE in texts(card)


def test_differences(page, kept):
    one = differences(finding("red car"), finding(HOSTILE), files=("0.png", "1.png", "2.png", "3.png"))
    two = differences(finding("red car", 0.2, direction="b"), files=("0.png", "1.png", "2.png", "4.png"))
    a, b = kept("differences", one, two)
    test = page("compare", a=a, b=b)
    assert "### beach against forest" in texts(test)
    assert "second side: 1 pictures in both, 1 only in A, 1 only in B" in texts(test)
    table = test.dataframe[0].value
    assert dict(zip(table["statement"], table["what"], strict=True)) == {"red car": "other direction", HOSTILE: "gone"}


def test_typicality(page, kept):
    values = {f"{i}.png": float(6 - i) for i in range(6)}
    one = typicality(values, [element(1, ("0.png", BOX), ("1.png", BOX))])
    two = typicality(values | {"0.png": -9.0}, [element(2, ("0.png", BOX), ("1.png", BOX))], draws=64)
    a, b = kept("typicality", one, two, params={"labels": ["cat"], "draws": 32})
    test = page("compare", a=a, b=b)
    said = texts(test)
    assert "Draws of each picture: 32 in A, 64 in B" in said
    assert "Spearman's ρ" in said
    assert next(iter(test.dataframe[0].value["file"])) == "0.png"
    assert list(test.dataframe[1].value["what"]) == ["same"]
    assert "### cat: intervals apart :gray[1]" in said


def test_diversity(page, kept):
    rows = np.random.default_rng(0).standard_normal((120, 16))
    one = of_vectors(rows, Diversity(threshold=0.95, coreset=10))
    two = of_vectors(np.concatenate([rows, rows[:3]]), Diversity(threshold=0.95, coreset=10))
    a, b = kept("diversity", one, two)
    test = page("compare", a=a, b=b)
    said = texts(test)
    assert "### At equal size" in said
    assert "**Near pairs**: 0 in both, 0 only in A, 3 only in B" in said
    assert "**Core-sets**:" in said
    assert len(test.dataframe) == 2


def test_what_two_ask_of_other_labels_is_said(page, kept):
    values = {f"{i}.png": float(i) for i in range(6)}
    a, b = kept("typicality", typicality(values), typicality(values, label="dog"))
    said = texts(page("compare", a=a, b=b))
    assert "The two ask about other labels" in said
    assert "Only A asks about: cat" in said
