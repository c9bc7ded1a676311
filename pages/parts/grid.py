"""Grids of pictures: one component that draws what is in view, whatever the length of the list; it returns names only.

The browser gets the order as numbers and the first cells; it asks the route for the cells of other places when they
come into view. It sends back places in that order together with the order's token: places of another order are dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from engine.gallery import Gallery, Picture
from engine.gallery.addresses import cells_address
from pages.parts import workspace
from pages.parts.cells import cells, leave_captions
from pages.parts.packed import UNPACK, pack
from pages.parts.picture_card import close
from pages.parts.plain_grid import Grid, paged, plain_grid

__all__ = ["Grid", "gallery_grid", "paged", "picture_grid", "plain_grid"]

_FIRST = 200  # cells sent along: what a large window shows at first
_HERE = Path(__file__).parent
_SCRIPTS = ("document", "grid_plan", "grid_cells", "grid_selection", "grid")
_GRID = component(
    "vitrine_grid",
    html=(_HERE / "grid.html").read_text("utf-8"),
    css=(_HERE / "grid.css").read_text("utf-8"),
    js=UNPACK + "".join((_HERE / f"{part}.js").read_text("utf-8") for part in _SCRIPTS),
)


def gallery_grid(
    gallery: Gallery,
    order: Sequence[int] | np.ndarray,
    key: str,
    *,
    captions: Mapping[str, str] | None = None,
    size: int = 120,
    chosen: str = "",
    groups: Sequence[tuple[str, int]] | None = None,
    selectable: bool = True,
    height: str = "70vh",
) -> Grid:
    """Draw pictures of a gallery, up to a million; `?plain=1` in the address draws them without our JavaScript.

    A selection outlasts reruns, and ends when the order changes or the grid is not drawn. Escape clears it, then closes
    the picture chosen.

    Args:
        gallery: whose pictures, and the one that `workspace.gallery` knows by its fingerprint.
        order: places in gallery.pictures, in the order to show; a range where all are shown as they come.
        key: of the widget.
        captions: more words for the alt text and tooltip, by name. Not to be changed afterwards.
        size: least side of a cell in pixels.
        chosen: name of the picture to mark as open.
        groups: title and count of each section, in the order shown; together they are all of it.
        selectable: whether pictures can be selected.
        height: the most it takes, in words of CSS; what is more is scrolled to.

    Raises:
        ValueError: groups that are not all of the order.
    """
    if groups is not None and sum(count for _, count in groups) != len(order):
        raise ValueError(f"The groups hold {sum(count for _, count in groups)} pictures, the order {len(order)}.")
    if "plain" in st.query_params:
        return plain_grid(
            gallery, order, key, captions=captions, size=size, chosen=chosen, groups=groups, selectable=selectable
        )
    said, home, user = captions or {}, workspace.settings().home, workspace.user()
    as_they_come = isinstance(order, range) and order == range(len(order))
    places = np.arange(len(order), dtype=np.uint32) if as_they_come else np.asarray(order, np.uint32)
    token = _token(places, gallery.fingerprint)
    kept = _kept(key, token)
    header = {
        "key": key,
        "token": token,
        "root": workspace.root_address(),
        "source": cells_address(home, gallery.fingerprint, user),
        "captions": leave_captions(said),
        "count": len(places),
        "groups": groups,
        "size": size,
        "across": 0,
        "height": height,
        "selectable": selectable,
        "selection": kept,
        "chosen": _position(chosen, places, gallery),
        "first": cells([gallery.pictures[i] for i in places[:_FIRST].tolist()], said, home, user),
    }
    got = _draw(key, pack(header) if as_they_come else pack(header, order=places))
    at = _opened(got.opened, token, len(places))
    return Grid(
        None if at is None else gallery.pictures[int(places[at])].name,
        gallery,
        places[selected_positions(kept, len(places))] if selectable else places[:0],
    )


def picture_grid(
    pictures: Sequence[Picture],
    key: str,
    captions: Mapping[str, str] | None = None,
    size: int = 110,
    chosen: str = "",
    across: int = 0,
) -> str | None:
    """Draw a few pictures, all at once; the name of the one opened in this rerun, else None.

    Args:
        pictures: what to show, in order; a screenful at most.
        key: of the widget.
        captions: more words for the alt text and tooltip, by name.
        size: least side of a cell in pixels.
        chosen: name of the picture to mark as open; Escape closes it.
        across: so many cells a row; 0 for as many as fit.
    """
    told = "\0".join(f"{p.name}\0{p.hash}" for p in pictures)
    token = hashlib.blake2b(told.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    header = {
        "key": key,
        "token": token,
        "root": workspace.root_address(),
        "source": "",
        "captions": "",
        "count": len(pictures),
        "groups": None,
        "size": size,
        "across": across,
        "height": "none",
        "selectable": False,
        "selection": None,
        "chosen": next((i for i, p in enumerate(pictures) if p.name == chosen), -1),
        "first": cells(pictures, captions or {}, workspace.settings().home, workspace.user()),
    }
    at = _opened(_draw(key, pack(header)).opened, token, len(pictures))
    return None if at is None else pictures[at].name


def selected_positions(said: Any, count: int) -> np.ndarray:  # noqa: ANN401  whatever the browser sends
    """Positions from ranges [[first, last], ...]; what is no range of this list is left out."""
    marks = np.zeros(count, bool)
    ranges = said.get("ranges") if isinstance(said, dict) else None
    for pair in ranges if isinstance(ranges, list) else []:
        if isinstance(pair, list) and len(pair) == 2 and all(type(end) is int for end in pair):
            first, last = pair
            marks[max(0, first) : max(0, last + 1)] = True
    return np.flatnonzero(marks)


def _draw(key: str, data: bytes) -> Any:  # noqa: ANN401  what a component returns
    got = _GRID(
        key=key,
        data=data,
        on_opened_change=lambda: None,
        on_closed_change=lambda: None,
        on_selection_change=lambda: None,
    )
    if got.closed:
        close()
    return got


def _kept(key: str, token: str) -> Any:  # noqa: ANN401
    """The selection that the browser sent last, if it is one of this order."""
    said = (st.session_state.get(key) or {}).get("selection")
    return said if isinstance(said, dict) and said.get("token") == token else None


def _opened(said: Any, token: str, count: int) -> int | None:  # noqa: ANN401
    """The position opened, if it is one of this order."""
    at = said.get("at") if isinstance(said, dict) and said.get("token") == token else None
    return at if type(at) is int and 0 <= at < count else None


def _token(places: np.ndarray, fingerprint: str) -> str:
    return hashlib.blake2b(places.tobytes(), digest_size=12, key=fingerprint.encode()).hexdigest()


def _position(name: str, places: np.ndarray, gallery: Gallery) -> int:
    """Where the picture of this name is shown; -1 where it is not."""
    found = np.flatnonzero(places == gallery.index[name]) if name in gallery.index else places[:0]
    return int(found[0]) if len(found) else -1
