"""Translation as a run: pictures of a label as others, what T says of them, and what runs parallel in them.

The pictures lie in the run's folder, in one that can be opened as a gallery; those that are there are kept when it goes
on. Where a picture becomes several labels, elements are looked for that run parallel across these.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine import models
from engine.analyses.estimating import Estimate, RoleEstimate
from engine.analyses.typicality.parallel import Parallel, parallel
from engine.disk import writing
from engine.errors import RunError, SettingsError
from engine.gallery import Gallery, Picture
from engine.gallery.scan import scanned
from engine.progress import Progress
from engine.steps.denoising import NOISES, Denoising
from engine.translation import DRAWS, STEPS, Translation, chosen, safe, translate

NAME, VERSION, ROLES = "translation", 1, ("denoiser",)
TASKS: tuple[str, ...] = ()
MOST = 6  # labels that a picture becomes
_SHARE, _EACH, _ELEMENTS, _MAPS = 0.25, 5, 6, 32  # of parallel elements: side, patches a picture, how many, draws
_THERE = 2  # evaluations of a step into the noise: plug-and-play mends each once
_SHOWN = 12  # pictures that are shown before all are there


@dataclass(frozen=True)
class Params:
    """What is asked.

    Args:
        label: whose pictures.
        to: what they become.
        count: so many of them at random; 0 for all.
        guidance: how far to go beyond the null prompt; None for what is usual for the model.
        features: share of the steps in which features are the picture's; None as above.
        attention: the same of self-attention.

    Raises:
        SettingsError: a value that cannot be.
    """

    label: str
    to: tuple[str, ...]
    count: int = 0
    guidance: float | None = None
    features: float | None = None
    attention: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.to) <= MOST:
            raise SettingsError(f"A picture cannot become {len(self.to)} labels.", f"Name 1 to {MOST}.")
        if self.count < 0:
            raise SettingsError(f"{self.count} pictures cannot be.", "Say how many, or 0 for all.")
        shares = self.features or 0.0, self.attention or 0.0
        if not (all(0 <= share <= 1 for share in shares) and 0 <= (self.guidance or 0.0) < float("inf")):
            raise SettingsError("A share or the guidance cannot be.", "Shares are 0 to 1, guidance is not below 0.")

    @property
    def hold(self) -> dict[str, float]:
        """What is said of guidance and shares, as a model's options."""
        said = {"guidance": self.guidance, "features": self.features, "attention": self.attention}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Result:
    """What came of it.

    Args:
        rows: one a picture and label, picture by picture.
        hashes: sha256 of each file of `rows`, by name.
        folder: where they lie, in the run's folder.
        parallels: elements across the labels, the most co-typical first.
        template: the words of a label.
        draws: by which T was measured.
    """

    rows: tuple[Translation, ...]
    hashes: Mapping[str, str]
    folder: str
    parallels: tuple[Parallel, ...]
    template: str
    draws: int = DRAWS


def run(gallery: Gallery, params: Params, *, denoiser: Denoising, progress: Progress, seed: int, to: Path) -> Result:
    """Translate, measure, look for what is parallel.

    Args:
        gallery: with pictures of the labels.
        params: what is asked.
        denoiser: a model that translates.
        progress: counts pictures; shows the first ones.
        seed: of the choice of pictures, and of noise.
        to: the run's folder.

    Raises:
        SettingsError: a label that is not there. RunError: no picture could be read. StoreError: the disk.
        ModelError, Stopped.
    """
    pictures = chosen(gallery, params.label, params.to, params.count or None, seed)
    spec, rows = denoiser.spec, list[Translation]()
    progress.start(f"loading {spec.name}", 0)
    options = {**spec.options, **params.hold}
    model = models.load("denoiser", replace(spec, options=options), denoiser.settings)
    folder = to / folder_of(params)
    began, before = time.monotonic(), progress.cost.asked["translations"]
    with writing(folder):
        folder.mkdir(exist_ok=True)
        for one in translate(pictures, params.to, model, denoiser.template, folder, progress, seed):
            rows.append(one)
            if len(rows) % len(params.to) == 0:
                _show(rows, folder, params, denoiser)
    if not rows:
        raise RunError("No picture could be read.", "Look at Health on the Look page.")
    if made := progress.cost.asked["translations"] - before:
        denoiser.add_rate("translations", made, time.monotonic() - began)
    found = scanned(folder, denoiser.settings, "to")
    seen = replace(denoiser, load=lambda: model)  # what is held on to changes no map
    parallels = _parallels(rows, found.by_name, params.to, seen, seed)
    hashes = {one.file: found.by_name[one.file].hash for one in rows}
    return Result(tuple(rows), hashes, folder.name, parallels, denoiser.template.label)


def folder_of(params: Params) -> str:
    """The name of the pictures' folder, which is their gallery's title."""
    return f"{safe(params.label)}-as-{safe('-'.join(params.to))}"[:80]


def estimate(gallery: Gallery, params: Params, *, denoiser: Denoising, progress: Progress) -> Estimate:
    """Evaluations of the network: into the noise, back as each label, T of all, and maps of what is parallel.

    Raises:
        SettingsError: a label that is not there.
    """
    del progress
    n, labels = len(chosen(gallery, params.label, params.to, params.count or None, denoiser.seed)), len(params.to)
    each = _THERE * STEPS + STEPS * (1 + 2 * labels) + DRAWS * (1 + labels) * (2 + labels)
    beside = n * labels * (2 * _MAPS + NOISES) if labels > 1 else 0
    evaluation, measured = denoiser.seconds()
    rate = denoiser.rate("translations")
    seconds = beside * evaluation + (n * each * evaluation if rate is None else n * labels * rate)
    known = measured or rate is not None
    return Estimate(n, (RoleEstimate("denoiser", denoiser.spec, n * each + beside, 0, 0.0, 0.0, seconds, known),))


def tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """The result as tables, by the name of their CSV file."""
    parallels = [
        {"element": k, "co_typicality": one.co_typicality, "pictures": one.sources, "patches": len(one.patches)}
        | {f"t {label}": t for label, t in one.typicality.items()}
        for k, one in enumerate(result.parallels, 1)
    ]  # fmt: skip
    return {"translations": [asdict(one) for one in result.rows], "parallels": parallels}


def _show(rows: Sequence[Translation], folder: Path, params: Params, denoiser: Denoising) -> None:
    """The first pictures and how many there are; what is shown has a hash by which it is found."""
    first = rows[: _SHOWN * len(params.to)]
    hashes = denoiser.progress.partial.get("hashes", {})
    if len(hashes) < len(first):
        hashes = {p.name: p.hash for p in scanned(folder, denoiser.settings).pictures}
    denoiser.progress.partial = {
        "rows": [asdict(one) for one in first], "hashes": hashes, "done": len(rows) // len(params.to),
        "rose": sum(one.t_to_after > one.t_to_before for one in rows) / len(rows),
    }  # fmt: skip


def _parallels(
    rows: Sequence[Translation], pictures: Mapping[str, Picture], to: Sequence[str], denoiser: Denoising, seed: int
) -> tuple[Parallel, ...]:
    """Elements across labels, of one label none."""
    if len(to) < 2:
        return ()
    asked = [pictures[one.file] for one in rows]
    maps = {i: told[0] for _, i, told in denoiser.maps(asked, [(one.to,) for one in rows], _MAPS, seed)}
    features = denoiser.features(asked, seed)

    def of(found: Mapping[int, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
        return {label: {rows[i].source: one for i, one in found.items() if rows[i].to == label} for label in to}

    return tuple(parallel(of(maps), of(features), _SHARE, _EACH, _ELEMENTS, seed))
