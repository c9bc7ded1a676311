"""The duplicates wall: a threshold with examples on both sides, groups with what stays and what goes, leaks."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from engine.analyses.diversity import Duplicates, Result
from engine.analyses.diversity.duplicates import grouped
from engine.analyses.diversity.keeping import Decided, decided
from engine.gallery import Gallery
from engine.report import diversity as findings
from engine.store.runs import Run
from pages.parts import diversity_leaks, look_health, workspace
from pages.parts.grid import gallery_grid, picture_grid
from pages.parts.set_maker import save_as_set
from pages.parts.share import share_picture

_EXAMPLES = 6  # pairs on each side of the threshold


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """The whole view."""
    told = result.duplicates
    _by_measuring()
    if not told.first:
        st.info(f"No two pictures have a cosine of {told.floor:.2f} or more.", icon=":material/check:")
        return
    threshold = _threshold(run, told)
    _sides(told, threshold, gallery)
    if told.part:
        diversity_leaks.draw(run, told, threshold, gallery)
    groups = _decided(run.id, run.status.revision, str(run.path), threshold, json.dumps(run.edits()))
    spare = [file for group in groups for file in group.spare]
    exact = sum(group.is_exact for group in groups)
    st.markdown(f"### {len(groups):,} groups :gray[{exact:,} of the same bytes · {len(spare):,} pictures could go]")
    with st.container(horizontal=True, vertical_alignment="center"):
        origin = f"spare duplicates from a cosine of {threshold:.3f}, diversity run {run.id}"
        share_picture(run, partial(findings.duplicates, threshold=threshold), "duplicates")
        st.caption("What could go:", width="content")
        save_as_set(gallery, spare, origin, "spare", f"spare from {threshold:.3f}")
        gone = set(spare)
        rest = [file for file in _asked(run, gallery) if file not in gone]
        st.caption("What would be left:", width="content")
        save_as_set(gallery, rest, f"without {origin}", "rest", f"without duplicates from {threshold:.3f}")
    if groups:
        _wall(run, groups, gallery)


def _by_measuring() -> None:
    """Links to what Health finds without any model."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("By the embedder's vectors. Without a model, Health finds:", width="content")
        for check in look_health.COPIES:
            name, said = check.replace("_", " "), {"view": "health", "check": check}
            st.page_link("gallery.py", label=name, icon=":material/health_and_safety:", query_params=said)


def _threshold(run: Run, told: Duplicates) -> float:
    """The slider: at the threshold of the run until it is moved; where it stands is in the address."""
    own, key = told.threshold, f"threshold_{run.id}"
    low = min(0.995, float(np.ceil(told.floor * 200) / 200))
    who = "Nobody knows the right one for this model: look at the pairs"
    if own is not None:
        who = f"The model's card says {own:g}" if told.is_own else f"Asked for: {own:g}"
    if key not in st.session_state:
        said = st.query_params.get("threshold", "")
        start = float(said) if said.replace(".", "", 1).isdecimal() else own or (low + 1) / 2
        st.session_state[key] = min(1.0, max(low, start))
    value = st.slider("Duplicates from a cosine of", low, 1.0, step=0.005, format="%.3f", key=key)
    if own is None or abs(value - own) > 1e-9:
        st.query_params["threshold"] = f"{value:g}"
    else:
        st.query_params.pop("threshold", None)
    st.caption(f"{who}. All pairs from {told.floor:.3f} on are known.")
    return value


def _sides(told: Duplicates, threshold: float, gallery: Gallery) -> None:
    """The pairs nearest to the threshold, on both sides of it."""
    cosine = np.asarray(told.cosine)
    at = int(np.searchsorted(-cosine, -threshold, side="right"))
    above, below = range(max(0, at - _EXAMPLES), at), range(at, min(len(cosine), at + _EXAMPLES))
    for side, title, pairs in zip(
        st.columns(2, gap="medium"),
        (f"**Just above**: duplicates :gray[{at:,} pairs]", f"**Just below**: not :gray[{len(cosine) - at:,} pairs]"),
        (above[::-1], below),
        strict=True,
    ):
        with side, st.container(border=True, height="stretch"):
            st.markdown(title)
            with st.container(horizontal=True, gap="small"):
                for k in pairs:
                    _pair(told, k, gallery)
            if not pairs:
                st.caption("None.")


def _pair(told: Duplicates, k: int, gallery: Gallery) -> None:
    files = [told.files[told.first[k]], told.files[told.second[k]]]
    shown = [gallery.by_name[file] for file in files if file in gallery.by_name]
    with st.container(width=150, gap=None):
        if clicked := picture_grid(shown, f"pair_{k}", size=60, across=2):
            st.query_params["picture"] = clicked
            st.rerun()
        st.caption(f"{told.cosine[k]:.3f}")


@st.cache_resource(max_entries=16, show_spinner=False)
def _decided(run_id: str, revision: int, path: str, threshold: float, log: str) -> list[Decided]:
    del run_id
    told = workspace.result(Run(Path(path)), revision).duplicates
    return decided(grouped(told, threshold), json.loads(log))


def _wall(run: Run, groups: list[Decided], gallery: Gallery) -> None:
    """Groups in sections, what stays first; a selection is kept or dropped instead, and that can be taken back."""
    here = lambda files: [file for file in files if file in gallery.index]  # noqa: E731
    sections, names, captions = [], [], {}
    for i, group in enumerate(groups, 1):
        kept, spare = here(group.kept), here(group.spare)
        how = "same bytes" if group.is_exact else "near"
        n = len(kept) + len(spare)
        sections.append((f"{i} · {how} · keep the first {len(kept)} of {n}", n))
        names += [*kept, *spare]
        captions |= {file: "keep" for file in kept} | {file: "spare" for file in spare}
    bar = st.container(horizontal=True, vertical_alignment="center")
    log = run.edits()
    grid = gallery_grid(
        gallery,
        workspace.places(gallery, names),
        f"wall_{len(log)}",
        captions=captions,
        size=96,
        chosen=st.query_params.get("picture", ""),
        groups=[one for one in sections if one[1]],
    )
    with bar:
        words = "In each group what stays comes first. Select to change it."
        said = f"**{grid.count:,}** chosen" if grid.count else words
        st.markdown(said, width="stretch")
        for word, keep in (("Keep", True), ("Drop", False)):
            if st.button(word, key=f"decide_{word}", disabled=not grid.count):
                run.add_edit({"keep": keep, "files": grid.selected})
                st.rerun()
        if log and st.button("Take the last one back", type="tertiary", key="undo", icon=":material/undo:"):
            run.drop_edit()
            st.rerun()
    if grid.opened:
        st.query_params["picture"] = grid.opened
        st.rerun()


def _asked(run: Run, gallery: Gallery) -> list[str]:
    """Names of the pictures the run was about, as far as they are here."""
    members = run.request.members
    return [p.name for p in gallery.pictures] if members is None else [m for m in members if m in gallery.index]
