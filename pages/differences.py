"""Differences: what one set shows more than another."""

from __future__ import annotations

import streamlit as st

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.jobs.comparing import together
from engine.models import profiles
from engine.store.runs import ACTIVE, Run
from pages.parts import differences_form, differences_view, look_pictures, run_panel, sidebar, workspace
from pages.parts.workspace import plain

_HOW = """
After **VisDiff** (Dunlap, Zhang et al., CVPR 2024, arXiv 2312.02974). Both sets are cut into two halves, near copies
together. On one half hypotheses are **proposed**: by a chat model that reads descriptions of samples, by word
statistics of these descriptions, by a list of 1,200 concepts that the matcher (CLIP-like) goes through, and by the
metadata's columns. The other half **tests** them: AUROC is the chance that a picture of A scores higher than one of B
(Mann-Whitney test; more pictures above the threshold: Fisher's test). A difference is *confirmed* where its p,
corrected for all statements that were tried (Benjamini & Hochberg), is at most .05, and its AUROC at least .05 from .5;
a *hint* where only the uncorrected p is.

Wordings of the same thing are one finding; of a long wording, parts without an effect of their own are dropped.
Without a matcher, the vision model is asked about samples of the testing half whether a statement is true.
"""


def _ask(gallery: Gallery) -> None:
    params, button = differences_form.form(gallery)
    if params is None:
        return
    config = workspace.settings()
    part = sidebar.set_in_use(gallery)
    if params.a and params.b:
        part = together(gallery, params.a, params.b)
    try:
        specs = profiles.specs(config.models, config, gallery.root)
        request = make_request("differences", gallery, params, specs, part=part)
    except VitrineError as problem:
        button.button("Compare", type="primary", disabled=True, key="run", help=plain(problem.message))
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    run_panel.price_and_run(request, gallery, params, button, label="Compare")


def _show(run: Run) -> None:
    status = run.status
    if status.state in ACTIVE:
        run_panel.wait(run, lambda _: None)
    elif status.state == "done":
        differences_view.draw(run, status, workspace.gallery(run.request.gallery))
    else:
        run_panel.ended_badly(run, status, lambda _: None)


st.title("Differences")
st.markdown("What does one set show more than another?")
id = sidebar.run_in_address()
run = workspace.runs().get(id) if id else None
if run is not None and run.request.analysis != "differences":
    run = None
gallery = sidebar.gallery_in_use()
if st.query_params.get("run") and run is None:
    st.warning("The run in this address is no differences run of this workspace.")
if gallery is None:
    st.info("Choose a folder of pictures first.", icon=":material/photo_library:")
    st.page_link("gallery.py", label="Open a folder", icon=":material/arrow_forward:")
else:
    differences_form.prefill(run, gallery)
    _ask(gallery)
    run_panel.asked_before(gallery, "differences", run)
    if run is not None:
        st.divider()
        _show(run)
    else:
        look_pictures.glimpse(gallery)
with st.expander("How this works"):
    st.markdown(_HOW)
