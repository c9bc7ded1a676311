"""A newcomer's way through the app, from a folder to named clusters, as a person would go it."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SHOTS
from tests.fake_endpoint import FakeEndpoint
from tests.planted import many, paint

expect.set_options(timeout=20_000)


def open_folder(visitor, app, folder, labels="folder"):
    visitor.go(f"{app.url}/look")
    page = visitor.page
    expect(page.get_by_text("600 pictures").first).to_be_visible(timeout=60_000)  # Postcards open by themselves
    visitor.press(page.get_by_text("Open another folder"))
    page.get_by_label("Folder", exact=True).fill(str(folder))
    page.get_by_role("button", name="Open folder").click()
    expect(page.get_by_text(str(folder.resolve()))).to_be_visible(timeout=30_000)
    visitor.settle()


def connect(visitor, app, url, model):
    visitor.go(f"{app.url}/models")
    page = visitor.page
    page.get_by_label("Address").fill(url)
    page.get_by_label("Address").press("Enter")
    visitor.settle()
    page.get_by_role("button", name="List its models").click()
    expect(page.get_by_role("combobox", name="Vision model")).to_have_value(model)
    visitor.shot("3-models-listed")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="Ask both models").click()
    expect(page.get_by_text("Both answered")).to_be_visible(timeout=30_000)
    visitor.shot("4-model-tried")


def ask(visitor, criterion, price):
    """Type a criterion and see its price; what a robot types into a page that still loads can get lost."""
    field = visitor.page.get_by_label("Criterion", exact=True)
    for _ in range(3):
        field.fill(criterion)
        field.press("Enter")
        visitor.settle()
        if visitor.page.get_by_text(price).is_visible():
            break
        visitor.page.wait_for_timeout(3000)
    expect(visitor.page.get_by_text(price)).to_be_visible()


def stats(url):
    return json.loads(urllib.request.urlopen(url.removesuffix("/v1") + "/stats").read())


def libraries_of(pid):
    """Shared libraries that a process has mapped."""
    return set(re.findall(r"\S+\.so\S*", Path(f"/proc/{pid}/maps").read_text()))


def memory_of(pid):
    """Resident memory of a process in MiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_folder_to_named_clusters(app, visit, shared, replay, theme, capsys):
    folder = shared / "data" / "cifar10" / "images"
    visitor = visit(theme)
    page = visitor.page
    visitor.go(app.url)
    visitor.shot("1-first-start")
    open_folder(visitor, app, folder)
    visitor.shot("2-look")
    connect(visitor, app, replay, "recorded")
    page.get_by_role("link", name="Clusters").click()
    expect(page.get_by_label("Criterion", exact=True)).to_be_visible()
    visitor.settle()
    ask(visitor, "object", "1,000 of 1,000 pictures to describe")
    visitor.shot("5-price")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Short answers so far")).to_be_visible(timeout=150_000)  # after the first start's own
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    visitor.shot("6-clusters-appear")
    expect(page.get_by_text("10 clusters", exact=True)).to_be_visible(timeout=120_000)
    visitor.settle()
    visitor.shot("7-done")
    assert stats(replay)["tasks"]["describe"] <= 1000 + 1  # one more to try the model
    assert "run=" in page.url

    # Open a cluster, then a picture of it.
    page.get_by_role("button", name="Show all").nth(1).click()
    expect(page.get_by_role("button", name="All clusters")).to_be_visible()
    visitor.settle()
    visitor.shot("8-cluster")
    page.locator(".cell").nth(2).click()
    expect(page.get_by_text("RAW LABEL → CLUSTER")).to_be_visible()
    visitor.settle()
    visitor.shot("9-picture")

    # Rename it; the new name outlives a reload and is seen in another profile by its address.
    page.get_by_role("button", name="Rename", exact=True).click()
    page.get_by_label("New name").fill("my own name")
    page.get_by_label("New name").press("Enter")
    page.get_by_role("button", name="Rename", exact=True).nth(1).click()
    expect(page.get_by_role("heading", name="my own name")).to_be_visible()
    visitor.settle()
    page.reload()
    expect(page.get_by_role("heading", name="my own name")).to_be_visible(timeout=30_000)
    visitor.shot("10-renamed")
    address = re.sub(r"&(cluster|picture)=[^&]*", "", page.url)
    other = visit(theme)
    other.go(address)
    expect(other.page.get_by_text("my own name")).to_be_visible()
    expect(other.page.get_by_text("1 of 1 change of yours shown")).to_be_visible()
    other.name += "-other"
    other.shot("11-permalink")
    asked = stats(replay)["repeated"]
    assert asked == 0

    # Every page was opened; the app process computes nothing, so it has no torch.
    other.go(f"{app.url}/runs")
    expect(other.page.get_by_text("done").first).to_be_visible()
    other.shot("12-runs")
    loaded = libraries_of(app.process.pid)
    assert loaded, "no libraries seen: the test looks at the wrong process"
    assert not [name for name in loaded if "torch" in name]
    with capsys.disabled():
        print(f"\napp process: {memory_of(app.process.pid):.0f} MiB resident", end="")  # noqa: T201
    assert len(list(SHOTS.glob(f"{theme}-*.png"))) >= 11


@pytest.mark.shared
def test_a_path_outside_the_allowed_roots_is_refused(tmp_path, visit, shared):
    from tests.browser.conftest import App

    app = App(tmp_path / "home", {"VITRINE_ROOTS": str(shared / "data")}).start()
    try:
        visitor = visit()
        visitor.go(f"{app.url}/look")
        page = visitor.page
        expect(page.get_by_text("600 pictures").first).to_be_visible(timeout=60_000)
        visitor.press(page.get_by_text("Open another folder"))
        page.get_by_label("Folder", exact=True).fill("/etc")
        page.get_by_role("button", name="Open folder").click()
        expect(page.get_by_text("VITRINE_ROOTS")).to_be_visible()
        visitor.name = "roots"
        visitor.shot("refused")
    finally:
        app.end()


@pytest.mark.timeout(240)
def test_names_of_any_kind_on_pictures_of_our_own(app, visit, tmp_path):
    """The same way without recordings: a fake server, pictures whose names try to be markup, labels from a pattern."""
    colours = many(36) | {"<img src=x onerror=alert(1)> ![a](b).png": "red"}
    folder = paint(tmp_path / "own pictures", colours)
    visitor = visit()
    page = visitor.page
    alarms = []
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    with FakeEndpoint(models=("eye",), seconds=0.05) as server:
        open_folder(visitor, app, folder)
        connect(visitor, app, server.url, "eye")
        visitor.go(f"{app.url}/clusters")
        ask(visitor, "colour", "37 of 37 pictures to describe")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_text("4 clusters", exact=True)).to_be_visible(timeout=150_000)
        visitor.settle()
        page.get_by_role("button", name="Show all").first.click()
        expect(page.get_by_role("heading", name="red")).to_contain_text("10")
        page.get_by_alt_text("onerror").click()
        expect(page.get_by_text("<img src=x onerror=alert(1)> ![a](b).png")).to_be_visible()
        asked = server.count("describe")
        assert asked == 37 + 1  # one more to try the model
    visitor.name = "own"
    visitor.shot("hostile-name")
    assert alarms == []

    # Keyboard: the focus moves with the arrows, Enter opens.
    page.locator(".cell").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".cell[aria-current=true]")).to_have_count(1)
