"""What a page gives the map and takes from it, what colours mean, and the route that gives the points."""

import json
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import streamlit as st
from starlette.requests import Request
from streamlit.components.v2.bidi_component.state import ComponentResult

from app import map_points
from engine.gallery.addresses import points_address
from engine.gallery.columns import texts
from engine.models.roles import ModelSpec
from engine.steps import layout
from pages.parts import map as map_module
from pages.parts.map import corners_of, picture_map
from pages.parts.map_colours import HUES, MOST, UNKNOWN, Entry, colours_of
from tests.planted import answered, gallery_of, many

SPEC = ModelSpec("measured", "made points", "1")
SQUARE = [[-1, -1], [1, -1], [1, 1], [-1, 1]]

# --- Colours ---


def test_texts_are_coded_by_how_frequent_they_are():
    colours = colours_of(texts(["b", "a", "", "b", "c", "a", "b", ""]))
    assert colours.codes.tolist() == [0, 1, UNKNOWN, 0, 2, 1, 0, UNKNOWN]
    assert colours.codes.dtype == np.uint8
    nothing = Entry("nothing said", 2, UNKNOWN, UNKNOWN)
    assert colours.entries == (Entry("b", 3, 0, 0), Entry("a", 2, 1, 1), Entry("c", 1, 2, 2), nothing)
    assert colours.names == ("b", "a", "c")
    assert colours.scale is None


def test_what_has_no_colour_of_its_own_is_one_line_and_still_named():
    values = [f"{i:03}" for i in range(300) for _ in range(2)]
    colours = colours_of(texts([*values, "000"]))  # 000 three times, the others twice
    assert [e.name for e in colours.entries] == [f"{i:03}" for i in range(MOST)] + ["288 other values"]
    assert colours.entries[0] == Entry("000", 3, 0, 0)
    assert colours.entries[-1] == Entry("288 other values", 576, MOST, 254)
    assert colours.names[200] == "200"
    assert len(colours.names) == 254  # the rest share a code
    assert (colours.codes[254 * 2 : 600] == 254).all()
    assert colours_of(texts([str(i) for i in range(MOST)])).entries[-1].name == "11"  # no others


def test_numbers_are_coded_from_least_to_greatest():
    colours = colours_of(np.array([10, 20, 15, np.nan, 12.5, np.inf]))
    assert colours.codes.tolist() == [0, 254, 127, UNKNOWN, 64, UNKNOWN]  # 2.5 / 10 of 254 is 63.5
    assert colours.scale == (10, 20)
    assert colours.entries == (Entry("nothing said", 2, UNKNOWN, UNKNOWN),)
    assert colours_of(np.array([7, 7])).codes.tolist() == [0, 0]
    assert colours_of(np.array([np.nan])).scale is None
    assert colours_of(np.array([3, 1, 2])).codes.tolist() == [254, 0, 127]


@pytest.mark.parametrize("values", [texts([]), np.zeros(0)])
def test_no_pictures_have_no_colours(values):
    colours = colours_of(values)
    assert len(colours.codes) == len(colours.entries) == 0


def linear(hex):
    said = np.array([int(hex[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(said <= 0.04045, said / 12.92, ((said + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    a, b = (linear(hex) @ [0.2126, 0.7152, 0.0722] + 0.05 for hex in (one, other))
    return max(a, b) / min(a, b)


def oklab(rgb):
    cones = np.array([[0.41222147, 0.53633254, 0.05144599], [0.2119035, 0.68069955, 0.10739696]])
    cones = np.vstack([cones, [0.08830246, 0.28171884, 0.6299787]])
    axes = np.array([[0.21045426, 0.79361778, -0.00407205], [1.9779985, -2.42859221, 0.45059371]])
    axes = np.vstack([axes, [0.0259040, 0.78277177, -0.80867577]])
    return np.cbrt(np.clip(cones @ rgb, 0, None)) @ axes.T


SEEN = {  # Machado, Oliveira, Fernandes (2009), severity 1
    "all": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.mark.parametrize(("theme", "ground"), [("light", "#ffffff"), ("dark", "#14171a")])
def test_colours_stand_out_from_the_background_and_from_each_other(theme, ground):
    palette, ramp = HUES[theme]["palette"], HUES[theme]["ramp"]
    greys = [HUES[theme]["other"], HUES[theme]["none"]]
    assert len(palette) == MOST
    for hex in (*palette, *ramp, *greys):
        assert contrast(hex, ground) >= 3, hex
    for eyes, turn in SEEN.items():
        seen = np.array([oklab(np.clip(turn @ linear(hex), 0, 1)) for hex in (*palette, *greys)])
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(len(seen), 1)]
        assert apart.min() > (0.1 if eyes == "all" else 0.06), eyes  # .02 is the least that is seen
        lightness = np.diff([oklab(np.clip(turn @ linear(hex), 0, 1))[0] for hex in ramp])
        assert (np.abs(lightness) > 0.03).all(), eyes
        assert len(set(np.sign(lightness))) == 1, eyes  # a ramp only rises or only falls, whoever sees it


# --- The page ---


@pytest.fixture
def gallery(tmp_path, settings, monkeypatch):
    """Ten pictures on a line, the last without a place."""
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    gallery = gallery_of(tmp_path, settings, many(10))
    points = np.stack([np.linspace(-1, 0.8, 10), np.zeros(10)], axis=1)
    points[9] = np.nan
    layout.save(settings.home, gallery.fingerprint, SPEC, "pca", points)
    return gallery


class Browser:
    """What the browser was given last, and what it says next."""

    def __init__(self):
        self.opened: Any = None
        self.kept: dict[str, Any] = {}

    def draw(self, key, data, **_):
        length = int.from_bytes(data[:4], "little")
        self.header = json.loads(data[8 : 8 + length])["header"]
        self.codes = np.frombuffer(data, np.uint8, offset=8 + length + -length % 8)
        return ComponentResult({"lasso": self.kept.get(key)}, {"opened": self.opened})

    def lasso(self, polygon):
        self.kept["m"] = {"lasso": {"token": self.header["token"], "polygon": polygon}}


@pytest.fixture
def browser(monkeypatch):
    playing = Browser()
    monkeypatch.setattr(map_module, "_MAP", playing.draw)
    monkeypatch.setattr(st, "session_state", playing.kept)
    return playing


def draw(gallery, values=None, method="pca", **words):
    colours = colours_of(texts([f"{i % 2}" for i in range(10)]) if values is None else values)
    return picture_map(gallery, SPEC, method, colours, "parity", "m", **words)


def test_a_lasso_says_whose_places_it_holds(gallery, browser):
    said = draw(gallery)
    assert (said.opened, said.selected) == (None, None)
    assert browser.header["lasso"] is None
    assert browser.codes[:10].tolist() == [0, 1] * 5
    browser.lasso([[-0.5, -1], [0.3, -1], [0.3, 1], [-0.5, 1]])  # places lie at -1, -.8, ..., .6
    said = draw(gallery)
    assert said.selected is not None
    assert said.selected.tolist() == [3, 4, 5, 6]
    assert browser.header["selected"] == 4
    assert browser.header["lasso"][1] == [0.3, -1]  # a map drawn anew shows it
    browser.lasso([[5, 5], [6, 5], [6, 6]])
    nothing = draw(gallery).selected
    assert nothing is not None
    assert len(nothing) == 0


def test_what_belongs_to_another_map_is_dropped(gallery, browser, settings):
    draw(gallery)
    browser.lasso(SQUARE)
    selected = draw(gallery).selected
    assert selected is not None
    assert len(selected) == 9  # all that have a place
    layout.save(settings.home, gallery.fingerprint, SPEC, "umap", np.zeros((10, 2)))
    browser.opened = {"token": browser.header["token"], "place": 3}
    said = draw(gallery, method="umap")
    assert (said.opened, said.selected) == (None, None)
    layout.save(settings.home, gallery.fingerprint, SPEC, "pca", np.zeros((10, 2)))  # made anew
    assert draw(gallery).selected is None


@pytest.mark.parametrize("place", [-1, 10, 1.0, True, "1", None, [1]])
def test_only_places_of_the_gallery_are_opened(gallery, browser, place):
    draw(gallery)
    browser.opened = {"token": browser.header["token"], "place": place}
    assert draw(gallery).opened is None
    browser.opened["place"] = 4
    assert draw(gallery).opened == "004.png"


@pytest.mark.parametrize(
    "said",
    [
        None,
        "x",
        [],
        [[0, 0], [1, 1]],
        [[0, 0], [1, 1], [2]],
        [[0, 0], [1, 1], [2, "3"]],
        [[0, 0], [1, 1], [2, float("nan")]],
        [[0, 0], [1, 1], [2, True]],
        [[0, 0]] * 501,
        {"0": [0, 0]},
    ],
)
def test_what_is_no_lasso_is_none(said):
    assert corners_of(said) is None


def test_a_map_says_what_it_shows(gallery, browser):
    draw(gallery, chosen="002.png")
    assert "Map of 10 pictures" in browser.header["says"]
    assert "Coloured by parity: 0 5, 1 5." in browser.header["says"]
    assert browser.header["chosen"] == 2
    assert set(browser.header["hues"]["dark"]) == {"palette", "other", "none"}
    draw(gallery, np.arange(10) * 1000.5, chosen="no such.png")
    assert "from 0 to 9004" in browser.header["says"]
    assert browser.header["scale"] == ["0", "9004", 0, 9004.5]
    assert browser.header["chosen"] == -1
    assert "ramp" in browser.header["hues"]["light"]


# --- The route ---


def ask(address) -> Any:
    split = urlsplit(address)
    scope = {
        "type": "http",
        "method": "GET",
        "headers": [],
        "path_params": {"name": split.path.split("/")[1]},
        "query_string": split.query.encode(),
    }
    return answered(map_points(Request(scope)))


def test_points_come_as_they_are_kept_to_who_holds_a_signed_address(gallery, settings):
    path = layout.path_of(settings.home, gallery.fingerprint, SPEC, "pca")
    address = points_address(settings.home, path.stem, "1", "me@here")
    answer = ask(address)
    assert answer.body == path.read_bytes()
    assert len(answer.body) == 10 * 8
    assert "immutable" in answer.headers["cache-control"]
    for wrong in (address.replace("k=", "k=0"), address.replace("me%40here", "you"), address.replace("k=", "x=")):
        assert ask(wrong).status_code == 403
    signed_for_another = address.replace(path.stem, "../secret")
    assert ask(signed_for_another).status_code == 403
    path.unlink()
    assert ask(address).status_code == 404
