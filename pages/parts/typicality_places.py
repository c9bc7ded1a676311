"""How well maps find what somebody has boxed: a CSV in, average precision by kind out."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from engine.analyses.typicality.localising import localised, read_boxes
from engine.errors import GalleryError
from engine.gallery import Gallery
from engine.jobs.typical import Kept
from engine.report import typicality as findings
from engine.store.annotations import LONGEST, Boxes
from engine.store.export import csv_text
from engine.store.runs import Run
from pages.parts.kept_table import kept_table
from pages.parts.share import share_picture
from pages.parts.workspace import legible, plain


def draw(run: Run, told: Kept, gallery: Gallery) -> None:
    """The upload and what comes of it; the boxes stay with the run."""
    loaded = st.file_uploader(
        "Boxes as CSV: file, x, y, w, h in pixels, perhaps label", "csv", key="typical_boxes", max_upload_size=50
    )
    given = _boxes(loaded, gallery) if loaded is not None else None
    if loaded is not None and given is None:
        return
    boxes = kept_table(run, given, Boxes)
    if boxes is None:
        st.info(
            "With boxes of what should be found, maps are measured: average precision over all pixels, beside chance.",
            icon=":material/crop_free:",
        )
        return
    found = localised(told.ranking(), boxes.boxes)
    if not found:
        st.warning("None of these boxes lies in a picture of this run.")
        return
    st.dataframe(
        [{"boxes of": one.kind, "pictures": one.pictures, "average precision": round(one.precision, 3),
          "95 %": f"{one.low:.3f} to {one.high:.3f}", "chance": round(one.chance, 3),
          "times chance": round(one.precision / one.chance, 2)} for one in found],
        hide_index=True,
    )  # fmt: skip
    share_picture(run, lambda source: findings.localisation(source, found), "localisation")
    csv = lambda: csv_text([asdict(one) for one in found]).encode("utf-8", "replace")  # noqa: E731
    st.download_button("CSV", csv, "localisation.csv", "text/csv", on_click="ignore", icon=":material/download:")


def _boxes(loaded: UploadedFile, gallery: Gallery) -> Boxes | None:
    """What a table says; None where it cannot be read, which is said."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "boxes.csv"
        path.write_bytes(loaded.getvalue())
        try:
            return Boxes(legible(loaded.name)[:LONGEST], read_boxes(path, gallery.by_name))
        except GalleryError as problem:
            st.warning(f"{plain(problem.message.replace(str(path), loaded.name))} {plain(problem.hint)}")
            return None
