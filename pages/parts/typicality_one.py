"""How typical any picture is of each label: upload it, and the model of the run tells."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import streamlit as st

from engine.charts.typicality import overlay
from engine.errors import VitrineError
from engine.gallery import Picture
from engine.jobs import live
from engine.jobs.typical import keep_upload
from engine.store.runs import Run
from pages.parts import workspace
from pages.parts.live_wait import wait
from pages.parts.workspace import plain


def draw(run: Run) -> None:
    """The upload and what comes of it."""
    loaded = st.file_uploader(
        "Any picture",
        ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"],
        key="typical_one",
        max_upload_size=50,
    )
    if loaded is None:
        st.info(
            "Upload a picture: it is held against every label of this gallery.", icon=":material/add_photo_alternate:"
        )
        return
    try:
        picture = keep_upload(loaded.getvalue(), workspace.settings())
    except VitrineError as problem:
        said = re.sub("[0-9a-f]{64}", lambda _: loaded.name, problem.message)
        st.warning(f"{plain(said)} {plain(problem.hint)}")
        return
    words = {"run": run.id, "picture": picture.name}
    said = live.ask(workspace.settings().home, "typical", wait=3.0, **words)
    if said["state"] in ("working", "away"):
        wait("typical", words)
    elif said["state"] == "failed":
        st.warning(f"{plain(said['error'])} {plain(said['hint'])}")
    else:
        _answer(said["labels"], picture)


def _answer(told: list[dict[str, Any]], picture: Picture) -> None:
    left, right = st.columns([2, 3], gap="medium")
    with right:
        st.dataframe(
            [{"label": one["label"], "likeliest in": one["posterior"],
              "T": f"{one['typicality']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]"} for one in told],
            hide_index=True,
            column_config={"likeliest in": st.column_config.ProgressColumn(min_value=0, max_value=1, format="percent")},
        )  # fmt: skip
        if told[0]["low"] <= 0:
            st.info(
                "It is surely typical of none: what is likeliest is no better than no label.", icon=":material/help:"
            )
        st.caption("16 draws; *likeliest in* is how often, of 1,000 resamplings of them, the label has the largest T.")
    with left:
        names = [one["label"] for one in told]
        label = st.selectbox("Map of", names, key="typical_one_label")
        one = told[names.index(str(label))]
        values = np.frombuffer(base64.b64decode(one["map"]), "<f4").reshape(one["shape"])
        scale = float(np.quantile(np.abs(values), 0.99))
        st.image(overlay(picture.open(), values, scale, 0.7, side=480), width="stretch", alt=f"Map of {label}")
