"""Differences in a browser: from the button to a finding, its threshold, a set, a statement of one's own, a PNG."""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from engine.gallery import sets
from tests.browser.test_diversity import complaints, is_whole

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_from_the_button_to_a_finding_and_a_set(postcards, visit, theme, width):
    app, gallery, settings = postcards
    visitor = visit(theme, width)
    page, visitor.name = visitor.page, f"differences-{theme}-{width}"
    said = complaints(page)
    visitor.go(f"{app.url}/differences?gallery={gallery.fingerprint}")
    expect(page.get_by_text(re.compile("pictures need a vector"))).to_be_visible()
    visitor.shot("form")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text(re.compile("proposed on one half"))).to_be_visible(timeout=120_000)
    visitor.settle()
    expect(page.get_by_text("confirmed", exact=True).first).to_be_visible()
    is_whole(page)
    visitor.shot("findings")

    visitor.press(page.get_by_role("button", name="beach", exact=True))
    expect(page.get_by_text("(counter-examples)")).to_be_visible()
    assert "finding=beach" in page.url
    is_whole(page)
    visitor.shot("finding")
    expect(page.get_by_text(re.compile(r"^99% of label=beach"))).to_be_visible()
    page.get_by_role("slider").focus()
    for _ in range(80):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text(re.compile(r"^99% of label=beach"))).to_have_count(0)
    visitor.settle()
    page.get_by_role("button", name=re.compile(r"^Save \d+ as set")).first.click()
    page.get_by_label("Name of the set").first.fill("sure beaches")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text(re.compile("Saved: sure beaches"))).to_be_visible()
    (made,) = sets.sets_of(gallery, settings.home)
    assert {gallery.by_name[name].label for name in made.members} == {"beach"}
    visitor.press(page.get_by_role("button", name="Share", exact=True).last)
    expect(page.get_by_role("img", name=re.compile("^beach. Truer of beach"))).to_be_visible()
    visitor.shot("share")
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download PNG").click()
    with Image.open(fetched.value.path()) as png:
        assert (png.format, png.width) == ("PNG", 1920)
        assert png.getpixel((2, 2)) == ((251, 250, 248) if theme == "light" else (20, 23, 26))

    page.reload()
    visitor.settle()
    expect(page.get_by_text("(counter-examples)")).to_be_visible()
    visitor.press(page.get_by_role("button", name="All findings"))
    box = page.get_by_role("textbox", name="Try your own")
    box.fill("a red umbrella")
    box.press("Enter")
    expect(page.get_by_text("exploratory", exact=True)).to_be_visible(timeout=60_000)
    visitor.settle()
    is_whole(page)
    visitor.shot("typed")
    assert "try=a" in page.url
    assert not said
