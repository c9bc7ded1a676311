"""What goes together, and where a model fails: tables of a structure."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.analyses.crossing import (
    Correlation,
    Table,
    balance,
    correlations,
    cramers_v,
    mutual_information,
    redundancy,
    subpopulations,
    table,
)
from engine.analyses.structure import Result
from engine.analyses.structure.slices import SUPPORT, predictions, slices
from engine.analyses.structure.telling import values_of
from engine.analyses.structure.verdicts import Verdict, verdicts
from engine.charts import structure as charts
from engine.errors import GalleryError
from engine.gallery import Gallery
from engine.gallery import columns as own
from engine.report import structure as findings
from engine.store.annotations import LONGEST, Predictions
from engine.store.runs import Run
from pages.parts import structure_cell, structure_changes
from pages.parts.kept_table import kept_table
from pages.parts.share import share_picture
from pages.parts.structure_cell import LABEL
from pages.parts.workspace import legible, plain

_SAME = 0.95  # Cramér's V of a dimension that is the label itself
_CELLS = 2000  # subpopulations that are shown


def cross(run: Run, result: Result, gallery: Gallery) -> None:
    """Any two of the label and the dimensions, with residuals; correlations with the label, balance."""
    names = telling(run, names_of(result))
    if len(names) < 2:
        st.info("There is one dimension and no label: nothing to cross.", icon=":material/grid_on:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one, other = two_of(names, "cross")
        share_picture(run, lambda source: findings.cross(source, one, other), f"cross {one} {other}")
    told = table(values_by(result, one), values_by(result, other))
    if not told.counts.size:
        st.info("No picture says something of both.", icon=":material/block:")
        return
    same = redundancy(values_by(result, one), values_by(result, other))
    st.caption(
        f"Cramér's V {cramers_v(told.counts):.3f} · mutual information {mutual_information(told.counts):.3f} bits "
        f"({same:.0%} of what the simpler one says) · colours: adjusted residuals, beyond ±2 is more than chance · "
        "∅: empty"
    )
    _table(told, (one, other))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = st.selectbox("Pictures that are", ["", *told.rows], key="cross_row", width=200)
        column = st.selectbox("and", ["", *told.columns], key="cross_column", width=200)
    if row and column:
        structure_cell.pictures(run, result, gallery, ((one, str(row)), (other, str(column))))
    _subpopulations(result, names)
    if LABEL in names:
        _with_label(run)
    st.markdown("### How even")
    rows = [{"dimension": d.name, **_balance(d.name, [a.count for a in d.attributes])} for d in result.dimensions]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _table(told: Table, names: tuple[str, str]) -> None:
    """The cross table; a click on a cell opens its pictures."""
    clicks = st.session_state.setdefault("cross_clicks", 0)
    key = f"cross_{clicks}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        if points:
            i, j = (int(n) for n in points[0]["customdata"][:2])
            st.session_state["cross_row"], st.session_state["cross_column"] = told.rows[i], told.columns[j]
            st.session_state["cross_clicks"] = clicks + 1

    figure = charts.cross(told, names)
    st.plotly_chart(figure, key=key, config=structure_cell.PLAIN, on_select=clicked, selection_mode="points")


def _subpopulations(result: Result, names: Sequence[str]) -> None:
    """Cells of up to three dimensions with what chance would give; empty ones, too."""
    with st.expander("Subpopulations of two or three"):
        some = st.multiselect("Of", names, names[:3], max_selections=3, key="cells_of")
        if not some:
            return
        told = subpopulations({name: values_by(result, name) for name in some}, empty=True)
        rows = [dict(one.cell) | {"pictures": one.count, "by chance": round(one.expected, 1)} for one in told]
        st.dataframe(pd.DataFrame(rows[:_CELLS]), hide_index=True)
        empty = sum(not one.count for one in told)
        st.caption(f"{len(told):,} cells, {empty:,} of them empty" + (f"; the first {_CELLS:,}" * (len(told) > _CELLS)))


def failing(run: Run, result: Result, gallery: Gallery) -> None:
    """Slices on which a model errs, from two columns of the gallery or a table that is uploaded; both stay here."""
    try:
        said = _predictions(gallery)
    except GalleryError as problem:
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    files = {row.file for row in result.rows}
    told = said if said and not files & said.wrong.keys() else kept_table(run, said, Predictions)
    if told is None:
        st.info("Choose the column that holds a model's predictions, or upload a table.", icon=":material/target:")
        return
    wrong = told.wrong
    known = [wrong[file] for file in files & wrong.keys()]
    if not known:
        st.warning("The table names none of these pictures.")
        return
    values = {one.name: values_of(result, one.name) for one in result.dimensions}
    found = slices([row.file for row in result.rows], values, wrong)
    sure = [one for one in found if one.q <= 0.05]
    st.markdown(
        f"### {len(sure)} slice{'s' * (len(sure) != 1)} confirmed :gray[of {len(found)} tested · "
        f"{sum(known) / len(known):.1%} of {len(known):,} are wrong; figures of the half that confirms]"
    )
    if sure:
        share_picture(run, lambda source: findings.failing(source, wrong), "slices")
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
            told = next(one for one in sure if one.cell == opened)
            share_picture(run, lambda source: findings.one_slice(source, told), f"slice {told.sentence}")
            structure_cell.pictures(run, result, gallery, opened)


def two_of(names: Sequence[str], key: str) -> tuple[str, str]:
    """Two selectors: what the rows are, and the columns; both stand in the address."""
    one = str(st.selectbox("Rows", names, key=f"{key}_one", bind="query-params", width=220))
    others = [name for name in names if name != one]
    return one, str(st.selectbox("Columns", others, key=f"{key}_other", bind="query-params", width=220))


def telling(run: Run, names: Sequence[str]) -> list[str]:
    """The same names, what only repeats the label last: it has nothing to say of it."""
    if LABEL not in names:
        return list(names)
    log = json.dumps(run.edits()[: structure_changes.shown(run)[1]])
    same = {c.dimension for c in _by_label(run.id, run.status.revision, str(run.path), log)[0] if c.v >= _SAME}
    return [*(n for n in names if n not in same), *(n for n in names if n in same)]


def _with_label(run: Run) -> None:
    st.markdown("### With the label")
    log = json.dumps(run.edits()[: structure_changes.shown(run)[1]])
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
    values = {one.name: values_of(result, one.name) for one in result.dimensions if not one.label}
    return correlations([row.label for row in result.rows], values), verdicts(result)


def _predictions(gallery: Gallery) -> Predictions | None:
    """Whether a model is wrong, picture by picture; None while nobody says so now.

    Raises:
        GalleryError: the table cannot be read.
    """
    names = [n for n in own.names(gallery) if n not in own.OWN or n == LABEL]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        truth = st.selectbox("True", names, key="slices_true", width=200)
        said = st.selectbox("Predicted", ["", *names], key="slices_pred", width=200)
        loaded = st.file_uploader(
            "or a CSV with file, y_true and y_pred", "csv", key="slices_csv", width=320, max_upload_size=50
        )
    if loaded is not None:
        text = loaded.getvalue().decode("utf-8-sig", "surrogateescape")
        return Predictions(legible(loaded.name)[:LONGEST], predictions(io.StringIO(text, newline=""), loaded.name))
    if not said or said == truth:
        return None
    both = own.column(gallery, str(truth)), own.column(gallery, str(said))
    wrong = {p.name: str(a) != str(b) for p, a, b in zip(gallery.pictures, *both, strict=True) if str(b)}
    return Predictions(legible(f"the columns {truth} and {said}")[:LONGEST], wrong)


def names_of(result: Result) -> list[str]:
    """What can be crossed: the label, where there are two, and the dimensions."""
    labels = {row.label for row in result.rows} - {""}
    return [*([LABEL] if len(labels) > 1 else []), *(one.name for one in result.dimensions)]


def values_by(result: Result, name: str) -> Sequence[tuple[str, ...]]:
    """What each picture has of one of them."""
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
