"""How right guesses are: some of them, drawn at random, are looked at; the interval is exact for any number. Pure.

The draw knows nothing of the pictures, and the guesses were fixed before it: so the number of wrong ones among those
looked at is hypergeometric, and the 95 % interval of how many are wrong in all follows from that alone (Clopper and
Pearson 1934, for a finite number of pictures), however the guesses came about.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

LEVEL = 0.95
_LEAST, _MOST, _PART = 10, 200, 4  # pictures audited: a quarter of those that may be described, in these bounds


def audit_size(described: int) -> int:
    """How many of the pictures that may be described are for the audit; of more, never fewer."""
    return min(_MOST, described // 2, max(_LEAST, -(-described // _PART)))


def audit_order(n: int, seed: int) -> np.ndarray:
    """(n,) places in the order in which they would be audited: drawn before anything is known of them."""
    return np.random.default_rng([seed, 1]).permutation(n)


def wrong_in_all(wrong: int, audited: int, n: int) -> tuple[int, int]:
    """The 95 % interval of how many of `n` guesses are wrong, those audited included.

    Args:
        wrong: how many of the audited ones are.
        audited: how many were drawn, without replacement.
        n: how many there are.
    """
    from scipy.stats import hypergeom

    able, tail = range(wrong, n - audited + wrong + 1), (1.0 - LEVEL) / 2
    if not audited:
        return able[0], able[-1]
    # The more are wrong in all, the likelier so many, and the less likely so few, among those that were drawn.
    low = bisect_right(able, tail, key=lambda k: float(hypergeom.sf(wrong - 1, n, k, audited)))
    high = bisect_left(able, -tail, key=lambda k: -float(hypergeom.cdf(wrong, n, k, audited)))
    return able[low], able[high - 1]
