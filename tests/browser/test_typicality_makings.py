"""Postcards as another label in a browser, from the button to the slider; a model that is taught a little, and used."""

import re

import pytest
from playwright.sync_api import expect

from engine.finetuning import Params
from engine.gallery import open_folder, sets
from engine.jobs.asking import make_request
from engine.jobs.execute import execute
from engine.models.profiles import POSTCARDS
from engine.settings import Settings
from engine.store.runs import Runs
from tests.browser.conftest import App
from tests.browser.test_diversity import complaints, is_whole
from tests.makings import SPEC

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def postcards(tmp_path):
    """The app on Postcards; networks so small lose more than they gain by threads, on a busy machine by far."""
    settings = Settings(home=tmp_path / "home")
    gallery = open_folder(POSTCARDS, settings)
    running = App(settings.home, {"OMP_NUM_THREADS": "1"}).start()
    yield running, gallery, settings
    running.end()


def test_postcards_become_another_label_and_a_model_is_taught(postcards, visit):
    app, gallery, settings = postcards
    some = [p.name for p in gallery.pictures if p.label in ("beach", "city")][::8]
    part = sets.save(gallery, "some", some, "every eighth", settings.home)
    asked = make_request("finetuning", gallery, Params(steps=1, batch=2), {"denoiser": SPEC}, part=part)
    taught = Runs(settings.home).submit(asked)
    with taught.hold():
        assert execute(taught, settings).state == "done", taught.status.error
    visitor = visit()
    page, visitor.name = visitor.page, "makings"
    said = complaints(page)
    visitor.go(f"{app.url}/typicality?gallery={gallery.fingerprint}")
    page.get_by_test_id("stSidebar").get_by_label("Set in use").click()
    page.get_by_role("option", name=re.compile("^some")).click()
    visitor.settle()

    visitor.press(page.get_by_role("button", name="See as another label"))
    expect(page.get_by_text("Say what they become.")).to_be_visible()
    page.get_by_role("combobox", name="Pictures of").click()
    page.get_by_role("option", name="beach").click()
    visitor.settle()
    page.get_by_role("combobox", name="Become").click()
    page.get_by_role("option", name="city").click()
    page.keyboard.press("Escape")
    visitor.settle()
    count = page.get_by_role("spinbutton", name="Pictures")
    count.fill("2")
    count.press("Enter")
    expect(page.get_by_text(re.compile("evaluations of the denoiser for 2 pictures"))).to_be_visible()
    is_whole(page)
    page.get_by_role("button", name="Translate", exact=True).click()
    expect(page.get_by_role("heading", name="2 pictures of beach as city")).to_be_visible(timeout=120_000)
    visitor.settle()
    is_whole(page)
    shown = page.get_by_role("img", name=re.compile("^beach.*, city, synthetic$"))
    expect(shown).to_have_count(2)
    page.wait_for_function("(one) => one.naturalWidth === 64", arg=shown.first.element_handle())
    slider = page.get_by_role("slider", name=re.compile("^beach.*: beach to city, synthetic")).first
    slider.focus()
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "0 % beach, 100 % city, synthetic"
    edge = "(one) => getComputedStyle(one.closest('.frame').querySelector('.is')).clipPath"
    assert slider.evaluate(edge) == "inset(0px 0px 0px 0%)"
    visitor.shot("translated")
    page.get_by_role("slider", name="Before to after, of all").focus()
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "100 % beach, 0 % city, synthetic"
    page.reload()
    visitor.settle()
    expect(page.get_by_role("heading", name="2 pictures of beach as city")).to_be_visible()
    assert page.get_by_role("spinbutton", name="Pictures").input_value() == "2"
    visitor.press(page.get_by_role("button", name="Open as gallery"))
    expect(page.get_by_text(re.compile("^2 pictures · 1 labels"))).to_be_visible(timeout=30_000)

    visitor.go(f"{app.url}/typicality?gallery={gallery.fingerprint}&do=finetuning")
    page.get_by_test_id("stSidebar").get_by_label("Set in use").click()
    page.get_by_role("option", name=re.compile("^some")).click()
    visitor.settle()
    page.get_by_role("group", name="Steps, at most").locator("input").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile("^at most 100 steps on 25 pictures"))).to_be_visible()
    is_whole(page)
    page.get_by_role("button", name="Teach", exact=True).click()
    expect(page.get_by_text(re.compile("Held-out gap")).first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile("Asked again, it goes on at step"))).to_be_visible(timeout=30_000)
    visitor.settle()
    is_whole(page)
    visitor.shot("stopped")
    visitor.go(f"{app.url}/typicality?run={taught.id}")
    is_whole(page)
    visitor.shot("taught")
    visitor.press(page.get_by_role("button", name="Use this model"))
    expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile("^postcards: beach, city"))
    page.wait_for_timeout(2500)  # what the browser tells again on its own takes nothing back
    assert "model=" in page.url
    expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile("^postcards: beach, city"))
    assert not said
