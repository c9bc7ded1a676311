"""One picture: full size, file, label, metadata."""

from __future__ import annotations

import streamlit as st

from engine.gallery import Picture
from pages.parts.workspace import address, plain


def facts(picture: Picture) -> None:
    """The picture and what is known of it before any question."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Close", key="close_picture", type="tertiary", icon=":material/close:"):
            close()
    st.image(address(picture.hash, "full.webp"), width="stretch", alt=picture.name)
    field("File", picture.name)
    field("Size", f"{picture.width:,} × {picture.height:,} pixels")
    if picture.label:
        field("Label", picture.label)
    for name, value in picture.metadata.items():
        if value and len(value) < 300:
            field(name, value)


def close() -> None:
    """Take the open picture out of the address."""
    st.query_params.pop("picture", None)
    st.rerun()


def field(name: str, value: str) -> None:
    """A small heading and its text; both are shown as they are."""
    st.markdown(f":small[:gray[{plain(name.upper())}]]  \n{plain(value)}")
