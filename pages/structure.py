"""Structure: the dimensions on which a set varies, the attributes of each, and what goes together."""

from __future__ import annotations

import streamlit as st

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.models import profiles
from engine.store.runs import ACTIVE, Run
from pages.parts import look_pictures, run_panel, sidebar, structure_form, structure_view, workspace
from pages.parts.workspace import plain

_HOW = """
After **SSD-LLM**, subpopulation structure discovery (Luo et al., ECCV 2024, arXiv 2405.02363). Every picture is
described without being told its label. Dimensions are proposed from samples of 20 descriptions, and kept where enough
samples name them: **votes**, and **stability** over other draws of the samples. Values of each are read until hardly
anything new is said (Good-Turing), what fell into *other* is read once more, and all dimensions are assigned in one
question: one attribute, several, *other*, or *not said*.

**What goes together**: Cramér's V and mutual information of label and attribute, p by permutation, corrected (BH);
adjusted residuals of every cell. **Slices**: attributes and pairs with more errors of a model, found on one half of the
pictures and confirmed on the other. **Deficits**: what each cell lacks to a target; weights with which all weigh alike.
"""


def _ask(gallery: Gallery) -> None:
    params, button = structure_form.form(gallery)
    if params is None:
        return
    config = workspace.settings()
    try:
        specs = profiles.specs(config.models, config, gallery.root)
        request = make_request("structure", gallery, params, specs, part=sidebar.set_in_use(gallery))
    except VitrineError as problem:
        button.button("Run", type="primary", disabled=True, key="run", help=plain(problem.message))
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    run_panel.price_and_run(request, gallery, params, button)


def _show(run: Run) -> None:
    status = run.status
    if status.state in ACTIVE:
        run_panel.wait(run, lambda _: None)
    elif status.state == "done":
        structure_view.draw(run, status, workspace.gallery(run.request.gallery))
    else:
        run_panel.ended_badly(run, status, lambda _: None)


st.title("Structure")
st.markdown("On what do these pictures vary, what goes together, and what is missing?")
id = sidebar.run_in_address()
run = workspace.runs().get(id) if id else None
if run is not None and run.request.analysis != "structure":
    run = None
gallery = sidebar.gallery_in_use()
if st.query_params.get("run") and run is None:
    st.warning("The run in this address is no structure run of this workspace.")
if gallery is None:
    st.info("Choose a folder of pictures first.", icon=":material/photo_library:")
    st.page_link("gallery.py", label="Open a folder", icon=":material/arrow_forward:")
else:
    structure_form.prefill(run, gallery)
    _ask(gallery)
    run_panel.asked_before(gallery, "structure", run)
    if run is not None:
        st.divider()
        _show(run)
    else:
        look_pictures.glimpse(gallery)
with st.expander("How this works"):
    st.markdown(_HOW)
