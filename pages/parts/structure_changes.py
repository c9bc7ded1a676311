"""A person's changes of a finished structure run: made, shown, hidden, taken back, made once more, taken over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from engine.analyses.structure import OTHER, Dimension, Result, edits
from engine.errors import RunError
from engine.gallery import Gallery
from engine.store.runs import Run
from engine.typed import read_names
from pages.parts import edit_log, workspace
from pages.parts.workspace import plain

_NEW = "a new one"
_KINDS = {"rename": "rename or merge", "split": "split by words", "move": "move to another dimension", "drop": "drop"}
_WHICH = {
    "rename": "Attributes (none: the dimension itself)",
    "split": "Attribute",
    "move": "Attribute",
    "drop": "Attribute (none: the dimension itself)",
}
_TO = {"rename": "Call it, or merge them into", "split": "Into those whose descriptions say (with commas)"}


@st.cache_resource(max_entries=24, show_spinner=False)
def applied(run_id: str, revision: int, path: str, log: str) -> edits.Edited:
    """A run's result with the changes of a log (as JSON)."""
    del run_id
    return edits.apply(workspace.result(Run(Path(path)), revision), json.loads(log))


def shown(run: Run) -> tuple[edits.Edited, int, int]:
    """The result with the changes that are shown, how many these are, and how many there are."""
    log, total = edit_log.shown(run)
    return applied(run.id, run.status.revision, str(run.path), json.dumps(log)), len(log), total


def bar(run: Run, edited: edits.Edited, n: int, total: int, gallery: Gallery) -> None:
    """How many changes are shown; without them, with them, the last one back; those of an earlier run."""
    _take_over(run, gallery)
    for note in edited.notes:
        st.info(plain(note), icon=":material/info:")
    more = (
        f" · of {a.n} assignments you looked at {a.right} were right [{a.low:.0%}, {a.high:.0%}]"
        if (a := edited.accuracy)
        else ""
    )
    edit_log.bar(run, n, total, more)


def change(run: Run, result: Result, one: Dimension, key: str) -> None:
    """Rename a dimension or one of its attributes; merge, split, move or drop some."""
    names, others = [a.name for a in one.attributes], [d.name for d in result.dimensions if d.name != one.name]
    with st.popover("Change", type="tertiary", key=f"{key}_pop_{len(run.edits())}"):
        kinds = [kind for kind in _KINDS if others or kind != "move"]
        kind = st.selectbox("What", kinds, format_func=_KINDS.__getitem__, key=f"{key}_kind")
        some = st.multiselect(_WHICH[kind], names, key=f"{key}_some")
        if kind == "move":
            to = st.selectbox("To", others, key=f"{key}_other")
        elif kind == "drop":
            to = ""
            st.caption("Its pictures become *other*." if some else "The whole dimension goes.")
        else:
            to = st.text_input(_TO[kind], key=f"{key}_to", max_chars=200)
        if st.button("Change", type="primary", key=f"{key}_do"):
            _make(run, result, one, kind, some, str(to))


def _make(run: Run, result: Result, one: Dimension, kind: str, some: list[str], to: str) -> None:
    edit: dict[str, Any] = {"kind": kind, "dimension": one.name, "attribute": some[0] if some else "", "to": to}
    if kind == "rename" and len(some) > 1:
        edit = {"kind": "merge", "dimension": one.name, "attributes": some, "into": to}
    elif kind == "split":
        edit = edits.by_words(result, one.name, edit["attribute"], read_names(to))
    if kind != "rename" and len(some) > 1:
        st.error("Choose one attribute.")
    else:
        add(run, edit)


def assign(run: Run, result: Result, file: str, key: str) -> None:
    """Say what is true of one picture: right as it is, or another attribute."""
    row = next(row for row in result.rows if row.file == file)
    for i, one in enumerate(result.dimensions):
        now = row.values.get(one.name, ())
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":small[{plain(one.name)}: **{plain(', '.join(now) or 'not said')}**]", width="stretch")
            if st.button(":material/check:", key=f"{key}_right_{i}", type="tertiary", help="It is right"):
                add(run, {"kind": "assign", "files": [file], "dimension": one.name, "attributes": list(now)})
            with st.popover(":material/edit:", type="tertiary"), st.form(f"{key}_form_{i}", border=False):
                names = [a.name for a in one.attributes]
                some = st.multiselect("It is", [*names, OTHER], [a for a in now if a in names], key=f"{key}_some_{i}")
                new = st.text_input(_NEW, key=f"{key}_new_{i}", max_chars=60)
                if st.form_submit_button("Say so", type="primary"):
                    told = [*some, *([new.strip()] if new.strip() else [])]
                    add(run, {"kind": "assign", "files": [file], "dimension": one.name, "attributes": told})


def _take_over(run: Run, gallery: Gallery) -> None:
    """Corrections of the newest earlier run that has some, offered where this one has none yet."""
    if run.edits():
        return
    for other, _ in workspace.runs_of(gallery, "structure"):
        corrections = [e for e in other.edits() if e.get("kind") == "assign"] if other.id != run.id else []
        if corrections:
            words = f"Take over {len(corrections)} corrections of the run before"
            if st.button(words, key="take_over", icon=":material/history_edu:", type="tertiary"):
                for edit in corrections:
                    run.add_edit({k: v for k, v in edit.items() if k not in ("n", "at")})
                st.rerun()
            return


def can(result: Result, edit: dict[str, Any]) -> bool:
    """Whether a change can be made of this result."""
    return not edits.apply(result, [edit]).notes


def take_in(run: Run) -> None:
    """A structure that was written out, in place of what is there: a change like any other."""
    loaded = st.file_uploader("A structure as JSON", "json", key=f"load_{len(run.edits())}", max_upload_size=200)
    if loaded is None:
        return
    try:
        add(run, edits.read(loaded.getvalue().decode("utf-8", "replace")))
    except RunError as problem:
        st.error(f"{plain(problem.message)} {plain(problem.hint)}")


def add(run: Run, edit: dict[str, Any]) -> None:
    """Make a change and draw the page anew, or say why it cannot be made."""
    log = run.edits()
    before = edits.apply(workspace.result(run), log)
    after = edits.apply(workspace.result(run), [*log, edit])
    if len(after.notes) > len(before.notes):
        st.error(plain(after.notes[-1].partition(": ")[2]))
        return
    edit_log.add(run, edit)
