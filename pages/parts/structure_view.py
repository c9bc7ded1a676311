"""A finished structure run: its tree, a cross table, balance, slices, deficits; the pictures of a cell."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.analyses.structure import Result
from engine.analyses.structure.telling import agreements, checks, mixes
from engine.charts import structure as charts
from engine.gallery import Gallery
from engine.report import structure as findings
from engine.store.runs import Run, Status
from pages.parts import (
    run_panel,
    structure_cell,
    structure_changes,
    structure_form,
    structure_missing,
    structure_review,
    structure_tables,
)
from pages.parts.export import export
from pages.parts.share import share_picture
from pages.parts.workspace import plain

_TALL = 12  # attributes from which a dimension scrolls


def draw(run: Run, status: Status, gallery: Gallery) -> None:
    """Everything below the form."""
    if run_panel.result(run) is None:
        return
    edited, n, total = structure_changes.shown(run)
    result = edited.result
    run_panel.warn_of_strangers(run, gallery)
    _head(run, result)
    for note in (*status.notes, *result.notes):
        st.caption(f":material/info: {plain(note)}")
    structure_changes.bar(run, edited, n, total, gallery)
    view = _view()
    _VIEWS[view][2](run, result, gallery)
    if result.unread:
        with st.expander(f"{len(result.unread):,} file{'s' * (len(result.unread) != 1)} not read"):
            st.dataframe([{"file": u.name, "why": u.reason} for u in result.unread], hide_index=True)
    who = " · ".join(f"{role} {plain(spec.label)}" for role, spec in run.request.models.items())
    st.caption(f"{who} · run {run.id} · {plain(run.request.selection)} · {run_panel.cost_line(status)}")


def _head(run: Run, result: Result) -> None:
    n = len(result.dimensions)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {n} dimension{'s' * (n != 1)} of {len(result.rows):,} pictures", width="stretch")
        share_picture(run, findings.tree, "dimensions")
        export(run)
        with st.popover("JSON in", icon=":material/upload:", key=f"json_in_{len(run.edits())}"):
            structure_changes.take_in(run)


def _view() -> str:
    """Which of the views is open, by the address; a row of buttons that open another."""
    now = st.query_params.get("part", "")
    now = now if now in _VIEWS else "tree"
    with st.container(horizontal=True, gap="xsmall"):
        for name, (title, icon, _) in _VIEWS.items():
            kind = "primary" if name == now else "secondary"
            if st.button(title, key=f"part_{name}", icon=icon, type=kind) and name != now:
                for word in ("picture", "cell"):
                    st.query_params.pop(word, None)
                st.query_params["part"] = name
                st.rerun()
    return now


def _tree(run: Run, result: Result, gallery: Gallery) -> None:
    """The tree beside a treemap or sunburst; the pictures of the attribute that is open."""
    said = st.query_params.get("cell", "")
    opened = next(
        ((d.name, a.name) for d in result.dimensions for a in d.attributes if f"{d.name}={a.name}" == said), None
    )
    if opened:
        structure_cell.pictures(run, result, gallery, (opened,))
    left, right = st.columns([2, 3], gap="medium")
    with right:
        _drawn(result)
        for words in checks(result)[:12]:
            st.caption(f":material/rule: {plain(words)}")
    with left:
        for i, one in enumerate(result.dimensions):
            votes = f"{one.votes} of {one.rounds} samples" if one.rounds else "given"
            sure = "" if one.is_sure else " · :orange[unsure]"
            with st.expander(
                f"**{plain(one.name)}** :gray[{votes}{sure}]", expanded=i < 3 or bool(opened and opened[0] == one.name)
            ):
                with st.container(gap=None, height=420 if len(one.attributes) > _TALL else "content"):
                    for k, a in enumerate(one.attributes):
                        words = f"{plain(a.name)} :gray[{a.count:,} · {a.share:.0%}]"
                        doubt = f"95 %: {a.low:.1%} to {a.high:.1%} of those that say something of it"
                        if st.button(
                            words, key=f"attribute_{i}_{k}", type="tertiary", disabled=not a.count, help=doubt
                        ):
                            st.query_params["cell"] = f"{one.name}={a.name}"
                            st.query_params.pop("picture", None)
                            st.rerun()
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.caption(f"other {one.other:,} · not said {one.not_said:,}", width="stretch")
                    structure_changes.change(run, result, one, f"change_{i}")
        st.button(
            "Edit these", icon=":material/edit:", key="edit_these",
            on_click=structure_form.use, args=(result.dimensions,),
            help="Puts them into “Dimensions of your own”: rename, join, drop, add, then run again. This run stays.",
        )  # fmt: skip
        _proposed(result)


def _drawn(result: Result) -> None:
    """The treemap or sunburst; a click opens the pictures."""
    told = {"plain": None, "labels": mixes(result), "agreement": agreements(result)}
    colours = [name for name, some in told.items() if some is None or some]
    with st.container(horizontal=True):
        kind = st.segmented_control(
            "Drawn as",
            ["treemap", "sunburst"],
            default="treemap",
            key="tree_kind",
            bind="query-params",
            label_visibility="collapsed",
        )
        by = st.segmented_control(
            "Coloured by", colours, default=colours[0], key="tree_colour", bind="query-params",
            label_visibility="collapsed",
            help="Labels: orange where one label has it alone, green where all have it alike. "
            "Agreement: orange where it comes out otherwise when it is sorted again.",
        )  # fmt: skip
    clicks = st.session_state.setdefault("tree_clicks", 0)  # a new key forgets what was clicked
    key = f"tree_{clicks}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        at = charts.named(result.dimensions, str(points[0].get("id", ""))) if points else None
        if at:
            st.query_params["cell"] = "=".join(at)
            st.query_params.pop("picture", None)
            st.session_state["tree_clicks"] = clicks + 1

    figure = charts.tree(result.dimensions, kind or "treemap", told[by or "plain"])
    st.plotly_chart(figure, key=key, config=structure_cell.PLAIN, on_select=clicked, selection_mode="points")


def _proposed(result: Result) -> None:
    left_out = [one for one in result.proposed if not one.is_kept]
    if left_out:
        with st.expander(f"{len(left_out)} more were proposed"):
            rows = [{"dimension": one.name, "votes": one.votes, "stability": round(one.stability, 2)}
                    for one in left_out]  # fmt: skip
            st.dataframe(pd.DataFrame(rows), hide_index=True)
            st.caption("To have one, name it under “Dimensions of your own” and run.")


_VIEWS = {
    "tree": ("Tree", ":material/account_tree:", _tree),
    "review": ("Review", ":material/rule:", structure_review.review),
    "cross": ("What goes together", ":material/grid_on:", structure_tables.cross),
    "slices": ("Slices", ":material/target:", structure_tables.failing),
    "deficits": ("Deficits", ":material/balance:", structure_missing.missing),
}
