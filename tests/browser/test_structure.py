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

    for view in ("What goes together", "Slices", "Deficits"):
        visitor.press(page.get_by_role("button", name=view, exact=True))
        is_whole(page)
        visitor.shot(view.lower().replace(" ", "-"))
    page.reload()
    visitor.settle()
    expect(page.get_by_text(re.compile("Weights make all cells weigh alike"))).to_be_visible()
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Prompts").click()
    assert fetched.value.path().read_text().startswith('{"prompt": "A picture of ')
    assert not said
