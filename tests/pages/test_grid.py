"""What a page gives the grid and takes from it, with the browser's part played by the test."""

import json
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.components.v2.bidi_component.state import ComponentResult

from pages.parts import grid as grid_module
from pages.parts.grid import gallery_grid, picture_grid, selected_positions
from tests.planted import gallery_of, many


@pytest.fixture
def gallery(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    return gallery_of(tmp_path, settings, many(10))


@pytest.fixture
def browser(monkeypatch):
    """What the browser was given last, and what it says next."""

    playing = Browser()
    monkeypatch.setattr(grid_module, "_GRID", playing.draw)
    monkeypatch.setattr(st, "session_state", playing.kept)
    return playing


class Browser:
    def __init__(self):
        self.opened: Any = None
        self.selection: Any = None
        self.kept = {}

    def draw(self, key, data, **_):
        length = int.from_bytes(data[:4], "little")
        said = json.loads(data[8 : 8 + length])
        self.header, self.arrays = said["header"], said["arrays"]
        self.order = np.frombuffer(data, np.uint32, offset=8 + length + -length % 8)
        return ComponentResult({"selection": self.selection}, {"opened": self.opened, "closed": None})

    def select(self, *ranges):
        self.selection = {"token": self.header["token"], "turn": 1, "ranges": [list(pair) for pair in ranges]}
        self.kept["g"] = {"selection": self.selection}


def test_ranges_become_names_in_the_order_shown(gallery, browser):
    order = np.array([7, 3, 9, 0])
    assert gallery_grid(gallery, order, "g").selected == []
    browser.select((1, 2))
    grid = gallery_grid(gallery, order, "g")
    assert grid.selected == ["003.png", "009.png"]
    assert grid.count == 2
    assert browser.header["selection"] == browser.selection  # a grid drawn anew shows it


def test_a_selection_of_another_order_is_dropped(gallery, browser):
    gallery_grid(gallery, [7, 3, 9, 0], "g")
    browser.select((0, 3))
    assert gallery_grid(gallery, [3, 7, 9, 0], "g").count == 0
    assert browser.header["selection"] is None
    assert gallery_grid(gallery, [7, 3, 9, 0], "g").count == 4
    assert gallery_grid(gallery, [7, 3, 9, 0], "g", selectable=False).count == 0


def test_what_is_opened_is_of_this_order(gallery, browser):
    gallery_grid(gallery, [7, 3], "g")
    browser.opened = {"token": browser.header["token"], "at": 1}
    assert gallery_grid(gallery, [7, 3], "g").opened == "003.png"
    assert gallery_grid(gallery, [3, 7], "g").opened is None
    for wrong in (2, -1, True, "1", None):
        browser.opened["at"] = wrong
        assert gallery_grid(gallery, [7, 3], "g").opened is None


@pytest.mark.parametrize(
    ("said", "positions"),
    [
        ([[0, 0], [2, 3]], [0, 2, 3]),
        ([[1, 2], [2, 4]], [1, 2, 3, 4]),
        ([[-5, 1], [4, 99]], [0, 1, 4]),
        ([[3, 1], [9, 12], [-4, -2]], []),
        ([[1], [1, 2, 3], "12", [True, 2], [0.5, 2], [None, None], 7], []),
        ("no list", []),
    ],
)
def test_only_ranges_of_the_list_count(said, positions):
    assert selected_positions({"ranges": said}, 5).tolist() == positions


def test_nothing_said_is_nothing_selected():
    assert selected_positions(None, 5).tolist() == []
    assert selected_positions({}, 5).tolist() == []


def test_the_browser_gets_places_and_the_first_cells(gallery, browser):
    gallery_grid(gallery, [7, 3], "g", chosen="003.png", captions={"007.png": "seven"})
    assert browser.order.tolist() == [7, 3]
    assert browser.header["chosen"] == 1
    assert [cell["alt"] for cell in browser.header["first"]] == ["007.png · seven", "003.png"]
    gallery_grid(gallery, range(10), "g", chosen="nobody")
    assert browser.arrays == []  # as they come: there is nothing to say
    assert browser.header["chosen"] == -1
    assert browser.header["count"] == 10


def test_groups_are_all_of_the_order(gallery, browser):
    gallery_grid(gallery, [7, 3, 1], "g", groups=[("a", 2), ("b", 1)])
    assert browser.header["groups"] == [["a", 2], ["b", 1]]
    with pytest.raises(ValueError, match="The groups hold 2 pictures, the order 3"):
        gallery_grid(gallery, [7, 3, 1], "g", groups=[("a", 2)])


def test_a_few_pictures_say_which_was_opened(gallery, browser):
    few = [gallery.pictures[i] for i in (4, 2)]
    assert picture_grid(few, "g", chosen="002.png") is None
    assert browser.header["chosen"] == 1
    browser.opened = {"token": browser.header["token"], "at": 0}
    assert picture_grid(few, "g") == "004.png"
    assert picture_grid(few[::-1], "g") is None
