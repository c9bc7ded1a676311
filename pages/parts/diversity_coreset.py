"""A core-set: its curve beside chance, and its pictures in the order chosen."""

from __future__ import annotations

import streamlit as st

from engine.analyses.diversity import Result, tables
from engine.charts import diversity as charts
from engine.gallery import Gallery
from engine.report import diversity as findings
from engine.store.export import csv_text
from engine.store.runs import Run
from pages.parts import workspace, zips
from pages.parts.diversity_figures import PLAIN
from pages.parts.grid import gallery_grid
from pages.parts.set_maker import save_as_set
from pages.parts.share import share_picture

_CURVES = {"coverage": "nearest, on average", "farthest": "farthest", "effective_rank": "effective rank"}


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """The whole view."""
    told = result.coreset
    if told is None:
        st.info("None was asked for: give a number of pictures above, and run.", icon=":material/filter_center_focus:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        end, drawn = told.curve[-1], told.random[-1]
        st.markdown(
            f"### {len(told.files):,} that stand for {result.whole.n:,} :gray[by {told.method}: mean cosine with the "
            f"nearest {end.coverage:.3f}, at random {drawn.coverage:.3f}]",
            width="stretch",
        )
        what = st.segmented_control(
            "Curve", list(_CURVES), default="coverage", key="curve", format_func=_CURVES.__getitem__,
            label_visibility="collapsed",
        )  # fmt: skip
    st.plotly_chart(charts.coreset(told, what or "coverage"), key="coreset_curve", config=PLAIN)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n = st.number_input("The first", 1, len(told.files), len(told.files), key=f"first_{run.id}", width=140)
        files = told.files[: int(n)]
        share_picture(run, findings.coreset, "coreset")
        st.caption("Greedy: the beginning of a core-set is one itself.", width="stretch")
        origin = f"core-set of {len(files):,} by {told.method}, diversity run {run.id}"
        save_as_set(gallery, files, origin, "coreset_set", f"core-set {len(files)}")
        csv = lambda: csv_text(tables(result)["coreset"]).encode("utf-8", "replace")  # noqa: E731
        st.download_button(
            "CSV", csv, f"coreset-{run.id}.csv", "text/csv", key="csv_coreset", on_click="ignore",
            icon=":material/download:",
        )  # fmt: skip
        zips.link(gallery, zips.of_coreset(run.id, len(files)))
    places = workspace.places(gallery, files)
    grid = gallery_grid(gallery, places, "coreset_grid", size=96, chosen=st.query_params.get("picture", ""))
    if grid.count:
        save_as_set(gallery, grid.selected, f"{grid.count:,} chosen by hand from: {origin}", "coreset_some")
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
