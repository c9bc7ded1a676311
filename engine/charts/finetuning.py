"""The held-out gap while a model learns."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

_INK = "#000037"  # nearly black; in Streamlit's chart theme this very value stands for the theme's own text colour
_FAINT, _TEAL = "rgba(128,128,128,0.55)", "rgb(26,150,146)"


def looks(history: Sequence[tuple[int, float]], steps: int, kept: int | None = None) -> go.Figure:
    """The gap of each look, by step; what is above the line at 0 is better told with the label.

    Args:
        history: step and gap of each look.
        steps: where the axis ends.
        kept: the step whose weights are kept; it is marked.
    """
    at, gaps = [step for step, _ in history], [gap for _, gap in history]
    ink, told = {"color": _INK}, "step %{x:,}: %{y:+.6f}<extra></extra>"
    marks = [11 if step == kept else 5 for step in at]
    figure = go.Figure(
        go.Scatter(x=at, y=gaps, mode="lines+markers", line={"color": _TEAL, "width": 2}, marker={"size": marks},
                   hovertemplate=told, cliponaxis=False)
    )  # fmt: skip
    figure.add_hline(y=0, line={"color": _FAINT, "dash": "dot"})
    if kept is not None and kept in at:
        gap = gaps[at.index(kept)]
        figure.add_annotation(x=kept, y=gap, text="kept", font=ink, showarrow=False, yshift=16, xanchor="right")
    figure.update_layout(
        height=240,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        dragmode=False,
        hoverlabel={"font": ink},
        xaxis={"title": {"text": "step", "font": ink}, "range": [0, max(steps, 1)], "tickfont": ink},
        yaxis={"title": {"text": "held-out gap", "font": ink}, "tickfont": ink, "tickformat": "+.5~f"},
        showlegend=False,
    )
    return figure
