"""Figures of a structure: treemap and sunburst of dimensions, and a cross table of what goes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from engine.analyses.crossing import Table
from engine.analyses.structure.result import Dimension

_INK = "#000037"  # nearly black; in Streamlit's chart theme this very value stands for the theme's own text colour
_COLOURS = ("#1a9692", "#d66e20", "#786edc", "#be5082", "#6e8c28", "#3a7ebf", "#a8763e", "#8a5aa8")
_LESS, _MORE, _NONE = "#c8641e", "#1a9692", "#8c8c8c"
_MOST = 40  # attributes of a dimension that are drawn
_STRONG = 8.0  # adjusted residual that has the full colour, in every table and in reports


def tree(
    dimensions: Sequence[Dimension], kind: str = "treemap", told: Mapping[tuple[str, str], float] | None = None
) -> go.Figure:
    """Dimensions with their attributes by the number of pictures; `kind` is treemap or sunburst.

    Args:
        dimensions: those to draw; an attribute's id is the places of both, as `named` reads it.
        kind: treemap or sunburst.
        told: 0 to 1 by dimension and attribute, drawn as colour; None: a colour for each dimension.
    """
    ids, labels, parents, values, colours = [], [], [], [], []
    for i, one in enumerate(dimensions):
        colour = _COLOURS[i % len(_COLOURS)]
        counts = [(a.name, a.count) for a in one.attributes[:_MOST] if a.count]
        counts += [(name, n) for name, n in (("other", one.other),) if n]
        ids.append(f"{i}")
        labels.append(_cut(one.name))
        parents.append("")
        values.append(sum(n for _, n in counts))
        colours.append(colour if told is None else _NONE)
        for k, (name, n) in enumerate(counts):
            ids.append(f"{i}/{k}")
            labels.append(_cut(name))
            parents.append(f"{i}")
            values.append(n)
            share = None if told is None else told.get((one.name, name))
            colours.append(colour if told is None else _NONE if share is None else _between(share))
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


def named(dimensions: Sequence[Dimension], id: str) -> tuple[str, str] | None:
    """The dimension and attribute of an id of `tree`; None for a dimension, for "other", and for what is no id."""
    i, _, k = id.partition("/")
    try:
        one = dimensions[int(i)]
        return one.name, [a for a in one.attributes[:_MOST] if a.count][int(k)].name
    except (ValueError, IndexError):
        return None


def cross(told: Table, names: tuple[str, str]) -> go.Figure:
    """Counts with adjusted residuals as colours: more than chance in one, less in the other; empty cells say so.

    Each cell is a bar, which unlike a heat map's cell can be clicked; its `customdata` begins with row and column.
    """
    residuals, expected, counts = told.residuals, told.expected, told.counts
    rows, columns = _distinct(told.rows), _distinct(told.columns)
    cells = [(i, j) for i in range(len(rows)) for j in range(len(columns))]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            base=[j - 0.5 for _, j in cells],
            x=[1] * len(cells),
            y=[i for i, _ in cells],
            width=1,
            text=[f"{int(counts[cell]):,}" if counts[cell] else "∅" for cell in cells],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": _INK},
            customdata=[[i, j, rows[i], columns[j], expected[i, j], residuals[i, j]] for i, j in cells],
            hovertemplate="%{customdata[2]}, %{customdata[3]}: %{text}, expected %{customdata[4]:.1f}, "
            "residual %{customdata[5]:.1f}<extra></extra>",
            marker={
                "color": [float(np.clip(residuals[cell], -_STRONG, _STRONG)) for cell in cells],
                "colorscale": [[0, _LESS], [0.5, "rgba(128,128,128,0.12)"], [1, _MORE]],
                "cmin": -_STRONG,
                "cmax": _STRONG,
                "colorbar": {"title": {"text": "residual"}, "thickness": 10},
                "line": {"width": 0},
            },
            unselected={"marker": {"opacity": 1}},
        )
    )
    figure.update_layout(
        height=max(260, 34 * len(rows) + 120),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        dragmode=False,
        bargap=0,
        hoverlabel={"font": {"color": _INK}},
    )
    for axis, ticks, name in ((figure.update_xaxes, columns, names[1]), (figure.update_yaxes, rows, names[0])):
        axis(
            title={"text": _cut(name), "font": {"color": _INK}}, tickfont={"color": _INK}, tickmode="array",
            tickvals=list(range(len(ticks))), ticktext=ticks, showgrid=False, zeroline=False,
        )  # fmt: skip
    figure.update_xaxes(range=[-0.5, len(columns) - 0.5])
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5])
    return figure


def _between(share: float) -> str:
    """A colour from the one of less to the one of more."""
    low, high = ([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (_LESS, _MORE))
    mixed = [round(a + (b - a) * min(1.0, max(0.0, share))) for a, b in zip(low, high, strict=True)]
    return f"rgb({','.join(map(str, mixed))})"


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
