"""Pictures that a finding is about: a grid, a set of them, and the card of the one that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from engine.gallery import Gallery
from pages.parts import workspace
from pages.parts.grid import gallery_grid
from pages.parts.picture_card import basics, close, field
from pages.parts.set_maker import save_as_set
from pages.parts.workspace import plain


def pictures(
    gallery: Gallery,
    files: Sequence[str],
    words: str,
    origin: str,
    key: str,
    said: Mapping[str, Mapping[str, str]] | None = None,
    close_words: Sequence[str] = (),
) -> None:
    """Draw them.

    Args:
        gallery: whose pictures.
        files: their names; those that are gone are left out.
        words: what they are, as a heading.
        origin: where they come from, kept with a set.
        key: of the widgets.
        said: what the card says of each, by name; its words are the captions, too.
        close_words: of the address, taken out by a button that closes all of it; none: it stays.
    """
    said = said or {}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {plain(words)} :gray[{len(files):,}]", width="stretch")
        save_as_set(gallery, files, origin, key, words[:60])
        if close_words and st.button("Close", key=f"{key}_close", type="tertiary", icon=":material/close:"):
            for word in (*close_words, "picture"):
                st.query_params.pop(word, None)
            st.rerun()
    opened = st.query_params.get("picture", "")
    is_open = opened in gallery.by_name and opened in set(files)
    main, side = st.columns([3, 1], gap="medium") if is_open else (st.container(), None)
    captions = {name: " → ".join(some.values()) for name, some in said.items()}
    with main:
        places = workspace.places(gallery, files)
        grid = gallery_grid(
            gallery, np.asarray(places), f"{key}_grid", captions=captions, size=96, chosen=opened, height="52vh"
        )
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
    if side:
        with side:
            if st.button("Close", key=f"{key}_close_picture", type="tertiary"):
                close()
            basics(gallery.by_name[opened])
            for name, text in said.get(opened, {}).items():
                field(name, text)
