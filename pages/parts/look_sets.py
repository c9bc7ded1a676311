"""The sets of a gallery: use one, combine two, draw at random, delete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import streamlit as st

from engine.gallery import Gallery, sets
from engine.gallery.sets import PictureSet
from engine.store.export import csv_text
from pages.parts import sidebar, workspace, zips
from pages.parts.grid import picture_grid
from pages.parts.set_maker import save_as_set
from pages.parts.workspace import plain

_ALGEBRA: dict[str, Callable[[Iterable[str], Iterable[str]], set[str]]] = {
    "in either": sets.union,
    "in both": sets.intersection,
    "in the first, not in the second": sets.difference,
}


def draw(gallery: Gallery) -> None:
    """The whole view."""
    found = workspace.sets_of(gallery)
    if not found:
        st.info(
            "No set was saved of this gallery yet. Wherever a list of pictures is shown, it can be saved as one: a "
            "search, a label, a cluster, a lasso on the map, a finding of Health, or what you chose by hand.",
            icon=":material/bookmarks:",
        )
    _combine(gallery, found)
    _draw_at_random(gallery)
    for one in found:
        _card(gallery, one)


def _card(gallery: Gallery, one: PictureSet) -> None:
    here = workspace.places(gallery, one.members)
    gone = len(one) - len(here)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(one.name)}** :gray[{len(one):,} pictures]", width="stretch")
            in_use = st.session_state.get("set") == one.id
            if st.button("In use" if in_use else "Use", key=f"use_{one.id}", disabled=in_use, type="primary"):
                st.session_state["set_next"] = one.id
                st.query_params["view"] = "pictures"
                st.rerun()
            table = lambda: csv_text([{"file": name} for name in one.members]).encode("utf-8", "replace")  # noqa: E731
            st.download_button("CSV", table, f"set-{one.id}.csv", "text/csv", key=f"csv_{one.id}", on_click="ignore")
            zips.link(gallery, zips.of_set(one.id))
            with st.popover("Delete", key=f"gone_{one.id}"):
                st.caption("Runs that were asked about it stay as they are.")
                if st.button("Delete this set", key=f"delete_{one.id}"):
                    sets.delete(one.id, workspace.settings().home)
                    st.rerun()
        st.caption(
            f"{plain(one.origin)} · {time.strftime('%Y-%m-%d %H:%M', time.localtime(one.made))}"
            + (f" · {gone:,} of its pictures are no longer in the folder" if gone else "")
        )
        few = [gallery.pictures[i] for i in here[:: max(1, len(here) // 12)][:12]]
        if clicked := picture_grid(few, f"set_{one.id}", across=12):
            st.session_state["set_next"] = one.id
            st.query_params.update({"view": "pictures", "picture": clicked})
            st.rerun()


def _combine(gallery: Gallery, found: list[PictureSet]) -> None:
    if len(found) < 2:
        return
    by_id = {one.id: one for one in found}
    name = lambda id: f"{by_id[id].name} · {len(by_id[id]):,}"  # noqa: E731
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox("What is in", list(by_id), key="first_set", format_func=name, width=220)
        how = st.selectbox("how", list(_ALGEBRA), key="algebra", width=260, label_visibility="hidden")
        second = st.selectbox("and in", list(by_id), index=1, key="second_set", format_func=name, width=220)
        one, other = by_id[first], by_id[second]
        members = _ALGEBRA[str(how)](one.members, other.members)
        save_as_set(gallery, members, f"{how}: {one.name}; {other.name}", "combined")


def _draw_at_random(gallery: Gallery) -> None:
    part = sidebar.set_in_use(gallery)
    names = part.members if part else [p.name for p in gallery.pictures]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n = st.number_input("So many at random", 1, len(names), min(100, len(names)), key="sample_size", width=180)
        seed = st.number_input("Seed", 0, key="sample_seed", width=120)
        where = part.name if part else "everything"
        st.caption(f"of {plain(where)}", width="content")
        origin = f"{n:,} at random of {where}, seed {seed}"
        save_as_set(gallery, sets.sample(names, int(n), int(seed)), origin, "sample")
