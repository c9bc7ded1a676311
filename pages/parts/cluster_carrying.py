"""Corrections of one clusters run carried over to another: with every question asked again, by one click elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from engine.analyses.clusters import carrying, edits
from engine.gallery import Gallery
from engine.store.runs import Request, Run
from pages.parts import cluster_changes, workspace
from pages.parts.workspace import plain


def source(here: Run | None) -> Run | None:
    """The run whose corrections a new question takes along: the one in view, if it is finished and was changed."""
    if here is None or here.request.analysis != "clusters" or here.status.state != "done":
        return None
    return here if _count(here) else None


def offered(source: Run | None, request: Request, key: str = "carry") -> Callable[[Run], None]:
    """A box to leave the corrections behind; what is to be done with the new run before it is shown."""
    if source is None or request.id == source.id:
        return lambda _: None
    n = _count(source)
    words = f"Carry over {n} correction{'s' * (n != 1)} of the run below"
    if not st.checkbox(words, True, key=key, help="What fits no cluster of the new run is listed there."):
        return lambda _: None
    return lambda run: carry(source, run)


def carry(source: Run, target: Run) -> None:
    """Put the corrections of a run into another's log, once: what was carried from it before is replaced."""
    entry = _entry(source, target)
    log = target.edits()
    mine = [i for i, edit in enumerate(log) if edit.get("kind") == "carry" and edit.get("run") == source.id]
    if not entry or (mine and _same(log[mine[-1]], entry)):
        return
    if mine:
        target.keep_edits([*log[: mine[-1]], entry, *log[mine[-1] + 1 :]])
    else:
        target.add_edit(entry)


def take_over(run: Run, gallery: Gallery) -> None:
    """Corrections of the newest other run that has some of its own, where they would change something here."""
    log = run.edits()
    for other, status in workspace.runs_of(gallery):
        if other.id == run.id or status.state != "done" or all(e.get("kind") == "carry" for e in other.edits()):
            continue
        with_them = _applied(run, [*log, _entry(other, run)])
        if with_them.result != _applied(run, log).result:
            n = with_them.carried[-1].pictures + with_them.carried[-1].changes
            about = other.request.params["criterion"]["name"]
            words = f"Carry over {n} correction{'s' * (n != 1)} of “{plain(about)}”, run {other.id[:6]}"
            if st.button(words, key="take_over", icon=":material/history_edu:", type="tertiary"):
                carry(other, run)
                st.rerun()
        return


def came_over(run: Run, edited: edits.Edited) -> None:
    """What was carried over from where, what could not be, and a way to take it back."""
    for one in edited.carried:
        n = one.pictures + one.changes
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f":material/history_edu: {n} correction{'s' * (n != 1)} carried over from run {one.run}"
                + (f" · {one.lost} could not be" if one.lost else ""),
                width="content",
            )
            if st.button("Take them back", key=f"carry_back_{one.run}", type="tertiary"):
                log = run.edits()
                run.keep_edits([e for e in log if (e.get("kind"), e.get("run")) != ("carry", one.run)])
                st.rerun()
        if one.lost:
            with st.expander("What could not be carried over"):
                for why in one.reasons:
                    st.caption(plain(why))


def _changed(run: Run) -> edits.Edited | None:
    log = run.edits()
    if not log or not run.result_path().exists():
        return None
    return _applied(run, log)


def _applied(run: Run, log: list[dict]) -> edits.Edited:
    return cluster_changes.applied(run.id, run.status.revision, str(run.path), json.dumps(log))


def _count(run: Run) -> int:
    """Pictures that a person spoke of, and changes of clusters."""
    edited = _changed(run)
    return 0 if edited is None else sum(r.how == "person" for r in edited.result.rows) + len(edited.changes)


def _entry(source: Run, target: Run) -> dict:
    edited = _changed(source)
    if edited is None:
        return {}
    galleries = (workspace.gallery(source.request.gallery), workspace.gallery(target.request.gallery))
    names = (edited.keep, edited.avoid)
    return carrying.entry(source.id, edited.result, edited.changes, names, galleries)


def _same(edit: dict, entry: dict) -> bool:
    return {k: v for k, v in edit.items() if k not in ("n", "at")} == json.loads(json.dumps(entry))
