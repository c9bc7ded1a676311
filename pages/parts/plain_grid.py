"""What a grid says, and the grid of Streamlit's own elements, for where components of our own cannot run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
import streamlit as st

from engine.gallery import Gallery
from pages.parts.workspace import address, plain

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Grid:
    """What a grid says: the name of the picture opened in this rerun, if one was, and which are selected now."""

    opened: str | None
    gallery: Gallery = field(repr=False)
    places: np.ndarray  # of the selected ones in gallery.pictures, in the order shown

    @property
    def count(self) -> int:
        """How many are selected."""
        return len(self.places)

    @cached_property
    def selected(self) -> list[str]:
        """Their names, in the order shown."""
        return [self.gallery.pictures[place].name for place in self.places.tolist()]


def plain_grid(
    gallery: Gallery,
    order: Sequence[int] | np.ndarray,
    key: str,
    *,
    captions: Mapping[str, str] | None = None,
    size: int = 120,
    chosen: str = "",
    groups: Sequence[tuple[str, int]] | None = None,
    selectable: bool = True,
) -> Grid:
    """Draw what `gallery_grid` draws, page by page; opened and selected by name. A selection ends with its page."""
    said, places = captions or {}, np.asarray(order, np.uint32)
    shown = paged(range(len(places)), key, 60)  # browsers take seconds over a hundred of these
    start, stop = (shown[0], shown[-1] + 1) if shown else (0, 0)
    for title, first, end in _sections(start, stop, groups or [("", len(places))]):
        if title:
            st.markdown(f"**{plain(title)}**")
        with st.grid("auto", min_column_width=size, key=f"{key}_from_{first}"):
            for place in places[first:end].tolist():
                p = gallery.pictures[place]
                alt = f"{p.name} · {said[p.name]}" if said.get(p.name) else p.name
                st.image(address(p.hash), plain(p.name), width="stretch", alt=alt)
    names = [gallery.pictures[place].name for place in places[start:stop].tolist()]
    opened = _opened(names, key, chosen)
    picked = set(st.multiselect("Selected", names, key=f"{key}_selected_{start}") if selectable and names else ())
    marks = np.array([name in picked for name in names], bool)
    return Grid(opened, gallery, places[start:stop][marks])


def paged(items: Sequence[T], key: str, a_page: int = 120, what: str = "pictures") -> Sequence[T]:
    """One page of many items, with the control that turns it."""
    if len(items) <= a_page:
        return items
    pages = -(-len(items) // a_page)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        page = st.number_input(f"Page, 1 to {pages}", 1, pages, key=f"{key}_page", width=150)
        first = (int(page) - 1) * a_page
        st.caption(f"{first + 1:,} to {min(first + a_page, len(items)):,} of {len(items):,} {what}")
    return items[first : first + a_page]


def _sections(start: int, stop: int, groups: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
    """The part of each section that is on this page, and where it begins and ends."""
    first = 0
    for title, count in groups:
        low, high = max(first, start), min(first + count, stop)
        if low < high:
            yield title, low, high
        first += count


def _opened(names: Sequence[str], key: str, chosen: str) -> str | None:
    """The name to open in this rerun, chosen from a list."""
    if not names:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        at = names.index(chosen) if chosen in names else 0
        name = st.selectbox("Picture", names, at, key=f"{key}_picture", width=300)
        return name if st.button("Open", key=f"{key}_open") else None
