"""Carry out one run in this process: what the worker and the command line share."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from pydantic import TypeAdapter

from engine.analyses import MAKINGS, analysis
from engine.errors import RunError, Stopped, VitrineError
from engine.gallery import load_gallery
from engine.jobs.asking import askers, chosen, helpers
from engine.jobs.trusting import refuse_strangers
from engine.progress import Cost, Progress
from engine.prompts import digest
from engine.settings import Settings
from engine.store.answers import Store
from engine.store.runs import Run, Status

_FRUITLESS = 5  # times in a row that a worker may die on a run without getting anything done


def execute(
    run: Run,
    settings: Settings,
    watch: Callable[[Progress], None] = lambda _: None,
    stopping: Callable[[], str] = lambda: "",
) -> Status:
    """Carry out a run whose lock the caller holds; its status tells how it ended.

    Args:
        run: the folder.
        settings: of this process.
        watch: shown the progress as it changes.
        stopping: says why this process must end, or an empty string. The run then goes back to the queue.
    """
    status = run.status
    if status.state == "running":  # whoever had it died
        status.fruitless += 1
    status.state, status.pid, status.error, status.hint = "running", os.getpid(), "", ""
    status.heartbeat = time.time()
    run.set_status(status)
    progress = _progress(run, status, settings, watch, stopping)
    try:
        if status.fruitless >= _FRUITLESS:
            raise RunError(
                f"The worker died {status.fruitless} times on this run without getting anywhere.",
                "Look at the log of the app; a smaller sample or another model may do.",
            )
        refuse_strangers(run, settings)
        if status.budget is not None and not settings.prices.known:
            raise RunError("A budget was set, but no prices, so it could not be kept.", "Set prices or no budget.")
        _answer(run, status, progress, settings)
        status.state = "done"
    except Stopped as said:
        status.state = "queued" if stopping() else "stopped"
        status.error, status.hint = said.message, said.hint
    except VitrineError as problem:
        status.state, status.error, status.hint = "failed", problem.message, problem.hint
    except Exception as problem:  # noqa: BLE001  a bug: the run says so, the worker lives on
        traceback.print_exc()
        status.state, status.error = "failed", f"An error in the program: {type(problem).__name__}: {problem}"
        status.hint = "Please report it with the log. Run again to go on: answers are kept."
    status.ended, status.fruitless = time.time(), 0
    _copy(progress, status)
    run.set_status(_with_what_it_has(run, status))
    (run.path / "cancel").unlink(missing_ok=True)
    return status


def _with_what_it_has(run: Run, status: Status) -> Status:
    """What stays written: a finished run that was asked again in vain has the answer that it had."""
    if (
        status.state not in ("failed", "stopped")
        or not status.revision
        or not run.result_path(status.revision).exists()
    ):
        return status
    note = f"Asking again: {status.error}"
    kept = [old for old in status.notes if old != note]
    return replace(status, state="done", again=False, error="", hint="", notes=[*kept, note])


def read_result(run: Run, revision: int = 0) -> Any:  # noqa: ANN401  the analysis' Result
    """A run's result.

    Raises:
        RunError: it has none (yet), or the file cannot be read.
    """
    path = run.result_path(revision)
    module = analysis(run.request.analysis)
    try:
        # Not validate_json, which is stricter than json: file names may hold bytes that are no text.
        return TypeAdapter(module.Result).validate_python(json.loads(path.read_bytes()))
    except FileNotFoundError:
        how = {"failed": "it failed", "stopped": "it was stopped", "done": "its file is gone"}
        why = how.get(run.status.state, "it is not done yet")
        raise RunError(f"This run has no result: {why}.", "Ask it again: answers are kept.") from None
    except (OSError, ValueError) as problem:
        raise RunError(
            f"{path} cannot be read: {problem}.", "Delete this run and ask again: answers are kept."
        ) from None


def _answer(run: Run, status: Status, progress: Progress, settings: Settings) -> None:
    request = run.request
    module = analysis(request.analysis)
    if (request.version, request.prompts) != (module.VERSION, digest(module.TASKS)):
        raise RunError("This run was asked of an older version.", "Ask again: the new run reuses what still holds.")
    gallery = chosen(load_gallery(request.gallery, settings.home), request.members)
    params = TypeAdapter(module.Params).validate_python(request.params)
    store = Store(settings.home)
    try:
        asks = askers(request.models, settings, store, progress) | helpers(request.analysis, settings, progress)
        place = {"to": run.path} if request.analysis in MAKINGS else {}
        result = module.run(gallery, params, **asks, **place, progress=progress, seed=request.seed)
    finally:
        store.close()
    status.revision = status.revision + 1 if status.again or not status.revision else status.revision
    status.again = False
    run.write(run.result_path(status.revision).name, asdict(result))
    (run.path / "partial.json").unlink(missing_ok=True)


def _progress(
    run: Run, status: Status, settings: Settings, watch: Callable[[Progress], None], stopping: Callable[[], str]
) -> Progress:
    before = Cost(Counter(status.asked), Counter(), 0, status.tokens_in, status.tokens_out, status.seconds)
    told: dict[str, Any] = {}
    asked_before = sum(status.asked.values())

    def sink(progress: Progress) -> None:
        if sum(progress.cost.asked.values()) > asked_before:
            status.fruitless = 0
        _copy(progress, status)
        run.set_status(status)
        if progress.partial and progress.partial is not told.get("partial"):
            told["partial"] = progress.partial
            run.write("partial.json", progress.partial)
        watch(progress)

    return Progress(sink, lambda: "Stopped." if run.cancelled else stopping(), settings.prices, status.budget, before)


def _copy(progress: Progress, status: Status) -> None:
    cost = progress.cost
    status.step, status.done, status.total = progress.step, progress.done, progress.total
    status.rate, status.seconds_left = progress.rate, progress.seconds_left
    status.asked, status.known, status.failed = dict(cost.asked), dict(cost.known), cost.failed
    status.unanswered = progress.unanswered
    status.tokens_in, status.tokens_out, status.seconds = cost.tokens_in, cost.tokens_out, cost.seconds
    status.money, status.notes, status.heartbeat = progress.money, list(progress.notes), time.time()
