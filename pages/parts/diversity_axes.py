"""What varies: the leading directions with the pictures at both ends, and what single pictures add."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.analyses.diversity import Axis, Result
from engine.gallery import Gallery
from engine.jobs import live
from engine.report import diversity as findings
from engine.store.runs import Run
from pages.parts import workspace
from pages.parts.grid import picture_grid
from pages.parts.set_maker import save_as_set
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_FEW = 10  # pictures of each end in the list of axes


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """The whole view: all axes, or the one that the address opens."""
    said = st.query_params.get("axis", "")
    if said.isdecimal() and 0 < int(said) <= len(result.axes):
        _one(run, result.axes[int(said) - 1], int(said), gallery)
        return
    if not result.axes:
        st.info("All pictures have the same vector: nothing varies.", icon=":material/block:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = "The strongest directions of the vectors, and the pictures that lie farthest out on each side."
        st.caption(words, width="stretch")
        share_picture(run, findings.axes, "axes")
    for i, axis in enumerate(result.axes, 1):
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                st.markdown(_title(axis, i), width="stretch")
                if st.button("Open", key=f"axis_{i}", type="tertiary"):
                    st.query_params["axis"] = str(i)
                    st.rerun()
            for side, files in zip(st.columns(2, gap="medium"), (axis.low, axis.high), strict=True):
                with side:
                    _ends(gallery, files[:_FEW], f"axis_{i}_{files is axis.low}")
    _adds(run, result, gallery)


def _title(axis: Axis, i: int) -> str:
    told = ""
    if axis.column:
        low, high = (plain(value or "?") for value in axis.values)
        told = f" · **{plain(axis.column)}**: {low} → {high} :gray[({axis.explained:.0%} of it)]"
    return f"**Axis {i}** :gray[{axis.share:.1%} of the variance]{told}"


def _one(run: Run, axis: Axis, i: int, gallery: Gallery) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("All axes", icon=":material/arrow_back:", type="tertiary", key="all_axes"):
            for word in ("axis", "picture"):
                st.query_params.pop(word, None)
            st.rerun()
        st.markdown(_title(axis, i), width="stretch")
    _words(run, i)
    both = (("one end", axis.low), ("other end", axis.high))
    for side, (name, files) in zip(st.columns(2, gap="medium"), both, strict=True):
        with side:
            save_as_set(gallery, files, f"{name} of axis {i}, diversity run {run.id}", f"axis_set_{name[:5]}")
            _ends(gallery, files, f"open_{name}")


def _words(run: Run, i: int) -> None:
    """What a matcher sees more of at each end, where there is one and it knows the pictures; nothing else is said."""
    said = live.ask(workspace.settings().home, "ends", wait=1.0, run=run.id, axis=str(i))
    if said["state"] in ("working", "away"):

        @st.fragment(run_every=1.0)
        def wait() -> None:
            again = live.ask(workspace.settings().home, "ends", wait=0.3, run=run.id, axis=str(i))
            if again["state"] not in ("working", "away"):
                st.rerun()
            st.caption(":material/hourglass_top: looking for words for the two ends")

        wait()
    elif said["state"] == "done":
        ends = [plain(", ".join(said[end])) or "–" for end in ("low", "high")]
        if said["low"] or said["high"]:
            st.markdown(f"{ends[0]} :gray[←→] {ends[1]} :gray[· seen by {plain(said['by'])}, not tested]")
        else:
            st.caption(f"{plain(said['by'])} sees nothing that tells the two ends apart.")
    else:
        st.caption(f"No words for the two ends: {plain(said['error'])} {plain(said['hint'])}")


def _ends(gallery: Gallery, files: Sequence[str], key: str) -> None:
    shown = [gallery.by_name[file] for file in files if file in gallery.by_name]
    opened = st.query_params.get("picture", "")
    if clicked := picture_grid(shown, key, across=5, chosen=opened):
        st.query_params["picture"] = clicked
        st.rerun()


def _adds(run: Run, result: Result, gallery: Gallery) -> None:
    """Which pictures add most to the effective rank, and which add nothing."""
    for title, key, found in (
        ("Pictures that add most", "most", result.adds_most),
        ("Pictures that add least", "least", result.adds_least),
    ):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"### {title}", width="stretch")
            files = [one.file for one in found]
            save_as_set(gallery, files, f"{title}, diversity run {run.id}", f"adds_{key}")
        captions = {one.file: f"{one.effective_rank:+.3f} to the effective rank" for one in found}
        shown = [gallery.by_name[file] for file in files if file in gallery.by_name]
        if clicked := picture_grid(shown, f"grid_{key}", captions, size=84):
            st.query_params["picture"] = clicked
            st.rerun()
    st.caption("Each is what the effective rank of the whole would lose without that picture (leave one out).")
