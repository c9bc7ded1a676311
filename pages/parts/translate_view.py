"""Pictures as other labels: each over its translation, T of both labels before and after, and what runs parallel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from engine.gallery import Gallery
from engine.report import translation as findings
from engine.store.runs import Run, Status
from engine.translation import Translation
from engine.translation.making import Result
from pages.parts import open_gallery, run_panel, sidebar, translate_parallels
from pages.parts.before_after import Pair, before_after
from pages.parts.export import export
from pages.parts.grid import paged
from pages.parts.share import share_picture
from pages.parts.workspace import address, plain

_A_PAGE = 24  # pictures
_MARK = ":violet-badge[:material/auto_awesome: synthetic] :gray[made by a model; each file and the table beside say so]"


def draw(run: Run, status: Status, gallery: Gallery) -> None:
    """Everything below the form."""
    result = run_panel.result(run)
    if result is None:
        return
    run_panel.warn_of_strangers(run, gallery)
    _head(run, result)
    for note in status.notes:
        st.caption(f":material/info: {plain(note)}")
    labels = list(dict.fromkeys(one.to for one in result.rows))
    to = labels[0]
    if len(labels) > 1:
        to = str(
            st.segmented_control(
                "Became", labels, default=to, key="translate_shown", required=True, format_func=plain, width="content"
            )
        )
    rows = [one for one in result.rows if one.to == to]
    share_picture(run, lambda source: findings.pairs(source, to), f"translation {to}")
    _told(rows)
    before_after(_pairs(paged(rows, "translated", _A_PAGE), result.hashes, gallery), f"pairs_{labels.index(to)}")
    if len(labels) > 1:
        translate_parallels.draw(run, result, gallery)
    st.caption(
        f"T by {result.draws} draws, told “{plain(result.template)}” · {plain(run.request.models['denoiser'].label)} · "
        f"run {run.id} · {run_panel.cost_line(status)}"
    )


def partial(told: dict[str, Any]) -> None:
    """The first pictures of a run that goes on, or was stopped."""
    gallery = sidebar.gallery_in_use()
    rows = [Translation(**row) for row in told.get("rows", [])]
    if not rows or gallery is None:
        return
    pictures = f"{told['done']:,} picture{'s' * (told['done'] != 1)} so far"
    st.markdown(_MARK)
    st.caption(f"{pictures}; T of what they become rose in {told['rose']:.0%}.")
    before_after(_pairs(rows, told["hashes"], gallery), "pairs_so_far")


def _head(run: Run, result: Result) -> None:
    sources = len({one.source for one in result.rows})
    labels = list(dict.fromkeys(one.to for one in result.rows))
    what = f"{sources:,} picture{'s' * (sources != 1)} of {plain(result.rows[0].label)} as {plain(', '.join(labels))}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {what}", width="stretch")
        with st.container(horizontal=True, width="content"):
            if st.button("Open as gallery", key="as_gallery", icon=":material/photo_library:"):
                open_gallery.begin(run.path / Path(result.folder).name, "to")
            export(run)
    st.markdown(_MARK)


def _told(rows: Sequence[Translation]) -> None:
    """Means of T before and after: to rise towards the new label and fall from the old one is what is wanted."""
    n = len(rows)
    mean = lambda name: sum(getattr(one, name) for one in rows) / n  # noqa: E731
    rose = sum(one.t_to_after > one.t_to_before for one in rows)
    fell = sum(one.t_from_after < one.t_from_before for one in rows)
    st.caption(
        f"Mean **T({plain(rows[0].to)})** {mean('t_to_before'):+.4f} → **{mean('t_to_after'):+.4f}**, rose in {rose:,} "
        f"of {n:,} · T({plain(rows[0].label)}) {mean('t_from_before'):+.4f} → {mean('t_from_after'):+.4f}, fell in "
        f"{fell:,}",
        help="T: how much better this model tells the noise in a picture when the label is said. It is the model that "
        "translated, so it judges its own work.",
    )


def _pairs(rows: Sequence[Translation], hashes: Mapping[str, str], gallery: Gallery) -> list[Pair]:
    """What is there of them, as the browser shows it."""
    return [
        Pair(
            address(source.hash, "full.webp"),
            address(hashes[one.file], "full.webp"),
            one.source,
            one.label,
            f"{one.to}, synthetic",
            (
                f"T({one.label}) {one.t_from_before:+.4f} → {one.t_from_after:+.4f}",
                f"T({one.to}) {one.t_to_before:+.4f} → {one.t_to_after:+.4f}",
            ),
            source.width / source.height,
        )
        for one in rows
        if (source := gallery.by_name.get(one.source)) and one.file in hashes
    ]
