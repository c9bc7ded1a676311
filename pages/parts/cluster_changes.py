"""A person's changes of a finished clusters run: rename, merge, move, pin, forbid, take back, ask again with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import TypeAdapter

from engine.analyses.clusters import Params, Result, Row, edits
from engine.gallery import Gallery
from engine.jobs.asking import told
from engine.store.runs import Run
from pages.parts import run_panel, workspace
from pages.parts.workspace import plain


@st.cache_resource(max_entries=24, show_spinner=False)
def applied(run_id: str, revision: int, path: str, log: str) -> edits.Edited:
    """A run's result with the changes of a log (as JSON)."""
    del run_id
    return edits.apply(workspace.result(Run(Path(path)), revision), json.loads(log))


@st.cache_resource(max_entries=24, show_spinner=False)
def rows(run_id: str, revision: int, path: str, log: str) -> dict[str, Row]:
    """The rows of `applied` by the names of their pictures."""
    return {row.file: row for row in applied(run_id, revision, path, log).result.rows}


def shown_edits(n: int) -> int:
    """How many of the changes are shown: all, or as many as the address says."""
    said = st.query_params.get("rev", "")
    return min(n, int(said)) if said.isdigit() else n


def bar(run: Run, log: list, shown: int, edited: edits.Edited, gallery: Gallery) -> None:
    """A person's changes: how many are shown, without them, take back, ask again with them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{shown} of {len(log)} changes of yours are shown")
        if shown and st.button("Without my changes", type="tertiary", key="without"):
            st.query_params["rev"] = "0"
            st.rerun()
        if shown < len(log) and st.button("With my changes", type="tertiary", key="with"):
            st.query_params.pop("rev", None)
            st.rerun()
        if shown == len(log) and st.button(
            "Take the last one back", type="tertiary", key="undo", icon=":material/undo:"
        ):
            run.drop_edit()
            st.query_params.pop("cluster", None)
            st.rerun()
        if (edited.keep or edited.avoid) and shown == len(log):
            pinned = [f"pinned: {', '.join(edited.keep)}"] * bool(edited.keep)
            forbidden = [f"forbidden: {', '.join(edited.avoid)}"] * bool(edited.avoid)
            st.caption(plain(" · ".join(pinned + forbidden)))
            if st.button("Ask again with these", key="with_pins"):
                ask_again(run, gallery, edited.keep, edited.avoid)


@st.dialog("Ask again")
def ask_again(run: Run, gallery: Gallery, keep: Sequence[str], avoid: Sequence[str]) -> None:
    """The same question with names to keep and to avoid: its price, and Run."""
    before = run.request
    params = TypeAdapter(Params).validate_python(before.params)
    params = replace(params, keep=tuple(keep), avoid=tuple(avoid))
    for word, names in (("Keep", keep), ("Avoid", avoid)):
        if names:
            st.markdown(f"{word}: {plain(', '.join(names))}")
    st.caption("Other changes stay with the run they were made in.")
    request = replace(before, params=told(params))
    run_panel.price_and_run(request, gallery, params, st.container(), key="run_again")


def menu(run: Run, result: Result, name: str, edited: edits.Edited) -> None:
    """What can be done to one cluster."""
    n = len(run.edits())  # in the keys: a menu is shut once its change was made
    with st.popover("Rename", key=f"menu_rename_{n}_{name}", on_change="rerun"):
        new = st.text_input("New name", name, key=f"rename_{name}")
        if st.button("Rename", key=f"do_rename_{name}", type="primary"):
            _add(run, result, {"kind": "rename", "cluster": name, "to": new}, view=" ".join(new.split()))
    others = [c.name for c in result.clusters if c.name != name]
    with st.popover("Merge", key=f"menu_merge_{n}_{name}", on_change="rerun"):
        other = st.selectbox("With", others, key=f"merge_{name}")
        into = st.text_input("Into", name, key=f"into_{name}")
        if st.button("Merge", key=f"do_merge_{name}", type="primary", disabled=not others):
            edit = {"kind": "merge", "clusters": [name, other], "into": into}
            _add(run, result, edit, view=" ".join(into.split()))
    pinned, forbidden = name in edited.keep, name in edited.avoid
    if st.button(
        "Pinned" if pinned else "Pin", key=f"pin_{name}", disabled=pinned, help="Keep this name when asked again"
    ):
        _add(run, result, {"kind": "pin", "name": name})
    if st.button(
        "Forbidden" if forbidden else "Forbid",
        key=f"forbid_{name}",
        disabled=forbidden,
        help="Avoid this name when asked again",
    ):
        _add(run, result, {"kind": "forbid", "name": name})


def move(run: Run, result: Result, row: Row) -> None:
    """A menu that puts one picture elsewhere."""
    names = [c.name for c in result.clusters if c.name != row.cluster]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = st.selectbox(
            "Move to", [*names, *(["unassigned"] if row.cluster else [])], key=f"move_{row.file}", index=None
        )
        if st.button("Move", key=f"do_move_{row.file}", disabled=to is None):
            target = "" if to == "unassigned" and to not in names else to
            st.query_params.pop("picture", None)
            st.toast(plain(f"{row.file} moved to {to}."))
            _add(run, result, {"kind": "move", "files": [row.file], "to": target})


def _add(run: Run, result: Result, edit: dict[str, Any], view: str = "") -> None:
    """Append a change to the run's log, if it can be made."""
    if why := edits.check(result, [], edit):
        st.error(plain(why[:1].upper() + why[1:]))
        return
    run.add_edit(edit)
    st.query_params.pop("rev", None)
    if view:
        st.query_params["cluster"] = view
    st.rerun()
