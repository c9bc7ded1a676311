"""Forms say what the open run was asked, also where a field stands in a popover that was open before."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from engine.analyses import clusters, differences, diversity, structure
from engine.analyses.clusters import Criterion
from engine.analyses.differences import Side
from engine.analyses.structure import Given
from engine.finetuning import Params as Lessons
from engine.jobs.asking import make_request
from engine.settings import Settings
from engine.store.runs import Runs
from engine.translation.making import Params as Forth
from pages.parts.run_panel import page_of
from tests.browser.conftest import App
from tests.makings import SPEC
from tests.planted import FAKE, gallery_of

PICTURES = {f"{colour}/{i}.png": colour for colour in ("red", "blue") for i in range(8)}
SIDES = Side("some", ("red/0.png",)), Side("others", ("red/1.png",))
ASKED = {  # what two runs were asked, the popover, its field, and what it says of each
    "clusters": (
        [clusters.Params(Criterion("colour", words)) for words in ("the sky", "the ground")],
        ("More", "Look at", ("the sky", "the ground")),
    ),
    "differences": (
        [differences.Params(*SIDES, goal=words) for words in ("light", "colour")],
        ("More", "What you care about", ("light", "colour")),
    ),
    "diversity": (
        [diversity.Params(threshold=cosine) for cosine in (0.7, 0.8)],
        ("More", "Duplicates from a cosine of", ("0.7", "0.8")),
    ),
    "structure": (
        [structure.Params(given=(Given(name),)) for name in ("mood", "place")],
        ("Dimensions of your own", "One a line, with attributes if you know them", ("mood", "place")),
    ),
    "finetuning": ([Lessons(batch=n) for n in (4, 6)], ("More", "Pictures a step", ("4", "6"))),
    "translation": (
        [Forth("red", ("blue",), guidance=n) for n in (2.0, 3.0)],
        ("More", "Guidance", ("2.00", "3.00")),
    ),
}


@pytest.fixture
def runs(tmp_path):
    """The app with two runs of each analysis, which nobody carried out."""
    settings = Settings(home=tmp_path / "home")
    gallery = gallery_of(tmp_path, settings, PICTURES)
    specs, made = {role: FAKE for role in ("vision", "chat", "matcher", "embedder")}, {}
    specs["denoiser"] = SPEC
    for name, (asked, _) in ASKED.items():
        made[name] = [Runs(settings.home).submit(make_request(name, gallery, one, specs)) for one in asked]
        for run in made[name]:
            run.set_status(replace(run.status, state="done", revision=1))
    running = App(settings.home).start()
    yield running, made
    running.end()


def rerun(visitor):
    """Any rerun: the browser tells what its fields say."""
    visitor.page.get_by_role("heading", level=1).click()
    visitor.page.keyboard.press("r")
    visitor.settle()


@pytest.mark.timeout(300)
def test_a_popover_that_was_open_says_what_the_next_run_was_asked(runs, visit):
    app, made = runs
    visitor = visit()
    page = visitor.page
    for name, (_, (popover, label, said)) in ASKED.items():
        first, second = made[name]
        visitor.go(f"{app.url}/{page_of(name).removesuffix('.py')}?run={first.id}")
        more, field = page.get_by_role("button", name=popover, exact=True), page.get_by_label(label, exact=True)
        rerun(visitor)
        visitor.press(more)
        expect(field).to_have_value(said[0])
        visitor.press(more)
        expect(field).to_have_count(0)
        visitor.press(page.locator(f".st-key-before_{second.id} button").first)
        rerun(visitor)
        visitor.press(more)
        expect(field).to_have_value(said[1])
