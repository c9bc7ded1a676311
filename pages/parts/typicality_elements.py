"""Elements of a label: rows of patches with their figures; patch size and number change without the model."""

from __future__ import annotations

import numpy as np
import streamlit as st
from PIL import Image

from engine.analyses.typicality import Element, Params, Result
from engine.charts.typicality import overlay, scale_of, strip
from engine.gallery import Gallery
from engine.jobs.typical import Kept
from engine.store.runs import Run
from pages.parts import typicality_kept, workspace
from pages.parts.grid import gallery_grid
from pages.parts.picture_card import close
from pages.parts.set_maker import save_as_set
from pages.parts.workspace import plain

_STRIP = 8  # patches of a row
_BASELINES = {
    "": "none",
    "random": "random patches",
    "least": "least typical patches",
    "hog": "Doersch 2012, over HOG",
}


def draw(run: Run, result: Result, label: str, told: Kept, gallery: Gallery) -> None:
    """The elements, the most typical first; one opens its pictures."""
    asked = told.params
    with st.container(horizontal=True, vertical_alignment="bottom"):
        patch = st.slider(
            "Patch, of the side", 0.1, 0.6, asked.patch, 0.05, key="typical_patch", bind="query-params", width=180
        )
        each = st.slider(
            "Patches a picture", 1, 12, asked.per_picture, key="typical_each", bind="query-params", width=180
        )
        count = st.slider(
            "Elements, at most", 2, 32, asked.elements, key="typical_count", bind="query-params", width=180
        )
        beside = st.selectbox(
            "Beside them", list(_BASELINES), format_func=_BASELINES.__getitem__, key="typical_beside",
            bind="query-params", width=220,
        )  # fmt: skip
    same = (patch, each, count) == (asked.patch, asked.per_picture, asked.elements)
    every = result.elements if same else _elements(run.id, str(run.path), patch, count, each, label)
    found = [one for one in every if one.label == label]
    if not found:
        st.info("No three pictures share an element.", icon=":material/category:")
        return
    opened = next((one for one in found if str(one.number) == st.query_params.get("element", "")), None)
    if opened:
        _pictures(run, opened, told, gallery)
    with st.container(horizontal=True):
        only = st.toggle(
            "Only what held-out pictures confirm", any(e.is_confirmed for e in found), key="typical_only",
            help="Seen in more of the label's held-out pictures than in others', corrected p at most .05.",
        )  # fmt: skip
        marked = any(e.marks for e in found)
        hidden = st.toggle("Hide what looks like an artefact", key="typical_hide") if marked else False
    found = [e for e in found if not (hidden and e.marks) and (e.is_confirmed or not only)]
    left, right = st.columns([3, 2], gap="large") if beside else (st.container(), None)
    with left:
        for one in found:
            _row(one, gallery)
    if right:
        with right:
            _baseline(run, label, beside, patch, each, count, gallery)


def _row(one: Element, gallery: Gallery) -> None:
    """One element: its patches and what is known of it."""
    if image := _strip(one, gallery):
        st.image(image, alt=f"Element {one.number}: {min(_STRIP, len(one.patches))} patches")
    marks = "".join(f" :orange-badge[{mark}]" for mark in one.marks)
    with st.container(horizontal=True, vertical_alignment="center"):
        q = "" if one.q > 0.05 else f", q {one.q:.1g}"
        st.caption(
            f"**{one.number}** · median T {one.median:.4f} [{one.low:.4f}, {one.high:.4f}] · {one.pictures:,} pictures "
            f"({one.share:.0%}) · held out {one.rate:.0%}, elsewhere {one.rate_elsewhere:.0%}{q}{marks}",
            width="stretch",
        )
        if st.button("Pictures", key=f"element_{one.number}", type="tertiary"):
            st.query_params["element"] = str(one.number)
            st.query_params.pop("picture", None)
            st.rerun()


def _strip(one: Element, gallery: Gallery) -> Image.Image | None:
    shown, files = [], set()
    for patch in one.patches:
        picture = gallery.by_name.get(patch.file)
        if picture is None or patch.file in files:
            continue
        if (image := typicality_kept.small(picture)) is not None:
            files.add(patch.file)
            shown.append((image, patch.box))
        if len(shown) == _STRIP:
            break
    return strip(shown) if shown else None


def _pictures(run: Run, one: Element, told: Kept, gallery: Gallery) -> None:
    """The pictures of an element; the one that is open with its patches framed under its map."""
    files = list(dict.fromkeys(patch.file for patch in one.patches))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### Element {one.number} of {plain(one.label)} :gray[{len(files):,} pictures]", width="stretch")
        save_as_set(gallery, files, f"element {one.number} of {one.label}, run {run.id}", "element",
                    f"{one.label}, element {one.number}")  # fmt: skip
        if st.button("Close", key="close_element", type="tertiary", icon=":material/close:"):
            for word in ("element", "picture"):
                st.query_params.pop(word, None)
            st.rerun()
    opened = st.query_params.get("picture", "")
    main, side = st.columns([2, 1], gap="medium") if opened in files else (st.container(), None)
    with main:
        places = np.asarray(workspace.places(gallery, files))
        grid = gallery_grid(gallery, places, "element_grid", size=110, chosen=opened, height="45vh")
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
    picture = gallery.by_name.get(opened)
    if side and picture and (image := typicality_kept.small(picture)) is not None:
        maps = told.ranking()
        with side:
            if st.button("Close", key="close_picture", type="tertiary"):
                close()
            boxes = [patch.box for patch in one.patches if patch.file == opened]
            shown = overlay(image, maps[opened], scale_of(list(maps.values())), 0.6, boxes, side=420)
            st.image(shown, width="stretch", alt=f"{opened} with its patches")
            st.caption(plain(opened))
            for patch in (p for p in one.patches if p.file == opened):
                st.caption(f"T {patch.t:+.4f} [{patch.low:+.4f}, {patch.high:+.4f}]")


def _baseline(run: Run, label: str, kind: str, patch: float, each: int, count: int, gallery: Gallery) -> None:
    """The same rows made another way."""
    st.markdown(f"**{_BASELINES[kind]}**")
    for one in _beside(run.id, str(run.path), label, kind, patch, count, each):
        if image := _strip(one, gallery):
            st.image(image, alt=f"{_BASELINES[kind]}, {one.number}")
        st.caption(f"median T {one.median:.4f} · in {one.pictures:,} pictures")


@st.cache_resource(max_entries=32, show_spinner="Sorting patches anew")
def _elements(run_id: str, path: str, patch: float, count: int, each: int, label: str) -> tuple[Element, ...]:
    del path
    return typicality_kept.of(workspace.runs().get(run_id)).elements(patch, count, each, label)


@st.cache_resource(max_entries=32, show_spinner="Cutting other patches")
def _beside(run_id: str, path: str, label: str, kind: str, patch: float, count: int, each: int) -> list[Element]:
    del path
    told = typicality_kept.of(workspace.runs().get(run_id))
    return told.baseline(label, kind, Params(patch=patch, elements=count, per_picture=each))
