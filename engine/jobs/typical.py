"""Maps and features of a typicality run, from the store: what a page or a command shows beside the result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from engine.analyses import typicality
from engine.analyses.typicality import Element, Params, baselines
from engine.analyses.typicality.patches import contrast
from engine.errors import VitrineError
from engine.gallery import Gallery, Picture
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.denoising import Denoising


@dataclass(frozen=True)
class Kept:
    """What a run looked at, and what is kept of it by place.

    Args:
        gallery: the part of it that the run is about.
        params: of the run.
        questions: pictures with their labels.
        maps: (P, G, h, w).
        features: (c, h, w).
    """

    gallery: Gallery
    params: Params
    questions: tuple[tuple[Picture, tuple[str, ...]], ...]
    maps: dict[int, np.ndarray]
    features: dict[int, np.ndarray]
    seed: int

    def ranking(self) -> dict[str, np.ndarray]:
        """The map (h, w) that ranks, by file."""
        return {self.questions[i][0].name: contrast(m, self.params.against).mean(0) for i, m in self.maps.items()}

    def elements(self, patch: float, count: int, per_picture: int) -> tuple[Element, ...]:
        """Elements with other patches; evaluates nothing. Rates elsewhere are of the labels that were asked about."""
        params = replace(self.params, patch=patch, elements=count, per_picture=per_picture)
        return typicality.found(self.gallery, params, self.questions, self.maps, self.features, (), {}, self.seed)

    def baseline(self, label: str, kind: str, params: Params) -> list[Element]:
        """Elements made another way, to hold ours against: "random", "least" or "hog"."""
        asked = replace(self.params, patch=params.patch, elements=params.elements, per_picture=params.per_picture)
        if kind == "hog":
            others = [p for p in self.gallery.pictures if p.label and p.label != label]
            return baselines.doersch(label, asked, self.questions, others, self.maps, self.seed, _opened)
        least = "least" if kind == "least" else "random"
        return baselines.other_patches(least, label, asked, self.questions, self.maps, self.features, self.seed)


def _opened(picture: Picture) -> Image.Image | None:
    try:
        image = picture.open()
    except VitrineError:
        return None
    image.thumbnail((256, 256))
    return image


def kept(gallery: Gallery, params: Params, spec: ModelSpec, settings: Settings, seed: int) -> Kept:
    """What the store has of a run; evaluates nothing and loads no model."""
    questions = typicality.asked(gallery, params)
    denoiser = Denoising(spec, settings, Progress(), None)
    pictures, labels = [p for p, _ in questions], [some for _, some in questions]
    maps = denoiser.stored(pictures, labels, params.draws, seed)
    return Kept(gallery, params, tuple(questions), maps, denoiser.features(pictures, seed, ask=False), seed)
