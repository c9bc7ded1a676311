"""The guided tour: three minutes on the Postcards, from a first look to a picture to share.

Which stop it is stands in the address, so that reload and back go where people expect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs import touring
from engine.models import profiles
from pages.parts import sidebar, workspace
from pages.parts.workspace import plain

_WORD = "tour"  # in the address: the stop, from 1 on


@dataclass(frozen=True)
class _Stop:
    page: str
    title: str
    words: str
    run: str = ""  # the analysis whose run is in view


_STOPS = (
    _Stop(
        "gallery",
        "What is in this folder?",
        "600 postcards. Scroll, open one with a click, or search for *red umbrella on a beach*.",
    ),
    _Stop(
        "clusters",
        "Which groups are there, seen through one question?",
        "The question was **place**. Open a cluster by its name, then a picture: its card says what the model saw, and "
        "why it lies there.",
        "clusters",
    ),
    _Stop(
        "clusters",
        "Ask a question of your own",
        "Type **weather** as the criterion and press Run. What was described before is not asked again: see the price.",
    ),
    _Stop(
        "structure",
        "On what do they vary, and what is missing?",
        "Nobody said what to look for: the dimensions were found in the descriptions. A click on the tree opens the "
        "pictures; *What goes together* says which values come in company, *Deficits* which combinations hardly occur.",
        "structure",
    ),
    _Stop(
        "differences",
        "What do beaches show more than forests?",
        "Each line was proposed on one half of the pictures and tested on the other. Open one: both sets lie sorted by "
        "it, counter-examples first among the rest.",
        "differences",
    ),
    _Stop(
        "typicality",
        "What is typical of a beach, and where in the picture?",
        "Where the map is teal, knowing the label helps a diffusion model. *Elements* shows what recurs there.",
        "typicality",
    ),
    _Stop(
        "diversity",
        "How diverse are they, and what is doubled?",
        "*Duplicates* holds copies that were hidden among them; *Core-set* the few that stand for all.",
        "diversity",
    ),
    _Stop(
        "clusters",
        "Show it to somebody",
        "Press **Share**, look at the picture, and download it: title, figures, gallery, models and date are on it. "
        "*Export* makes one file of the whole run, which opens anywhere.",
        "clusters",
    ),
)


def show(page: str) -> None:
    """Above the page: the stop it is at; in the sidebar, while there is no tour, how to begin one.

    Args:
        page: name of the page that is shown, as in the address.
    """
    gallery = sidebar.gallery_in_use()
    if gallery is None or not profiles.is_postcards(gallery.root):
        return
    stop = _at()
    if not stop:
        with st.sidebar:
            if st.button("Take the tour", icon=":material/explore:", help="Three minutes on the Postcards."):
                _begin(gallery)
        return
    st.query_params[_WORD] = str(stop)
    with st.container(border=True):
        if page == _STOPS[stop - 1].page.replace("gallery", "look"):
            _draw(stop, gallery)
        else:
            _away(stop, gallery)


def _at() -> int:
    """The stop that the address names, else the one of this session; 0 for none."""
    said = st.query_params.get(_WORD, "")
    if said.isdecimal() and len(said) < 3 and 0 < int(said) <= len(_STOPS):
        st.session_state[_WORD] = int(said)
    return st.session_state.get(_WORD, 0)


def _begin(gallery: Gallery) -> None:
    """Ask everything the tour will show, so that it is there by then."""
    try:
        for request in touring.questions(gallery, workspace.settings()).values():
            workspace.runs().submit(request, background=True)  # what is asked on the way goes first
    except VitrineError as problem:
        st.error(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    _go(1, gallery)


def _draw(number: int, gallery: Gallery) -> None:
    stop = _STOPS[number - 1]
    st.markdown(f":gray-badge[{number} of {len(_STOPS)}] **{stop.title}**  \n{stop.words}")
    with st.container(horizontal=True, gap="small"):
        if st.button("Back", disabled=number == 1, key="tour_back", icon=":material/arrow_back:"):
            _go(number - 1, gallery)
        last = number == len(_STOPS)
        if not last and st.button("Next", type="primary", key="tour_next", icon=":material/arrow_forward:"):
            _go(number + 1, gallery)
        _end("primary" if last else "tertiary")


def _away(number: int, gallery: Gallery) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":gray-badge[{number} of {len(_STOPS)}] The tour waits at **{_STOPS[number - 1].title}**")
        if st.button("Go there", key="tour_next", type="primary", icon=":material/arrow_forward:"):
            _go(number, gallery)
        _end("tertiary")


def _end(kind: Literal["primary", "tertiary"]) -> None:
    if st.button("End the tour", key="tour_end", type=kind):
        st.session_state.pop(_WORD, None)
        st.query_params.pop(_WORD, None)
        st.rerun()


def _go(number: int, gallery: Gallery) -> None:
    stop = _STOPS[number - 1]
    st.session_state[_WORD] = number
    said = {_WORD: str(number)}
    if stop.run:
        said["run"] = touring.questions(gallery, workspace.settings())[stop.run].id
    st.switch_page(f"{stop.page}.py", query_params=said)
