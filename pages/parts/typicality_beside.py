"""What elements are held against, beside them: the same rows, made another way."""

from __future__ import annotations

import json

import streamlit as st

from engine.analyses.typicality import Element, Params
from engine.gallery import Gallery
from engine.jobs import cropping, live
from engine.jobs.preparing import COLOURS
from engine.jobs.typical import Kept
from engine.store.runs import Run
from pages.parts import live_wait, typicality_kept, workspace
from pages.parts.typicality_element import sheet
from pages.parts.workspace import plain

_CLIP = "clip"
_KINDS = {
    "": "none",
    "random": "random patches",
    "least": "least typical patches",
    "hog": "Doersch 2012, over HOG",
    _CLIP: "CLIP difference",
}


def choice() -> str:
    """Which, by the form."""
    said = st.selectbox(
        "Beside them", list(_KINDS), format_func=_KINDS.__getitem__, key="typical_beside", bind="query-params",
        width=220,
    )  # fmt: skip
    return str(said or "")


def draw(run: Run, label: str, kind: str, params: Params, told: Kept, gallery: Gallery) -> None:
    """The rows."""
    st.markdown(f"**{_KINDS[kind]}**")
    if kind == _CLIP and not _looked(run, label, params, told, gallery):
        return
    found = _found(run.id, str(run.path), label, kind, typicality_kept.written(params))
    if not found:
        st.info("No three pictures share an element.", icon=":material/category:")
    for one in found:
        if image := sheet(one, gallery):
            st.image(image, alt=f"{_KINDS[kind]}, {one.number}")
        what = "median difference" if kind == _CLIP else "median T"
        st.caption(f"{what} {one.median:.4f} · in {one.pictures:,} pictures")


def _looked(run: Run, label: str, params: Params, told: Kept, gallery: Gallery) -> bool:
    """Whether the matcher has seen all crops; where it has not, it is asked to, and the wait is shown."""
    spec, config = workspace.matcher(gallery), workspace.settings()
    if spec == COLOURS:
        st.info(
            "It takes a matcher, which compares words with pictures: choose models with one on the Models page.",
            icon=":material/memory:",
        )
        return False
    own, *others = (f"“{plain(text)}”" if text else "no words" for text in cropping.words(told, label, params))
    rest = ", ".join(others[:3]) + ", …" * (len(others) > 3)
    st.caption(f"Crops by how much more they are like {own} than like {rest}, by {plain(spec.label)}.")
    if not cropping.unknown(told, label, params, spec, config):
        return True
    asked = {"run": run.id, "label": label, "sizes": json.dumps(params.sizes)}
    said = live.ask(config.home, "crops", wait=1.0, **asked)
    if said["state"] in ("working", "away"):
        live_wait.wait("crops", asked, "; each crop is looked at once")
    elif said["state"] == "failed":
        st.warning(f"{plain(said['error'])} {plain(said['hint'])}")
    return said["state"] == "done"


@st.cache_resource(max_entries=32, show_spinner="Cutting other patches")
def _found(run_id: str, path: str, label: str, kind: str, params: str) -> list[Element]:
    del path
    told, asked = typicality_kept.of(workspace.runs().get(run_id)), typicality_kept.read(params)
    if kind == _CLIP:
        return cropping.by_matcher(told, label, asked, workspace.matcher(told.gallery), workspace.settings())
    return told.baseline(label, kind, asked)
