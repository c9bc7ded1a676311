"""The pictures of one cell of a structure: an attribute, or several together."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine.analyses.structure import Result
from engine.gallery import Gallery
from engine.store.runs import Run
from pages.parts import structure_changes, workspace
from pages.parts.grid import gallery_grid
from pages.parts.picture_card import basics, close
from pages.parts.set_maker import save_as_set
from pages.parts.workspace import plain

LABEL = "label"  # what it is called among dimensions
PLAIN = {"displayModeBar": False}
OPENED = {
    "cross_row": "",
    "cross_column": "",
    "slice_open": None,
}  # what else opens a cell, and what it is when none is


def pictures(run: Run, result: Result, gallery: Gallery, cell: tuple[tuple[str, str], ...]) -> None:
    """The pictures of a cell, what was said of the one that is open, and a set of them."""
    has = lambda values, name, attribute: attribute in values.get(name, ())  # noqa: E731
    rows = [
        row for row in result.rows
        if all(row.label == a if name == LABEL else has(row.values, name, a) for name, a in cell)
    ]  # fmt: skip
    words = " and ".join(f"{name} = {attribute}" for name, attribute in cell)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {plain(words)} :gray[{len(rows):,}]", width="stretch")
        save_as_set(gallery, [row.file for row in rows], f"{words}, structure run {run.id}", "cell", words[:60])
        st.button("Close", key="close_cell", type="tertiary", icon=":material/close:", on_click=_close)
    opened = st.query_params.get("picture", "")
    by_file = {row.file: row for row in rows}
    main, side = st.columns([3, 1], gap="medium") if opened in by_file else (st.container(), None)
    with main:
        places = workspace.places(gallery, [row.file for row in rows])
        grid = gallery_grid(gallery, np.asarray(places), "cell_grid", size=96, chosen=opened, height="50vh")
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
    if side and opened in gallery.by_name:
        with side:
            if st.button("Close", key="close_picture", type="tertiary"):
                close()
            basics(gallery.by_name[opened])
            st.caption(plain(by_file[opened].description))
            structure_changes.assign(run, result, opened, "assign")


def _close() -> None:
    for word in ("cell", "picture"):
        st.query_params.pop(word, None)
    st.session_state.update({key: none for key, none in OPENED.items() if key in st.session_state})
