"""Leading directions: their two ends, and the column that tells them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.diversity.directions import explained, leading
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.spectrum import moments
from engine.errors import SettingsError
from engine.gallery import Gallery, Picture


def gallery(n=60):
    """Pictures whose metadata says on which side they lie, how far, and something that does not matter."""
    pictures = []
    for i in range(n):
        side = "left" if i < n // 2 else "right"
        said = {"side": side, "far": str(i), "other": "xyz"[i % 3], "own": f"name {i}"}
        pictures.append(Picture(f"{i:02}.png", f"{i:064}", 10, 10, "/nowhere", side, said))
    return Gallery("/nowhere", "made up", "folder", pictures)


def vectors(n=60):
    rng = np.random.default_rng(0)
    rows = 0.1 * rng.standard_normal((n, 5))
    rows[:, 0] += np.where(np.arange(n) < n // 2, -3, 3)  # the first direction tells the sides
    rows[:, 1] += np.linspace(-2, 2, n) * np.where(np.arange(n) % 2, 1, -1)  # the second one nothing that is said
    return rows


def test_ends_and_what_tells_them():
    rows = vectors()
    first, second, *_ = leading(rows, moments(rows), Rows(60, gallery()))
    assert {int(name[:2]) < 30 for name in first.low} == {first.values[0] == "left"}
    assert {int(name[:2]) < 30 for name in first.high} == {first.values[0] != "left"}
    assert (first.column, set(first.values)) == ("label", {"left", "right"})
    assert first.explained > 0.99
    assert first.share == pytest.approx(9 / (9 + 4 / 3), abs=0.03)  # variances of two sides at 3, and of -2 to 2
    assert (second.column, second.explained, second.values) == ("", 0, ("", ""))
    assert len(first.low) == len(first.high) == 12


def test_the_outermost_come_first():
    rows = np.arange(40.0)[:, None] * [1, 0.5]
    (axis,) = leading(rows, moments(rows), Rows(40))
    assert axis.share == pytest.approx(1)
    assert (axis.low[0], axis.high[0]) == ("0", "39")
    assert axis.low[:3] == ("0", "1", "2")


def test_too_few_pictures_and_nothing_that_varies():
    rows = vectors(6)
    told = leading(rows, moments(rows), Rows(6, gallery(6)))
    assert {axis.column for axis in told} == {""}
    assert len(told[0].low) == 3
    same = np.ones((50, 4))
    assert leading(same, moments(same), Rows(50)) == ()


def test_what_a_column_explains():
    rng = np.random.default_rng(0)
    along = np.repeat([0.0, 1.0], 50) + 0.1 * rng.standard_normal(100)
    texts = np.repeat(np.array(["a", "b"], object), 50)
    assert explained(texts, along) == pytest.approx(1 - 0.01 / 0.26, abs=0.01)
    assert explained(np.arange(100.0), np.arange(100.0) ** 2) == pytest.approx(15 / 16, abs=0.01)
    noise = [explained(rng.integers(0, 20, 100).astype(str).astype(object), along) for _ in range(50)]
    assert np.mean(noise) < 0.05  # twenty kinds by chance: 19 % without the adjustment
    silent = np.array([""] * 100, object)
    assert explained(silent, along) == explained(np.full(100, np.nan), along) == 0
    assert explained(texts, np.ones(100)) == 0
    half = texts.copy()
    half[::2] = ""
    assert explained(half, along) > 0.9


def test_parts_of_a_gallery():
    rows = Rows(60, gallery())
    assert {name: len(places) for name, places in rows.parts("other", {}).items()} == {"x": 20, "y": 20, "z": 20}
    assert len(rows.parts("far", {})) == 4  # numbers go in quarters
    named = rows.parts("other", {"mine": ("03.png", "01.png", "gone.png"), "empty": ("gone.png",)})
    assert {name: places.tolist() for name, places in named.items()} == {"mine": [1, 3]}
    assert rows.parts("", {}) == {}
    with pytest.raises(SettingsError, match="no column 'mood'"):
        rows.parts("mood", {})
    with pytest.raises(SettingsError, match="vectors without pictures"):
        Rows(3).parts("label", {})
    many = Rows(600, gallery(600))
    with pytest.raises(SettingsError, match="own has 600 values"):
        many.parts("own", {})
