"""How well maps find what somebody has boxed: average precision over all ranks, chance beside it, interval by picture.

Any map that only ranks pixels rightly scores 1, whatever its scale; noise scores the share of boxed pixels.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.analyses.typicality.patches import Box, upsampled
from engine.errors import GalleryError
from engine.gallery import Picture

_DRAWS, _BINS = 1000, 2000
_COLUMNS = ("file", "x", "y", "w", "h")


@dataclass(frozen=True)
class Found:
    """Average precision of maps for one kind of box.

    Args:
        kind: what the boxes are of.
        pictures: with such a box.
        precision: over all their pixels, ranked by the map.
        low: of its 95 % interval, by resampling pictures.
        high: of the interval.
        chance: the share of their pixels in a box, which noise would reach.
    """

    kind: str
    pictures: int
    precision: float
    low: float
    high: float
    chance: float


def read_boxes(path: Path, pictures: Mapping[str, Picture]) -> dict[str, list[tuple[str, Box]]]:
    """Kinds and boxes by file, as shares of the picture, from a CSV with file, x, y, w, h in pixels and perhaps label.

    Lines about other pictures are passed over.

    Raises:
        GalleryError: it cannot be read, lacks a column, or names none of the pictures.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            rows = list(csv.DictReader(file))
    except (OSError, csv.Error) as problem:
        raise GalleryError(f"{path} cannot be read: {problem}.", f"Give a CSV with {', '.join(_COLUMNS)}.") from None
    if not rows or not set(_COLUMNS) <= set(rows[0]):
        raise GalleryError(f"{path} lacks {', '.join(_COLUMNS)}.", "Give a CSV with these columns, in pixels.")
    found: defaultdict[str, list[tuple[str, Box]]] = defaultdict(list)
    for number, row in enumerate(rows, 2):
        if (picture := pictures.get(row["file"])) is None:
            continue
        try:
            x, y, w, h = (float(row[name]) for name in _COLUMNS[1:])
        except (TypeError, ValueError):
            raise GalleryError(
                f"{path}, line {number}: a number is missing.", "Give x, y, w and h in pixels."
            ) from None
        if not (w > 0 and h > 0 and np.isfinite([x, y, w, h]).all()):
            raise GalleryError(f"{path}, line {number}: the box has no size.", "Give x, y, w and h in pixels.")
        if x >= picture.width or y >= picture.height or x + w <= 0 or y + h <= 0:
            raise GalleryError(f"{path}, line {number}: the box lies outside its picture.", "Give pixels of the file.")
        box = (x / picture.width, y / picture.height, w / picture.width, h / picture.height)
        found[picture.name].append((row.get("label") or "box", box))
    if not found:
        raise GalleryError(f"{path} names none of these pictures.", "Its files are relative to the folder.")
    return dict(found)


def localised(
    maps: Mapping[str, np.ndarray], boxes: Mapping[str, Sequence[tuple[str, Box]]], seed: int = 0
) -> list[Found]:
    """Average precision for every kind of box, the most pictures first.

    Args:
        maps: (h, w) by file.
        boxes: kinds and boxes by file.
        seed: of the resampling.
    """
    kinds: defaultdict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
    for file, some in boxes.items():
        if file not in maps:
            continue
        fine = upsampled(maps[file])
        for kind in dict.fromkeys(kind for kind, _ in some):
            inside = np.zeros(fine.shape, bool)
            for box in (box for other, box in some if other == kind):
                inside |= _covered(fine.shape, box)
            kinds[kind].append((fine.ravel(), inside.ravel()))
    found = []
    for kind, told in kinds.items():
        n = len(told)
        sizes = np.array([one[1].mean() for one in told])
        if not sizes.any():
            continue
        scores, inside = np.concatenate([one[0] for one in told]), np.concatenate([one[1] for one in told])
        owner = np.repeat(np.arange(n), [len(one[0]) for one in told])
        order = np.argsort(-scores, kind="stable")
        scores, inside, owner = scores[order], inside[order], owner[order]
        spread = _resampled(scores, inside, owner, n, seed)
        precision = _precision(scores, inside)
        low, high = np.percentile(spread, [2.5, 97.5]) if len(spread) else (0.0, 1.0)
        found.append(Found(kind, n, precision, float(low), float(high), float(inside.mean())))
    return sorted(found, key=lambda one: (-one.pictures, one.kind))


def _precision(scores: np.ndarray, inside: np.ndarray) -> float:
    """Average precision of what is ranked already, ties counted together."""
    last = np.append(scores[1:] != scores[:-1], True)
    hits, seen = np.cumsum(inside)[last], np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) * (hits / seen)).sum() / hits[-1])


def _resampled(scores: np.ndarray, inside: np.ndarray, owner: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Average precision of pictures drawn with replacement, over ranks in bins; of what is ranked already."""
    if n < 2:
        return np.empty(0)
    last = np.searchsorted(-scores, -scores, side="right") - 1  # ties have one rank
    bins = last * _BINS // len(inside)
    totals = np.zeros((n, _BINS))
    hits = np.zeros((n, _BINS))
    np.add.at(totals, (owner, bins), 1)
    np.add.at(hits, (owner[inside], bins[inside]), 1)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), _DRAWS)
    gained, seen = drawn @ hits, (drawn @ totals).cumsum(1)
    found = gained.cumsum(1)
    able = found[:, -1] > 0
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return (gained * precision)[able].sum(1) / found[able, -1]


def _covered(shape: tuple[int, ...], box: Box) -> np.ndarray:
    """Which of (h, w) pixels have their middle in a box."""
    rows, columns = (np.arange(n) + 0.5 for n in shape)
    y, x = rows[:, None] / shape[0], columns / shape[1]
    return (box[1] <= y) & (y < box[1] + box[3]) & (box[0] <= x) & (x < box[0] + box[2])
