"""What pictures can be sorted, grouped, filtered and coloured by: file, metadata, measures, earlier runs' clusters."""

from __future__ import annotations

import json

import numpy as np
import streamlit as st

from engine.gallery import Gallery
from engine.gallery import columns as own
from engine.store.runs import Run
from pages.parts import cluster_changes, run_panel, workspace

MEASURED = ("lightness", "contrast", "colourfulness", "sharpness", "entropy", "colour")


def names(gallery: Gallery) -> list[str]:
    """All columns of a gallery, in the order in which they are offered."""
    mine = _names(gallery.fingerprint)
    return [*mine, *(name for name in MEASURED if name not in mine), *_clusters(gallery)]


def column(gallery: Gallery, name: str) -> np.ndarray:
    """The values of one of `names`, one a picture; see engine.gallery.columns."""
    if run := _clusters(gallery).get(name):
        return _of_run(gallery.fingerprint, run.id, run.status.revision, str(run.path), json.dumps(run.edits()))
    if name in MEASURED and name not in _names(gallery.fingerprint):
        return getattr(workspace.looks(gallery), name)
    return _own(gallery.fingerprint, name)


def stamp(gallery: Gallery, name: str) -> str:
    """What changes when the values of a column do."""
    if run := _clusters(gallery).get(name):
        return f"{run.id} {run.status.revision} {json.dumps(run.edits())}"
    return str(int(workspace.looks(gallery).known.sum())) if name in MEASURED else ""


def _clusters(gallery: Gallery) -> dict[str, Run]:
    """Finished clusters runs by the name of their column; the newest of those asked alike."""
    found: dict[str, Run] = {}
    for entry in workspace.entries_of(gallery):
        about = ", ".join([entry.title, *run_panel.choices(entry.asked.params)])
        found.setdefault(f"clusters by {about}", entry.run)
    return found


@st.cache_resource(max_entries=8, show_spinner=False)
def _names(fingerprint: str) -> list[str]:
    return own.names(workspace.gallery(fingerprint))


@st.cache_resource(max_entries=64, show_spinner=False)
def _own(fingerprint: str, name: str) -> np.ndarray:
    return own.column(workspace.gallery(fingerprint), name)


@st.cache_resource(max_entries=32, show_spinner=False)
def _of_run(fingerprint: str, id: str, revision: int, path: str, log: str) -> np.ndarray:
    """Where a run, with a person's changes, put each picture; empty for what it was not asked about."""
    rows = cluster_changes.rows(id, revision, path, log)
    here = [rows.get(p.name) for p in workspace.gallery(fingerprint).pictures]
    return own.texts([row.cluster or row.how if row else "" for row in here])
