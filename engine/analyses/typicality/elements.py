"""Patches that look alike: clustered by what the denoiser sees in them, ranked by median T, checked held out.

Clusters come from one half of each label's pictures. Whether an element is there in a picture of the other half, or of
another label, is asked of every place in it: is anything as near to the element's middle as nine of ten of its patches?
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.analyses.typicality.patches import Box, box_means, mean_in
from engine.analyses.typicality.result import Element, Patch

_NEAR = 0.1  # of an element's patches may be farther from its middle than what counts as seen
_DRAWS = 1000
_STARTS: Any = 10
_LEAST = 3  # pictures of an element
_EDGE = 0.01  # of the picture's side: a patch so near to it touches the border
_STILL = 0.03  # standard deviation of the places of patches, as a share of the side, below which they stand still


def is_held_out(hash: str) -> bool:
    """Whether a picture is of the half from which no cluster is made."""
    return hashlib.sha256(f"half\0{hash}".encode()).digest()[0] % 2 == 1


def vector_of(features: np.ndarray, box: Box) -> np.ndarray:
    """Unit vector of what is seen in a box of (c, h, w)."""
    return _unit(mean_in(features.astype(np.float32), box))


def cluster(vectors: np.ndarray, held_out: np.ndarray, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of each vector's cluster and the middles, (k, d) unit vectors; only those not held out make clusters."""
    from sklearn.cluster import KMeans

    learned = vectors[~held_out] if (~held_out).sum() >= 2 else vectors
    k = min(most, max(1, len(learned) // 8))
    made = KMeans(k, n_init=_STARTS, random_state=seed).fit(learned)
    middles = _unit(made.cluster_centers_)
    return (vectors @ middles.T).argmax(1), middles


def made(
    label: str,
    patches: Sequence[Patch],
    vectors: np.ndarray,
    numbers: np.ndarray,
    middles: np.ndarray,
    n_pictures: int,
    plain: Sequence[bool],
    seed: int,
) -> list[tuple[Element, np.ndarray, float]]:
    """Elements of a label, the largest median T first, each with its middle and the nearness that counts as seen.

    Args:
        label: whose.
        patches: of all its pictures.
        vectors: (n, d) of them.
        numbers: (n,) of their clusters.
        middles: (k, d).
        n_pictures: of the label.
        plain: (n,) whether hardly anything varies within each.
        seed: of the bootstrap.
    """
    found = []
    for k, middle in enumerate(middles):
        mine = np.flatnonzero(numbers == k)
        near = vectors[mine] @ middle
        order = mine[np.argsort(-near, kind="stable")]
        some = tuple(patches[i] for i in order.tolist())
        files = sorted({patch.file for patch in some})
        if len(files) < _LEAST:
            continue
        median, low, high = _median(some, files, seed)
        share = len(files) / n_pictures
        marks = _marks(some, [plain[i] for i in order.tolist()])
        one = Element(label, 0, some, median, low, high, len(files), share, marks=marks)
        found.append((one, middle, float(np.quantile(near, _NEAR))))
    found.sort(key=lambda told: -told[0].median)
    return [(replace(one, number=i), middle, least) for i, (one, middle, least) in enumerate(found, 1)]


def seen(features: np.ndarray, share: float, middles: np.ndarray, least: np.ndarray) -> np.ndarray:
    """(k,) whether each element is seen anywhere in a picture's (c, h, w)."""
    h, w = features.shape[-2:]
    n = int(np.clip(round(share * (h * w) ** 0.5), 1, min(h, w)))
    means = box_means(features.astype(np.float32), (n, n)).reshape(len(features), -1).T
    return np.asarray((_unit(means) @ middles.T >= least).any(0))


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
        for name in {name for name, box in kinds.get(patch.file, ()) if _covers(patch.box, box)}:
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return "", 0.0
    best = max(sorted(counts), key=counts.__getitem__)
    return best, counts[best] / len(patches)


def _covers(patch: Box, box: Box) -> bool:
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


def _marks(patches: Sequence[Patch], plain: Sequence[bool]) -> tuple[str, ...]:
    boxes = np.array([p.box for p in patches])
    ends = np.concatenate([boxes[:, :2], 1 - boxes[:, :2] - boxes[:, 2:]], 1)
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    found = []
    if (ends.min(1) < _EDGE).mean() > 0.8:
        found.append("border")
    if np.mean(plain) > 0.5:
        found.append("uniform")
    if len(patches) >= 10 and middles.std(0).max() < _STILL:
        found.append("same place")
    return tuple(found)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
