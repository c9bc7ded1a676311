"""Diversity: how diverse a set is, what repeats in it, and which few pictures stand for all."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import SettingsError, VitrineError
from engine.gallery import Gallery
from engine.jobs.asking import make_request
from engine.models import profiles
from pages.parts import diversity_form, diversity_view, run_panel, sidebar, workspace
from pages.parts.analysis_page import page
from pages.parts.workspace import plain

_HOW = """
The embedder gives each picture a vector. The eigenvalues of the vectors' covariance say how many directions the set
spans, and how evenly: with their shares p, **effective rank** ER = exp(−Σ p ln p) (Roy & Vetterli, EUSIPCO 2007),
**participation ratio** PR = 1 / Σ p², and the **score** √(ER/d · PR/d) of FineVision's data set study. Its bands and
reference figures were measured on SSCD's vectors (Pizzi et al., CVPR 2022, arXiv 2202.10261) and are shown for those
only.

More pictures reach more directions, so sets are compared **at equal size**: as many pictures of each, drawn at random.
Intervals say where the figure of as many other pictures of the same source would lie, 95 times of 100 (jackknife).

**Duplicates** are all pairs with a cosine from the threshold on, joined to groups. A **core-set** is chosen greedily;
its curve lies beside that of as many pictures at random.
"""


def _ask(gallery: Gallery) -> None:
    params, button = diversity_form.form(gallery)
    config = workspace.settings()
    if params is None:
        return
    part = sidebar.set_in_use(gallery)
    if len(sidebar.places_in_use(gallery)) < 2:
        button.button("Run", type="primary", disabled=True, key="run", help="Diversity needs two pictures.")
        st.info("Diversity needs two pictures: there is nothing to compare one with.", icon=":material/photo:")
        return
    try:
        specs = profiles.specs(config.models, config, gallery.root)
        request = make_request("diversity", gallery, params, specs, part=part)
    except SettingsError as problem:
        _no_embedder(problem, button)
        return
    except VitrineError as problem:
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    run_panel.price_and_run(request, gallery, params, button)


def _no_embedder(problem: SettingsError, button: DeltaGenerator) -> None:
    """Nobody gives vectors: why, and the way on."""
    button.button("Run", type="primary", disabled=True, key="run", help=plain(problem.message))
    st.info(
        f"{plain(problem.message)} The bundled embedder knows only Postcards; for other pictures name a copy detector "
        "such as SSCD in a file of models. Vectors of your own are told by `python -m engine diversity VECTORS.npy`.",
        icon=":material/power:",
    )
    st.page_link("models.py", label="Connect a model", icon=":material/arrow_forward:")


page(
    "diversity",
    "How diverse is this set, what repeats in it, and which few pictures stand for all?",
    diversity_form.prefill,
    _ask,
    diversity_view.draw,
    _HOW,
)
