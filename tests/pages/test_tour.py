"""The guided tour: offered on Postcards alone, found again by its address, left and gone on with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tests.pages.test_pages as states
from engine.gallery import open_folder
from engine.jobs import touring
from engine.models.profiles import POSTCARDS
from engine.store.runs import Runs
from pages.parts import tour
from tests.pages.test_pages import buttons, press, texts
from tests.planted import gallery_of

page = states.page
BEGIN = "Take the tour"
PAGES = Path(__file__).parents[2] / "pages"


def go(test, label, page):
    """Press what leads to a page; unlike a browser, AppTest has to be told that it is on another one."""
    return press(test, label).switch_page(f"{page}.py")


@pytest.fixture
def postcards(settings):
    return open_folder(POSTCARDS, settings)


def test_other_pictures_have_no_tour(page, tmp_path, settings):
    gallery_of(tmp_path, settings)
    assert BEGIN not in buttons(page("gallery"))
    assert "of 8" not in texts(page("gallery", tour="2"))


def test_it_asks_what_it_will_show_once(page, settings, postcards):
    asked = {name: request.id for name, request in touring.questions(postcards, settings).items()}
    assert list(asked) == ["clusters", "structure", "differences", "diversity", "typicality"]
    test = press(page("runs"), BEGIN)
    assert {run.request.analysis: run.id for run, _ in Runs(settings.home).all()} == asked
    assert "1 of 8" in texts(test)
    assert BEGIN not in buttons(test)
    press(press(test, "End the tour"), BEGIN)
    assert len(Runs(settings.home).all()) == len(asked)


def test_every_stop_shows_its_run_and_the_last_one_ends_it(page, settings, postcards):
    asked = touring.questions(postcards, settings)
    test, seen = press(page("gallery"), BEGIN), []
    way = ("clusters", "clusters", "structure", "differences", "typicality", "diversity", "clusters")
    for stop, there in enumerate(way, 2):
        test = go(test, "Next", there)
        assert f"{stop} of 8" in texts(test)
        assert "".join(test.query_params["tour"]) == str(stop)
        seen.append("".join(test.query_params.get("run", [])))
    order = ("clusters", "", "structure", "differences", "typicality", "diversity", "clusters")
    assert [id for id, name in zip(seen, order, strict=True) if name] == [asked[name].id for name in order if name]
    assert "Next" not in buttons(test)
    test = press(test, "End the tour")
    assert "of 8" not in texts(test)
    assert "tour" not in test.query_params


def test_another_page_says_where_it_waits(page, postcards):
    test = page("models", tour="4")
    assert "The tour waits at On what do they vary" in texts(test).replace("*", "")
    go(test, "Go there", "structure")
    assert "Nobody said what to look for" in texts(test)
    assert "3 of 8" in texts(press(test, "Back"))


@pytest.mark.parametrize("nonsense", ["0", "9", "999999", "x", "-1", "²"])
def test_a_stop_that_is_none_is_no_tour(page, postcards, nonsense):
    assert BEGIN in buttons(page("gallery", tour=nonsense))


@pytest.mark.parametrize("stop", tour._STOPS, ids=lambda stop: stop.title)
def test_what_a_stop_points_at_is_on_its_page(stop):
    sources = [f"{stop.page}.py", f"parts/{stop.page}_*.py", "parts/export.py", "parts/share.py"]
    written = "".join(path.read_text() for name in sources for path in PAGES.glob(name))
    for words in re.findall(r"\*([A-Z][^*]*)\*", stop.words):
        assert f'"{words}"' in written, f"{stop.title} points at {words}"
