"""Maps and features of a typicality run, from the store: what a page or a command shows beside the result."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import Image
from pydantic import TypeAdapter

from engine import models
from engine.analyses import typicality
from engine.analyses.typicality import Element, Params, Result, baselines, edits, posterior, small_grey
from engine.analyses.typicality.edits import Edit
from engine.analyses.typicality.finding import sort_patches, tell
from engine.analyses.typicality.groups import Sorted
from engine.analyses.typicality.patches import contrast, interval
from engine.analyses.typicality.result import MOST_OTHERS
from engine.errors import ModelError, StoreError, VitrineError
from engine.gallery import Gallery, Picture, load_gallery, shared_gallery
from engine.gallery.reading import Unreadable, measure
from engine.jobs.asking import chosen
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.denoising import Denoising
from engine.steps.draws import LEAST
from engine.store import run_arrays
from engine.store.runs import Request, Run


@dataclass(frozen=True)
class Told:
    """Elements as a person changed them, and the changes that were left out, with the reason."""

    elements: tuple[Element, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """What a run looked at, and what is kept of it by place.

    Args:
        gallery: the part of it that the run is about.
        spec: the model.
        params: of the run.
        questions: pictures with their labels.
        maps: (P, G, h, w).
        features: (c, h, w).
        others: pictures of other labels, in which elements are looked for.
        beside: their features.
        seed: of the run.
        greys: small pictures by hash, kept once they were looked at.
    """

    gallery: Gallery
    spec: ModelSpec
    params: Params
    questions: tuple[tuple[Picture, tuple[str, ...]], ...]
    maps: dict[int, np.ndarray]
    features: dict[int, np.ndarray]
    others: tuple[Picture, ...]
    beside: dict[int, np.ndarray]
    seed: int
    greys: dict[str, np.ndarray | None] = field(default_factory=dict)

    def ranking(self) -> dict[str, np.ndarray]:
        """The map (h, w) that ranks, by file."""
        return {self.questions[i][0].name: contrast(m, self.params.against).mean(0) for i, m in self.maps.items()}

    def asked(self, patch: float | tuple[float, ...], count: int, per_picture: int) -> Params:
        """The run's params with other patches."""
        return replace(self.params, patch=patch, elements=count, per_picture=per_picture)

    def sort(self, params: Params, label: str = "") -> list[Sorted]:
        """Patches of all labels or one in groups that look alike, before any change of a person; evaluates nothing."""
        return sort_patches(params, self.questions, self.maps, self.features, self.seed, label, self._grey)

    def tell(self, sorts: Sequence[Sorted], log: Sequence[Edit] = ()) -> Told:
        """Elements of these groups with a person's changes; all their figures are computed anew."""
        edited = edits.apply(sorts, log, self.seed)
        found = tell(edited.sorts, self.questions, self.features, self.others, self.beside, self.seed)
        return Told(found, edited.notes)

    def _grey(self, picture: Picture) -> np.ndarray | None:
        if picture.hash not in self.greys:
            self.greys[picture.hash] = small_grey(picture)
        return self.greys[picture.hash]

    def baseline(self, label: str, kind: str, params: Params) -> list[Element]:
        """Elements made another way, to hold ours against: "random", "least" or "hog"."""
        if kind == "hog":
            others = [p for p in self.gallery.pictures if p.label and p.label != label]
            return baselines.doersch(label, params, self.questions, others, self.maps, self.seed, _opened)
        least = "least" if kind == "least" else "random"
        return baselines.other_patches(least, label, params, self.questions, self.maps, self.features, self.seed)


def _opened(picture: Picture) -> Image.Image | None:
    try:
        image = picture.open()
    except VitrineError:
        return None
    image.thumbnail((256, 256))
    return image


def kept(
    gallery: Gallery, params: Params, spec: ModelSpec, settings: Settings, seed: int, came: Path | None = None
) -> Kept:
    """What the store has of a run; evaluates nothing and loads no model.

    Args:
        gallery: the part of it that was asked about.
        params: of the run.
        spec: the model.
        settings: workspace.
        seed: of the run.
        came: the run's folder; what came with it as a file fills what the store lacks.
    """
    questions = typicality.asked(gallery, params)
    denoiser = Denoising(spec, settings, Progress(), None)
    pictures, labels = [p for p, _ in questions], [some for _, some in questions]
    maps = denoiser.stored(pictures, labels, params.draws, seed)
    others = typicality.elsewhere(gallery, params, seed)
    known = [denoiser.features(some, seed, ask=False) if some else {} for some in (pictures, others)]
    if came is not None and (brought := run_arrays.read(came)):
        mine = fitting(brought, "maps", 4, len(questions))
        maps = {i: one for i, one in mine.items() if len(one) == len(labels[i])} | maps
        known = [fitting(brought, "features", 3, len(questions)) | known[0],
                 fitting(brought, "beside", 3, len(others)) | known[1]]  # fmt: skip
    return Kept(gallery, spec, params, tuple(questions), maps, known[0], tuple(others), known[1], seed)


def fitting(brought: run_arrays.Arrays, name: str, axes: int, count: int) -> dict[int, np.ndarray]:
    """Arrays of so many axes, all of one shape, numbered below `count`; none where they are not."""
    found = {number: one for number, one in brought.get(name, {}).items() if number < count and one.ndim == axes}
    shapes = {one.shape[-2:] for one in found.values()}
    return found if len(shapes) == 1 else {}


def of_run(run: Run, settings: Settings) -> Kept:
    """`kept` of what a run was asked."""
    request = run.request
    params = TypeAdapter(Params).validate_python(request.params)
    part = chosen(shared_gallery(request.gallery, settings.home), request.members)
    return kept(part, params, request.models["denoiser"], settings, request.seed, run.path)


def with_changes(run: Run, result: Result, settings: Settings) -> tuple[Result, tuple[str, ...]]:
    """A run's result with its elements as a person changed them; the changes that were left out, with the reason."""
    if not (log := run.edits()):
        return result, ()
    there = of_run(run, settings)
    told = there.tell(there.sort(there.params), log)
    return replace(result, elements=told.elements), told.notes


@dataclass(frozen=True)
class One:
    """How typical one picture is of each label: mean T with 95 %, posterior, and the map (h, w)."""

    label: str
    typicality: float
    low: float
    high: float
    posterior: float
    map: np.ndarray


def keep_upload(data: bytes, settings: Settings) -> Picture:
    """A picture that somebody uploads, written into the workspace by its content.

    Raises:
        Unreadable: it is no picture; StoreError: the workspace cannot be written.
    """
    folder = settings.home / "uploads" / "single"
    name = hashlib.sha256(data).hexdigest()
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            beside = path.with_name(f"{name}.{uuid4().hex}.new")
            beside.write_bytes(data)
            beside.replace(path)
    except OSError as problem:
        why = f"The picture cannot be kept: {problem.strerror or problem}."
        raise StoreError(why, "Check free space and permissions.") from None
    return upload_of(name, settings)


def upload_of(name: str, settings: Settings) -> Picture:
    """A picture that was kept, by the hash of its content; Unreadable where it is none, or gone."""
    if not re.fullmatch("[0-9a-f]{64}", name):
        raise Unreadable(name, "this is no picture's name")
    folder = settings.home / "uploads" / "single"
    digest, width, height = measure(folder / name, settings.max_pixels)
    return Picture(name, digest, width, height, str(folder))


def labels_of(run_gallery: Gallery, params: Params) -> tuple[str, ...]:
    """The labels that an uploaded picture is asked about: those of the run, and the most frequent others."""
    counts = Counter(p.label for p in run_gallery.pictures if p.label)
    others = sorted(counts, key=lambda label: (-counts[label], label))
    return tuple(dict.fromkeys([*params.labels, *others]))[:MOST_OTHERS]


def of_one(picture: Picture, labels: Sequence[str], draws: int, denoiser: Denoising, seed: int) -> list[One]:
    """Typicality of one picture for several labels, the likeliest first.

    Raises:
        ModelError: the model cannot be used, or the picture cannot be read.
    """
    told = None
    for _, _, found in denoiser.maps([picture], [tuple(labels)], draws, seed):
        told = found
    if told is None:
        raise ModelError("The picture cannot be read.", "Give another one.")
    chances = posterior(told, tuple(labels), seed) if len(labels) > 1 else {labels[0]: 1.0}
    ones = []
    for label, groups in zip(labels, told, strict=True):
        mean, low, high = interval(groups.mean((1, 2)))
        ones.append(One(label, float(mean), float(low), float(high), chances[label], groups.mean(0)))
    return sorted(ones, key=lambda one: (-one.posterior, -one.typicality))


def answered(
    request: Request, picture: Picture, settings: Settings, count: Callable[[int, int], None], loaded: dict[str, Any]
) -> list[One]:
    """`of_one` for the labels and the model of a run.

    Args:
        request: of a typicality run.
        picture: as `keep_upload` gave it.
        settings: workspace and device.
        count: told how far it is.
        loaded: the model that is in memory, by its spec; another one takes its place.
    """
    params = TypeAdapter(Params).validate_python(request.params)
    gallery, spec = load_gallery(request.gallery, settings.home), request.models["denoiser"]

    def load() -> Any:  # noqa: ANN401  a roles.Denoiser
        name = json.dumps(asdict(spec), sort_keys=True, default=str)
        if name not in loaded:
            loaded.clear()
            loaded[name] = models.load("denoiser", spec, settings)
        return loaded[name]

    denoiser = Denoising(spec, settings, Progress(lambda p: count(p.done, p.total)), load)
    return of_one(picture, labels_of(gallery, params), LEAST, denoiser, request.seed)
