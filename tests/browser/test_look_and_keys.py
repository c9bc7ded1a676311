"""What only a browser shows: contrast in both themes, focus and keys in a grid, a form that stays to be corrected."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_clusters import open_folder
from tests.planted import many, paint

# WCAG contrast of an element's text with what lies behind it, colours blended as they are seen.
_CONTRAST = """(element) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
  const layers = []
  for (let e = element; e; e = e.parentElement) layers.unshift(getComputedStyle(e).backgroundColor)
  const seen = (colours) => {
    for (const colour of ["white", ...colours]) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1) }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0.05)
  }
  const [text, back] = [seen([...layers, getComputedStyle(element).color]), seen(layers)]
  return Math.max(text, back) / Math.min(text, back)
}"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_and_a_grid_used_without_a_mouse(app, visit, tmp_path, theme):
    visitor = visit(theme)
    page = visitor.page
    open_folder(visitor, app, paint(tmp_path / "own pictures", many(36)))
    expect(page.get_by_label("Folder", exact=True)).to_be_hidden()  # opened: the form is shut

    visitor.press(page.get_by_text("Open another folder"))
    page.get_by_label("Folder", exact=True).fill("/no/such/folder")
    page.get_by_role("button", name="Open folder").click()
    expect(page.get_by_text("There is no folder /no/such/folder")).to_be_visible()
    expect(page.get_by_label("Folder", exact=True)).to_have_value("/no/such/folder")
    expect(page.get_by_label("Folder", exact=True)).to_be_visible()
    page.mouse.move(0, 0)
    visitor.settle()
    visitor.shot("wrong-path")
    for what in ('[data-testid="stBaseButton-primaryFormSubmit"] p', '[data-testid="stCaptionContainer"] p', "label p"):
        for found in page.locator(what).all():
            assert found.evaluate(_CONTRAST) >= 4.5, (what, found.inner_text())

    cells = page.locator(".cell")
    assert cells.evaluate_all("(all) => all.filter((cell) => cell.tabIndex === 0).length") == 1
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    opened = page.locator('.cell[aria-current="true"]')
    expect(opened).to_have_attribute("title", "001.png")
    expect(opened).to_be_focused()
    page.keyboard.press("ArrowRight")
    visitor.shot("opened-and-focused")
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    assert "picture=" not in page.url
    expect(cells.nth(1)).to_be_focused()

    visitor.go(f"{app.url}/compare")
    chosen = page.locator('[data-testid="stButtonGroup"] [aria-checked="true"] p')
    expect(chosen).to_have_text("Two runs")
    page.mouse.move(0, 0)
    assert chosen.evaluate(_CONTRAST) >= 4.5
