"""Patches that look alike: clustered by what the denoiser sees in them, ranked by median T, checked held out.

Clusters come from one half of each label's pictures. Whether an element is there in a picture of the other half, or of
another label, is asked of every place in it: is anything as near to the element's middle as nine of ten of its patches?
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.analyses.typicality.groups import Group, Patches, unit
from engine.analyses.typicality.patches import Box, box_means, mean_in
from engine.analyses.typicality.result import Element, Patch

_DRAWS = 1000
_EDGE = 0.01  # of the picture's side: a patch so near to it touches the border
_STILL = 0.03  # standard deviation of the places of patches, as a share of the side, below which they stand still


def is_held_out(hash: str) -> bool:
    """Whether a picture is of the half from which no cluster is made."""
    return hashlib.sha256(f"half\0{hash}".encode()).digest()[0] % 2 == 1


def vector_of(features: np.ndarray, box: Box) -> np.ndarray:
    """Unit vector of what is seen in a box of (c, h, w)."""
    return unit(mean_in(features.astype(np.float32), box))


def element(of: Patches, group: Group, seed: int) -> Element:
    """What a group shows, without its rates.

    Args:
        of: the label's patches.
        group: some of them.
        seed: of the bootstrap.
    """
    places = group.places.tolist()
    some, files = tuple(of.patches[i] for i in places), of.files(group.places)
    median, low, high = _median(some, files, seed)
    marks = _marks(some, of.plain[group.places])
    n, share = len(files), len(files) / len(of.pictures)
    by_person = {"name": group.name, "by_hand": group.by_hand, "is_hidden": group.is_hidden}
    return Element(of.label, group.number, some, median, low, high, n, share, marks=marks, **by_person)


def seen(features: np.ndarray, sizes: Sequence[float], groups: Sequence[Group]) -> np.ndarray:
    """(k,) whether each group is seen anywhere in a picture's (c, h, w), at any of these sizes."""
    h, w = features.shape[-2:]
    middles, least = np.concatenate([one.middles for one in groups]), np.concatenate([one.least for one in groups])
    found = np.zeros(len(least), bool)
    for n in {int(np.clip(round(size * (h * w) ** 0.5), 1, min(h, w))) for size in sizes}:
        means = box_means(features.astype(np.float32), (n, n)).reshape(len(features), -1).T
        found |= (unit(means) @ middles.T >= least).any(0)
    ends = np.cumsum([len(one.least) for one in groups])
    return np.array([some.any() for some in np.split(found, ends[:-1])])


def checked(elements: Sequence[Element], own: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> list[Element]:
    """Elements with their rates in held-out pictures of the label and elsewhere, and q.

    Args:
        elements: of all labels.
        own: for each element, (n,) whether it is seen in held-out pictures of its label.
        others: the same of pictures of other labels.
    """
    from scipy.stats import false_discovery_control, fisher_exact

    p = []
    for here, there in zip(own, others, strict=True):
        table = [[int(here.sum()), int((~here).sum())], [int(there.sum()), int((~there).sum())]]
        p.append(float(fisher_exact(table).pvalue) if len(here) and len(there) else 1.0)  # type: ignore[union-attr]
    q = false_discovery_control(p).tolist() if p else []
    rate = lambda some: float(some.mean()) if len(some) else 0.0  # noqa: E731
    return [replace(one, rate=rate(own[i]), rate_elsewhere=rate(others[i]), q=q[i]) for i, one in enumerate(elements)]


def purity(patches: Sequence[Patch], kinds: Mapping[str, Sequence[tuple[str, Box]]]) -> tuple[str, float]:
    """The kind of recorded thing that most patches cover, and the share of patches that do.

    Args:
        patches: of an element.
        kinds: by file, names and boxes of what is known to be there.
    """
    counts: dict[str, int] = {}
    for patch in patches:
        for name in {name for name, box in kinds.get(patch.file, ()) if covers(patch.box, box)}:
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return "", 0.0
    best = max(sorted(counts), key=counts.__getitem__)
    return best, counts[best] / len(patches)


def covers(patch: Box, box: Box) -> bool:
    """Whether a patch shows a good part of a thing: a third of the smaller of both."""
    w = min(patch[0] + patch[2], box[0] + box[2]) - max(patch[0], box[0])
    h = min(patch[1] + patch[3], box[1] + box[3]) - max(patch[1], box[1])
    return w > 0 and h > 0 and w * h >= min(patch[2] * patch[3], box[2] * box[3]) / 3


def _median(patches: Sequence[Patch], files: Sequence[str], seed: int) -> tuple[float, float, float]:
    """Median T with a 95 % interval by resampling pictures."""
    by_file = {file: [p.t for p in patches if p.file == file] for file in files}
    values, sizes = np.concatenate(list(by_file.values())), np.array([len(some) for some in by_file.values()])
    order = np.argsort(values, kind="stable")
    owner = np.repeat(np.arange(len(files)), sizes)[order]
    drawn = np.random.default_rng(seed).multinomial(len(files), np.full(len(files), 1 / len(files)), _DRAWS)
    weight = drawn[:, owner].cumsum(1)
    at = (weight * 2 >= weight[:, -1:]).argmax(1)
    low, high = np.percentile(values[order][at], [2.5, 97.5])
    return float(np.median(values)), float(low), float(high)


def _marks(patches: Sequence[Patch], plain: np.ndarray) -> tuple[str, ...]:
    boxes = np.array([p.box for p in patches])
    ends = np.concatenate([boxes[:, :2], 1 - boxes[:, :2] - boxes[:, 2:]], 1)
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    found = []
    if (ends.min(1) < _EDGE).mean() > 0.8:
        found.append("border")
    if plain.mean() > 0.5:
        found.append("uniform")
    if len(patches) >= 10 and middles.std(0).max() < _STILL:
        found.append("same place")
    return tuple(found)
