"""Structure in a browser: from the button to the tree, a cell's pictures, a change, the tables, a reload."""

import re

import pytest
from playwright.sync_api import expect

from engine.gallery import sets
from tests.browser.test_diversity import complaints, is_whole

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_from_the_button_to_a_cell_and_its_set(postcards, visit, theme, width):
    app, gallery, settings = postcards
    visitor = visit(theme, width)
    page, visitor.name = visitor.page, f"structure-{theme}-{width}"
    said = complaints(page)
    visitor.go(f"{app.url}/structure?gallery={gallery.fingerprint}")
    expect(page.get_by_text(re.compile("pictures to describe"))).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("6 dimensions of 600 pictures"))).to_be_visible(timeout=120_000)
    visitor.settle()
    is_whole(page)
    visitor.shot("tree")

    visitor.press(page.get_by_role("button", name=re.compile("^forest 100")))
    expect(page.get_by_role("heading", name=re.compile("place = forest"))).to_be_visible()
    assert "cell=place" in page.url
    page.get_by_role("button", name=re.compile(r"^Save 100 as set")).click()
    page.get_by_label("Name of the set").first.fill("forests")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text(re.compile("Saved: forests, 100 pictures"))).to_be_visible()
    expect(page.get_by_label("Name of the set")).to_have_count(0)  # the form has closed
    (made,) = sets.sets_of(gallery, settings.home)
    assert {gallery.by_name[name].label for name in made.members} == {"forest"}
    visitor.settle()
    visitor.press(page.locator('.cell:has(img[alt^="forest/"])').first)
    expect(page.get_by_role("button", name="check").first).to_be_visible()
    visitor.shot("picture")
    visitor.press(page.get_by_role("button", name="check").first)
    expect(page.get_by_text(re.compile("of 1 assignments you looked at 1 were right"))).to_be_visible()
    is_whole(page)

    _changes_and_clicks(page, visitor)
    for view in ("Review", "What goes together", "Slices", "Deficits"):
        visitor.press(page.get_by_role("button", name=view, exact=True))
        is_whole(page)
        visitor.shot(view.lower().replace(" ", "-"))
        if view == "What goes together":
            _cell_of_the_table(page, visitor)
    page.reload()
    visitor.settle()
    expect(page.get_by_text(re.compile("Weights make all cells weigh alike"))).to_be_visible()
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Prompts").click()
    assert fetched.value.path().read_text().startswith('{"prompt": "A picture of ')
    assert not said


def _changes_and_clicks(page, visitor):
    """Split what was found, take it back, make it once more; out as JSON and in again; a click on the figure."""
    visitor.press(page.get_by_role("button", name="Close").first)
    changes = re.compile("^[0-9] of [0-9] changes? of yours shown")
    before = page.get_by_text(changes).inner_text()
    visitor.press(page.get_by_role("button", name="Change", exact=True).first)
    page.get_by_label(re.compile("Attributes .none")).first.click()
    page.get_by_role("option", name="forest").click()
    page.get_by_label("Call it, or merge them into").first.fill("wood")
    page.keyboard.press("Tab")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^wood 100"))).to_be_visible()
    visitor.press(page.get_by_role("button", name="Take the last one back"))
    expect(page.get_by_role("button", name=re.compile("^forest 100"))).to_be_visible()
    expect(page.get_by_text(before)).to_be_visible()
    visitor.press(page.get_by_role("button", name="Once more"))
    expect(page.get_by_role("button", name=re.compile("^wood 100"))).to_be_visible()
    out = _as_json(page, visitor)
    visitor.press(page.get_by_role("button", name="Take the last one back"))
    visitor.press(page.get_by_role("button", name="JSON in"))
    page.locator("input[type=file]").first.set_input_files(
        {"name": "structure.json", "mimeType": "application/json", "buffer": out.encode()}
    )
    expect(page.get_by_role("button", name=re.compile("^wood 100"))).to_be_visible()
    visitor.settle()
    assert _as_json(page, visitor) == out
    page.locator("g.slice", has_text="wood").first.click()
    expect(page.get_by_role("heading", name=re.compile("place = wood"))).to_be_visible()
    visitor.settle()
    visitor.press(page.get_by_role("button", name="Close").first)


def _as_json(page, visitor):
    """The structure as the page shows it, fetched."""
    visitor.press(page.get_by_role("button", name="Export", exact=True))
    visitor.press(page.get_by_role("radio", name="JSON", exact=True))
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download JSON").click()
    page.keyboard.press("Escape")
    visitor.settle()
    return fetched.value.path().read_text()


def _cell_of_the_table(page, visitor):
    """A click on a cell of the cross table opens its pictures."""
    cell = page.locator("g.point").first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # a sheet of plotly's lies above it
    expect(page.get_by_role("heading", name=re.compile("^label = .* and "))).to_be_visible()
    visitor.settle()
    visitor.press(page.get_by_role("button", name="Close").first)
