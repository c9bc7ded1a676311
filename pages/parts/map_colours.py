"""What points on a map are coloured by: a column of values to a code a point, and the legend that explains the codes.

Both palettes were searched for: twelve colours with a contrast of 3:1 and more on their theme's background, as far
apart as such colours can be in OKLab, seen with full colour vision, without red, without green and without blue cones
(Machado, Oliveira, Fernandes, 2009); the first ones are farthest apart. The ramps are even in OKLab's lightness. Colour
is never the only sign: pointing at a picture says its value, and an entry of the legend shows its own pictures alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST = 12  # values with a colour of their own
UNKNOWN = 255  # code of what has no value

_TOP = 254  # codes of values end before it, of a scale with it
HUES: Mapping[str, Mapping[str, tuple[str, ...] | str]] = {
    "light": {
        "palette": (
            *("#2d5dd8", "#d17e04", "#195e3d", "#b3408e", "#6218a1", "#5c2402"),
            *("#1d9bca", "#89784c", "#38296d", "#7a3270", "#da4203", "#826df7"),
        ),
        "ramp": (
            *("#0da1b2", "#2f8cba", "#3e76c0", "#4d5eb7", "#5545a6"),
            *("#582895", "#4d1d74", "#411352", "#350933"),
        ),
        "other": "#5f6368",
        "none": "#949494",
    },
    "dark": {
        "palette": (
            *("#4988f7", "#fe9904", "#4bd180", "#f4bacd", "#a061ad", "#de5723"),
            *("#92fefe", "#e8f398", "#575bcf", "#ca82d0", "#a0543d", "#abbffe"),
        ),
        "ramp": (
            *("#6a59bc", "#5273c3", "#2d8bc7", "#34a2c3", "#3db8bd"),
            *("#66cab2", "#94d9a3", "#bee690", "#e5f477"),
        ),
        "other": "#a9a9a9",
        "none": "#6f7479",
    },
}


@dataclass(frozen=True)
class Entry:
    """A line of a legend: what it says, how many points it is about, and the codes of these, first to last."""

    name: str
    count: int
    first: int
    last: int


@dataclass(frozen=True)
class Colours:
    """A code a point, and what the codes mean.

    Args:
        codes: (n,) uint8; UNKNOWN where there is no value. Of texts, 0 is the most frequent value; those from MOST on
            share a colour. Of numbers, 0 is the least and 254 the greatest.
        entries: the legend, less a scale.
        names: the values of codes 0, 1, ...; none of numbers.
        scale: the least and the greatest number; None of texts.
    """

    codes: np.ndarray
    entries: tuple[Entry, ...]
    names: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None


def colours_of(values: np.ndarray) -> Colours:
    """Codes of a column: numbers (NaN: not said), or texts (empty: not said), one a point."""
    return _numbers(values.astype(float)) if values.dtype.kind in "fiu" else _texts(values)


def _texts(values: np.ndarray) -> Colours:
    which, said = pd.factorize(values, use_na_sentinel=True)
    counts = np.bincount(which[which >= 0], minlength=len(said))
    counts[said == ""] = 0
    listed = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]  # of equal ones what comes first
    code = np.full(len(said) + 1, UNKNOWN, np.uint8)  # the last is pandas' -1: no value
    code[listed] = np.minimum(np.arange(len(listed)), _TOP)
    names = tuple(map(str, said[listed[:_TOP]]))
    entries = [Entry(names[rank], int(counts[i]), rank, rank) for rank, i in enumerate(listed[:MOST])]
    if len(rest := listed[MOST:]):
        name = f"{len(rest):,} other values" if len(rest) > 1 else "1 other value"
        entries.append(Entry(name, int(counts[rest].sum()), MOST, _TOP))
    codes = code[which]
    return Colours(codes, (*entries, *_unknown(codes)), names)


def _numbers(values: np.ndarray) -> Colours:
    known = np.isfinite(values)
    codes = np.full(len(values), UNKNOWN, np.uint8)
    if not known.any():
        return Colours(codes, _unknown(codes))
    low, high = float(values[known].min()), float(values[known].max())
    part = (values[known] - low) / (high - low) if high > low else np.zeros(int(known.sum()))
    codes[known] = np.round(part * _TOP).astype(np.uint8)
    return Colours(codes, _unknown(codes), scale=(low, high))


def _unknown(codes: np.ndarray) -> tuple[Entry, ...]:
    count = int((codes == UNKNOWN).sum())
    return (Entry("nothing said", count, UNKNOWN, UNKNOWN),) if count else ()
