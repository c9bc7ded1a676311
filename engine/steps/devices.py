"""One process a device, each with the model of its own: pictures go out in blocks, vectors come back.

A block is a share of what is left, smaller towards the end, so that all end together. What a process that died had in
hand goes to another one. The processes run this module, not the program that started them, and keep nothing: the store
has one writer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import numpy as np

from engine.errors import ModelError, VitrineError
from engine.models.roles import ModelSpec, Shown
from engine.progress import Progress
from engine.settings import Settings

Load = Callable[[str, ModelSpec, Settings], Any]
_LEAST = 16  # pictures a block
_HAND_ON = 0.5  # seconds after which a process hands on what it has
_MEND = "Run it again: what was computed is kept. If it happens again, name one device, such as --device cuda:0."


def on_devices(
    pictures: Sequence[Shown],
    devices: Sequence[str],
    role: str,
    spec: ModelSpec,
    settings: Settings,
    load: Load,
    progress: Progress,
) -> Iterator[tuple[int, np.ndarray]]:
    """Vectors as they come, each with the place of its picture; those that cannot be read are left out.

    Raises:
        ModelError: no device can go on. Stopped: `progress` said so. Either way the processes end at once.
    """
    crew = _Crew(pictures, progress, deque(range(len(pictures))))
    try:
        for device in devices:
            told = role, spec, replace(settings, device=device), load
            crew.workers.append(_started(device, told, len(devices)))
        with progress.interlude(f"loading {spec.name}"):
            while not any(worker.ready for worker in crew.workers):
                yield from crew.turn()  # nothing comes yet
        while crew.todo or any(worker.busy for worker in crew.workers):
            yield from crew.turn()
    finally:
        for worker in crew.workers:
            worker.end()


@dataclass
class _Worker:
    """A process as its parent sees it."""

    device: str
    process: subprocess.Popen[bytes]
    line: Connection
    ready: bool = False
    busy: bool = False
    hand: set[int] = field(default_factory=set)  # places it was given and did not hand back

    def give(self, block: list[tuple[int, Shown]]) -> None:
        self.busy, self.hand = True, {place for place, _ in block}
        with suppress(OSError):  # it died: heard of in its turn
            self.line.send(block)

    def hear(self) -> tuple[Any, ...]:
        with suppress(EOFError, OSError):
            return self.line.recv()
        self.process.wait()
        return "failed", f"The process on {self.device} ended before its time ({self.process.returncode}).", _MEND

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.line.close()


@dataclass
class _Crew:
    """The processes, and what is not given to any of them yet."""

    pictures: Sequence[Shown]
    progress: Progress
    todo: deque[int]
    workers: list[_Worker] = field(default_factory=list)

    def turn(self) -> Iterator[tuple[int, np.ndarray]]:
        """Give blocks to those who wait for one, and hear what there is for a moment."""
        for worker in self.workers:
            if worker.ready and not worker.busy and self.todo:
                size = min(len(self.todo), max(_LEAST, -(-len(self.todo) // (2 * len(self.workers)))))
                places = [self.todo.popleft() for _ in range(size)]
                worker.give([(place, self.pictures[place]) for place in places])
        self.progress.check()
        by_line = {worker.line: worker for worker in self.workers}
        for line in wait(list(by_line), timeout=0.1):
            yield from self._take(by_line[line], *by_line[line].hear())  # type: ignore[index]

    def _take(self, worker: _Worker, kind: str, *said: Any) -> Iterator[tuple[int, np.ndarray]]:  # noqa: ANN401
        if kind == "ready":
            worker.ready = True
        elif kind == "vectors":
            places, rows = said
            worker.hand.difference_update(places)
            yield from zip(places, rows, strict=True)
        elif kind == "done":  # what is left in its hand cannot be read
            worker.busy, worker.hand = False, set()
            for note in said[0]:
                self.progress.note(note)
        else:
            self._lose(worker, *said)

    def _lose(self, worker: _Worker, message: str, hint: str) -> None:
        self.todo.extendleft(sorted(worker.hand, reverse=True))
        self.workers.remove(worker)
        worker.end()
        if not self.workers:
            raise ModelError(message, hint)
        self.progress.note(f"{worker.device} was left out: {message}")


def _started(device: str, told: tuple[Any, ...], processes: int) -> _Worker:
    ours, theirs = Pipe()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),  # it finds what this one finds
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes)),
    }
    fd = theirs.fileno()
    words = [sys.executable, "-m", __spec__.name, str(fd)]
    process = subprocess.Popen(words, env=environment, pass_fds=[fd], stdin=subprocess.DEVNULL, stdout=2)
    theirs.close()
    worker = _Worker(device, process, ours)
    with suppress(OSError):
        ours.send(told)
    return worker


def _work(line: Connection) -> None:
    """The process's life: load the model, then answer block after block, until it is killed or left alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    role, spec, settings, load = line.recv()
    try:
        model = load(role, spec, settings)
        line.send(("ready",))
        while True:
            block = line.recv()
            _answer(model, block, line)
            line.send(("done", list(model.notes)))
    except VitrineError as problem:
        line.send(("failed", problem.message, problem.hint))


def _answer(model: Any, block: list[tuple[int, Shown]], line: Connection) -> None:  # noqa: ANN401  matcher or embedder
    places, rows = [], []
    since = time.monotonic()
    for i, row in model.pictures([picture for _, picture in block], lambda: None):
        places.append(block[i][0])
        rows.append(row)
        if time.monotonic() - since > _HAND_ON:
            line.send(("vectors", places, np.stack(rows)))
            places, rows, since = [], [], time.monotonic()
    if rows:
        line.send(("vectors", places, np.stack(rows)))


if __name__ == "__main__":
    with suppress(EOFError, OSError):  # whoever started this process is gone
        _work(Connection(int(sys.argv[1])))
