"""Patches by a matcher alone, the CLIP difference: how much more a crop is like the label's words than like others.

Crops lie half their side apart, small ones as far as leaves nothing out. Those of a picture that differ most, none over
another, are its patches, sorted as ours are; `t` of these is the difference of two cosines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from engine.analyses.typicality.baselines import clustered
from engine.analyses.typicality.finding import Question, gather
from engine.analyses.typicality.patches import Box, side
from engine.analyses.typicality.result import NULL, OTHERS, Element, Params, Patch

MOST = 200  # pictures of a label that are cut up
_ACROSS = 10  # crops of a size in a row, or as many as leave nothing out


@dataclass(frozen=True)
class Crop:
    """A part of a picture, as back-ends want pictures.

    Args:
        hash: of the picture and the part.
        path: of the picture.
        box: the part, in shares.
        opened: hands over the whole picture.
    """

    hash: str
    path: Path
    box: Box
    opened: Callable[[], Image.Image]

    def open(self, shorter: int = 0) -> Image.Image:
        """The part; VitrineError where the picture cannot be read."""
        del shorter
        image = self.opened()
        left, top, width, height = self.box
        corners = (left * image.width, top * image.height, (left + width) * image.width, (top + height) * image.height)
        return image.crop(tuple(round(x) for x in corners))  # type: ignore[arg-type]


def boxes(width: int, height: int, sizes: Sequence[float]) -> list[Box]:
    """Where a picture is cut: squares of each size, from edge to edge."""
    found = []
    for n in sorted({side((height, width), size) for size in sizes}):
        across, down = (min(max(_ACROSS, -(-whole // n)), 1 - 2 * (n - whole) // n) for whole in (width, height))
        tops, lefts = np.linspace(0, height - n, down), np.linspace(0, width - n, across)
        found += [(float(x / width), float(y / height), n / width, n / height) for y in tops for x in lefts]
    return found


def key_of(hash: str, box: Box) -> str:
    """What stands for a part of a picture, sha256 in hex."""
    return hashlib.sha256(f"crop\0{hash}\0{[round(x, 6) for x in box]}".encode()).hexdigest()


def words_for(label: str, labels: Sequence[str], params: Params, template: str, null: str) -> list[str]:
    """The label's words first, then what they are held against: those of none, of all other labels, or of one."""
    told = lambda name: template.replace("{}", name)  # noqa: E731
    if params.against == OTHERS:
        return [told(label), *(told(other) for other in labels if other != label)]
    return [told(label), null if params.against == NULL else told(params.against)]


def by_matcher(
    label: str,
    params: Params,
    places: Sequence[int],
    questions: Sequence[Question],
    features: Mapping[int, np.ndarray],
    cut: Mapping[int, tuple[Sequence[Box], np.ndarray]],
    words: np.ndarray,
    seed: int,
) -> list[Element]:
    """Elements from the crops that differ most, the largest median difference first.

    Args:
        label: whose.
        params: per_picture, elements.
        places: of the pictures.
        questions: pictures with their labels.
        features: (c, h, w) by place.
        cut: by place, boxes of crops and (n, d) unit vectors of them.
        words: (m, d) unit vectors: of the label, and of what it is held against.
        seed: of the clusters.
    """

    def chosen(i: int) -> list[Patch]:
        where, vectors = cut[i]
        values = vectors @ (words[0] - words[1:].mean(0))
        found: list[Patch] = []
        for k in np.argsort(-values, kind="stable").tolist():
            if len(found) < params.per_picture and not any(_meets(where[k], patch.box) for patch in found):
                found.append(Patch(questions[i][0].name, where[k], float(values[k])))
        return found

    ranked_as_they_are = replace(params, patch=params.sizes[0])  # a cosine is none the larger for a smaller crop
    of = gather(label, ranked_as_they_are, [i for i in places if i in cut], questions, features, chosen)
    return clustered(of, params, seed) if len(of.patches) > 1 else []


def _meets(a: Box, b: Box) -> bool:
    apart = 1e-9  # crops that touch do not
    return (
        a[0] < b[0] + b[2] - apart and b[0] < a[0] + a[2] - apart
        and a[1] < b[1] + b[3] - apart and b[1] < a[1] + a[3] - apart
    )  # fmt: skip
