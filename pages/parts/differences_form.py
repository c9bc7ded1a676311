"""What a differences run can be asked: two sides, or each value of a column; a goal, statements of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.analyses.differences import Params, Side
from engine.errors import GalleryError, RunError, SettingsError
from engine.gallery import Gallery, sets
from engine.gallery import columns as own
from engine.jobs.comparing import THE_REST
from engine.store.runs import Run
from pages.parts import run_panel, sidebar, workspace
from pages.parts.shut_fields import fill, first, key

_TWO, _EACH = "Two sides", "Each against the rest"
_RUNS = 5  # of clusters, the newest, whose clusters are offered
_MOST = 40  # values of a column that are offered as sides


def form(gallery: Gallery) -> tuple[Params | None, DeltaGenerator]:
    """What is asked, None where it makes no sense yet; also the place of the button."""
    sides, texts = _sides(gallery), _columns(gallery.fingerprint)[0]
    said = lambda side: sides.get(str(side), str(side))  # noqa: E731
    mode = st.segmented_control(
        "Compare", [_TWO, _EACH], key="differences_mode", required=True, label_visibility="collapsed"
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):  # it wraps where the page is narrow
        by = a = b = ""
        if mode == _EACH:
            by = st.selectbox("Every value of", texts, key="differences_by", width=240, disabled=not texts)
        else:
            a = st.selectbox("A", list(sides), key="differences_a", width=280, format_func=said)
            b = st.selectbox("B", [THE_REST, *sides], key="differences_b", width=280, format_func=said)
        more = st.popover("More")
        button = st.container(width="content")
    with more:
        goal = st.text_input(
            "What you care about", first("differences", "goal", ""), key=key("differences", "goal"), max_chars=200,
            placeholder="lighting, not objects",
        )  # fmt: skip
        typed = st.text_area(
            "Test these, too, one a line", first("differences", "statements", ""),
            key=key("differences", "statements"), max_chars=2000,
        )  # fmt: skip
        paired = st.toggle(
            "Pairs: pictures of one name, or of one value of", first("differences", "paired", False),
            key=key("differences", "paired"),
        )  # fmt: skip
        columns = ["", *_columns(gallery.fingerprint)[1]]
        pair = st.selectbox(
            "Pairs by", columns, columns.index(first("differences", "pair", "")), key=key("differences", "pair"),
            format_func=lambda c: c or "file name", disabled=not paired,
        )  # fmt: skip
        describe = st.number_input(
            "Pictures of each side to describe", 0, 5000, first("differences", "describe", 0),
            key=key("differences", "describe"),
        )  # fmt: skip
        verify = st.number_input(
            "Pictures of each side to verify on", -1, 5000, first("differences", "verify", -1),
            key=key("differences", "verify"),
            help="A vision model is asked of so many whether a statement is true. -1: only where there is no matcher.",
        )  # fmt: skip
    try:
        words = {
            "goal": goal.strip(),
            "statements": tuple(dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip())),
            "describe": int(describe),
            "verify": None if verify < 0 else int(verify),
        }
        if mode == _EACH:
            return Params(by=str(by or ""), **words), button
        if not sides:
            mend = "Save a set on the Look page, or open a folder with labels."
            raise GalleryError("There is nothing to compare yet.", mend)
        part = sidebar.set_in_use(gallery)
        within = set(part.members) if part else {p.name for p in gallery.pictures}
        one = _members(gallery, str(a or "")) & within
        other = within - one if b == THE_REST else _members(gallery, str(b or "")) & within
        name = THE_REST if b == THE_REST else _name(sides, b)
        sides_asked = _side(gallery, _name(sides, a), one), _side(gallery, name, other)
        return Params(a=sides_asked[0], b=sides_asked[1], paired=paired, pair=str(pair or ""), **words), button
    except (SettingsError, GalleryError) as problem:
        run_panel.refuse(button, "Compare", problem)
        return None, button


def prefill(run: Run | None, gallery: Gallery) -> None:
    """The form says what the open run was asked; without one it keeps what was typed, for this gallery."""
    state, sides = st.session_state, _sides(gallery)
    now, before = (gallery.fingerprint, run.id if run else ""), state.get("differences_form_of", ("", ""))
    if "differences_mode" in state and (before == now or (run is None and before[0] == now[0])):
        for side, usual in (("a", next(iter(sides), "")), ("b", THE_REST)):  # a set may be gone meanwhile
            if state.get(f"differences_{side}", usual) not in {usual, *sides}:
                state[f"differences_{side}"] = usual
        return
    state["differences_form_of"] = now
    asked: Any = run.request.params if run else vars(Params(by="label"))
    said = {
        "mode": _TWO if asked["a"] or run is None else _EACH,
        "by": asked["by"],
        "a": _option(asked["a"], sides, next(iter(sides), "")),
        "b": _option(asked["b"], sides, THE_REST),
    }
    more = {
        "goal": asked["goal"],
        "statements": "\n".join(asked["statements"]),
        "paired": asked["paired"],
        "pair": asked["pair"],
        "describe": asked["describe"],
        "verify": -1 if asked["verify"] is None else asked["verify"],
    }
    texts, all_columns = _columns(gallery.fingerprint)
    if said["by"] not in texts:
        said["by"] = texts[0] if texts else None
    if more["pair"] not in all_columns:
        more["pair"] = ""
    state.update({f"differences_{name}": value for name, value in said.items()})
    fill("differences", more)


def _option(side: Any, sides: dict[str, str], other: str) -> str:  # noqa: ANN401
    """The choice that a run's side was: by its name."""
    if not side or side["name"] == THE_REST:
        return other
    return next((key for key in sides if _name(sides, key) == side["name"]), other)


def _name(sides: dict[str, str], key: str | None) -> str:
    """What a side is called in results: a set's or cluster's name, or COLUMN=VALUE."""
    said = sides.get(str(key), str(key))
    return said.rpartition(" · ")[0] or said


def _side(gallery: Gallery, name: str, members: set[str]) -> Side:
    if not members:
        raise GalleryError(f"There is no picture in {name}.", "Choose another side.")
    return Side(name, sets.in_order(gallery, members))


def _members(gallery: Gallery, key: str) -> set[str]:
    """Names of the pictures that a choice means."""
    kind, _, rest = key.partition(":")
    if kind == "set":
        return next((set(one.members) for one in workspace.sets_of(gallery) if one.id == rest), set())
    if kind == "cluster":
        id, _, cluster = rest.partition(":")
        run = next((run for run, _ in workspace.runs_of(gallery) if run.id == id), None)
        return {row.file for row in workspace.result(run).rows if row.cluster == cluster} if run else set()
    column, _, value = rest.partition("=")
    if column not in own.names(gallery):
        return set()
    values = own.column(gallery, column)
    return {gallery.pictures[i].name for i in own.among(values, np.arange(len(gallery)), value)}


def _sides(gallery: Gallery) -> dict[str, str]:
    """Everything that can be a side, with what it is called: values of columns, saved sets, clusters of runs."""
    found = dict(_values(gallery.fingerprint))
    found |= {f"set:{one.id}": f"{one.name} · {len(one):,}" for one in workspace.sets_of(gallery)}
    for run, _ in workspace.runs_of(gallery)[:_RUNS]:
        try:
            clusters = workspace.result(run).clusters
        except RunError:
            continue
        about = run.request.params["criterion"]["name"]
        found |= {f"cluster:{run.id}:{c.name}": f"{about}: {c.name} · {c.size:,}" for c in clusters if c.size}
    return found


@st.cache_resource(max_entries=8, show_spinner=False)
def _values(fingerprint: str) -> dict[str, str]:
    """Values of the columns that pictures share, the label's first."""
    gallery = workspace.gallery(fingerprint)
    everything, found = np.arange(len(gallery)), dict[str, str]()
    for name in _columns(fingerprint)[1]:
        values = own.column(gallery, name)
        for value in own.choices(values, everything)[:_MOST]:
            count = len(own.among(values, everything, value))
            found[f"column:{name}={value}"] = f"{name}={value} · {count:,}"
    return found


@st.cache_resource(max_entries=8, show_spinner=False)
def _columns(fingerprint: str) -> tuple[list[str], list[str]]:
    """Columns of a few texts, and all that may be a side, the label first."""
    gallery = workspace.gallery(fingerprint)
    texts, numbers = [], []
    for name in ("label", *(n for n in own.names(gallery) if n not in own.OWN)):
        values = own.column(gallery, name)
        if own.is_number(values):
            if len(set(values[values == values].tolist())) > 1:
                numbers.append(name)
        elif 1 < len(set(values.tolist()) - {""}) <= _MOST:
            texts.append(name)
    return texts, [*texts, *numbers]
