"""A table that somebody laid beside a run, predictions or boxes: it stays with the run until it is forgotten."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

from engine.errors import StoreError
from engine.store.annotations import Boxes, Predictions, annotate, annotation, forget
from engine.store.runs import Run
from pages.parts.workspace import plain

A = TypeVar("A", bound=Predictions | Boxes)


def kept_table(run: Run, said: A | None, kind: type[A]) -> A | None:
    """What is said now, which the run keeps from now on; or else what it has kept, with a word and a way to drop it."""
    before = annotation(run, kind)
    try:
        if said is not None and said != before:
            annotate(run, said)
    except StoreError as problem:
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}")
    if (told := said or before) is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"By {plain(told.source)} · stays with this run, in its report and its file", width="content")
        if said is None and st.button("Forget it", type="tertiary", key=f"forget_{kind.__name__.lower()}"):
            forget(run, kind)
            st.rerun()
    return told
