"""Runs as a list: a card each, what can be done with one, and with several that were chosen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import streamlit as st

from engine.errors import VitrineError
from engine.store.history import Entry, delete_all, freed
from engine.store.remarks import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS, remark
from engine.store.runs import ACTIVE
from pages.parts import run_panel, runs_file, runs_filter, workspace
from pages.parts.workspace import plain, size

_BADGE = {"done": "green", "running": "blue", "queued": "gray", "stopped": "orange", "failed": "red"}
_MORE = {
    "repeat": "Repeat with changes",
    "again": "Ask again",
    "remark": "Tags and note",
    "file": "Save as one file",
    "delete": "Delete",
}
_WHEN_DONE = ("again", "file")
_CHOSEN = "runs_chosen"


def card(entry: Entry, titles: Mapping[str, str]) -> None:
    """One run."""
    status, remarks = entry.status, entry.remarks
    models = [f"{role}: {spec.name}" for role, spec in entry.asked.models.items()]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="small"):
            key = f"choose_{entry.id}"
            st.session_state[key] = entry.id in _ids()
            st.checkbox(f"Choose {plain(entry.title)}", key=key, label_visibility="collapsed", on_change=_toggle,
                        args=(entry.id, key))  # fmt: skip
            came = " :blue-badge[from a file]" if entry.is_imported else ""
            tags = came + "".join(f" :violet-badge[{plain(tag)}]" for tag in remarks.tags)
            st.markdown(
                f":{_BADGE[status.state]}-badge[{status.state}] **{plain(entry.title)}** "
                f":gray[{plain(' · '.join(runs_filter.about(entry, titles)))} · {_when(status.queued)}]{tags}",
                width="stretch",
            )
            _buttons(entry)
        if status.error:
            st.caption(f"{plain(status.error)} {plain(status.hint)}")
        if remarks.note:
            st.caption(":material/sticky_note_2: " + "  \n".join(map(plain, remarks.note.splitlines())))
        who = plain(" · ".join(models))
        st.caption(f"{who} · {run_panel.cost_line(status)} · {size(entry.bytes)} on disk · run {entry.id}")


def chosen(entries: Sequence[Entry]) -> list[Entry]:
    """Those that a person chose."""
    ids = _ids()
    return [entry for entry in entries if entry.id in ids] if ids else []


def choose(entries: Sequence[Entry], said: bool) -> None:
    """Choose all of these, or none; to be called before they are drawn."""
    ids = {entry.id for entry in entries}
    st.session_state[_CHOSEN] = _ids() | ids if said else _ids() - ids


@st.dialog("Delete runs", icon=":material/delete:")
def delete(entries: list[Entry]) -> None:
    """Say what goes and what space that frees, then do it."""
    active = [entry for entry in entries if entry.status.state in ACTIVE]
    going = [entry for entry in entries if entry not in active]
    said = sum(bool(entry.remarks) for entry in going)
    noted = f" {said:,} of them with your tags or note." if said else ""
    st.markdown(f"**{_count(len(going))}**, {size(freed(going))} on disk, with every change of yours.{noted}")
    for entry in going[:8]:
        st.caption(f"{plain(entry.title)} · {_when(entry.status.queued)} · run {entry.id}")
    if len(going) > 8:
        st.caption(f"and {len(going) - 8:,} more")
    if any(entry.asked.analysis == "translation" for entry in going):
        st.caption("Pictures that they made go with them; models stay on the Models page.")
    if active:
        st.caption(f"{_count(len(active))} still going on: they stay. Stop them first.")
    st.caption("Answers stay in the store, so asking the same again is free.")
    words = f"Delete {_count(len(going))}"
    if st.button(words, type="primary", key="delete_now", disabled=not going, on_click=_delete, args=(going,)):
        st.rerun()


def _delete(entries: list[Entry]) -> None:
    gone, space, stayed = delete_all(workspace.runs(), entries)
    st.session_state["runs_said"] = f"{_count(gone)} deleted, {size(space)} freed."
    st.session_state["runs_stayed"] = stayed


def go(entry: Entry, word: str = "run") -> None:
    """The page of its analysis, with the run or (`repeat`) with the form filled as it was asked."""
    st.switch_page(run_panel.page_of(entry.asked.analysis), query_params={word: entry.id})


@st.dialog("Tags and note", icon=":material/sell:")
def _remark(entry: Entry, known: Sequence[str]) -> None:
    st.caption(f"{plain(entry.title)} · run {entry.id}. They stay with the run and change nothing of its answer.")
    with st.form("remark", border=False):
        st.multiselect(
            "Tags", list(dict.fromkeys([*entry.remarks.tags, *known])), list(entry.remarks.tags), key="remark_tags",
            accept_new_options=True, max_selections=MOST_TAGS, placeholder="Type one, press Enter",
            help=f"Up to {MOST_TAGS}, of at most {LONGEST_TAG} letters each.",
        )  # fmt: skip
        st.text_area("Note", entry.remarks.note, key="remark_note", max_chars=LONGEST_NOTE, height=160)
        kept = st.form_submit_button("Keep", type="primary", on_click=_keep, args=(entry,))
    if wrong := st.session_state.pop("remark_wrong", ""):
        st.error(wrong)
    elif kept:
        st.rerun()


def _keep(entry: Entry) -> None:
    """A callback, so that what was typed is kept before the page is drawn anew."""
    try:
        remark(entry.run, st.session_state["remark_tags"], st.session_state["remark_note"])
    except VitrineError as problem:
        st.session_state["remark_wrong"] = f"{plain(problem.message)} {plain(problem.hint)}"


def _buttons(entry: Entry) -> None:
    run, status = entry.run, entry.status
    if st.button("Open", key=f"open_{entry.id}", type="primary"):
        go(entry)
    if status.state in ACTIVE and st.button("Stop", key=f"stop_{entry.id}"):
        run.stop()
        st.rerun()
    if status.state in ("failed", "stopped") and st.button("Go on", key=f"go_{entry.id}"):
        workspace.runs().submit(run.request, status.budget)
        st.rerun()
    able = [
        word
        for word in _MORE
        if (word not in _WHEN_DONE or status.state == "done") and (word != "delete" or status.state not in ACTIVE)
    ]
    said = st.menu_button(
        "More", able, key=f"more_{entry.id}", format_func=_MORE.__getitem__, type="tertiary",
        help="Repeat with changes fills the form as it was asked. Ask again asks for what stayed unanswered.",
    )  # fmt: skip
    if said == "repeat":
        go(entry, "repeat")
    elif said == "remark":
        _remark(entry, sorted({tag for one in workspace.history() for tag in one.remarks.tags}, key=str.casefold))
    elif said == "file":
        runs_file.save(entry)
    elif said == "delete":
        delete([entry])
    elif said == "again":
        workspace.runs().submit(run.request, status.budget, again=True)
        go(entry)


def _ids() -> frozenset[str]:
    """Runs that were chosen: in one place, as a look at ten thousand boxes takes a tenth of a second."""
    return st.session_state.get(_CHOSEN, frozenset())


def _toggle(id: str, key: str) -> None:
    st.session_state[_CHOSEN] = _ids() | {id} if st.session_state[key] else _ids() - {id}


def _count(n: int) -> str:
    return f"{n:,} run{'s' * (n != 1)}"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
