"""One finding: both sets sorted by it, counter-examples, histogram, a threshold, sets, a picture to share."""

from __future__ import annotations

import numpy as np
import streamlit as st

from engine.analyses.differences import Comparison, Finding
from engine.charts.differences import histogram
from engine.gallery import Gallery, Picture
from engine.report import differences as findings
from engine.report.differences import interval, turned
from engine.store.runs import Run
from pages.parts import workspace
from pages.parts.grid import gallery_grid
from pages.parts.picture_card import basics, close
from pages.parts.set_maker import save_as_set
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_PLAIN = {"displayModeBar": False}


def draw(run: Run, one: Comparison, finding: Finding, gallery: Gallery) -> None:
    """The whole view of one finding, or of what a person typed."""
    is_explored = finding.proposers == ("typed",) and finding.statement != st.query_params.get("finding")
    scores = _numbers(finding)
    a, b = scores[: one.of_a], scores[one.of_a :]
    floor = _threshold(finding, scores, run)
    with st.container(horizontal=True, vertical_alignment="center"):
        if not is_explored and st.button("All findings", icon=":material/arrow_back:", type="tertiary", key="all"):
            for word in ("finding", "picture"):
                st.query_params.pop(word, None)
            st.rerun()
        low, high = interval(finding)
        which = f"truer of {plain(one.a if finding.direction == 'a' else one.b)}"
        which = "no reliable difference" if low <= 0.5 <= high else which
        badge = ":violet-badge[exploratory]" if is_explored else ""
        st.markdown(
            f"### {plain(finding.statement)} :gray[{which} · AUROC] {auroc(finding)} {badge}",
            width="stretch",
        )
        share_picture(run, lambda source: findings.statement(source, one, finding), f"statement {finding.statement}")
    if finding.fold:
        st.caption(f"the same, as others said it: {plain('; '.join(finding.fold[:8]))}")
    if is_explored:
        st.caption("Scored on all pictures, of which you chose the words: to explore, not a test.")
    elif finding.proposers:
        st.caption(f"proposed by {plain(', '.join(finding.proposers))} · scored by {plain(finding.scored)}")
    st.plotly_chart(
        histogram(finding.scores[: one.of_a], finding.scores[one.of_a :], (one.a, one.b), floor), key="histogram",
        config=_PLAIN,
    )  # fmt: skip
    floor = _slider(floor, scores, run, finding)
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, side, files in ((one.a, a, one.files[: one.of_a]), (one.b, b, one.files[one.of_a :])):
            known = side[np.isfinite(side)]
            share = float((known >= floor).mean()) if len(known) else 0.0
            st.markdown(f"**{share:.0%}** :gray[of] {plain(name)}", width="content")
            above = [f for f, s in zip(files, side, strict=True) if s >= floor]
            save_as_set(gallery, above, f"{finding.statement} in {name}, differences run {run.id}", f"above_{name[:9]}")
    _galleries(one, finding, scores, gallery)


def _galleries(one: Comparison, finding: Finding, scores: np.ndarray, gallery: Gallery) -> None:
    """Both sets sorted; the picture that is open beside them."""
    lowest = st.segmented_control(
        "Sorted", ["most first", "least first"], default="most first", key="sorted", label_visibility="collapsed"
    )
    opened = st.query_params.get("picture", "")
    places = st.columns([2, 2, 1.2] if opened in gallery.by_name else 2, gap="medium")
    for side, name, files, its in (
        ("a", one.a, one.files[: one.of_a], scores[: one.of_a]),
        ("b", one.b, one.files[one.of_a :], scores[one.of_a :]),
    ):
        order = np.argsort(its if lowest == "least first" else -its, kind="stable")
        order = order[np.isfinite(its[order])]
        words = "least" if lowest == "least first" else "most"
        counter = (side != finding.direction) == (lowest != "least first")
        with places[0 if side == "a" else 1]:
            st.caption(f"{words} in {plain(name)}" + (" (counter-examples)" if counter else ""))
            names = [files[i] for i in order.tolist()]
            captions = {files[i]: f"{its[i]:.3f}" for i in order.tolist()}
            grid = gallery_grid(
                gallery, workspace.places(gallery, names), f"sorted_{side}", captions=captions, size=84, chosen=opened,
                selectable=False, height="46vh",
            )  # fmt: skip
        if grid.opened:
            st.query_params["picture"] = grid.opened
            st.rerun()
    if opened in gallery.by_name:
        with places[2]:
            _card(gallery.by_name[opened])


def _card(picture: Picture) -> None:
    if st.button("Close", key="close_picture", type="tertiary", icon=":material/close:"):
        close()
    basics(picture)


def _threshold(finding: Finding, scores: np.ndarray, run: Run) -> float:
    known = scores[np.isfinite(scores)]
    default = finding.threshold if finding.threshold is not None else float(np.median(known)) if len(known) else 0.0
    return float(st.session_state.get(_key(run, finding), default))


def _slider(floor: float, scores: np.ndarray, run: Run, finding: Finding) -> float:
    known = scores[np.isfinite(scores)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if high <= low:
        return floor
    step = (high - low) / 200
    key = _key(run, finding)
    st.session_state.setdefault(key, min(high, max(low, floor)))
    return st.slider("It holds from a score of", low, high, step=step, key=key, format="%.3f")


def _key(run: Run, finding: Finding) -> str:
    return f"floor_{run.id}_{finding.statement}"


def _numbers(finding: Finding) -> np.ndarray:
    return np.array([np.nan if s is None else s for s in finding.scores], float)


def auroc(f: Finding) -> str:
    """AUROC in the finding's direction, with its interval."""
    low, high = interval(f)
    return f"**{turned(f, f.auroc):.2f}** :gray[{low:.2f}–{high:.2f}]"
