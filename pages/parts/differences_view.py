"""A finished differences run: its findings as rows, one opened, a statement of one's own, what was tried."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.analyses.differences import Comparison, Finding, Result
from engine.gallery import Gallery
from engine.report import differences as findings
from engine.report.differences import turned
from engine.store.runs import Run, Status
from pages.parts import differences_finding, differences_typed, run_panel
from pages.parts.differences_finding import auroc
from pages.parts.export import export
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_BADGES = {"confirmed": "green", "hint": "orange", "not verified": "gray", "no reliable difference": "gray"}


def draw(run: Run, status: Status, gallery: Gallery) -> None:
    """Everything below the form."""
    result = run_panel.result(run)
    if result is None:
        return
    run_panel.warn_of_strangers(run, gallery)
    if len(result.comparisons) > 1:
        _overview(result)
    k = _chosen(result)
    one = result.comparisons[k]
    _head(run, result, one)
    for note in (*status.notes, *result.notes, *one.warnings):
        st.caption(f":material/info: {plain(note)}")
    said = st.query_params.get("finding", "")
    opened = next((f for f in one.findings if f.statement == said and f.scores), None)
    if opened:
        differences_finding.draw(run, one, opened, gallery)
    else:
        _rows(one, k)
        if typed := differences_typed.box(gallery, one):
            differences_finding.draw(run, one, typed, gallery)
        else:
            _others(one)
    if result.unread:
        with st.expander(f"{len(result.unread):,} file{'s' * (len(result.unread) != 1)} not read"):
            st.dataframe([{"file": u.name, "why": u.reason} for u in result.unread], hide_index=True)
    who = " · ".join(f"{role} {plain(spec.label)}" for role, spec in run.request.models.items())
    st.caption(f"Scored by {plain(result.scored)} · {who} · run {run.id} · {run_panel.cost_line(status)}")


def _overview(result: Result) -> None:
    """Of every comparison what is truer of its first side, the surest first."""
    rows = []
    for one in result.comparisons:
        mine = [f for f in one.findings if f.verdict == "confirmed" and f.direction == "a"]
        rows.append(
            {
                "": one.a,
                "pictures": one.of_a,
                "confirmed": sum(f.verdict == "confirmed" for f in one.findings),
                "truer of it": ", ".join(f"{f.statement} ({f.auroc:.2f})" for f in mine[:4]) or "–",
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _chosen(result: Result) -> int:
    """Which comparison is looked at: the one in the address (`of`), by a picker where there are several."""
    n = len(result.comparisons)
    said = st.query_params.get("of", "")
    at = int(said) if said.isdecimal() and int(said) < n else 0
    if n == 1:
        return 0

    def name(i: int) -> str:
        one = result.comparisons[i]
        return f"{one.a} · {sum(f.verdict == 'confirmed' for f in one.findings)} confirmed"

    st.session_state.setdefault("differences_of", at)
    if st.session_state["differences_of"] >= n:
        st.session_state["differences_of"] = at
    chosen = st.selectbox("Comparison", range(n), key="differences_of", format_func=name, width=420)
    if chosen != at:
        st.query_params["of"] = str(chosen)
        for word in ("finding", "picture"):
            st.query_params.pop(word, None)
        st.rerun()
    return chosen


def _head(run: Run, result: Result, one: Comparison) -> None:
    a, b = one.of_a, len(one.files) - one.of_a
    confirmed = sum(f.verdict == "confirmed" for f in one.findings)
    words = f"**{plain(one.a)}** :gray[({a:,})] against **{plain(one.b)}** :gray[({b:,})]"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {words}", width="stretch")
        share_picture(run, lambda source: findings.overview(source, one), "differences")
        export(run)
    tried = len(one.findings) + len(one.tried)
    st.caption(
        f"proposed on one half, tested on the other ({one.tested[0]:,} and {one.tested[1]:,} pictures) · {tried:,} "
        f"statements tried, {confirmed:,} confirmed, corrected for all · best AUROC by chance {one.chance:.2f} · "
        f"found four times of five from {one.detectable:.2f} on"
    )


def _rows(one: Comparison, k: int) -> None:
    shown = [f for f in one.findings if f.scores]
    if not any(f.verdict == "confirmed" for f in shown):
        st.info(
            "**No reliable difference** between these two sets."
            + (" What is listed may be chance." if shown else ""),
            icon=":material/balance:",
        )  # fmt: skip
    if any(f.prevalence_a and not f.is_verified for f in shown):
        st.caption(
            "Bars: the share of each side whose score reaches the statement's threshold, on the half that tests."
        )
    for i, finding in enumerate(shown):
        _row(one, finding, f"{k}_{i}")


def _row(one: Comparison, f: Finding, key: str) -> None:
    with st.container(border=True, gap=None):
        said, bars = st.columns(2, vertical_alignment="center", gap="medium")
        with said, st.container(gap=None):
            if st.button(f"**{plain(f.statement)}**", key=f"open_{key}", type="tertiary", help="Pictures, threshold"):
                st.query_params["finding"] = f.statement
                st.rerun()
            st.caption(f"truer of {plain(one.a if f.direction == 'a' else one.b)}")
            within = f" :gray[· within labels {turned(f, f.within):.2f}]" if f.within is not None else ""
            st.markdown(f"{auroc(f)}{within} :{_BADGES[f.verdict]}-badge[{f.verdict}]")
        with bars:
            _prevalence(one, f)


def _prevalence(one: Comparison, f: Finding) -> None:
    for name, share in ((one.a, f.prevalence_a), (one.b, f.prevalence_b)):
        if share:
            how = "asked, " if f.is_verified else ""
            said = f"{how}{share.low:.0%}–{share.high:.0%}"
            st.progress(share.share, text=f"{share.share:.0%} of {plain(name)} :gray[{said}]")


def _others(one: Comparison) -> None:
    """What came to nothing: tested or not."""
    tested = [f for f in one.findings if not f.scores]
    if not tested and not one.tried:
        return
    with st.expander(f"{len(tested) + len(one.tried):,} statements came to nothing"):
        rows = [
            {
                "statement": f.statement,
                "truer of": one.a if f.direction == "a" else one.b,
                "AUROC": round(turned(f, f.auroc), 3),
                "corrected p": float(f"{f.q:.2g}"),
                "why": "no reliable difference on the half that tests",
                "proposed by": ", ".join(f.proposers),
            }
            for f in tested
        ]
        rows += [{"statement": t.statement, "why": t.why, "proposed by": t.proposer} for t in one.tried]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
