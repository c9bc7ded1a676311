"""Refinement in a browser: the review queue by keyboard alone, then the slider, a split, and another question."""

import re

import pytest
from playwright.sync_api import expect

from engine.analyses.clusters import Criterion, Params
from engine.jobs.execute import execute, read_result
from engine.models.roles import ModelSpec
from engine.settings import Settings
from engine.store.runs import Runs
from tests.browser.conftest import App
from tests.browser.test_diversity import complaints, is_whole
from tests.planted import gallery_of, many, submitted

pytestmark = pytest.mark.timeout(180)
# 24 of four colours; yellow must be avoided, so six pictures fit nowhere; two more are alone with their label.
PICTURES = many(24) | {"y.png": "white", "z.png": "black"}
MODELS = '[vision]\nbackend = "fake"\nname = "fake"\n[chat]\nbackend = "fake"\nname = "fake"\n'


@pytest.fixture
def refined(tmp_path):
    """The app with a finished run; the fake says each picture's colour."""
    settings = Settings(home=tmp_path / "home")
    gallery = gallery_of(tmp_path, settings, PICTURES)
    run = submitted(gallery, settings, Params(Criterion("colour"), avoid=("yellow",)), ModelSpec("fake", "fake"))
    with run.hold():
        assert execute(run, settings).state == "done"
    (tmp_path / "models.toml").write_text(MODELS)
    app = App(settings.home, {"VITRINE_MODELS": str(tmp_path / "models.toml")}).start()
    yield app, run, settings
    app.end()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_the_queue_by_keyboard(refined, visit, theme, width):
    app, run, _ = refined
    visitor = visit(theme, width)
    page, visitor.name = visitor.page, f"refine-{theme}-{width}"
    said = complaints(page)
    queue = [one.file for one in read_result(run).review]
    assert len(queue) == 8
    visitor.go(f"{app.url}/clusters?run={run.id}")
    expect(page.get_by_text("6 said “yellow”: a missing cluster?")).to_be_visible()
    is_whole(page)
    visitor.shot("cards")
    visitor.press(page.get_by_role("button", name=re.compile("Look at the 8 least sure")))
    work = page.get_by_role("dialog")

    def stands(looked, picture):
        expect(work.get_by_text(f"{looked} of 8 looked at · picture {picture}")).to_be_visible()

    stands(0, 1)
    visitor.shot("review")
    for key, looked, picture in (
        *(("Enter", 1, 2), ("2", 2, 3), ("Space", 3, 4), ("ArrowRight", 3, 5), ("ArrowLeft", 3, 4)),
        *(("u", 4, 5), ("z", 3, 4), ("z", 2, 3), ("1", 3, 4)),
    ):
        page.keyboard.press(key)
        stands(looked, picture)
    names = [c.name for c in read_result(run).clusters]
    made = [(e["kind"], e["files"][0], e["to"]) for e in run.edits()]
    assert made == [("confirm", queue[0], ""), ("move", queue[1], names[1]), ("move", queue[2], names[0])]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") is not None
    assert f"picture={queue[3]}" in page.url

    # With the keys off, Enter presses what has the focus, and that can be seen.
    work.get_by_text("Keys").click()
    expect(work.get_by_role("button", name=re.compile("^Next$"))).to_be_visible()
    visitor.settle()
    work.get_by_role("button", name="unassigned").focus()
    page.keyboard.press("Enter")
    stands(4, 5)
    assert [e["to"] for e in run.edits()][-1] == ""
    visitor.shot("keys-off")
    page.keyboard.press("Escape")
    expect(work).to_have_count(0)
    expect(page.get_by_text(re.compile("Of the 8 least sure, 2 of 4 looked at were right"))).to_be_visible()
    assert "check" not in page.url
    is_whole(page)
    assert not said


def test_coarser_split_and_asked_again(refined, visit):
    app, run, settings = refined
    visitor = visit()
    page, visitor.name = visitor.page, "refine"
    said = complaints(page)
    visitor.go(f"{app.url}/clusters?run={run.id}")
    visitor.press(page.get_by_role("button", name="Make it a cluster"))
    expect(page.get_by_text("1 of 1 change of yours shown")).to_be_visible()
    slider = page.get_by_role("slider", name="Coarse to fine")
    slider.press("ArrowLeft")  # of four natural names
    expect(page.get_by_text("3 clusters: asks one question")).to_be_visible()
    visitor.settle()
    visitor.shot("ask")
    visitor.press(page.get_by_role("button", name="Ask for 3"))
    expect(page.get_by_text("1 correction carried over from run")).to_be_visible(timeout=60_000)
    visitor.press(page.get_by_text("Which names join"))
    expect(page.get_by_text(re.compile("^red ← red, "))).to_be_visible()
    visitor.shot("tree")

    visitor.press(page.get_by_role("button", name="Show all").first)
    visitor.press(page.get_by_role("button", name="Split", exact=True))
    visitor.press(page.get_by_role("button", name=re.compile("See the parts")))
    expect(page.get_by_text(re.compile("Nothing is changed yet"))).to_be_visible()
    visitor.settle()
    visitor.shot("split")
    visitor.press(page.get_by_role("button", name="Split it so"))
    expect(page.get_by_text("5 clusters", exact=True)).to_be_visible()

    field = page.get_by_label("Criterion", exact=True)
    field.fill("hue")
    field.press("Enter")
    expect(page.get_by_text("Carry over 2 corrections of the run below")).to_be_visible()
    visitor.settle()
    visitor.press(page.get_by_role("button", name="Run", exact=True))
    expect(page.get_by_text("2 corrections carried over from run")).to_be_visible(timeout=60_000)
    visitor.settle()
    visitor.shot("carried")
    is_whole(page)
    assert len(Runs(settings.home).all()) == 3
    assert not said
