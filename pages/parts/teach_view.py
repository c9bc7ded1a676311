"""A model that learns, or has learned: the held-out gap, and where to go with it."""

from __future__ import annotations

import streamlit as st

from engine.charts.finetuning import looks
from engine.finetuning import shelf
from engine.gallery import Gallery
from engine.report import finetuning as findings
from engine.store.runs import Run, Status
from pages.parts import denoiser_picker, run_panel, workspace
from pages.parts.export import export
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_GAP = (
    "Mean of loss(without the label) less loss(with it), over pictures that are never trained on: above 0 the label "
    "helps to tell their noise."
)


def draw(run: Run, status: Status, gallery: Gallery) -> None:
    """Everything below the form."""
    del gallery
    result = run_panel.result(run)
    if result is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        learned = "Learned" if result.kept else "Nothing learned"
        before = f"{result.before:+.6f} before, kept: step {result.kept:,} of {result.steps:,}"
        st.markdown(f"### {learned}. Held-out gap {result.gap:+.6f} :gray[{before}]", help=_GAP, width="stretch")
        with st.container(horizontal=True, width="content"):
            share_picture(run, findings.learned, "learned")
            export(run)
    for note in status.notes:
        st.caption(f":material/info: {plain(note)}")
    _model(run, learned=bool(result.kept))
    st.plotly_chart(looks(result.history, result.steps, result.kept), key="looks", config={"displayModeBar": False})
    some = ", ".join(f"{label} ({n:,})" for label, n in sorted(result.labels.items())[:20])
    rest = f" and {len(result.labels) - 20:,} more" if len(result.labels) > 20 else ""
    st.caption(
        f"{sum(result.labels.values()):,} pictures, {result.held_out:,} of them held out, of {len(result.labels):,} "
        f"labels: {plain(some)}{rest}"
    )
    began = plain(denoiser_picker.named(run.request.models["denoiser"]))
    st.caption(f"began with {began} · run {run.id} · {run_panel.cost_line(status)}")


def partial(told: dict) -> None:
    """The looks so far of a run that goes on, or was stopped."""
    history = told.get("history", [])
    if not history:
        return
    now, best = history[-1][1], max(gap for _, gap in history)
    st.markdown(f"**Held-out gap {now:+.6f}** :gray[{history[0][1]:+.6f} before, best so far {best:+.6f}]", help=_GAP)
    st.plotly_chart(looks(history, told["steps"]), key="looks_so_far", config={"displayModeBar": False})


def _model(run: Run, learned: bool) -> None:
    """What came out, or that it is gone."""
    model = next((one for one in shelf.models(workspace.settings().home) if one.id == run.id), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        if model is None:
            st.markdown(":orange-badge[:material/delete: its model was deleted]", width="content")
            if st.button("Teach it again", type="primary", key="teach_again"):
                workspace.runs().submit(run.request, again=True)
                run_panel.open_run(run.id)
            return
        kind = "primary" if learned else "secondary"
        if st.button("Use this model", type=kind, key="use_model", icon=":material/arrow_forward:"):
            st.query_params.from_dict({"do": "typicality", "model": run.id})
            st.rerun()
        st.page_link("models.py", label="All models", icon=":material/memory:", width="content")
