"""A wall of pictures under their maps: one component, whose maps keys show and hide in the browser, without a rerun."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from engine.charts.typicality import overlay, tint
from engine.gallery import Picture
from pages.parts import workspace
from pages.parts.packed import UNPACK, pack
from pages.parts.picture_card import close
from pages.parts.typicality_kept import small
from pages.parts.workspace import plain

_SIDE = 136  # least pixels of a picture
_HERE = Path(__file__).parent
_WALL = component(
    "vitrine_wall",
    html=(_HERE / "wall.html").read_text("utf-8"),
    css=(_HERE / "wall.css").read_text("utf-8"),
    js=UNPACK + "".join((_HERE / f"{part}.js").read_text("utf-8") for part in ("document", "wall")),
)


@dataclass(frozen=True)
class Hung:
    """A picture on the wall.

    Args:
        picture: which.
        map: (h, w), signed; None where there is none.
        value: what it is told of it, first in bold.
        interval: its doubt.
        alt: of the picture, in words.
        is_unsure: whether the value is no better than none.
        told: another line, if any.
    """

    picture: Picture
    map: np.ndarray | None
    value: str
    interval: str
    alt: str
    is_unsure: bool = False
    told: str = ""


def wall(hung: Sequence[Hung], key: str, scale: float, opacity: float, chosen: str = "") -> str | None:
    """Draw pictures under their maps; the name of the one opened in this rerun, else None.

    M shows and hides all maps, Space that of one picture, Enter and a click open one, Escape closes it.

    Args:
        hung: a screenful, in order.
        key: of the widget.
        scale: the value of a map that has the full colour.
        opacity: of the full colour, 0 to 1.
        chosen: name of the picture to mark as open.
    """
    told = "\0".join(one.picture.hash for one in hung)
    token = hashlib.blake2b(told.encode(), digest_size=12).hexdigest()
    names = [one.picture.name for one in hung]
    data: Mapping[str, Any] = {
        "key": key,
        "token": token,
        "cells": [_cell(one, scale) for one in hung],
        "opacity": opacity,
        "side": _SIDE,
        "chosen": names.index(chosen) if chosen in names else -1,
    }
    got = _WALL(key=key, data=pack(data), on_opened_change=lambda: None, on_closed_change=lambda: None)
    if got.closed:
        close()
    said = got.opened
    at = said.get("at") if isinstance(said, dict) and said.get("token") == token else None
    return names[at] if type(at) is int and 0 <= at < len(names) else None


def plain_wall(hung: Sequence[Hung], scale: float, opacity: float) -> None:
    """The same without our JavaScript: no keys, and a picture opens by itself."""
    with st.container(horizontal=True, gap="small"):
        for one in hung:
            with st.container(width=_SIDE, gap="xsmall"):
                image = small(one.picture)
                if image is None:
                    st.caption(f"{plain(one.picture.name)} cannot be read any more.")
                    continue
                shown = image if one.map is None or not opacity else overlay(image, one.map, scale, opacity)
                st.image(shown, width="stretch", alt=one.alt, link=workspace.address(one.picture.hash, "full.webp"))
                unsure = " :gray[unsure]" if one.is_unsure else ""
                words = f"**{one.value}** {one.interval}{unsure}" + (f"  \n{plain(one.told)}" if one.told else "")
                st.caption(words, help=plain(one.picture.name))


def _cell(one: Hung, scale: float) -> dict[str, Any]:
    return {
        "name": one.picture.name,
        "url": workspace.address(one.picture.hash),
        "map": "" if one.map is None else _address(one.map, scale, one.picture),
        "alt": one.alt,
        "caption": [one.value, one.interval],
        "unsure": one.is_unsure,
        "told": one.told,
    }


def _address(map: np.ndarray, scale: float, picture: Picture) -> str:
    """A map as an address that holds it whole, as a PNG of the picture's shape."""
    larger = max(picture.width, picture.height)
    size = max(1, round(_SIDE * picture.width / larger)), max(1, round(_SIDE * picture.height / larger))
    written = io.BytesIO()
    tint(map, scale, size).save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
