"""Vectors of what lies where by colour and edge."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine import models
from engine.errors import Stopped
from engine.gallery import open_folder
from engine.models.pixels import vector
from engine.models.profiles import PIXELS
from tests.planted import paint


def drawn(colour, shape="ellipse", size=(90, 60)):
    picture = Image.new("RGB", size, "white")
    getattr(ImageDraw.Draw(picture), shape)((10, 10, 40, 50), colour)
    return picture


def near(one, other):
    return float(np.linalg.norm(vector(one) - vector(other)))


def test_a_vector_is_as_long_as_said():
    assert vector(drawn("red")).shape == (384,)
    assert vector(drawn("red")).dtype == np.float32
    assert np.isfinite(vector(Image.new("RGB", (1, 1)))).all()  # no edge at all


def test_a_picture_and_its_mirror_image_are_alike():
    assert near(drawn("red"), drawn("red").transpose(Image.Transpose.FLIP_LEFT_RIGHT)) < 0.05


def test_colour_and_shape_count():
    here = drawn("red")
    assert near(here, drawn((250, 5, 5))) < near(here, drawn("blue"))
    assert near(here, drawn("red", size=(91, 60))) < near(here, drawn("red", "rectangle"))


def test_pictures_that_cannot_be_read_are_left_out(tmp_path, settings):
    gallery = open_folder(paint(tmp_path / "pictures"), settings)
    gallery.pictures[1].path.write_bytes(b"no picture")
    model = models.load("embedder", PIXELS, settings)
    found = dict(model.pictures(gallery.pictures, lambda: None))
    assert sorted(found) == [0, 2, 3, 4]


def test_it_stops_when_told(tmp_path, settings):
    gallery = open_folder(paint(tmp_path / "pictures"), settings)

    def stop():
        raise Stopped("enough")

    with pytest.raises(Stopped):
        list(models.load("embedder", PIXELS, settings).pictures(gallery.pictures, stop))
