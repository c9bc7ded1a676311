"""The card of a picture of a typicality run: its map, patches of an element framed, then what every grid says of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.analyses.typicality import Patch, Row
from engine.charts.typicality import overlay, scale_of
from engine.gallery import Gallery
from engine.jobs.typical import Kept
from pages.parts import typicality_kept
from pages.parts.picture_card import facts
from pages.parts.workspace import plain

_ROUNDED = 0.00005  # what four digits do not tell from 0


def card(row: Row, told: Kept, gallery: Gallery, patches: Sequence[Patch] = ()) -> None:
    """Draw it.

    Args:
        row: what was told of the picture, which is in the gallery.
        told: maps.
        gallery: whose picture.
        patches: of the picture, to be framed.
    """
    picture = gallery.by_name[row.file]
    image, maps = typicality_kept.small(picture), told.ranking()
    if image is not None and row.file in maps:
        boxes = [patch.box for patch in patches]
        shown = overlay(image, maps[row.file], scale_of(list(maps.values())), 0.6, boxes, side=420)
        framed = f", {len(boxes)} of its patches framed" if boxes else ""
        st.image(shown, width="stretch", alt=f"{row.file} under its map{framed}")
    unsure = " unsure" if is_unsure(row) else ""
    st.markdown(f"**T {row.typicality:+.4f}** [{row.low:+.4f}, {row.high:+.4f}]{unsure}")
    for label, share in sorted(row.posterior.items(), key=lambda pair: -pair[1])[:3]:
        st.caption(f"{plain(label)} {share:.0%}")
    for patch in patches:
        st.caption(f"patch: T {patch.t:+.4f} [{patch.low:+.4f}, {patch.high:+.4f}]")
    facts(picture, gallery)


def is_unsure(row: Row) -> bool:
    """Whether it may be typical or not, for all that its draws say."""
    return row.low <= _ROUNDED and row.high >= -_ROUNDED
