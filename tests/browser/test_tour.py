"""The guided tour, as a newcomer takes it: from the first look to a picture that was shared."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.test_clusters import ask

LONG = 240_000  # the bundled models answer on two cores, one question after another


@pytest.mark.timeout(900)
def test_the_whole_tour(app, visit):
    visitor = visit()
    page = visitor.page
    visitor.go(app.url)
    expect(page.get_by_role("button", name="Take the tour")).to_be_visible(timeout=LONG)
    visitor.press(page.get_by_role("button", name="Take the tour"))
    expect(page.get_by_text("1 of 8")).to_be_visible()
    expect(page.get_by_text("600 pictures").first).to_be_visible()
    visitor.shot("tour-1")

    found = (
        (2, "6 clusters by place"),
        (3, ""),
        (4, "time of day"),
        (5, "confirmed"),
        (6, "Elements"),
        (7, "Effective rank"),
        (8, "6 clusters by place"),
    )
    for stop, said in found:
        visitor.press(page.get_by_role("button", name="Next"))
        expect(page.get_by_text(f"{stop} of 8")).to_be_visible()
        if said:
            expect(page.get_by_test_id("stProgress").filter(has_text="Waiting for the worker")).to_have_count(
                0, timeout=LONG
            )
            expect(page.get_by_role("button", name="Share").first).to_be_visible(timeout=LONG)
            expect(page.get_by_text(said).first).to_be_visible()
        else:
            expect(page.get_by_label("Criterion", exact=True)).to_have_count(1)  # the stop before has gone
            ask(visitor, "weather", "600 known already")
            visitor.press(page.get_by_role("button", name="Run", exact=True))
            expect(page.get_by_text("3 clusters by weather")).to_be_visible(timeout=LONG)
        visitor.shot(f"tour-{stop}")

    visitor.press(page.get_by_role("button", name="Share").first)
    expect(page.get_by_role("button", name="Download PNG")).to_be_visible(timeout=30_000)
    visitor.shot("tour-shared")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download PNG").click()
    picture = Image.open(io.BytesIO(coming.value.path().read_bytes()))
    assert picture.width == 1920
    assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 1000  # pictures are on it
    page.keyboard.press("Escape")
    visitor.press(page.get_by_role("button", name="End the tour"))
    expect(page.get_by_text("8 of 8")).to_have_count(0)
    expect(page.get_by_text("6 clusters by place")).to_be_visible()
