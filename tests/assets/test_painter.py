"""The painter: pure, steady, its boxes true, its colours nameable at every time of day."""

import itertools
import random
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assets.make.grammar import captions, full_caption, partial_caption, read
from assets.make.layout import HORIZON
from assets.make.painter import Box, paint
from assets.make.places import PLACE_DRAWINGS
from assets.make.scene import COLOURS, FACTORS, PLACES, SUBJECTS, TIMES, Scene, scenes

ROOT = Path(__file__).parents[2]
SCENE = Scene("beach", "cat", "purple", "sunset", 2, 7)


def _changed(a: Image.Image, b: Image.Image) -> np.ndarray:
    """Where two pictures differ by more than a trace; h x w."""
    return np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).max(axis=2) > 24


def _name(rgb: np.ndarray) -> str:
    """A fixed rule by hue and saturation, which knows nothing of the time of day."""
    red, green, blue = (float(v) for v in rgb)
    high, low = max(rgb), min(rgb)
    if high - low < 0.22 * high:
        return "white"
    if high == red:
        hue = 60 * ((green - blue) / (high - low)) % 360
    elif high == green:
        hue = 60 * ((blue - red) / (high - low)) + 120
    else:
        hue = 60 * ((red - green) / (high - low)) + 240
    limits = ((24, "red"), (70, "yellow"), (175, "green"), (250, "blue"), (312, "purple"), (360, "red"))
    return next(name for limit, name in limits if hue <= limit)


def test_same_scene_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "from assets.make.painter import paint, Scene; from hashlib import sha256\n"
        f"p, b = paint({SCENE!r}); print(sha256(p.tobytes() + repr(b).encode()).hexdigest())"
    )
    picture, boxes = paint(SCENE)
    own = sha256(picture.tobytes() + repr(boxes).encode()).hexdigest()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True
        )
        assert done.stdout.strip() == own, done.stderr


def test_another_seed_gives_another_picture() -> None:
    assert paint(SCENE)[0].tobytes() != paint(replace(SCENE, seed=8))[0].tobytes()


def test_colour_changes_nothing_outside_the_subjects() -> None:
    a, boxes = paint(SCENE)
    b, same = paint(replace(SCENE, colour="green"))
    assert boxes == same
    outside = _changed(a, b)
    assert outside.sum() > 300
    for box in boxes:
        if box.role == "subject":
            outside[box.top : box.bottom, box.left : box.right] = False
    assert not outside.any()


def test_time_and_place_do_not_move_the_subjects() -> None:
    def subjects(scene: Scene) -> set[Box]:
        return {box for box in paint(scene)[1] if box.role == "subject"}

    for i, place in enumerate(PLACES):
        assert subjects(replace(SCENE, time=TIMES[i % 4], place=place)) == subjects(SCENE)


def test_boxes_are_complete_and_inside_the_picture() -> None:
    seen = set()
    for scene in scenes(3, 120):
        _, boxes = paint(scene, 64)
        kinds = {element.name for element in PLACE_DRAWINGS[scene.place].elements}
        assert [box.role for box in boxes].count("subject") == scene.count
        assert {box.name for box in boxes if box.role == "subject"} == {scene.subject}
        elements = {box.name for box in boxes if box.role == "element"}
        assert elements
        assert elements <= kinds
        seen |= elements
        for box in boxes:
            assert 0 <= box.left < box.right <= 64
            assert 0 <= box.top < box.bottom <= 64
            assert min(box.right - box.left, box.bottom - box.top) >= 5, box  # survives 64 pixels
    assert len(seen) == 18


def test_boxes_scale_with_the_picture() -> None:
    small, large = (paint(SCENE, size)[1] for size in (64, 256))
    for a, b in zip(small, large, strict=True):
        assert a.name == b.name
        assert np.allclose(np.array(a[2:]) * 4, b[2:], atol=8)


def test_elements_are_spread_over_the_picture() -> None:
    """Were it otherwise, knowing where the horizon is would pass for knowing where the elements are."""
    assert (HORIZON[1] - HORIZON[0]) * 128 >= 20
    covered = np.zeros((6, 16, 16))
    for scene in scenes(5, 180):
        for box in paint(scene, 32)[1]:
            if box.role == "element":
                cells = slice(box.top // 2, -(-box.bottom // 2)), slice(box.left // 2, -(-box.right // 2))
                covered[PLACES.index(scene.place)][cells] += 1
    for counts in covered:
        assert (counts[4:] > 0).mean() > 0.97  # the lower three quarters of the frame


@pytest.mark.parametrize("time", TIMES)
def test_colours_are_nameable(time: str) -> None:
    """The middle of the pixels that change with the colour has the colour's name, by one rule for all times."""
    wrong, asked = [], 0
    for i, (subject, colour) in enumerate(itertools.product(SUBJECTS, COLOURS)):
        scene = Scene(PLACES[i % 6], subject, colour, time, 1 + i % 3, 500 + i)
        picture, _ = paint(scene)
        other, _ = paint(replace(scene, colour="green" if colour != "green" else "purple"))
        middle = np.median(np.asarray(picture)[_changed(picture, other)], axis=0)
        asked += 1
        if _name(middle) != colour:
            wrong.append((scene, middle))
    assert asked == 36
    assert not wrong


def test_scenes_are_independent_of_how_many_are_asked_for() -> None:
    assert list(scenes(1, 5)) == list(itertools.islice(scenes(1), 5))
    assert list(scenes(1, 5)) != list(scenes(2, 5))
    many = list(scenes(9, 6000))
    for factor, values in FACTORS.items():
        for value in values:
            share = sum(getattr(scene, factor) == value for scene in many) / len(many)
            assert share == pytest.approx(1 / len(values), abs=0.025)  # 5 standard errors at most


def test_captions_say_what_they_name_and_nothing_false() -> None:
    rng = random.Random(0)
    texts = set()
    for scene in scenes(4, 500):
        for caption in captions(scene, rng):
            said = read(caption.text)
            assert set(caption.factors) <= set(said)
            assert all(getattr(scene, factor) == value for factor, value in said.items()), caption
            assert caption.holds(scene, scene)
            texts.add(caption.text)
        assert captions(scene, rng)[0].factors == tuple(FACTORS)
    assert not [text for text in texts if " a a" in text.lower() or "  " in text or text.startswith("A image")]


def test_number_and_article_agree() -> None:
    rng = random.Random(1)
    one, three = (replace(SCENE, colour="blue", subject="car", count=count) for count in (1, 3))
    for _ in range(300):
        single, several = full_caption(one, rng).text, full_caption(three, rng).text
        assert "cars" not in single
        assert "mobiles" not in single
        assert "cars" in several or "automobiles" in several
        assert " a azure" not in f" {single.lower()}"
        plural = partial_caption(three, rng, ("subject",))
        assert plural.several
        assert not plural.holds(three, one)
        assert partial_caption(three, rng, ("place",)).holds(three, one)
