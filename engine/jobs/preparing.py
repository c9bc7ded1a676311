"""What a gallery is looked at with, made ahead: thumbnails and measures, vectors, the map.

A program of its own (`python -m engine warm`), nice to the rest of the machine: runs and searches go first. All of it
is kept by content as it comes, so it can be ended at any time and goes on from there.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from engine.errors import RunError, Stopped
from engine.gallery import Gallery
from engine.gallery.looking import look_over, looks
from engine.jobs.worker import PARENT
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps import embeddings, layout

WHAT = ("looks", "map")
_WAITING = "waiting for others who look at pictures"
COLOURS = ModelSpec("measured", "measured colours", "1")  # what places pictures on the map where no matcher is there
ROOT = Path(__file__).resolve().parents[2]


def prepare(
    gallery: Gallery, what: str, specs: Mapping[str, ModelSpec], settings: Settings, progress: Progress
) -> None:
    """Make one of WHAT for a whole gallery; what is there already is not made again.

    Raises:
        VitrineError: the model cannot be used, the workspace is full, or somebody stopped it.
    """
    if what == "looks" or matcher_of(specs) == COLOURS:
        _look(gallery, settings, progress)
    if what == "map":
        _map(gallery, matcher_of(specs), settings, progress)


def matcher_of(specs: Mapping[str, ModelSpec]) -> ModelSpec:
    """Whose vectors the map shows: the matcher's, or measured colours where there is none."""
    return specs.get("matcher", COLOURS)


def _look(gallery: Gallery, settings: Settings, progress: Progress) -> None:
    """Thumbnails and measures; beside another process that makes some, wait until it has, and see what is left."""

    def count(done: int, total: int) -> None:
        progress.total = total
        progress.advance(done - progress.done)
        progress.check()

    with (settings.home / "looking.lock").open("a") as lock:
        while not _got(lock):
            if progress.step != _WAITING:
                progress.start(_WAITING, 0)
            time.sleep(0.2)
            progress.check()
        progress.start("looking at the pictures", len(gallery))
        look_over(gallery.pictures, settings.home, settings.max_pixels, count)


def _got(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _map(gallery: Gallery, spec: ModelSpec, settings: Settings, progress: Progress) -> None:
    path_of = lambda method: layout.path_of(settings.home, gallery.fingerprint, spec, method)  # noqa: E731
    missing: list[layout.Method] = [method for method in layout.METHODS if not path_of(method).is_file()]
    if not missing:
        return
    if spec == COLOURS:
        features = looks(gallery.pictures, settings.home).features
        known = ~_nan(features)
        vectors, places = features[known], known.nonzero()[0]
    else:
        found = embeddings.embed(gallery.pictures, spec, settings, progress, role="matcher")
        vectors, places = found.vectors, found.places
    if not len(places):
        raise RunError("No picture of this gallery could be looked at.", "Open its folder again.")
    for method in missing:
        progress.start({"pca": "a first map", "umap": "arranging the map"}[method], 0)
        points = layout.spread(layout.layout(vectors, 0, method, progress), places, len(gallery))
        layout.save(settings.home, gallery.fingerprint, spec, method, points)


def _nan(rows: Any) -> Any:  # noqa: ANN401  arrays: numpy is not imported here for one call
    return (rows != rows).any(axis=1)


def in_a_process(
    home: Path, gallery: str, what: str, told: Callable[[dict[str, Any]], None], stopping: Callable[[], bool]
) -> None:
    """Prepare in a process of its own, as this one has questions to answer.

    Args:
        home: the workspace.
        gallery: fingerprint of one that was opened.
        what: one of WHAT.
        told: shown step, done and total as they change.
        stopping: looked at after each of them.

    Raises:
        RunError: it failed; says why. Stopped: `stopping` said so.
    """
    words = [sys.executable, "-m", "engine", "warm", gallery, "--only", what, "--json"]
    environment = os.environ | {"VITRINE_HOME": str(home), PARENT: str(os.getpid())}
    with tempfile.TemporaryFile("w+", errors="replace") as complaints:
        process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        with process:
            assert process.stdout
            try:
                for line in process.stdout:
                    with suppress(ValueError):  # a library that prints
                        told(json.loads(line))
                    if stopping():
                        raise Stopped
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            complaints.seek(0)
            why = next((line for line in reversed(complaints.readlines()) if line.strip()), "It ended without a word.")
            raise RunError(why.strip().removeprefix("vitrine: "))
