"""What a gallery is looked at with is made beside the pages, in a process of its own: its progress, its end."""

from __future__ import annotations

import streamlit as st

from engine.gallery import Gallery
from engine.jobs import live
from pages.parts import workspace
from pages.parts.workspace import plain


def prepare(gallery: Gallery, what: str, key: str) -> None:
    """Have `what` (one of engine.jobs.preparing.WHAT) made, and show how far it is; the page is drawn anew at its end.

    What failed is not tried again by itself: it says why, with a button. What came to its end is not begun again.
    """
    words = {"gallery": gallery.fingerprint, "what": what}
    trouble, ended = (f"{how}_{key}_{gallery.fingerprint}_{what}" for how in ("trouble", "ended"))
    if st.session_state.get(ended):
        return
    if why := st.session_state.get(trouble):
        st.warning(plain(why), icon=":material/error:")
        if st.button("Try again", key=f"again_{key}"):
            del st.session_state[trouble]
            st.rerun()
        return

    @st.fragment(run_every=0.8)
    def wait() -> None:
        said = live.ask(workspace.settings().home, "prepare", wait=0.4, **words)
        if said["state"] == "failed":
            st.session_state[trouble] = f"{said['error']} {said['hint']}".strip()
        if said["state"] == "done":
            st.session_state[ended] = True
        if said["state"] not in ("working", "away"):
            st.rerun()
        total, step = said.get("total", 0), said.get("step") or "starting"
        count = f" {said['done']:,} of {total:,}" if total else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(1.0, said["done"] / total) if total else 0.0, text=f"{step.capitalize()}{count}")
            if st.button("Stop", key=f"stop_{key}"):
                live.ask(workspace.settings().home, "stop", 1.0, **words)
                st.session_state[trouble] = "Stopped. What was done so far is kept."
                st.rerun()

    wait()


def looks(gallery: Gallery) -> None:
    """Have all pictures looked at that were not yet, and show how far that is; nothing where all were."""
    so_far = workspace.looks(gallery)
    if missing := len(so_far) - int(so_far.known.sum()) - len(so_far.unread):
        st.caption(f"{missing:,} of {len(gallery):,} pictures were not looked at yet.")
        prepare(gallery, "looks", "looks")


def begin(fingerprint: str, what: str) -> None:
    """Have `what` made of a gallery without waiting for it."""
    live.ask(workspace.settings().home, "prepare", wait=0.0, gallery=fingerprint, what=what)
