"""The Runs page with many runs, the script alone: `python -m benchmarks.runs`. Prints seconds of a rerun."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from streamlit.testing.v1 import AppTest

from engine.analyses.clusters import Criterion, Params
from engine.gallery import Gallery, open_folder
from engine.jobs.asking import make_request
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec
from engine.settings import Settings
from engine.store.history import history
from engine.store.remarks import remark
from engine.store.runs import Runs

ROOT = Path(__file__).resolve().parents[1]
FAKE = ModelSpec("fake", "fake")
_TRIES = 9


def main() -> None:
    """Print the table."""
    print("| runs | list anew | nothing changed | page, first | a word typed | one chosen |\n|---|---|---|---|---|---|")
    for n in (100, 1_000, 10_000):
        with TemporaryDirectory() as folder:
            print(f"| {n:,} | " + " | ".join(f"{seconds:.3f} s" for seconds in measured(n, Path(folder))) + " |")


def measured(n: int, home: Path) -> list[float]:
    """Seconds of: reading all runs, looking at them again, the page, a rerun with a filter, one with a choice."""
    ask_many(home, open_folder(POSTCARDS, Settings(home)), n)
    os.environ["VITRINE_HOME"] = str(home)
    read = _timed(lambda: history(home))
    time.sleep(3)  # of folders that changed just now, every file is looked at
    again = _median(lambda _: history(home))
    test = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=120)
    test.run()
    page = _timed(lambda: test.switch_page("runs.py").run())
    typed = _median(lambda i: test.text_input(key="words").set_value(f"criterion {i}").run())
    test.text_input(key="words").set_value("").run()
    chosen = _median(lambda i: test.checkbox[0].set_value(i % 2 == 0).run())
    assert not test.exception, test.exception
    return [read, again, page, typed, chosen]


def ask_many(home: Path, gallery: Gallery, n: int) -> None:
    """So many finished runs, each fifth with a tag and a note."""
    for seed in range(n):
        params = Params(Criterion(f"criterion {seed % 37}"), str(2 + seed % 9))
        run = Runs(home).submit(make_request("clusters", gallery, params, {"vision": FAKE, "chat": FAKE}, seed))
        run.write("result.json", {"rows": [0] * 50})
        run.set_status(replace(run.status, state="done", revision=1))
        if seed % 5 == 0:
            remark(run, [f"tag {seed % 3}"], "a note")


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _median(do: Callable[[int], object]) -> float:
    return median(_timed(lambda i=i: do(i)) for i in range(_TRIES))


if __name__ == "__main__":
    main()
