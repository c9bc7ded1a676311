"""A finished typicality run: the wall of pictures under their maps, elements, boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial as partial_of

import numpy as np
import streamlit as st

from engine.analyses.typicality import Result, Row
from engine.charts.typicality import scale_of
from engine.gallery import Gallery
from engine.jobs.typical import Kept
from engine.report import typicality as findings
from engine.store.runs import Run, Status
from pages.parts import run_panel, typicality_elements, typicality_kept, typicality_one, typicality_places
from pages.parts.export import export
from pages.parts.set_maker import save_as_set
from pages.parts.share import share_picture
from pages.parts.typicality_card import card, is_unsure
from pages.parts.wall import Hung, plain_wall, wall
from pages.parts.workspace import legible, plain

_PAGE = 18  # pictures
_ORDERS = ("most typical", "least typical", "at random")


def draw(run: Run, status: Status, gallery: Gallery) -> None:
    """Everything below the form."""
    result = run_panel.result(run)
    if result is None:
        return
    run_panel.warn_of_strangers(run, gallery)
    _head(run, result)
    for note in (*status.notes, *result.notes):
        st.caption(f":material/info: {plain(note)}")
    labels = list(dict.fromkeys(row.label for row in result.rows))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = _view()
        several = len(labels) > 1 and view in ("wall", "elements")
        label = (
            str(st.selectbox("Label", labels, key="typical_label", bind="query-params", width=200))
            if several
            else labels[0]
        )
    told = typicality_kept.of(run)
    if view == "wall":
        _wall(run, result, label, told, gallery)
    elif view == "elements":
        typicality_elements.draw(run, result, label, told, gallery)
    elif view == "boxes":
        typicality_places.draw(run, told, gallery)
    else:
        typicality_one.draw(run)
    st.caption(f"{plain(run.request.models['denoiser'].label)} · run {run.id} · {run_panel.cost_line(status)}")


def partial(told: dict) -> None:
    """The most typical pictures of a run that goes on, or was stopped."""
    st.caption(f"After up to {told['draws']} draws, {told['pictures']:,} of {told['of']:,} pictures looked at:")
    st.dataframe(
        [{"picture": r["file"], "label": r["label"], "T": f"{r['typicality']:+.4f} [{r['low']:+.4f}, {r['high']:+.4f}]"}
         for r in told["rows"]],
        hide_index=True,
    )  # fmt: skip


def _head(run: Run, result: Result) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        told = f"### {len(result.rows):,} pictures, {len(result.elements)} elements"
        if result.accuracy is not None:
            told += f" :gray[· the own label has the largest T in {result.accuracy:.1%}]"
        st.markdown(told, width="stretch")
        export(run)


def _view() -> str:
    names = {"wall": "Pictures", "elements": "Elements", "boxes": "Boxes", "one": "Any picture"}
    now = st.query_params.get("part", "wall")
    now = now if now in names else "wall"
    said = st.segmented_control(
        "View",
        list(names),
        default=now,
        format_func=names.__getitem__,
        key="typical_view",
        label_visibility="collapsed",
    )  # fmt: skip
    said = said or now
    if said != now:
        st.query_params["part"] = said
    return said


def _wall(run: Run, result: Result, label: str, told: Kept, gallery: Gallery) -> None:
    """Pictures of a label in order, each under its map: one scale for all."""
    rows = [row for row in result.rows if row.label == label and not row.why]
    maps = told.ranking()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.segmented_control("Order", _ORDERS, default=_ORDERS[0], key="typical_order", bind="query-params")
        opacity = st.slider(
            "Map over the picture", 0.0, 1.0, 0.75, 0.05, key="typical_opacity", bind="query-params", width=220
        )
        pages = max(1, -(-len(rows) // _PAGE))
        page = (
            int(st.number_input(f"Page, 1 to {pages}", 1, pages, 1, key="typical_page", bind="query-params", width=110))
            if pages > 1
            else 1
        )
        share_picture(run, partial_of(findings.wall, label=label), f"typical {label}")
        save_as_set(gallery, [r.file for r in rows], f"typical of {label}, run {run.id}", "typical", f"{label}, by T")
    if order == _ORDERS[1]:
        rows = rows[::-1]
    elif order == _ORDERS[2]:
        rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows)).tolist()]
    st.caption(
        f":material/palette: :green[teal] where “{plain(told_words(result, label))}” helps, :orange[orange] where it "
        f"misleads; full colour at ±{scale_of(list(maps.values())):.3f}. Below each: T with 95 %."
    )
    scale, shown = scale_of(list(maps.values())), rows[(page - 1) * _PAGE : page * _PAGE]
    opened = next((row for row in rows if row.file == st.query_params.get("picture", "")), None)
    there = opened is not None and opened.file in gallery.by_name
    main, side = st.columns([2, 1], gap="medium") if there else (st.container(), None)
    with main:
        if said := _hung(shown, maps, scale, opacity, gallery, opened.file if opened else ""):
            st.query_params["picture"] = said
            st.rerun()
    if side and opened:
        with side:
            card(opened, told, gallery)


def told_words(result: Result, label: str) -> str:
    """What the model was told of a label."""
    return result.template.replace("{}", label)


def _hung(
    rows: Sequence[Row], maps: Mapping[str, np.ndarray], scale: float, opacity: float, gallery: Gallery, chosen: str
) -> str | None:
    """The wall, or the same without our JavaScript; the name of the picture that was opened."""
    for row in rows:
        if row.file not in gallery.by_name:
            st.caption(f"{plain(row.file)} is not here any more.")
    here = [row for row in rows if row.file in gallery.by_name]
    hung = []
    for row in here:
        best = max(row.posterior, key=row.posterior.__getitem__, default="")
        alt = legible(f"{row.file}, T {row.typicality:+.4f}, 95 % from {row.low:+.4f} to {row.high:+.4f}")
        hung.append(
            Hung(
                gallery.by_name[row.file],
                maps.get(row.file),
                f"{row.typicality:+.4f}",
                f"[{row.low:+.4f}, {row.high:+.4f}]",
                alt,
                is_unsure(row),
                f"{best} {row.posterior[best]:.0%}" if best else "",
            )
        )
    if "plain" not in st.query_params:
        return wall(hung, "typical_wall", scale, opacity, chosen)
    return plain_wall(hung, scale, opacity)
