"""Figures of a clusters result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from engine.analyses.clusters.agreement import Agreement

_INK = "#000037"  # nearly black; in Streamlit's chart theme this very value stands for the theme's own text colour
_TEAL = "26,150,146"  # at three quarters over either theme's background its text has a contrast of 5:1


def confusion(agreement: Agreement) -> go.Figure:
    """Shares of each label's pictures by cluster, clusters ordered so that matches lie near the diagonal."""
    order = sorted(
        range(len(agreement.clusters)),
        key=lambda j: agreement.labels.index(agreement.match[j]) if agreement.match[j] else len(agreement.labels),
    )
    columns = [*order, len(agreement.clusters)]
    names = [*agreement.clusters, "unassigned"]
    values = [[100 * row[j] for j in columns] for row in agreement.confusion]
    ink = {"color": _INK}
    axis = {"type": "category", "showgrid": False, "tickfont": ink}
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[_cut(names[j]) for j in columns],
            y=[_cut(label) for label in agreement.labels],
            zmin=0,
            zmax=100,
            colorscale=[[0, f"rgba({_TEAL},0.05)"], [1, f"rgba({_TEAL},0.75)"]],
            colorbar={"title": {"text": "%", "font": ink}, "tickfont": ink, "thickness": 12},
            xgap=1,
            ygap=1,
            textfont=ink,
            texttemplate="%{z:.0f}" if len(columns) <= 25 else None,
            hovertemplate="%{y} in %{x}: %{z:.1f} %<extra></extra>",
        )
    )
    figure.update_layout(
        height=max(320, 26 * len(agreement.labels) + 120),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        dragmode=False,
        hoverlabel={"font": ink},
        xaxis={**axis, "title": {"text": "cluster", "font": ink}},
        yaxis={**axis, "title": {"text": "label", "font": ink}, "autorange": "reversed"},
    )
    return figure


def icicle(levels: Sequence[Mapping[str, str]], sizes: Mapping[str, int]) -> go.Figure:
    """Which names join, coarse to fine from left to right, by the number of pictures.

    Args:
        levels: {natural name: its name there}, finest first, each nesting in the next.
        sizes: pictures by natural name.
    """
    parents, counts, deep = {"all": ""}, dict[str, int](), {"all": 1.0}
    for name in levels[0]:
        above = "all"
        counts[above] = counts.get(above, 0) + sizes.get(name, 0)
        for depth, level in enumerate(reversed(levels)):
            id = f"{depth}/{level[name]}"
            parents[id], deep[id] = above, depth / len(levels)
            counts[id] = counts.get(id, 0) + sizes.get(name, 0)
            above = id
    ids = list(parents)
    figure = go.Figure(
        go.Icicle(
            ids=ids,
            labels=[_cut(id.partition("/")[2] or id) for id in ids],
            parents=[parents[id] for id in ids],
            values=[counts[id] for id in ids],
            branchvalues="total",
            tiling={"orientation": "h"},
            marker={"colors": [f"rgba({_TEAL},{0.7 - 0.6 * deep[id]:.2f})" for id in ids]},
            textfont={"color": _INK},
            texttemplate="%{label} %{value:,}",
            hovertemplate="%{label}: %{value:,} pictures<extra></extra>",
        )
    )
    height = min(900, max(160, 22 * len(levels[0]) + 30))
    figure.update_layout(height=height, margin={"l": 0, "r": 0, "t": 4, "b": 4}, hoverlabel={"font": {"color": _INK}})
    return figure


def _cut(name: str) -> str:
    """A name short enough for an axis; angle brackets would be read as markup by plotly."""
    name = name.replace("<", "‹").replace(">", "›")
    return name if len(name) <= 28 else name[:27] + "…"
