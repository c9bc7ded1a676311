"""Typicality: how typical pictures are of their label, where in the picture, and what recurs there."""

from __future__ import annotations

import streamlit as st

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from pages.parts import run_panel, sidebar, typicality_form, typicality_view
from pages.parts.analysis_page import page
from pages.parts.workspace import plain

_HOW = """
After **Diffusion Models as Data Mining Tools** (Siglidis et al., ECCV 2024, arXiv 2408.02752). Noise is added to a
picture, and a text-conditioned denoiser tells that noise twice: told the label, and told nothing. Where the label
helps, the picture is typical of it: **T** is the mean, over noises and times from 100 to 700 of 1,000, of the squared
error without the label less the one with it. Four draws of the time make a block, one in each stratum; blocks are kept
in eight groups, whose spread gives every interval (Student's, 95 %).

**Elements** are patches with the largest T, clustered by what the denoiser sees in them, ranked by median T. Clusters
come from half of the pictures; *held out* is how often the element is seen in the other half, *elsewhere* in pictures
of other labels, q corrected for all elements. A patch's interval does not know that the patch was chosen for its large
T, so the largest are too large. T says what helps the denoiser: watermarks and borders are typical, too,
and marked. Scores compare only within one model and one template.
"""


def _ask(gallery: Gallery) -> None:
    params, spec, button = typicality_form.form(gallery)
    if params is None or spec is None:
        return
    try:
        request = make_request("typicality", gallery, params, {"denoiser": spec}, part=sidebar.set_in_use(gallery))
    except VitrineError as problem:
        button.button("Run", type="primary", disabled=True, key="run", help=plain(problem.message))
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    run_panel.price_and_run(request, gallery, params, button)


page(
    "typicality",
    "What is typical of a label, and where in the picture?",
    typicality_form.prefill,
    _ask,
    typicality_view.draw,
    _HOW,
    typicality_view.partial,
)
