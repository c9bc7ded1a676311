"""A flow diagram whose bands and bars are clicked."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st


def flow_chart(figure: go.Figure, key: str, alt: str, clicked: Callable[..., None]) -> None:
    """Show it; `clicked` is told where a bar stands (reading, name), of a band also which name of the next reading."""
    clicks = st.session_state.setdefault(f"{key}_clicks", 0)
    now = f"{key}_{clicks}"

    def told() -> None:
        if points := st.session_state[now].selection.points:
            clicked(*points[0]["customdata"])
            st.session_state[f"{key}_clicks"] = clicks + 1  # a new key forgets what was clicked

    st.plotly_chart(figure, key=now, config={"displayModeBar": False}, on_select=told, selection_mode="points", alt=alt)
