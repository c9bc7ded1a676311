"""A statement of one's own, answered at once from stored vectors by the live process; in the address as `try`."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import streamlit as st

from engine.analyses.differences import Comparison, Finding, explored
from engine.gallery import Gallery
from engine.jobs import live
from pages.parts import workspace
from pages.parts.live_wait import wait
from pages.parts.workspace import plain


def box(gallery: Gallery, one: Comparison) -> Finding | None:
    """The field, and what is told of what stands in it; None while nothing does."""
    st.session_state.setdefault("differences_try", st.query_params.get("try", ""))
    said = st.text_input(
        "Try your own", key="differences_try", placeholder="a red umbrella", icon=":material/edit:", max_chars=200,
        help="Scored on all pictures of both sets, at once: to explore, not a test.",
    )  # fmt: skip
    words = str(said or "").strip()
    if not words:
        st.query_params.pop("try", None)
        return None
    st.query_params["try"] = words
    asked = {"gallery": gallery.fingerprint, "words": words, "picture": ""}
    answer = live.ask(workspace.settings().home, "search", wait=1.5, **asked)
    if answer["state"] in ("working", "away"):
        wait("search", asked, "; after that it answers at once.")
        return None
    if answer["state"] == "failed":
        st.info(f"{plain(answer['error'])} {plain(answer['hint'])}", icon=":material/search_off:")
        return None
    scores = np.frombuffer(base64.b64decode(answer["scores"]), np.float32)
    finding = explored(scores, one, gallery)
    if finding is None:
        st.info("Nothing is known of the pictures of one side.", icon=":material/search_off:")
        return None
    return replace(finding, statement=words, scored=answer["by"])
