"""What a model can be taught: which labels, how, for how long, beginning with which model."""

from __future__ import annotations

from collections import Counter

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import VitrineError
from engine.finetuning import HOWS, LEAST, Params
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.models.roles import ModelSpec
from engine.models.templates import Template, template_of
from engine.store.runs import Run
from pages.parts import denoiser_picker, run_panel, sidebar
from pages.parts.shut_fields import fill, first, key
from pages.parts.workspace import plain

_STEPS = (100, 200, 500, 1000, 2000, 5000, 10_000)
_HOWS = {"full": "all of it", "lora": "additions (LoRA)"}


def ask(gallery: Gallery) -> None:
    """The form, its price and its button."""
    counts = Counter(p.label for p in gallery.pictures if p.label)
    labels = [label for label, n in counts.most_common() if n >= LEAST]
    if len(labels) < 2:
        st.info(
            f"A model learns labels from two on, with {LEAST} pictures of each or more: choose where labels come from "
            "when you open the folder.",
            icon=":material/label:",
        )
        return
    st.session_state[_key("labels")] = [one for one in st.session_state[_key("labels")] if one in labels]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        some = st.multiselect("Labels", labels, key=_key("labels"), width=200, placeholder="all")
        how = st.selectbox("What learns", HOWS, key=_key("how"), width=140, format_func=_HOWS.__getitem__)
        steps = st.select_slider("Steps, at most", _STEPS, key=_key("steps"), width=120)
        spec = denoiser_picker.pick(gallery, width=170)
        more = st.popover("More")
        button = st.container(width="content")
    if spec is None:
        button.button("Teach", type="primary", disabled=True, key="run", help=denoiser_picker.NONE)
        st.info(denoiser_picker.NONE, icon=":material/memory:")
        return
    try:
        params = Params(int(steps), str(how), _template(spec, more), batch=_batch(more), labels=tuple(sorted(some)))
        request = make_request("finetuning", gallery, params, {"denoiser": spec}, part=sidebar.set_in_use(gallery))
    except VitrineError as problem:
        run_panel.refuse(button, "Teach", problem)
        return
    run_panel.price_and_run(request, gallery, params, button, label="Teach")


def prefill(run: Run | None, gallery: Gallery) -> None:
    """The form says what the open run was asked; without one it keeps what was chosen, for this gallery."""
    denoiser_picker.prefill(run, gallery)
    state = st.session_state
    now, before = (gallery.fingerprint, run.id if run else ""), state.get("teach_form_of", ("", ""))
    if _key("steps") in state and (before == now or (run is None and before[0] == now[0])):
        return
    state["teach_form_of"] = now
    asked, usual = (run.request.params if run else {}), Params()
    state[_key("labels")] = list(asked.get("labels", ()))
    state[_key("how")] = asked.get("how", usual.how)
    steps = asked.get("steps", usual.steps)
    state[_key("steps")] = steps if steps in _STEPS else usual.steps
    fill("teach", {"batch": asked.get("batch", usual.batch), "template": asked["template"]["label"] if run else ""})


def _template(spec: ModelSpec, place: DeltaGenerator) -> Template:
    """The words that a label is said in: the model's own, unless others are typed."""
    own = template_of(spec)
    said = place.text_input(
        "Prompt of a label", first("teach", "template", ""), key=key("teach", "template"), placeholder=own.label,
        max_chars=200, width=360,
        help="Holds {} where the label goes. It is stored with the model and used wherever the model is asked.",
    ).strip()  # fmt: skip
    template = Template(said or own.label, own.null)
    if own.is_known and template.label != own.label:
        st.caption(f":material/info: This model was trained on “{plain(own.label)}”, not on “{plain(template.label)}”.")
    return template


def _batch(place: DeltaGenerator) -> int:
    usual = first("teach", "batch", Params().batch)
    return int(place.number_input("Pictures a step", 1, 256, usual, key=key("teach", "batch"), width=160))


def _key(name: str) -> str:
    """Another one whenever a field says what a run was asked: a browser tells again what it showed before."""
    return f"teach_{name}_{st.session_state.get('teach_form_of', ('', ''))[1]}"
