"""The map in a browser: what is drawn, the lasso, the keys, the card, pictures that are opened; in both themes."""

import re

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import expect

from engine.gallery import open_folder
from engine.models.roles import ModelSpec
from engine.settings import Settings
from engine.steps import layout
from tests.browser.conftest import App

ACROSS, DOWN = 30, 20
HOSTILE = "<img src=x onerror=alert(1)>"  # one of the labels, and a folder's name
COLOURS = {"a red": "#c03030", "blue": "#3050c0", "green": "#209050", HOSTILE: "#b08020"}
pytestmark = pytest.mark.timeout(240)


def place(column, row):
    """Where the picture in that column and row of the map is in the gallery, which is sorted by name."""
    return sorted((label(c), r, c) for r in range(DOWN) for c in range(ACROSS)).index((label(column), row, column))


def label(column):
    return list(COLOURS)[column * len(COLOURS) // ACROSS]


def point(column, row):
    """Where it lies: x from -1 to 1, y from -.6 to .6, the first row on top."""
    return -1 + 2 * column / (ACROSS - 1), 0.6 - 1.2 * row / (DOWN - 1)


@pytest.fixture(scope="module")
def lattice(tmp_path_factory):
    """A program with one map: a lattice of pictures that show where they are, one colour beside the other."""
    where = tmp_path_factory.mktemp("lattice")
    font = ImageFont.load_default(24)
    for column in range(ACROSS):
        (where / "pictures" / label(column)).mkdir(parents=True, exist_ok=True)
        for row in range(DOWN):
            picture = Image.new("RGB", (96, 72), COLOURS[label(column)])
            ImageDraw.Draw(picture).text((14, 20), f"{row}·{column}", "white", font)
            picture.save(where / "pictures" / label(column) / f"{row:02}-{column:02}.png", compress_level=1)
    settings = Settings(where / "home")
    gallery = open_folder(where / "pictures", settings)
    spec = ModelSpec("measured", "made points", "1")
    at = [[int(part) for part in reversed(p.name[-9:-4].split("-"))] for p in gallery.pictures]
    points = np.array([point(column, row) for column, row in at])
    layout.save(settings.home, gallery.fingerprint, spec, "pca", points)
    points[::2] = np.nan
    layout.save(settings.home, gallery.fingerprint, spec, "umap", points)
    running = App(where / "home", program="tests/browser/map_app.py").start()
    yield running
    running.end()


@pytest.fixture
def opened(lattice, visit):
    """Open the page, and wait for its map: opened("dark", 800)."""
    problems = []

    def go(theme="light", width=1280):
        visitor = visit(theme, width)
        visitor.page.on("pageerror", lambda problem: problems.append(problem.stack))
        visitor.page.on("dialog", lambda dialog: problems.append(dialog.message))
        visitor.go(lattice.url)
        drawn(visitor.page)
        return Map(visitor)

    yield go
    assert not problems


def drawn(page):
    page.wait_for_function("performance.getEntriesByName('map drawn').length > 0")


class Map:
    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page
        self.canvas = self.page.locator(".points")

    @property
    def box(self):
        found = self.canvas.bounding_box()
        assert found
        return found

    def seen(self, column, row, zoom=1.0):
        """Where a picture of the lattice is in the window, while the map is centred."""
        box, (x, y) = self.box, point(column, row)
        scale = zoom * min(box["width"] / 2 - 20, (box["height"] / 2 - 20) / 0.6)
        return box["x"] + box["width"] / 2 + x * scale, box["y"] + box["height"] / 2 - y * scale

    def colour(self, x, y):
        """Of a pixel of the points' canvas, given where it is in the window."""
        return self.canvas.evaluate(
            """(canvas, [x, y]) => {
              const box = canvas.getBoundingClientRect(), dense = canvas.width / box.width
              return [...canvas.getContext("2d").getImageData((x - box.x) * dense, (y - box.y) * dense, 1, 1).data]
            }""",
            [x, y],
        )[:3]

    def draw(self, *corners, shift=False):
        """A lasso around corners in the window."""
        if shift:
            self.page.keyboard.down("Shift")
        self.page.mouse.move(*corners[0])
        self.page.mouse.down()
        for corner in corners[1:]:
            self.page.mouse.move(*corner, steps=2)
        self.page.mouse.up()
        if shift:
            self.page.keyboard.up("Shift")

    def holds(self, places):
        """Python was told of just these."""
        listed = f"{len(places)}: {' '.join(map(str, sorted(places)[:30]))}"
        expect(self.page.get_by_text(listed, exact=True)).to_be_visible()
        expect(self.says).to_contain_text(f"{len(places)} selected")

    @property
    def says(self):
        return self.page.locator(".says")

    def at_rest(self):
        self.page.wait_for_timeout(500)


def rgb(hex):
    return [int(hex[i : i + 2], 16) for i in (1, 3, 5)]


def alike(one, other, by=40):
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < by


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 800), ("dark", 800)])
def test_points_are_drawn_in_the_legends_colours(opened, theme, width):
    map = opened(theme, width)
    ground = {"light": "#ffffff", "dark": "#14171a"}[theme]
    entries = map.page.locator(".legend button")
    expect(entries.locator("span")).to_have_text(["a red", "green", HOSTILE, "blue"])  # 160, 160, 140, 140
    swatches = {
        entry.locator("span").inner_text(): entry.locator("i").evaluate("(i) => getComputedStyle(i).backgroundColor")
        for entry in entries.all()
    }
    for column, row in [(0, 0), (12, 7), (20, 19), (29, 3)]:
        swatch = [int(part) for part in re.findall(r"\d+", swatches[label(column)])]
        assert alike(map.colour(*map.seen(column, row)), swatch), (column, row)
        assert map.colour(*map.seen(column + 0.5, row + 0.5)) == rgb(ground)
    assert len(set(swatches.values())) == 4
    expect(map.says).to_have_text("600 pictures · 600 in view")
    said = map.canvas.get_attribute("aria-label") or ""
    assert "Map of 600 pictures" in said
    assert f"a red 160, green 160, {HOSTILE} 140, blue 140" in said
    map.visitor.shot(f"map-{width}")

    other = {"light": "dark", "dark": "light"}[theme]  # the system's theme changes, and the app's with it
    map.page.emulate_media(color_scheme=other)
    map.at_rest()
    assert map.colour(*map.seen(0.5, 0.5)) == rgb({"light": "#ffffff", "dark": "#14171a"}[other])


def test_a_lasso_holds_just_what_lies_in_it_and_outlasts_reruns(opened):
    map = opened()
    before = map.colour(*map.seen(25, 3))
    map.page.get_by_role("button", name="Lasso").click()
    # A bent shape between the lattice's lines: columns 4 to 11 and rows 4 to 10, less a corner of it.
    map.draw(*(map.seen(*at) for at in [(3.5, 3.5), (11.5, 3.5), (11.5, 7.5), (7.5, 7.5), (7.5, 10.5), (3.5, 10.5)]))
    inside = {place(c, r) for c in range(4, 12) for r in range(4, 11) if c <= 7 or r <= 7}
    map.holds(inside)
    map.visitor.shot("map-lasso")
    map.visitor.press(map.page.get_by_role("button", name="Again"))
    map.holds(inside)
    map.visitor.press(map.page.get_by_text("number", exact=True))  # other colours, the same map
    map.holds(inside)
    assert not alike(map.colour(*map.seen(25, 3)), before)

    # In lasso mode a drag of a few pixels is no lasso; the button leads back to pulling the map.
    map.page.get_by_role("button", name="Lasso").click()
    expect(map.page.get_by_role("button", name="Lasso")).to_have_attribute("aria-pressed", "false")
    x, y = map.seen(15, 10)
    map.page.mouse.move(x, y)
    map.page.mouse.down()
    map.page.mouse.move(x - 100, y - 50, steps=4)
    map.page.mouse.up()
    map.holds(inside)
    map.canvas.press("0")

    # Another lasso takes the first one's place; a line that crosses itself holds what it goes around once.
    bow = [(19.5, 1.9), (23.5, 7.1), (23.5, 1.9), (19.5, 7.1)]  # crosses itself in (21.5, 4.5)
    map.draw(*(map.seen(*at) for at in bow), shift=True)
    map.holds({place(c, r) for c in (20, 23) for r in (3, 4, 5, 6)} | {place(c, r) for c in (21, 22) for r in (4, 5)})

    map.canvas.focus()
    map.page.keyboard.press("Escape")
    expect(map.page.get_by_text("none", exact=True)).to_be_visible()
    expect(map.says).not_to_contain_text("selected")

    # A lasso ends with its map.
    map.draw(*(map.seen(*at) for at in [(3.5, 3.5), (5.5, 3.5), (5.5, 5.5), (3.5, 5.5)]), shift=True)
    map.holds({place(c, r) for c in (4, 5) for r in (4, 5)})
    map.visitor.press(map.page.get_by_text("umap", exact=True))
    expect(map.page.get_by_text("none", exact=True)).to_be_visible()
    expect(map.says).to_have_text("600 pictures · 300 without a place on the map · 300 in view")


def test_without_a_mouse_the_view_is_moved_and_taken(opened):
    map = opened("dark")
    for _ in range(30):
        map.page.keyboard.press("Tab")
        if map.canvas.evaluate("(canvas) => canvas.getRootNode().activeElement === canvas"):
            break
    else:
        pytest.fail("the map cannot be reached by Tab")
    for _ in range(4):
        map.page.keyboard.press("+")  # 1.5 to the fourth: 5 times as large
    map.at_rest()
    map.page.keyboard.press("Enter")
    expect(map.says).to_contain_text(re.compile(r"\d selected"))
    map.at_rest()  # what the page says above it has moved it
    box = map.box
    inside = {
        place(c, r)
        for c in range(ACROSS)
        for r in range(DOWN)
        for x, y in [map.seen(c, r, 1.5**4)]
        if box["x"] <= x <= box["x"] + box["width"] and box["y"] <= y <= box["y"] + box["height"]
    }
    assert 5 < len(inside) < 60
    map.holds(inside)
    expect(map.says).to_contain_text(f"{len(inside)} in view")
    map.visitor.shot("map-keys")
    for _ in range(6):
        map.page.keyboard.press("ArrowRight")
    map.at_rest()
    map.page.keyboard.press("Enter")
    shifted = map.page.get_by_test_id("stText")
    expect(shifted).not_to_have_text(re.compile(rf"^{len(inside)}: {min(inside)} "))  # once Python has been told
    expect(shifted).not_to_have_text(re.compile("^none"))
    map.page.keyboard.press("Escape")
    expect(map.page.get_by_text("none", exact=True)).to_be_visible()
    map.page.keyboard.press("0")
    expect(map.says).to_have_text("600 pictures · 600 in view")


def test_pointing_shows_a_picture_and_a_click_opens_it(opened):
    map = opened()
    card = map.page.locator(".card")
    map.page.mouse.move(*map.seen(12, 7))
    expect(card).to_be_visible()
    expect(card.locator("strong")).to_have_text("blue/07-12.png")
    expect(card.locator("span")).to_have_text("label: blue")
    card.locator("img").evaluate("(image) => image.decode()")
    map.visitor.shot("map-card")
    map.page.mouse.move(*map.seen(12.5, 7.5))
    expect(card).to_be_hidden()

    map.page.mouse.move(*map.seen(28, 1))
    expect(card.locator("strong")).to_have_text(f"{HOSTILE}/01-28.png")
    map.page.mouse.click(*map.seen(28, 1))
    expect(map.page.get_by_text("01-28.png").last).to_be_visible()
    map.page.wait_for_url(re.compile("picture="))
    map.visitor.settle()
    map.visitor.shot("map-opened")
    assert map.box["width"] < 700  # drawn anew, beside the picture


def test_the_wheel_zooms_at_the_pointer_until_pictures_are_seen(opened):
    map = opened()
    x, y = map.seen(5, 5)
    map.page.mouse.move(x, y)
    for _ in range(8):
        map.page.mouse.wheel(0, -150)
        map.page.wait_for_timeout(40)
    ink = rgb(COLOURS[label(5)])
    expect(map.says).not_to_contain_text("600 in view")
    map.page.wait_for_function(
        "performance.getEntriesByType('resource').filter((r) => r.name.includes('thumb')).length > 9"
    )
    map.at_rest()
    assert alike(map.colour(x - 12, y - 20), ink, 12)  # the picture's own colour, less its text
    map.visitor.shot("map-near")
    map.page.mouse.wheel(0, 30000)
    map.at_rest()
    expect(map.says).to_have_text("600 pictures · 600 in view")


def test_a_line_of_the_legend_shows_its_points_alone(opened):
    map = opened("dark")
    blue, green = map.seen(12, 7), map.seen(20, 7)
    before = map.colour(*green)
    entry = map.page.get_by_role("button", name="blue 140")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "true")
    assert alike(map.colour(*green), rgb("#14171a"))
    assert not alike(map.colour(*blue), rgb("#14171a"))
    map.visitor.shot("map-legend")
    entry.click()
    assert map.colour(*green) == before

    map.visitor.press(map.page.get_by_text("number", exact=True))
    expect(map.page.locator(".legend p span")).to_have_text(["0.1429", "85.57"])
    expect(map.page.locator(".legend button")).to_have_count(1)
    map.page.mouse.move(*map.seen(12, 7))
    number = place(12, 7)
    said = "nothing said" if number % 10 == 0 else f"about {float(f'{number / 7:.3g}'):g}"
    shown = map.page.locator(".card span")
    expect(shown).to_contain_text("number: ")
    if number % 10:
        assert abs(float(shown.inner_text().rpartition(" ")[2]) - number / 7) < 0.25, said
    map.page.mouse.move(0, 0)
    map.visitor.shot("map-number")
    map.visitor.press(map.page.get_by_text("name", exact=True))
    expect(map.page.locator(".legend button").last).to_contain_text("588 other values")


def test_points_that_do_not_come_are_said(lattice, visit):
    visitor = visit()
    visitor.page.route("**/points.f32*", lambda route: route.abort())
    visitor.go(lattice.url)
    expect(visitor.page.get_by_text("The points of this map could not be loaded.")).to_be_visible()
