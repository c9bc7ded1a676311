"""Pictures looked at one by one, by keyboard or mouse: the least sure, or some at random; and how right all of it is.

Every answer is a change in the run's log, a confirmation too, and can be taken back. The shortcuts are Streamlit's own;
they can be turned off, as Enter and the space bar then belong to what has the focus.
"""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from engine.analyses.clusters import Result, Row
from engine.analyses.clusters.checking import Checked, checked, in_random_order
from engine.analyses.shares import Accuracy
from engine.gallery import Gallery, Picture
from engine.store.runs import Run
from pages.parts import cluster_changes, edit_log, workspace
from pages.parts.picture_card import field
from pages.parts.workspace import address, plain

REVIEW, RANDOM = "review", "random"  # what is looked at, in the address
_SOME = 50  # pictures of the random sample, and more of it
_TITLES = {REVIEW: "The least sure", RANDOM: "At random"}
_HIGHEST, _WIDEST, _LARGER = 560, 680, 10  # pixels of the picture shown, and times that a small one is drawn larger


def how_right(run: Run, result: Result) -> None:
    """How right the models are, as far as somebody looked, and the two ways to look. `result` is the models' own."""
    told = _checked(run, result)
    with st.container(border=True):
        st.markdown("**How right is it?**")
        for kind, n, words in (
            (REVIEW, told.queue, _of_review(told)),
            (RANDOM, min(_SOME, len(_in_random_order(run))), _of_random(told)),
        ):
            if n:
                with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                    st.caption(words, width="stretch")
                    name = f"Look at the {n:,} least sure" if kind == REVIEW else f"Check {n:,} at random"
                    if st.button(name, key=f"check_{kind}", icon=":material/keyboard:"):
                        go(kind)


def go(kind: str) -> None:
    """Open the work."""
    _leave()
    st.query_params["check"] = kind
    st.rerun()


def _leave() -> None:
    for word in ("cluster", "picture", "of", "check"):
        st.query_params.pop(word, None)


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """The work that the address names, if it names some. `result` is as the models left it."""
    kind = st.query_params.get("check", "")
    if kind in _TITLES:
        st.dialog(_TITLES[kind], width="large", on_dismiss=_leave)(_work)(run, result, gallery, kind)


def _work(run: Run, result: Result, gallery: Gallery, kind: str) -> None:
    log = run.edits()
    words = (run.id, run.status.revision, str(run.path), json.dumps(log))
    now, rows = cluster_changes.applied(*words).result, cluster_changes.rows(*words)
    order = [file for file in _order(run, result, kind) if file in gallery.by_name and file in rows]
    if not order:
        st.info("There is nothing to look at here.", icon=":material/check:")
        return
    said = {file for file in order if rows[file].how == "person"}
    left = [file for file in order if file not in said]
    opened = st.query_params.get("picture", "")
    file = opened if opened in order else (left or order)[0]
    at = order.index(file)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(len(said) / len(order), text=f"{len(said)} of {len(order)} looked at · picture {at + 1}")
        st.toggle("Keys", True, key="keys", help="Off: Enter and space press what has the focus, as everywhere else.")
    if not left:
        told = _checked(run, result)
        st.success(f"All were looked at. {_of_review(told) if kind == REVIEW else _of_random(told)}")
        if kind == RANDOM and len(order) < len(_in_random_order(run)):
            more = f"{_SOME} more"
            st.button(more, key="more_random", on_click=_turn, args=("of", str(len(order) + _SOME)))
    picture, side = st.columns([3, 2], gap="medium")
    with picture:
        _shown(gallery.by_name[file], rows[file])
    with side:
        _facts(result, rows[file])
        later = [*order[at + 1 :], *order[:at]]
        then = next((f for f in later if f not in said), order[min(at + 1, len(order) - 1)])
        _choices(run, now, rows[file], kind, then)
        _ways(run, log, order, at, kind)


def _shown(picture: Picture, row: Row) -> None:
    larger = min(_HIGHEST / picture.height, _WIDEST / picture.width, _LARGER)
    width = max(1, int(picture.width * larger))
    st.image(address(picture.hash, "full.webp"), width=width, alt=f"{picture.name}: {row.description}")
    st.caption(plain(picture.name))


def _facts(result: Result, row: Row) -> None:
    """What was said of the picture, where the models put it, and why it is here."""
    if row.description:
        field("Description", row.description)
    first = (row.was if row.how == "person" else row.cluster) or "unassigned"
    field("Raw label → first choice", f"“{row.raw_label}” → {first}" if row.raw_label else first)
    if row.second:
        field("Second choice", row.second)
    if why := next((one.why for one in result.review if one.file == row.file), ""):
        field("Look here because", why)
    if row.how == "person":
        st.markdown(f":green-badge[:material/check: you said] {plain(row.cluster or 'unassigned')}")


def _choices(run: Run, now: Result, row: Row, kind: str, then: str) -> None:
    """Right as it is, one of the clusters, or none of them."""
    right = f"Right: {plain(row.cluster or 'it fits none')}"
    with st.container(horizontal=True, gap="small"):
        _answer(right, "right", "Enter", (run, row, row.cluster, kind, then), is_now=True)
        _answer("or", "right_too", "Space", (run, row, row.cluster, kind, then), wide=False)
    names = [c.name for c in now.clusters]
    with st.grid(2, gap="xsmall", min_column_width=110):
        for i, name in enumerate(names[:9], 1):
            second = " :gray[2nd choice]" if name == row.second else ""
            _answer(f"{plain(name)}{second}", str(i), str(i), (run, row, name, kind, then))
        _answer("unassigned", "none", "U", (run, row, "", kind, then))
    if names[9:]:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            other = st.selectbox("Another", names[9:], index=None, key=f"say_other_{row.file}")
            _answer("This one", "other", "O", (run, row, other, kind, then), wide=False)


def _answer(label: str, key: str, shortcut: str, args: tuple, is_now: bool = False, wide: bool = True) -> None:
    run, row, to, kind, then = args
    st.button(
        label,
        key=f"say_{key}",
        type="primary" if is_now else "secondary",
        shortcut=_key(shortcut),
        width="stretch" if wide else "content",
        disabled=to is None,
        on_click=_say,
        args=(run, row, to, kind, then),
    )


def _ways(run: Run, log: list[dict], order: list[str], at: int, kind: str) -> None:
    """To the one before, to the next, and the last answer taken back."""
    last = log[-1] if log and log[-1].get("check") == kind else {"files": [""]}
    ways = (
        ("Previous", "Left", order[at - 1] if at else "", _turn),
        ("Next", "Right", order[at + 1] if at + 1 < len(order) else "", _turn),
        ("Take back", "Z", last["files"][0], _undo),
    )
    with st.container(horizontal=True, gap="small"):
        for name, shortcut, to, go_there in ways:
            args = (run, to) if go_there is _undo else ("picture", to)
            key = f"go_{shortcut}"
            st.button(name, key=key, disabled=not to, shortcut=_key(shortcut), on_click=go_there, args=args)


def _key(shortcut: str) -> str | None:
    return shortcut if st.session_state.get("keys", True) else None


def _say(run: Run, row: Row, to: str, kind: str, then: str) -> None:
    models = row.was if row.how == "person" else row.cluster
    edit_log.keep(run, {"kind": "confirm" if to == models else "move", "files": [row.file], "to": to, "check": kind})
    _turn("picture", then)


def _undo(run: Run, file: str) -> None:
    run.drop_edit()
    _turn("picture", file)


def _turn(word: str, to: str) -> None:
    st.query_params[word] = to
    if word == "of":
        st.query_params.pop("picture", None)


def _order(run: Run, result: Result, kind: str) -> list[str]:
    if kind == REVIEW:
        return [one.file for one in result.review]
    said = st.query_params.get("of", "")
    return _in_random_order(run)[: max(_SOME, int(said)) if said.isdecimal() else _SOME]


@st.cache_resource(max_entries=8, show_spinner=False)
def _drawn(run_id: str, revision: int, path: str) -> list[str]:
    return in_random_order(workspace.result(Run(Path(path)), revision), run_id)


def _in_random_order(run: Run) -> list[str]:
    return _drawn(run.id, run.status.revision, str(run.path))


def _checked(run: Run, result: Result) -> Checked:
    log = run.edits()
    now = cluster_changes.applied(run.id, run.status.revision, str(run.path), json.dumps(log)).result
    return checked(result, now, log, _in_random_order(run))


def _of_review(told: Checked) -> str:
    if told.review is None:
        one = told.queue == 1
        some = "1 picture is" if one else f"{told.queue:,} pictures are"
        return f"{some} less sure than the rest; nobody looked at {'it' if one else 'them'} yet."
    return f"Of the {told.queue:,} least sure, {_share(told.review)}: of the rest this says nothing."


def _of_random(told: Checked) -> str:
    if told.random is None:
        return "A random sample tells how right all of it is; nobody looked at one yet."
    over = f", {told.passed_over} passed over" if told.passed_over else ""
    return f"At random, {_share(told.random)}{over}: an estimate for all pictures."


def _share(a: Accuracy) -> str:
    return f"{a.right} of {a.n} looked at were right, {a.right / a.n:.0%} [{a.low:.0%}, {a.high:.0%}]"
