"""Where pictures go from one reading to the next: an alluvial diagram, whose bars and bands can be clicked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

_INK = "#000037"  # nearly black; in Streamlit's chart theme this very value stands for the theme's own text colour
_COLOURS = (
    "26,150,146",
    "214,110,32",
    "120,110,220",
    "190,80,130",
    "110,140,40",
    "58,127,191",
    "168,118,62",
    "138,90,168",
)
_NONE = "140,140,140"
_WIDE, _GAP = 0.05, 0.35  # of a bar, in distances between two readings; between bars, in mean bars
_BANDS = 160  # the largest that are drawn: browsers slow down beyond
_STEPS = np.linspace(0, 1, 18)
_EASED = _STEPS**2 * (3 - 2 * _STEPS)
_HANDLES = range(3, 16)  # steps at which a band can be clicked
_NUMBER, _FURTHER = 3, 8  # step at which a band's number stands, before bands cross; behind the names of later bars
_MARGIN = 42  # pixels above and below
_LEAST = 12  # pixels of a band from which its number is written
_LETTER = 6.6  # pixels, of the words beside the outer bars: room for them does not shrink with the page


@dataclass(frozen=True)
class Stage:
    """One reading: what it is called, its names in order ("" is none), and how many pictures have each."""

    title: str
    names: tuple[str, ...]
    sizes: tuple[float, ...]


def alluvial(stages: Sequence[Stage], tables: Sequence[np.ndarray], empty: str = "unassigned") -> go.Figure:
    """Bars of each reading, bands between neighbours as wide as the pictures that have both names.

    A click's `customdata` begins with the stage and the name's place in it; of a band, those of its left end, and the
    name's place in the next stage.

    Args:
        stages: two readings or more, over the same pictures.
        tables: counts (names of one stage, names of the next).
        empty: what "" is called.
    """
    orders = _orders(stages, tables)
    total = max(sum(stage.sizes) for stage in stages)
    most = max(len(stage.names) for stage in stages)
    gap = _GAP * total / most
    high = total + gap * (most - 1)
    lows = [_placed(stage, order, gap, total, most) for stage, order in zip(stages, orders, strict=True)]
    least, last = _LEAST * high / (_height(most) - _MARGIN), len(stages) - 1
    traces, words = list[dict[str, Any]](), list[dict[str, Any]]()
    for k, counts in enumerate(tables):
        traces += _bands(k, stages, counts, orders, lows, least)
    for k, stage in enumerate(stages):
        traces.append(_bars(k, stage, lows[k], empty))
        words += [_title(k, stage, last), *_names(k, stage, lows[k], last, empty)]
    room = [_LETTER * max(map(len, _told(stage, empty)), default=0) + 12 for stage in (stages[0], stages[-1])]
    layout = {
        "height": _height(most),
        "margin": {"l": room[0], "r": room[1], "t": _MARGIN - 8, "b": 8},
        "dragmode": False,
        "hovermode": "closest",
        "showlegend": False,
        "barmode": "overlay",
        "hoverlabel": {"font": {"color": _INK}},
        "xaxis": {"visible": False, "range": [-_WIDE / 2, last + _WIDE / 2], "fixedrange": True},
        "yaxis": {"visible": False, "range": [0, high], "fixedrange": True},
        "annotations": words,
    }
    return go.Figure(traces, layout)  # at once: plotly copies all that is there at each addition


def _height(most: int) -> int:
    """Pixels, for so many names of the reading that has most."""
    return max(340, 30 * most + 90)


def _orders(stages: Sequence[Stage], tables: Sequence[np.ndarray]) -> list[list[int]]:
    """Names of each reading from the top, each after the middle of what it is tied to: few bands cross; none is last.

    Swept to the right, back and again (Sugiyama, Tagawa & Toda 1981).
    """
    orders = [list(range(len(stage.names))) for stage in stages]
    steps = range(len(tables))
    for k, to_right in (
        *((k, True) for k in steps),
        *((k, False) for k in reversed(steps)),
        *((k, True) for k in steps),
    ):
        counts, fixed, moved = (tables[k], k, k + 1) if to_right else (tables[k].T, k + 1, k)
        at, ties = np.argsort(orders[fixed]), counts.sum(0)
        middle = np.divide(at @ counts, ties, out=np.full(len(ties), float(len(at))), where=ties > 0)
        names = stages[moved].names
        orders[moved] = sorted(orders[moved], key=lambda j, names=names, middle=middle: (names[j] == "", middle[j]))
    return orders


def _placed(stage: Stage, order: Sequence[int], gap: float, total: float, most: int) -> np.ndarray:
    """Lower ends of the bars, by place in the stage; the first one is on top."""
    space = gap * (most - 1) / max(1, len(order) - 1) if len(order) > 1 else 0.0
    high = total + gap * (most - 1) if len(order) > 1 else (total + gap * (most - 1) + sum(stage.sizes)) / 2
    lows = np.zeros(len(order))
    for i in order:
        high -= stage.sizes[i]
        lows[i] = high
        high -= space
    return lows


def _bars(k: int, stage: Stage, lows: np.ndarray, empty: str) -> dict[str, Any]:
    names = [_cut(name) or empty for name in stage.names]
    return {
        "type": "bar",
        "x": np.full(len(names), k),
        "base": lows,
        "y": np.array(stage.sizes, float),
        "width": _WIDE,
        "marker": {"color": [f"rgb({_colour(k, i, stage)})" for i in range(len(names))], "line": {"width": 0}},
        "customdata": [[k, i] for i in range(len(names))],
        "text": [f"{name}: {int(n):,}" for name, n in zip(names, stage.sizes, strict=True)],
        "textposition": "none",
        "hovertemplate": "%{text} pictures<extra></extra>",
        "unselected": {"marker": {"opacity": 1}},
    }


def _title(k: int, stage: Stage, last: int) -> dict[str, Any]:
    side = "left" if k == 0 else "right" if k == last else "center"
    at = {"left": -_WIDE / 2, "right": _WIDE / 2, "center": 0.0}[side]
    return {"x": k + at, "y": 1.0, "yref": "paper", "yshift": 16, "text": f"<b>{_cut(stage.title)}</b>",
            "showarrow": False, "xanchor": side, "font": {"color": _INK}}  # fmt: skip


def _names(k: int, stage: Stage, lows: np.ndarray, last: int, empty: str) -> Iterator[dict[str, Any]]:
    """Name and number beside each bar that holds pictures."""
    left = k == 0
    is_free = left or k == last  # else bands lie below
    for words, low, n in zip(_told(stage, empty), lows, stage.sizes, strict=True):
        if n:
            yield {
                "x": k - _WIDE / 2 if left else k + _WIDE / 2,
                "y": low + n / 2,
                "text": words,
                "showarrow": False,
                "xanchor": "right" if left else "left",
                "xshift": -4 if left else 4,
                "font": {"color": _INK, "size": 12},
                "bgcolor": None if is_free else "#000038",
                "opacity": 1 if is_free else 0.85,
            }


def _told(stage: Stage, empty: str) -> list[str]:
    """Name and number of each bar, as they stand beside it."""
    return [f"{_cut(name) or empty} {int(n):,}" for name, n in zip(stage.names, stage.sizes, strict=True)]


def _bands(
    k: int,
    stages: Sequence[Stage],
    counts: np.ndarray,
    orders: Sequence[Sequence[int]],
    lows: Sequence[np.ndarray],
    least: float,
) -> Iterator[dict[str, Any]]:
    """Bands leave and reach each bar from the top, in the order of the bars on the other side.

    Those of a bar are one trace, as they do not cross; last come the points on all of them.
    """
    left, right = stages[k], stages[k + 1]
    leaves, reaches = lows[k] + np.array(left.sizes), lows[k + 1] + np.array(right.sizes)
    drawn = set(np.argsort(-counts, axis=None, kind="stable")[:_BANDS].tolist())
    at, named, number = [], [], _FURTHER if k else _NUMBER
    for i in orders[k]:
        shapes = []
        for j in orders[k + 1]:
            n = counts[i, j]
            if not n:
                continue
            if i * counts.shape[1] + j in drawn:
                top = leaves[i] + (reaches[j] - leaves[i]) * _EASED
                shapes.append([*top, *(top - n)[::-1], np.nan])  # a gap ends a shape
                words = f"{_cut(left.names[i]) or 'none'} → {_cut(right.names[j]) or 'none'}"
                for step in _HANDLES:
                    at.append((_across(k)[step], top[step] - n / 2))
                    is_told = step == number and n >= least
                    named.append(([k, i, j, words, int(n)], f"{int(n):,}" if is_told else ""))
            leaves[i] -= n
            reaches[j] -= n
        if shapes:
            yield {
                "type": "scatter",
                "x": np.tile([*_across(k), *_across(k)[::-1], np.nan], len(shapes)),
                "y": np.concatenate(shapes),
                "mode": "lines",
                "fill": "toself",
                "fillcolor": f"rgba({_colour(k, i, left)},0.35)",
                "line": {"width": 0},
                "hoverinfo": "skip",
            }
    x, y = np.array(at).reshape(-1, 2).T
    yield {  # a filled shape cannot be clicked: a point on it can
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "markers+text",
        "text": np.array([number for _, number in named], object),
        "textfont": {"color": _INK, "size": 11},
        "marker": {"size": 22, "opacity": 0, "color": f"rgb({_NONE})"},
        "customdata": np.array([said for said, _ in named], object).reshape(-1, 5),
        "hovertemplate": "%{customdata[3]}: %{customdata[4]:,} pictures<extra></extra>",
        "selected": {"marker": {"opacity": 0}},
        "unselected": {"marker": {"opacity": 0}, "textfont": {"color": _INK}},
    }


def _across(k: int) -> np.ndarray:
    """Where a band of this stage stands at each step."""
    return k + _WIDE / 2 + (1 - _WIDE) * _STEPS


def _colour(k: int, i: int, stage: Stage) -> str:
    return _NONE if not stage.names[i] else _COLOURS[(i + 3 * k) % len(_COLOURS)]


def _cut(name: str) -> str:
    """A name short enough for a figure; angle brackets would be read as markup by plotly."""
    name = name.replace("<", "‹").replace(">", "›")
    return name if len(name) <= 22 else name[:21] + "…"
