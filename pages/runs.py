"""Runs: everything that was asked in this workspace."""

from __future__ import annotations

import time

import streamlit as st

from engine.errors import RunError
from engine.store.runs import ACTIVE, Run, Status
from pages.parts import run_panel, workspace
from pages.parts.grid import paged
from pages.parts.workspace import plain

_BADGE = {"done": "green", "running": "blue", "queued": "gray", "stopped": "orange", "failed": "red"}


def _row(run: Run, status: Status, titles: dict[str, str]) -> None:
    request = run.request
    asked = request.params.get("criterion", {}).get("name", request.analysis)
    k = request.params.get("k", "")
    title = titles.get(request.gallery, "a gallery that is gone")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":{_BADGE[status.state]}-badge[{status.state}] **{plain(asked)}** "
                f":gray[{request.analysis}, K {plain(str(k))} · {plain(title)} ({plain(request.selection)}) · "
                f"{_when(status.queued)}]",
                width="stretch",
            )
            _buttons(run, status)
        if status.error:
            st.caption(f"{plain(status.error)} {plain(status.hint)}")
        models = ", ".join(f"{role}: {plain(spec.name)}" for role, spec in request.models.items())
        st.caption(f"{run.id} · {models} · {run_panel.cost_line(status)}")


def _buttons(run: Run, status: Status) -> None:
    if st.button("Open", key=f"open_{run.id}", type="primary"):
        st.switch_page("clusters.py", query_params={"run": run.id})
    if status.state in ACTIVE and st.button("Stop", key=f"stop_{run.id}"):
        run.stop()
        st.rerun()
    if status.state in ("failed", "stopped") and st.button("Go on", key=f"go_{run.id}"):
        workspace.runs().submit(run.request, status.budget)
        st.rerun()
    if status.state == "done" and st.button("Ask again", key=f"again_{run.id}", help="Ask for what stayed unanswered"):
        workspace.runs().submit(run.request, status.budget, again=True)
        st.switch_page("clusters.py", query_params={"run": run.id})
    if status.state not in ACTIVE:
        with st.popover("Delete"):
            st.caption("The run and your changes to it go; answers stay, so asking again is free.")
            if st.button("Delete this run", key=f"delete_{run.id}"):
                _delete(run)


def _delete(run: Run) -> None:
    try:
        workspace.runs().delete(run.id)
    except RunError as problem:
        st.error(str(problem))
        return
    st.rerun()


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


st.title("Runs")
st.markdown("What was asked before, and what came of it?")
found = workspace.runs().all()
if not found:
    st.info("Nothing was asked yet. Ask on the Clusters page.", icon=":material/history:")
    st.page_link("clusters.py", label="Ask for clusters", icon=":material/arrow_forward:")
titles = {card.fingerprint: card.title for card in workspace.galleries()}
for run, status in paged(found, "runs", 25, "runs"):
    _row(run, status, titles)
