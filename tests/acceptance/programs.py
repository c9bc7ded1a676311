"""What acceptance tests start and read: the replay endpoint, the command line, the worker, the app."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.__main__ import main
from engine.analyses.clusters import Criterion, Params
from engine.gallery import open_folder
from engine.jobs.asking import make_request
from engine.models.profiles import specs
from engine.settings import load
from engine.store.runs import Run, Runs

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
CIFAR = SHARED / "data" / "cifar10"
PICTURES = CIFAR / "images"
CONCURRENCY = 32  # the default: what may be in flight when a process dies
OBJECT = (str(PICTURES), "--criterion", "object", "--models", "endpoint")


class Endpoint:
    """The replay endpoint as a process of its own; it says its port once it answers."""

    def __init__(self, *flags: str, port: int = 0) -> None:
        program, records = SHARED / "peers/replay_endpoint.py", CIFAR / "records.jsonl"
        words = [sys.executable, program, "--records", records, "--port", str(port), *flags]
        self._program = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._program.stdout
        self.url = self._program.stdout.readline().split()[-1]
        assert self.url.startswith("http://"), "the replay endpoint did not start"

    @property
    def stats(self) -> dict[str, Any]:
        """What it counted."""
        with urllib.request.urlopen(self.url.replace("/v1", "/stats"), timeout=20) as answer:
            return json.load(answer)

    @property
    def asked(self) -> tuple[int, int]:
        """Vision and chat questions answered so far."""
        tasks = self.stats["tasks"]
        return tasks.get("describe", 0), sum(n for task, n in tasks.items() if task != "describe")

    def until(self, distinct: int, program: subprocess.Popen | None = None) -> None:
        """Wait until so many distinct questions were answered (or the program that asks has ended)."""
        wait_for(lambda: self.stats["distinct"] >= distinct or (program and program.poll() is not None), 120)

    def close(self) -> None:
        """End it."""
        self._program.kill()
        self._program.wait()
        assert self._program.stdout
        self._program.stdout.close()


@dataclass(frozen=True)
class Said:
    """How a command line ended; `seconds` of wall time."""

    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def complaint(self) -> str:
        """The one line on stderr that says what is wrong; there is exactly one, and no traceback."""
        assert "Traceback" not in self.err, self.err
        lines = self.err.splitlines()
        (line,) = [line for line in lines if line.startswith("vitrine:")]
        assert lines[-1] == line, self.err
        return line

    def worked(self) -> Said:
        """Itself, once it is known that all went well."""
        assert self.code == 0, self.err
        assert "Traceback" not in self.err
        return self


@dataclass(frozen=True)
class Place:
    """A workspace, and the endpoint that its programs ask."""

    home: Path
    url: str = ""
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """Variables of every program: ours and none of the person who runs the tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
        said = {"VITRINE_HOME": str(self.home), "VITRINE_ENDPOINT_URL": self.url}
        named = {"VITRINE_VISION_MODEL": "recorded", "VITRINE_CHAT_MODEL": "recorded", "PYTHONPATH": str(ROOT)}
        return {**kept, **said, **named, **self.more}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """`python -m engine ...` in a process group of its own."""
        self.home.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "engine", *map(str, words)],
            cwd=self.home,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def vitrine(self, *words: str) -> Said:
        """`python -m engine ...` to its end."""
        began = time.monotonic()
        return ended(self.start(*words), began)

    def inside(self, *words: str) -> Said:
        """The same command line in this process: three seconds of imports less."""
        self.home.mkdir(parents=True, exist_ok=True)
        before, here, ctrl_c = dict(os.environ), Path.cwd(), signal.getsignal(signal.SIGINT)
        out, err, began = io.StringIO(), io.StringIO(), time.monotonic()
        try:
            os.environ.clear()
            os.environ.update(self.environ)
            os.chdir(self.home)
            with redirect_stdout(out), redirect_stderr(err):
                code = main([str(word) for word in words])
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)
            signal.signal(signal.SIGINT, ctrl_c)
        return Said(code, out.getvalue(), err.getvalue(), time.monotonic() - began)

    def submit(self, k: str = "10", sample: int | None = None) -> Run:
        """Queue the clusters of CIFAR-10 by object, as a page does."""
        config = load(self.environ, here=self.home)
        gallery = open_folder(PICTURES, config)
        params, seed = Params(Criterion("object"), k), 1 if sample else 0
        request = make_request("clusters", gallery, params, specs("endpoint", config), seed, sample)
        return Runs(self.home).submit(request)


def ended(program: subprocess.Popen[str], began: float = 0.0) -> Said:
    """What a program said, once it has ended."""
    try:
        out, err = program.communicate(timeout=200)
    finally:
        kill(program)
    return Said(program.returncode, out, err, time.monotonic() - began if began else 0.0)


def result(folder: Path) -> dict[str, Any]:
    """result.json less the run's id, which names the endpoint's port."""
    said = json.loads((folder / "result.json").read_text())
    said.pop("run", None)
    return said


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The result's rows by file."""
    return {row["file"]: row for row in result(folder)["rows"]}


def csv_table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def csv_rows(folder: Path) -> dict[str, dict[str, str]]:
    """Rows of clusters.csv by file."""
    return {row["file"]: row for row in csv_table(folder / "clusters.csv")}


def wait_for(happened: Any, seconds: float = 60) -> float:
    """Wait until `happened()`; returns how long it took."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.03)
    return time.monotonic() - began


def kill(program: subprocess.Popen) -> None:
    """kill -9, and nothing left of it."""
    with suppress(ProcessLookupError):
        os.kill(program.pid, signal.SIGKILL)
    program.wait()


def children(pid: int) -> dict[int, str]:
    """Processes started by `pid`, with their command lines."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text().replace("\0", " ").strip()
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs (one that ended and that nobody waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
