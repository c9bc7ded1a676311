"""Two runs side by side in a browser: chosen on the Runs page, a band clicked, its pictures, a set, a reload."""

import re

import pytest
from playwright.sync_api import expect

from engine.analyses.clusters import Criterion, Params
from engine.gallery import open_folder, sets
from engine.jobs.execute import execute
from engine.settings import Settings
from tests.browser.conftest import App
from tests.browser.test_diversity import complaints, is_whole
from tests.planted import many, paint, submitted

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def two(tmp_path):
    """The app over 24 pictures of four colours, with two finished runs; a person has moved a picture in the first."""
    settings = Settings(home=tmp_path / "home")
    gallery = open_folder(paint(tmp_path / "pictures", many(24)), settings)
    runs = [submitted(gallery, settings, Params(Criterion("colour"), k)) for k in ("auto", "2")]
    for run in runs:
        with run.hold():
            assert execute(run, settings).state == "done"
    runs[0].add_edit({"kind": "move", "files": ["000.png"], "to": "blue"})
    app = App(settings.home).start()
    yield app, gallery, settings, runs
    app.end()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_from_two_runs_to_the_pictures_of_a_band(two, visit, theme, width):
    app, gallery, settings, _ = two
    visitor = visit(theme, width)
    page, visitor.name = visitor.page, f"compare-{theme}-{width}"
    said = complaints(page)
    visitor.go(f"{app.url}/runs")
    visitor.press(page.get_by_role("button", name="Choose all 2"))
    visitor.shot("chosen")
    visitor.press(page.get_by_role("button", name="Compare", exact=True))
    expect(page.get_by_text("24 pictures in both")).to_be_visible()
    is_whole(page)
    visitor.shot("flow")

    number = page.locator(".textpoint text").first
    number.scroll_into_view_if_needed()
    box = number.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # a sheet of plotly's lies above it
    expect(page.get_by_role("heading", name=re.compile("→"))).to_be_visible()
    visitor.settle()
    assert "from=" in page.url
    assert "to=" in page.url
    heading = page.get_by_role("heading", name=re.compile("→")).inner_text()
    count = int(heading.split()[-1])
    page.get_by_role("button", name=re.compile(rf"^Save {count} as set")).click()
    page.get_by_label("Name of the set").first.fill("a band")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text(re.compile(f"Saved: a band, {count} picture"))).to_be_visible()
    assert len(sets.sets_of(gallery, settings.home)[0].members) == count
    page.reload()
    visitor.settle()
    expect(page.get_by_role("heading", name=re.compile("→"))).to_be_visible()
    page.locator(".cell").first.click()
    expect(page.get_by_text("FILE", exact=True)).to_be_visible()
    visitor.settle()
    visitor.shot("band")
    is_whole(page)
    _criteria(page, visitor)
    assert not said


def _criteria(page, visitor):
    """The other half of the page: a band opens its pictures, and a cell of the cross table in their place."""
    visitor.press(page.get_by_role("radio", name="Several criteria"))
    expect(page.get_by_text("24 pictures say something of both")).to_be_visible()
    assert "from=" not in page.url
    number = page.locator(".textpoint text").first
    number.scroll_into_view_if_needed()
    page.wait_for_timeout(800)  # figures are drawn twice: once more when their width is known
    box = number.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    heading = page.get_by_role("heading", name=re.compile("^colour.* = .* and colour.* = "))
    expect(heading).to_be_visible()
    visitor.settle()
    assert "left=" in page.url
    expect(page.locator(".cell img.there").first).to_be_visible()
    visitor.shot("criteria-band")
    is_whole(page)
    cell = page.locator("g.points > .point").last
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).not_to_have_url(re.compile("left="))
    heading = page.get_by_role("heading", name=re.compile("^colour.* = .* and "))
    expect(heading).to_have_count(1)
    expect(heading).to_be_visible()
    visitor.settle()
    words = heading.inner_text()
    visitor.shot("criteria")
    is_whole(page)
    page.reload()
    visitor.settle()
    expect(page.get_by_role("heading", name=words)).to_be_visible()
