"""The map: pictures that are alike lie near each other; a lasso opens what it holds, and saves it as a set."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine.gallery import Gallery
from engine.gallery import columns as by
from engine.jobs.preparing import COLOURS
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.steps import embeddings, layout
from pages.parts import columns, look_pictures, preparing, sidebar, workspace
from pages.parts.look_pictures import Shown
from pages.parts.map import picture_map
from pages.parts.map_colours import Colours, colours_of
from pages.parts.workspace import plain

_MANY = 20_000  # pictures whose vectors are computed only when somebody says so
_SAID = {
    "pca": "A first map (principal components) while the better one is made.",
    "umap": "Neighbours on the map are alike; how far apart groups lie, and the axes, mean nothing.",
}


def draw(gallery: Gallery) -> None:
    """The whole view."""
    spec = workspace.matcher(gallery)
    home = workspace.settings().home
    made = [m for m in layout.METHODS if layout.path_of(home, gallery.fingerprint, spec, m).is_file()]
    if len(made) < len(layout.METHODS) and (made or _wanted(gallery, spec)):
        preparing.prepare(gallery, "map", "map")
    if not made:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = columns.names(gallery)
        first = "label" if by.choices(columns.column(gallery, "label"), np.arange(len(gallery))) else "colour"
        name = st.selectbox("Colour by", names, names.index(first), key="map_colour", width=260)
        who = "measured colours: no matcher is there" if spec == COLOURS else spec.label
        st.caption(f"{_SAID[made[-1]]} By {plain(who)}.")
    if name in columns.MEASURED:
        preparing.looks(gallery)
    part = sidebar.set_in_use(gallery)
    stamp = columns.stamp(gallery, str(name))
    colours = _colours(gallery.fingerprint, str(name), part.id if part else "", stamp)
    about = f"{name}" + (f", in the set {part.name}" if part else "")
    said = picture_map(gallery, spec, made[-1], colours, about, "map", chosen=st.query_params.get("picture", ""))
    if said.opened:
        st.query_params["picture"] = said.opened
        st.rerun()
    _held(gallery, said.selected)


def _held(gallery: Gallery, selected: np.ndarray | None) -> None:
    """What the lasso holds, of the set in use."""
    if selected is None:
        opened = st.query_params.get("picture", "")
        if opened in gallery.index:
            look_pictures.pictures(gallery, Shown(np.array([gallery.index[opened]]), None, "the map"), "map_one")
        return
    here = np.intersect1d(selected, sidebar.places_in_use(gallery))
    part = sidebar.set_in_use(gallery)
    if not len(here):
        st.info("The lasso holds no picture" + (" of the set in use." if part else "."), icon=":material/lasso_select:")
        return
    origin = "lasso on the map" + (f" · set {part.name}" if part else "")
    look_pictures.pictures(gallery, Shown(here, None, origin), "map_grid", f"**{len(here):,}** in the lasso")


def _wanted(gallery: Gallery, spec: ModelSpec) -> bool:
    """Whether the map is to be made: at once where that is cheap, else when somebody says so, with what it takes."""
    if st.session_state.get("map_wanted") == gallery.fingerprint:
        return True
    fetch = profiles.to_fetch({"matcher": spec})
    missing = len(gallery)
    if spec != COLOURS:
        distinct, known = embeddings.known(gallery.pictures, spec, workspace.settings().home)
        missing = distinct - known
    if missing <= _MANY and not fetch:
        return True
    size = f" {fetch[0].gigabytes:g} GB are fetched first, to {plain(str(profiles.hub_cache()))}." if fetch else ""
    st.info(f"The map needs a vector of each of {missing:,} pictures by {plain(spec.label)}.{size}")
    if st.button("Make the map", type="primary"):
        st.session_state["map_wanted"] = gallery.fingerprint
        st.rerun()
    return False


@st.cache_resource(max_entries=16, show_spinner=False)
def _colours(fingerprint: str, name: str, part: str, stamp: str) -> Colours:
    """The codes of a column; what is not in the set in use counts as not said."""
    del stamp
    gallery = workspace.gallery(fingerprint)
    values = columns.column(gallery, name)
    if not part:
        return colours_of(values)
    inside = np.zeros(len(gallery), bool)
    inside[sidebar.places_in_use(gallery)] = True
    return colours_of(np.where(inside, values, np.nan if by.is_number(values) else ""))
