"""What pages read: settings, galleries, runs and results, each cached by its name (never by content or array)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import streamlit as st

from engine import settings as engine_settings
from engine.gallery import Gallery, GalleryCard, load_gallery, recent, uploads
from engine.gallery.addresses import signature
from engine.jobs.execute import read_result
from engine.models import profiles
from engine.settings import Settings
from engine.store.runs import Run, Runs, Status


def settings() -> Settings:
    """The settings in force, read anew each time: five small files at most."""
    return engine_settings.load()


def runs() -> Runs:
    """All runs of the workspace."""
    return Runs(settings().home)


def asked() -> list[tuple[Run, Status]]:
    """Every run with its status, newest first, as far as it can still be told what was asked."""
    return [(run, status) for run, status in runs().all() if not run.is_damaged]


def galleries() -> list[GalleryCard]:
    """Galleries opened before, newest first, as far as their folders may be opened now."""
    config, bound_to = settings(), st.get_option("server.address") or ""
    return [
        card
        for card in recent(config.home)
        if profiles.is_postcards(card.root) or uploads.is_allowed(card.root, config, bound_to)
    ]


def gallery(fingerprint: str) -> Gallery:
    """An opened gallery by its fingerprint."""
    return _gallery(fingerprint, str(settings().home))


def result(run: Run, revision: int = 0) -> Any:  # noqa: ANN401  the analysis' Result
    """A finished run's result, the newest revision by default."""
    return _result(run.id, revision or run.status.revision, str(run.path))


def address(hash: str, kind: str = "thumb.webp") -> str:
    """The signed address of a picture; `kind` is thumb.webp or full.webp."""
    user = str(getattr(st.user, "email", "") or "")
    here = urlsplit(st.context.url or "http://localhost:8501")
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    root = f"{here.scheme}://{here.netloc}" + (f"/{base}" if base else "")
    key = signature(settings().home, hash, user)
    return f"{root}/pictures/{hash}/{kind}?k={key}" + (f"&u={quote(user)}" if user else "")


def plain(text: str) -> str:
    """Any text as Markdown that shows just that text: nothing in it is markup, a link, a picture or a directive."""
    # A word joiner keeps addresses, e-mails and :names: from being read as links and icons.
    joined = re.sub(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", "\u2060", " ".join(text.split()))
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])", r"\\\1", joined)


@st.cache_resource(max_entries=4, show_spinner=False)
def _gallery(fingerprint: str, home: str) -> Gallery:
    return load_gallery(fingerprint, Path(home))


@st.cache_resource(max_entries=8, show_spinner=False)
def _result(run_id: str, revision: int, path: str) -> Any:  # noqa: ANN401
    del run_id
    return read_result(Run(Path(path)), revision)
