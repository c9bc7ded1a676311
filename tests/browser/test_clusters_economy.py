"""The cheapest clusters, then more, in a browser: a slider, an estimate, a dialog that asks the difference."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_clusters import ask


@pytest.mark.timeout(300)
def test_the_cheapest_then_more(postcards, visit):
    app, gallery, _ = postcards
    visitor = visit()
    page = visitor.page
    visitor.name = "economy"
    visitor.go(f"{app.url}/clusters?gallery={gallery.fingerprint}")
    ask(visitor, "place", "600 of 600 pictures to describe")
    page.get_by_role("slider", name="Pictures to describe").focus()
    page.keyboard.press("End")
    expect(page.get_by_text("up to 30 of 600 pictures to describe")).to_be_visible(timeout=30_000)
    visitor.shot("1-cheapest")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("described 30 of 600")).to_be_visible(timeout=150_000)
    visitor.settle()
    visitor.shot("2-estimate")
    first = page.url
    page.get_by_text("How right likeness is").click()
    expect(page.get_by_text("were expected", exact=False)).to_be_visible()
    visitor.press(page.get_by_role("button", name="Describe more"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("up to 30 of 600 pictures to describe (30 known already)")).to_be_visible(timeout=30_000)
    visitor.shot("3-more")
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("described 60 of 600")).to_be_visible(timeout=120_000)
    assert page.url != first
