"""Spectrum, rarefaction, parts at equal size, and the further figures of a diversity result."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.analyses.diversity import Figure, Figures, Result, tables
from engine.charts import diversity as charts
from engine.gallery import Gallery
from engine.report import diversity as findings
from engine.store.export import csv_text
from engine.store.runs import Run
from pages.parts.share import share_picture
from pages.parts.workspace import plain

NAMES = {"score": "score", "effective_rank": "effective rank", "participation_ratio": "participation ratio"}
PLAIN = {"displayModeBar": False}


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """The whole view."""
    del gallery
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("### Spectrum", width="stretch")
        share_picture(run, findings.spectrum, "spectrum")
        log = st.toggle("Logarithmic", True, key="spectrum_log")
        _csv(run, result, "spectrum")
    st.plotly_chart(
        charts.spectrum({run.request.selection: result.eigenvalues}, result.is_sscd, log), key="spectrum", config=PLAIN
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("### Against the number of pictures", width="stretch")
        name = st.segmented_control(
            "Figure",
            list(NAMES),
            default="score",
            key="figure",
            format_func=title,
            label_visibility="collapsed",
        )
    shown = name or "score"
    st.plotly_chart(
        charts.rarefaction({run.request.selection: result.rarefaction}, result.gaussian, shown, result.is_sscd),
        key="rarefaction",
        config=PLAIN,
    )
    st.caption("More pictures reach more directions: compare sets at the same number of pictures only.")
    if result.parts:
        _parts(run, result, shown)
    st.markdown("### Further figures")
    st.table(pd.DataFrame(_further(result)), border="horizontal", hide_index=True)


def _parts(run: Run, result: Result, shown: str) -> None:
    by = run.request.params["by"] or "set"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### By {plain(by)}, at equal size", width="stretch")
        _csv(run, result, "diversity")
    if any(part.equal for part in result.parts):
        st.plotly_chart(charts.parts(result.parts, shown), key="parts", config=PLAIN)
    small = [part.name for part in result.parts if part.equal is None]
    if small:
        st.caption(f"Too few pictures to compare: {plain(', '.join(small))}.")


def _csv(run: Run, result: Result, table: str) -> None:
    text = lambda: csv_text(tables(result)[table]).encode("utf-8", "replace")  # noqa: E731
    name = f"{table}-{run.id}.csv"
    st.download_button("CSV", text, name, "text/csv", key=f"csv_{table}", on_click="ignore", icon=":material/download:")


def _further(result: Result) -> list[dict[str, str]]:
    """Each figure, what it is, and what it means."""
    f, more = result.whole, result.further
    one, two, most = more.vendi
    shares = " · ".join(f"{k}: {share:.1%}" for k, share in more.first.items())
    determinant = "minus infinity" if more.log_determinant is None else f"{more.log_determinant:.1f}"
    without = result.duplicates.without
    uncentred = result.uncentred
    rows = [
        ("score, not centred", _said(uncentred.score, 3), "about zero instead of the mean"),
        ("effective rank, not centred", _said(uncentred.effective_rank, 1), "the mean counts as a direction"),
        (
            "share of the mean",
            f"{more.mean_share:.1%}",
            "of the mean square length: the spectrum leaves it out",
        ),
        (
            "Vendi score",
            f"{one:.1f}",
            f"so many different of {f.n:,}; order 2: {two:.1f}, infinity: {most:.1f}",
        ),
        ("isotropy (IsoScore)", f"{more.isotropy:.3f}", "0: one direction; 1: all alike"),
        ("log-determinant", determinant, "of the covariance scaled to a mean eigenvalue of 1; 0 where all are alike"),
        ("share of the strongest axis", f"{more.first.get(1, 0.0):.1%}", f"of the variance; first axes {shares}"),
    ]
    if without:
        rows.append(("score without duplicates", _said(without.score, 3), f"of {without.n:,} pictures"))
    return [{"figure": name, "value": value, "meaning": meaning} for name, value, meaning in rows]


def title(name: str) -> str:
    """A figure as people say it."""
    return NAMES[name]


def table_of(sets: dict[str, Figures]) -> pd.DataFrame:
    """The three figures of some sets, a row each."""
    return pd.DataFrame(
        [
            {"set": name, "pictures": f.n, **{said: _said(getattr(f, key), 3) for key, said in NAMES.items()}}
            for name, f in sets.items()
        ]
    )


def _said(figure: Figure, digits: int) -> str:
    interval = "" if figure.low is None else f" [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"
    return f"{figure.value:.{digits}f}{interval}"
