"""From near pairs to groups of duplicates, which picture of a group to keep, and pairs that lie across two sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from engine.analyses.diversity.near import pairs_above
from engine.analyses.diversity.result import Duplicates, Group
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.spectrum import unit_rows
from engine.progress import Progress

BELOW = 0.15  # so far below the threshold pairs are listed, too, to look at
_LEAST = 0.05  # a cosine that nearly all pairs of some model reach is no beginning
_UNUSUAL = 0.001  # share of all pairs that is listed where nobody names a threshold
_DRAWN = 1_000  # vectors in a sample
_LOOKED_AT = 1_000  # pictures whose sharpness is measured, of the nearest pairs
_NEARLY = 0.8  # of the sharpest copy's sharpness: what is sharp enough to be kept for its size


def find(
    vectors: np.ndarray,
    rows: Rows,
    parts: Mapping[str, np.ndarray],
    threshold: float | None,
    is_own: bool,
    seed: int,
    progress: Progress,
) -> Duplicates:
    """Pairs from somewhat below the threshold on, with all that choosing between their pictures needs.

    Args:
        vectors: (n, d), numbers only.
        rows: whose they are.
        parts: places of each part, if some are compared.
        threshold: cosine from which two pictures are duplicates; None: nobody knows, the most unusual pairs are listed.
        is_own: whether the threshold comes from the model's card.
        seed: draws the pairs that tell what is unusual.
        progress: counts pictures.
    """
    floor = threshold - BELOW if threshold else min(usual_cosine(vectors, _UNUSUAL, seed), 0.99)
    pairs = pairs_above(vectors, max(_LEAST, floor), progress)
    here = np.unique(np.concatenate([pairs.first, pairs.second]))
    nearest = list(dict.fromkeys(np.stack([pairs.first, pairs.second], 1).ravel().tolist()))[:_LOOKED_AT]
    least = {i: min(map(rows.longest, group)) for group in components(pairs.first, pairs.second) for i in group}
    sharpness = rows.sharpness({i: least[i] for i in nearest}, progress)
    part = np.full(rows.n, "", object)
    for name, of in list(parts.items())[::-1]:  # where parts overlap, the first one has the picture
        part[of] = name
    number: dict[str, int] = {}
    return Duplicates(
        threshold=threshold,
        is_own=is_own,
        floor=pairs.floor,
        files=tuple(rows.names[i] for i in here.tolist()),
        first=tuple(np.searchsorted(here, pairs.first).tolist()),
        second=tuple(np.searchsorted(here, pairs.second).tolist()),
        cosine=tuple(pairs.cosine.round(6).tolist()),
        sharpness=tuple(sharpness.get(i) for i in here.tolist()),
        pixels=tuple(rows.pixels(i) for i in here.tolist()),
        content=tuple(number.setdefault(rows.content(i), k) for k, i in enumerate(here.tolist())),
        part=tuple(part[here].tolist()) if parts else (),
    )


def grouped(told: Duplicates, threshold: float) -> tuple[Group, ...]:
    """Pictures joined by pairs from a threshold on, the largest group first, in each the one to keep first."""
    return tuple(_group(told, places) for places in components(*_pairs(told, threshold)))


def across(told: Duplicates, threshold: float) -> Counter[tuple[str, str]]:
    """How many pairs lie between which two parts, or within one."""
    counts: Counter[tuple[str, str]] = Counter()
    for i, j in _of_parts(told, threshold):
        one, other = told.part[i], told.part[j]
        counts[(one, other) if one <= other else (other, one)] += 1
    return counts


def leaks(told: Duplicates, one: str, other: str, threshold: float) -> list[tuple[str, str, float]]:
    """Pairs with a picture in each of two parts, that part's picture first, the nearest pair first."""
    found = []
    for k, (i, j) in enumerate(zip(told.first, told.second, strict=True)):
        if told.cosine[k] < threshold:
            break
        if (told.part[j], told.part[i]) == (one, other):
            i, j = j, i
        if (told.part[i], told.part[j]) == (one, other):
            found.append((told.files[i], told.files[j], told.cosine[k]))
    return found


def components(first: np.ndarray, second: np.ndarray) -> list[list[int]]:
    """Connected components of pairs: sorted places, the largest first, then by their first place."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(first):
        return []
    places, at = np.unique(np.concatenate([first, second]), return_inverse=True)
    links = coo_array((np.ones(len(first), bool), (at[: len(first)], at[len(first) :])), (len(places), len(places)))
    _, of = connected_components(links, directed=False)
    members = np.split(places[np.argsort(of, kind="stable")], np.cumsum(np.bincount(of))[:-1])
    return sorted((part.tolist() for part in members), key=lambda part: (-len(part), part))


def to_keep(sharpness: Sequence[float | None], pixels: Sequence[int]) -> int:
    """Which of several copies to keep: the largest of those nearly as sharp as the sharpest, then the sharpest.

    Args:
        sharpness: of each copy; None where it was not measured.
        pixels: of each copy.
    """
    known = [s or 0.0 for s in sharpness]
    enough = _NEARLY * max(known)
    return min(range(len(known)), key=lambda i: (known[i] < enough, -pixels[i], -known[i], i))


def usual_cosine(vectors: np.ndarray, share: float, seed: int) -> float:
    """The cosine that `share` of all pairs exceed, from pairs of a sample."""
    rng = np.random.default_rng(seed)
    some = np.sort(rng.choice(len(vectors), min(_DRAWN, len(vectors)), replace=False))
    unit = unit_rows(np.asarray(vectors[some], np.float32))
    cosines = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    return float(np.quantile(cosines, 1 - share)) if len(cosines) else 1.0


def _group(told: Duplicates, places: Sequence[int]) -> Group:
    best = places[to_keep([told.sharpness[i] for i in places], [told.pixels[i] for i in places])]
    files = (told.files[best], *(told.files[i] for i in places if i != best))
    return Group(files, len({told.content[i] for i in places}) == 1)


def _pairs(told: Duplicates, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    count = int(np.searchsorted(-np.asarray(told.cosine), -threshold, side="right"))
    return np.asarray(told.first[:count], np.int64), np.asarray(told.second[:count], np.int64)


def _of_parts(told: Duplicates, threshold: float) -> Iterator[tuple[int, int]]:
    for i, j in zip(*(side.tolist() for side in _pairs(told, threshold)), strict=True):
        if told.part and told.part[i] and told.part[j]:
            yield i, j
