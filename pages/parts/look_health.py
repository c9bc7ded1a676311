"""Nine things that often go wrong in a set of images: how many pictures each finds, which, and a set of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from engine.gallery import Gallery
from engine.gallery.health import Finding, findings
from pages.parts import look_pictures, preparing, sidebar, workspace
from pages.parts.grid import picture_grid
from pages.parts.look_pictures import Shown
from pages.parts.set_maker import save_as_set
from pages.parts.workspace import plain

COPIES = ("exact_copies", "near_copies")


def draw(gallery: Gallery) -> None:
    """The whole view."""
    looks = workspace.looks(gallery)
    preparing.looks(gallery)
    if looks.unread:
        with st.expander(f"{len(looks.unread):,} pictures could not be looked at"):
            why = [{"file": name, "why": reason} for name, reason in looks.unread.items()]
            st.dataframe(pd.DataFrame(why), hide_index=True)
    part = sidebar.set_in_use(gallery)
    found = _findings(gallery.fingerprint, part.id if part else "", int(looks.known.sum()))
    by_check = {one.check: one for one in found}
    said = st.query_params.get("check", "")
    if said in by_check:
        _one(gallery, by_check[said])
        return
    with st.grid(3, min_column_width=260):
        for one in found:
            _card(gallery, one)


@st.cache_resource(max_entries=8, show_spinner=False)
def _findings(fingerprint: str, part: str, known: int) -> tuple[Finding, ...]:
    """What is found in a gallery, or in a set of it, once so many pictures were looked at."""
    del part, known
    gallery = workspace.gallery(fingerprint)
    return findings(gallery, workspace.looks(gallery), sidebar.places_in_use(gallery))


def _card(gallery: Gallery, one: Finding) -> None:
    with st.container(border=True, height="stretch"):
        n = len(one.files)
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            count = f":orange[**{n:,}**]" if n else ":gray[none]"
            count += " :gray[so far]" if one.unmeasured else ""
            st.markdown(f"**{one.title}** {count}", width="stretch")
            if n and st.button("Show all", key=f"check_{one.check}", type="tertiary", help=f"All that are {one.title}"):
                _open(one.check)
        few = [gallery.by_name[name] for name in one.files[:8]]
        if few and (clicked := picture_grid(few, f"few_{one.check}", across=4)):
            _open(one.check, clicked)
        st.caption(plain(one.meaning))


def _one(gallery: Gallery, one: Finding) -> None:
    """All pictures of one finding, worst first; copies in their groups."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("All checks", icon=":material/arrow_back:", type="tertiary", key="all_checks"):
            for word in ("check", "picture"):
                st.query_params.pop(word, None)
            st.rerun()
        st.markdown(f"### {one.title} :gray[{len(one.files):,}]", width="stretch")
    st.caption(plain(one.meaning))
    if one.check in COPIES:
        _by_vectors(gallery)
    if not one.files:
        st.info("None here.", icon=":material/check:")
        return
    sections = [(f"group {i}", len(group)) for i, group in enumerate(one.groups, 1)] if one.groups else None
    names = [name for group in one.groups for name in group] if one.groups else list(one.files)
    places = workspace.places(gallery, names)
    part = sidebar.set_in_use(gallery)
    origin = f"health: {one.title}" + (f" · set {part.name}" if part else "")
    shown = Shown(np.asarray(places), sections, origin)
    look_pictures.pictures(gallery, shown, f"health_{one.check}", suggestion=one.title)
    if one.groups:
        _spare(gallery, one, origin)


def _spare(gallery: Gallery, one: Finding, origin: str) -> None:
    """All but the first of each group: what can be taken out without losing a picture."""
    spare = [name for group in one.groups for name in group[1:]]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(spare):,} pictures are spare: all but the first of each group.", width="content")
        save_as_set(gallery, spare, f"{origin}: all but the first of each group", "spare", f"spare {one.title}")


def _by_vectors(gallery: Gallery) -> None:
    """A link to duplicates by the embedder: of the newest run of what is in use, else to the form."""
    part = sidebar.set_in_use(gallery)
    about = part.name if part else "everything"
    told = next((run for run, _ in workspace.runs_of(gallery, "diversity") if run.request.selection == about), None)
    st.page_link(
        "diversity.py",
        label="Duplicates by vectors" if told else "Look for duplicates by vectors",
        icon=":material/content_copy:",
        help="A copy detector's vectors find copies that were cropped or changed more than this check bears.",
        query_params={"run": told.id, "part": "duplicates"} if told else {},
    )


def _open(check: str, picture: str = "") -> None:
    st.query_params["check"] = check
    if picture:
        st.query_params["picture"] = picture
    st.rerun()
