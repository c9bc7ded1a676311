"""Figures of a structure: treemap and sunburst of dimensions, and a cross table of what goes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from engine.analyses.structure.crossing import Table
from engine.analyses.structure.result import Dimension

_INK = "#000037"  # nearly black; in Streamlit's chart theme this very value stands for the theme's own text colour
_COLOURS = ("#1a9692", "#d66e20", "#786edc", "#be5082", "#6e8c28", "#3a7ebf", "#a8763e", "#8a5aa8")
_MOST = 40  # attributes of a dimension that are drawn


def tree(dimensions: Sequence[Dimension], kind: str = "treemap") -> go.Figure:
    """Dimensions with their attributes by the number of pictures; `kind` is treemap or sunburst."""
    ids, labels, parents, values, colours = [], [], [], [], []
    for i, one in enumerate(dimensions):
        colour = _COLOURS[i % len(_COLOURS)]
        counts = [(a.name, a.count) for a in one.attributes[:_MOST] if a.count]
        counts += [(name, n) for name, n in (("other", one.other),) if n]
        ids.append(f"{i}")
        labels.append(_cut(one.name))
        parents.append("")
        values.append(sum(n for _, n in counts))
        colours.append(colour)
        for k, (name, n) in enumerate(counts):
            ids.append(f"{i}/{k}")
            labels.append(_cut(name))
            parents.append(f"{i}")
            values.append(n)
            colours.append(colour)
    shape = go.Sunburst if kind == "sunburst" else go.Treemap
    figure = go.Figure(
        shape(
            ids=ids,
            labels=labels,
            parents=parents,
            values=values,
            branchvalues="total",
            marker={"colors": colours},
            hovertemplate="%{label}: %{value:,} pictures<extra></extra>",
        )
    )
    figure.update_layout(height=440, margin={"l": 0, "r": 0, "t": 6, "b": 6}, hoverlabel={"font": {"color": _INK}})
    return figure


def cross(told: Table, names: tuple[str, str]) -> go.Figure:
    """Counts with adjusted residuals as colours: more than chance in one, less in the other; empty cells say so."""
    residuals = told.residuals
    text = [
        [f"{int(told.counts[i, j]):,}" if told.counts[i, j] else "∅" for j in range(len(told.columns))]
        for i in range(len(told.rows))
    ]
    figure = go.Figure(
        go.Heatmap(
            z=np.clip(residuals, -8, 8),
            x=_distinct(told.columns),
            y=_distinct(told.rows),
            text=text,
            texttemplate="%{text}",
            textfont={"color": _INK},
            customdata=np.stack([residuals, told.expected], -1),
            hovertemplate="%{y}, %{x}: %{text}, expected %{customdata[1]:.1f}, residual %{customdata[0]:.1f}"
            "<extra></extra>",
            colorscale=[[0, "#c8641e"], [0.5, "rgba(128,128,128,0.12)"], [1, "#1a9692"]],
            zmid=0,
            colorbar={"title": {"text": "residual"}, "thickness": 10},
        )
    )
    figure.update_layout(
        height=max(260, 34 * len(told.rows) + 120),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        dragmode=False,
        hoverlabel={"font": {"color": _INK}},
    )
    figure.update_xaxes(
        title={"text": _cut(names[1]), "font": {"color": _INK}}, tickfont={"color": _INK}, type="category"
    )
    figure.update_yaxes(
        title={"text": _cut(names[0]), "font": {"color": _INK}}, tickfont={"color": _INK}, type="category",
        autorange="reversed",
    )  # fmt: skip
    return figure


def _distinct(names: Sequence[str]) -> list[str]:
    """Short names, of which no two are equal: plotly would draw one category of them."""
    count: Counter[str] = Counter()
    found = []
    for short in map(_cut, names):
        count[short] += 1
        found.append(short if count[short] == 1 else f"{short} ({count[short]})")
    return found


def _cut(name: str) -> str:
    """A name short enough for a figure; angle brackets would be read as markup by plotly."""
    name = name.replace("<", "‹").replace(">", "›")
    return name if len(name) <= 26 else name[:25] + "…"
