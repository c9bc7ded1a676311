"""Clusters: questions, tokens and wall time against the reference's way of asking, over real HTTP.

The reference (IC|TC) asks three questions a picture, one after another: describe, raw label, cluster. Ours asks one a
picture, many at once, and sorts distinct labels and descriptions fifty at a time. Both talk to the same server in the
same run: the replay endpoint (recorded answers of LLaVA and GPT-4 to 1,000 CIFAR-10 pictures) with a latency for each
answer. The reference's way is measured on some of the pictures and said by the picture.

    python -m benchmarks.clusters [--latency-ms 200] [--concurrency 32] [--reference 60]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Measured:
    """One way of asking: pictures, requests, tokens, seconds, agreement with the labels (None: not computed)."""

    way: str
    pictures: int
    questions: int
    tokens: int
    seconds: float
    agreement: float | None

    def row(self) -> str:
        """A line of the table, by the picture where the number of pictures differs."""
        said = "" if self.agreement is None else f"{self.agreement:.3f}"
        n = self.pictures
        each = f"{self.questions / n:.3f} | {self.tokens / n:,.0f}"
        return f"| {self.way} | {n:,} | {each} | {self.seconds:.1f} | {1000 * self.seconds / n:.1f} | {said} |"


@contextmanager
def replay(latency_ms: float) -> Iterator[str]:
    """The replay endpoint on a free port; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    records = SHARED / "data" / "cifar10" / "records.jsonl"
    program = [sys.executable, str(SHARED / "peers" / "replay_endpoint.py"), "--records", str(records)]
    server = subprocess.Popen([*program, "--port", str(port), "--latency-ms", str(latency_ms)], stdout=subprocess.PIPE)
    assert server.stdout
    server.stdout.readline()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def ours(url: str, folder: Path, concurrency: int) -> Measured:
    """The command line in a fresh workspace; its wall time counts everything from start to end."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {
            "VITRINE_HOME": home,
            "VITRINE_ENDPOINT_URL": f"{url}/v1",
            "VITRINE_VISION_MODEL": "recorded",
            "VITRINE_CHAT_MODEL": "recorded",
            "VITRINE_CONCURRENCY": str(concurrency),
        }
        words = ["clusters", str(folder), "--criterion", "object", "--k", "10", "--models", "endpoint", "--json"]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "engine", *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True
        )
        seconds = time.perf_counter() - began
    said = json.loads(done.stdout)
    status = said["status"]
    return Measured(
        f"Vitrine, {concurrency} at once",
        len(said["result"]["rows"]),
        sum(status["asked"].values()),
        status["tokens_in"] + status["tokens_out"],
        seconds,
        said["result"]["agreement"]["accuracy"],
    )


def reference(url: str, folder: Path, n: int) -> Measured:
    """Three questions a picture, one after another, through the plainest client there is."""
    from engine.gallery.reading import read_picture
    from engine.models.openai_format import Dialect, body, reply_from
    from engine.models.roles import Request
    from engine.prompts import instructions
    from engine.steps.tasks import ASSIGN, DESCRIBE, LABEL, Task

    @dataclass(frozen=True)
    class Shown:
        path: Path
        hash: str = ""

        def open(self, shorter: int = 0):  # noqa: ANN202
            return read_picture(self.path)

    names = json.loads((SHARED / "data" / "cifar10" / "names.json").read_text())
    files = sorted(folder.rglob("*.jpg"))
    files = files[:: max(1, len(files) // n)][:n]
    ask = {"criterion": "object", "look_at": "", "ignore": ""}
    tokens = questions = 0

    def one(task: Task, payload: dict, pictures: tuple[Shown, ...] = ()) -> dict:
        nonlocal tokens, questions
        request = Request(task.name, instructions(task.name), payload, task.schema, pictures)
        data = json.dumps(body(request, "recorded", Dialect(), {})).encode()
        post = urllib.request.Request(f"{url}/v1/chat/completions", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(post) as answer:
            reply = reply_from(answer.read().decode())
        tokens, questions = tokens + reply.tokens_in + reply.tokens_out, questions + 1
        return json.loads(reply.text)["answers"][0]

    began = time.perf_counter()
    for file in files:
        text = one(DESCRIBE, ask, (Shown(file),))["description"]
        item = [{"item": 0, "text": text}]
        one(LABEL, {**ask, "items": item})
        one(ASSIGN, {"criterion": "object", "names": names, "items": item})
    return Measured("reference's way, one by one", len(files), questions, tokens, time.perf_counter() - began, None)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--reference", type=int, default=60, help="pictures asked about in the reference's way")
    said = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit("This benchmark needs the recordings in ../shared, which are not part of the project.")
    folder = SHARED / "data" / "cifar10" / "images"
    with replay(said.latency_ms) as url:
        plain = reference(url, folder, said.reference)
        mine = ours(url, folder, said.concurrency)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"{time.strftime('%Y-%m-%d')} · {machine} · {said.latency_ms:g} ms an answer\n")
    print("| way | pictures | questions a picture | tokens a picture | seconds | seconds for 1,000 | agreement |")
    print("|---|---|---|---|---|---|---|")
    for measured in (plain, mine):
        print(measured.row())
    by_picture = [m.seconds / m.pictures for m in (plain, mine)]
    fewer = (plain.questions / plain.pictures) / (mine.questions / mine.pictures)
    cheaper = (plain.tokens / plain.pictures) / (mine.tokens / mine.pictures)
    print(
        f"\n{by_picture[0] / by_picture[1]:.0f} times faster, {fewer:.2f} times fewer questions,"
        f" {cheaper:.2f} times fewer tokens a picture"
    )


if __name__ == "__main__":
    main()
