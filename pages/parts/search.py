"""Search by words or by a picture, answered by the live process; both are in the address (`q`, `like`)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import streamlit as st

from engine.gallery import Gallery
from engine.jobs import live
from engine.jobs.preparing import COLOURS
from pages.parts import workspace
from pages.parts.live_wait import wait
from pages.parts.workspace import plain


@dataclass(frozen=True)
class Asked:
    """What is searched for: words as typed, or what a picture shows (`like` is its name)."""

    text: str
    like: str

    @property
    def words(self) -> str:
        """As people say it."""
        return f"pictures like {self.like}" if self.like else f"“{self.text}”"


@dataclass(frozen=True)
class Scores:
    """One a picture of the gallery, NaN where nothing is known; who said so; how many are known."""

    values: np.ndarray
    by: str
    known: int


def box() -> Asked | None:
    """The search field; what is asked for now, if anything."""
    st.session_state.setdefault("look_words", st.query_params.get("q", ""))
    said = st.text_input(
        "Search",
        key="look_words",
        type="search",
        placeholder="a dog on a beach",
        icon=":material/search:",
        on_change=_typed,
        width=340,
    )
    like = st.query_params.get("like", "")
    return Asked(str(said or "").strip(), like) if like or (said or "").strip() else None


def like(name: str) -> None:
    """Search for pictures like this one."""
    st.query_params.update({"like": name, "view": "pictures"})
    st.query_params.pop("q", None)
    st.session_state.pop("look_words", None)


def scores(gallery: Gallery, asked: Asked) -> Scores | None:
    """The score of every picture; None while that is not known, which is said."""
    words = {"gallery": gallery.fingerprint, "words": "" if asked.like else asked.text, "picture": asked.like}
    said = live.ask(workspace.settings().home, "search", wait=1.5, **words)
    if said["state"] in ("working", "away"):
        wait("search", words, "; after that it answers at once.")
        return None
    if asked.like and st.button("Back to all pictures", icon=":material/close:", type="tertiary"):
        st.query_params.pop("like", None)
        st.rerun()
    if said["state"] == "failed":
        st.info(f"{plain(said['error'])} {plain(said['hint'])}", icon=":material/search_off:")
        if workspace.matcher(gallery) != COLOURS and st.button("Open the map", icon=":material/scatter_plot:"):
            st.query_params["view"] = "map"
            st.rerun()
        return None
    values = np.frombuffer(base64.b64decode(said["scores"]), np.float32)
    few = f", which knows {said['known']:,} of {len(gallery):,} pictures" if said["known"] < len(gallery) else ""
    st.caption(f"Ranked by {plain(said['by'])}{few}.")
    return Scores(values, said["by"], said["known"])


def _typed() -> None:
    st.query_params.pop("like", None)
    st.query_params.pop("picture", None)
    if said := str(st.session_state.get("look_words") or "").strip():
        st.query_params["q"] = said
    else:
        st.query_params.pop("q", None)
