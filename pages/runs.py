"""Runs: everything that was asked in this workspace; find it, open it, repeat it, set two side by side, tidy up."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from engine.analyses import ANALYSES
from engine.store.history import Entry, freed
from pages.parts import runs_file, runs_filter, runs_list, workspace
from pages.parts.export import report_of
from pages.parts.grid import paged
from pages.parts.sidebar import gallery_name
from pages.parts.workspace import plain, size

_A_PAGE = 25
_QUESTIONS = {
    "clusters": ("What groups are there, seen through one question?", ":material/workspaces:"),
    "structure": ("On what does a set vary?", ":material/account_tree:"),
    "differences": ("What does one set show more than another?", ":material/compare:"),
    "typicality": ("What is typical of a label, and where?", ":material/thermostat:"),
    "diversity": ("How diverse is a set, what repeats in it?", ":material/donut_large:"),
}


def _nothing_yet() -> None:
    """The page before the first question: what can be asked, and where."""
    st.info("Nothing was asked yet. Each of these pages asks one question of the gallery.", icon=":material/history:")
    with st.grid(3, min_column_width=240):
        for name, (question, icon) in _QUESTIONS.items():
            with st.container(border=True, height="stretch"):
                st.page_link(f"{name}.py", label=f"**{name.capitalize()}**", icon=icon)
                st.caption(question)


def _several(entries: list[Entry], shown: list[Entry]) -> None:
    """How many there are, and what can be done with those that were chosen."""
    picked = runs_list.chosen(entries)
    count = f"{len(shown):,} of {len(entries):,} runs" if len(shown) < len(entries) else f"{len(entries):,} runs"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{count} · {size(freed(shown))} on disk", width="stretch")
        if picked:
            st.markdown(f"**{len(picked):,} chosen** · {size(freed(picked))}", width="content")
            _compare(picked)
            report_of([e.run for e in picked if e.status.state == "done"])
            if st.button("Delete", key="delete_chosen", icon=":material/delete:"):
                runs_list.delete(picked)
            st.button("Choose none", key="choose_none", type="tertiary", on_click=runs_list.choose,
                      args=(entries, False))  # fmt: skip
        else:
            st.button(f"Choose all {len(shown):,}", key="choose_all", type="tertiary", on_click=runs_list.choose,
                      args=(shown, True), disabled=not shown)  # fmt: skip


def _compare(picked: list[Entry]) -> None:
    """Ways to set two finished runs of a kind side by side, or the criteria of several."""
    kinds, done = {entry.asked.analysis for entry in picked}, all(entry.status.state == "done" for entry in picked)
    able = len(picked) == 2 and done and len(kinds) == 1 and kinds <= ANALYSES.keys()
    words = "What differs" if able else "Choose two finished runs of a kind"
    if st.button("Compare", key="compare", icon=":material/compare_arrows:", disabled=not able, help=words):
        first, second = sorted(picked, key=lambda entry: entry.status.queued)
        st.switch_page("compare.py", query_params={"a": first.id, "b": second.id})
    galleries = {entry.asked.gallery for entry in picked}
    if 1 < len(picked) < 5 and done and kinds == {"clusters"} and len(galleries) == 1 and st.button(
        "Hold criteria together", key="criteria", icon=":material/account_tree:",
        help="What goes together, and what one says that another does not",
    ):  # fmt: skip
        st.switch_page("compare.py", query_params={"gallery": galleries.pop(), "of": [e.id for e in picked]})


def _say_what_happened() -> None:
    """What the last dialog did: it closed, so the page says it."""
    if said := st.session_state.pop("runs_said", ""):
        st.toast(plain(said), icon=":material/check:")
    for why in st.session_state.pop("runs_stayed", []):
        st.error(plain(why))


def _list(entries: list[Entry], titles: Mapping[str, str]) -> None:
    shown = runs_filter.chosen_by(entries, titles)
    _several(entries, shown)
    if not shown:
        st.info("No run is like that. Take a word or a choice out of the filter.", icon=":material/filter_alt_off:")
    for entry in paged(shown, "runs", _A_PAGE, "runs"):
        runs_list.card(entry, titles)


st.title("Runs")
st.markdown("What was asked before, and what came of it?")
_say_what_happened()
runs_file.take_in()
runs_file.say_what_arrived()
found = workspace.history()
if found:
    cards = workspace.galleries()
    _list(found, {card.fingerprint: f"{gallery_name(card, cards)} pictures" for card in cards})
else:
    _nothing_yet()
