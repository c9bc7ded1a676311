"""Coarser and finer: the tree of names, cuts of it that are known, and one question for another cut."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from pydantic import TypeAdapter

from engine.analyses.clusters import Params, Result, tree
from engine.charts.clusters import icicle
from engine.gallery import Gallery
from engine.jobs.asking import told
from engine.store.runs import Run
from pages.parts import cluster_carrying, run_panel, workspace
from pages.parts.workspace import plain


def draw(run: Run, result: Result, gallery: Gallery) -> None:
    """The slider, what it asks, and the tree. `result` is as the models left it."""
    n = len(result.natural)
    if n < 3:
        return
    here = _level(run, result)
    known = _known(run, result, gallery)
    slider, words = st.columns([2, 3], vertical_alignment="bottom", gap="medium")
    k = slider.slider("Coarse to fine", 2, n, here, key=f"granularity_{run.id}", help="How many clusters")
    with words:
        if k in known and k != here:
            cluster_carrying.carry(run, known[k])
            run_panel.open_run(known[k].id)
        elif k == here:
            others = [f"**{k}**" if k == here else f"{k}" for k in sorted({*known, here})]
            st.caption(f"Known at once: {', '.join(others)}. Any other number asks one question, and no picture.")
        else:
            _ask(run, result, gallery, k, here)
    with st.expander("Which names join"):
        _tree(result, [workspace.result(one) for k, one in sorted(known.items(), reverse=True)])


def _ask(run: Run, result: Result, gallery: Gallery, k: int, here: int) -> None:
    """The price of a cut that nobody asked for yet, and its button."""
    params = TypeAdapter(Params).validate_python(run.request.params)
    way = (*params.via, here) if result.joins else (result.finest,)
    wanted = replace(params, k=str(k), via=tuple(level for level in way if level > k))
    request = replace(run.request, params=told(wanted))
    with st.container(horizontal=True, vertical_alignment="center"):
        slot = st.container(width="content")
        st.caption(f":material/contact_support: {k} clusters: asks one question", width="content")
    carry = lambda new: cluster_carrying.carry(run, new)  # noqa: E731
    run_panel.price_and_run(request, gallery, wanted, slot, key="run_cut", label=f"Ask for {k}", then=carry)


def _known(run: Run, result: Result, gallery: Gallery) -> dict[int, Run]:
    """Finished runs of the same tree by their number of clusters, as far as they nest with this one."""
    mine, found = run.request, dict[int, Run]()
    same = lambda request: replace(request, selection="", params={**request.params, "k": "", "via": ()})  # noqa: E731
    for other, _ in workspace.runs_of(gallery):
        if other.id == run.id or same(other.request) != same(mine) or not other.result_path().exists():
            continue
        its = workspace.result(other)
        if tree.nests(result, its):
            found.setdefault(_level(other, its), other)
    return found


def _level(run: Run, result: Result) -> int:
    """The number of clusters that a run stands for: as many as asked for, though some may be empty."""
    names = set(result.joins[-1].values()) if result.joins else result.natural
    return min(max(2, len(names)), len(result.natural))


def _tree(result: Result, others: list[Result]) -> None:
    levels = tree.levels(result, others)
    if len(levels) < 2:
        st.caption(
            "These are the natural names; nothing is joined. Coarser levels appear here once they are asked for."
        )
        return
    st.plotly_chart(icicle(levels, tree.sizes(result)), config={"displayModeBar": False})
    for name, parts in tree.joined(levels[0], levels[1]).items():
        if len(parts) > 1:
            st.caption(f"**{plain(name)}** ← {plain(', '.join(parts))}")
