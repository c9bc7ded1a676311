"""Differences: what one set shows more than another."""

from __future__ import annotations

from engine.errors import VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.jobs.comparing import together
from engine.models import profiles
from pages.parts import differences_form, differences_view, run_panel, sidebar, workspace
from pages.parts.analysis_page import page

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
        run_panel.refuse(button, "Compare", problem)
        return
    run_panel.price_and_run(request, gallery, params, button, label="Compare")


page(
    "differences",
    "What does one set show more than another?",
    differences_form.prefill,
    _ask,
    differences_view.draw,
    _HOW,
)
