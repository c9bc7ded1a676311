"""One long grid of the gallery opened last, what it says, and the ways to change it."""

import time

import numpy as np
import streamlit as st

from pages.parts import workspace
from pages.parts.grid import gallery_grid
from pages.parts.picture_card import close

began = time.perf_counter()
st.set_page_config(layout="wide")
gallery = workspace.gallery(workspace.galleries()[0].fingerprint)
n = len(gallery)
with st.container(horizontal=True):
    way = st.radio("Order", ["forwards", "backwards", "sections", "ten", "captions"], horizontal=True)
    st.button("Again")
    with st.container(width=150):
        said = st.empty()
    took = st.empty()
groups, captions = None, None
order = {"forwards": range(n), "backwards": np.arange(n)[::-1], "ten": range(min(10, n))}.get(way, range(n))
if way == "sections":
    groups = [("<b>Odd</b> ones", n // 2), ("", 0), ("Even ones", n - n // 2)]
    order = [*range(1, n, 2), *range(0, n, 2)]
if way == "captions":
    captions = {p.name: f"number <i>{i}</i>" for i, p in enumerate(gallery.pictures)}
opened = st.query_params.get("picture", "")
main, side = st.columns([3, 1]) if opened else (st.container(), None)
with main:
    grid = gallery_grid(gallery, order, "numbers", captions=captions, chosen=opened, groups=groups)
said.text(f"told {grid.count}: {', '.join(grid.selected[:4]) or 'nothing'}")
if grid.opened:
    st.query_params["picture"] = grid.opened
    st.rerun()
if side:
    with side:
        st.text(opened)
        if st.button("Close"):
            close()
took.caption(f"{(time.perf_counter() - began) * 1000:.0f} ms")
