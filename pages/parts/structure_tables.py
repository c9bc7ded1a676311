"""What goes together, where a model fails, and what is missing: tables of a structure."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.analyses.structure import Result
from engine.analyses.structure.crossing import (
    Correlation,
    balance,
    correlations,
    cramers_v,
    mutual_information,
    redundancy,
    table,
)
from engine.analyses.structure.deficits import TARGETS, Target, deficits, weight_rows
from engine.analyses.structure.prompting import prompts
from engine.analyses.structure.slices import SUPPORT, predictions, slices
from engine.analyses.structure.telling import values_of
from engine.analyses.structure.verdicts import Verdict, verdicts
from engine.charts import structure as charts
from engine.errors import GalleryError
from engine.gallery import Gallery
from engine.gallery import columns as own
from engine.store.export import csv_text
from engine.store.runs import Run
from pages.parts import structure_cell, structure_changes
from pages.parts.structure_cell import LABEL
from pages.parts.workspace import plain

_PROMPTS = 8  # of a cell
_TARGETS = (
    "uniform: as many as the fullest cell has; independent: as if rows and columns had nothing to do with each other"
)


def cross(run: Run, result: Result, gallery: Gallery) -> None:
    """Any two of the label and the dimensions, with residuals; correlations with the label, balance."""
    names = _names(result)
    if len(names) < 2:
        st.info("There is one dimension and no label: nothing to cross.", icon=":material/grid_on:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = str(st.selectbox("Rows", names, key="cross_one", width=220))
        other = str(st.selectbox("Columns", [n for n in names if n != one], key="cross_other", width=220))
    told = table(_values(result, one), _values(result, other))
    if not told.counts.size:
        st.info("No picture says something of both.", icon=":material/block:")
        return
    same = redundancy(_values(result, one), _values(result, other))
    st.caption(
        f"Cramér's V {cramers_v(told.counts):.3f} · mutual information {mutual_information(told.counts):.3f} bits "
        f"({same:.0%} of what the simpler one says) · colours: adjusted residuals, beyond ±2 is more than chance · "
        "∅: empty"
    )
    st.plotly_chart(charts.cross(told, (one, other)), key="cross", config=structure_cell.PLAIN)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = st.selectbox("Pictures that are", ["", *told.rows], key="cross_row", width=200)
        column = st.selectbox("and", ["", *told.columns], key="cross_column", width=200)
    if row and column:
        structure_cell.pictures(run, result, gallery, ((one, str(row)), (other, str(column))))
    if LABEL in names:
        _with_label(run)
    st.markdown("### How even")
    rows = [{"dimension": d.name, **_balance(d.name, [a.count for a in d.attributes])} for d in result.dimensions]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def failing(run: Run, result: Result, gallery: Gallery) -> None:
    """Slices on which a model errs, from two columns of the gallery or a table that is uploaded."""
    wrong = _wrong(gallery)
    if wrong is None:
        return
    values = {one.name: values_of(result, one.name) for one in result.dimensions}
    found = slices([row.file for row in result.rows], values, wrong)
    known = [wrong[row.file] for row in result.rows if row.file in wrong]
    if not known:
        st.warning("The table names none of these pictures.")
        return
    sure = [one for one in found if one.q <= 0.05]
    st.markdown(
        f"### {len(sure)} slice{'s' * (len(sure) != 1)} confirmed :gray[of {len(found)} tested · "
        f"{sum(known) / len(known):.1%} of {len(known):,} are wrong]"
    )
    above = st.container()
    for k, one in enumerate(sure[:12]):
        words, button = st.columns([7, 1], vertical_alignment="center")
        words.markdown(f"{plain(one.sentence)} :small[:gray[{one.errors} of {one.n}, corrected p {one.q:.2g}]]")
        if button.button("Pictures", key=f"slice_{k}", type="tertiary"):
            st.session_state["slice_open"] = one.cell
    if not sure:
        st.info(
            f"No attribute or pair with {SUPPORT} pictures or more fails reliably more often.", icon=":material/check:"
        )
    opened = st.session_state.get("slice_open")
    if opened in [one.cell for one in sure[:12]]:
        with above:
            structure_cell.pictures(run, result, gallery, opened)


def missing(run: Run, result: Result, gallery: Gallery) -> None:
    """Cells of two dimensions, or of label and dimension: what each lacks, and weights."""
    del gallery
    names = _names(result)
    if len(names) < 2:
        st.info("There is one dimension and no label: no cells.", icon=":material/balance:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = str(st.selectbox("Rows", names, key="deficit_one", width=220))
        other = str(st.selectbox("Columns", [n for n in names if n != one], key="deficit_other", width=220))
        said = st.segmented_control("Target", TARGETS, default=TARGETS[0], key="deficit_target", help=_TARGETS)
    target: Target = "independent" if said == "independent" else "uniform"
    told = deficits(table(_values(result, one), _values(result, other)), target)
    rows = [
        {one: c.row, other: c.column, "pictures": c.count, "missing": c.deficit, "residual": round(c.residual, 1),
         "weight": round(c.weight, 3), "weight, root": round(c.root, 3)}
        for c in told.cells
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption(
        f"Weights make all cells weigh alike; they leave {told.effective:,.0f} pictures' worth (Kish), softened by the "
        f"root {told.effective_root:,.0f}, capped {told.effective_capped:,.0f}."
    )
    weights = weight_rows(
        [row.file for row in result.rows],
        [v[0] if v else "" for v in _values(result, one)],
        _values(result, other),
        told,
    )
    csv = lambda: csv_text(weights).encode("utf-8", "replace")  # noqa: E731
    others = {
        d.name: [a.name for a in d.attributes if a.count][:12] for d in result.dimensions if d.name not in (one, other)
    }
    rows_of = lambda: prompts(told.cells, (one, other), others, _PROMPTS)  # noqa: E731
    jsonl = lambda: "".join(json.dumps(row) + "\n" for row in rows_of()).encode()  # noqa: E731
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Weights", csv, f"weights-{run.id}.csv", "text/csv", on_click="ignore", icon=":material/download:",
            disabled=not weights,
        )  # fmt: skip
        st.download_button(
            "Prompts", jsonl, f"prompts-{run.id}.jsonl", "application/jsonl", on_click="ignore",
            icon=":material/download:", disabled=not any(c.deficit for c in told.cells),
        )  # fmt: skip
        st.caption(f"Prompts: up to {_PROMPTS} sentences for each cell that lacks pictures.")


def _with_label(run: Run) -> None:
    st.markdown("### With the label")
    log = json.dumps(run.edits()) if st.query_params.get("rev") != "0" else "[]"
    rows, shifts = _by_label(run.id, run.status.revision, str(run.path), log)
    for one in shifts:
        st.markdown(f":orange-badge[{one.shift}] {plain(one.sentence)}")
    told = [
        {
            "dimension": c.dimension,
            "Cramér's V": round(c.v, 3),
            "bits": round(c.bits, 3),
            "corrected p": float(f"{c.q:.2g}"),
        }
        for c in rows
    ]
    st.dataframe(pd.DataFrame(told), hide_index=True)


@st.cache_resource(max_entries=16, show_spinner=False)
def _by_label(id: str, revision: int, path: str, log: str) -> tuple[list[Correlation], list[Verdict]]:
    result = structure_changes.applied(id, revision, path, log).result
    values = {one.name: values_of(result, one.name) for one in result.dimensions}
    return correlations([row.label for row in result.rows], values), verdicts(result)


def _wrong(gallery: Gallery) -> dict[str, bool] | None:
    """By file whether a prediction is wrong; None while nobody has said."""
    names = [n for n in own.names(gallery) if n not in own.OWN or n == LABEL]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        truth = st.selectbox("True", names, key="slices_true", width=200)
        said = st.selectbox("Predicted", ["", *names], key="slices_pred", width=200)
        loaded = st.file_uploader(
            "or a CSV with file, y_true and y_pred", "csv", key="slices_csv", width=320, max_upload_size=50
        )
    if loaded is not None:
        text = loaded.getvalue().decode("utf-8-sig", "surrogateescape")
        try:
            return predictions(io.StringIO(text, newline=""), loaded.name)
        except GalleryError as problem:
            st.warning(f"{plain(problem.message)} {plain(problem.hint)}")
            return None
    if not said or said == truth:
        st.info("Choose the column that holds a model's predictions, or upload a table.", icon=":material/target:")
        return None
    both = own.column(gallery, str(truth)), own.column(gallery, str(said))
    return {p.name: str(a) != str(b) for p, a, b in zip(gallery.pictures, *both, strict=True) if str(b)}


def _names(result: Result) -> list[str]:
    labels = {row.label for row in result.rows} - {""}
    return [*([LABEL] if len(labels) > 1 else []), *(one.name for one in result.dimensions)]


def _values(result: Result, name: str) -> Sequence[tuple[str, ...]]:
    if name == LABEL:
        return [(row.label,) if row.label else () for row in result.rows]
    return values_of(result, name)


def _balance(name: str, counts: Sequence[int]) -> dict[str, object]:
    told = _balanced(name, json.dumps(list(counts)))
    return {
        "evenness": f"{told.evenness:.2f} [{told.low:.2f}, {told.high:.2f}]",
        "effective number": round(told.effective, 1),
        "most : least": round(told.ratio, 1),
    }


@st.cache_resource(max_entries=64, show_spinner=False)
def _balanced(name: str, counts: str):  # noqa: ANN202
    del name
    return balance(json.loads(counts))
