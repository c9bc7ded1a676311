"""Figures of pictures: T with its interval, the likeliest label, what is known while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
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
        mean, low, high = interval(contrast(maps[i], params.against).mean((1, 2)))
        chances = posterior(maps[i], labels[i], seed)
        rows.append(Row(picture.name, labels[i][0], float(mean), float(low), float(high), chances))
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


def partial(
    pictures: Sequence[Picture],
    labels: Sequence[tuple[str, ...]],
    maps: dict[int, np.ndarray],
    params: Params,
    draws: int,
) -> dict[str, Any]:
    """The most typical pictures so far, for who waits."""
    told = []
    for i, map_ in maps.items():
        mean, low, high = interval(contrast(map_, params.against).mean((1, 2)))
        told.append((float(mean), float(low), float(high), pictures[i].name, labels[i][0]))
    top = sorted(told, reverse=True)[:_SHOWN]
    rows = [{"file": f, "label": label, "typicality": t, "low": low, "high": high} for t, low, high, f, label in top]
    return {"draws": draws, "pictures": len(maps), "of": len(pictures), "rows": rows}
