"""Save what is shown as a set: the same small form wherever a list of pictures is."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from engine.errors import VitrineError
from engine.gallery import Gallery, sets
from pages.parts import workspace
from pages.parts.workspace import plain


def save_as_set(gallery: Gallery, names: Collection[str], origin: str, key: str, suggestion: str = "") -> None:
    """A button that opens a form for the set's name.

    Args:
        gallery: whose pictures they are.
        names: of the pictures.
        origin: where the selection came from, in words; kept with the set.
        key: of the widgets.
        suggestion: a name to begin with.
    """
    label = f"Save {len(names):,} as set" if names else "Save as set"
    saved = st.session_state.get("sets_saved", 0)  # another key is another popover, which is closed
    place = st.popover(label, icon=":material/bookmark_add:", disabled=not names, key=f"{key}_pop_{saved}")
    with place, st.form(f"{key}_form", border=False):
        name = st.text_input("Name of the set", suggestion, key=f"{key}_name")
        st.caption(plain(origin))
        if st.form_submit_button("Save", type="primary"):
            _save(gallery, name, names, origin)


def _save(gallery: Gallery, name: str, names: Collection[str], origin: str) -> None:
    try:
        made = sets.save(gallery, name, names, origin, workspace.settings().home)
    except VitrineError as problem:
        st.error(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    st.session_state["sets_saved"] = st.session_state.get("sets_saved", 0) + 1
    st.session_state["set_saved"] = f"Saved: {made.name}, {len(made):,} pictures. Every page can ask about it now."
    st.rerun()
