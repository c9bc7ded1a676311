"""What a page gives the wall and takes from it, with the browser's part played by the test."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.components.v2.bidi_component.state import ComponentResult

from engine.gallery import Picture
from pages.parts import wall as module
from pages.parts.wall import Hung, wall
from tests.planted import gallery_of, many


@pytest.fixture
def pictures(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    return gallery_of(tmp_path, settings, many(4)).pictures


@pytest.fixture
def browser(monkeypatch):
    """What the browser was given last, and what it says next."""
    playing = Browser()
    monkeypatch.setattr(module, "_WALL", playing.draw)
    return playing


class Browser:
    def __init__(self):
        self.opened: Any = None

    def draw(self, key, data, **_):
        length = int.from_bytes(data[:4], "little")
        self.header = json.loads(data[8 : 8 + length])["header"]
        return ComponentResult({}, {"opened": self.opened, "closed": None})


def hung(pictures, told=""):
    some = np.array([[0.0, 1.0], [0.0, -1.0]])
    return [
        Hung(p, some if i else None, "+0.1", "[0, 1]", f"{p.name}, T", bool(i), told) for i, p in enumerate(pictures)
    ]


def test_pictures_with_their_maps_and_words(pictures, browser):
    assert wall(hung(pictures, "sea 90%"), "w", 1.0, 0.5, chosen="002.png") is None
    header = browser.header
    assert (header["key"], header["opacity"], header["chosen"]) == ("w", 0.5, 2)
    assert [cell["name"] for cell in header["cells"]] == [p.name for p in pictures]
    first, second, *_ = header["cells"]
    assert (first["map"], first["unsure"], first["told"], first["alt"]) == ("", False, "sea 90%", "000.png, T")
    assert "/pictures/" in second["url"]
    with Image.open(io.BytesIO(base64.b64decode(second["map"].partition(",")[2]))) as image:
        pixels = np.asarray(image).astype(int)
    assert pixels[0, 0, 3] == 0  # nothing is laid over where T is 0
    assert pixels[0, -1].tolist() == [26, 150, 146, 255]
    assert pixels[-1, -1].tolist() == [214, 110, 32, 255]


def test_a_map_has_its_pictures_shape(browser, pictures):
    wide = Picture("wide.png", pictures[0].hash, 400, 100, pictures[0].root)
    wall([Hung(wide, np.ones((4, 16)), "", "", "")], "w", 1.0, 1.0)
    with Image.open(io.BytesIO(base64.b64decode(browser.header["cells"][0]["map"].partition(",")[2]))) as image:
        assert image.size == (136, 34)


def test_what_is_opened_is_a_name_of_this_wall(pictures, browser):
    wall(hung(pictures), "w", 1.0, 0.5)
    token = browser.header["token"]
    browser.opened = {"token": token, "at": 1}
    assert wall(hung(pictures), "w", 1.0, 0.5) == "001.png"
    for strange in (
        {"token": token, "at": 9},
        {"token": token, "at": "1"},
        {"token": token, "at": True},
        {"at": 1},
        "x",
    ):
        browser.opened = strange
        assert wall(hung(pictures), "w", 1.0, 0.5) is None
    browser.opened = {"token": token, "at": 1}
    assert wall(hung(pictures[::-1]), "w", 1.0, 0.5) is None  # of another order


def test_names_that_are_no_text_are_sent(browser, pictures):
    odd = Picture(b"\xff<b>.png".decode("utf-8", "surrogateescape"), pictures[0].hash, 10, 10, pictures[0].root)
    wall([Hung(odd, None, "", "", odd.name)], "w", 1.0, 1.0)
    assert browser.header["cells"][0]["name"] == odd.name
