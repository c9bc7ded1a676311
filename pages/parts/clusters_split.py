"""One cluster split in several: a question about its labels, or the tree; seen before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from engine.analyses.clusters import Result, Row
from engine.analyses.clusters.naming import normal
from engine.gallery import Gallery
from engine.jobs import live
from engine.report.cost import time_told
from engine.store.runs import Run
from pages.parts import cluster_changes, workspace
from pages.parts.grid import picture_grid
from pages.parts.workspace import plain

_TREE, _AUTO = "tree", "auto"  # in the address, beside numbers


def menu(run: Run, result: Result, name: str) -> None:
    """How a cluster is to be split: by what it was joined from, or by a question."""
    cluster = next(c for c in result.clusters if c.name == name)
    shown = st.query_params.get("split", "")  # in the key: a menu is shut once the parts are shown
    with st.popover("Split", key=f"menu_split_{len(run.edits())}_{shown}_{name}", on_change="rerun"):
        if len(cluster.parts) > 1:
            st.caption(f"Joined from {plain(', '.join(cluster.parts))}.")
            if st.button("Back into these: asks nothing", key=f"split_tree_{name}"):
                _go(_TREE)
        number = st.text_input("Into how many", _AUTO, key=f"split_k_{name}", help="A number, or auto: as many as fit.")
        k = number.strip()
        able = k == _AUTO or (k.isdecimal() and 2 <= int(k) <= 99)
        if st.button("See the parts: asks one question", key=f"split_ask_{name}", type="primary", disabled=not able):
            _go(k)


def cost_of_changes(run: Run) -> str:
    """What was asked and spent for splits of a run, made or not, in words; empty where nothing was."""
    since = run.asked_since()
    n, tokens = sum(since.asked.values()), since.tokens_in + since.tokens_out
    parts = [f"{n:,} chat question{'s' * (n != 1)}", f"{tokens:,} tokens"]
    parts += [] if since.money is None else [f"{since.money:.4g} money"]
    return " · ".join([*parts, time_told(since.seconds)]) if n else ""


def preview(run: Run, result: Result, gallery: Gallery, name: str, rows: Sequence[Row]) -> None:
    """The parts that the address asks for, with their pictures, before anything is changed."""
    wanted = st.query_params.get("split", "")
    if not wanted:
        return
    with st.container(border=True):
        edit = _from_tree(result, name) if wanted == _TREE else _asked(run, name, wanted)
        if edit is None:
            return
        _parts(gallery, edit, rows)
        with st.container(horizontal=True):
            if st.button("Split it so", type="primary", key="split_do"):
                st.query_params.pop("split", None)
                st.query_params.pop("cluster", None)
                cluster_changes.add(run, result, _renamed(edit))
            if st.button("Leave it whole", key="split_leave"):
                _go("")


def _go(wanted: str) -> None:
    st.query_params.pop("picture", None)
    st.query_params["split"] = wanted
    if not wanted:
        st.query_params.pop("split")
    st.rerun()


def _from_tree(result: Result, name: str) -> dict[str, Any] | None:
    parts = next((c.parts for c in result.clusters if c.name == name), ())
    return {"kind": "split", "cluster": name, "by": "part", "parts": {part: [part] for part in parts}}


def _asked(run: Run, name: str, wanted: str) -> dict[str, Any] | None:
    """The answer of the run's chat model; waited for where it takes time."""
    words = {"run": run.id, "cluster": name, "k": wanted if wanted.isdecimal() else ""}
    said = live.ask(workspace.settings().home, "split", wait=1.0, **words)
    if said["state"] == "done":
        asked = f"Splits of this run asked {cost}." if (cost := cost_of_changes(run)) else "Nothing was asked."
        st.caption(f"So {plain(said['by'])} would split **{plain(name)}**. Nothing is changed yet. {asked}")
        return {"kind": "split", "cluster": name, "parts": said["parts"]}
    if said["state"] in ("working", "away"):

        @st.fragment(run_every=1.0)
        def wait() -> None:
            again = live.ask(workspace.settings().home, "split", wait=0.3, **words)
            if again["state"] not in ("working", "away"):
                st.rerun()
            st.caption(f":material/hourglass_top: asking how to split {plain(name)}")

        wait()
    else:
        st.warning(f"{plain(said['error'])} {plain(said['hint'])}", icon=":material/call_split:")
    if st.button("Leave it whole", key="split_leave"):
        _go("")
    return None


def _parts(gallery: Gallery, edit: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """A card a part with its name, which can be changed, count and a few pictures; what stays comes last."""
    by_level = edit.get("by") == "part"
    of = {member: name for name, members in edit["parts"].items() for member in members}
    groups: dict[str, list[Row]] = {name: [] for name in edit["parts"]}
    for row in rows:
        groups.setdefault(of.get(row.part if by_level else normal(row.raw_label), ""), []).append(row)
    with st.grid(3, min_column_width=220):
        for i, (name, some) in enumerate(groups.items()):
            with st.container(border=True, height="stretch"):
                if name:
                    st.text_input("Name", name, key=f"split_name_{i}_{name}", label_visibility="collapsed")
                st.markdown(f":gray[{len(some):,}" + ("]" if name else f" stay in {plain(edit['cluster'])}]"))
                step = max(1, len(some) // 8)
                shown = [gallery.by_name[row.file] for row in some[::step][:8] if row.file in gallery.by_name]
                picture_grid(shown, f"split_few_{i}", across=4)
                if name and not by_level:
                    st.caption(plain(", ".join(edit["parts"][name][:8])))


def _renamed(edit: dict[str, Any]) -> dict[str, Any]:
    """The edit with the names that a person typed."""
    typed = lambda i, name: " ".join(st.session_state.get(f"split_name_{i}_{name}", name).split()) or name  # noqa: E731
    parts: dict[str, list[str]] = {}
    for i, (name, members) in enumerate(edit["parts"].items()):
        parts.setdefault(typed(i, name), []).extend(members)
    return edit | {"parts": parts}
