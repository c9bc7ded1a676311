"""What a structure run can be asked: how many dimensions, a goal, dimensions of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.analyses.structure import SCHEMAS, Dimension, Given, Params
from engine.analyses.structure.typed import read_dimensions, written
from engine.errors import SettingsError
from engine.gallery import Gallery
from engine.store.runs import Run
from pages.parts import run_panel
from pages.parts.shut_fields import fill, first, key

_SCHEMAS = {"shared": "of all labels", "own": "each label's own", "both": "both"}


def form(gallery: Gallery) -> tuple[Params | None, DeltaGenerator]:
    """What is asked, None where it makes no sense yet; also the place of the button."""
    del gallery
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):  # it wraps where the page is narrow
        count = st.number_input("Dimensions", 0, 20, key="structure_count", width=140, help="At most so many proposed.")
        goal = st.text_input(
            "What you care about", key="structure_goal", placeholder="the weather, the place", max_chars=200, width=320
        )
        more = st.popover("Dimensions of your own")
        button = st.container(width="content")
    with more:
        typed = st.text_area(
            "One a line, with attributes if you know them", first("structure", "given", ""),
            key=key("structure", "given"), max_chars=8000,
            placeholder="place: indoors, outdoors, water=sea+lake\nmood",
            help="A name before an equals sign renames what follows; several, with +, are joined: both ask nothing.",
        )  # fmt: skip
        schema = st.segmented_control(
            "Proposed dimensions are", SCHEMAS, key=key("structure", "schema"), format_func=_SCHEMAS.__getitem__,
            default=first("structure", "schema", SCHEMAS[0]),
        )  # fmt: skip
        mask = st.toggle(
            "Hide words that give the label away", first("structure", "mask", False), key=key("structure", "mask")
        )
    try:
        asked = SCHEMAS[SCHEMAS.index(schema)] if schema in SCHEMAS else SCHEMAS[0]
        given = read_dimensions(typed)
        return Params(goal=goal.strip(), count=int(count), given=given, mask=mask, schema=asked), button
    except SettingsError as problem:
        run_panel.refuse(button, "Run", problem)
        return None, button


def prefill(run: Run | None, gallery: Gallery) -> None:
    """The form says what the open run was asked; without one it keeps what was typed, for this gallery."""
    state = st.session_state
    now, before = (gallery.fingerprint, run.id if run else ""), state.get("structure_form_of", ("", ""))
    if "structure_count" in state and (before == now or (run is None and before[0] == now[0])):
        return
    state["structure_form_of"] = now
    asked: Mapping[str, Any] = run.request.params if run else {}
    state["structure_count"] = asked.get("count", Params().count)
    state["structure_goal"] = asked.get("goal", "")
    given = written([Given(**one) for one in asked.get("given", ())])
    fill("structure", {"given": given, "schema": asked.get("schema", "shared"), "mask": asked.get("mask", False)})


def use(dimensions: Sequence[Dimension]) -> None:
    """Put found dimensions into the form, to be renamed, joined, dropped or added to, and run again."""
    st.session_state["structure_count"] = 0
    mask = st.session_state.get(key("structure", "mask"), False)
    fill("structure", {"given": written(dimensions), "schema": "shared", "mask": mask})
