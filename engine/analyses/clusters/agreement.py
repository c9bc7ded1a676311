"""How far clusters agree with labels that somebody gave before: a comparison, not a truth.

Accuracy by rectangular Hungarian matching (Kuhn 1955) in which an unassigned picture is never right; NMI (arithmetic
mean) and ARI (Hubert & Arabie 1985) with each unassigned picture counted as one more cluster of all the unassigned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_DRAWS = 1000  # bootstrap samples


@dataclass(frozen=True)
class Agreement:
    """Clusters against labels. `low` and `high` bound the accuracy's 95 % bootstrap interval.

    `confusion[i][j]` is the share of pictures labelled `labels[i]` in `clusters[j]`; rows add to 1, the last column
    being the unassigned. `match` names the label each cluster stands for, empty for none. `most` is the accuracy that
    so few clusters could reach at best, None where there are as many as labels.
    """

    accuracy: float
    low: float
    high: float
    nmi: float
    ari: float
    n: int
    labels: tuple[str, ...]
    clusters: tuple[str, ...]
    confusion: tuple[tuple[float, ...], ...]
    match: tuple[str, ...]
    most: float | None = None


def agreement(labels: Sequence[str], clusters: Sequence[str], names: Sequence[str], seed: int) -> Agreement | None:
    """Compare two labellings of the same pictures.

    Args:
        labels: (n,) what was said before; pictures with an empty label are left out.
        clusters: (n,) names out of `names`, empty for unassigned.
        names: the clusters' names.
        seed: of the bootstrap.

    Returns:
        None where fewer than two labels are there to compare with.
    """
    pairs = [(label, cluster) for label, cluster in zip(labels, clusters, strict=True) if label]
    kinds = sorted({label for label, _ in pairs})
    if len(kinds) < 2 or not names:
        return None
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score  # 1 s: pages import this module

    rows = np.array([kinds.index(label) for label, _ in pairs])
    place = {name: j for j, name in enumerate(names)}
    cols = np.array([place.get(cluster, len(names)) for _, cluster in pairs])  # last: unassigned
    table = np.zeros((len(kinds), len(names) + 1), dtype=np.int64)
    np.add.at(table, (rows, cols), 1)
    right, match = _matched(table)
    n = len(pairs)
    # A bootstrap sample of the pictures is a multinomial draw of the table's cells. The matching stays that of all the
    # pictures: matched anew, each sample would find the match that flatters it, and the interval would lie too high.
    draws = np.random.default_rng(seed).multinomial(n, table.ravel() / n, size=_DRAWS).reshape(-1, *table.shape)
    low, high = np.percentile(draws[:, list(match.values()), list(match)].sum(1) / n, [2.5, 97.5])
    shares = table / table.sum(1, keepdims=True)
    return Agreement(
        accuracy=right / n,
        low=float(low),
        high=float(high),
        nmi=float(normalized_mutual_info_score(rows, cols)),
        ari=float(adjusted_rand_score(rows, cols)),
        n=n,
        labels=tuple(kinds),
        clusters=tuple(names),
        confusion=tuple(tuple(float(x) for x in row) for row in shares),
        match=tuple(kinds[match[j]] if j in match else "" for j in range(len(names))),
        most=float(np.sort(table.sum(1))[-len(names) :].sum() / n) if len(names) < len(kinds) else None,
    )


def _matched(table: np.ndarray) -> tuple[int, dict[int, int]]:
    """How many pictures the best one-to-one matching gets right, and the label of each matched cluster."""
    from scipy.optimize import linear_sum_assignment

    able = table[:, :-1]
    rows, cols = linear_sum_assignment(able, maximize=True)
    return int(able[rows, cols].sum()), {int(c): int(r) for r, c in zip(rows, cols, strict=True) if able[r, c]}
