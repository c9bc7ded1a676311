"""Two structure runs side by side: dimensions and attributes that came and went, pictures that are told otherwise."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.analyses.structure import Attribute
from engine.analyses.structure.diff import Diff, DimensionDiff
from engine.gallery import Gallery
from engine.jobs.diffing import SideBySide
from pages.parts import found
from pages.parts.workspace import plain

_BADGE = {"kept": "gray", "renamed": "blue", "new": "green", "gone": "orange"}


def draw(told: SideBySide, gallery: Gallery) -> None:
    """The whole view."""
    one: Diff = told.diff
    opened = next((d for d in one.dimensions if d.name == st.query_params.get("dimension")), None)
    for k, d in enumerate(one.dimensions):
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                share = f" · {len(d.changed):,} of {d.compared:,} told otherwise" if d.compared else ""
                st.markdown(
                    f":{_BADGE[d.what]}-badge[{d.what}] **{plain(d.name)}** :gray[{share}]"
                    + (f" :gray[· normalised mutual information {d.same:.2f}]" if d.compared else ""),
                    width="stretch",
                )
                if d.changed and st.button("Pictures", key=f"changed_{k}", type="tertiary"):
                    st.query_params["dimension"] = d.name
                    st.query_params.pop("picture", None)
                    st.rerun()
            if opened is d:
                _pictures(told, d, gallery)
            with st.expander(_summary(d)):
                rows = [
                    {"attribute": _both(a.a, a.b), "what": a.what, "share in A": _share(a.a), "share in B": _share(a.b),
                     "Jaccard": round(a.jaccard, 2) if a.a and a.b else None}
                    for a in d.attributes
                ]  # fmt: skip
                st.dataframe(pd.DataFrame(rows), hide_index=True)


def _pictures(told: SideBySide, d: DimensionDiff, gallery: Gallery) -> None:
    said = {c.file: {"A": _named(c.a), "B": _named(c.b)} for c in d.changed}
    words = f"{d.name}: told otherwise"
    origin = f"{words}, runs {told.a.id} and {told.b.id}"
    found.pictures(gallery, list(said), words, origin, "changed_pictures", said, ("dimension",))


def _summary(d: DimensionDiff) -> str:
    counts = {what: sum(a.what == what for a in d.attributes) for what in _BADGE}
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n) + " attributes"


def _both(a: Attribute | None, b: Attribute | None) -> str:
    return " → ".join(dict.fromkeys(one.name for one in (a, b) if one))


def _share(one: Attribute | None) -> str:
    return f"{one.share:.1%} [{one.low:.1%}, {one.high:.1%}]" if one else ""


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "not said"
