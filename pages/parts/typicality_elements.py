"""Elements of a label: rows of patches with their figures; sizes and number of patches change without the model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from engine.analyses.typicality import Element, Params, Result
from engine.gallery import Gallery
from engine.jobs.typical import Kept
from engine.report import typicality as findings
from engine.store.runs import Run
from pages.parts import edit_log, typicality_beside, typicality_changes
from pages.parts.share import share_picture
from pages.parts.typicality_element import STRIP, pictures, sheet, title
from pages.parts.workspace import plain

_FIGURES = (
    "Median T: how much the label's words help to tell the noise of these patches, with its 95 % interval. Pictures: "
    "how many it was found in. Held out: in how many of the pictures that took no part in finding it it is seen, of "
    "this label and elsewhere; p by Fisher's test, corrected for all elements."
)
_SIZES = (0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)  # sides of patches


def draw(run: Run, result: Result, label: str, told: Kept, gallery: Gallery) -> None:
    """The elements, the most typical first; one opens its pictures."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        params = _patches(told)
        beside = typicality_beside.choice()
    log, total = edit_log.shown(run)
    elements, notes = typicality_changes.elements(run, result, label, told, params, log)
    found = [one for one in elements if one.label == label]
    edit_log.bar(run, len(log), total)
    for note in notes:
        st.info(plain(note), icon=":material/info:")
    if not found:
        st.info("No three pictures share an element.", icon=":material/category:")
        return
    said = st.query_params.get("element", "")
    opened = next((one for one in found if str(one.number) == said), None)
    if opened:
        pictures(run, result, opened, told, gallery)
    elif said:
        st.info(f"{plain(label)} has no element {plain(said)} with these patches and changes.", icon=":material/info:")
    shown = _filtered(found)
    share_picture(run, lambda source: findings.elements(source, label, shown), f"elements {label}")
    left, right = st.columns([3, 2], gap="large") if beside else (st.container(), None)
    with left:
        for one in shown:
            _row(run, one, found, params if len(log) == total else None, gallery)
    if right:
        with right:
            typicality_beside.draw(run, label, beside, params, told, gallery)


def _patches(told: Kept) -> Params:
    """Sizes, number of patches a picture and of elements: what the run was asked, until they are changed."""
    asked = told.params
    sizes = st.multiselect(
        "Patches, of the side", sorted({*_SIZES, *asked.sizes}), asked.sizes, key="typical_patch", bind="query-params",
        format_func=lambda size: f"{100 * size:.3g} %", width=230, placeholder="as asked",
        help="Of several sizes, the one that fits a place best is taken: by mean T times side.",
    )  # fmt: skip
    each = st.slider("Patches a picture", 1, 12, asked.per_picture, key="typical_each", bind="query-params", width=180)
    count = st.slider("Elements, at most", 2, 32, asked.elements, key="typical_count", bind="query-params", width=180)
    return told.asked(tuple(sizes) or asked.sizes, count, each)


def _filtered(found: Sequence[Element]) -> list[Element]:
    """Those to show, by three toggles; numbers stay, so what is not shown is counted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        toggle = partial(st.toggle, bind="query-params")
        only = toggle(
            "Only what held-out pictures confirm", any(e.is_confirmed for e in found), key="typical_only",
            help="Seen in more of the label's held-out pictures than in others', corrected p at most .05.",
        )  # fmt: skip
        no_marks = any(e.marks for e in found) and toggle("Hide what looks like an artefact", key="typical_hide")
        hidden = any(e.is_hidden for e in found) and toggle("Also what I hid", key="typical_hidden")
        counted = {
            "not confirmed": [e for e in found if only and not e.is_confirmed],
            "marked": [e for e in found if no_marks and e.marks],
            "hidden by you": [e for e in found if e.is_hidden and not hidden],
        }
        gone = {e.number for some in counted.values() for e in some}
        why = ", ".join(f"{len(some)} {words}" for words, some in counted.items() if some)
        st.caption(f"{len(found) - len(gone)} of {len(found)} elements" + (f" · {why}" if why else ""), width="content")
    return [e for e in found if e.number not in gone]


def _row(run: Run, one: Element, found: Sequence[Element], params: Params | None, gallery: Gallery) -> None:
    """One element: its patches and what is known of it."""
    if image := sheet(one, gallery):
        st.image(image, alt=f"Element {title(one)}: {min(STRIP, len(one.patches))} of its {len(one.patches)} patches")
    marks = "".join(f" :orange-badge[{mark}]" for mark in one.marks)
    marks += f" :gray-badge[{one.by_hand}, by hand]" * bool(one.by_hand) + " :gray-badge[hidden]" * one.is_hidden
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        q = "" if one.q > 0.05 else f", corrected p {one.q:.1g}"
        st.caption(
            f"**{plain(title(one))}** · median T {one.median:.4f} [{one.low:.4f}, {one.high:.4f}] · {one.pictures:,} "
            f"pictures ({one.share:.0%}) · held out {one.rate:.0%}, elsewhere {one.rate_elsewhere:.0%}{q}{marks}",
            width="stretch",
            help=_FIGURES,
        )
        if st.button("Pictures", key=f"element_{one.number}", type="tertiary"):
            st.query_params["element"] = str(one.number)
            st.query_params.pop("picture", None)
            st.rerun()
        if params:
            typicality_changes.menu(run, one, found, params)
