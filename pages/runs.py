"""Runs: everything that was asked in this workspace."""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

from engine.errors import RunError
from engine.store.runs import ACTIVE, Run, Status
from pages.parts import run_panel, workspace
from pages.parts.grid import paged
from pages.parts.sidebar import gallery_name
from pages.parts.workspace import plain

_BADGE = {"done": "green", "running": "blue", "queued": "gray", "stopped": "orange", "failed": "red"}
_WIDE = 110  # pixels: the button between Open and Delete, whatever it says


def _row(run: Run, status: Status, titles: Mapping[str, str]) -> None:
    request = run.request
    asked = request.params.get("criterion", {}).get("name", request.analysis)
    about = [
        f"{request.analysis} of {titles.get(request.gallery, 'a gallery that is gone')}",
        *([request.selection] if request.selection != "everything" else []),
        *run_panel.choices(request.params),
        *([f"seed {request.seed}"] if request.seed else []),
    ]
    models = [f"{role}: {spec.name}" for role, spec in request.models.items()]
    with st.container(border=True):
        st.markdown(
            f":{_BADGE[status.state]}-badge[{status.state}] **{plain(asked)}** "
            f":gray[{plain(' · '.join(about))} · {_when(status.queued)}]"
        )
        if status.error:
            st.caption(f"{plain(status.error)} {plain(status.hint)}")
        st.caption(f"{plain(' · '.join(models))} · {run_panel.cost_line(status)} · run {run.id}")
        with st.container(horizontal=True):
            _buttons(run, status)


def _buttons(run: Run, status: Status) -> None:
    if st.button("Open", key=f"open_{run.id}", type="primary"):
        _go(run)
    if status.state in ACTIVE and st.button("Stop", key=f"stop_{run.id}", width=_WIDE):
        run.stop()
        st.rerun()
    if status.state in ("failed", "stopped") and st.button("Go on", key=f"go_{run.id}", width=_WIDE):
        workspace.runs().submit(run.request, status.budget)
        st.rerun()
    if status.state == "done" and st.button(
        "Ask again", key=f"again_{run.id}", width=_WIDE, help="Ask for what stayed unanswered"
    ):
        workspace.runs().submit(run.request, status.budget, again=True)
        _go(run)
    if status.state not in ACTIVE:
        with st.popover("Delete"):
            st.caption("The run and your changes to it go; answers stay, so asking again is free.")
            if st.button("Delete this run", key=f"delete_{run.id}"):
                _delete(run)


def _go(run: Run) -> None:
    """The page of its analysis."""
    st.switch_page(f"{run.request.analysis}.py", query_params={"run": run.id})


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
found = workspace.asked()
if not found:
    st.info("Nothing was asked yet. Ask on the Clusters page.", icon=":material/history:")
    st.page_link("clusters.py", label="Ask for clusters", icon=":material/arrow_forward:")
cards = workspace.galleries()
titles = {card.fingerprint: f"{gallery_name(card, cards)} pictures" for card in cards}
for run, status in paged(found, "runs", 25, "runs"):
    _row(run, status, titles)
