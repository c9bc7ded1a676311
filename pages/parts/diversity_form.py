"""What a diversity run can be asked: parts to compare, a core-set and its rules, a threshold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.analyses.diversity import Params
from engine.analyses.diversity.coreset import METHODS
from engine.analyses.diversity.rows import PARTS
from engine.errors import SettingsError
from engine.gallery import Gallery
from engine.gallery import columns as own
from engine.store.runs import Run
from pages.parts import run_panel, workspace
from pages.parts.shut_fields import fill, first, key

_NOTHING, _SETS = "nothing", "saved sets"


def form(gallery: Gallery) -> tuple[Params | None, DeltaGenerator]:
    """What is asked, None where it makes no sense yet; also the place of the Run button."""
    found = workspace.sets_of(gallery)
    texts, numbers = _columns(gallery.fingerprint)
    parts = [_NOTHING, *([_SETS] if found else []), *texts, *numbers]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):  # it wraps where the page is narrow
        by = st.selectbox("Compare, at equal size, by", parts, key="diversity_by", width=220)
        coreset = st.number_input(
            "Core-set", 0, len(gallery), key="diversity_coreset", width=140, help="So many pictures; 0: none."
        )
        method = st.selectbox("Chosen by", METHODS, key="diversity_method", width=180)
        more = st.popover("More")
        button = st.container(width="content")
    by_id = {one.id: one for one in found}
    name = lambda id: f"{by_id[id].name} · {len(by_id[id]):,}" if id else _NOTHING  # noqa: E731
    with more:
        said = st.text_input(
            "Duplicates from a cosine of", first("diversity", "threshold", ""), key=key("diversity", "threshold"),
            placeholder="as the model's card says",
        )  # fmt: skip
        at = st.number_input(
            "Pictures of each part (0: as many as the smallest has)", 0, None, first("diversity", "at", 0),
            key=key("diversity", "at"),
        )  # fmt: skip
        balanced = st.toggle(
            "As many of each label in the core-set", first("diversity", "balanced", False),
            key=key("diversity", "balanced"),
        )  # fmt: skip
        weights = _select("Weights of pictures", "weights", [_NOTHING, *numbers])
        pinned = _select("Must be in the core-set", "pinned", ["", *by_id], name)
        left_out = _select("Must not be in it", "left_out", ["", *by_id], name)
    chosen = []
    if by == _SETS:
        chosen = st.multiselect("Sets to compare", list(by_id), key="diversity_sets", format_func=name)
        if len(chosen) < 2:
            button.button("Run", type="primary", disabled=True, key="run", help="Choose two sets or more.")
            return None, button
    members = lambda id: by_id[id].members if id else ()  # noqa: E731
    try:
        return Params(
            threshold=_cosine(said),
            by="" if by in (_NOTHING, _SETS) else str(by),
            groups={by_id[id].name: by_id[id].members for id in chosen},
            at=int(at) or None,
            coreset=int(coreset),
            method=method or METHODS[0],
            balanced=balanced,
            weights="" if weights == _NOTHING else str(weights),
            pinned=members(pinned),
            left_out=members(left_out),
        ), button
    except SettingsError as problem:
        run_panel.refuse(button, "Run", problem)
        return None, button


def _select(label: str, name: str, options: list[str], format_func: Callable[[str], str] = str) -> str:
    """A field in the popover."""
    said = first("diversity", name, options[0])
    at = options.index(said) if said in options else 0  # a set may be gone meanwhile
    return st.selectbox(label, options, at, key=key("diversity", name), format_func=format_func)


def prefill(run: Run | None, gallery: Gallery) -> None:
    """The form says what the open run was asked; without one it keeps what was typed, for this gallery."""
    state, ids = st.session_state, {one.id for one in workspace.sets_of(gallery)}
    for field in (key("diversity", "pinned"), key("diversity", "left_out")):  # a set may be gone meanwhile
        if state.get(field, "") not in {"", *ids}:
            state[field] = ""
    state["diversity_sets"] = [id for id in state.get("diversity_sets", []) if id in ids]
    now, before = (gallery.fingerprint, run.id if run else ""), state.get("diversity_form_of", ("", ""))
    if "diversity_by" in state and (before == now or (run is None and before[0] == now[0])):
        return
    state["diversity_form_of"] = now
    texts, numbers = _columns(gallery.fingerprint)
    first = Params(by="label" if "label" in texts else "", coreset=min(60, len(gallery) // 10))
    asked = run.request.params if run else vars(first)
    by_members = {one.members: one.id for one in workspace.sets_of(gallery)}
    said, more = _said(asked, by_members, [*texts, *numbers])
    state.update({f"diversity_{name}": value for name, value in said.items()})
    fill("diversity", more)


def _said(
    asked: Any,  # noqa: ANN401
    by_members: dict[tuple[str, ...], str],
    known: list[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Params as the form's widgets hold them, and those of the popover; a set is found again by its members."""
    id_of = lambda names: by_members.get(tuple(names), "")  # noqa: E731
    sets = [id for names in asked["groups"].values() if (id := id_of(names))]
    by = asked["by"] if asked["by"] in known else _NOTHING
    said = {"by": _SETS if sets else by, "sets": sets, "coreset": asked["coreset"], "method": asked["method"]}
    return said, {
        "threshold": "" if asked["threshold"] is None else f"{asked['threshold']:g}",
        "at": asked["at"] or 0,
        "balanced": asked["balanced"],
        "weights": asked["weights"] if asked["weights"] in known else _NOTHING,
        "pinned": id_of(asked["pinned"]),
        "left_out": id_of(asked["left_out"]),
    }


def _cosine(text: str) -> float | None:
    """A number as typed; a word that is none is refused as a number out of range is."""
    text = text.strip().replace(",", ".")
    if not text:
        return None
    if not text.replace(".", "", 1).isdecimal():  # isdigit says yes to a raised 2, too
        raise SettingsError(f"{text!r} is no cosine.", "Give a number such as 0.8, or nothing.")
    return float(text)


@st.cache_resource(max_entries=8, show_spinner=False)
def _columns(fingerprint: str) -> tuple[list[str], list[str]]:
    """Columns of texts that some pictures share, and columns of numbers that differ."""
    gallery = workspace.gallery(fingerprint)
    texts, numbers = [], []
    for name in own.names(gallery):
        values = own.column(gallery, name)
        if own.is_number(values):
            if len(set(values[values == values].tolist())) > 1:
                numbers.append(name)
        elif 1 < len(set(values.tolist()) - {""}) <= PARTS:
            texts.append(name)
    return texts, numbers
