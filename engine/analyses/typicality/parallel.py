"""Elements that run parallel across labels: the same place of one picture, told as each of several labels.

Translations keep the layout, so a patch has a counterpart in every one. A patch's vector is what is seen in all of
them together; elements are ordered by co-typicality, the median over labels of T (Siglidis et al. 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.analyses.typicality import elements as parts
from engine.analyses.typicality.groups import cluster
from engine.analyses.typicality.patches import Box, mean_in, top_boxes

_LEAST = 2  # sources of an element


@dataclass(frozen=True)
class Parallel:
    """A patch of several pictures, as each label.

    Args:
        patches: source and box of each, nearest to the middle first.
        sources: different ones.
        typicality: by label, the median T of its patches.
        co_typicality: the median over labels of these.
    """

    patches: tuple[tuple[str, Box], ...]
    sources: int
    typicality: Mapping[str, float]
    co_typicality: float


def parallel(
    maps: Mapping[str, Mapping[str, np.ndarray]],
    features: Mapping[str, Mapping[str, np.ndarray]],
    share: float,
    per_picture: int,
    most: int,
    seed: int,
) -> list[Parallel]:
    """Elements across labels, the most co-typical first.

    Args:
        maps: by label and source, groups (G, h, w) of T for that label of the translation.
        features: by label and source, (c, h, w) of the translation.
        share: side of a patch.
        per_picture: patches of a source, at most.
        most: elements.
        seed: of the clusters.
    """
    labels = list(maps)
    sources = [one for one in maps[labels[0]] if all(one in maps[label] and one in features[label] for label in labels)]
    where: list[tuple[str, Box]] = []
    vectors, told = [], []
    for source in sources:
        together = np.median(np.stack([maps[label][source] for label in labels]), axis=0)
        for box, *_ in top_boxes(together, (share,), per_picture):
            where.append((source, box))
            vectors.append(np.concatenate([parts.vector_of(features[label][source], box) for label in labels]))
            told.append([float(mean_in(maps[label][source].mean(0), box)) for label in labels])
    if len(where) < 2:
        return []
    stacked = np.stack(vectors) / len(labels) ** 0.5
    values = np.array(told)
    numbers, middles = cluster(stacked, np.zeros(len(where), bool), most, seed)
    found = []
    for k, middle in enumerate(middles):
        mine = np.flatnonzero(numbers == k)
        order: Sequence[int] = mine[np.argsort(-(stacked[mine] @ middle), kind="stable")].tolist()
        files = {where[i][0] for i in order}
        if len(files) < _LEAST:
            continue
        medians = np.median(values[mine], axis=0)
        typicality = {label: float(t) for label, t in zip(labels, medians, strict=True)}
        found.append(Parallel(tuple(where[i] for i in order), len(files), typicality, float(np.median(medians))))
    return sorted(found, key=lambda one: -one.co_typicality)
