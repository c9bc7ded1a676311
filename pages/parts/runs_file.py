"""A run as one file: saved from here, and taken in from another workspace."""

from __future__ import annotations

import hashlib
from typing import Literal, cast

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from engine.errors import VitrineError
from engine.jobs.parcelling import packed
from engine.store import parcels, unpacking
from engine.store.arriving import clashes
from engine.store.arriving import take_in as arrive
from engine.store.history import Entry
from engine.store.unpacking import Parcel
from pages.parts import run_panel, workspace
from pages.parts.workspace import plain, size

_PARTS = {"result": "the answer", "changes": "changes", "remarks": "tags and note"}


@st.dialog("Save as one file", icon=":material/archive:")
def save(entry: Entry) -> None:
    """The run with everything that belongs to it, but no pictures."""
    try:
        data = packed(entry.run, workspace.settings())
    except VitrineError as problem:
        st.error(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    st.markdown(f"**{plain(entry.title)}** · run {entry.id} · {size(len(data))}")
    st.caption(
        "What was asked (models' names and an endpoint's address are part of it), the answer, your changes, tags and "
        "note, names and hashes of the gallery's pictures. No picture, no folder of this machine, no key."
    )
    name = parcels.name_of(entry.run)
    st.download_button("Save", data, name, "application/zip", type="primary", on_click="ignore", key="save_file")


def take_in() -> None:
    """Where a file from another workspace goes."""
    done = st.session_state.get("runs_taken", 0)
    with st.expander("Take in a run that was saved as one file", icon=":material/unarchive:"):
        loaded = st.file_uploader(
            "A file that ends in .vitrine.zip", "zip", key=f"parcel_{done}", max_upload_size=1024,
        )  # fmt: skip
        if loaded is not None:
            _one(cast(UploadedFile, loaded))


def say_what_arrived() -> None:
    """What the file's run is now, and the way to it."""
    if arrived := st.session_state.pop("runs_arrived", None):
        words, analysis, id = arrived
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/check: {plain(words)}", width="stretch")
            st.page_link(f"{analysis}.py", label="Open it", icon=":material/arrow_forward:", query_params={"run": id})


def _one(loaded: UploadedFile) -> None:
    """What the file holds, and whose parts stay where the run is here and differs."""
    try:
        parcel = _unpacked(hashlib.sha256(loaded.getvalue()).hexdigest(), loaded)
        apart = clashes(parcel, workspace.settings().home)
    except VitrineError as problem:
        st.error(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    _about(parcel)
    keep: Literal["", "mine", "theirs"] = ""
    if apart:
        st.warning(
            f"This run is here already, and differs in {', '.join(_PARTS[part] for part in apart)}. What gives way is "
            "kept beside it.",
            icon=":material/call_split:",
        )
        words = {"mine": "Keep what is here", "theirs": "Take what the file holds"}
        keep = st.radio("Whose?", ["mine", "theirs"], key="parcel_keep", format_func=words.__getitem__, horizontal=True)
    st.button("Take it in", type="primary", key="parcel_take", on_click=_take, args=(parcel, keep, loaded.name))


def _take(parcel: Parcel, keep: Literal["", "mine", "theirs"], name: str) -> None:
    try:
        arrival = arrive(parcel, workspace.settings().home, keep, name)
    except VitrineError as problem:
        st.session_state["runs_stayed"] = [str(problem)]
        return
    st.session_state["runs_arrived"] = (arrival.words, parcel.request.analysis, arrival.run.id)
    st.session_state["runs_taken"] = st.session_state.get("runs_taken", 0) + 1  # another key: an empty form


def _about(parcel: Parcel) -> None:
    request, gallery = parcel.request, parcel.gallery
    title = str(request.params.get("criterion", {}).get("name", request.analysis))
    known = (workspace.settings().home / "galleries" / f"{gallery.fingerprint}.json").exists()
    where = "which are here" if known else "which are not here: it is shown without them until their folder is opened"
    said = [request.selection, *run_panel.choices(request.params)]
    st.markdown(f"**{plain(title)}** :gray[{plain(f'{request.analysis} of {gallery.title} · ' + ' · '.join(said))}]")
    changes = f"{len(parcel.edits):,} change{'s' * (len(parcel.edits) != 1)}"
    st.caption(f"{len(gallery):,} pictures, {where} · {changes} · {run_panel.cost_line(parcel.status)}")
    who = " · ".join(f"{role} {spec.label}" for role, spec in request.models.items())
    st.caption(f"Answered by {plain(who)}. Nobody here vouches for it: it is shown as the file tells it.")


@st.cache_resource(max_entries=2, show_spinner="Looking into it")
def _unpacked(digest: str, _loaded: UploadedFile) -> Parcel:
    del digest
    return unpacking.unpack(_loaded)
