"""From eigenvalues to figures. Pure; eigenvalues are those of a covariance or a kernel, in any order and scale.

With p = l / sum l, the figures of orders 1, 2 and infinity are Hill numbers (Hill, Ecology 1973): how many directions,
were all equally strong, would be as diverse. Order 1 is the effective rank (Roy & Vetterli, EUSIPCO 2007), order 2 the
participation ratio; of a cosine kernel they are the Vendi score (Friedman & Dieng, TMLR 2023; orders: Pasarkar & Dieng,
AISTATS 2024).
"""

from __future__ import annotations

import math

import numpy as np


def hill(eigenvalues: np.ndarray, order: float) -> float:
    """The Hill number of an order above 0, infinity included; 0 where all eigenvalues are 0."""
    p = shares(eigenvalues)
    p = p[p > 0]
    if not len(p):
        return 0.0
    if order == 1:
        return math.exp(-float(p @ np.log(p)))
    return 1 / float(p.max()) if order == math.inf else float((p**order).sum()) ** (1 / (1 - order))


def effective_rank(eigenvalues: np.ndarray) -> float:
    """ER = exp(-sum p ln p)."""
    return hill(eigenvalues, 1)


def participation_ratio(eigenvalues: np.ndarray) -> float:
    """PR = (sum l)^2 / sum l^2."""
    return hill(eigenvalues, 2)


def score(effective_rank: float, participation_ratio: float, dimension: int) -> float:
    """sqrt(ER/d * PR/d): 1 where every direction is as strong as the next, 0 where all pictures are one."""
    return math.sqrt(effective_rank * participation_ratio) / dimension


def shares(eigenvalues: np.ndarray) -> np.ndarray:
    """p_i = l_i / sum l, float64; zeros where all are 0."""
    values = np.asarray(eigenvalues, float)
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


def log_determinant(eigenvalues: np.ndarray) -> float | None:
    """The ln det of the covariance scaled to a mean eigenvalue of 1: 0 at most; None where it is minus infinity."""
    p = shares(eigenvalues) * len(eigenvalues)
    return float(np.log(p).sum()) if p.min(initial=1) > 0 else None


def isotropy(eigenvalues: np.ndarray) -> float:
    """IsoScore (Rudman et al., Findings of ACL 2022): 0 one direction, 1 all alike. In closed form (PR - 1)/(d - 1)."""
    d = len(eigenvalues)
    return max(0.0, participation_ratio(eigenvalues) - 1) / (d - 1) if d > 1 else 0.0
