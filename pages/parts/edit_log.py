"""A person's changes of a finished run, as its log has them: how many are shown, hidden, taken back, made once more."""

from __future__ import annotations

from typing import Any

import streamlit as st

from engine.store.runs import Run


def shown(run: Run) -> tuple[list[dict[str, Any]], int]:
    """The changes that are shown: all, or as many as the address says; and how many there are."""
    log, said = run.edits(), st.query_params.get("rev", "")
    return log[: int(said)] if said.isdecimal() else log, len(log)


def bar(run: Run, n: int, total: int, more: str = "") -> None:
    """How many changes are shown; without them, with them, the last one back, and once more; nothing where none is."""
    if not total and not _undone(run):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if total:
            st.caption(f"{n} of {total} change{'s' * (total != 1)} of yours shown{more}", width="content")
        if n and st.button("Without my changes", type="tertiary", key="without"):
            st.query_params["rev"] = "0"
            st.rerun()
        if n < total and st.button("With my changes", type="tertiary", key="with"):
            st.query_params.pop("rev", None)
            st.rerun()
        back = n == total and n > 0
        if back and st.button("Take the last one back", type="tertiary", key="undo", icon=":material/undo:"):
            _undone(run).append({k: v for k, v in run.edits()[-1].items() if k not in ("n", "at")})
            run.drop_edit()
            st.rerun()
        if _undone(run) and st.button("Once more", type="tertiary", key="redo", icon=":material/redo:"):
            run.add_edit(_undone(run).pop())
            st.query_params.pop("rev", None)
            st.rerun()


def add(run: Run, edit: dict[str, Any]) -> None:
    """Keep a change that was made, and draw the page anew."""
    keep(run, edit)
    st.rerun()


def keep(run: Run, edit: dict[str, Any]) -> None:
    """Keep a change that was made."""
    _undone(run).clear()
    run.add_edit(edit)
    st.query_params.pop("rev", None)


def _undone(run: Run) -> list[dict[str, Any]]:
    """Changes that were taken back in this session, the last one last."""
    return st.session_state.setdefault(f"undone_{run.id}", [])
