"""Leading directions one can look at: the pictures at both ends of each, and the column that tells them best."""

from __future__ import annotations

from collections import Counter

import numpy as np

from engine.analyses.diversity.result import Axis
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.spectrum import Moments, axes, chunks
from engine.gallery import columns

COUNT, _ENDS = 8, 12  # directions, and pictures at each end
_TOLD = 0.1  # part of the variance that a column must explain to be named
_FEW = 30  # rows below which chance explains that much


def leading(vectors: np.ndarray, found: Moments, rows: Rows, count: int = COUNT) -> tuple[Axis, ...]:
    """The first directions of these vectors (n, d), whose moments are given."""
    values, directions = axes(found.scatter, found.n)
    count = min(count, len(values))
    if not count:
        return ()
    along = np.concatenate(
        [np.asarray(vectors[at] - found.mean, float) @ directions[:, :count] for at in chunks(found.n)]
    )
    told = _columns(rows) if rows.n >= _FEW else {}
    total = float(np.trace(found.scatter))
    return tuple(_axis(along[:, i], float(values[i]) / total, rows, told) for i in range(count))


def explained(values: np.ndarray, along: np.ndarray) -> float:
    """What part of the variance of `along` (n,) a column explains, beyond what chance would.

    Texts: omega squared by their means (adjusted eta squared). Numbers: the adjusted squared correlation. Rows of which
    the column says nothing are left out.
    """
    said = values == values if columns.is_number(values) else values != ""
    values, along = values[said], along[said]
    n = len(along)
    spread = along - along.mean() if n else along
    total = float(spread @ spread)
    if columns.is_number(values):
        away = values - values.mean() if n else values
        kinds, within = 2, total - (float(away @ spread) ** 2 / float(away @ away) if away.any() else 0.0)
    else:
        _, at = np.unique(values.astype(str), return_inverse=True)
        kinds = int(at.max(initial=-1)) + 1
        within = total - float((np.bincount(at, spread) ** 2 / np.bincount(at)).sum()) if n else 0.0
    if n <= kinds or kinds < 2 or not total > 0:
        return 0.0
    return max(0.0, 1 - (within / (n - kinds)) / (total / (n - 1)))


def _axis(along: np.ndarray, share: float, rows: Rows, told: dict[str, np.ndarray]) -> Axis:
    order = np.argsort(along, kind="stable")
    count = min(_ENDS, len(order) // 2)
    low, high = order[:count], order[::-1][:count]
    names = lambda some: tuple(rows.names[i] for i in some.tolist())  # noqa: E731
    said = {name: explained(values, along) for name, values in told.items()}
    best = max(said, key=lambda name: said[name], default="")
    if not best or said[best] < _TOLD:
        return Axis(share, names(low), names(high))
    ends = max(count, len(order) // 10)
    values = _prevails(told[best], order[:ends]), _prevails(told[best], order[::-1][:ends])
    return Axis(share, names(low), names(high), best, said[best], values)


def _columns(rows: Rows) -> dict[str, np.ndarray]:
    """Columns that could tell a direction: numbers, or texts that many pictures share."""
    found = {name: rows.column(name) for name in rows.columns}
    return {name: v for name, v in found.items() if columns.is_number(v) or 1 < len(set(v.tolist())) <= rows.n / 5}


def _prevails(values: np.ndarray, some: np.ndarray) -> str:
    """What most of these pictures have, or the middle of their numbers."""
    here = values[some]
    if columns.is_number(values):
        here = here[here == here]
        return f"{np.median(here):.4g}" if len(here) else ""
    counts = Counter(value for value in here.tolist() if value)
    return counts.most_common(1)[0][0] if counts else ""
