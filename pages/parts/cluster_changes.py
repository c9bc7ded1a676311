"""A person's changes of a finished clusters run: rename, merge, move, pin, forbid, take back, ask again with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from engine.analyses.clusters import Result, Row, edits
from engine.analyses.clusters.placing import kinds_of
from engine.gallery import Gallery
from engine.store.runs import Run
from engine.typed import written_names
from pages.parts import cluster_carrying, edit_log, workspace
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


def bar(run: Run, log: list, shown: int, edited: edits.Edited, gallery: Gallery) -> None:
    """A person's changes: how many are shown, what they mean for the next question, what came from another run."""
    if shown == len(log):
        cluster_carrying.take_over(run, gallery)
    said = [f"pinned: {written_names(edited.keep)}"] * bool(edited.keep)
    said += [f"forbidden: {written_names(edited.avoid)}"] * bool(edited.avoid)
    more = plain(" · ".join(["", *said, "the form above asks so"])) if said else ""
    edit_log.bar(run, shown, len(log), more)
    cluster_carrying.came_over(run, edited)


def menu(run: Run, result: Result, name: str) -> None:
    """What can be done to one cluster."""
    n = len(run.edits())  # in the keys: a menu is shut once its change was made
    with st.popover("Rename", key=f"menu_rename_{n}_{name}", on_change="rerun"):
        new = st.text_input("New name", name, key=f"rename_{name}")
        if st.button("Rename", key=f"do_rename_{name}", type="primary"):
            add(run, result, {"kind": "rename", "cluster": name, "to": new}, view=" ".join(new.split()))
    others = [c.name for c in result.clusters if c.name != name]
    with st.popover("Merge", key=f"menu_merge_{n}_{name}", on_change="rerun"):
        other = st.selectbox("With", others, key=f"merge_{name}")
        into = st.text_input("Into", name, key=f"into_{name}")
        if st.button("Merge", key=f"do_merge_{name}", type="primary", disabled=not others):
            edit = {"kind": "merge", "clusters": [name, other], "into": into}
            add(run, result, edit, view=" ".join(into.split()))


def pins(run: Run, edited: edits.Edited, name: str, key: str) -> None:
    """Keep a name when asked again, or avoid it; each is marked once it was pressed."""
    for kind, icon, done, words in (
        ("pin", "keep", name in edited.keep, "Keep this name when asked again"),
        ("forbid", "block", name in edited.avoid, "Avoid this name when asked again"),
    ):
        label = f":{'green' if done else 'gray'}[:material/{icon}:]"
        if st.button(label, key=f"{kind}_{key}", type="tertiary", disabled=done, help=words):
            add(run, edited.result, {"kind": kind, "name": name})


def missing(run: Run, result: Result) -> None:
    """Clusters that seem to be missing: each by one click."""
    for i, (label, count) in enumerate(result.missing.items()):
        st.caption(f"{count:,} said “{plain(label)}”: a missing cluster?")
        if st.button("Make it a cluster", key=f"add_missing_{i}", icon=":material/add:", type="tertiary"):
            add(run, result, {"kind": "add", "name": label, "labels": kinds_of(label, result.rows)})


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
            add(run, result, {"kind": "move", "files": [row.file], "to": target})


def add(run: Run, result: Result, edit: dict[str, Any], view: str = "") -> None:
    """Append a change to the run's log, if it can be made."""
    if why := edits.check(result, [], edit):
        st.error(plain(why[:1].upper() + why[1:]))
        return
    if view:
        st.query_params["cluster"] = view
    edit_log.add(run, edit)
