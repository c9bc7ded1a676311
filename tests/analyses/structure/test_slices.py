"""Slices: a planted one leads, null labels give hardly any, tables of predictions."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.structure.slices import read_predictions, slices
from engine.errors import GalleryError


def made(seed, planted=True, n=1000):
    """A set of which some 40 are red cats, and a model that errs on these half of the time, else one time of twenty."""
    rng = np.random.default_rng(seed)
    files = [f"{seed}_{i}.png" for i in range(n)]
    kinds = rng.choice(["cat", "dog", "cow", "car", "bus"], n).tolist()
    colours = rng.choice(["red", "blue", "green", "grey", "white"], n).tolist()
    hit = np.array([k == "cat" and c == "red" for k, c in zip(kinds, colours, strict=True)])
    error = rng.random(n) < np.where(hit & planted, 0.5, 0.05)
    values = {"kind": [(k,) for k in kinds], "colour": [(c,) for c in colours], "empty": [()] * n}
    return files, values, dict(zip(files, error.tolist(), strict=True))


def test_a_planted_slice_leads_in_19_of_20():
    leads = 0
    for seed in range(20):
        found = slices(*made(seed))
        leads += bool(found) and found[0].cell == (("kind", "cat"), ("colour", "red")) and found[0].q <= 0.05
    assert leads >= 19


def test_null_labels_give_hardly_any():
    flagged = sum(any(one.q <= 0.05 for one in slices(*made(seed, planted=False))) for seed in range(60))
    assert flagged <= 5  # 5 % of 60, and chance


def test_a_slice_is_told_with_its_doubt():
    files, values, wrong = made(1)
    one = slices(files, values, wrong)[0]
    assert one.low < one.error < one.high
    assert one.errors <= one.n < len(one.files)
    assert "kind is cat and colour is red" in one.sentence
    assert slices(files, values, {}) == []
    assert slices(files[:5], {"kind": values["kind"][:5]}, wrong) == []


def test_a_table_of_predictions(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("file,y_true,y_pred,prob\na.png,cat,cat,.9\nb.png,cat,dog,.6\n", "utf-8-sig")
    assert read_predictions(path) == {"a.png": False, "b.png": True}
    path.write_text("file,label\na.png,cat\n")
    with pytest.raises(GalleryError, match="y_true"):
        read_predictions(path)
    with pytest.raises(GalleryError, match="cannot be read"):
        read_predictions(tmp_path / "none.csv")
