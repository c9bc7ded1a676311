"""Pairs that lie across two parts: what of one set is, nearly, in the other, such as test pictures in train."""

from __future__ import annotations

import streamlit as st

from engine.analyses.diversity import Duplicates
from engine.analyses.diversity.duplicates import across, leaks
from engine.gallery import Gallery
from engine.store.runs import Run
from pages.parts import workspace
from pages.parts.grid import gallery_grid
from pages.parts.set_maker import save_as_set
from pages.parts.workspace import plain


def draw(run: Run, told: Duplicates, threshold: float, gallery: Gallery) -> None:
    """Which parts share pictures, and the pairs of two of them."""
    found = {pair: count for pair, count in across(told, threshold).most_common() if pair[0] != pair[1]}
    if not found:
        st.caption("No pair lies across two parts.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = lambda pair: f"{pair[0]} and {pair[1]} · {found[pair]:,} pairs"  # noqa: E731
        one, other = st.selectbox("Across two parts", list(found), key="leak", format_func=name, width=320)
        pairs = leaks(told, one, other, threshold)
        sides = ((one, [a for a, _, _ in pairs]), (other, [b for _, b, _ in pairs]))
        for at, (part, seen) in enumerate(sides):
            files = list(dict.fromkeys(seen))
            origin = f"of {part}, near copies across {one} and {other} from {threshold:.3f}, diversity run {run.id}"
            with st.container(width="content", gap=None):
                st.caption(f"of {plain(part)}")
                save_as_set(gallery, files, origin, f"leak_{at}", f"{part} seen in the other")
    here = [(a, b, cosine) for a, b, cosine in pairs if a in gallery.index and b in gallery.index]
    with st.expander(f"{len(here):,} pairs across {plain(one)} and {plain(other)}"):
        grid = gallery_grid(
            gallery,
            workspace.places(gallery, [file for a, b, _ in here for file in (a, b)]),
            f"leaks_{one}_{other}",
            size=96,
            groups=[(f"{cosine:.3f} · {a} · {b}", 2) for a, b, cosine in here],
            selectable=False,
            height="40vh",
        )
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
