"""Two differences, typicality or diversity runs side by side."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.analyses.differences.diff import Diff as Differences
from engine.analyses.differences.result import Finding
from engine.analyses.diversity.diff import FIGURES
from engine.analyses.diversity.diff import Diff as Diversity
from engine.analyses.diversity.doubt import Figure
from engine.analyses.typicality.diff import Diff as Typicality
from engine.analyses.typicality.diff import LabelDiff
from engine.gallery import Gallery
from engine.jobs.diffing import SideBySide
from pages.parts import found
from pages.parts.workspace import plain

_SHOWN = 200  # rows of a table


def draw(told: SideBySide, gallery: Gallery) -> None:
    """The whole view."""
    if isinstance(told.diff, Differences):
        _differences(told.diff)
    elif isinstance(told.diff, Typicality):
        _typicality(told, told.diff, gallery)
    elif isinstance(told.diff, Diversity):
        _diversity(told, told.diff)


def _differences(one: Differences) -> None:
    if one.scored[0] != one.scored[1]:
        scorers = f"A was scored by {one.scored[0]}, B by {one.scored[1]}"
        st.caption(f":material/info: {plain(scorers)}: their AUROCs are other figures.")
    for c in one.comparisons:
        st.markdown(f"### {plain(c.a.a)} against {plain(c.a.b)}")
        if (c.a.a, c.a.b) != (c.b.a, c.b.b):
            st.caption(f"In B: {plain(c.b.a)} against {plain(c.b.b)}")
        counts = [f"{side}: {n.both:,} pictures in both, {n.only_a:,} only in A, {n.only_b:,} only in B"
                  for side, n in zip(("first side", "second side"), c.pictures, strict=True)]  # fmt: skip
        st.caption(" · ".join(counts))
        rows = [
            {"statement": s.statement, "what": s.what, "A": s.a.verdict if s.a else "", "AUROC in A": _auroc(s.a),
             "B": s.b.verdict if s.b else "", "AUROC in B": _auroc(s.b)}
            for s in c.statements
        ]  # fmt: skip
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config={"statement": {"width": "large"}})
    for which, names in (("A", one.only_a), ("B", one.only_b)):
        if names:
            st.caption(f"Only {which} compares: {plain(', '.join(names))}")


def _typicality(told: SideBySide, one: Typicality, gallery: Gallery) -> None:
    st.caption(f"Draws of each picture: {one.draws[0]} in A, {one.draws[1]} in B")
    for which, names in (("A", one.only_a), ("B", one.only_b)):
        if names:
            st.caption(f"Only {which} asks about: {plain(', '.join(names))}")
    if not one.labels:
        st.info("The two ask about other labels.", icon=":material/compare_arrows:")
        return
    by_label = {told.label: told for told in one.labels}
    label = str(st.selectbox("Label", list(by_label), key="diff_label", bind="query-params", width=260))
    chosen = by_label[label]
    _rho(chosen)
    rows = [
        {"file": r.file, "rank in A": r.rank_a, "rank in B": r.rank_b, "T in A": _t(r.a.typicality, r.a.low, r.a.high),
         "T in B": _t(r.b.typicality, r.b.low, r.b.high), "apart": r.is_apart}
        for r in chosen.ranks
    ]  # fmt: skip
    elements = [
        {"element in A": e.a.number if e.a else None, "element in B": e.b.number if e.b else None, "what": e.what,
         "same patches": f"{e.share:.0%}" if e.share else "", "median T in A": e.a.median if e.a else None,
         "median T in B": e.b.median if e.b else None}
        for e in one.elements
        if e.label == label
    ]  # fmt: skip
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("### Ranks, the farthest apart first")
        st.dataframe(pd.DataFrame(rows[:_SHOWN]), hide_index=True)
    with right:
        st.markdown("### Elements")
        st.dataframe(pd.DataFrame(elements), hide_index=True)
    moved = [r for r in chosen.ranks if r.is_apart]
    if moved:
        said = {r.file: {"Rank in A": f"{r.rank_a}", "Rank in B": f"{r.rank_b}"} for r in moved}
        words = f"{label}: intervals apart"
        found.pictures(gallery, list(said), words, f"{words}, runs {told.a.id} and {told.b.id}", "ranks", said)


def _rho(one: LabelDiff) -> None:
    n = one.pictures
    st.caption(f"{n.both:,} pictures in both, {n.only_a:,} only in A, {n.only_b:,} only in B")
    if one.rho is None:
        st.info("Too few pictures are in both to say how far the two rank alike.", icon=":material/sort:")
    else:
        interval = f"[{one.low:+.3f}, {one.high:+.3f}]"
        st.markdown(f"Spearman's ρ of the two rankings: **{one.rho:+.3f}** :gray[{interval}]")


def _diversity(told: SideBySide, one: Diversity) -> None:
    if not one.is_comparable:
        models = f"Vectors of {one.models[0]} in A, of {one.models[1]} in B"
        st.warning(f"{plain(models)}: their figures are other figures.", icon=":material/warning:")
    for title, pair in (("At equal size", one.equal), ("All pictures", one.whole)):
        if pair:
            st.markdown(f"### {title}")
            rows = [
                {"run": which, "pictures": f.n}
                | {name.replace("_", " "): _figure(getattr(f, name)) for name in FIGURES}
                for which, f in zip("AB", pair, strict=True)
            ]
            st.dataframe(pd.DataFrame(rows), hide_index=True)
    p = one.pairs
    st.markdown(f"**Near pairs**: {p.both:,} in both, {p.only_a:,} only in A, {p.only_b:,} only in B")
    if c := one.coresets:
        st.markdown(f"**Core-sets**: {c.both:,} pictures in both, {c.only_a:,} only in A, {c.only_b:,} only in B")
    st.page_link("diversity.py", label="Spectra and curves of both, on the Diversity page under Compare",
                 icon=":material/arrow_forward:", query_params={"run": told.a.id, "part": "compare"})  # fmt: skip


def _auroc(one: Finding | None) -> str:
    return f"{one.auroc:.3f} [{one.low:.3f}, {one.high:.3f}]" if one else ""


def _t(value: float, low: float, high: float) -> str:
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"


def _figure(one: Figure) -> str:
    interval = "" if one.low is None or one.high is None else f" [{one.low:.4g}, {one.high:.4g}]"
    return f"{one.value:.4g}{interval}"
