"""The CLIP difference: where pictures are cut, what is asked, which crops are chosen, on vectors made up."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.analyses.typicality import NULL, OTHERS, Params
from engine.analyses.typicality import elements as parts
from engine.analyses.typicality.matching import Crop, boxes, by_matcher, key_of, words_for
from tests.analyses.typicality.test_elements import planted


@pytest.mark.parametrize("shape", [(64, 64), (100, 40), (30, 90), (3, 3)])
@pytest.mark.parametrize("sizes", [(0.25,), (0.1, 0.5), (0.9,)])
def test_crops_are_squares_from_edge_to_edge(shape, sizes):
    width, height = shape
    found = np.array(boxes(width, height, sizes))
    assert found.min() >= 0
    assert (found[:, :2] + found[:, 2:]).max(0) == pytest.approx([1, 1])
    np.testing.assert_allclose(found[:, 2] * width, found[:, 3] * height)
    assert len(found) == len({tuple(one) for one in found.tolist()}) <= 150 * len(sizes)
    for size in {round(x, 6) for x in found[:, 2].tolist()}:
        lefts = np.unique(found[np.isclose(found[:, 2], size), 0])
        assert len(lefts) == 1 or np.diff(lefts).max() <= size + 1e-9  # nothing between them is left out


def test_a_quarter_of_a_side_is_cut_every_eighth():
    assert len(boxes(64, 64, (0.25,))) == 49
    assert boxes(64, 64, (0.25,))[1] == (0.125, 0, 0.25, 0.25)


def test_a_crop_is_a_picture_of_its_own():
    image = Image.new("RGB", (40, 20))
    image.paste((255, 0, 0), (10, 5, 20, 15))
    crop = Crop("h", __file__, (0.25, 0.25, 0.25, 0.5), lambda: image)  # type: ignore[arg-type]
    assert crop.open().size == (10, 10)
    assert crop.open(500).getcolors() == [(100, (255, 0, 0))]
    keys = {key_of(hash, box) for hash in ("a", "b") for box in ((0.0, 0.0, 0.5, 0.5), (0.0, 0.0, 0.25, 0.25))}
    assert len(keys) == 4


def test_what_a_label_is_held_against():
    asked = [words_for("a", ["a", "b", "c"], Params(against=one), "An {}", "none") for one in (NULL, OTHERS, "c")]
    assert asked == [["An a", "none"], ["An a", "An b", "An c"], ["An a", "An c"]]


def test_crops_that_differ_most_are_clustered_as_ours_are():
    """Label a's wheels have the vector of the words, its doors half of it; everything else that of none."""
    world = planted(24)
    cut = {}
    for i, (card, _) in enumerate(world.questions):
        where = boxes(12, 12, (0.25,))
        vectors = np.tile([0.0, 1.0], (len(where), 1))
        for k, box in enumerate(where):
            for name, thing in world.kinds[card.name]:
                if parts.covers(box, thing):
                    vectors[k] = [1, 0] if name == "wheel" else [0.5, 0.75**0.5]
        cut[i] = (where, vectors)
    words = np.eye(2)
    params = Params(elements=2, per_picture=1)
    found = by_matcher("a", params, list(range(24)), world.questions, world.features, cut, words, 0)
    assert {parts.purity(one.patches, world.kinds) for one in found} == {("wheel", 1.0)}
    assert {one.median for one in found} == {1.0}  # 1 - 0
    assert found == by_matcher("a", params, list(range(24)), world.questions, world.features, cut, words, 0)
    many = by_matcher(
        "a", Params(elements=2, per_picture=3), list(cut)[:24], world.questions, world.features, cut, words, 0
    )
    for file in {patch.file for one in many for patch in one.patches}:
        mine = [patch.box for one in many for patch in one.patches if patch.file == file]
        assert len(mine) <= 3
        for a in mine:
            assert sum(abs(a[0] - b[0]) < 0.249 and abs(a[1] - b[1]) < 0.249 for b in mine) == 1  # none over another
    assert by_matcher("a", params, [], world.questions, world.features, {}, words, 0) == []
