"""A model in Stable Diffusion's format learns the labels of a gallery.

After Siglidis et al. (ECCV 2024, arXiv 2408.02752), who fine-tune before they ask what is typical of a label. We keep
the model's own text encoder, which learns, too, say labels in one template that is stored with the model, and measure
progress on pictures that are never trained on: by how much the label helps to tell the noise in them. Each step depends
on the seed and its number alone, so that a killed process goes on and, on a processor, ends with the same bits.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.disk import written
from engine.errors import GalleryError, SettingsError, Stopped
from engine.finetuning import folder
from engine.gallery import Gallery, Picture
from engine.models.roles import Latent, ModelSpec
from engine.models.templates import Template
from engine.progress import Progress
from engine.settings import Settings

HOWS = ("full", "lora")
LEAST = 5  # pictures of a label that can be learned
_KEPT_EVERY, _SPARED = 120.0, 20  # seconds between checkpoints; and so many times as long as one takes to write


@dataclass(frozen=True)
class Params:
    """What is asked.

    Args:
        steps: at most so many; it ends sooner where the held-out gap no longer rises.
        how: full trains U-Net and text encoder, lora small additions to both, merged in the end.
        template: of the prompts.
        rate: AdamW's; 0 for the usual one of `how`.
        batch: pictures a step.
        every: steps between looks at held-out pictures.
        patience: so many looks without a rise end it.
        seed: of batches, times and noise.
        labels: that are taught; none: all.

    Raises:
        SettingsError: a value that cannot be used.
    """

    steps: int = 2000
    how: str = "full"
    template: Template = field(default_factory=Template)
    rate: float = 0.0
    batch: int = 16
    every: int = 100
    patience: int = 6
    seed: int = 0
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.how not in HOWS:
            raise SettingsError(f"There is no way {self.how!r} to fine-tune.", f"Use {' or '.join(HOWS)}.")
        for name in ("steps", "batch", "every", "patience"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}.", "Use 1 or more.")
        if self.seed < 0:
            raise SettingsError(f"seed is {self.seed}.", "Use 0 or more.")
        if not 0 <= self.rate < 1:
            raise SettingsError(f"rate is {self.rate:g}.", "Use a number such as 1e-4.")


@dataclass(frozen=True)
class Result:
    """How it went.

    Args:
        steps: taken.
        kept: the step whose weights are kept: the one with the largest gap.
        gap: there; mean over held-out pictures of loss(null) - loss(label).
        before: the gap before the first step.
        history: step and gap of each look.
        labels: pictures by label, trained on and held out together.
        held_out: how many pictures were never trained on.
    """

    steps: int
    kept: int
    gap: float
    before: float
    history: list[tuple[int, float]]
    labels: dict[str, int]
    held_out: int


def finetune(
    gallery: Gallery,
    spec: ModelSpec,
    to: Path,
    params: Params,
    settings: Settings,
    progress: Progress,
    kept_every: float | None = None,
) -> Result:
    """Fine-tune a model on a gallery's labels, or go on with it; `to` is then an ordinary pipeline's folder.

    Args:
        gallery: pictures with labels.
        spec: the model to begin with.
        to: a new or empty folder, or one in which the same words began.
        params: what is asked.
        settings: of this process.
        progress: counts steps, shows the held-out gap, says when to stop.
        kept_every: seconds between checkpoints; by default two minutes, or more where they take long to write.

    Raises:
        GalleryError: too few labels or pictures.
        StoreError: `to` holds something else, or cannot be written.
        ModelError: the model cannot be loaded, lacks memory, or its loss is no number any more.
        Stopped: `progress` said so; what was learned is kept, and the same words go on.
    """
    pictures = labelled(gallery.pictures, progress, params.labels)
    asked = folder.asked(pictures, spec, params)
    if done := folder.finished(to, asked):
        return Result(**{**done, "history": [(step, gap) for step, gap in done["history"]]})
    with folder.work_in(to, asked) as work:
        from engine.models import tuning

        progress.start(f"loading {spec.name}", 0)
        model = tuning.load(spec, settings)
        latents = _latents(model, pictures, work, progress)
        pictures = labelled([p for p in pictures if p.hash in latents], progress, params.labels)
        held_out = _held_out(pictures)
        lessons = [(Latent(p.hash, latents[p.hash]), params.template.of(p.label)) for p in pictures]
        tuner = tuning.Tuner(
            model,
            [lesson for lesson in lessons if lesson[0].hash not in held_out],
            [lesson for lesson in lessons if lesson[0].hash in held_out],
            null=params.template.null,
            is_full=params.how == "full",
            rate=params.rate,
            batch=params.batch,
            seed=params.seed,
        )
        steps, history = _trained(tuner, work, params, progress, kept_every)
        kept, gap = max(history, key=lambda look: look[1])
        if not kept:
            progress.note("labels helped held-out pictures no more than before: the model is kept as it was")
        labels = dict(Counter(p.label for p in pictures))
        result = Result(steps, kept, gap, history[0][1], history, labels, len(held_out))
        progress.start("saving", 0)
        folder.finish(to, work, asked, result, gallery.title, lambda into: tuner.save(into, work / folder.BEST))
    return result


def labelled(pictures: Sequence[Picture], progress: Progress, labels: Sequence[str] = ()) -> list[Picture]:
    """Pictures of labels that can be learned, by hash, each content once; what is left out is noted.

    Args:
        pictures: with labels.
        progress: is told.
        labels: the only ones that are wanted; none: all.

    Raises:
        GalleryError: fewer than two such labels.
    """
    of = {p.hash: p for p in pictures if p.label and (not labels or p.label in labels)}
    counts = Counter(p.label for p in of.values())
    if not counts:
        raise GalleryError("No picture has a label.", "Put pictures into a folder a label, or name a column: --labels.")
    if len(counts) == 1:
        raise GalleryError(f"All pictures have the label {next(iter(counts))!r}.", "Give two labels or more.")
    few = sorted(label for label, n in counts.items() if n < LEAST)
    if len(counts) - len(few) < 2:
        raise GalleryError(
            f"Fewer than two labels have {LEAST} pictures or more.", "Give more pictures of each, or fewer labels."
        )
    if few:
        progress.note(f"left out, with fewer than {LEAST} pictures: {', '.join(few[:10])}{', …' * (len(few) > 10)}")
    return sorted((p for p in of.values() if p.label not in few), key=lambda p: p.hash)


def _held_out(pictures: Sequence[Picture]) -> set[str]:
    """Hashes of a tenth of the pictures, the same ones for ever; at least one a label. `pictures` are by hash."""
    chosen = {p.hash for p in pictures if int(p.hash[:8], 16) % 10 == 0}
    without = {p.label for p in pictures} - {p.label for p in pictures if p.hash in chosen}
    first = {p.label: p.hash for p in reversed(pictures)}
    return chosen | {first[label] for label in without}


def _latents(model: Any, pictures: Sequence[Picture], work: Path, progress: Progress) -> dict[str, np.ndarray]:  # noqa: ANN401
    """Latents by hash, from their file where it is there; unreadable pictures are noted and left out."""
    path = work / folder.LATENTS
    if not path.exists():
        progress.start("encoding pictures", len(pictures))
        found: dict[str, np.ndarray] = {}
        for place, values in model.latents(pictures, progress.check):
            found[pictures[place].hash] = values
            progress.advance(place + 1 - progress.done)
        with written(path) as new, new.open("wb") as file:
            np.savez(file, **found)  # type: ignore[arg-type]
    with np.load(path) as held:
        latents = {name: held[name] for name in held.files}
    for picture in pictures:
        if picture.hash not in latents:
            progress.note(f"not read: {picture.name}")
    return latents


def _trained(
    tuner: Any,  # noqa: ANN401  models.tuning is not imported here
    work: Path,
    params: Params,
    progress: Progress,
    kept_every: float | None,
) -> tuple[int, list[tuple[int, float]]]:
    """Steps taken, and the step and gap of each look; weights of the best look lie in the work folder."""
    checkpoint, best = work / folder.CHECKPOINT, work / folder.BEST
    step, history = tuner.read(checkpoint) if checkpoint.exists() else (0, [])

    def keep() -> None:
        with written(checkpoint) as new:
            tuner.write(new, step, history)

    progress.start(_told(history), params.steps, step)
    _show(history, params, progress)
    due = time.monotonic() + (kept_every or _KEPT_EVERY)
    try:
        while True:
            if (step % params.every == 0 or step == params.steps) and (not history or history[-1][0] < step):
                gap = tuner.gap(progress.check)
                if not history or gap > max(before for _, before in history):
                    with written(best) as new:
                        tuner.keep(new)
                history.append((step, gap))
                progress.step = _told(history)
                _show(history, params, progress)
                progress.show(now=True)
            if step == params.steps or _settled(history, params.patience):
                break
            progress.check()
            tuner.learn(step)
            step += 1
            progress.cost.asked["steps"] += 1
            progress.advance()
            if (now := time.monotonic()) >= due:
                keep()
                took = time.monotonic() - now
                due = now + took + (kept_every or max(_KEPT_EVERY, _SPARED * took))
    except Stopped as why:
        keep()
        raise Stopped(why.message, f"Asked again, it goes on at step {step:,} of {params.steps:,}.") from None
    keep()
    return step, history


def _settled(history: Sequence[tuple[int, float]], patience: int) -> bool:
    gaps = [gap for _, gap in history]
    return len(gaps) - 1 - gaps.index(max(gaps)) >= patience


def _show(history: Sequence[tuple[int, float]], params: Params, progress: Progress) -> None:
    """What came of the looks so far."""
    if history:
        progress.partial = {"history": list(history), "steps": params.steps}


def _told(history: Sequence[tuple[int, float]]) -> str:
    return f"training (held-out gap {history[-1][1]:+.6f})" if history else "training"
