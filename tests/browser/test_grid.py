"""The grid in a browser: pictures of far-off places, selection by mouse and keys, focus, sections, a window resized."""

import colorsys
import re
import time

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import expect

from engine.gallery import open_folder
from engine.settings import Settings
from tests.browser.conftest import App

N = 2000
HOSTILE = "1999 <img src=x onerror=alert(1)>.png"  # the last one's name
pytestmark = pytest.mark.timeout(240)
expect.set_options(timeout=20_000)

# What a cell in view shows: its alt text, its place among the cells, and the colour of its picture's corner.
_SEEN = """(scroller) => {
  const window = scroller.getBoundingClientRect()
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
  return [...scroller.querySelectorAll(".cell:not([hidden])")].flatMap((cell) => {
    const box = cell.getBoundingClientRect(), image = cell.querySelector("img")
    if (box.bottom < window.top + 4 || box.top > window.bottom - 4) return []
    if (!image.naturalWidth || getComputedStyle(image).opacity !== "1") return [[image.alt, null]]
    context.drawImage(image, 0, 0)
    return [[image.alt, [...context.getImageData(2, 2, 1, 1).data].slice(0, 3)]]
  })
}"""


def colour(i):
    hue, saturation, value = i * 0.381966 % 1, 0.5 + i % 5 / 10, 0.4 + i % 7 / 20
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))


def name(i):
    return HOSTILE if i == N - 1 else f"{i:04}.png"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A program with one grid of pictures that show their number."""
    where = tmp_path_factory.mktemp("numbers")
    (where / "pictures").mkdir()
    font = ImageFont.load_default(28)
    for i in range(N):
        picture = Image.new("RGB", (96, 96), colour(i))
        ImageDraw.Draw(picture).text((14, 30), str(i), "white", font, stroke_width=2, stroke_fill="black")
        picture.save(where / "pictures" / name(i), compress_level=1)
    open_folder(where / "pictures", Settings(where / "home"))
    running = App(where / "home", program="tests/browser/grid_app.py").start()
    yield running
    running.end()


@pytest.fixture
def grid(numbers, visit):
    """Open the page, and wait for its first pictures: grid("dark", 800, "?picture=0007.png")."""
    problems = []

    def opened(theme="light", width=1280, query=""):
        visitor = visit(theme, width)
        visitor.page.on("pageerror", lambda problem: problems.append(problem.stack))
        visitor.go(numbers.url + "/" + query)
        expect(visitor.page.locator(".cell img.there").first).to_be_visible()
        return visitor

    yield opened
    assert not problems


def scroller(page):
    return page.locator(".scroller")


def scroll_to(page, part):
    scroller(page).evaluate("(e, part) => { e.scrollTop = part * (e.scrollHeight - e.clientHeight) }", part)


def shown(page):
    """Alt texts of what is in view, once every picture is there; each has been looked at to be the right one."""
    until = time.monotonic() + 15
    seen = []
    while not seen or any(corner is None for _, corner in seen):
        assert time.monotonic() < until, seen
        page.wait_for_timeout(100)
        seen = scroller(page).evaluate(_SEEN)
    for alt, corner in seen:
        assert max(abs(a - b) for a, b in zip(corner, colour(int(alt[:4])), strict=True)) < 24, alt
    return [alt for alt, _ in seen]


def cell(page, i):
    return page.locator(f'.cell:has(img[alt^="{i:04}"])')


def selected(page, count, first=()):
    """Python was told: so many, and the first of them."""
    expect(page.get_by_text(re.compile(rf"^told {count}: {', '.join(map(re.escape, first))}"))).to_be_visible()


def focused(page):
    return page.evaluate("document.activeElement.shadowRoot?.activeElement?.querySelector('img')?.alt")


def test_the_middle_and_the_end_show_their_pictures_in_any_order(grid):
    visitor = grid()
    page = visitor.page
    asked = []
    page.on("request", lambda request: "/galleries/" in request.url and asked.append(request.post_data))
    assert shown(page)[:3] == ["0000.png", "0001.png", "0002.png"]
    assert not asked  # the first cells came with the page
    for part in [i / 40 for i in range(20)]:  # a scrollbar dragged
        scroll_to(page, part)
    scroll_to(page, 0.5)
    middle = shown(page)
    assert {name(i) for i in range(995, 1005)} <= set(middle)
    scroll_to(page, 1)
    assert shown(page)[-1] == HOSTILE
    assert page.locator(".cell").count() < 250
    assert len(asked) < 12  # not one a step: what was passed over is not asked for

    visitor.press(page.get_by_text("backwards"))
    assert scroller(page).evaluate("(e) => e.scrollTop") == 0  # another order begins at its beginning
    assert shown(page)[:2] == [HOSTILE, "1998.png"]
    scroll_to(page, 1)
    assert shown(page)[-1] == "0000.png"


def test_a_selection_is_made_by_mouse_and_outlasts_reruns_but_not_another_order(grid):
    visitor = grid()
    page = visitor.page
    cell(page, 3).hover()
    cell(page, 3).locator(".mark").click()
    selected(page, 1, ["0003.png"])
    cell(page, 1).click(modifiers=["ControlOrMeta"])
    selected(page, 2, ["0001.png", "0003.png"])
    cell(page, 5).click(modifiers=["Shift"])  # from 1, and what was selected before
    selected(page, 5, ["0001.png", "0002.png"])
    cell(page, 2).click(modifiers=["Shift"])  # the same anchor, a shorter range: 1, 2 and 3
    selected(page, 3, ["0001.png", "0002.png", "0003.png"])
    expect(page.locator(".grid [role=status]")).to_have_text("3 of 2,000 selected")
    expect(cell(page, 2)).to_have_attribute("aria-selected", "true")
    assert "picture=" not in page.url

    scroll_to(page, 1)
    shown(page)
    cell(page, 1998).click(modifiers=["Shift"])
    selected(page, 1998, ["0001.png"])
    visitor.press(page.get_by_role("button", name="Again"))
    selected(page, 1998, ["0001.png"])
    assert shown(page)[-1] == HOSTILE  # still at the end
    visitor.press(page.get_by_text("backwards"))
    selected(page, 0)
    expect(page.locator('.cell[aria-selected="true"]')).to_have_count(0)
    cell(page, 1998).click(modifiers=["ControlOrMeta"])
    selected(page, 1, ["1998.png"])
    page.get_by_role("button", name="Clear").click()
    selected(page, 0)


def test_keys_move_select_and_open(grid):
    visitor = grid()
    page = visitor.page
    press = page.keyboard.press
    cell(page, 0).focus()
    across = int(page.get_by_role("grid").get_attribute("aria-colcount"))
    for key, alt in [("ArrowRight", 1), ("ArrowDown", 1 + across), ("ArrowLeft", across), ("ArrowUp", 0)]:
        press(key)
        assert focused(page) == name(alt), key
    press("End")
    assert focused(page) in (HOSTILE, "")  # its name comes soon
    assert shown(page)[-1] == HOSTILE
    press("PageUp")
    rows = (N - 1 - int(focused(page)[:4])) / across
    assert rows >= 2
    assert rows == int(rows)
    press("Home")
    assert focused(page) == "0000.png"
    assert shown(page)[0] == "0000.png"
    assert page.locator(".cell").evaluate_all("(all) => all.filter((cell) => cell.tabIndex === 0).length") == 1

    press("x")
    press("ArrowRight")
    press("ArrowRight")
    press("Control+Space")
    press("Shift+ArrowRight")
    selected(page, 3, ["0000.png", "0002.png", "0003.png"])
    press("Control+a")
    selected(page, N)
    press("Escape")
    selected(page, 0)
    expect(page.locator(".grid [role=status]")).to_have_text("Nothing selected")

    press("x")  # 3, where the focus stayed
    press(" ")
    expect(page).to_have_url(re.compile("picture=0003.png"))
    visitor.settle()
    current = page.locator('.cell[aria-current="true"]')
    expect(current.locator("img")).to_have_attribute("alt", "0003.png")
    expect(current).to_be_focused()  # in a grid that was drawn anew
    selected(page, 1, ["0003.png"])
    press("Escape")  # first the selection
    selected(page, 0)
    assert "picture=" in page.url
    press("Escape")  # then the picture
    expect(current).to_have_count(0)
    assert "picture=" not in page.url
    expect(cell(page, 3)).to_be_focused()


def test_a_picture_opened_far_down_stays_in_view(grid):
    visitor = grid()
    page = visitor.page
    scroll_to(page, 0.5)
    here = shown(page)
    opened = here[len(here) // 2]
    cell(page, int(opened[:4])).click()
    expect(page).to_have_url(re.compile(f"picture={opened}"))
    visitor.settle()
    assert opened in shown(page)
    page.get_by_role("button", name="Close").click()
    expect(page).not_to_have_url(re.compile("picture="))
    expect(page.get_by_role("button", name="Close")).to_have_count(0)
    visitor.settle()
    here = shown(page)
    assert opened in here
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(600)
    page.set_viewport_size({"width": 1280, "height": 700})
    page.wait_for_timeout(600)
    assert shown(page)[0] == here[0]
    visitor.go(page.url + "?picture=1500.png")  # an address that names one: the grid begins there
    assert shown(page)[0] <= "1500.png" <= shown(page)[-1]


def test_sections_and_captions_are_text(grid):
    visitor = grid()
    page = visitor.page
    visitor.press(page.get_by_text("sections"))
    assert shown(page)[:2] == ["0001.png", "0003.png"]
    expect(page.locator(".title").first).to_have_text("<b>Odd</b> ones1,000")
    across = int(page.get_by_role("grid").get_attribute("aria-colcount"))
    assert int(page.get_by_role("grid").get_attribute("aria-rowcount")) == 2 * -(-1000 // across) + 3
    scroll_to(page, 0.5)
    shown(page)
    cell(page, 0).focus()
    page.keyboard.press("ArrowUp")
    assert focused(page) == name(2 * (999 - 999 % across) + 1)  # first in the last row of the odd ones
    page.keyboard.press("ArrowDown")
    assert focused(page) == "0000.png"
    visitor.shot("grid-sections")

    visitor.press(page.get_by_text("captions"))
    assert shown(page)[0] == "0000.png · number <i>0</i>"
    scroll_to(page, 1)
    assert shown(page)[-2] == "1998.png · number <i>1998</i>"


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("light", 800), ("dark", 1280), ("dark", 800)])
def test_what_is_selected_opened_and_focused_can_be_told_apart(grid, theme, width):
    visitor = grid(theme, width, "?picture=0008.png")
    page = visitor.page
    cell(page, 9).locator(".mark").click(force=True)
    cell(page, 13).click(modifiers=["ControlOrMeta"])
    cell(page, 16).click(modifiers=["Shift"])
    page.keyboard.press("ArrowRight")
    selected(page, 5)
    visitor.shot(f"grid-{width}")
    visitor.press(page.get_by_text("ten", exact=True))
    assert scroller(page).evaluate("(e) => e.scrollHeight <= e.clientHeight + 1")  # a short list has no scrollbar
    visitor.shot(f"grid-ten-{width}")


def test_a_grid_without_our_javascript(numbers, visit):
    visitor = visit()
    page = visitor.page
    visitor.go(numbers.url + "/?plain=1")
    expect(page.get_by_alt_text("0000.png")).to_be_visible(timeout=60_000)
    expect(page.get_by_alt_text("0059.png")).to_have_count(1)
    page.get_by_label("Page, 1 to 34").fill("34")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1,981 to 2,000 of 2,000 pictures")).to_be_visible()
    visitor.settle()
    expect(page.get_by_alt_text("1980.png")).to_be_visible()
    expect(page.get_by_alt_text(HOSTILE)).to_have_count(1)
    visitor.press(page.get_by_test_id("stBaseButton-secondary").get_by_text("Open"))
    expect(page).to_have_url(re.compile("picture=1980.png"))
    visitor.shot("grid-plain")
