"""Look in a browser: chosen by hand, held by a lasso, found by Health; saved as sets that pages ask about."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from engine.gallery import open_folder, sets
from engine.jobs.preparing import COLOURS
from engine.settings import Settings
from engine.steps import layout
from tests.browser.conftest import App
from tests.planted import many, paint

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def looking(tmp_path, visit):
    """A gallery of 36 pictures and a black one, with a map in which the black one lies far from the others."""
    settings = Settings(home=tmp_path / "home")
    folder = paint(tmp_path / "own pictures", many(36))
    Image.new("RGB", (64, 64)).save(folder / "night.png")
    gallery = open_folder(folder, settings)
    side = np.arange(6) / 10 - 0.9
    points = np.array([*([x, y] for x in side for y in side), [0.9, 0.9]], np.float32)
    for method in layout.METHODS:
        layout.save(settings.home, gallery.fingerprint, COLOURS, method, points)
    app = App(settings.home).start()
    yield lambda visitor, query: visitor.go(f"{app.url}/look?gallery={gallery.fingerprint}{query}"), gallery, settings
    app.end()


def save(page, name, count):
    page.get_by_role("button", name=f"Save {count} as set").click()
    page.get_by_label("Name of the set").last.fill(name)
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text(f"Saved: {name}, {count} pictures")).to_be_visible()


def the_set(gallery, settings, name):
    (found,) = [one for one in sets.sets_of(gallery, settings.home) if one.name == name]
    return found


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_what_is_chosen_by_hand_becomes_a_set_that_pages_ask_about(looking, visit, theme, width):
    go, gallery, settings = looking
    visitor = visit(theme, width)
    page = visitor.page
    go(visitor, "")
    cells = page.locator(".cell:not([hidden])")
    expect(page.get_by_text("37 pictures", exact=True)).to_be_visible()
    expect(cells.nth(4)).to_be_visible()
    cells.nth(1).click(modifiers=["ControlOrMeta"])
    cells.nth(4).click(modifiers=["Shift"])
    expect(page.get_by_text("4 of 37 chosen")).to_be_visible()
    visitor.name = f"look-{theme}-{width}"
    visitor.shot("chosen")
    save(page, "four", 4)
    assert the_set(gallery, settings, "four").members == ("001.png", "002.png", "003.png", "004.png")

    page.get_by_label("Set in use").click()
    page.get_by_role("option", name=re.compile("^four")).click()
    visitor.settle()
    expect(cells).to_have_count(4)
    visitor.shot("set-in-use")
    page.get_by_role("link", name="Clusters").click()
    visitor.settle()
    page.get_by_label("Criterion").fill("colour")
    page.get_by_label("Criterion").press("Enter")
    expect(page.get_by_text("4 of 4 pictures to describe")).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 800), ("dark", 1280)])
def test_a_lasso_opens_what_it_holds(looking, visit, theme, width):
    go, gallery, settings = looking
    visitor = visit(theme, width)
    page = visitor.page
    go(visitor, "&view=map")
    canvas = page.locator("canvas").first
    expect(canvas).to_be_visible()
    visitor.settle()
    visitor.name = f"look-{theme}-{width}"
    visitor.shot("map")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.get_by_role("button", name="Lasso").click()
    across, down = box["width"], box["height"]
    corners = [(0.72, 0.02), (0.98, 0.02), (0.98, 0.4), (0.72, 0.4), (0.72, 0.02)]  # the far corner, where one lies
    page.mouse.move(box["x"] + corners[0][0] * across, box["y"] + corners[0][1] * down)
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(box["x"] + x * across, box["y"] + y * down, steps=8)
    page.mouse.up()
    expect(page.get_by_text("1 in the lasso")).to_be_visible()
    expect(page.locator('.cell img[alt^="night.png"]')).to_be_visible()
    visitor.shot("lasso")
    save(page, "the dark one", 1)
    assert the_set(gallery, settings, "the dark one").members == ("night.png",)
    assert the_set(gallery, settings, "the dark one").origin == "lasso on the map"


def test_the_map_without_a_mouse(looking, visit):
    go, gallery, settings = looking
    visitor = visit()
    page = visitor.page
    go(visitor, "&view=map")
    canvas = page.locator("canvas").first
    expect(canvas).to_be_visible()
    canvas.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("37 in the lasso")).to_be_visible()
    save(page, "all in view", 37)
    assert len(the_set(gallery, settings, "all in view")) == 37
    page.keyboard.press("Escape")  # closes the form of the set
    expect(page.get_by_label("Name of the set")).to_be_hidden()
    canvas.focus()
    page.keyboard.press("Escape")
    expect(page.get_by_text("37 in the lasso")).to_have_count(0)


def test_health_finds_the_dark_one_by_itself(looking, visit):
    go, gallery, settings = looking
    visitor = visit()
    page = visitor.page
    go(visitor, "&view=health")
    show = page.get_by_role("button", name="Show all")
    expect(show.first).to_be_visible(timeout=60_000)
    visitor.settle()
    visitor.name = "look-light-1280"
    visitor.shot("health")
    visitor.press(page.locator('.cell img[alt^="night.png"]').first)
    expect(page.get_by_role("button", name="All checks")).to_be_visible()
    save(page, "to throw away", 1)
    assert the_set(gallery, settings, "to throw away").members == ("night.png",)
