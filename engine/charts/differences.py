"""Figures of a comparison: how a statement's score lies in both sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

A, B = "26,150,146", "214,110,32"  # the same two colours wherever A and B are shown
_INK = "#000037"  # nearly black; in Streamlit's chart theme this very value stands for the theme's own text colour
_FAINT = "rgba(128,128,128,0.8)"
_BINS = 40


def histogram(
    a: Sequence[float | None], b: Sequence[float | None], names: tuple[str, str], threshold: float | None = None
) -> go.Figure:
    """Shares of each side's pictures by score, one over the other; the threshold as a line.

    Args:
        a: scores of A's pictures; None where there is none.
        b: those of B's.
        names: what the sides are called.
        threshold: from which the statement is taken to hold.
    """
    sides = [np.array([s for s in side if s is not None], float) for side in (a, b)]
    known = np.concatenate(sides)
    figure = go.Figure()
    if len(known):
        low, high = float(known.min()), float(known.max())
        edges = np.linspace(low, high if high > low else low + 1e-6, _BINS + 1)
        for values, name, colour in zip(sides, names, (A, B), strict=True):
            counts = np.histogram(values, edges)[0]
            figure.add_bar(
                x=(edges[:-1] + edges[1:]) / 2,
                y=counts / max(1, len(values)),
                width=edges[1] - edges[0],
                name=_cut(name),
                marker={"color": f"rgba({colour},0.6)"},
                customdata=counts,
                hovertemplate="%{customdata:,} pictures, %{y:.1%} of " + _cut(name) + "<extra></extra>",
            )
    if threshold is not None:
        figure.add_vline(x=threshold, line={"color": _FAINT, "dash": "dash", "width": 2})
    figure.update_layout(
        barmode="overlay",
        height=220,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        dragmode=False,
        hoverlabel={"font": {"color": _INK}},
        legend={"font": {"color": _INK}, "orientation": "h", "y": 1.18, "x": 0},
    )
    figure.update_xaxes(title={"text": "score", "font": {"color": _INK}}, tickfont={"color": _INK})
    figure.update_yaxes(tickformat=".0%", tickfont={"color": _INK})
    return figure


def _cut(name: str) -> str:
    """A name short enough for a legend; angle brackets would be read as markup by plotly."""
    name = name.replace("<", "‹").replace(">", "›")
    return name if len(name) <= 40 else name[:39] + "…"
