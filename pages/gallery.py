"""Look: what is in a folder: its pictures, their map, their health, sets of them, and what could not be read."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.gallery import Gallery
from pages.parts import look_health, look_map, look_pictures, look_sets, open_gallery, sidebar
from pages.parts.workspace import plain

_VIEWS = {
    "Pictures": (":material/grid_view:", look_pictures.draw),
    "Map": (":material/scatter_plot:", look_map.draw),
    "Health": (":material/health_and_safety:", look_health.draw),
    "Sets": (":material/bookmarks:", look_sets.draw),
}
_HOW = """
**Pictures** are sorted, grouped and filtered by any column: the file's own, your metadata, what was measured, the
clusters of earlier runs. **Search** compares words, or one of the pictures, with every picture through the matcher
(CLIP-like); without a matcher, words are looked for in descriptions of earlier runs.

The **map** puts pictures that the matcher finds alike near each other: PCA first, then UMAP (McInnes et al., 2018,
arXiv 1802.03426). Neighbourhoods mean something; distances across the map and the axes do not. Without a matcher it
shows measured colours.

**Health** looks for nine things that often go wrong in a set of images (after CleanVision). Each is measured on the
picture itself, without a model.

A **set** is a selection under a name; every page can ask about one instead of the whole gallery.
"""


def _look(gallery: Gallery) -> None:
    labels = {p.label for p in gallery.pictures if p.label}
    facts = [
        f"{len(gallery):,} pictures",
        f"{len(labels):,} labels ({plain(gallery.labels)})" if labels else "no labels",
        plain(gallery.root),
        *([f"{len(gallery.unread):,} not read"] if gallery.unread else []),
    ]
    st.caption(" · ".join(facts))
    _VIEWS[_view()][1](gallery)
    if gallery.unread:
        with st.expander(f"{len(gallery.unread):,} file{'s' * (len(gallery.unread) != 1)} not read"):
            frame = pd.DataFrame([{"file": u.name, "why": u.reason} for u in gallery.unread])
            st.dataframe(frame, hide_index=True)


def _view() -> str:
    """Which of the views is open, by the address; a row of buttons that open another."""
    now = st.query_params.get("view", "").capitalize()
    now = now if now in _VIEWS else "Pictures"
    with st.container(horizontal=True, gap="xsmall"):
        for name, (icon, _) in _VIEWS.items():
            kind = "primary" if name == now else "secondary"
            if st.button(name, key=f"view_{name}", icon=icon, type=kind) and name != now:
                for word in ("picture", "check"):  # what is open in the view that is left
                    st.query_params.pop(word, None)
                st.query_params["view"] = name.lower()
                st.rerun()
    return now


st.title("Look")
st.markdown("What is in this folder, and what could not be read?")
gallery = sidebar.gallery_in_use()
if gallery is None:
    st.info("Point Vitrine at a folder of pictures. Nothing leaves this machine by opening it.")
    open_gallery.forms()
else:
    if st.session_state.pop("open_done", False):
        st.session_state["open_form"] = False
    with st.expander("Open another folder", key="open_form", on_change="rerun"):
        open_gallery.forms()
if "opening" in st.session_state:
    open_gallery.opening()
if gallery is not None:
    _look(gallery)
with st.expander("How this works"):
    st.markdown(_HOW)
