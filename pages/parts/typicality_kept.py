"""What is kept of a typicality run, and small pictures to draw on."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from PIL import Image
from pydantic import TypeAdapter

from engine.analyses.typicality import Params
from engine.errors import VitrineError
from engine.gallery import Picture
from engine.gallery.thumbs import thumbnail
from engine.jobs.typical import Kept, of_run
from engine.store.runs import Run
from pages.parts import workspace

_PARAMS = TypeAdapter(Params)


def of(run: Run) -> Kept:
    """Maps and features of a run, from the store."""
    return _kept(run.id, str(run.path))


def written(params: Params) -> str:
    """What was asked as text, which a cache may keep things by."""
    return _PARAMS.dump_json(params).decode()


def read(text: str) -> Params:
    """What `written` was given."""
    return _PARAMS.validate_json(text)


def small(picture: Picture) -> Image.Image | None:
    """A picture's thumbnail; None where it cannot be read."""
    return small_of(picture.hash)


def small_of(hash: str) -> Image.Image | None:
    """The same by the hash of its content."""
    config = workspace.settings()
    try:
        with Image.open(thumbnail(config.home, hash, config.max_pixels)) as opened:
            return opened.convert("RGB")
    except (VitrineError, OSError):
        return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _kept(run_id: str, path: str) -> Kept:
    del run_id
    return of_run(Run(Path(path)), workspace.settings())
