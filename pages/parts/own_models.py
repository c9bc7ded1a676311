"""Models that were taught here: what they learned, from which model, how well, how large; use one, or delete it."""

from __future__ import annotations

import time

import streamlit as st

from engine.errors import VitrineError
from engine.finetuning import shelf
from engine.finetuning.shelf import OwnModel
from engine.store.runs import ACTIVE
from pages.parts import workspace
from pages.parts.workspace import plain, size


def draw() -> None:
    """The list, the newest first, and what the last press did."""
    st.subheader("Taught here")
    if why := st.session_state.pop("own_failed", ""):
        st.error(plain(why))
    own = shelf.models(workspace.settings().home)
    if not own:
        st.caption("None yet: a model can be taught a gallery's labels on the Typicality page.")
        st.page_link(
            "typicality.py", label="Teach a model", icon=":material/arrow_forward:", query_params={"do": "finetuning"}
        )
        return
    known = {run.id for run, _ in workspace.asked()}
    titles = {one.spec.name: one.title for one in own}
    st.caption(f"{len(own):,} · {size(sum(one.bytes for one in own))} on disk. Choose one under Model on Typicality.")
    for one in own:
        _card(one, titles.get(one.origin, one.origin), one.id in known)


def _card(one: OwnModel, origin: str, has_run: bool) -> None:
    pictures = sum(one.labels.values())
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(one.title)}** :gray[from {plain(origin)}]", width="stretch")
            if st.button("Use", key=f"use_{one.id}", type="primary"):
                st.switch_page("typicality.py", query_params={"model": one.id})
            if has_run and st.button("Its run", key=f"run_of_{one.id}"):
                st.switch_page("typicality.py", query_params={"run": one.id})
            if st.button("Delete", key=f"delete_model_{one.id}", icon=":material/delete:"):
                _delete(one)
        labels = ", ".join(f"{label} ({n:,})" for label, n in sorted(one.labels.items())[:8])
        rest = f" and {len(one.labels) - 8:,} more" if len(one.labels) > 8 else ""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.made))
        st.caption(
            f"held-out gap {one.before:+.6f} → **{one.gap:+.6f}** at step {one.steps:,} · {pictures:,} pictures: "
            f"{plain(labels)}{rest} · {when} · {size(one.bytes)}"
        )


@st.dialog("Delete a model", icon=":material/delete:")
def _delete(one: OwnModel) -> None:
    """Say what goes and what stays, then do it."""
    st.markdown(f"**{plain(one.title)}**, {size(one.bytes)} on disk.")
    users = [
        run for run, status in workspace.asked()
        if run.id != one.id and any(spec == one.spec for spec in run.request.models.values())
    ]  # fmt: skip
    busy = [run for run in users if run.status.state in ACTIVE]
    if busy:
        st.warning(f"{len(busy):,} unfinished runs ask it: stop them first.")
    elif users:
        st.caption(f"{len(users):,} runs asked it: their results stay, but nothing new can be asked of it.")
    st.caption("Its run stays on the Runs page and can teach it again.")
    words = "Delete this model"
    if st.button(words, type="primary", key="delete_model_now", disabled=bool(busy), on_click=_gone, args=(one.id,)):
        st.rerun()


def _gone(id: str) -> None:
    try:
        shelf.delete(workspace.settings().home, id)
    except VitrineError as problem:
        st.session_state["own_failed"] = str(problem)
