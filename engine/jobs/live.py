"""`python -m engine live`: small things that must not wait in the queue: opening a folder, a search, a model tried.

A Unix socket in the workspace; one JSON line in, one JSON line out, within a few seconds: the answer, or "working" with
a count. The same request asked again is the way to wait for it. Pages reach models only through here.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from engine.errors import SettingsError, Stopped, VitrineError
from engine.gallery import load_gallery, open_folder, shared_gallery
from engine.jobs.asking import askers
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.answers import AnswerError
from engine.steps.tasks import DESCRIBE, LABEL
from engine.store.answers import Store

_LONGEST = 4.0  # seconds an asker is kept waiting, whatever they say


def ask(home: Path, op: str, wait: float = 1.0, **words: str) -> dict[str, Any]:
    """Ask the live process; the answer has `state`: done, working (step, done, total) or failed (error and hint).

    Args:
        home: the workspace.
        op: a name of OPERATIONS.
        wait: seconds to wait for the answer before "working" is said; 0 to set it going and look no further.
        words: the operation's own.
    """
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_LONGEST + 1)
            line.connect(str(address(home)))
            line.sendall(json.dumps({"op": op, "wait": wait, "words": words}).encode() + b"\n")
            with line.makefile("rb") as answer:
                return json.loads(answer.readline())
    except (OSError, ValueError):
        return {"state": "away", "error": "The live process is starting.", "hint": "Try again in a few seconds."}


def address(home: Path) -> Path:
    """The socket's path; a Unix socket's may have about 100 bytes, so a long workspace gets a short stand-in."""
    path = home / "live.sock"
    if len(os.fsencode(path)) < 100:
        return path
    return Path(tempfile.gettempdir()) / f"vitrine-{hashlib.sha256(str(home).encode()).hexdigest()[:16]}.sock"


def serve(read_settings: Callable[[], Settings], ending: Callable[[], str]) -> None:
    """Answer until told to end; beside another live process of this workspace, wait until that one has ended.

    Args:
        read_settings: called for each request: the endpoint may have been connected meanwhile.
        ending: says why this process should end, or an empty string.
    """
    path = address(read_settings().home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:  # the system lets go of it when its holder dies
        while not ending():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.3)
            else:
                return _listen(path, read_settings, ending)


def _listen(path: Path, read_settings: Callable[[], Settings], ending: Callable[[], str]) -> None:
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    desk = _Desk(read_settings)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                said = json.loads(self.rfile.readline())
                answer = desk.answer(said["op"], said["words"], float(said["wait"]))
            except (ValueError, KeyError, TypeError):
                answer = {"state": "failed", "error": "That was no request.", "hint": ""}
            with suppress(ConnectionError):  # who asked has gone; asked again, it is there
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    before = os.umask(0o177)  # for its owner alone, from its first moment
    try:
        server = Server(str(beside), Handler)
    finally:
        os.umask(before)
    beside.replace(path)  # a socket that has its name is listened to: bound but not yet listening, it refuses
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while not ending():
            time.sleep(0.3)
        server.shutdown()
    path.unlink(missing_ok=True)


_BUG = {"state": "failed", "error": "An error in the program.", "hint": "Please report it with the app's log."}


@dataclass
class _Job:
    thread: threading.Thread | None = None
    step: str = ""
    done: int = 0
    total: int = 0
    ending: bool = False  # somebody wants it to stop
    answer: dict[str, Any] = field(default_factory=lambda: dict(_BUG))  # until there is another
    asked: float = field(default_factory=time.monotonic)

    def count(self, done: int, total: int) -> None:
        """Progress from inside; ends the work when nobody has asked for a minute."""
        self.done, self.total = done, total
        if time.monotonic() - self.asked > 60:
            raise Stopped


class _Desk:
    """Jobs in progress, by what was asked."""

    def __init__(self, read_settings: Callable[[], Settings]) -> None:
        self._read_settings, self._jobs, self._lock = read_settings, dict[str, _Job](), threading.Lock()

    def answer(self, op: str, words: dict[str, str], wait: float) -> dict[str, Any]:
        """The answer, or how far it is."""
        if op == "stop":
            return self._stop(words)
        if op not in OPERATIONS:
            return {"state": "failed", "error": f"There is no operation {op!r}.", "hint": ""}
        name = json.dumps([op, words], sort_keys=True)
        with self._lock:
            job = self._jobs.get(name)
            if job is None:
                job = self._jobs[name] = _Job()
                job.thread = threading.Thread(target=self._work, args=(job, op, words), daemon=True)
                job.thread.start()
            job.asked = time.monotonic()
        assert job.thread
        job.thread.join(min(wait, _LONGEST))
        if job.thread.is_alive():
            return {"state": "working", "step": job.step, "done": job.done, "total": job.total}
        with self._lock:
            self._jobs.pop(name, None)
        return job.answer

    def _stop(self, words: dict[str, str]) -> dict[str, Any]:
        """Let what is being prepared with these words end."""
        with self._lock:
            if job := self._jobs.get(json.dumps(["prepare", words], sort_keys=True)):
                job.ending = True
        return {"state": "done"}

    def _work(self, job: _Job, op: str, words: dict[str, str]) -> None:
        try:
            job.answer = {"state": "done"} | OPERATIONS[op](self._read_settings(), job, **words)
        except VitrineError as problem:
            job.answer = {"state": "failed", "error": problem.message, "hint": problem.hint}
        except TypeError:
            job.answer = {"state": "failed", "error": f"{op} was asked with the wrong words.", "hint": ""}


def _open(settings: Settings, job: _Job, path: str, labels: str) -> dict[str, Any]:
    """Scan a folder (already allowed by the asker) into a gallery."""
    return {"fingerprint": open_folder(Path(path), settings, labels, job.count).fingerprint}


def _list_models(settings: Settings, job: _Job, url: str) -> dict[str, Any]:
    """The models that a server lists."""
    from engine.models.openai_endpoint import list_models

    del job
    return {"models": list_models(replace(settings.endpoint, url=url))}


def _try(settings: Settings, job: _Job, gallery: str, name: str, criterion: str) -> dict[str, Any]:
    """One picture through vision, its description through chat; asked anew, whatever the store knows."""
    from engine.models.openai_endpoint import profile_path

    opened = load_gallery(gallery, settings.home)
    picture = opened.by_name.get(name)
    if picture is None:
        raise SettingsError("There is no such picture in this gallery.", "Open the gallery again.")
    specs = profiles.specs(settings.models, settings, opened.root)
    for spec in specs.values():
        if spec.backend == "openai_endpoint":  # found out anew: the server may have changed
            profile_path(spec, settings.home).unlink(missing_ok=True)
    ask = {"criterion": criterion, "look_at": "", "ignore": ""}
    job.total = 2
    with tempfile.TemporaryDirectory() as scratch:
        store, progress = Store(Path(scratch)), Progress()
        by_role = askers(specs, settings, store, progress)
        began = time.monotonic()
        ((_, seen),) = by_role["vision"].each(DESCRIBE, ask, [picture])
        if isinstance(seen, AnswerError):
            raise SettingsError(f"{specs['vision'].label}: {seen.reason}.", seen.raw[:200])
        job.done, took = 1, time.monotonic() - began
        ((_, label),) = by_role["chat"].each(LABEL, ask, [seen["description"] or seen["label"]])
        if isinstance(label, AnswerError):
            raise SettingsError(f"{specs['chat'].label}: {label.reason}.", label.raw[:200])
        prose = by_role["vision"].writes_prose
        store.close()
    return {
        "description": seen["description"],
        "label": seen["label"] or label["label"],
        "seconds": took,
        "tokens": progress.cost.tokens_in + progress.cost.tokens_out,
        "prose": prose,
    }


def _prepare(settings: Settings, job: _Job, gallery: str, what: str) -> dict[str, Any]:
    """Thumbnails and measures, or the map, of a whole gallery; it goes on when nobody asks any more."""
    from engine.jobs.preparing import in_a_process

    def told(said: dict[str, Any]) -> None:
        job.step, job.done, job.total = said["step"], said["done"], said["total"]

    in_a_process(settings.home, gallery, what, told, lambda: job.ending)
    return {}


_MATCHERS = threading.Lock()  # one model at a time, and one at most in memory


def _search(settings: Settings, job: _Job, gallery: str, words: str, picture: str) -> dict[str, Any]:
    """Scores of all pictures of a gallery, base64 of float32, NaN where nothing is known."""
    job.step = "Loading what compares words with pictures"
    from engine.jobs import searching

    with _MATCHERS:
        found = searching.search(shared_gallery(gallery, settings.home), words, picture, settings, _matchers())
    scores = base64.b64encode(found.scores.tobytes()).decode()
    return {"scores": scores, "by": found.by, "known": found.known}


def _ends(settings: Settings, job: _Job, run: str, axis: str) -> dict[str, Any]:
    """Words for the two ends of a diversity run's direction."""
    job.step = "Loading what compares words with pictures"
    from engine.jobs.ends import words_for_ends
    from engine.store.runs import Runs

    with _MATCHERS:
        told = words_for_ends(Runs(settings.home).get(run), int(axis), settings, _matchers())
    return {"low": told.low, "high": told.high, "by": told.by}


def _split(settings: Settings, job: _Job, run: str, cluster: str, k: str) -> dict[str, Any]:
    """Names for the parts of a cluster, with the raw labels of each; k is a number, or nothing for as many as fit."""
    job.step = "Asking"
    from engine.jobs.splitting import parts
    from engine.store.runs import Runs

    found = Runs(settings.home).get(run)
    told = parts(found, cluster, int(k) if k else None, settings)
    return {"parts": {name: list(labels) for name, labels in told.items()}, "by": found.request.models["chat"].label}


def _typical(settings: Settings, job: _Job, run: str, picture: str) -> dict[str, Any]:
    """How typical an uploaded picture is of each label of a typicality run; maps as base64 of float32."""
    job.step = "Loading what tells noise"
    from engine.jobs import typical
    from engine.jobs.trusting import refuse_strangers
    from engine.store.runs import Runs

    found = Runs(settings.home).get(run)
    refuse_strangers(found, settings)
    with _MATCHERS:
        told = typical.answered(found.request, typical.upload_of(picture, settings), settings, job.count, _denoisers())
    return _typical_words(told)


def _typical_words(told: Any) -> dict[str, Any]:  # noqa: ANN401  typical.One, imported when first asked for
    """What a socket can carry of it."""
    return {
        "labels": [
            {"label": one.label, "typicality": one.typicality, "low": one.low, "high": one.high,
             "posterior": one.posterior, "shape": list(one.map.shape),
             "map": base64.b64encode(one.map.astype("<f4").tobytes()).decode()}
            for one in told
        ],
    }  # fmt: skip


def _crops(settings: Settings, job: _Job, run: str, label: str, sizes: str) -> dict[str, Any]:
    """Vectors of parts of a label's pictures, by the gallery's matcher, for the CLIP difference; they are kept."""
    job.step = "Loading what compares words with pictures"
    from engine.jobs import cropping, typical
    from engine.store.runs import Runs

    told = typical.of_run(Runs(settings.home).get(run), settings)
    spec = profiles.specs(settings.models, settings, told.gallery.root).get("matcher")
    if spec is None:
        raise SettingsError("No matcher is there.", "Choose models with one on the Models page.")

    def load(role: str, spec: ModelSpec, settings: Settings) -> Any:  # noqa: ANN401  a roles.Matcher
        del role
        with _MATCHERS:
            return _matchers().get(spec, settings)

    def count(progress: Progress) -> None:
        job.step = progress.step
        job.count(progress.done, progress.total)

    asked = told.asked(tuple(json.loads(sizes)), told.params.elements, told.params.per_picture)
    cropping.look(told, label, asked, spec, settings, Progress(count), load)
    return {}


@cache
def _denoisers() -> dict[str, Any]:
    """The model in memory, by its spec: one at most."""
    return {}


@cache
def _matchers() -> Any:  # noqa: ANN401  searching.Matchers, whose module is imported when first searched
    from engine.jobs.searching import Matchers

    return Matchers()


OPERATIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "open": _open,
    "list_models": _list_models,
    "try": _try,
    "prepare": _prepare,
    "search": _search,
    "ends": _ends,
    "split": _split,
    "typical": _typical,
    "crops": _crops,
}
