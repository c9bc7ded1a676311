"""One element of a typicality run: its pictures, and the card of the one that is open, with its patches framed."""

from __future__ import annotations

import numpy as np
import streamlit as st
from PIL import Image

from engine.analyses.typicality import Element, Result
from engine.charts.typicality import strip
from engine.gallery import Gallery
from engine.jobs.typical import Kept
from engine.store.runs import Run
from pages.parts import typicality_kept, workspace
from pages.parts.grid import gallery_grid
from pages.parts.set_maker import save_as_set
from pages.parts.typicality_card import card
from pages.parts.workspace import plain

STRIP = 8  # patches of a row


def title(one: Element) -> str:
    """Its number, and what a person calls it."""
    return f"{one.number} · {one.name}" if one.name else str(one.number)


def pictures(run: Run, result: Result, one: Element, told: Kept, gallery: Gallery) -> None:
    """Its pictures in a grid, a set of them, and the card of the one that is open."""
    files = list(dict.fromkeys(patch.file for patch in one.patches))
    with st.container(horizontal=True, vertical_alignment="center"):
        name = f" · {plain(one.name)}" if one.name else ""
        st.markdown(
            f"### Element {one.number} of {plain(one.label)}{name} :gray[{len(files):,} pictures]", width="stretch"
        )
        save_as_set(gallery, files, f"element {one.number} of {one.label}, run {run.id}", "element",
                    f"{one.label}, {one.name or f'element {one.number}'}")  # fmt: skip
        if st.button("Close", key="close_element", type="tertiary", icon=":material/close:"):
            for word in ("element", "picture"):
                st.query_params.pop(word, None)
            st.rerun()
    opened = st.query_params.get("picture", "")
    row = next((row for row in result.rows if row.file == opened), None) if opened in files else None
    there = row is not None and opened in gallery.by_name
    main, side = st.columns([2, 1], gap="medium") if there else (st.container(), None)
    with main:
        places = np.asarray(workspace.places(gallery, files))
        grid = gallery_grid(gallery, places, "element_grid", size=110, chosen=opened, height="45vh")
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
    if side and row:
        with side:
            card(row, told, gallery, [patch for patch in one.patches if patch.file == opened])


def sheet(one: Element, gallery: Gallery) -> Image.Image | None:
    """Patches of an element side by side, from as many pictures."""
    shown, files = [], set()
    for patch in one.patches:
        picture = gallery.by_name.get(patch.file)
        if picture is None or patch.file in files:
            continue
        if (image := typicality_kept.small(picture)) is not None:
            files.add(patch.file)
            shown.append((image, patch.box))
        if len(shown) == STRIP:
            break
    return strip(shown, places=STRIP) if shown else None
