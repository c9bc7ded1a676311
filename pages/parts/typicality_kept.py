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
from engine.jobs.asking import chosen
from engine.jobs.typical import Kept, kept
from engine.store.runs import Run
from pages.parts import workspace


def of(run: Run) -> Kept:
    """Maps and features of a run, from the store."""
    return _kept(run.id, str(run.path))


def small(picture: Picture) -> Image.Image | None:
    """A picture's thumbnail; None where it cannot be read."""
    config = workspace.settings()
    try:
        with Image.open(thumbnail(config.home, picture.hash, config.max_pixels)) as opened:
            return opened.convert("RGB")
    except (VitrineError, OSError):
        return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _kept(run_id: str, path: str) -> Kept:
    del run_id
    run = Run(Path(path))
    request = run.request
    params = TypeAdapter(Params).validate_python(request.params)
    part = chosen(workspace.gallery(request.gallery), request.members)
    return kept(part, params, request.models["denoiser"], workspace.settings(), request.seed)
