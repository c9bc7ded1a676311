"""Export: a run as a report, as tables, or its pictures for other programs. Nothing is made before it is asked for."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from engine.analyses import analysis
from engine.errors import VitrineError
from engine.jobs.sharing import result_shown, small, source_of
from engine.report.datasets import columns, has_pictures
from engine.report.document import report
from engine.store.export import csv_text, json_text, parquet
from engine.store.runs import Run
from pages.parts import workspace, zips
from pages.parts.share import link, shown_edits, source_shown
from pages.parts.workspace import plain

_WAYS = {
    "report": ("Report", "One HTML file: every finding, pictures, price, doubt, method. It needs no network."),
    "csv": ("CSV", "Its tables, as spreadsheets read them."),
    "parquet": ("Parquet", "Its tables, as pandas, Polars and DuckDB read them."),
    "json": ("JSON", "All of the result."),
    "folders": ("Folders", "The pictures themselves, a folder a class, what fits none in one of its own."),
    "fiftyone": ("FiftyOne", "The pictures with labels.json: a FiftyOneImageClassificationDataset."),
    "huggingface": ("Hugging Face", "The pictures with metadata.jsonl: load_dataset('imagefolder', data_dir=...)."),
}
_OF_PICTURES = ("folders", "fiftyone", "huggingface")
_MIME = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_WIDE = 440  # pixels


def export(run: Run) -> None:
    """A popover that offers a finished run to other people and programs, with the changes that are shown."""
    with st.container(width="content"):
        _export(run)


@st.fragment
def _export(run: Run) -> None:
    with st.popover("Export", icon=":material/download:", key="export", on_change="rerun", wrap=False) as place:
        if not place.open:
            return
        with st.container(width=_WIDE):
            names = [way for way in _WAYS if way not in _OF_PICTURES or has_pictures(run.request.analysis)]
            way = st.pills("As", names, default="report", key="export_as", label_visibility="collapsed", required=True,
                           format_func=lambda name: _WAYS[name][0])  # fmt: skip
            st.caption(_WAYS[way][1])
            try:
                _way(run, way)
            except VitrineError as problem:
                st.error(f"{plain(problem.message)} {plain(problem.hint)}")
            if n := shown_edits(run):
                st.caption(f"With {n} change{'s' * (n != 1)} by hand, as they are shown.")
            link()


def report_of(runs: Sequence[Run]) -> None:
    """A button that fetches one report of several finished runs."""
    made = lambda: _report([source_of(run, workspace.settings()) for run in runs], True, True)  # noqa: E731
    st.download_button(
        "Report", made, f"report-of-{len(runs)}-runs.html", "text/html", on_click="ignore", key="report_of",
        icon=":material/description:", help="One HTML file of those that were chosen", disabled=not runs,
    )  # fmt: skip


def _way(run: Run, way: str) -> None:
    if way == "report":
        with st.container(horizontal=True):
            pictures = st.toggle("Pictures", True, key="export_pictures")
            names = st.toggle("Names", True, key="export_names", help="What files, gallery and sets are called")
        made = lambda: _report([source_shown(run)], pictures, names)  # noqa: E731
        _download("Download HTML", made, f"report-{run.id[:8]}.html", "text/html")
    elif way in _OF_PICTURES:
        source = source_shown(run)
        able = columns(source)
        by = str(st.selectbox("Class", able, key="export_by"))
        zips.link(
            source.gallery, zips.of_run(run.id, way, shown_edits(run), able.index(by)), "Download ZIP", primary=True
        )
    elif way == "json":
        made = lambda: json_text(_shown(run), run.id).encode()  # noqa: E731
        _download("Download JSON", made, f"{run.request.analysis}-{run.id[:8]}.json", "application/json")
    else:
        _tables(run, way)


def _tables(run: Run, way: str) -> None:
    """One table as a file, several as a ZIP."""
    with st.spinner("Reading its tables"):
        tables = _tables_of(run.id, run.status.revision, str(run.path), json.dumps(run.edits()[: shown_edits(run)]))
    name = f"{run.request.analysis}-{run.id[:8]}"
    if len(tables) > 1:
        st.caption(", ".join(f"{plain(table)} {len(rows):,}" for table, rows in tables.items()) + " rows")
        _download("Download ZIP", partial(_zipped, tables, way), f"{name}-{way}.zip", "application/zip")
    else:
        (rows,) = tables.values()
        _download(f"Download {_WAYS[way][0]}", partial(_table, rows, way), f"{name}.{way}", _MIME[way])


def _download(label: str, made: Callable[[], bytes], name: str, mime: str) -> None:
    st.download_button(
        label, made, name, mime, on_click="ignore", icon=":material/download:", type="primary", key="export_now"
    )


def _report(sources: Sequence[Any], pictures: bool, names: bool) -> bytes:
    return report(sources, small(workspace.settings()), pictures, names).encode()


def _zipped(tables: dict[str, list[dict[str, Any]]], way: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            archive.writestr(f"{name}.{way}", _table(rows, way))
    return out.getvalue()


def _table(rows: list[dict[str, Any]], way: str) -> bytes:
    return parquet(rows) if way == "parquet" else csv_text(rows).encode("utf-8", "replace")


def _shown(run: Run) -> Any:  # noqa: ANN401  the analysis' Result
    return result_shown(run, workspace.settings(), shown_edits(run))[0]


@st.cache_resource(max_entries=4, show_spinner=False)
def _tables_of(run_id: str, revision: int, path: str, log: str) -> dict[str, list[dict[str, Any]]]:
    del run_id, revision
    run = Run(Path(path))
    result, _ = result_shown(run, workspace.settings(), len(json.loads(log)))
    return analysis(run.request.analysis).tables(result)
