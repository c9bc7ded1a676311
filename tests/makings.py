"""Makings in tests: asked, carried out here, or by a worker that is killed on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from engine.gallery import open_folder
from engine.jobs.asking import make_request
from engine.jobs.execute import execute
from engine.jobs.worker import work
from engine.models.roles import ModelSpec
from engine.settings import Settings
from engine.store.runs import Run, Runs, Status

SPEC = ModelSpec("diffusion", "assets/models/diffusion")


def submitted(name: str, folder: Path, params: Any, settings: Settings, spec: ModelSpec = SPEC, **words: Any) -> Run:
    request = make_request(name, open_folder(folder, settings), params, {"denoiser": spec})
    return Runs(settings.home).submit(request, **words)


def carried_out(run: Run, settings: Settings, **words: Any) -> Status:
    with run.hold() as got:
        assert got
        return execute(run, settings, **words)


def done(*asked: Any, **words: Any) -> Run:
    """Submitted and carried out to its end."""
    run = submitted(*asked, **words)
    status = carried_out(run, asked[3])
    assert status.state == "done", status.error
    return run


def kill_at(run: Run, settings: Settings, reached: Callable[[Status], bool]) -> None:
    """Let a worker carry out what waits, a copy of this process, in which all is loaded; kill it on the way."""
    worker = get_context("fork").Process(target=work, args=(lambda: settings, lambda: ""))
    worker.start()
    try:
        end = time.monotonic() + 60
        while not reached(run.status):
            assert time.monotonic() < end, run.status
            time.sleep(0.02)
    finally:
        worker.kill()
        worker.join()
    assert run.status.state == "running"
