"""Typicality in a browser: from the button to the wall, an element's pictures, boxes, another picture, a reload."""

import re

import pytest
from playwright.sync_api import expect

from engine.gallery import sets
from tests.browser.test_diversity import complaints, is_whole

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_from_the_button_to_an_element_and_its_set(postcards, visit, theme, width):
    app, gallery, settings = postcards
    some = [p.name for p in gallery.pictures if p.label in ("beach", "forest")][::5]
    sets.save(gallery, "some", some, "every fifth", settings.home)
    visitor = visit(theme, width)
    page, visitor.name = visitor.page, f"typicality-{theme}-{width}"
    said = complaints(page)
    visitor.go(f"{app.url}/typicality?gallery={gallery.fingerprint}")
    page.get_by_test_id("stSidebar").get_by_label("Set in use").click()
    page.get_by_role("option", name=re.compile("^some")).click()
    visitor.settle()
    page.get_by_role("group", name="Draws").locator("input").focus()
    page.keyboard.press("ArrowLeft")  # 16 instead of 32
    expect(page.get_by_text(re.compile("evaluations of the denoiser for 20 pictures"))).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("20 pictures, "))).to_be_visible(timeout=120_000)
    visitor.settle()
    is_whole(page)
    expect(page.get_by_role("img", name=re.compile("^beach.* T .0"))).to_have_count(18)
    visitor.shot("wall")
    keys(page, visitor)

    page.get_by_role("radio", name="Elements").click()
    visitor.settle()
    if page.get_by_role("switch", name="Only what held-out pictures confirm").is_checked():
        page.get_by_text("Only what held-out pictures confirm").click()
    visitor.settle()
    is_whole(page)
    visitor.shot("elements")
    visitor.press(page.get_by_role("button", name="Pictures", exact=True).first)
    expect(page.get_by_role("heading", name=re.compile("^Element 1 of beach"))).to_be_visible()
    visitor.press(page.locator(".cell").first)
    expect(page.get_by_role("img", name=re.compile("of its patches framed"))).to_be_visible()
    is_whole(page)
    visitor.shot("element")
    assert "element=1" in page.url
    page.reload()
    visitor.settle()
    expect(page.get_by_role("heading", name=re.compile("^Element 1 of beach"))).to_be_visible()

    assert "typical_only=" in page.url
    visitor.press(page.get_by_role("button", name="Change", exact=True).first)
    page.get_by_label("Name", exact=True).fill("a palm")
    visitor.press(page.get_by_role("button", name="Name it"))
    expect(page.get_by_role("heading", name=re.compile("^Element 1 of beach · a palm"))).to_be_visible()
    expect(page.get_by_text("1 of 1 change of yours shown")).to_be_visible()
    visitor.press(page.get_by_role("button", name="Take the last one back"))
    expect(page.get_by_role("button", name="Once more")).to_be_visible()
    is_whole(page)
    visitor.shot("changes")

    page.get_by_role("radio", name="Boxes").click()
    visitor.settle()
    expect(page.get_by_text(re.compile("^With boxes of what should"))).to_be_visible()
    boxes = "file,x,y,w,h\n" + "".join(f"{name},0,0,64,64\n" for name in some)
    page.locator("input[type=file]").first.set_input_files(
        {"name": "boxes.csv", "mimeType": "text/csv", "buffer": boxes.encode()}
    )
    expect(page.get_by_role("button", name="CSV", exact=True)).to_be_visible()
    is_whole(page)

    page.get_by_role("radio", name="Any picture").click()
    visitor.settle()
    expect(page.get_by_text(re.compile("^Upload a picture: "))).to_be_visible()
    city = next(p for p in gallery.pictures if p.label == "city")
    page.locator("input[type=file]").first.set_input_files(str(city.path))
    expect(page.get_by_text("likeliest in").last).to_be_visible(timeout=90_000)
    expect(page.get_by_role("img", name="Map of city")).to_be_visible()
    is_whole(page)
    visitor.shot("any-picture")
    assert not said


def keys(page, visitor):
    """M turns all maps, wherever the focus is, but not in a field; Space one; Enter opens a card, Escape closes it."""
    bare, pictures = page.locator(".wall .bare"), page.locator(".wall .picture")
    expect(bare).to_have_count(0)
    page.keyboard.press("m")
    expect(bare).to_have_count(18)
    expect(page.get_by_role("button", name="Maps")).to_have_attribute("aria-pressed", "false")
    page.get_by_label(re.compile("^Page, 1 to")).focus()
    page.keyboard.press("m")
    expect(bare).to_have_count(18)
    pictures.nth(2).focus()
    page.keyboard.press("Space")
    expect(bare).to_have_count(17)
    page.keyboard.press("m")
    expect(bare).to_have_count(0)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(pictures.nth(3)).to_be_focused()
    page.keyboard.press("Enter")
    visitor.settle()
    expect(page.get_by_role("img", name=re.compile("under its map$")).last).to_be_visible()
    expect(page.get_by_role("button", name="More like this")).to_be_visible()
    expect(bare).to_have_count(1)  # the wall drawn anew is as it was
    is_whole(page)
    visitor.shot("card")
    page.keyboard.press("Escape")
    visitor.settle()
    expect(page.get_by_role("button", name="More like this")).to_have_count(0)
    expect(pictures.nth(3)).to_be_focused()
