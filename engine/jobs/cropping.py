"""The CLIP difference of a typicality run: vectors of crops by a matcher, each computed once, and its elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

import numpy as np

from engine.analyses.typicality import Element, Params, matching
from engine.analyses.typicality.matching import Crop
from engine.gallery import Picture
from engine.jobs.typical import Kept
from engine.models.roles import ModelSpec
from engine.models.templates import template_of
from engine.progress import Progress
from engine.settings import Settings
from engine.steps import embeddings
from engine.store.vectors import Vectors, text_key

_SHORTER = 512  # pixels a picture is cut up at, at least
_OPEN = 8  # pictures in memory


def crops(told: Kept, label: str, params: Params) -> dict[int, list[Crop]]:
    """The parts of a label's pictures that are looked at, by the pictures' places; opens none."""
    mine = [i for i, (_, some) in enumerate(told.questions) if some[0] == label and i in told.features]
    some = mine[:: max(1, -(-len(mine) // matching.MOST))]
    pictures: dict[str, Picture] = {told.questions[i][0].hash: told.questions[i][0] for i in some}
    opened = lru_cache(_OPEN)(lambda hash: pictures[hash].open(_SHORTER))

    def cut(picture: Picture) -> list[Crop]:
        whole = lambda: opened(picture.hash)  # noqa: E731
        return [
            Crop(matching.key_of(picture.hash, box), picture.path, box, whole)
            for box in matching.boxes(picture.width, picture.height, params.sizes)
        ]

    return {i: cut(told.questions[i][0]) for i in some}


def words(told: Kept, label: str, params: Params) -> list[str]:
    """Texts of the label and of what it is held against, in the denoiser's own words."""
    template = template_of(told.spec)
    labels = sorted({p.label for p in told.gallery.pictures if p.label})
    return matching.words_for(label, labels, params, template.label, template.null)


def unknown(told: Kept, label: str, params: Params, spec: ModelSpec, settings: Settings) -> int:
    """How many crops and texts have no vector by this matcher yet."""
    parts = [one.hash for some in crops(told, label, params).values() for one in some]
    texts = [text_key(text) for text in words(told, label, params)]
    with closing(Vectors(settings.home, spec)) as vectors:
        return len(vectors.missing(parts + texts))


def look(
    told: Kept,
    label: str,
    params: Params,
    spec: ModelSpec,
    settings: Settings,
    progress: Progress,
    load: Callable[..., Any],
) -> None:
    """Compute the vectors that are missing, and keep them.

    Args:
        told: what is kept of the run.
        label: whose pictures.
        params: sizes of patches, what the label is held against.
        spec: the matcher.
        settings: workspace and device.
        progress: counts crops; says when to stop.
        load: makes the matcher ready, called with role, spec and settings if something is missing.

    Raises:
        ModelError, StoreError, Stopped: as embeddings.embed.
    """
    parts: Sequence[Crop] = [one for some in crops(told, label, params).values() for one in some]
    embeddings.embed(parts, spec, settings, progress, load=load, devices=(settings.device,))
    texts = words(told, label, params)
    embeddings.embed_texts(texts, spec, settings, lambda: load("matcher", spec, settings))


def by_matcher(told: Kept, label: str, params: Params, spec: ModelSpec, settings: Settings) -> list[Element]:
    """Elements by the CLIP difference, of the crops that have a vector; loads no model."""
    parts = crops(told, label, params)
    texts = [text_key(text) for text in words(told, label, params)]
    with closing(Vectors(settings.home, spec)) as vectors:
        said, known = vectors.matrix(texts)
        if len(known) < len(texts):
            return []
        found, places = vectors.matrix([one.hash for some in parts.values() for one in some])
    owners = np.repeat(list(parts), [len(some) for some in parts.values()])[places]
    boxes = [one.box for some in parts.values() for one in some]
    cut = {}
    for i in dict.fromkeys(owners.tolist()):
        mine = np.flatnonzero(owners == i)
        cut[i] = ([boxes[k] for k in places[mine].tolist()], found[mine])
    return matching.by_matcher(label, params, list(cut), told.questions, told.features, cut, said, told.seed)
