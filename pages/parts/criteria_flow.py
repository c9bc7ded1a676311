"""The flow of several criteria: a band or bar, clicked or chosen, opens its pictures and stands in the address."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from engine.charts import flow
from engine.gallery import Gallery
from pages.parts import found
from pages.parts.flow_chart import flow_chart

WORDS = ("stage", "left", "right")  # of the address: which reading, a name in it, a name in the next one
_NONE = "~none"  # in the address


def draw(
    stages: Sequence[flow.Stage],
    tables: Sequence[np.ndarray],
    names: Sequence[Sequence[str]],
    places: Sequence[int],
    gallery: Gallery,
) -> None:
    """The diagram, and the pictures of what is open in it.

    Args:
        stages: readings.
        tables: counts of one by the next.
        names: of each reading, the name of each picture.
        places: of these pictures in the gallery, in the same order.
        gallery: whose pictures.
    """
    if not places:
        st.info("No picture was looked at by all of them.", icon=":material/block:")
        return

    def clicked(k: int, i: int, *more: int) -> None:
        _open(k, stages[k].names[i], stages[k + 1].names[more[0]] if more else None)

    alt = f"{len(places):,} pictures by {', '.join(stage.title for stage in stages)}"
    flow_chart(flow.alluvial(stages, tables, "none"), "criteria_flow", alt, clicked)
    _choose(stages)
    if opened := _opened(stages):
        _pictures(stages, names, places, gallery, *opened)


def forget() -> None:
    """Close what is open."""
    for word in (*WORDS, "picture"):
        st.query_params.pop(word, None)


def _choose(stages: Sequence[flow.Stage]) -> None:
    """The same by keyboard: a name in one reading, and one in the next."""
    bars = [(k, i) for k, stage in enumerate(stages) for i in range(len(stage.names))]
    said = {f"{stages[k].title}: {stages[k].names[i] or 'none'}": (k, i) for k, i in bars}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.caption("Click a band or a bar for its pictures, or choose:", width="content")
        one = st.selectbox("Bar", ["", *said], key="criteria_bar", width=230, label_visibility="collapsed")
        k, i = said.get(one or "", (-1, 0))
        further = stages[k + 1].names if 0 <= k < len(stages) - 1 else ()
        to = st.selectbox("Band to", ["", *(name or "none" for name in further)], key="criteria_band", width=170,
                          label_visibility="collapsed", disabled=not further)  # fmt: skip
        right = next((name for name in further if to and (name or "none") == to), None)
        st.button("Show", key="criteria_show", disabled=k < 0, on_click=_open,
                  args=(k, stages[k].names[i], right))  # fmt: skip


def _open(k: int, left: str, right: str | None) -> None:
    """Put it into the address; the cell of the cross table that is open closes."""
    forget()
    st.query_params.update({"stage": str(k + 1), "left": left or _NONE})
    if right is not None:
        st.query_params["right"] = right or _NONE
    for word in ("criteria_row", "criteria_column"):
        if word in st.session_state:
            st.session_state[word] = ""


def _opened(stages: Sequence[flow.Stage]) -> tuple[int, str, str | None] | None:
    """What the address names; None where that is not there."""
    number, left, right = (st.query_params.get(word) for word in WORDS)
    k = int(number) - 1 if number and number.isdecimal() and len(number) < 3 else -1
    if left is None or not 0 <= k < len(stages):
        return None
    left, right = ("" if name == _NONE else name for name in (left, right))
    if left not in stages[k].names:
        return None
    if right is not None and (k + 1 == len(stages) or right not in stages[k + 1].names):
        return None
    return k, left, right


def _pictures(
    stages: Sequence[flow.Stage],
    names: Sequence[Sequence[str]],
    places: Sequence[int],
    gallery: Gallery,
    k: int,
    left: str,
    right: str | None,
) -> None:
    titles = [stage.title for stage in stages]
    said = {
        gallery.pictures[place].name: dict(zip(titles, (name or "none" for name in its), strict=True))
        for place, its in zip(places, zip(*names, strict=True), strict=True)
        if its[k] == left and (right is None or its[k + 1] == right)
    }
    ends = [(titles[k], left), *([] if right is None else [(titles[k + 1], right)])]
    words = " and ".join(f"{title} = {name or 'none'}" for title, name in ends)
    found.pictures(gallery, list(said), words, words, "criteria_flow_pictures", said, WORDS)
