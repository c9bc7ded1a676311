"""The map of a gallery: one component that draws up to a million points and gives back what a lasso holds.

The points come from a route, once, and stay in the browser's cache; a rerun carries a byte a point for its colour. The
lasso comes back in the map's own coordinates, together with the map's token: one of another map is dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from engine.gallery import Gallery
from engine.gallery.addresses import cells_address, points_address
from engine.models.roles import ModelSpec
from engine.steps import layout
from engine.steps.lasso import inside
from pages.parts import workspace
from pages.parts.map_colours import HUES, Colours
from pages.parts.packed import UNPACK, pack

_CORNERS = 500  # of a lasso; the browser sends 400 at most
_HERE = Path(__file__).parent
_SCRIPTS = ("map_points", "map_paint", "map_legend", "map_pictures", "map")
_MAP = component(
    "vitrine_map",
    html=(_HERE / "map.html").read_text("utf-8"),
    css=(_HERE / "map.css").read_text("utf-8"),
    js=UNPACK + "".join((_HERE / f"{part}.js").read_text("utf-8") for part in _SCRIPTS),
)


@dataclass(frozen=True)
class Mapped:
    """What a map says.

    Args:
        opened: name of the picture clicked in this rerun, or None.
        selected: places in the gallery of what the lasso holds, ascending (m,) int64; None where there is no lasso.
    """

    opened: str | None
    selected: np.ndarray | None


def picture_map(
    gallery: Gallery,
    spec: ModelSpec,
    method: str,
    colours: Colours,
    about: str,
    key: str,
    *,
    chosen: str = "",
    height: str = "min(620px, 75vh)",
) -> Mapped:
    """Draw the map of a gallery that `layout.save` has kept.

    A lasso outlasts reruns, and ends when another map is drawn under the same key. Escape clears it.

    Args:
        gallery: whose pictures, and the one that `workspace.gallery` knows by its fingerprint.
        spec: whose vectors are shown.
        method: one of layout.METHODS.
        colours: a code a picture of the gallery.
        about: what the colours say, for the legend and for who does not see them.
        key: of the widget.
        chosen: name of the picture to mark as open.
        height: in words of CSS.

    Raises:
        OSError: there is no such map; ask `layout.load` first.
    """
    home, user, root = workspace.settings().home, workspace.user(), workspace.root_address()
    path = layout.path_of(home, gallery.fingerprint, spec, method)
    token = f"{path.stem}.{path.stat().st_mtime_ns}"
    lasso = _kept(key, token)
    selected = None if lasso is None else _selected(str(path), token, lasso)
    header = {
        "key": key,
        "token": token,
        "points": root + points_address(home, path.stem, token, user),
        "root": root,
        "pictures": root + cells_address(home, gallery.fingerprint, user),
        "count": len(gallery),
        "about": about,
        "says": _says(len(gallery), about, colours),
        "hues": {theme: _hues(theme, colours) for theme in HUES},
        "entries": [vars(entry) for entry in colours.entries],
        "names": colours.names,
        "scale": colours.scale and [*map(_short, colours.scale), *colours.scale],
        "lasso": lasso,
        "selected": 0 if selected is None else len(selected),
        "chosen": gallery.index.get(chosen, -1) if chosen else -1,  # of a million pictures, the index takes a second
        "height": height,
    }
    got = _MAP(
        key=key, data=pack(header, codes=colours.codes), on_lasso_change=lambda: None, on_opened_change=lambda: None
    )
    place = _opened(got.opened, token, len(gallery))
    return Mapped(None if place is None else gallery.pictures[place].name, selected)


def corners_of(said: Any) -> tuple[tuple[float, float], ...] | None:  # noqa: ANN401  whatever the browser sends
    """The corners of a lasso; None where it is none."""
    if not isinstance(said, list) or not 3 <= len(said) <= _CORNERS:
        return None
    if not all(isinstance(corner, list) and len(corner) == 2 for corner in said):
        return None
    if not all(type(at) in (int, float) and math.isfinite(at) for corner in said for at in corner):
        return None
    return tuple((float(x), float(y)) for x, y in said)


def _kept(key: str, token: str) -> tuple[tuple[float, float], ...] | None:
    """The lasso that the browser sent last, if it is one of this map."""
    said = (st.session_state.get(key) or {}).get("lasso")
    return corners_of(said.get("polygon")) if isinstance(said, dict) and said.get("token") == token else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _selected(path: str, token: str, lasso: tuple[tuple[float, float], ...]) -> np.ndarray:
    del token  # the same path may hold another map later
    return inside(layout.read(Path(path)), np.array(lasso))


def _opened(said: Any, token: str, count: int) -> int | None:  # noqa: ANN401
    """The place in the gallery that was clicked, if it is one of this map."""
    place = said.get("place") if isinstance(said, dict) and said.get("token") == token else None
    return place if type(place) is int and 0 <= place < count else None


def _hues(theme: str, colours: Colours) -> dict[str, Any]:
    return {name: hue for name, hue in HUES[theme].items() if name != ("ramp" if colours.scale is None else "palette")}


def _says(count: int, about: str, colours: Colours) -> str:
    """What is read out of the map."""
    named = ", ".join(f"{entry.name} {entry.count:,}" for entry in colours.entries[:13])
    scale = f"from {_short(colours.scale[0])} to {_short(colours.scale[1])}" if colours.scale else ""
    return (
        f"Map of {count:,} pictures; those that are alike lie together. Coloured by {about}: "
        f"{', '.join(part for part in (scale, named) if part)}. "
        "Arrow keys move it, plus and minus zoom, 0 shows all of it, Enter selects what is in view, Escape clears that."
    )


def _short(value: float) -> str:
    """A number as a legend says it."""
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e12 else f"{value:.4g}"
