"""Pictures in a grid: addresses only, each a button with an alt text; returns the name of the one opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import streamlit as st
from streamlit.components.v2 import component

from engine.gallery import Picture
from pages.parts.picture_card import close
from pages.parts.workspace import address

T = TypeVar("T")
_HERE = Path(__file__).parent
_GRID = component(
    "vitrine_grid",
    html='<div class="grid" role="group" aria-label="Pictures"></div>\n',
    css=(_HERE / "grid.css").read_text(),
    js=(_HERE / "grid.js").read_text(),
)


def picture_grid(
    pictures: Sequence[Picture],
    key: str,
    captions: dict[str, str] | None = None,
    size: int = 110,
    chosen: str = "",
    across: int = 0,
) -> str | None:
    """Draw pictures; the name of the one opened in this rerun, else None. Escape closes the one chosen.

    Args:
        pictures: what to show, in order; a page's worth at most.
        key: of the widget.
        captions: more words for the alt text and tooltip, by name.
        size: side of a cell in pixels.
        chosen: name of the picture to mark.
        across: so many cells a row; 0 for as many as fit.
    """
    said = captions or {}
    cells = [
        {
            "name": p.name,
            "url": address(p.hash),
            "alt": f"{p.name} · {said[p.name]}" if said.get(p.name) else p.name,
        }
        for p in pictures
    ]
    got = _GRID(
        key=key,
        data={"cells": cells, "size": size, "chosen": chosen, "across": across},
        on_opened_change=lambda: None,
        on_closed_change=lambda: None,
    )
    if got.closed:
        close()
    name = got.opened
    return name if isinstance(name, str) and any(name == p.name for p in pictures) else None


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
