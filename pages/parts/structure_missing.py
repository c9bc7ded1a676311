"""What is missing: deficits of cells, weights against them, prompts for them."""

from __future__ import annotations

import json
import shlex

import pandas as pd
import streamlit as st

from engine.analyses.crossing import table
from engine.analyses.structure import Result
from engine.analyses.structure.deficits import CAP, TARGETS, deficits, weight_rows
from engine.analyses.structure.prompting import prompts
from engine.gallery import Gallery
from engine.report import structure as findings
from engine.store.export import csv_text
from engine.store.runs import Run
from pages.parts.share import share_picture
from pages.parts.structure_tables import names_of, telling, two_of, values_by
from pages.parts.workspace import plain

_PROMPTS = 8  # of a cell
_TARGETS = (
    "uniform: as many as the fullest cell has; independent: as if rows and columns had nothing to do with each "
    "other; own: so many of each"
)


def missing(run: Run, result: Result, gallery: Gallery) -> None:
    """Cells of two dimensions, or of label and dimension: what each lacks, and weights."""
    names = telling(run, names_of(result))
    if len(names) < 2:
        st.info("There is one dimension and no label: no cells.", icon=":material/balance:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one, other = two_of(names, "deficit")
        said = st.segmented_control(
            "Target", TARGETS, default=TARGETS[0], key="deficit_target", bind="query-params", help=_TARGETS
        )
        target = TARGETS[TARGETS.index(said)] if said in TARGETS else TARGETS[0]
        most = max([a.count for d in result.dimensions for a in d.attributes], default=1)
        own = (
            st.number_input("Pictures of each", 0, value=most, key="deficit_own", bind="query-params")
            if target == "own"
            else 0
        )
    key = f"deficits_{run.id}_{one}_{other}"
    told = deficits(table(values_by(result, one), values_by(result, other)), target, _impossible(key), own)
    rows = [
        {one: c.row, other: c.column, "pictures": c.count, "missing": c.deficit, "impossible": c.impossible,
         "residual": round(c.residual, 1), "weight": round(c.weight, 3), "weight, root": round(c.root, 3)}
        for c in told.cells
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    shown = st.data_editor(frame, hide_index=True, key=f"{key}_{target}_{len(_impossible(key))}", disabled=[
        name for name in frame.columns if name != "impossible"
    ])  # fmt: skip
    now = {(c.row, c.column) for c, no in zip(told.cells, shown["impossible"], strict=True) if no}
    if now != _impossible(key):
        st.session_state[f"impossible_{key}"] = now
        st.rerun()
    st.caption(
        f"Weights make all cells weigh alike; they leave {told.effective:,.0f} pictures' worth (Kish), softened by the "
        f"root {told.effective_root:,.0f}, capped {told.effective_capped:,.0f}."
    )
    heavy = max(told.cells, key=lambda c: c.weight)
    if heavy.weight > CAP:
        n = f"{heavy.count} picture{'s' * (heavy.count != 1)}"
        st.warning(plain(
            f"{heavy.row}, {heavy.column} has {n}, so each would weigh {heavy.weight:.0f} times: take weight_capped, "
            "or look whether it is a mistake."
        ))  # fmt: skip
    weights = weight_rows(
        [row.file for row in result.rows],
        [v[0] if v else "" for v in values_by(result, one)],
        values_by(result, other),
        told,
    )
    csv = lambda: csv_text(weights).encode("utf-8", "replace")  # noqa: E731
    others = {
        d.name: [a.name for a in d.attributes if a.count][:12] for d in result.dimensions if d.name not in (one, other)
    }
    rows_of = lambda: prompts(told.cells, (one, other), others, _PROMPTS)  # noqa: E731
    jsonl = lambda: "".join(json.dumps(row) + "\n" for row in rows_of()).encode()  # noqa: E731
    with st.container(horizontal=True, vertical_alignment="center"):
        share_picture(run, lambda source: findings.missing(source, one, other, told, target), f"missing {one} {other}")
        st.download_button(
            "Weights", csv, f"weights-{run.id}.csv", "text/csv", on_click="ignore", icon=":material/download:",
            disabled=not weights,
        )  # fmt: skip
        st.download_button(
            "Prompts", jsonl, f"prompts-{run.id}.jsonl", "application/jsonl", on_click="ignore",
            icon=":material/download:", disabled=not any(c.deficit for c in told.cells),
        )  # fmt: skip
        st.caption(f"Prompts: up to {_PROMPTS} sentences for each cell that lacks pictures, impossible ones listed.")
    _drawing(gallery)


def _drawing(gallery: Gallery) -> None:
    with st.expander("Draw them with a model of your own"):
        st.markdown(
            "The bundled model compares pictures; what it draws lands in its cell less than every other time, so it is "
            "not offered. With a text-to-image model in Stable Diffusion's format (a folder or a hub name):"
        )
        folder = shlex.quote(gallery.root)
        st.code(
            f"python -m engine structure {folder} --prompts {_PROMPTS} --draw MODEL --out DIR",
            "bash",
        )
        st.caption(
            "Drawings go to DIR/synthetic, are described and assigned as all pictures are, and count where they land "
            "in their cell. Their name, their table and the file itself say that they are synthetic."
        )


def _impossible(key: str) -> set[tuple[str, str]]:
    return st.session_state.get(f"impossible_{key}", set())
