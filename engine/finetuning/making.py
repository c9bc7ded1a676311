"""Fine-tuning as a run: what is half learned lies in the run's folder, what comes out among the workspace's models."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.analyses.estimating import Estimate, RoleEstimate
from engine.finetuning import Params, Result, finetune, labelled, shelf
from engine.finetuning.folder import MARK
from engine.gallery import Gallery
from engine.progress import Progress
from engine.steps.denoising import Denoising

NAME, VERSION, ROLES = "finetuning", 1, ("denoiser",)
TASKS: tuple[str, ...] = ()
_WORK = "model"  # in the run's folder
_THERE_AND_BACK = 3  # evaluations that a picture of a step takes as long as
_LOOK = 64 * 8 * 2  # evaluations of a look, at most: held-out pictures, times, with and without their label

__all__ = ["Params", "Result", "estimate", "run", "tables"]


def run(gallery: Gallery, params: Params, *, denoiser: Denoising, progress: Progress, seed: int, to: Path) -> Result:
    """Learn, or go on learning; the model is then the workspace's, by the run's name.

    Args:
        gallery: pictures with labels.
        params: what is asked; the run's seed takes the place of theirs.
        denoiser: whose model to begin with.
        progress: counts steps, shows the held-out gap.
        seed: of batches, times and noise.
        to: the run's folder.

    Raises:
        GalleryError, StoreError, ModelError, Stopped: as `finetune`.
    """
    place, work = shelf.place(denoiser.settings.home, to.name), to / _WORK
    is_there = (place / MARK).exists()
    began, before = time.monotonic(), progress.cost.asked["steps"]
    where, asked = place if is_there else work, replace(params, seed=seed)
    result = finetune(gallery, denoiser.spec, where, asked, denoiser.settings, progress)
    if not is_there:
        shelf.keep(work, place)
    if steps := progress.cost.asked["steps"] - before:
        denoiser.add_rate(_task(params), steps, time.monotonic() - began)
    return result


def estimate(gallery: Gallery, params: Params, *, denoiser: Denoising, progress: Progress) -> Estimate:
    """Steps, at most, and how long they take.

    Raises:
        GalleryError: too few labels or pictures.
    """
    pictures = labelled(gallery.pictures, progress, params.labels)
    each, measured = denoiser.rate(_task(params)), True
    if each is None:
        evaluation, measured = denoiser.seconds()
        each = evaluation * (_THERE_AND_BACK * params.batch + _LOOK / params.every)
    seconds = params.steps * each
    role = RoleEstimate("steps", denoiser.spec, params.steps, 0, 0.0, 0.0, seconds, measured)
    return Estimate(len(pictures), (role,))


def tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """The result as tables, by the name of their CSV file."""
    looks = [{"step": step, "gap": gap, "kept": step == result.kept} for step, gap in result.history]
    return {"looks": looks, "labels": [{"label": label, "pictures": n} for label, n in result.labels.items()]}


def _task(params: Params) -> str:
    """What is timed: steps of one kind take equally long."""
    return f"steps {params.how} {params.batch}"
