import numpy as np
import pytest
from PIL import Image

from engine.gallery.appearance import LOOK, look
from engine.gallery.copies import perceptual_hashes, sketch
from engine.gallery.measures import COLOURS, measure
from tests.planted import ROOT


def test_a_row_holds_what_was_measured():
    card = Image.open(ROOT / "assets" / "postcards" / "city" / "city_001.webp").convert("RGB")
    row, measures = look(card), measure(card)
    assert row.dtype == LOOK
    assert row["blur"] == pytest.approx(measures.blur)
    assert (row["darkest"], row["lightest"]) == pytest.approx((measures.percentiles[1], measures.percentiles[5]))
    assert np.bitwise_count(row["hash"] ^ np.uint64(perceptual_hashes(card)[0])) <= 2  # of a smaller one: almost
    assert np.abs(row["sketch"].astype(int) - sketch(card)).max() <= 2


def test_features_of_a_plain_red_picture():
    features = look(Image.new("RGB", (90, 60), (255, 0, 0)))["features"].astype(float)
    grid, shares = features[:48].reshape(16, 3), features[48:]
    # L*a*b* of red: 53.24, 80.09, 67.20; its parts are (L - 50) / 25, a / 12, b / 16
    assert grid == pytest.approx(np.tile([(53.24 - 50) / 25, 80.09 / 12, 67.2 / 16], (16, 1)), abs=0.01)
    assert shares.tolist() == [4.0 if name == "red" else 0.0 for name in COLOURS]  # the root of all of it


def test_features_say_where_a_colour_is():
    picture = Image.new("RGB", (80, 80), "black")
    picture.paste("white", (60, 20, 80, 40))  # the second row of four, the last column
    lightness = look(picture)["features"][:48].reshape(4, 4, 3)[:, :, 0]
    assert lightness[1, 3] == 2  # (100 - 50) / 25
    assert (np.delete(lightness.ravel(), 7) == -2).all()


@pytest.mark.parametrize(
    ("colour", "lab"),  # under D65, from the usual tables
    [((0, 0, 255), (32.30, 79.19, -107.86)), ((0, 255, 0), (87.73, -86.18, 83.18)), ((255, 255, 255), (100, 0, 0))],
)
def test_colours_are_those_of_the_tables(colour, lab):
    first = look(Image.new("RGB", (8, 8), colour))["features"][:3].astype(float)
    assert first * (25, 12, 16) + (50, 0, 0) == pytest.approx(lab, abs=0.1)
