"""Two finished runs side by side: which, what each cost, and what differs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from engine.analyses import ANALYSES
from engine.errors import VitrineError
from engine.jobs import diffing
from engine.jobs.diffing import SideBySide
from engine.store.export import csv_text
from engine.store.history import Entry
from engine.store.runs import Run, Status
from pages.parts import diff_clusters, diff_others, diff_structure, run_panel, runs_filter, workspace
from pages.parts.workspace import plain

_OFFERED = 300  # of the newest runs, so that a browser need not read thousands of names at each rerun
OPENED = ("from", "to", "picture", "dimension")  # what the address says of the view


def draw() -> None:
    """The whole view."""
    cards = {card.fingerprint: card.title for card in workspace.galleries()}
    able = [
        entry
        for entry in workspace.history()
        if entry.status.state == "done" and entry.asked.analysis in ANALYSES and entry.asked.gallery in cards
    ]
    if len(able) < 2:
        st.info("It takes two finished runs to compare.", icon=":material/compare_arrows:")
        st.page_link("runs.py", label="See what was asked", icon=":material/arrow_forward:")
        return
    a, b = _chosen(able, cards)
    if a is None or b is None:
        return
    told = _told(a, b)
    if told is None:
        return
    _costs(told)
    for note in told.notes:
        st.caption(f":material/info: {plain(note)}")
    if (pictures := getattr(told.diff, "pictures", None)) is not None:
        alone = [f"{n:,} only in {which}" for which, n in (("A", pictures.only_a), ("B", pictures.only_b)) if n]
        st.caption(" · ".join([f"{pictures.both:,} pictures in both", *alone]))
    gallery = workspace.gallery(a.asked.gallery)
    views = {"clusters": diff_clusters.draw, "structure": diff_structure.draw}
    views.get(a.asked.analysis, diff_others.draw)(told, gallery)
    _tables(told)


def _chosen(able: list[Entry], cards: Mapping[str, str]) -> tuple[Entry | None, Entry | None]:
    """Two selectors; both runs stand in the address. What B may be follows from A."""
    by_id = {entry.id: entry for entry in able}
    kinds = Counter(entry.asked.analysis for entry in able)
    ids = sorted(by_id, key=lambda id: kinds[by_id[id].asked.analysis] < 2)  # those with another to hold against, first
    if [said for word in ("a", "b") if (said := st.query_params.get(word, "")) and said not in by_id]:
        st.warning("A run in this address is not here, or not finished. Choose others.", icon=":material/link_off:")
    name = lambda id: _name(by_id[id], cards) if id else "choose one"  # noqa: E731
    one, other, swap = st.columns([6, 6, 1.2], vertical_alignment="bottom", gap="small")
    with one:
        a = _pick("A", "a", ids, name)
    kind = by_id[a].asked.analysis
    rest = [id for id, entry in by_id.items() if entry.asked.analysis == kind and id != a]
    with other:
        b = _pick("B", "b", ["", *rest], name)
    with swap:
        st.button(":material/swap_horiz:", key="swap", help="B first", disabled=not b, on_click=_swap, args=(a, b))
    if not rest:
        st.info(f"There is no other finished {kind} run.", icon=":material/compare_arrows:")
    elif not b:
        st.info("Choose the run to hold against it.", icon=":material/compare_arrows:")
    return by_id[a], by_id.get(b)


def _pick(label: str, word: str, able: list[str], name) -> str:  # noqa: ANN001
    said, key = st.query_params.get(word, ""), f"diff_{word}"
    options = [*able[:_OFFERED], *({said} & set(able[_OFFERED:]))]
    about = f"The {_OFFERED} newest; older ones are compared from the Runs page." if len(able) > _OFFERED else None
    if said in options and st.session_state.get(f"{key}_said") != said:
        st.session_state[key] = said  # the address names another run
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen = str(st.selectbox(label, options, key=key, format_func=name, on_change=_forget, help=about) or "")
    st.session_state[f"{key}_said"] = chosen
    if chosen:
        st.query_params[word] = chosen
    else:
        st.query_params.pop(word, None)
    return chosen


def _swap(a: str, b: str) -> None:
    _forget()
    st.query_params["a"], st.query_params["b"] = b, a


def _forget() -> None:
    """Another pair has other cells."""
    for word in OPENED:
        st.query_params.pop(word, None)


def _told(a: Entry, b: Entry) -> SideBySide | None:
    """What differs; None where it cannot be told, and why is said."""
    logs = [run.edits() for run in (a.run, b.run)]
    with_changes = True
    if any(logs):
        words = " and ".join(f"{len(log)} of {which}" for which, log in zip("AB", logs, strict=True) if log)
        with_changes = st.toggle(f"With my changes: {words}", True, key="changes", bind="query-params")
    stamp = json.dumps([[entry.status.revision, log] for entry, log in zip((a, b), logs, strict=True)])
    try:
        return _side_by_side(str(a.run.path), str(b.run.path), str(workspace.settings().home), stamp, with_changes)
    except VitrineError as problem:
        st.warning(f"{plain(problem.message)} {plain(problem.hint)}", icon=":material/compare_arrows:")
        return None


@st.cache_resource(max_entries=8, show_spinner="Setting them side by side")
def _side_by_side(a: str, b: str, home: str, stamp: str, with_changes: bool) -> SideBySide:
    del stamp
    return diffing.side_by_side(Run(Path(a)), Run(Path(b)), Path(home), with_changes)


def _costs(told: SideBySide) -> None:
    """What each was asked, by whom, and what it cost."""
    columns = st.columns(2, gap="medium")
    for place, which, run, status in zip(columns, "AB", (told.a, told.b), told.costs, strict=True):
        with place, st.container(border=True, height="stretch"):
            request = run.request
            title = request.params.get("criterion", {}).get("name", request.analysis)
            who = " · ".join(dict.fromkeys(spec.label for spec in request.models.values()))
            st.markdown(f"**{which} · {plain(title)}** :gray[{plain(_choices(run))}]")
            st.caption(f"{plain(who)} · {_cost(status)}")
            st.page_link(f"{request.analysis}.py", label=f"Open run {run.id[:8]}", query_params={"run": run.id})


def _choices(run: Run) -> str:
    return ", ".join([run.request.selection, *run_panel.choices(run.request.params)])


def _cost(status: Status) -> str:
    return run_panel.cost_line(status)


def _tables(told: SideBySide) -> None:
    with st.container(horizontal=True):
        for name, rows in told.module.tables(told.diff).items():
            text = lambda rows=rows: csv_text(rows).encode("utf-8", "replace")  # noqa: E731
            file = f"{name}-{told.a.id}-{told.b.id}.csv"
            st.download_button(
                f"{name}.csv", text, file, "text/csv", key=f"csv_{name}", on_click="ignore", icon=":material/download:",
                disabled=not rows,
            )  # fmt: skip


def _name(entry: Entry, cards: Mapping[str, str]) -> str:
    return f"{entry.title} · {', '.join(runs_filter.about(entry, cards))} · {entry.id[:6]}"
