"""Processes that look at pictures for another one: `python -m engine.gallery.lookers HOME MAX_PIXELS`.

Threads would do for decoding, but a fifth of a look is small steps that hold the interpreter: beside other work, two
threads got less done than one. A process of its own may also be killed, by a decoder that crashes or for its memory:
what it had in hand is tried again one by one, and what kills a second one is left out.

They are told what to look at on their standard input and end with it, so none outlives who asked.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import StoreError, VitrineError
from engine.gallery.appearance import look
from engine.gallery.measures import SIDE
from engine.gallery.reading import Unreadable, read_picture
from engine.gallery.thumbs import THUMB, keep_thumbnail

CHANGED = "changed since its folder was opened"
CRASHED = "it ended the process that read it"
Task = tuple[str, list[Path]]
"""The hash of some content, and the files that had it."""
Seen = tuple[str, bytes, str]
"""The hash, one row of appearance.LOOK or nothing, and why nothing."""
_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = (sys.executable, "-m", "engine.gallery.lookers")
_FEW = 24  # pictures that are looked at sooner than processes have started
_CHUNK = 8  # pictures handed out at once: tiny ones take no longer than that


def look_at(tasks: Sequence[Task], home: Path, max_pixels: int) -> Iterator[list[Seen]]:
    """Thumbnails are made; what was seen is given as it comes, and an empty list where nothing came for a while.

    Raises:
        StoreError: the workspace cannot be written, or no process can be started.
    """
    if len(tasks) <= _FEW:
        yield from ([_look(*task, home, max_pixels)] for task in tasks)
        return
    crew = _Crew(tasks, [*_COMMAND, str(home), str(max_pixels)], os.cpu_count() or 1)
    try:
        missing = len(tasks)
        while missing:
            seen = crew.next()
            missing -= len(seen)
            yield seen
    finally:
        crew.end()


class _Crew:
    """Processes at work, each tended by a thread that hands it pictures and waits for it."""

    def __init__(self, tasks: Sequence[Task], command: list[str], size: int) -> None:
        self._left = deque(list(tasks[at : at + _CHUNK]) for at in range(0, len(tasks), _CHUNK))
        self._done: queue.SimpleQueue[list[Seen] | VitrineError] = queue.SimpleQueue()
        self._command, self._closing = command, threading.Event()
        self._processes: list[subprocess.Popen[bytes]] = []
        size = min(size, len(self._left))
        self._threads = [threading.Thread(target=self._tend, name=f"looker {i}", daemon=True) for i in range(size)]
        for thread in self._threads:
            thread.start()

    def next(self) -> list[Seen]:
        """What was seen next, or an empty list after a while; raises as `look_at`."""
        try:
            seen = self._done.get(timeout=0.2)
        except queue.Empty:
            if any(thread.is_alive() for thread in self._threads):
                return []
            raise StoreError("Nobody is left to look at the pictures.", "Open the gallery again.") from None
        if isinstance(seen, VitrineError):
            raise seen
        return seen

    def end(self) -> None:
        """Nobody works on, whatever is left."""
        self._closing.set()
        for process in self._processes:
            process.kill()
        for thread in self._threads:
            thread.join()

    def _tend(self) -> None:
        process = None
        while not self._closing.is_set():
            try:
                chunk = self._left.popleft()
            except IndexError:  # what another one could not do may still come back
                self._closing.wait(0.05)
                continue
            try:
                process = process or self._start()
            except OSError as problem:
                self._done.put(StoreError(f"No process can be started: {problem}.", "Close some other programs."))
                return
            try:
                self._done.put(_asked(process, chunk))
            except (OSError, EOFError, pickle.UnpicklingError):
                _end(process)
                process = None
                if len(chunk) > 1:
                    self._left.extend([task] for task in chunk)
                else:
                    self._done.put([(chunk[0][0], b"", CRASHED)])
        if process:
            _end(process)

    def _start(self) -> subprocess.Popen[bytes]:
        alone = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        process = subprocess.Popen(
            self._command,
            cwd=_ROOT,
            env=os.environ | alone,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for who asked
        )
        self._processes.append(process)
        if self._closing.is_set():
            process.kill()
        return process


def _asked(process: subprocess.Popen[bytes], chunk: list[Task]) -> list[Seen] | VitrineError:
    assert process.stdin
    assert process.stdout
    pickle.dump(chunk, process.stdin)
    process.stdin.flush()
    return pickle.load(process.stdout)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with suppress(OSError):  # what was not sent any more
        process.communicate()


def main() -> None:
    """Look at what is asked for until nobody is there to ask."""
    home, max_pixels = Path(sys.argv[1]), int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    with suppress(EOFError, BrokenPipeError):
        while True:
            chunk: list[Task] = pickle.load(sys.stdin.buffer)
            try:
                answer = [_look(*task, home, max_pixels) for task in chunk]
            except VitrineError as problem:
                answer = problem
            pickle.dump(answer, answers)
            answers.flush()


def _look(hash: str, paths: Sequence[Path], home: Path, max_pixels: int) -> Seen:
    """Look at the first of these files that still has this content."""
    reason = ""
    for path in paths:
        try:
            picture = read_picture(path, max_pixels, enough=2 * max(THUMB, SIDE))
        except Unreadable as problem:
            reason = problem.reason
            continue
        if _digest(path) == hash:
            keep_thumbnail(home, hash, picture)
            return hash, look(picture).tobytes(), ""
        reason = CHANGED
    return hash, b"", reason


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
