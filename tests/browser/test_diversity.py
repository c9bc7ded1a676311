"""Diversity in a browser: a run from the button to each of its views, duplicates by the slider, saved and reloaded."""

import re
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import expect

from engine.gallery import open_folder, sets
from engine.models.profiles import POSTCARDS, ROOT
from engine.settings import Settings
from tests.browser.conftest import App

pytestmark = pytest.mark.timeout(180)
VIEWS = ("What varies", "Duplicates", "Core-set", "Compare", "Spectrum and size")


@pytest.fixture
def diverse(tmp_path, visit):
    """An app on 48 Postcards of two places, with three of them cropped and saved coarsely, and one twice."""
    settings, folder = Settings(home=tmp_path / "home"), tmp_path / "some postcards"
    for place in ("beach", "city"):
        (folder / place).mkdir(parents=True)
        for path in sorted((POSTCARDS / place).glob("*.webp"))[:24]:
            (folder / place / path.name).write_bytes(path.read_bytes())
    files = sorted(folder.rglob("*.webp"))
    for path in files[5:20:5]:
        with Image.open(path) as picture:
            width, height = picture.size
            cut = picture.convert("RGB").crop((8, 8, width - 8, height - 8))
            cut.save(folder / "city" / f"copy of {path.stem}.jpg", quality=60)
    (folder / "city" / "twice.webp").write_bytes(files[0].read_bytes())
    models = tmp_path / "models.toml"
    models.write_text(f'[embedder]\nbackend = "sscd"\nname = "{ROOT / "assets/models/copies.pt"}"\n')
    gallery = open_folder(folder, settings)
    app = App(settings.home, {"VITRINE_MODELS": str(models)}).start()
    yield app, gallery, settings
    app.end()


def complaints(page):
    """What the page says on the console, apart from Streamlit's own: looking for its server, its icon at reload."""
    said, own = [], ("_stcore", "/media/")  # pictures of ours come by other addresses

    def hear(message):
        if message.type == "error" and not any(part in message.location["url"] for part in own):
            said.append(f"{message.text} {message.location}")

    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", hear)
    return said


def pairs(page):
    """How many pairs the slider's place makes duplicates."""
    return int(re.findall(r"duplicates (\d+) pairs", page.locator('[data-testid="stMain"]').inner_text())[0])


def is_whole(page):
    """No error on the page, nothing wider than it, no figure cut off."""
    expect(page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]')).to_have_count(0)
    cut = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.innerText)"
    assert page.locator('[data-testid="stMetricValue"] *, [data-testid="stMain"] button p').evaluate_all(cut) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_from_the_button_to_a_set_without_duplicates(diverse, visit, tmp_path, theme, width):
    app, gallery, settings = diverse
    visitor = visit(theme, width)
    page, visitor.name = visitor.page, f"diversity-{theme}-{width}"
    said = complaints(page)
    visitor.go(f"{app.url}/diversity?gallery={gallery.fingerprint}")
    expect(page.get_by_text("51 of 52 pictures need a vector")).to_be_visible()
    visitor.shot("price")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Participation ratio", exact=True)).to_be_visible(timeout=90_000)
    visitor.settle()
    expect(page.get_by_text(re.compile(r"^95 %: 0\.\d+–0\.\d+$"))).to_be_visible()
    is_whole(page)
    visitor.shot("figures")
    for view in VIEWS:
        visitor.press(page.get_by_role("button", name=view, exact=True))
        is_whole(page)
        visitor.shot(view.lower().replace(" ", "-"))

    visitor.press(page.get_by_role("button", name="Duplicates", exact=True))
    assert page.locator(".scroller").last.evaluate("(e) => e.scrollTop") == 0  # its first title is seen
    before = pairs(page)
    assert before >= 3
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_text(f"duplicates {before} pairs")).to_have_count(0)
    visitor.settle()
    assert pairs(page) > before
    visitor.shot("slider-moved")
    assert "threshold=" in page.url
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text(f"duplicates {before} pairs")).to_be_visible()
    expect(page).not_to_have_url(re.compile("threshold="))  # it stands where it stood
    visitor.settle()

    spare = page.get_by_role("button", name=re.compile(r"^Save \d+ as set")).first
    count = int(re.findall(r"\d+", spare.inner_text())[0])
    spare.click()
    page.get_by_label("Name of the set").first.fill("spare ones")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text(f"Saved: spare ones, {count} pictures")).to_be_visible()
    (made,) = sets.sets_of(gallery, settings.home)
    assert len(made) == count >= 3

    page.reload()
    visitor.settle()
    expect(page.get_by_role("slider")).to_be_visible()
    assert pairs(page) == before
    assert "part=duplicates" in page.url

    visitor.press(page.get_by_role("button", name="Core-set", exact=True))
    with page.expect_download() as fetched:
        page.get_by_role("link", name="ZIP").click()
    with zipfile.ZipFile(fetched.value.path()) as archive:
        assert len(archive.namelist()) == 5  # the form proposes a tenth
        assert set(archive.namelist()) <= set(gallery.index)
    assert not said
