"""What a typicality run can be asked: whose typical pictures, against what, how many draws, by which model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.analyses.typicality import NULL, OTHERS, Params
from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.models.roles import ModelSpec
from engine.store.runs import Run
from pages.parts import denoiser_picker, run_panel

_DRAWS = (16, 32, 64, 96, 128, 256)
_AGAINST = {NULL: "no label", OTHERS: "the mean of all others"}


def form(gallery: Gallery) -> tuple[Params | None, ModelSpec | None, DeltaGenerator]:
    """What is asked and by whom, None where it makes no sense yet; also the place of the button."""
    labels = [label for label, _ in Counter(p.label for p in gallery.pictures if p.label).most_common()]
    if not labels:
        st.info(
            "These pictures have no labels: choose where labels come from when you open the folder.",
            icon=":material/label:",
        )
        return None, None, st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        some = st.multiselect("Labels", labels, key="typical_labels", width=230, placeholder="all", max_selections=12)
        against = st.selectbox(
            "Against", [NULL, OTHERS, *(one for one in labels if one not in some)], key="typical_against", width=150,
            format_func=lambda one: str(_AGAINST.get(one, one)),
        )  # fmt: skip
        draws = st.select_slider("Draws", _DRAWS, key="typical_draws", width=130, help="Of noise and time, a picture.")
        spec = denoiser_picker.pick(gallery, width=200)
        button = st.container(width="content")
    if spec is None:
        button.button("Run", type="primary", disabled=True, key="run", help=denoiser_picker.NONE)
        st.info(denoiser_picker.NONE, icon=":material/memory:")
        return None, None, button
    denoiser_picker.warn(spec, gallery, some)
    try:
        return Params(tuple(some), str(against), int(draws)), spec, button
    except VitrineError as problem:
        run_panel.refuse(button, "Run", problem)
        return None, None, button


def prefill(run: Run | None, gallery: Gallery) -> None:
    """The form says what the open run was asked; without one it keeps what was chosen, for this gallery."""
    denoiser_picker.prefill(run, gallery)
    state = st.session_state
    now, before = (gallery.fingerprint, run.id if run else ""), state.get("typical_form_of", ("", ""))
    if "typical_draws" in state and (before == now or (run is None and before[0] == now[0])):
        return
    state["typical_form_of"] = now
    asked: Mapping[str, Any] = run.request.params if run else {}
    there = {p.label for p in gallery.pictures}
    labels = [label for label in asked.get("labels", ()) if label in there]
    first = [label for label, _ in Counter(p.label for p in gallery.pictures if p.label).most_common(1)]
    state["typical_labels"] = labels if run else first
    against = asked.get("against", NULL)
    state["typical_against"] = against if against in (NULL, OTHERS) or against in there else NULL
    draws = asked.get("draws", Params().draws)
    state["typical_draws"] = draws if draws in _DRAWS else Params().draws
