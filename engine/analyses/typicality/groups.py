"""Patches of a label in groups that look alike: what elements are told of, and what a person merges and splits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.analyses.typicality.result import Patch

LEAST = 3  # pictures of a group
_NEAR = 0.1  # of a group's patches may be farther from its middle than what counts as seen
_STARTS = 10


@dataclass(frozen=True)
class Patches:
    """The patches of a label's pictures.

    Args:
        label: whose.
        sizes: sides of patches that were asked for.
        pictures: places, among all that were asked about, of the label's pictures.
        patches: n of them.
        vectors: (n, d), of unit length.
        held_out: (n,) whether each is of the half from which no group is made.
        plain: (n,) whether hardly anything varies within each.
    """

    label: str
    sizes: tuple[float, ...]
    pictures: tuple[int, ...]
    patches: tuple[Patch, ...]
    vectors: np.ndarray
    held_out: np.ndarray
    plain: np.ndarray

    def files(self, places: np.ndarray) -> list[str]:
        """The pictures of these patches, each once, in order."""
        return sorted({self.patches[i].file for i in places.tolist()})

    def strength(self, places: np.ndarray) -> float:
        """What groups are ordered by: the median of T; where sizes compete, of T times side, as patches are chosen."""
        some = [self.patches[i] for i in places.tolist()]
        side = lambda box: (box[2] * box[3]) ** 0.5 if len(self.sizes) > 1 else 1.0  # noqa: E731
        return float(np.median([patch.t * side(patch.box) for patch in some]))


@dataclass(frozen=True)
class Group:
    """Patches that look alike.

    Args:
        number: its own for good.
        places: (m,) of its patches among the label's, nearest to a middle first.
        middles: (j, d), of unit length; several where a person merged groups.
        least: (j,) the nearness to each middle that counts as seen.
        name: as of an Element, as are by_hand and is_hidden.
        by_hand: what a person made it of.
        is_hidden: whether a person does not want to see it.
    """

    number: int
    places: np.ndarray
    middles: np.ndarray
    least: np.ndarray
    name: str = ""
    by_hand: str = ""
    is_hidden: bool = False


@dataclass(frozen=True)
class Sorted:
    """A label's patches in groups, the strongest first, and the highest number that one of them ever had."""

    of: Patches
    groups: tuple[Group, ...]
    highest: int


def sort(of: Patches, most: int, seed: int) -> Sorted:
    """So many groups, at most, that look alike; those of fewer than three pictures are left out."""
    numbers, middles = cluster(of.vectors, of.held_out, most, seed)
    made = [around(of, np.flatnonzero(numbers == k), middle) for k, middle in enumerate(middles)]
    kept = [one for one in made if len(of.files(one.places)) >= LEAST]
    kept.sort(key=lambda one: -of.strength(one.places))
    return Sorted(of, tuple(replace(one, number=i) for i, one in enumerate(kept, 1)), len(kept))


def around(of: Patches, places: np.ndarray, middle: np.ndarray) -> Group:
    """The group of some patches, the nearest to its middle first; it has no number yet."""
    near = of.vectors[places] @ middle
    least = np.quantile(near, _NEAR) if len(places) else 1.0
    return Group(0, places[np.argsort(-near, kind="stable")], middle[None], np.array([least]))


def together(of: Patches, groups: tuple[Group, ...]) -> Group:
    """One group of several, under the lowest of their numbers: seen where any of them is."""
    first = min(groups, key=lambda one: one.number)
    places, middles = np.concatenate([one.places for one in groups]), np.concatenate([one.middles for one in groups])
    near = (of.vectors[places] @ middles.T).max(1)
    least = np.concatenate([one.least for one in groups])
    return replace(first, places=places[np.argsort(-near, kind="stable")], middles=middles, least=least)


def halves(of: Patches, group: Group, seed: int) -> list[Group]:
    """The two groups that a group falls into by what is seen in its patches, the larger first; without numbers."""
    vectors = of.vectors[group.places]
    middles = _middles(vectors, of.held_out[group.places], 2, seed)
    nearest = (vectors @ middles.T).argmax(1)
    made = [around(of, group.places[nearest == k], middle) for k, middle in enumerate(middles)]
    return sorted(made, key=lambda one: -len(one.places))


def cluster(vectors: np.ndarray, held_out: np.ndarray, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of each vector's cluster and the middles, (k, d) unit vectors; only those not held out make clusters."""
    n = int((~held_out).sum())
    middles = _middles(vectors, held_out, min(most, max(1, (n if n >= 2 else len(vectors)) // 8)), seed)
    return (vectors @ middles.T).argmax(1), middles


def _middles(vectors: np.ndarray, held_out: np.ndarray, k: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    learned = vectors[~held_out] if (~held_out).sum() >= 2 else vectors
    return unit(KMeans(k, n_init=_STARTS, random_state=seed).fit(learned).cluster_centers_)  # type: ignore[arg-type]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of unit length; zeros stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
