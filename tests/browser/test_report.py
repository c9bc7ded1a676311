"""A report from disk in Chromium, without a network: whole, in both themes, on a phone; nothing of theirs runs."""

from __future__ import annotations

import pytest

from engine.report.document import report
from engine.settings import Settings
from tests.browser.conftest import SHOTS
from tests.report.sources import hostile_gallery, sources


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    settings = Settings(home=root / "home")
    made = sources(hostile_gallery(root, settings), settings)
    path = root / "report.html"
    path.write_text(report(list(made.values())), "utf-8")
    return path


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_a_report_opens_from_disk_offline(chromium, path, theme, width):
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(path.as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate("for (const one of document.images) one.loading = 'eager'")
    page.wait_for_function("[...document.images].every(one => one.complete && one.naturalWidth)")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert page.evaluate("window.hurt") is None
    assert (
        page.evaluate("document.querySelectorAll('script, iframe, object, embed, link, base, form, svg svg').length")
        == 0
    )
    assert page.evaluate("document.querySelectorAll('body img:not([src^=\"data:image/webp\"])').length") == 0
    handlers = "[...document.querySelectorAll('*')].some(one => one.getAttributeNames().some(n => n.startsWith('on')))"
    assert not page.evaluate(handlers)
    assert page.evaluate("document.documentElement.scrollWidth") == width  # nothing leads sideways out of the page
    assert page.evaluate("document.querySelectorAll('nav a').length") > 20
    assert page.evaluate(
        "[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.getAttribute('href')))"
    )
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(251, 250, 248)", "dark": "rgb(20, 23, 26)"}[theme]
    assert "<script>window.hurt=1</script>" in page.inner_text("main")
    page.locator("nav a").nth(8).click()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"report-{theme}-{width}.png")
    context.close()
