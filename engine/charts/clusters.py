"""Figures of a clusters result."""

from __future__ import annotations

import plotly.graph_objects as go

from engine.analyses.clusters.agreement import Agreement


def confusion(agreement: Agreement) -> go.Figure:
    """Shares of each label's pictures by cluster, clusters ordered so that matches lie near the diagonal."""
    order = sorted(
        range(len(agreement.clusters)),
        key=lambda j: agreement.labels.index(agreement.match[j]) if agreement.match[j] else len(agreement.labels),
    )
    columns = [*order, len(agreement.clusters)]
    names = [*agreement.clusters, "unassigned"]
    values = [[100 * row[j] for j in columns] for row in agreement.confusion]
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[_cut(names[j]) for j in columns],
            y=[_cut(label) for label in agreement.labels],
            zmin=0,
            zmax=100,
            colorscale=[[0, "rgba(11,110,110,0.04)"], [1, "rgba(11,110,110,1)"]],
            colorbar={"title": "%"},
            texttemplate="%{z:.0f}" if len(columns) <= 25 else None,
            hovertemplate="%{y} in %{x}: %{z:.1f} %<extra></extra>",
        )
    )
    figure.update_layout(
        height=max(320, 26 * len(agreement.labels) + 120),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={"title": "cluster", "type": "category"},
        yaxis={"title": "label", "autorange": "reversed", "type": "category"},
    )
    return figure


def _cut(name: str) -> str:
    """A name short enough for an axis; angle brackets would be read as markup by plotly."""
    name = name.replace("<", "‹").replace(">", "›")
    return name if len(name) <= 28 else name[:27] + "…"
