"""Average precision of maps: 1 for whatever ranks rightly, chance for noise, scikit-learn's figure between them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from engine.analyses.typicality.localising import localised, read_boxes
from engine.analyses.typicality.patches import upsampled
from engine.errors import GalleryError
from engine.gallery import Picture

BOX = (0.25, 0.5, 0.25, 0.375)
HEAD = "file,x,y,w,h,label\n"


def planted(n, seed=0, shape=(16, 16)):
    """Maps that are 1 in a box of two to six pixels a side anywhere, and the boxes."""
    rng = np.random.default_rng(seed)
    maps, boxes = {}, {}
    for i in range(n):
        (h, w), (y, x) = rng.integers(2, 7, 2), rng.integers(0, 10, 2)
        maps[f"{i}.png"] = np.zeros(shape)
        maps[f"{i}.png"][y : y + h, x : x + w] = 1
        boxes[f"{i}.png"] = [("car", (x / shape[1], y / shape[0], w / shape[1], h / shape[0]))]
    return maps, boxes


def inside(shape, *some):
    """Pixels of a fine map with their middle in a box, one by one."""
    return np.array(
        [[any(x <= (j + 0.5) / shape[1] < x + w and y <= (i + 0.5) / shape[0] < y + h for x, y, w, h in some)
          for j in range(shape[1])] for i in range(shape[0])]
    )  # fmt: skip


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (0.05, 0), (1e-6, 3), (40, -7)])
def test_a_perfect_map_scores_one_at_any_scale(scale, shift):
    maps, boxes = planted(12)
    (found,) = localised({name: one * scale + shift for name, one in maps.items()}, boxes)
    assert (found.kind, found.pictures, found.precision) == ("car", 12, pytest.approx(1))
    assert (found.low, found.high) == pytest.approx((1, 1), abs=0.02)
    assert found.low <= found.precision <= found.high + 0.02
    assert 0.03 < found.chance < 0.1


def test_the_worst_map_scores_less_than_chance():
    maps, boxes = planted(12)
    (found,) = localised({name: -one for name, one in maps.items()}, boxes)
    assert found.precision < found.chance


def test_noise_scores_chance_within_its_interval():
    held = []
    for seed in range(20):
        _, boxes = planted(30, seed)
        rng = np.random.default_rng([seed, 1])
        (found,) = localised({name: rng.standard_normal((16, 16)) for name in boxes}, boxes, seed)
        assert found.precision == pytest.approx(found.chance, abs=0.02)
        held.append(found.low <= found.chance <= found.high)
    assert sum(held) >= 17


@pytest.mark.parametrize("levels", [0, 3], ids=["no ties", "ties"])
def test_it_is_what_scikit_learn_says(levels):
    rng = np.random.default_rng(0)
    _, boxes = planted(6)
    maps = {name: rng.standard_normal((16, 16)) for name in boxes}
    if levels:
        maps = {name: np.repeat(np.repeat(np.round(one[::4, ::4]), 4, 0), 4, 1) for name, one in maps.items()}
    (found,) = localised(maps, boxes)
    fine = {name: upsampled(one) for name, one in maps.items()}
    truth = np.concatenate([inside(fine[name].shape, *(box for _, box in boxes[name])).ravel() for name in maps])
    scores = np.concatenate([fine[name].ravel() for name in maps])
    assert found.precision == pytest.approx(average_precision_score(truth, scores), abs=1e-12)
    assert found.chance == pytest.approx(truth.mean())


def test_a_map_that_tells_nothing_scores_chance_and_its_interval_says_so():
    sizes = [0.75] * 5 + [0.0625] * 5  # of boxes at the top, the large ones first
    boxes = {f"{i}.png": [("car", (0.0, 0.0, 1.0, size))] for i, size in enumerate(sizes)}
    (found,) = localised({name: np.ones((16, 16)) for name in boxes}, boxes)
    assert found.precision == pytest.approx(found.chance) == pytest.approx(np.mean(sizes))
    # Of ten drawn with replacement, the mean's standard deviation is that of the sizes over the root of ten: .109
    assert (found.low, found.high) == pytest.approx((0.406 - 1.96 * 0.109, 0.406 + 1.96 * 0.109), abs=0.07)


def test_a_kind_in_one_picture_has_no_interval():
    maps, boxes = planted(3)
    boxes["0.png"].append(("dog", BOX))
    boxes["9.png"] = [("cow", BOX)]  # a picture without a map
    car, dog = localised(maps, boxes)
    assert (car.kind, car.pictures, dog.kind, dog.pictures) == ("car", 3, "dog", 1)
    assert (dog.low, dog.high) == (0, 1)
    assert dog.chance == pytest.approx(0.25 * 0.375)
    assert localised(maps, {}) == []


def test_boxes_of_a_kind_are_taken_together():
    maps = {"a": np.zeros((16, 16))}
    maps["a"][:4, :4] = maps["a"][8:12, 8:12] = 1
    corners = [("car", (0.0, 0.0, 0.25, 0.25)), ("car", (0.5, 0.5, 0.25, 0.25)), ("car", (0.0, 0.0, 0.25, 0.125))]
    (found,) = localised(maps, {"a": corners})
    assert (found.precision, found.chance) == (pytest.approx(1), pytest.approx(2 / 16))


def test_boxes_partly_and_wholly_outside():
    maps = {"a": np.zeros((16, 16))}
    maps["a"][:4, 12:] = 1
    (found,) = localised(maps, {"a": [("car", (0.75, -0.5, 2.0, 0.75)), ("dog", (1.5, 0.0, 0.2, 0.2))]})
    assert (found.kind, found.precision, found.chance) == ("car", pytest.approx(1), pytest.approx(1 / 16))


def test_shapes_may_differ():
    maps = {"a": np.zeros((8, 16)), "b": np.zeros((16, 8))}
    maps["a"][2:6, 4:8], maps["b"][0:8, 2:6] = 1, 1
    boxes = {"a": [("x", (0.25, 0.25, 0.25, 0.5))], "b": [("x", (0.25, 0.0, 0.5, 0.5))]}
    (found,) = localised(maps, boxes)
    assert found.precision == pytest.approx(1)
    assert found.chance == pytest.approx((16 + 32) / 256)


def test_the_same_again():
    maps, boxes = planted(8)
    noisy = {name: one + np.random.default_rng(0).standard_normal((16, 16)) for name, one in maps.items()}
    one, again = (localised(noisy, boxes, 3) for _ in range(2))
    assert one == again
    assert one[0].low < one[0].precision < one[0].high


# Boxes from a table


@pytest.fixture
def read(tmp_path):
    pictures = {name: Picture(name, "0", 200, 100, str(tmp_path)) for name in ("a.png", "b/c.png")}

    def read(text):
        path = tmp_path / "boxes.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_boxes(path, pictures)

    return read


def test_a_table_in_pixels_becomes_shares(read):
    found = read(HEAD + "a.png,20,10,100,50,car\nb/c.png,0,0,200,100,dog\na.png,1.5,0,2,1,\nother.png,x,,,,\n")
    assert found == {
        "a.png": [("car", (0.1, 0.1, 0.5, 0.5)), ("box", (0.0075, 0.0, 0.01, 0.01))],
        "b/c.png": [("dog", (0.0, 0.0, 1.0, 1.0))],
    }
    assert read("h,w,y,x,file\n50,100,10,20,a.png\n") == {"a.png": [("box", (0.1, 0.1, 0.5, 0.5))]}
    assert read(b"\xef\xbb\xbf" + HEAD.encode() + b"a.png,0,0,1,1,\xff\n")["a.png"][0][0] == "\udcff"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks file, x, y, w, h"),
        (HEAD, "lacks file, x, y, w, h"),
        ("file,x,y,w\na.png,1,1,1\n", "lacks file, x, y, w, h"),
        (HEAD + "a.png,1,2,3,4,car\na.png,1,two,3,4,car\n", "line 3: a number is missing"),
        (HEAD + "a.png,1,2\n", "line 2: a number is missing"),
        (HEAD + "a.png,1,2,0,4,car\n", "line 2: the box has no size"),
        (HEAD + "a.png,1,2,3,-4,car\n", "line 2: the box has no size"),
        (HEAD + "a.png,nan,2,3,4,car\n", "line 2: the box has no size"),
        (HEAD + "a.png,1,2,inf,4,car\n", "line 2: the box has no size"),
        (HEAD + "z.png,1,2,3,4,car\n", "names none of these pictures"),
    ],
)  # fmt: skip
def test_a_table_that_says_nonsense(read, text, said):
    with pytest.raises(GalleryError, match=said) as problem:
        read(text)
    assert problem.value.hint


def test_a_table_that_cannot_be_read(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(GalleryError, match="cannot be read"):
            read_boxes(path, {})
