"""Share: a finding as a picture. Nothing is made before its popover is opened."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from engine.errors import VitrineError
from engine.jobs.sharing import small, source_of
from engine.report.finding import Finding
from engine.report.sheet import sheet
from engine.report.source import Source
from engine.store.annotations import annotations_of
from engine.store.runs import Run
from pages.parts import workspace
from pages.parts.workspace import plain

_WIDE = 440  # pixels


def share_picture(run: Run, make: Callable[[Source], Finding], name: str) -> None:
    """A popover that shows a finding as the picture it would be, to be fetched; its link.

    Args:
        run: finished.
        make: from the run as it is shown to the finding, such as `lambda source: clusters.cluster(source, name)`.
        name: of this finding on its page and of the file, such as "overview".
    """
    with st.container(width="content"):
        _shared(run, make, name, f"share_{name}")


@st.fragment
def _shared(run: Run, make: Callable[[Source], Finding], name: str, key: str) -> None:
    with st.popover("Share", icon=":material/ios_share:", key=key, on_change="rerun", wrap=False) as place:
        if not place.open:
            return
        with st.container(width=_WIDE):
            _chosen(run, make, name, key)


def _chosen(run: Run, make: Callable[[Source], Finding], name: str, key: str) -> None:
    """The switches, and what comes of them."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_switches"):
        shown = "dark" if st.context.theme.type == "dark" else "light"
        theme = st.segmented_control(
            "Theme", ["light", "dark"], default=shown, key=f"{key}_theme", label_visibility="collapsed"
        )
        pictures = st.toggle("Pictures", True, key=f"{key}_pictures")
        names = st.toggle("Names", True, key=f"{key}_names", help="What gallery and set are called")
    try:
        with st.spinner("Drawing it"):
            source = source_shown(run)
            finding = make(source)
            png = sheet(finding, source.about(names), theme or shown, pictures, small(workspace.settings()))
    except VitrineError as problem:
        st.error(f"{plain(problem.message)} {plain(problem.hint)}")
        return
    st.image(png, width="stretch", alt=finding.told)
    st.download_button(
        "Download PNG", png, f"{slug(finding.kind, name, run.id[:8])}.png", "image/png", on_click="ignore",
        icon=":material/download:", type="primary", key=f"{key}_png",
    )  # fmt: skip
    link()


def link() -> None:
    """The address of what is shown, to be copied."""
    said = urlencode({name: st.query_params.get_all(name) for name in st.query_params}, doseq=True)
    st.code(f"{st.context.url or workspace.root_address()}?{said}", language=None, width="stretch")


def source_shown(run: Run) -> Source:
    """A finished run with those of a person's changes that the address shows; VitrineError where it is not there."""
    log = run.edits()[: shown_edits(run)]
    known = tuple((run.path / name).stat().st_mtime_ns for name in annotations_of(run))
    return _source(run.id, run.status.revision, str(run.path), json.dumps(log), known)


def shown_edits(run: Run) -> int:
    """How many of a person's changes the address shows: all, unless it says another number."""
    n, rev = len(run.edits()), st.query_params.get("rev", "")
    return min(n, int(rev)) if rev.isdecimal() else n


def slug(*words: str) -> str:
    """Words as a file's name."""
    parts = (re.sub(r"\W+", "-", word, flags=re.ASCII).strip("-") for word in words)
    return "-".join(part for part in parts if part)[:100].lower()


@st.cache_resource(max_entries=4, show_spinner=False)
def _source(run_id: str, revision: int, path: str, log: str, known: tuple[int, ...]) -> Source:
    del run_id, revision, known
    return source_of(Run(Path(path)), workspace.settings(), len(json.loads(log)))
