"""A finished clusters run: cards, one cluster opened, one picture opened, a person's changes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from engine.analyses.clusters import Result, Row, edits
from engine.charts.clusters import confusion
from engine.gallery import Gallery, Picture
from engine.report import clusters as findings
from engine.report.finding import Finding
from engine.report.source import Source
from engine.store.runs import Run, Status
from pages.parts import (
    cluster_changes,
    clusters_economy,
    clusters_review,
    clusters_split,
    clusters_tree,
    edit_log,
    run_panel,
    workspace,
)
from pages.parts.export import export
from pages.parts.grid import gallery_grid, picture_grid
from pages.parts.picture_card import close, field
from pages.parts.set_maker import save_as_set
from pages.parts.share import share_picture
from pages.parts.workspace import address, legible, plain

# Views that are no cluster; a cluster's name never begins with a tilde here.
_REVIEW, _UNASSIGNED, _UNANSWERED, _UNDECIDED = "~review", "~unassigned", "~unanswered", "~undecided"
_UNRELATED = 0.1  # mutual information with the labels below which how far they agree says nothing
_HOW = {
    "label": "by its label",
    "description": "by its description",
    "person": "by a person",
    "unassigned": "unassigned",
    "unanswered": "unanswered",
    "undecided": "undecided",
}


def draw(run: Run, status: Status, gallery: Gallery) -> None:
    """Everything below the form."""
    if run_panel.result(run) is None:
        return
    log, kept = run.edits(), edit_log.shown(run)[0]
    shown = len(kept)
    edited = cluster_changes.applied(run.id, status.revision, str(run.path), json.dumps(kept))
    result = edited.result
    view = st.query_params.get("cluster", "")
    groups = _groups(result)
    run_panel.warn_of_strangers(run, gallery)
    _head(run, status, result, log, shown, edited, gallery)
    if shown == len(log):
        clusters_review.draw(run, workspace.result(run), gallery)
    if view and view not in groups:
        st.info(f"There is no cluster {plain(view)} here any more: it was renamed, merged or taken back.")
    if view in groups:
        _group(run, result, gallery, view, groups[view], edited if shown == len(log) else None)
    else:
        clusters_tree.draw(run, workspace.result(run), gallery)
        _cards(run, edited, gallery, groups, can_change=shown == len(log))
        clusters_review.how_right(run, workspace.result(run))
        _evidence(run, result)
    models = run.request.models
    st.caption(
        f"Described by {plain(models['vision'].label)}, sorted by {plain(models['chat'].label)} · "
        f"run {run.id} · {len(result.rows):,} pictures ({plain(run.request.selection)}) · {run_panel.cost_line(status)}"
        + (f" · your changes: {cost}" if (cost := clusters_split.cost_of_changes(run)) else "")
        + (f" · revision {status.revision}" if status.revision > 1 else "")
    )


def _groups(result: Result) -> dict[str, list[Row]]:
    """Rows by view."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for cluster in result.clusters:
        groups[cluster.name] = []
    for row in result.rows:
        name = row.cluster or {"unanswered": _UNANSWERED, "undecided": _UNDECIDED}.get(row.how, _UNASSIGNED)
        groups[name].append(row)
    review = {r.file for r in result.review}
    if review - {row.file for row in groups.get(_UNASSIGNED, [])}:  # else it would be the same card twice
        groups[_REVIEW] = [row for row in result.rows if row.file in review]
    return dict(groups)


def _head(
    run: Run, status: Status, result: Result, log: list, shown: int, edited: edits.Edited, gallery: Gallery
) -> None:
    n = len(result.clusters)
    words = f"**{n} cluster{'s' * (n != 1)}** by {plain(result.criterion.name)}"
    a = result.agreement
    if a and a.nmi < _UNRELATED:
        words += " :gray[· the labels these pictures came with follow another question]"
    elif a:
        when = ", before your changes," if shown else ""
        most = "" if a.most is None else f", {a.most:.3f} at most with {len(a.clusters)} clusters"
        words += f" :gray[· agreement with the labels{when} {a.accuracy:.3f} [{a.low:.3f}, {a.high:.3f}]{most}]"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(words, width="stretch")
        share_picture(run, findings.overview, "clusters")
        export(run)
    if result.economy:
        st.markdown(clusters_economy.line(result.economy, bool(shown)))
    for note in (*status.notes, *result.notes, *edited.notes):
        st.info(plain(note), icon=":material/info:")
    cluster_changes.bar(run, log, shown, edited, gallery)


def _cards(run: Run, edited: edits.Edited, gallery: Gallery, groups: dict[str, list[Row]], can_change: bool) -> None:
    result = edited.result
    n = len(result.rows)
    with st.grid(3, min_column_width=240):
        for i, cluster in enumerate(result.clusters):
            rows = groups[cluster.name]
            with st.container(border=True, height="stretch"):
                _card_head(cluster.name, len(rows), n, f"card_{i}")
                st.progress(len(rows) / n)
                _few(gallery, rows, f"few_{i}", cluster.name)
                with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                    st.caption(plain(", ".join(list(cluster.labels)[:6])), width="stretch")
                    if can_change:
                        cluster_changes.pins(run, edited, cluster.name, f"card_{i}")
        for view in (_REVIEW, _UNDECIDED, _UNASSIGNED, _UNANSWERED):
            if groups.get(view):
                title = "to look at first" if view == _REVIEW else view[1:]
                with st.container(border=True, height="stretch"):
                    _card_head(title, len(groups[view]), n, f"card{view}", view, warm=True)
                    _few(gallery, groups[view], f"few{view}", view)
                    _card_words(run, result, view, can_change)


def _card_head(title: str, count: int, n: int, key: str, view: str = "", warm: bool = False) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        name = f":orange[**{plain(title)}**]" if warm else f"**{plain(title)}**"
        st.markdown(f"{name} :gray[{count:,} · {count / n:.1%}]", width="stretch")
        if st.button("Show all", key=key, type="tertiary", help=f"All pictures of {title}"):
            _open(view or title)


def _card_words(run: Run, result: Result, view: str, can_change: bool) -> None:
    if view == _UNASSIGNED and result.missing and can_change:
        cluster_changes.missing(run, result)
    elif view == _UNASSIGNED:
        yours = any(r.how == "person" and not r.cluster for r in result.rows)
        st.caption(f"Their answers fit none of the clusters{', or you put them here' if yours else ''}.")
    elif view == _UNDECIDED:
        clusters_economy.describe_more(run)
    elif view == _REVIEW:
        unsure = " Or likeness alone placed it, and is unsure." if result.economy else ""
        st.caption(f"Label and description disagree, or the label is rare, contested, or fits nowhere.{unsure}")
    elif st.button("Ask these again", key="ask_again"):
        workspace.runs().submit(run.request, run.status.budget, again=True)
        st.rerun()


def _few(gallery: Gallery, rows: Sequence[Row], key: str, view: str) -> None:
    """Eight pictures spread over the group; one clicked opens the group with it."""
    step = max(1, len(rows) // 8)
    shown = _pictures(gallery, rows[::step][:8])
    if clicked := picture_grid(shown, key, {r.file: r.description for r in rows}, across=4):
        _open(view, clicked)


def _open(view: str, picture: str = "") -> None:
    st.query_params["cluster"] = view
    st.query_params.pop("split", None)
    if picture:
        st.query_params["picture"] = picture
    else:
        st.query_params.pop("picture", None)
    st.rerun()


def _pictures(gallery: Gallery, rows: Sequence[Row]) -> list[Picture]:
    return [gallery.by_name[r.file] for r in rows if r.file in gallery.by_name]


def _group(run: Run, result: Result, gallery: Gallery, view: str, rows: list[Row], edited: edits.Edited | None) -> None:
    """One cluster, or one of the other views, whole; it can be changed only where all changes are shown (`edited`)."""
    title = "To look at first" if view == _REVIEW else view[1:].capitalize() if view.startswith("~") else view
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("All clusters", icon=":material/arrow_back:", type="tertiary", key="back"):
            for word in ("cluster", "picture", "split"):
                st.query_params.pop(word, None)
            st.rerun()
        st.markdown(f"### {plain(title)} :gray[{len(rows):,}]", width="stretch")
        for_set = st.container(width="content")
        share_picture(run, _finding(view), f"cluster {view}")
        if not view.startswith("~") and edited:
            cluster_changes.menu(run, result, view)
            clusters_split.menu(run, result, view)
            cluster_changes.pins(run, edited, view, "open")
        elif view == _REVIEW and edited and st.button("Work through them", icon=":material/keyboard:", key="work"):
            clusters_review.go(clusters_review.REVIEW)
    if not view.startswith("~") and edited:
        clusters_split.preview(run, result, gallery, view, rows)
    by_file = {row.file: row for row in rows}
    opened = st.query_params.get("picture", "")
    main, side = st.columns([3, 1.3], gap="medium") if opened in by_file else (st.container(), None)
    with main:
        if not view.startswith("~"):
            counts = Counter({label: n for c in result.clusters if c.name == view for label, n in c.labels.items()})
            st.caption(plain(" · ".join(f"{label} {n}" for label, n in counts.most_common(20))))
        words = {r.file: r.description or r.why or clusters_economy.by_likeness(r) for r in rows}
        places = workspace.places(gallery, [r.file for r in rows])
        grid = gallery_grid(gallery, places, f"grid_{view}", captions=words, size=110, chosen=opened)
        clicked = grid.opened
        if view.startswith("~"):
            _reasons(result, rows, view)
    with for_set:
        about = f"{grid.count:,} chosen by hand from: " if grid.count else ""
        names = grid.selected or [gallery.pictures[i].name for i in places]
        origin = f"{about}{title} by {result.criterion.name}, run {run.id}"
        save_as_set(gallery, names, origin, "group_set", "" if view.startswith("~") else view)
    if clicked:
        _open(view, clicked)
    if side:
        with side:
            _picture(run, result, gallery.by_name[opened], by_file[opened], can_change=edited is not None)


def _finding(view: str) -> Callable[[Source], Finding]:
    """What is shared of a view."""
    if view.startswith("~"):
        return findings.review if view == _REVIEW else findings.unassigned
    return partial(findings.cluster, name=view)


def _reasons(result: Result, rows: Sequence[Row], view: str) -> None:
    why = {r.file: r.why for r in result.review} if view == _REVIEW else {r.file: r.why for r in rows}
    table = [
        {"file": legible(r.file), "why": why.get(r.file, ""), "raw label": r.raw_label, "cluster": r.cluster}
        for r in rows
    ]
    st.dataframe(pd.DataFrame(table), hide_index=True)


def _picture(run: Run, result: Result, picture: Picture, row: Row, can_change: bool) -> None:
    """The card of one picture: what was said of it, where it went and why; a menu to move it."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Close", key="close_picture", type="tertiary", icon=":material/close:"):
            close()
    st.image(address(picture.hash, "full.webp"), width="stretch", alt=legible(f"{picture.name}: {row.description}"))
    field("File", row.file)
    if row.label:
        field("Label it came with", row.label)
    if row.description:
        field("Description", row.description + (" (cut off)" if row.cut else ""))
    place = row.cluster or row.how
    if row.how == "spread":
        field("Cluster", f"{place} ({clusters_economy.by_likeness(row)}; not described)")
    else:
        field("Raw label → cluster", f"“{row.raw_label}” → {place} ({_HOW[row.how]})" if row.raw_label else place)
    if row.how == "person" and row.was != row.cluster:
        field("The models' choice", row.was or "unassigned")
    if row.second:
        field("Second choice", f"{row.second}, by its description")
    if why := row.why or next((r.why for r in result.review if r.file == row.file), ""):
        field("Look here because", why)
    if not can_change:
        return
    cluster_changes.move(run, result, row)


def _evidence(run: Run, result: Result) -> None:
    """Agreement, coverage and the exact questions."""
    clusters_economy.evidence(result)
    if a := result.agreement:
        with st.expander("Agreement with the labels the pictures came with"):
            st.markdown(
                f"{a.n:,} labelled pictures: accuracy **{a.accuracy:.3f}** [{a.low:.3f}, {a.high:.3f}], "
                f"NMI {a.nmi:.3f}, ARI {a.ari:.3f}. Each row adds to 100 %."
            )
            share_picture(run, findings.confusion, "confusion")
            st.plotly_chart(confusion(a), key="confusion", config={"displayModeBar": False})
    with st.expander("The exact questions"):
        st.caption(f"Labels of {result.coverage:.1%} of the labelled pictures took part in the naming.")
        for task, told in result.prompts.items():
            st.caption(task)
            st.code(told, language=None, wrap_lines=True)
