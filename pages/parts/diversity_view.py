"""A finished diversity run: its score, one of its views, and the card of the picture that is open."""

from __future__ import annotations

import streamlit as st

from engine.analyses.diversity import Figure, Result
from engine.gallery import Gallery, Picture
from engine.report import diversity as findings
from engine.store.runs import Run, Status
from pages.parts import (
    diversity_axes,
    diversity_compare,
    diversity_coreset,
    diversity_duplicates,
    diversity_figures,
    run_panel,
)
from pages.parts.export import export
from pages.parts.picture_card import basics, close
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_VIEWS = {
    "figures": ("Spectrum and size", ":material/show_chart:", diversity_figures.draw),
    "axes": ("What varies", ":material/swap_horiz:", diversity_axes.draw),
    "duplicates": ("Duplicates", ":material/content_copy:", diversity_duplicates.draw),
    "coreset": ("Core-set", ":material/filter_center_focus:", diversity_coreset.draw),
    "compare": ("Compare", ":material/compare_arrows:", diversity_compare.draw),
}


def draw(run: Run, status: Status, gallery: Gallery) -> None:
    """Everything below the form."""
    result = run_panel.result(run)
    if result is None:
        return
    run_panel.warn_of_strangers(run, gallery)
    _score(run, result)
    for note in (*status.notes, *result.notes):
        st.caption(f":material/info: {plain(note)}")
    view = _view()
    opened = st.query_params.get("picture", "")
    main, side = st.columns([3, 1], gap="medium") if opened in gallery.by_name else (st.container(), None)
    with main:
        _VIEWS[view][2](run, result, gallery)
    if side:
        with side:
            _picture(gallery.by_name[opened])
    if result.unread:
        with st.expander(f"{len(result.unread):,} file{'s' * (len(result.unread) != 1)} not read"):
            st.dataframe([{"file": u.name, "why": u.reason} for u in result.unread], hide_index=True)
    models = run.request.models
    st.caption(
        f"By {plain(models['embedder'].label)} · run {run.id} · {result.whole.n:,} pictures "
        f"({plain(run.request.selection)}) · {run_panel.cost_line(status)}"
    )


def _score(run: Run, result: Result) -> None:
    """The figures that one asks first, each with its interval."""
    f = result.whole
    figures = (
        (
            "Score",
            f.score,
            3,
            "√(ER/d · PR/d): 1 where all directions are as strong, 0 where all pictures are one",
        ),
        ("Effective rank", f.effective_rank, 1, "exp of the entropy of the eigenvalues' shares"),
        ("Participation ratio", f.participation_ratio, 1, "(Σ l)² / Σ l²: rare directions count for less"),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        rank = f"rank {f.rank:,} of {f.dimension:,} at most"
        st.markdown(f"### {f.n:,} picture{'s' * (f.n != 1)} :gray[{rank}]", width="stretch")
        share_picture(run, findings.score, "score")
        export(run)
    with st.container(horizontal=True, gap="medium"):  # it wraps where the page is narrow
        for name, figure, digits, meaning in figures:
            with st.container(width="content", gap=None):
                st.metric(name, f"{figure.value:.{digits}f}", help=meaning, width="content")
                st.caption(_interval(figure, digits), width="content")
        if result.band:
            st.markdown(f":gray-badge[{result.band}]", width="content")


def _interval(figure: Figure, digits: int) -> str:
    return "" if figure.low is None else f"95 %: {figure.low:.{digits}f}–{figure.high:.{digits}f}"


def _view() -> str:
    """Which of the views is open, by the address; a row of buttons that open another."""
    now = st.query_params.get("part", "")
    now = now if now in _VIEWS else "figures"
    with st.container(horizontal=True, gap="xsmall"):
        for name, (title, icon, _) in _VIEWS.items():
            kind = "primary" if name == now else "secondary"
            if st.button(title, key=f"part_{name}", icon=icon, type=kind) and name != now:
                for word in ("picture", "axis"):  # what is open in the view that is left
                    st.query_params.pop(word, None)
                st.query_params["part"] = name
                st.rerun()
    return now


def _picture(picture: Picture) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("In Look", key="look_picture", type="tertiary", icon=":material/photo_library:"):
            st.switch_page("gallery.py", query_params={"picture": picture.name})
        if st.button("Close", key="close_picture", type="tertiary", icon=":material/close:"):
            close()
    basics(picture)
