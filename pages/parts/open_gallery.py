"""Ways to open pictures: a folder on this machine, an archive, a folder dropped into the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from engine.errors import GalleryError
from engine.gallery import uploads
from engine.jobs import live
from pages.parts import preparing, workspace
from pages.parts.workspace import plain

_SUFFIXES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "csv", "jsonl"]


def forms() -> None:
    """The three ways to open pictures, and under them why the last try failed."""
    way = st.radio("How", list(_WAYS), key="open_way", horizontal=True, label_visibility="collapsed")
    _WAYS[way]()
    if failed := st.session_state.pop("open_failed", ""):
        st.error(plain(failed), icon=":material/error:")


def begin(folder: Path, labels: str) -> None:
    """Open a folder of ours on the Look page; `labels` says where its labels come from."""
    st.session_state["opening"] = {"path": str(folder), "labels": labels}
    st.switch_page("gallery.py")


def _folder_form() -> None:
    with st.form("folder", border=False):
        path = st.text_input("Folder", placeholder="/home/me/photos", key="folder_path")
        with st.expander("Labels and metadata"):
            by = st.text_input(
                "Labels",
                "folder",
                key="folder_labels",
                help="`folder`: the first folder level. `last`: the last one. `none`. A column of metadata.csv. "
                "Or a pattern of the file name, such as `{number}_{label}`.",
            )
        if st.form_submit_button("Open folder", type="primary"):
            _start(path, by)


def _archive_form() -> None:
    file = st.file_uploader("A zip or tar of pictures", type=["zip", "tar", "gz", "tgz", "bz2", "xz"], key="archive")
    if file is not None and st.button("Open the archive", type="primary"):
        _import(lambda: uploads.import_archive(file, file.name, workspace.settings()))


def _dropped_form() -> None:
    st.caption("Up to about 500 files; for more, zip the folder.")
    files = st.file_uploader("A folder of pictures", accept_multiple_files="directory", type=_SUFFIXES, key="dropped")
    if files and st.button(f"Open {len(files)} files", type="primary"):
        named = [(f.name, f) for f in files]
        top = named[0][0].split("/")[0] if "/" in named[0][0] else "dropped folder"
        _import(lambda: uploads.import_files(named, top, workspace.settings()))


_WAYS = {"A folder on this machine": _folder_form, "A zip or tar": _archive_form, "Drop a folder": _dropped_form}


def _start(path: str, labels: str) -> None:
    """Check that the folder may be opened, then let the live process scan it."""
    if not path.strip():
        st.warning("Type the path of a folder.")
        return
    try:
        real = uploads.allowed(path.strip(), workspace.settings(), st.get_option("server.address") or "")
    except GalleryError as problem:
        st.session_state["open_failed"] = f"{problem.message} {problem.hint}"
        st.rerun()
    st.session_state["opening"] = {"path": str(real), "labels": labels.strip() or "folder"}


def _import(unpack: Any) -> None:  # noqa: ANN401
    try:
        with st.spinner("Unpacking"):
            where: Path = unpack()
    except GalleryError as problem:
        st.session_state["open_failed"] = f"{problem.message} {problem.hint}"
        st.rerun()
    st.session_state["opening"] = {"path": str(where), "labels": "folder"}


@st.fragment(run_every=0.7)
def opening() -> None:
    """The scan that is going on, until it is done."""
    words = st.session_state.get("opening")
    if not words:
        return
    said = live.ask(workspace.settings().home, "open", wait=0.5, **words)
    if said["state"] in ("working", "away"):
        total = said.get("total", 0)
        part = said["done"] / total if total else 0.0
        text = f"{said['done']:,} of {total:,} files read" if total else "Reading the folder"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(part, text=text)
            if st.button("Stop", key="stop_opening"):
                del st.session_state["opening"]
                st.rerun()
        return
    del st.session_state["opening"]
    if said["state"] == "failed":
        st.session_state["open_failed"] = f"{said['error']} {said['hint']}"
    else:
        st.session_state["open_next"] = said["fingerprint"]
        preparing.begin(said["fingerprint"], "looks")
        st.session_state["open_done"] = True
    st.rerun()
