"""Runs as folders of the workspace: the same question asked twice is the same folder.

runs/<id>/request.json   what was asked; the id is its fingerprint
          status.json    queued, running, done, failed or stopped; step, count, cost, heartbeat
          partial.json   first results while it runs
          result.json    the answer (result.2.json and so on: asked again for what was missing)
          edits.jsonl    a person's changes, numbered
          asked.jsonl    what was asked for changes of the finished run, each with its cost
          remarks.json   tags and a note
          imported.json  it came as a file from another workspace: when, and what that file was called
          lock           held by whoever executes the run; the system lets go of it when that process dies
          cancel         somebody wants it to stop
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import RunError, StoreError
from engine.models.roles import ModelSpec
from engine.progress import Progress

_ID = re.compile(r"[0-9a-f]{16}")
ACTIVE = ("queued", "running")
IMPORTED = "imported.json"


@dataclass(frozen=True)
class Request:
    """What one run answers. Budget, concurrency and prices are no part of it.

    Args:
        analysis: a name of analyses.ANALYSES or MAKINGS.
        version: that analysis' version.
        prompts: digest of its instructions.
        gallery: fingerprint.
        selection: the set's name, for people.
        members: names of the set's pictures, None for all of the gallery.
        params: the analysis' Params as plain values.
        seed: of whatever is drawn at random.
        models: who plays which role.
    """

    analysis: str
    version: int
    prompts: str
    gallery: str
    params: Mapping[str, Any]
    models: Mapping[str, ModelSpec]
    seed: int = 0
    selection: str = "everything"
    members: tuple[str, ...] | None = None

    @property
    def id(self) -> str:
        """16 hex digits: the fingerprint of all that can change the result (so not of the set's name)."""
        said = asdict(self)
        del said["selection"]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


@dataclass
class Status:
    """How a run stands. Money is None where no prices are set; times are seconds since 1970."""

    state: str = "queued"
    step: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    seconds_left: float | None = None
    asked: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    unanswered: int = 0  # of the questions asked so far; each is asked once more before it has failed
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    money: float | None = None
    notes: list[str] = field(default_factory=list)
    error: str = ""
    hint: str = ""
    queued: float = 0.0
    ended: float = 0.0
    heartbeat: float = 0.0
    pid: int = 0
    revision: int = 0  # of the newest result; 0 before there is one
    budget: float | None = None
    again: bool = False  # a new revision is wanted
    background: bool = False  # nobody waits for it: others go first
    fruitless: int = 0  # times in a row that a worker died without getting anything done


@dataclass(frozen=True)
class Run:
    """One folder under runs/."""

    path: Path

    @property
    def id(self) -> str:
        """Its name, in addresses and on the command line."""
        return self.path.name

    @property
    def request(self) -> Request:
        """What was asked."""
        said = _read_json(self.path / "request.json")
        try:
            said["models"] = {role: ModelSpec(**spec) for role, spec in said["models"].items()}
            said["members"] = None if said["members"] is None else tuple(said["members"])
            if not isinstance(said["params"], dict):
                raise TypeError
            return Request(**said)
        except (KeyError, TypeError, AttributeError):
            raise RunError(f"{self.path} is damaged.", "Ask the same again: it is mended.") from None

    @property
    def is_imported(self) -> bool:
        """Whether it came as a file, so that nobody here chose its models."""
        return (self.path / IMPORTED).exists()

    @property
    def is_damaged(self) -> bool:
        """Whether nobody can tell any more what was asked."""
        try:
            return not self.request
        except RunError:
            return True

    @property
    def status(self) -> Status:
        """How it stands."""
        said = _read_json(self.path / "status.json")
        return Status(**{name: value for name, value in said.items() if name in Status.__dataclass_fields__})

    @property
    def partial(self) -> dict[str, Any]:
        """First results while it runs; empty where there are none."""
        try:
            return _read_json(self.path / "partial.json")
        except RunError:
            return {}

    def result_path(self, revision: int = 0) -> Path:
        """Where a revision's result lies; the newest by default."""
        revision = revision or self.status.revision
        return self.path / ("result.json" if revision <= 1 else f"result.{revision}.json")

    def write(self, name: str, value: Any) -> None:  # noqa: ANN401
        """Write JSON beside, then rename it into place."""
        write_json(self.path / name, value)

    def set_status(self, status: Status) -> None:
        """Write how it stands."""
        self.write("status.json", asdict(status))

    def edits(self) -> list[dict[str, Any]]:
        """A person's changes in order, each with its number `n` from 1."""
        return [edit | {"n": i} for i, edit in enumerate(self._lines("edits.jsonl"), 1)]

    def add_edit(self, edit: Mapping[str, Any]) -> None:
        """Append one change."""
        self._append("edits.jsonl", {**edit, "at": time.time()})

    def asked_since(self) -> Status:
        """What was asked and spent for a person's changes since it was done, those that were not made included."""
        found = Status()
        for one in self._lines("asked.jsonl"):
            found.asked = dict(Counter(found.asked) + Counter(one["asked"]))
            found.tokens_in, found.tokens_out = found.tokens_in + one["tokens_in"], found.tokens_out + one["tokens_out"]
            found.seconds += one["seconds"]
            found.money = found.money if one["money"] is None else (found.money or 0.0) + one["money"]
        return found

    def add_asked(self, progress: Progress) -> None:
        """Keep what was asked and spent for a change, if anything was."""
        if (cost := progress.cost).asked:
            tokens = {"tokens_in": cost.tokens_in, "tokens_out": cost.tokens_out}
            self._append(
                "asked.jsonl", {"asked": cost.asked, **tokens, "seconds": cost.seconds, "money": progress.money}
            )

    def _lines(self, name: str) -> list[dict[str, Any]]:
        """What a log holds; a torn line is left out."""
        try:
            return list(filter(None, map(_edit, (self.path / name).read_text().splitlines())))
        except FileNotFoundError:
            return []

    def _append(self, name: str, said: Mapping[str, Any]) -> None:
        line = json.dumps(said) + "\n"
        with writing(self.path), (self.path / name).open("ab+") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            if log.seek(0, os.SEEK_END):
                log.seek(-1, os.SEEK_END)
                line = line if log.read(1) == b"\n" else "\n" + line  # a full disk tore the last one
            log.write(line.encode())
            log.flush()
            os.utime(self.path)  # lists of runs look at the folder's time only

    def drop_edit(self) -> None:
        """Take the newest change back."""
        self.keep_edits(self.edits()[:-1])

    def keep_edits(self, edits: Sequence[Mapping[str, Any]]) -> None:
        """Put these changes in place of the log."""
        kept = [json.dumps({"at": time.time()} | {k: v for k, v in e.items() if k != "n"}) for e in edits]
        beside = self.path / "edits.new"
        with writing(self.path):
            beside.write_text("".join(line + "\n" for line in kept))
            beside.replace(self.path / "edits.jsonl")

    @contextmanager
    def hold(self, wait: bool = False) -> Iterator[bool]:
        """Hold the run's lock; yields whether it was got. The system frees it when this process dies."""
        with writing(self.path):
            lock = (self.path / "lock").open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                got = True
            except BlockingIOError:
                got = False
            yield got

    @property
    def is_held(self) -> bool:
        """Whether some living process executes it now."""
        with self.hold() as got:
            return not got

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants it to stop."""
        return (self.path / "cancel").exists()

    def stop(self) -> None:
        """Ask for its end; a run that nobody executes is stopped at once."""
        with writing(self.path):
            (self.path / "cancel").touch()
        with self.hold() as free:
            if free and (status := self.status).state in ACTIVE:
                status.state, status.error, status.ended = "stopped", "Stopped.", time.time()
                self.set_status(status)


class Runs:
    """All runs of a workspace."""

    def __init__(self, home: Path) -> None:
        self._root = home / "runs"

    def get(self, id: str) -> Run:
        """One run by its id, or the beginning of it.

        Raises:
            RunError: there is none, or several begin so.
        """
        if is_id(id) and (self._root / id / "request.json").exists():
            return Run(self._root / id)
        found = sorted(self._root.glob(f"{id}*/request.json")) if re.fullmatch(r"[0-9a-f]{1,16}", id) else []
        if len(found) != 1:
            what = f"There is no run {id[:40]!r} here." if not found else f"{len(found)} runs begin with {id}."
            raise RunError(what, "`python -m engine runs` and the Runs page list them.")
        return Run(found[0].parent)

    def all(self) -> list[tuple[Run, Status]]:
        """Every run with its status, newest first."""
        if not self._root.is_dir():
            return []
        found = [Run(self._root / name) for name in os.listdir(self._root) if is_id(name)]
        pairs = [(run, status) for run in found if (status := standing(run))]
        return sorted(pairs, key=lambda pair: -pair[1].queued)

    def submit(
        self, request: Request, budget: float | None = None, again: bool = False, background: bool = False
    ) -> Run:
        """Queue a request, or find that it was asked before.

        A finished run stays finished unless `again`; a failed or stopped one is queued anew; a running one is left
        alone.
        """
        run = Run(self._root / request.id)
        with writing(run.path):
            run.path.mkdir(parents=True, exist_ok=True)
        run.write("request.json", asdict(request))
        if not (run.path / "status.json").exists():
            run.set_status(Status(queued=time.time(), budget=budget, background=background))
            return run
        status = run.status
        if status.state in ACTIVE and run.is_held:
            return run
        if status.state == "done" and not again and run.result_path(status.revision).exists():
            return run
        (run.path / "cancel").unlink(missing_ok=True)
        status.state, status.error, status.hint, status.fruitless = "queued", "", "", 0
        status.queued, status.budget, status.again = time.time(), budget, again or status.again
        run.set_status(status)
        return run

    def delete(self, id: str) -> None:
        """Remove a run's folder; answers stay in the store.

        Raises:
            RunError: it is being executed.
        """
        run = self.get(id)
        with run.hold() as free:
            if not free:
                raise RunError("This run is being executed.", "Stop it first.")
            shutil.rmtree(run.path)


def standing(run: Run) -> Status | None:
    """A run's status for a list of runs, which one bad file must not empty; None where there is no run."""
    try:
        return run.status
    except RunError as problem:
        gone = not (run.path / "status.json").exists()
        return None if gone else Status("failed", error=problem.message, hint=problem.hint)


def is_id(name: str) -> bool:
    """Whether a folder may be a run's, by its name."""
    return bool(_ID.fullmatch(name))


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401
    """Write JSON beside `path`, then rename it into place."""
    with writing(path.parent):
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(value))
        beside.replace(path)


def _edit(line: str) -> dict[str, Any]:
    try:
        return json.loads(line)
    except ValueError:  # torn
        return {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text())
        if not isinstance(said, dict):
            raise ValueError("it holds something else")
        return said
    except (OSError, ValueError, RecursionError) as problem:
        raise RunError(
            f"{path} cannot be read: {problem}.", "Delete this run and ask again: answers are kept."
        ) from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in our words that a folder of the workspace cannot be written."""
    try:
        yield
    except OSError as problem:
        raise StoreError(
            f"{path} cannot be written: {problem.strerror or problem}.",
            "Make room on the disk, or set VITRINE_HOME to a folder you may write to.",
        ) from problem
