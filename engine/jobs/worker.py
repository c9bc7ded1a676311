"""`python -m engine work`: takes queued runs one after another, oldest first, until told to end.

It can be killed at any instant. A run's lock is freed by the system when its holder dies, so the next worker sees a run
that says "running" and is held by nobody, and takes it up again; the store knows what was answered.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from engine.errors import VitrineError
from engine.jobs.execute import execute
from engine.settings import Settings
from engine.store.history import all_of
from engine.store.runs import ACTIVE, Run, standing

PARENT = "VITRINE_PARENT_PID"  # variable by which the app tells its children who it is
_PAUSE = 0.3  # seconds between two looks at the queue


class Ending:
    """Whether this process should end: told by a signal, or because the app that started it is gone."""

    def __init__(self, told: str = "The worker was told to end; the run goes on when it is back.") -> None:
        self.why, self._words = "", told
        self._parent = int(os.environ.get(PARENT) or os.getppid())  # told: it may be gone already
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._told)

    def _told(self, *_: object) -> None:
        self.why = self._words

    def __call__(self) -> str:
        """Why, or an empty string."""
        if not self.why and os.getppid() != self._parent:
            self.why = "The app ended; the run goes on when it is back."
        return self.why


def work(read_settings: Callable[[], Settings], ending: Callable[[], str]) -> None:
    """Execute queued runs until told to end.

    Args:
        read_settings: called before each run: the endpoint may have been connected since the worker started.
        ending: says why this process should end, or an empty string.
    """
    while not ending():
        # One, then the list anew: somebody may have asked meanwhile.
        took = any(_take(run, read_settings(), ending) for run in waiting(read_settings().home) if not ending())
        if not took and not ending():
            time.sleep(_PAUSE)


def waiting(home: Path) -> list[Run]:
    """Runs to be executed, those first that somebody waits for, then oldest first; some may be in execution."""
    told, untold = all_of(home)  # reads what changed: of ten thousand runs, all of them took a second
    found = [(one.run, one.status) for one in told] + [(run, how) for run in untold if (how := standing(run))]
    active = [(run, status) for run, status in found if status.state in ACTIVE]
    return [run for run, _ in sorted(active, key=lambda pair: (pair[1].background, pair[1].queued))]


def _take(run: Run, settings: Settings, ending: Callable[[], str]) -> bool:
    try:
        with run.hold() as got:
            if not got or run.status.state not in ACTIVE:
                return False
            status = execute(run, settings, stopping=ending)
    except VitrineError as problem:
        print(f"worker: {problem}", file=sys.stderr, flush=True)  # noqa: T201
        time.sleep(_PAUSE)
        return False
    return status.state not in ACTIVE
