"""Several criteria of one gallery side by side: an alluvial, tables of two, what one says that another does not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from engine.analyses import criteria
from engine.analyses.criteria import Alone, Pair, Reading
from engine.analyses.crossing import Table, table
from engine.charts import flow
from engine.charts import structure as charts
from engine.errors import RunError, VitrineError
from engine.gallery import Gallery
from engine.jobs.criteria import LABEL, dimensions, together
from engine.report import compared
from engine.store.runs import Run
from pages.parts import criteria_flow, found, run_panel, sidebar, workspace
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_MOST = 4  # criteria at once
_BARS, _CELLS = 14, 30  # names of a reading in the diagram and in a table; the rest are others
_RUNS = 40  # of which readings are offered
_PLAIN = {"displayModeBar": False}


def draw() -> None:
    """The whole view."""
    gallery = sidebar.gallery_in_use()
    if gallery is None:
        st.info("Choose a folder of pictures first.", icon=":material/photo_library:")
        return
    names = _choices(gallery)
    if len(names) < 2:
        st.info(
            f"It takes two readings of {plain(gallery.title)}: ask for clusters by two criteria, or a structure.",
            icon=":material/account_tree:",
        )
        st.page_link("clusters.py", label="Ask for clusters", icon=":material/arrow_forward:")
        return
    some = _chosen(names)
    if len(some) < 2:
        st.info("Choose two to four.", icon=":material/compare_arrows:")
        return
    asked = json.dumps({said: names[said] for said in some})
    try:
        told = _told(gallery.fingerprint, str(workspace.settings().home), _stamp(some), asked)
    except VitrineError as problem:
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}", icon=":material/compare_arrows:")
        return
    criteria_flow.draw(told.stages, told.tables, told.names, told.places, gallery)
    _two(told, gallery, workspace.runs().get(next(one for one in some if one != LABEL).partition(":")[0]))


def _choices(gallery: Gallery) -> dict[str, str]:
    """Readings of a gallery by what they are called: clusters, dimensions, the label; no two alike."""
    found: dict[str, str] = {}
    entries = workspace.history()
    for entry in workspace.done_of(entries, gallery, "clusters")[:_RUNS]:
        found[entry.id] = ", ".join([entry.title, *run_panel.choices(entry.asked.params)])
    for entry in workspace.done_of(entries, gallery, "structure")[:_RUNS]:
        log = json.dumps(entry.run.edits())
        for name in _dimensions(str(entry.run.path), entry.status.revision, log):
            found[f"{entry.id}:{name}"] = f"{name} (structure)"
    if len({p.label for p in gallery.pictures} - {""}) > 1:
        found[LABEL] = LABEL
    called = list(found.values())
    return {said: name if called.count(name) == 1 else f"{name} · {said[:6]}" for said, name in found.items()}


@st.cache_resource(max_entries=64, show_spinner=False)
def _dimensions(path: str, revision: int, log: str) -> list[str]:
    del revision, log
    try:
        return dimensions(Run(Path(path)))
    except RunError:
        return []


def _chosen(names: dict[str, str]) -> list[str]:
    """Which are held together; they stand in the address."""
    address = st.query_params.get_all("of")
    said = [one for one in address if one in names]
    if "criteria_of" not in st.session_state or st.session_state.get("criteria_said") != address:
        st.session_state["criteria_of"] = (said or list(names)[:2])[:_MOST]
    kept = [one for one in st.session_state["criteria_of"] if one in names]
    st.session_state["criteria_of"] = kept
    some = st.multiselect(
        "Criteria", list(names), key="criteria_of", format_func=names.__getitem__, max_selections=_MOST,
        help="Clusters by a criterion, dimensions of a structure, or the label, in the order chosen",
        on_change=criteria_flow.forget,
    )  # fmt: skip
    st.query_params["of"] = st.session_state["criteria_said"] = some
    return some


def _stamp(some: Sequence[str]) -> str:
    """What changes when a reading does."""
    runs = [workspace.runs().get(said.partition(":")[0]) for said in some if said != LABEL]
    return json.dumps([[run.id, run.status.revision, run.edits()] for run in runs])


@dataclass(frozen=True)
class _Told:
    """Readings, every two of them, and their diagram over the pictures that all looked at, with each one's names."""

    readings: tuple[Reading, ...]
    pairs: tuple[Pair, ...]
    places: tuple[int, ...]
    names: tuple[list[str], ...]
    stages: tuple[flow.Stage, ...]
    tables: tuple[np.ndarray, ...]


@st.cache_resource(max_entries=8, show_spinner="Holding them together")
def _told(fingerprint: str, home: str, stamp: str, asked: str) -> _Told:
    del stamp
    gallery = workspace.gallery(fingerprint)
    one = together(json.loads(asked), gallery, Path(home))
    readings = one.readings
    there = [i for i, some in enumerate(zip(*(one.values for one in readings), strict=True)) if None not in some]
    columns = [criteria.stage([one.values[i] or () for i in there], _BARS) for one in readings]
    counts = [Counter(names) for names, _ in columns]
    stages = [
        flow.Stage(one.name, tuple(order), tuple(float(count[name]) for name in order))
        for one, (_, order), count in zip(readings, columns, counts, strict=True)
    ]
    tables = [_counts(one, other) for one, other in pairwise(columns)] if there else []
    names = tuple(names for names, _ in columns)
    return _Told(readings, one.pairs, tuple(there), names, tuple(stages), tuple(tables))


def _counts(one: tuple[list[str], list[str]], other: tuple[list[str], list[str]]) -> np.ndarray:
    told = table([[name] for name in one[0]], [[name] for name in other[0]])
    rows = [told.rows.index(name) for name in one[1]]
    return told.counts[rows][:, [told.columns.index(name) for name in other[1]]]


def _two(all_told: _Told, gallery: Gallery, run: Run) -> None:
    """Figures of every two, and one two in detail."""
    told, k = all_told.pairs, 0
    if len(told) > 1:
        rows = [{"A": one.a, "B": one.b, "pictures": one.pictures, "Cramér's V": round(one.v, 3),
                 "corrected p": float(f"{one.q:.2g}"), "A not in B": _share(one.a_alone),
                 "B not in A": _share(one.b_alone)} for one in told]  # fmt: skip
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        names = [f"{one.a} × {one.b}" for one in told]
        k = names.index(
            st.selectbox("In detail", names, key="criteria_two", bind="query-params", width=420) or names[0]
        )
    one = told[k]
    if not one.counts.counts.size:
        st.info("No picture says something of both.", icon=":material/block:")
        return
    st.caption(
        f"{one.pictures:,} pictures say something of both · Cramér's V {one.v:.3f}, corrected p {one.q:.2g} "
        "(1,000 permutations, fewer of large tables) · colours: adjusted residuals, beyond ±2 is more than chance"
    )
    for place, a, b, alone in zip(
        st.columns(2, gap="medium"), (one.a, one.b), (one.b, one.a), (one.a_alone, one.b_alone), strict=True
    ):
        with place, st.container(border=True, height="stretch"):
            st.markdown(f"**{plain(criteria.summary(a, b, alone))}**")
            st.caption(f"{_share(alone)} of {alone.bits:.2f} bits; without the correction for chance {alone.raw:.0%}")
            for words in criteria.sentences(a, alone):
                st.markdown(f":small[{plain(words)}]")
    share_picture(run, lambda source: compared.criteria(source, one, all_told.stages, all_told.tables), "criteria")
    _table(_largest(one.counts), one, all_told.readings, gallery)


def _table(shown: Table, one: Pair, readings: Sequence[Reading], gallery: Gallery) -> None:
    """The cross table; a click on a cell opens its pictures."""
    clicks = st.session_state.setdefault("criteria_clicks", 0)
    key = f"criteria_table_{clicks}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        if points:
            i, j = (int(n) for n in points[0]["customdata"][:2])
            st.session_state["criteria_row"], st.session_state["criteria_column"] = shown.rows[i], shown.columns[j]
            criteria_flow.forget()
            st.session_state["criteria_clicks"] = clicks + 1

    st.plotly_chart(
        charts.cross(shown, (one.a, one.b)), key=key, config=_PLAIN, on_select=clicked, selection_mode="points"
    )
    for word, names in (("row", one.counts.rows), ("column", one.counts.columns)):
        if st.session_state.get(f"criteria_{word}", "") not in ("", *names):
            st.session_state[f"criteria_{word}"] = ""  # of another pair
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rows, columns = ["", *one.counts.rows], ["", *one.counts.columns]
        row, column = (
            st.selectbox(label, names, key=f"criteria_{word}", bind="query-params", width=220,
                         on_change=criteria_flow.forget)
            for label, word, names in (("Pictures that are", "row", rows), ("and", "column", columns))
        )  # fmt: skip
    if not (row or column):
        return
    a, b = (next(r for r in readings if r.name == name) for name in (one.a, one.b))
    said = {
        p.name: {one.a: ", ".join(x), one.b: ", ".join(y)}
        for p, x, y in zip(gallery.pictures, a.values, b.values, strict=True)
        if x and y and (not row or row in x) and (not column or column in y)
    }
    words = " and ".join(f"{name} = {value}" for name, value in ((one.a, row), (one.b, column)) if value)
    found.pictures(gallery, list(said), words, words, "criteria_cell", said)


def _largest(counts: Table) -> Table:
    """The largest rows and columns, as many as can be read."""
    rows, columns = (sorted((-counts.counts.sum(axis)).argsort(kind="stable")[:_CELLS].tolist()) for axis in (1, 0))
    return Table(
        tuple(counts.rows[i] for i in rows), tuple(counts.columns[j] for j in columns), counts.counts[rows][:, columns]
    )


def _share(alone: Alone) -> str:
    return f"{alone.share:.0%} [{alone.low:.0%}, {alone.high:.0%}]"
