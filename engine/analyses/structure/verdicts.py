"""The four shifts that a model learns from a set by mistake, named where they are found (Yang et al., ICML 2023)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.analyses.crossing import balance, correlations, table
from engine.analyses.structure.result import Result
from engine.analyses.structure.telling import values_of

Shift = Literal["spurious correlation", "attribute imbalance", "class imbalance", "attribute missing"]

_TELLING, _SAME = 0.1, 0.95  # Cramer's V of a correlation worth a word; of a dimension that is the label itself
_EVEN = 0.8  # evenness below which values are unbalanced, with 95 % confidence
_EXPECTED = 5.0  # pictures that a cell should have by chance, for its emptiness to tell something


@dataclass(frozen=True)
class Verdict:
    """A shift, what it is about, and a sentence."""

    shift: Shift
    about: str
    sentence: str


def verdicts(result: Result, seed: int = 0) -> list[Verdict]:
    """The shifts of a set with labels; none where there are no two labels.

    Args:
        result: of a run.
        seed: of permutations and bootstrap.
    """
    labels = [row.label for row in result.rows]
    counts = Counter(label for label in labels if label)
    found = list(_imbalances(result, counts, seed))
    if len(counts) < 2:
        return found
    values = {one.name: values_of(result, one.name) for one in result.dimensions if not one.label}
    for c in correlations(labels, values, seed):
        if c.q > 0.05 or not _TELLING <= c.v < _SAME:
            continue
        told = table([[label] if label else [] for label in labels], values[c.dimension])
        residuals, expected = told.residuals, told.expected
        i, j = divmod(int(residuals.argmax()), residuals.shape[1])
        most = f"{told.columns[j]} goes with {told.rows[i]}"
        sentence = f"{c.dimension} goes with the label (Cramér's V {c.v:.2f}, corrected p {c.q:.2g}): {most} above all."
        found.append(Verdict("spurious correlation", c.dimension, sentence))
        for row, name in enumerate(told.rows):
            empty = [told.columns[k] for k in range(len(told.columns))
                     if not told.counts[row, k] and expected[row, k] >= _EXPECTED]  # fmt: skip
            if empty:
                words = f"No {name} is {', '.join(empty[:6])}, though chance alone would give some."
                found.append(Verdict("attribute missing", c.dimension, words))
    return found


def _imbalances(result: Result, labels: Counter[str], seed: int) -> Iterator[Verdict]:
    told = balance(list(labels.values()), seed)
    if len(labels) > 1 and told.high < _EVEN:
        most, least = labels.most_common()[0], labels.most_common()[-1]
        words = f"Labels are uneven: {most[0]} has {most[1]:,} pictures, {least[0]} {least[1]:,}."
        yield Verdict("class imbalance", "label", words)
    for one in result.dimensions:
        counts = [a.count for a in one.attributes if a.count]
        even = balance(counts, seed)
        if len(counts) > 1 and even.high < _EVEN:
            first = one.attributes[0]
            words = f"{one.name} is uneven ({even.evenness:.2f} of 1): {first.share:.0%} are {first.name}."
            yield Verdict("attribute imbalance", one.name, words)
