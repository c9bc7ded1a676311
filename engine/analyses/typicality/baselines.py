"""What elements are held against: random patches, the least typical ones, and discriminative patches over HOG.

The last is "What makes Paris look like Paris?" (Doersch et al., SIGGRAPH 2012) without its retraining: random patches
of the label, their nearest neighbours among all patches by histograms of oriented gradients, ranked by how many of
these are of the label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from PIL import Image

from engine.analyses.typicality import elements as parts
from engine.analyses.typicality.finding import Question, gather
from engine.analyses.typicality.groups import Patches, sort
from engine.analyses.typicality.patches import Box, contrast, mean_in, random_boxes, top_boxes
from engine.analyses.typicality.result import Element, Params, Patch

Kind = Literal["random", "least", "hog"]
_NEAREST = 20
_SIDE = 32  # pixels of a patch whose gradients are counted
_SOME = 400  # pictures of other labels


def other_patches(
    kind: Kind,
    label: str,
    params: Params,
    questions: Sequence[Question],
    maps: Mapping[int, np.ndarray],
    features: Mapping[int, np.ndarray],
    seed: int,
) -> list[Element]:
    """Elements from patches with the smallest T, or from random ones, clustered as elements are.

    Args:
        kind: random or least.
        label: whose.
        params: patch, per_picture, elements, against.
        questions: pictures with their labels.
        maps: (P, G, h, w) by place.
        features: (c, h, w) by place.
        seed: of patches and clusters.
    """
    places = [i for i, (_, labels) in enumerate(questions) if labels[0] == label and i in maps and i in features]

    def cut(i: int) -> list[Patch]:
        groups, name = contrast(maps[i], params.against), questions[i][0].name
        if kind == "least":
            return [Patch(name, *told) for told in top_boxes(groups, params.sizes, params.per_picture, least=True)]
        boxes = random_boxes(groups, params.sizes, params.per_picture, np.random.default_rng([seed, i]))
        return [Patch(name, box, float(mean_in(groups.mean(0), box))) for box in boxes]

    of = gather(label, params, places, questions, features, cut)
    return clustered(of, params, seed) if len(of.patches) > 1 else []


def clustered(of: Patches, params: Params, seed: int) -> list[Element]:
    """Elements of any patches, sorted as ours are."""
    return [parts.element(of, group, seed) for group in sort(of, params.elements, seed).groups]


def doersch(
    label: str,
    params: Params,
    questions: Sequence[Question],
    others: Sequence[Any],
    maps: Mapping[int, np.ndarray],
    seed: int,
    opened: Callable[[Any], Image.Image | None],
) -> list[Element]:
    """Elements by gradients alone, the purest first; `median` is of T where maps are known.

    Args:
        label: whose.
        params: patch, per_picture, elements, against.
        questions: pictures with their labels.
        others: pictures of other labels.
        maps: (P, G, h, w) by place, for the median only.
        seed: of the patches.
        opened: a picture's pixels; None where it cannot be read.
    """
    mine = [(i, p) for i, (p, labels) in enumerate(questions) if labels[0] == label]
    away = [p for p in (*(p for p, labels in questions if labels[0] != label), *others)][:_SOME]
    patches, vectors, place = _patches(mine, params, seed, opened)
    foreign = _patches([(-1, p) for p in away], params, seed + 1, opened)[1]
    if len(patches) < 2:
        return []
    own = np.stack(vectors)
    everything = np.concatenate([own, np.stack(foreign)]) if foreign else own
    near = own @ everything.T
    files = np.array([patch.file for patch in patches])
    groups = []
    taken = np.zeros(len(patches), bool)
    order = np.argsort(-near, axis=1, kind="stable")[:, : _NEAREST + 1]
    pure = (order < len(own)).mean(1)
    for i in np.argsort(-pure, kind="stable").tolist():
        some = [j for j in order[i].tolist() if j < len(own)]
        if taken[some].mean() < 0.3 and len(set(files[some].tolist())) >= 3:
            groups.append((float(pure[i]), some))
            taken[some] = True
        if len(groups) == params.elements:
            break
    found = []
    n = len({patch.file for patch in patches})
    for number, (purity, some) in enumerate(groups, 1):
        told = tuple(_measured(patches[j], maps.get(place[j]), params) for j in some)
        median = float(np.median([p.t for p in told]))
        count = len({p.file for p in told})
        found.append(Element(label, number, told, median, median, median, count, count / n, rate=purity))
    return found


def _measured(patch: Patch, maps: np.ndarray | None, params: Params) -> Patch:
    if maps is None:
        return patch
    return Patch(patch.file, patch.box, float(mean_in(contrast(maps, params.against).mean(0), patch.box)))


def _patches(
    pictures: Sequence[tuple[int, Any]], params: Params, seed: int, opened: Callable[[Any], Image.Image | None]
) -> tuple[list[Patch], list[np.ndarray], list[int]]:
    from skimage.feature import hog

    patches: list[Patch] = []
    vectors: list[np.ndarray] = []
    places: list[int] = []
    for i, picture in pictures:
        image = opened(picture)
        if image is None:
            continue
        grey = image.convert("L")
        rng = np.random.default_rng([seed, int(picture.hash[:8], 16)])
        shape = np.zeros((1, max(1, grey.height // 8), max(1, grey.width // 8)), np.float32)
        for box in random_boxes(shape, params.sizes, 2 * params.per_picture, rng):
            patches.append(Patch(picture.name, box, 0.0))
            vectors.append(_gradients(grey, box, hog))
            places.append(i)
    return patches, vectors, places


def _gradients(grey: Image.Image, box: Box, hog: Callable[..., Any]) -> np.ndarray:
    left, top, width, height = box
    corners = (left * grey.width, top * grey.height, (left + width) * grey.width, (top + height) * grey.height)
    cut = grey.crop(tuple(round(x) for x in corners)).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)  # type: ignore[arg-type]
    told = hog(np.asarray(cut), orientations=8, pixels_per_cell=(8, 8), cells_per_block=(2, 2), feature_vector=True)
    told = told - told.mean()
    length = float(np.linalg.norm(told))
    return (told / length if length else told).astype(np.float32)
