"""Two clusters runs side by side: the flow, what became of each cluster, pictures of a band, pictures that moved."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.analyses.clusters.agreement import Agreement
from engine.analyses.clusters.diff import Diff, Place, sentence
from engine.charts import flow
from engine.gallery import Gallery
from engine.jobs.diffing import SideBySide
from engine.report import compared
from engine.store.runs import Run
from pages.parts import found
from pages.parts.flow_chart import flow_chart
from pages.parts.share import share_picture
from pages.parts.workspace import plain

NONE = "~unassigned"  # in the address; a cluster's name never begins with a tilde here


def draw(told: SideBySide, gallery: Gallery) -> None:
    """The whole view."""
    one: Diff = told.diff
    with st.container(horizontal=True, horizontal_alignment="right"):
        names = (f"A · {_title(told.a)}", f"B · {_title(told.b)}")
        share_picture(told.b, lambda source: compared.clusters(source, one, names, told.a.id), "compared")
    _agreements(one)
    _flow(told, one)
    opened = _opened(one)
    if opened:
        a, b = opened
        places = [place for place in one.places if a in (None, place.a) and b in (None, place.b)]
        words = " → ".join(_said(name) for name in opened if name is not None)
        _show(told, gallery, places, words, ("from", "to"))
    st.markdown("### What became of each cluster of A")
    rows = [
        {"cluster": f.cluster, "pictures": f.size, "what": f.kind, "how": sentence(f), "Jaccard": round(f.jaccard, 2)}
        for f in one.fates
    ]
    got = st.dataframe(
        pd.DataFrame(rows), hide_index=True, on_select="rerun", selection_mode="single-row", key="fates_of",
        column_config={"how": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    _row_opens(one, list(got.selection.rows))
    if one.new:
        st.caption("New in B: " + plain(", ".join(f"{name} ({n:,})" for name, n in one.new)))
    if not opened:
        _moved(told, one, gallery)


def _agreements(one: Diff) -> None:
    """How many moved, how far the two go together, both agreements with the labels and the paired difference."""
    moved = "Pictures that neither went where most of their cluster went, nor came whence most of their new one came"
    told = [
        ("Moved", f"{len(one.moved):,}", f"of {one.pictures.both:,} pictures", moved),
        ("Cramér's V", f"{one.association:.3f}", "0 not at all, 1 wholly", "How far the two go together"),
    ]
    for which, agreed in (("A", one.agreement_a), ("B", one.agreement_b)):
        if agreed:
            told.append((f"{which} with the labels", f"{agreed.accuracy:.3f}", _interval(agreed), _doubt(agreed)))
    if gain := one.gain:
        interval = f"[{gain.low:+.3f}, {gain.high:+.3f}]"
        told.append(("B less A", f"{gain.value:+.3f}", interval, f"Paired, on {gain.n:,} labelled pictures in both"))
    with st.grid(len(told), min_column_width=130):
        for name, value, doubt, about in told:
            with st.container(gap=None):
                st.metric(name, value, help=about)
                st.caption(doubt)


def _flow(told: SideBySide, one: Diff) -> None:
    """The diagram; a click on a band or bar puts it into the address."""
    names, columns, counts = one.flow.rows, one.flow.columns, one.flow.counts
    stages = [
        flow.Stage(f"A · {_title(told.a)}", names, tuple(counts.sum(1))),
        flow.Stage(f"B · {_title(told.b)}", columns, tuple(counts.sum(0))),
    ]

    def clicked(stage: int, i: int, *more: int) -> None:
        ends = (names[i], columns[more[0]]) if more else (names[i], None) if stage == 0 else (None, columns[i])
        _open(*ends)

    alt = "Clusters of A on the left, of B on the right; bands as wide as the pictures that are in both"
    flow_chart(flow.alluvial(stages, [counts]), "flow", alt, clicked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.caption("Click a band or a bar for its pictures, or choose:", width="content")
        a = st.selectbox("In A", ["", *map(_said, names)], key="flow_from", width=170, label_visibility="collapsed")
        b = st.selectbox("In B", ["", *map(_said, columns)], key="flow_to", width=170, label_visibility="collapsed")
        if st.button("Show", key="flow_show", disabled=not (a or b)):
            _open(_meant(a, names), _meant(b, columns))
            st.rerun()


def _row_opens(one: Diff, rows: list[int]) -> None:
    """A row that was just chosen opens its cluster."""
    if rows and st.session_state.get("fates_said") != rows:
        st.session_state["fates_said"] = rows
        _open(one.fates[rows[0]].cluster, None)
        st.rerun()
    if not rows:
        st.session_state.pop("fates_said", None)


def _moved(told: SideBySide, one: Diff, gallery: Gallery) -> None:
    if not one.moved:
        st.info("No picture moved: every one went with its cluster.", icon=":material/check:")
        return
    _show(told, gallery, one.moved, "Pictures that moved", ())


def _show(told: SideBySide, gallery: Gallery, places: Sequence[Place], words: str, close: Sequence[str]) -> None:
    said = {
        p.file: {"A": _said(p.a), "B": _said(p.b)} | ({"Name in B": p.twin} if p.twin != p.file else {}) for p in places
    }
    origin = f"{words}, runs {told.a.id} and {told.b.id}"
    found.pictures(gallery, [p.file for p in places], words, origin, "flow_pictures", said, close)


def _opened(one: Diff) -> tuple[str | None, str | None] | None:
    """The cluster in A and in B that the address names, None for any; None where it names none that is there."""
    ends = []
    for word, names in (("from", one.flow.rows), ("to", one.flow.columns)):
        said = st.query_params.get(word)
        name = None if said is None else "" if said == NONE else said
        if name is not None and name not in names:
            return None
        ends.append(name)
    return None if ends == [None, None] else (ends[0], ends[1])


def _open(a: str | None, b: str | None) -> None:
    st.query_params.pop("picture", None)
    for word, name in (("from", a), ("to", b)):
        if name is None:
            st.query_params.pop(word, None)
        else:
            st.query_params[word] = name or NONE


def _meant(said: str | None, names: Sequence[str]) -> str | None:
    return next((name for name in names if said and _said(name) == said), None)


def _doubt(agreed: Agreement) -> str:
    what = f"Accuracy of {agreed.n:,} labelled pictures, best one-to-one match"
    return f"{what} · NMI {agreed.nmi:.3f} · ARI {agreed.ari:.3f}"


def _interval(agreed: Agreement) -> str:
    most = "" if agreed.most is None else f", {agreed.most:.3f} at most"
    return f"[{agreed.low:.3f}, {agreed.high:.3f}]{most}"


def _title(run: Run) -> str:
    return str(run.request.params["criterion"]["name"])


def _said(name: str) -> str:
    return name or "unassigned"
