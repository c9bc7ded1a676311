"""While the live process works at an answer: what it does, how far it is, and the page drawn anew when it is there."""

from __future__ import annotations

import time

import streamlit as st

from engine.jobs import live
from pages.parts import workspace
from pages.parts.workspace import plain


def wait(op: str, words: dict[str, str], more: str = "") -> None:
    """Ask for the same again and again until it is answered.

    Args:
        op: a name of live.OPERATIONS.
        words: the operation's own.
        more: to say behind the count of seconds.
    """
    since = time.monotonic()

    @st.fragment(run_every=0.5)
    def waiting() -> None:
        said = live.ask(workspace.settings().home, op, wait=0.3, **words)
        if said["state"] not in ("working", "away"):
            st.rerun()
        what = said.get("step") or "The live process is starting"
        count = f", {said['done']:,} of {said['total']:,}" if said.get("total") else ""
        st.caption(f":material/hourglass_top: {plain(what)}{count}, {time.monotonic() - since:.0f} s{more}")

    waiting()
