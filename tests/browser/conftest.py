"""The real app in the system's Chromium. Screenshots of each step go to tests/browser/screenshots to be looked at."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page

from engine.gallery import open_folder
from engine.models.profiles import POSTCARDS
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
SHOTS = Path(__file__).parent / "screenshots"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@dataclass
class App:
    """The program, started as `make run` starts it, in a workspace of its own."""

    home: Path
    environment: dict = field(default_factory=dict)
    program: str = "app.py"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
        log = (self.home.parent / "app.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", self.program, "--server.port", str(self.port)],
            cwd=ROOT,
            env={**clean, "VITRINE_HOME": str(self.home), **self.environment},
            stdout=log,
            stderr=log,
        )
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)
                return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.25)
        raise AssertionError((self.home.parent / "app.log").read_text()[-2000:])

    def end(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(15)


@pytest.fixture
def app(tmp_path):
    running = App(tmp_path / "home").start()
    yield running
    running.end()


@pytest.fixture
def postcards(tmp_path):
    """The app, its gallery of Postcards opened, and its settings."""
    settings = Settings(home=tmp_path / "home")
    gallery = open_folder(POSTCARDS, settings)
    running = App(settings.home).start()
    yield running, gallery, settings
    running.end()


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.fail("Chromium is missing: install Debian's package chromium, or run with BROWSER=0.", pytrace=False)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=15_000)  # on a busy machine, a rerun takes its time
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A browser profile with one tab; waits for Streamlit to come to rest before it looks."""

    page: Page
    name: str

    def settle(self):
        """Wait until the script has run and no element is stale."""
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=30_000)
        self.page.wait_for_timeout(250)

    def press(self, what):
        """Click, and wait until what that changed is there: a click on something being drawn anew is lost."""
        what.click()
        self.page.wait_for_timeout(500)
        self.settle()

    def go(self, url):
        self.page.goto(url)
        self.page.wait_for_selector('[data-testid="stAppViewContainer"]', timeout=30_000)
        self.settle()

    def shot(self, step):
        SHOTS.mkdir(exist_ok=True)
        self.page.wait_for_timeout(700)
        self.page.screenshot(path=SHOTS / f"{self.name}-{step}.png")


@pytest.fixture
def visit(chromium):
    """Open a new browser profile: visit("light")."""
    contexts = []

    def open_one(theme="light", width=1280, height=900):
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Visitor(context.new_page(), theme)

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def replay(shared):
    """The replay endpoint; its address."""
    port = free_port()
    records = shared / "data" / "cifar10" / "records.jsonl"
    program = [sys.executable, str(shared / "peers" / "replay_endpoint.py"), "--records", str(records)]
    server = subprocess.Popen([*program, "--port", str(port), "--latency-ms", "60"], stdout=subprocess.PIPE)
    assert server.stdout
    server.stdout.readline()
    yield f"http://127.0.0.1:{port}/v1"
    server.terminate()
    server.wait()
