"""The map of the gallery opened last, what its lasso holds, and the ways to change it."""

import time

import numpy as np
import streamlit as st

from engine.gallery.columns import texts
from engine.models.roles import ModelSpec
from engine.steps import layout
from pages.parts import workspace
from pages.parts.map import picture_map
from pages.parts.map_colours import colours_of
from pages.parts.picture_card import facts

MADE = ModelSpec("measured", "made points", "1")


@st.cache_resource
def colours(fingerprint, by):
    gallery = workspace.gallery(fingerprint)
    if by == "number":
        return colours_of(np.array([np.nan if i % 10 == 0 else i / 7 for i in range(len(gallery))]))
    if by == "name":
        return colours_of(texts([p.name for p in gallery.pictures]))
    return colours_of(texts([p.label for p in gallery.pictures]))


began = time.perf_counter()
st.set_page_config(layout="wide")
gallery = workspace.gallery(workspace.galleries()[0].fingerprint)
with st.container(horizontal=True):
    by = st.radio("Colour by", ["label", "number", "name"], horizontal=True)
    method = st.radio("Map", layout.METHODS, horizontal=True)
    st.button("Again")
    with st.container(width=240):
        said = st.empty()
    took = st.empty()
opened = st.query_params.get("picture", "")
main, side = st.columns([3, 1]) if opened else (st.container(), None)
with main:
    mapped = picture_map(gallery, MADE, method, colours(gallery.fingerprint, by), by, "map", chosen=opened)
places = mapped.selected
said.text("none" if places is None else f"{len(places)}: {' '.join(map(str, places[:30]))}")
if mapped.opened:
    st.query_params["picture"] = mapped.opened
    st.rerun()
if side:
    with side:
        facts(gallery.by_name[opened], gallery)
took.caption(f"{(time.perf_counter() - began) * 1000:.0f} ms")
