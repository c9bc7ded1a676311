"""The pictures of a gallery or of the set in use: searched, filtered, sorted, grouped; one of them opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from engine.gallery import Gallery
from engine.gallery import columns as by
from pages.parts import columns, preparing, search, sidebar
from pages.parts.grid import gallery_grid, picture_grid
from pages.parts.picture_card import facts
from pages.parts.set_maker import save_as_set
from pages.parts.workspace import plain

_BEST = (60, 200, 1000, 1_000_000_000)  # pictures that a search may show; the second at first


@dataclass(frozen=True)
class Shown:
    """Places in the gallery in the order they are shown, their sections if any, and in words how they were chosen."""

    places: np.ndarray
    sections: list[tuple[str, int]] | None
    origin: str


def draw(gallery: Gallery) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        asked = search.box()
        shown = _filtered(gallery, sidebar.places_in_use(gallery))
    hint = f"All {len(shown.places):,} pictures, not ranked" if asked else ""
    if asked and (found := search.scores(gallery, asked)):
        shown = _best(gallery, shown, asked, found)
        hint = f"The {len(shown.places):,} best for **{plain(asked.words)}**"
    pictures(gallery, shown, "look_grid", hint)


def pictures(gallery: Gallery, shown: Shown, key: str, hint: str = "", suggestion: str = "") -> None:
    """A grid of pictures with what can be done with them, and the card of the one that is open beside it."""
    opened = st.query_params.get("picture", "")
    if opened and opened not in gallery.by_name:
        st.info(f"There is no picture {plain(opened)} in this gallery.", icon=":material/image_not_supported:")
    main, side = st.columns([3, 1], gap="medium") if opened in gallery.by_name else (st.container(), None)
    with main:
        bar = st.container(horizontal=True, vertical_alignment="center")
        grid = gallery_grid(gallery, shown.places, key, size=120, chosen=opened, groups=shown.sections)
        with bar:
            chosen = grid.selected or [gallery.pictures[i].name for i in shown.places]
            about = f"{len(grid.selected):,} chosen by hand from: " if grid.selected else ""
            count = f"**{len(grid.selected):,} of {len(shown.places):,}** chosen" if grid.selected else hint
            st.markdown(count or f"{len(shown.places):,} pictures", width="stretch")
            save_as_set(gallery, chosen, f"{about}{shown.origin}", f"{key}_set", suggestion)
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
    if side:
        with side:
            facts(gallery.by_name[opened], gallery)


def glimpse(gallery: Gallery) -> None:
    """A few pictures from all over the gallery, while nothing is asked yet."""
    here = sidebar.places_in_use(gallery)
    some = [gallery.pictures[i] for i in here[:: max(1, len(here) // 32)][:32]]
    if clicked := picture_grid(some, "glimpse", size=96):
        st.switch_page("gallery.py", query_params={"picture": clicked})


def _filtered(gallery: Gallery, places: np.ndarray) -> Shown:
    """What the form beside the search says: one value of a column, the order, the sections."""
    names = columns.names(gallery)
    part = sidebar.set_in_use(gallery)
    origin = [f"set {part.name}" if part else "everything"]
    labels = by.choices(columns.column(gallery, "label"), places)
    if len(labels) > 1:
        label = st.selectbox("Label", ["all", *labels], key="look_label", width=200)
        if label != "all":
            places = by.among(columns.column(gallery, "label"), places, str(label))
            origin.append(f"label {label}")
    with st.popover("Sort, group, filter", icon=":material/tune:"):
        sort = st.selectbox("Sort by", names, key="look_sort")
        down = st.toggle("Largest or last first", key="look_down")
        group = st.selectbox("Group by", ["nothing", *names[1:]], key="look_group")
        only = st.selectbox("Only where", ["anything", *names[1:]], key="look_only")
        if only != "anything":
            values = by.choices(columns.column(gallery, str(only)), places)
            value = st.selectbox("is", values, key=f"look_value_{only}")
            if value is None:
                st.caption("It says something else of nearly every picture.")
            else:
                places = by.among(columns.column(gallery, str(only)), places, str(value))
                origin.append(f"{only} {value}")
        _plain_or_not()
    if {sort, group, only} & set(columns.MEASURED):
        preparing.looks(gallery)
    if sort != "name" or down:
        places = by.in_order(columns.column(gallery, str(sort)), places, down)
    sections = None
    if group != "nothing":
        places, sections = by.sections(columns.column(gallery, str(group)), places)
    return Shown(places, sections, " · ".join(origin))


def _plain_or_not() -> None:
    is_plain = "plain" in st.query_params
    if st.toggle("Plain grid", is_plain, help="Pages of pictures, without a component of our own.") != is_plain:
        if is_plain:
            del st.query_params["plain"]
        else:
            st.query_params["plain"] = "1"
        st.rerun()


def _best(gallery: Gallery, shown: Shown, asked: search.Asked, found: search.Scores) -> Shown:
    """The best of what is shown, best first; where there are sections, in each of them."""
    known = shown.places[~np.isnan(found.values[shown.places])]
    ranked = known[np.argsort(-found.values[known], kind="stable")]
    most = st.segmented_control("Show the best", _BEST, key="look_best", default=_BEST[1], format_func=_count)
    best = ranked[: most or _BEST[1]]
    origin = f"the {len(best):,} best for {asked.words} · {shown.origin}"
    if shown.sections is None:
        return Shown(best, None, origin)
    return Shown(*by.sections(columns.column(gallery, st.session_state["look_group"]), best), origin)


def _count(n: int) -> str:
    return f"{n:,}" if n < _BEST[-1] else "all"
