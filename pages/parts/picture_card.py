"""One picture: full size, file, label, metadata, what was measured, what every run said of it."""

from __future__ import annotations

import json

import streamlit as st

from engine.gallery import Gallery, Picture
from pages.parts import cluster_changes, columns, search, workspace
from pages.parts.workspace import address, plain

_RUNS = 12  # the newest ones whose verdicts are shown


def facts(picture: Picture, gallery: Gallery) -> None:
    """The picture and what is known of it."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button(
            "More like this", key="like_picture", type="tertiary", icon=":material/image_search:",
            on_click=search.like, args=(picture.name,),
        )  # fmt: skip
        if st.button("Close", key="close_picture", type="tertiary", icon=":material/close:"):
            close()
    basics(picture)
    for name, value in picture.metadata.items():
        if value and len(value) < 300:
            field(name, value)
    _verdicts(picture, gallery)
    _measured(picture, gallery)


def basics(picture: Picture) -> None:
    """The picture, its file, size and label."""
    st.image(address(picture.hash, "full.webp"), width="stretch", alt=picture.name)
    field("File", picture.name)
    field("Size", f"{picture.width:,} × {picture.height:,} pixels")
    if picture.label:
        field("Label", picture.label)


def _verdicts(picture: Picture, gallery: Gallery) -> None:
    """What finished runs said: the cluster, with a way there, and the description."""
    for run, status in workspace.runs_of(gallery)[:_RUNS]:
        row = cluster_changes.rows(run.id, status.revision, str(run.path), json.dumps(run.edits())).get(picture.name)
        if row is None:
            continue
        field(f"by {run.request.params['criterion']['name']}", row.cluster or row.how)
        if row.description:
            st.caption(plain(row.description))
        if row.cluster and st.button("Open there", key=f"verdict_{run.id}", type="tertiary"):
            st.switch_page("clusters.py", query_params={"run": run.id, "cluster": row.cluster, "picture": row.file})


def _measured(picture: Picture, gallery: Gallery) -> None:
    place = workspace.places(gallery, [picture.name])[0]
    looks = workspace.looks(gallery)
    if looks.known[place]:
        said = [f"{name} {_short(getattr(looks, name)[place])}" for name in columns.MEASURED]
        field("Measured", " · ".join(said))


def _short(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def close() -> None:
    """Take the open picture out of the address."""
    st.query_params.pop("picture", None)
    st.rerun()


def field(name: str, value: str) -> None:
    """A small heading and its text; both are shown as they are."""
    st.markdown(f":small[:gray[{plain(name.upper())}]]  \n{plain(value)}")
