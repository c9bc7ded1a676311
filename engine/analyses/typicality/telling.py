"""Figures of pictures: T with its interval, the likeliest label, what is known while a run goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.analyses.typicality.patches import contrast, interval
from engine.analyses.typicality.result import Params, Row
from engine.gallery import Picture

_RESAMPLED = 1000
_SHOWN = 24  # rows of a partial result


def rows_of(
    pictures: Sequence[Picture],
    labels: Sequence[tuple[str, ...]],
    maps: dict[int, np.ndarray],
    params: Params,
    seed: int,
) -> tuple[Row, ...]:
    """A row a picture, the most typical of each label first."""
    rows = []
    for i, picture in enumerate(pictures):
        if i not in maps:
            rows.append(Row(picture.name, labels[i][0], why="it could not be read"))
            continue
        row = row_of(picture, labels[i][0], maps[i], params)
        rows.append(replace(row, posterior=posterior(maps[i], labels[i], seed)))
    return tuple(sorted(rows, key=lambda r: (r.label, bool(r.why), -r.typicality, r.file)))


def posterior(maps: np.ndarray, labels: tuple[str, ...], seed: int) -> dict[str, float]:
    """By label, in how many of 1,000 resamplings of the groups of draws (P, G, h, w) it has the largest T."""
    if len(labels) < 2:
        return {}
    groups = maps.mean((2, 3), dtype=np.float64)  # (P, G)
    n = groups.shape[1]
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), _RESAMPLED)
    won = np.bincount((drawn @ groups.T).argmax(1), minlength=len(labels)) / _RESAMPLED
    return {label: float(share) for label, share in zip(labels, won, strict=True)}


def accuracy(rows: Sequence[Row]) -> float | None:
    """Share of pictures whose own label has the largest T most often; None where no other was asked about."""
    told = [max(r.posterior, key=r.posterior.__getitem__) == r.label for r in rows if r.posterior]
    return float(np.mean(told)) if told else None


def row_of(picture: Picture, label: str, maps: np.ndarray, params: Params) -> Row:
    """What a picture's maps (P, G, h, w) say of all of it."""
    mean, low, high = interval(contrast(maps, params.against).mean((1, 2)))
    return Row(picture.name, label, float(mean), float(low), float(high))


def partial(rows: Collection[Row], draws: int, of: int) -> dict[str, Any]:
    """The most typical pictures so far, for who waits; `of` so many."""
    top = sorted(rows, key=lambda r: (-r.typicality, r.file))[:_SHOWN]
    told = [{"file": r.file, "label": r.label, "typicality": r.typicality, "low": r.low, "high": r.high} for r in top]
    return {"draws": draws, "pictures": len(rows), "of": of, "rows": told}
