"""Pages with much behind them, the script alone: `python -m benchmarks.pages [--pictures 10000]`. Seconds of a rerun.

One workspace holds as many runs as pictures (10,000 at most) and four clusters runs over all of the pictures. Each page
is a session of its own; they take turns, so that other work on the machine meets all of them alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from streamlit.testing.v1 import AppTest

from benchmarks.gallery import make
from benchmarks.runs import FAKE, ask_many
from engine.analyses.clusters import Criterion, Params
from engine.analyses.clusters.agreement import agreement
from engine.analyses.clusters.result import Cluster, Result, Row
from engine.gallery import Gallery, open_folder
from engine.jobs.asking import make_request
from engine.settings import Settings
from engine.store.runs import Runs

ROOT = Path(__file__).resolve().parents[1]
_ROUNDS = 9
_MOST = 10_000  # runs
_SETTLED = 3  # seconds after which no clock's tick is in question any more


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    n = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=Path(scratch) / "home")
        make(Path(scratch) / "pictures", n)
        told = scripts_alone(settings.home, open_folder(Path(scratch) / "pictures", settings))
    where = f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores"
    print(f"{where} · {n:,} pictures, {min(n, _MOST):,} runs\n")
    print("| what | seconds |\n|---|---|")
    for what, seconds in told.items():
        print(f"| {what} | {seconds:.2f} |")


def scripts_alone(home: Path, gallery: Gallery) -> dict[str, float]:
    """Seconds of each page: opened first, and the median of reruns."""
    ask_many(home, gallery, min(len(gallery), _MOST))
    a, b, c, d = (_sorted_into(home, gallery, k, noise) for k, noise in ((40, 0.5), (41, 0.5), (12, 0.1), (15, 0.25)))
    os.environ["VITRINE_HOME"] = str(home)
    told: dict[str, float] = {}

    def opened(what: str, page: str, **words: str | list[str]) -> AppTest:
        test = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=120)
        began = time.perf_counter()
        test.run()
        test.query_params.update(words)
        test.switch_page(page).run()
        told[f"{what}, opened first"] = time.perf_counter() - began
        return test

    runs = opened("Runs", "runs.py")
    many, few = opened("Compare, 40 clusters", "compare.py", a=a, b=b), opened("Compare", "compare.py", a=c, b=d)
    criteria = opened("Compare, three criteria", "compare.py", of=[c, d, a])
    time.sleep(_SETTLED)

    def a_bar(i: int) -> None:
        few.query_params["from"] = f"cluster {i % 3}"
        few.run()

    turns: dict[str, Callable[[int], Any]] = {
        "Runs, a word typed": lambda i: runs.text_input(key="words").set_value(f"criterion {i}").run(),
        "Runs, one chosen": lambda i: runs.checkbox[0].set_value(i % 2 == 0).run(),
        "Compare, a bar opened": a_bar,
        "Compare, 40 clusters, a choice": lambda i: many.selectbox(key="flow_from").set_value(_either(i)).run(),
        "Compare, three criteria, a choice": lambda i: criteria.selectbox(key="criteria_bar").set_value(
            "" if i % 2 else criteria.selectbox(key="criteria_bar").options[-1]
        ).run(),
    }  # fmt: skip
    took: dict[str, list[float]] = {what: [] for what in turns}
    for i in range(_ROUNDS + 1):
        for what, do in turns.items():
            began = time.perf_counter()
            do(i)
            took[what].append(time.perf_counter() - began)
    for test in (runs, many, few, criteria):
        assert not test.exception, test.exception
    return told | {what: median(seconds[1:]) for what, seconds in took.items()}


def _either(i: int) -> str:
    return "" if i % 2 else "cluster 1"


def _sorted_into(home: Path, gallery: Gallery, k: int, noise: float) -> str:
    """The id of a finished run of `k` clusters, in which that share of the pictures went astray."""
    rng = np.random.default_rng(k)
    names = [f"cluster {i}" for i in range(k)]
    places = np.where(rng.random(len(gallery)) < noise, rng.integers(0, k, len(gallery)), np.arange(len(gallery)) % k)
    rows = tuple(
        Row(p.name, p.label, f"Picture {i} of many.", names[at], names[at] if i % 50 else "", "label")
        for i, (p, at) in enumerate(zip(gallery.pictures, places.tolist(), strict=True))
    )
    clusters = [row.cluster for row in rows]
    agreed = agreement([row.label for row in rows], clusters, names, 0)
    params = Params(Criterion(f"sorted into {k}"), str(k))
    result = Result(
        params.criterion, tuple(Cluster(name, clusters.count(name)) for name in names), rows, tuple(names),
        agreement=agreed,
    )  # fmt: skip
    run = Runs(home).submit(make_request("clusters", gallery, params, {"vision": FAKE, "chat": FAKE}, 0))
    run.write("result.json", TypeAdapter(Result).dump_python(result, mode="json"))
    run.set_status(replace(run.status, state="done", revision=1))
    return run.id


if __name__ == "__main__":
    main()
