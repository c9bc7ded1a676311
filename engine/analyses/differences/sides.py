"""The two sides of a comparison: what is left out, near copies that count once, and the halves.

One half is for finding statements, the other for testing them. Which picture goes where follows from its content alone,
so neither the order of files nor which side is called A changes it; near copies stay together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.gallery import Picture


@dataclass(frozen=True)
class Units:
    """Pictures of one side in one half: the group of each one, so that near copies count as one.

    Args:
        places: (n,) of pictures.
        group: (n,) from 0 on.
    """

    places: np.ndarray
    group: np.ndarray

    def __len__(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    def values(self, scores: np.ndarray) -> np.ndarray:
        """(units,) mean score of each group, of scores (pictures,); those without a number are left out."""
        some = scores[self.places]
        known = np.isfinite(some)
        count = np.bincount(self.group[known], minlength=len(self))
        total = np.bincount(self.group[known], some[known].astype(float), minlength=len(self))
        return total[count > 0] / count[count > 0]

    def first(self) -> np.ndarray:
        """(units,) the place of each group's first picture."""
        _, at = np.unique(self.group, return_index=True)
        return self.places[at]


@dataclass(frozen=True)
class Sides:
    """Units of A and B in both halves, and what was found in sorting them.

    Args:
        discover: A's and B's, for finding statements.
        confirm: A's and B's, for testing them.
        both: A's and B's in either half.
        in_both: pictures that stand in both sets, by place; they are in no half.
        copied: near copies of a picture of the other side, by place.
        spare: how many pictures count as a part of another one's group.
    """

    discover: tuple[Units, Units]
    confirm: tuple[Units, Units]
    both: tuple[Units, Units]
    in_both: tuple[int, ...]
    copied: tuple[int, ...]
    spare: int


def sides(
    pictures: Sequence[Picture],
    a: np.ndarray,
    b: np.ndarray,
    copies: np.ndarray,
    seed: int,
    pairs: Sequence[str] | None = None,
) -> Sides:
    """Sort two sides into halves.

    Args:
        pictures: the gallery's.
        a: places of A's.
        b: places of B's.
        copies: (pictures,) the group of near copies that each is in.
        seed: changes who goes where.
        pairs: of each picture what it is paired by; a pair then stays in one half.
    """
    content = [picture.hash for picture in pictures]
    shared = {content[i] for i in a.tolist()} & {content[i] for i in b.tolist()}
    in_both = sorted({i for i in (*a.tolist(), *b.tolist()) if content[i] in shared})
    a, b = (np.setdiff1d(side, in_both) for side in (a, b))
    together = _together(copies, pairs, np.union1d(a, b))
    is_late = _halved(content, together, a, b, seed)
    across = np.intersect1d(copies[a], copies[b])
    copied = [i for i in (*a.tolist(), *b.tolist()) if copies[i] in across]
    both = _units(a, copies), _units(b, copies)
    spare = len(a) + len(b) - len(both[0]) - len(both[1])
    half = lambda late: (_units(a[is_late[a] == late], copies), _units(b[is_late[b] == late], copies))  # noqa: E731
    return Sides(half(False), half(True), both, tuple(in_both), tuple(sorted(copied)), spare)


def _units(places: np.ndarray, copies: np.ndarray) -> Units:
    _, group = np.unique(copies[places], return_inverse=True)
    return Units(places, group)


def _together(copies: np.ndarray, pairs: Sequence[str] | None, places: np.ndarray) -> np.ndarray:
    """(pictures,) names of what must stay in one half: near copies, and what is paired with any of them."""
    if pairs is None:
        return copies
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, by_pair = np.unique([pairs[i] for i in places.tolist()], return_inverse=True)
    n = len(copies)
    links = coo_array((np.ones(len(places), bool), (copies[places], n + by_pair)), (2 * n + 1, 2 * n + 1))
    return connected_components(links, directed=False)[1][copies]


def _halved(content: Sequence[str], together: np.ndarray, a: np.ndarray, b: np.ndarray, seed: int) -> np.ndarray:
    """(pictures,) whether each is for testing: every other group of each kind, in an order that content gives."""
    is_late = np.zeros(len(content), bool)
    members: dict[int, list[int]] = {}
    for i in np.union1d(a, b).tolist():
        members.setdefault(int(together[i]), []).append(i)
    in_a, in_b = (set(together[side].tolist()) for side in (a, b))
    kinds: dict[str, list[tuple[bytes, int]]] = {"one": [], "other": [], "across": []}
    for group, some in members.items():
        key = hashlib.sha256(f"{seed}\0{min(content[i] for i in some)}".encode()).digest()
        kinds["across" if group in in_a and group in in_b else "one" if group in in_a else "other"].append((key, group))
    for groups in kinds.values():
        for rank, (_, group) in enumerate(sorted(groups)):
            is_late[members[group]] = rank % 2 == 0  # the larger half tests
    return is_late
