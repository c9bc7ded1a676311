"""A map over its picture, and patches side by side: colours that say the sign, boxes where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.charts.typicality import overlay, scale_of, strip

GREY = Image.new("RGB", (64, 32), (128, 128, 128))


def test_one_scale_for_all_maps():
    maps = [np.linspace(-1, 0, 1000), np.linspace(0, 2, 1000)]
    assert scale_of(maps) == pytest.approx(1.96, abs=0.01)  # one in a hundred of all lies above
    assert scale_of([-one for one in maps]) == scale_of(maps)
    assert scale_of([]) == 1


def test_the_sign_is_a_colour_and_strength_its_weight():
    map_ = np.array([[1.0, 0, -1], [1.0, 0, -1]])
    shown = np.asarray(overlay(GREY, map_, 1, 1), int)
    assert shown.shape == (32, 64, 3)
    left, middle, right = (shown[16, x] for x in (2, 32, 61))
    assert left.tolist() == [26, 150, 146]
    assert right.tolist() == [214, 110, 32]
    assert np.abs(middle - 128).max() <= 6
    assert np.asarray(overlay(GREY, map_, 1, 0)).tolist() == np.asarray(GREY).tolist()
    half = np.asarray(overlay(GREY, map_, 1, 0.5), int)[16, 2]
    assert half.tolist() == [(128 + x) // 2 for x in (26, 150, 146)]
    assert (np.asarray(overlay(GREY, map_ * 9, 1, 1)) == np.asarray(overlay(GREY, map_ * 90, 1, 1))).all()
    assert np.asarray(overlay(GREY, map_ * 0, 0, 1)).tolist() == np.asarray(GREY).tolist()


def test_boxes_are_frames_and_pictures_keep_their_shape():
    shown = overlay(Image.new("RGB", (400, 200)), np.zeros((8, 16)), 1, 1, [(0.5, 0.5, 0.25, 0.25)], side=200)
    assert shown.size == (200, 100)
    white = np.argwhere(np.asarray(shown).min(2) == 255)
    assert (white.min(0).tolist(), white.max(0).tolist()) == ([50, 100], [75, 150])


def test_patches_side_by_side():
    picture = Image.new("RGB", (40, 40), (255, 0, 0))
    picture.paste((0, 0, 255), (20, 0, 40, 40))
    sheet = strip([(picture, (0, 0, 0.25, 0.25)), (picture, (0.75, 0.75, 0.25, 0.25))], side=20, gap=4)
    assert sheet.size == (44, 20)
    assert [sheet.getpixel((x, 10)) for x in (10, 22, 34)] == [(255, 0, 0, 255), (0, 0, 0, 0), (0, 0, 255, 255)]
    assert strip([], side=20).size == (20, 20)
