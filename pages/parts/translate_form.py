"""What pictures can become: whose, what labels, how many, how much of them is held on to, by which model."""

from __future__ import annotations

from collections import Counter

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.store.runs import Run
from engine.translation.making import MOST, Params
from pages.parts import denoiser_picker, run_panel, sidebar
from pages.parts.shut_fields import fill, first, key

_FEW = 8  # pictures, at first
_HELD = ("guidance", "features", "attention")


def ask(gallery: Gallery) -> None:
    """The form, its price and its button."""
    here = sidebar.places_in_use(gallery).tolist()
    counts = Counter(gallery.pictures[i].label for i in here if gallery.pictures[i].label)
    labels = [label for label, _ in counts.most_common()]
    if len(labels) < 2:
        st.info(
            "A picture becomes another label that is there: choose where labels come from when you open the folder.",
            icon=":material/label:",
        )
        return
    if st.session_state[_key("label")] not in labels:
        st.session_state[_key("label")] = labels[0]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        label = str(st.selectbox("Pictures of", labels, key=_key("label"), width=130))
        others = [one for one in labels if one != label]
        st.session_state[_key("to")] = [one for one in st.session_state[_key("to")] if one in others]
        to = st.multiselect(
            "Become", others, key=_key("to"), width=205, placeholder="other labels", max_selections=MOST
        )
        n = counts[label]
        st.session_state[_key("count")] = min(st.session_state[_key("count")], n)
        count = int(st.number_input("Pictures", 1, n, key=_key("count"), width=105, help=f"At random, of {n:,}."))
        spec = denoiser_picker.pick(gallery, width=165)
        held = st.popover("More")
        button = st.container(width="content")
    guidance, features, attention = _held(held)
    if spec is None or not to:
        why = denoiser_picker.NONE if spec is None else "Say what they become."
        button.button("Translate", type="primary", disabled=True, key="run", help=why)
        if spec is None:
            st.info(why, icon=":material/memory:")
        else:
            st.caption(why)
        return
    denoiser_picker.warn(spec, gallery, to)
    try:
        params = Params(label, tuple(to), count if count < n else 0, guidance, features, attention)
        request = make_request("translation", gallery, params, {"denoiser": spec}, part=sidebar.set_in_use(gallery))
    except VitrineError as problem:
        run_panel.refuse(button, "Translate", problem)
        return
    run_panel.price_and_run(request, gallery, params, button, label="Translate")


def prefill(run: Run | None, gallery: Gallery) -> None:
    """The form says what the open run was asked; without one it keeps what was chosen, for this gallery."""
    denoiser_picker.prefill(run, gallery)
    state = st.session_state
    now, before = (gallery.fingerprint, run.id if run else ""), state.get("translate_form_of", ("", ""))
    if _key("count") in state and (before == now or (run is None and before[0] == now[0])):
        return
    state["translate_form_of"] = now
    asked = run.request.params if run else {}
    state[_key("label")] = asked.get("label", next(iter(state.get("typical_labels", ())), ""))
    state[_key("to")] = list(asked.get("to", ()))
    state[_key("count")] = (asked.get("count") or len(gallery)) if run else _FEW
    fill("translate", {name: asked.get(name) for name in _HELD})


def _held(place: DeltaGenerator) -> tuple[float | None, float | None, float | None]:
    """Guidance, and the shares of the steps in which features and attention are the picture's; None is the usual."""
    with place:
        guidance = st.number_input(
            "Guidance", 0.0, 30.0, value=first("translate", "guidance", None), step=0.5,
            key=key("translate", "guidance"), placeholder="as is usual for the model",
            help="How far beyond the prompt without a label to go; 1 goes just to the label.",
        )  # fmt: skip
        features = st.number_input(
            "Features held, share of the steps", 0.0, 1.0, value=first("translate", "features", None), step=0.1,
            key=key("translate", "features"), placeholder="0.8",
            help="More keeps more of the layout, less changes more.",
        )  # fmt: skip
        attention = st.number_input(
            "Self-attention held, share of the steps", 0.0, 1.0, value=first("translate", "attention", None), step=0.1,
            key=key("translate", "attention"), placeholder="0.5",
        )  # fmt: skip
    return guidance, features, attention


def _key(name: str) -> str:
    """Another one whenever a field says what a run was asked: a browser tells again what it showed before."""
    return f"translate_{name}_{st.session_state.get('translate_form_of', ('', ''))[1]}"
