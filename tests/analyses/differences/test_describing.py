"""Descriptions in words for what can be measured, where no model looks at pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from engine.analyses.differences import Params, Side, estimate, run
from engine.analyses.differences.describing import descriptions, in_full
from engine.gallery import open_folder
from engine.models.measured import SPEC, Measured
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.store.answers import Store
from tests.analyses.differences.test_run import NoCopies, found


def asking(settings):
    return Remembered(SPEC, lambda: Measured(SPEC, settings.max_pixels), Store(settings.home), Progress())


def gallery_of(tmp_path, settings, n=24):
    """Dark blue pictures in a, light red ones in b."""
    rng = np.random.default_rng(0)
    for side, colour in (("a", (0, 0, 90)), ("b", (255, 120, 120))):
        for i in range(n):
            path = tmp_path / "pictures" / side / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.kron(rng.integers(-20, 20, (8, 8, 1)), np.ones((8, 8, 3)))
            Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(path)
    return open_folder(tmp_path / "pictures", settings)


def test_every_measure_has_its_word(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, 1)
    said, failed = descriptions(asking(settings), "", gallery.pictures, Progress())
    assert not failed
    assert said[0].startswith("blue, dark light, low contrast, ")
    assert said[0].endswith(" colours, sharp, square format")
    said, _ = descriptions(asking(settings), "lighting", gallery.pictures, Progress())
    assert said[0] == "dark"


def test_what_cannot_be_read_is_missing_once(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings, 2)
    gallery.pictures[1].path.write_bytes(b"gone")
    said, failed = descriptions(asking(settings), "", gallery.pictures, Progress())
    assert (set(said), set(failed)) == ({0, 2, 3}, {1})


def test_a_word_stands_for_its_measure():
    texts = ["blue, low contrast, muted colours", "red, high contrast light, high contrast"]
    assert in_full(["low", "high", "blue", "cat"], texts) == ["low contrast", "high contrast", "blue", "cat"]


def test_a_whole_run_without_any_model(tmp_path, settings):
    gallery, vision = gallery_of(tmp_path, settings), asking(settings)
    a, b = (Side(x, tuple(p.name for p in gallery.pictures if p.label == x)) for x in "ab")
    given = {"vision": vision, "copies": NoCopies(), "progress": Progress()}
    price = estimate(gallery, Params(a, b), **given)
    assert price.roles[0].questions == 6 * 48
    result = run(gallery, Params(a, b, verify=5), **given, seed=0)
    assert found(result) >= {("blue", "a"), ("dark light", "a")}
    assert "only colour, light" in result.notes[0]
