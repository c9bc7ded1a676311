"""Which pictures are described first, and which next. Pure: vectors and numbers in, places out.

The first ones cover the space of vectors: the pictures nearest to the centres of as many groups (k-means), which
tells more than the same number at random (Hacohen, Dekel and Weinshall, *Active learning on a budget*, ICML 2022).
They are the same for every seed: what a gallery was asked before stays known. Of
the next ones three in four are least sure and at the same time unlike each other (after Ash et al., BADGE, ICLR 2020);
every fourth is drawn at random, so that how sure one may be is told from pictures like those that are left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_FITTED = 10_000  # vectors that centres are fitted to and counts are taken from; more would hardly move them
_BLOCK = 1024
_LEAST, _MOST = 40, 400  # pictures of the first round
_NEXT_LEAST, _NEXT_MOST = 20, 1000  # of a later one
_POOL = 4  # times as many unsure ones are looked at as are taken
_DRAWN = 4  # one of so many is drawn at random


def first_size(n: int) -> int:
    """How many of `n` pictures are described before anything is named; the share that is paid for plays no part."""
    return min(n, _MOST, max(_LEAST, math.ceil(2.5 * math.sqrt(n))))


def next_size(described: int) -> int:
    """How many more are described before everything is looked at anew."""
    return min(_NEXT_MOST, max(_NEXT_LEAST, described // 2))


def covering(vectors: np.ndarray, size: int) -> np.ndarray:
    """(size,) places of different pictures that stand for all, those of the largest groups first.

    Args:
        vectors: (n, d), n at least `size`.
        size: how many.
    """
    from sklearn.cluster import KMeans

    n = len(vectors)
    if size >= n:
        return np.arange(n)
    drawn = np.random.default_rng(0).permutation(n)[:_FITTED]
    drawn.sort()
    some = vectors[drawn]
    centres = KMeans(size, n_init="auto", max_iter=50, random_state=0)  # auto: once
    distance = centres.fit_transform(some)
    of = distance.argmin(axis=1)
    order = np.argsort(-np.bincount(of, minlength=size), kind="stable")
    taken: dict[int, None] = {}
    for group in order:
        members = np.flatnonzero(of == group)
        if len(members):  # a group is empty where pictures are alike to the last bit
            taken[int(members[distance[members, group].argmin()])] = None
    rest = (i for i in range(len(some)) if i not in taken)
    while len(taken) < size:
        taken[next(rest)] = None
    return drawn[list(taken)]


def unsure(vectors: np.ndarray, sureness: np.ndarray, size: int) -> np.ndarray:
    """(size,) places of pictures that are little sure and unlike each other, the most wanted first.

    Args:
        vectors: (n, d).
        sureness: (n,) from 0 to 1.
        size: how many; all where there are no more.
    """
    pool = np.argsort(sureness, kind="stable")[: _POOL * size]
    doubt, some = 1.0 - sureness[pool], vectors[pool]
    nearest = np.full(len(pool), np.inf)  # squared distance to the nearest that was taken
    worth, taken = doubt.copy(), list[int]()
    for _ in range(min(size, len(pool))):
        taken.append(int(worth.argmax()))
        nearest = np.minimum(nearest, np.square(some - some[taken[-1]]).sum(axis=1))
        worth = doubt * nearest
        worth[taken] = -1.0
    return pool[taken]


def drawing_order(n: int, seed: int) -> np.ndarray:
    """(n,) places in the order in which they would be drawn."""
    return np.random.default_rng([seed, 3]).permutation(n)


def mixed(unsure: Sequence[int], drawn: Sequence[int], size: int) -> dict[int, bool]:
    """Up to `size` places in turn from both, three unsure ones to a drawn one, each with whether it was drawn."""
    sources, taken, turn = (iter(unsure), iter(drawn)), dict[int, bool](), 0
    size = min(size, len({*unsure, *drawn}))
    while len(taken) < size:
        turn += 1
        is_drawn = turn % _DRAWN == 0
        place = next((p for p in sources[is_drawn] if p not in taken), None)
        if place is not None:
            taken[place] = is_drawn
    return taken


def stand_for(vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(len(places),) about how many of all pictures are nearest to each of these; at least 1.

    Args:
        vectors: (n, d) of all.
        places: of some of them, at least one.
    """
    n = len(vectors)
    drawn = np.random.default_rng(0).permutation(n)[:_FITTED]
    some, lengths = vectors[places], np.square(vectors[places]).sum(axis=1)
    counts = np.zeros(len(places))
    for start in range(0, len(drawn), _BLOCK):
        distances = lengths - 2.0 * vectors[drawn[start : start + _BLOCK]] @ some.T
        counts += np.bincount(distances.argmin(axis=1), minlength=len(places))
    return np.maximum(1, np.rint(counts * n / len(drawn))).astype(np.int64)
