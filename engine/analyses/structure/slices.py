"""Where a model fails: attributes, and pairs of them, whose pictures it gets wrong more often.

Slices are found on one half of the pictures and confirmed on the other, corrected for all that were found (Benjamini &
Hochberg); the halves follow from the files' names.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from engine.analyses.crossing import corrected
from engine.analyses.shares import share
from engine.errors import GalleryError

SUPPORT = 20  # pictures of a slice, both halves
_FOUND = 40  # slices that are tested, the most telling of the finding half


@dataclass(frozen=True)
class Slice:
    """Pictures with some attributes, and how often a model is wrong there.

    Args:
        cell: dimension and attribute of each condition, one or two.
        n: pictures of the half that confirms.
        errors: of them wrong.
        error: their share, with Wilson's 95 % interval.
        low: of the interval.
        high: of the interval.
        lift: over the error of all pictures of that half.
        p: one-sided, exact.
        q: corrected for all that were tested.
        files: all its pictures, both halves.
    """

    cell: tuple[tuple[str, str], ...]
    n: int
    errors: int
    error: float
    low: float
    high: float
    lift: float
    p: float
    q: float
    files: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """In words."""
        where = " and ".join(f"{dimension} is {attribute}" for dimension, attribute in self.cell)
        return (
            f"Where {where}, {self.error:.0%} are wrong [{self.low:.0%}, {self.high:.0%}], {self.lift:.1f} times all."
        )


def read_predictions(path: Path) -> dict[str, bool]:
    """Whether each file's prediction is wrong, from a CSV with file, y_true and y_pred.

    Lines without a prediction are left out.

    Raises:
        GalleryError: it cannot be read, or lacks a column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            return predictions(file, str(path))
    except OSError as problem:
        raise GalleryError(f"{path} cannot be read: {problem}.", "Give a CSV with file, y_true and y_pred.") from None


def predictions(lines: Iterable[str], name: str) -> dict[str, bool]:
    """The same of the lines of a table called so."""
    try:
        rows = list(csv.DictReader(lines))
    except csv.Error as problem:
        raise GalleryError(f"{name} cannot be read: {problem}.", "Give a CSV with file, y_true and y_pred.") from None
    if not rows or not {"file", "y_true", "y_pred"} <= set(rows[0]):
        raise GalleryError(f"{name} lacks file, y_true or y_pred.", "Give a CSV with these columns.")
    return {row["file"]: row["y_true"] != row["y_pred"] for row in rows if row["file"] and row["y_pred"]}


def slices(
    files: Sequence[str], values: Mapping[str, Sequence[Sequence[str]]], wrong: Mapping[str, bool]
) -> list[Slice]:
    """Attributes and pairs of attributes with more errors than elsewhere, the surest first; also those not confirmed.

    Args:
        files: (n,) names.
        values: (n,) attributes of each, by dimension.
        wrong: by file; those without a prediction are left out.
    """
    places = [i for i, file in enumerate(files) if file in wrong]
    is_wrong = np.array([wrong[files[i]] for i in places], bool)
    late = np.array([hashlib.sha256(files[i].encode("utf-8", "surrogateescape")).digest()[0] % 2 == 0 for i in places])
    has: dict[tuple[str, str], np.ndarray] = {}
    for dimension, said in values.items():
        for kind in sorted({value for i in places for value in said[i]}):
            has[dimension, kind] = np.array([kind in said[i] for i in places], bool)
    cells: list[tuple[tuple[tuple[str, str], ...], np.ndarray]] = [((one,), mask) for one, mask in has.items()]
    cells += [((a, b), has[a] & has[b]) for a, b in combinations(has, 2) if a[0] != b[0]]
    ranked = []
    for cell, mask in cells:
        if mask.sum() >= SUPPORT and (mask & late).any():
            p = _more(is_wrong[mask & ~late], is_wrong[~mask & ~late])
            ranked.append((p, len(cell), cell, mask))
    ranked = sorted(ranked, key=lambda one: one[:3])[:_FOUND]
    told = [_slice(cell, mask, is_wrong, late, [files[i] for i in places]) for p, _, cell, mask in ranked if p < 0.5]
    q = corrected([one.p for one in told])
    told = [Slice(**{**vars(one), "q": its}) for one, its in zip(told, q, strict=True)]
    return sorted(told, key=lambda one: (one.q, one.p, len(one.cell), one.cell))


def _slice(
    cell: tuple[tuple[str, str], ...], mask: np.ndarray, wrong: np.ndarray, late: np.ndarray, files: Sequence[str]
) -> Slice:
    here = mask & late
    n, errors = int(here.sum()), int(wrong[here].sum())
    everywhere = float(wrong[late].mean())
    error, low, high = share(errors, n)
    lift = error / everywhere if everywhere else 1.0
    p = _more(wrong[here], wrong[~mask & late])
    names = tuple(files[i] for i in np.flatnonzero(mask).tolist())
    return Slice(cell, n, errors, error, low, high, lift, p, 1.0, names)


def _more(mine: np.ndarray, others: np.ndarray) -> float:
    """One-sided p of more errors here than there (Fisher's exact test)."""
    from scipy.stats import hypergeom

    errors = int(mine.sum())
    return float(hypergeom.sf(errors - 1, len(mine) + len(others), errors + int(others.sum()), len(mine)))
