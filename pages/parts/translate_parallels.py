"""Parallel elements: one place of a picture as each label, a row a label, the most co-typical first."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from engine.analyses.typicality.parallel import Parallel
from engine.charts.typicality import strip
from engine.gallery import Gallery
from engine.report import translation as findings
from engine.store.runs import Run
from engine.translation.making import Result
from pages.parts import typicality_kept
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_STRIP = 6  # patches of a row
_WHAT = (
    "Patches at one place of all translations of a picture, clustered by what the model sees in them together; ordered "
    "by co-typicality, the median over labels of T."
)


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """All of them."""
    st.markdown("### Parallel elements", help=_WHAT)
    if result.parallels:
        share_picture(run, findings.parallels, "parallels")
    else:
        st.info("No two pictures share a parallel element: translate more of them.", icon=":material/category:")
    own = result.rows[0].label
    for k, one in enumerate(result.parallels, 1):
        with st.container(border=True):
            st.caption(
                f"**{k}** · co-typicality {one.co_typicality:+.4f} · {one.sources:,} pictures, {len(one.patches):,} "
                "patches"
            )
            before = {name: gallery.by_name[name].hash for name, _ in one.patches if name in gallery.by_name}
            _row(one, before, f"{plain(own)}  \nbefore", f"Parallel element {k} as it was")
            for to, t in one.typicality.items():
                after = {row.source: result.hashes[row.file] for row in result.rows if row.to == to}
                _row(one, after, f"{plain(to)}  \nT {t:+.4f}", f"Parallel element {k} as {to}")


def _row(one: Parallel, hashes: Mapping[str, str], said: str, alt: str) -> None:
    """Its first patches, cut out of these pictures; `hashes` by source."""
    shown = [
        (image, box)
        for source, box in one.patches[:_STRIP]
        if source in hashes and (image := typicality_kept.small_of(hashes[source])) is not None
    ]
    words, picture = st.columns([1, 4], vertical_alignment="center", gap="small")
    words.caption(said)
    if shown:
        picture.image(strip(shown), alt=alt)
