"""What a person is to decide: changes that the model proposes, and pictures that it is least sure of."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine.analyses.structure import Proposal, Result, edits
from engine.analyses.structure.telling import to_review
from engine.gallery import Gallery
from engine.store.runs import Run
from pages.parts import structure_changes, workspace
from pages.parts.grid import gallery_grid
from pages.parts.picture_card import basics, close
from pages.parts.workspace import plain

_SHOWN = 8  # pictures of a proposal
_KINDS = {"add": "Add", "merge": "Merge", "split": "Split", "rename": "Rename", "drop": "Drop"}


def review(run: Run, result: Result, gallery: Gallery) -> None:
    """Proposals, then the queue of pictures."""
    _proposals(run, result, gallery)
    queue = to_review(result)
    st.markdown(f"### Least sure :gray[{len(queue):,} pictures]")
    if not queue:
        st.info(
            "Nothing to look at: nothing was sorted differently when it was sorted again, and all fits some value. "
            "Keywords always say the same, so they are not asked again.",
            icon=":material/check:",
        )
        return
    st.caption("Those that came out differently when they were sorted again come first, then those that fit no value.")
    by_file = {file: (name, agreed) for file, name, agreed in queue}
    words = {file: f"{name}: {agreed:.0%} agree" if agreed < 1 else f"{name}: other" for file, name, agreed in queue}
    opened = st.query_params.get("picture", "")
    main, side = st.columns([2, 1], gap="medium") if opened in by_file else (st.container(), None)
    with main:
        places = workspace.places(gallery, list(by_file))
        grid = gallery_grid(
            gallery, np.asarray(places), "review_grid", captions=words, size=96, chosen=opened, height="50vh"
        )
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()
    if side and opened in gallery.by_name:
        with side:
            left, right = st.columns(2)
            order = list(by_file)
            after = order[(order.index(opened) + 1) % len(order)]
            if left.button("Next", key="review_next", icon=":material/arrow_forward:"):
                st.query_params["picture"] = after
                st.rerun()
            if right.button("Close", key="close_picture", type="tertiary"):
                close()
            basics(gallery.by_name[opened])
            st.caption(plain(next(row.description for row in result.rows if row.file == opened)))
            structure_changes.assign(run, result, opened, "review")


def _proposals(run: Run, result: Result, gallery: Gallery) -> None:
    able = [one for one in result.proposals if one.is_whole and structure_changes.can(result, edits.accept(one))]
    asks = [one for one in result.proposals if not one.is_whole]
    st.markdown(f"### Proposals :gray[{len(able) + len(asks)}]")
    if not able and not asks:
        st.caption("The model proposes no change, or all were decided.")
    for k, one in enumerate((*able, *asks)):
        with st.container(border=True):
            words, button = st.columns([5, 1], vertical_alignment="center")
            words.markdown(f"**{plain(_said(one))}** :small[:gray[{plain(one.why)}]]")
            n = f"{one.moves:,} picture{'s' * (one.moves != 1)}"
            about = n if one.kind == "rename" else f"{n} would move"
            if one.is_whole:
                if button.button("Accept", key=f"accept_{k}", icon=":material/check:"):
                    structure_changes.add(run, edits.accept(one))
            else:
                about = f"{about} of the {one.looked_at:,} of {one.of:,} that were asked about; run again with it"
            words.caption(about)
            files = [file for some in one.parts.values() for file in some if file in gallery.by_name][:_SHOWN]
            if files:
                places = workspace.places(gallery, files)
                key = f"proposal_{k}_{one.kind}"
                gallery_grid(gallery, np.asarray(places), key, size=72, selectable=False, height="96px")


def _said(one: Proposal) -> str:
    names = ", ".join(one.names)
    into = {"merge": f" into {one.into}", "rename": f" to {one.into}", "add": "", "drop": ""}
    if one.kind == "split":
        return f"{one.dimension}: split {one.into} into {names}"
    return f"{one.dimension}: {_KINDS[one.kind].lower()} {names}{into[one.kind]}"
