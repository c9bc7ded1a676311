"""A person's changes to elements: name, merge, split, hide, show again; what they come to is told anew, and kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.analyses.typicality import Element, Params, Result, edits
from engine.analyses.typicality.groups import Sorted
from engine.jobs.typical import Kept, Told
from engine.store.runs import Run
from pages.parts import edit_log, typicality_kept, workspace
from pages.parts.typicality_element import title
from pages.parts.workspace import plain


def elements(
    run: Run, result: Result, label: str, told: Kept, params: Params, log: Sequence[dict[str, Any]]
) -> tuple[tuple[Element, ...], tuple[str, ...]]:
    """Elements with these patches and changes, and the changes that do not fit.

    With the run's own patches all labels are told, as the command line tells them: q is corrected for all elements.
    """
    own = params == told.params
    if own and not log:
        return result.elements, ()
    found = _told(run.id, str(run.path), typicality_kept.written(params), "" if own else label, json.dumps(log))
    return found.elements, found.notes


def menu(run: Run, one: Element, found: Sequence[Element], params: Params) -> None:
    """What can be done to one element of those found."""
    n = len(run.edits())  # in the keys: a menu is shut once its change was made
    place = st.popover("Change", type="tertiary", key=f"change_{n}_{one.number}", on_change="rerun")
    if not place.open:
        return
    with place:
        with (
            st.form(f"name_form_{n}_{one.number}", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            name = st.text_input("Name", one.name, key=f"name_{n}_{one.number}", max_chars=80)
            if st.form_submit_button("Name it"):
                if " ".join(name.split()) == one.name:
                    place.error("This is its name already." if one.name else "The name is empty.")
                else:
                    _make(run, params, edits.edit_of("name", [one], name), place)
        others = {other.number: other for other in found if other is not one}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            some = st.multiselect(
                "Merge with", list(others), key=f"merge_{n}_{one.number}",
                format_func=lambda number: title(others[number]),
            )  # fmt: skip
            if st.button("Merge", key=f"do_merge_{one.number}", disabled=not some):
                _make(run, params, edits.edit_of("merge", [one, *(others[number] for number in some)]), place)
        with st.container(horizontal=True):
            if st.button("Split in two", key=f"do_split_{one.number}", help="By what is seen in its patches."):
                _make(run, params, edits.edit_of("split", [one]), place)
            word = "show" if one.is_hidden else "hide"
            if st.button("Show again" if one.is_hidden else "Hide", key=f"do_hide_{one.number}"):
                _make(run, params, edits.edit_of(word, [one]), place)


def _make(run: Run, params: Params, edit: dict[str, Any], place: DeltaGenerator) -> None:
    """Keep a change, or say in a place why it cannot be made."""
    sorts, log = _sorted(run.id, str(run.path), typicality_kept.written(params), edit["label"]), run.edits()
    before, after = (edits.apply(sorts, some, run.request.seed).notes for some in (log, [*log, edit]))
    if len(after) > len(before):
        why = after[-1].partition(": ")[2]
        place.error(plain(why[:1].upper() + why[1:]))
        return
    edit_log.add(run, edit)


@st.cache_resource(max_entries=8, show_spinner="Sorting patches anew")
def _sorted(run_id: str, path: str, params: str, label: str) -> list[Sorted]:
    del path
    return typicality_kept.of(workspace.runs().get(run_id)).sort(typicality_kept.read(params), label)


@st.cache_resource(max_entries=32, show_spinner="Telling elements anew")
def _told(run_id: str, path: str, params: str, label: str, log: str) -> Told:
    kept = typicality_kept.of(workspace.runs().get(run_id))
    return kept.tell(_sorted(run_id, path, params, label), json.loads(log))
