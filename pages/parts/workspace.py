"""What pages read: settings, galleries, runs and results, each cached by its name (never by content or array)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import streamlit as st

from engine import settings as engine_settings
from engine.errors import SettingsError
from engine.gallery import Gallery, GalleryCard, recent, sets, shared_gallery, uploads
from engine.gallery.addresses import picture_address
from engine.gallery.looking import Looks
from engine.gallery.looking import looks as read_looks
from engine.gallery.sets import PictureSet
from engine.jobs.execute import read_result
from engine.jobs.preparing import COLOURS, matcher_of
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.settings import Settings
from engine.store.history import Entry
from engine.store.history import history as read_history
from engine.store.runs import Run, Runs, Status


def settings() -> Settings:
    """The settings in force, read anew each time: five small files at most."""
    return engine_settings.load()


def runs() -> Runs:
    """All runs of the workspace."""
    return Runs(settings().home)


def history() -> list[Entry]:
    """Every run as lists show it, newest first; what has not changed is not read again."""
    return read_history(settings().home)


def asked() -> list[tuple[Run, Status]]:
    """Every run with its status, newest first, as far as it can still be told what was asked."""
    return [(entry.run, entry.status) for entry in history()]


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
    return shared_gallery(fingerprint, settings().home)


def result(run: Run, revision: int = 0) -> Any:  # noqa: ANN401  the analysis' Result
    """A finished run's result, the newest revision by default."""
    return _result(run.id, revision or run.status.revision, str(run.path))


def sets_of(gallery: Gallery) -> list[PictureSet]:
    """A gallery's sets, newest first; each file is read once."""
    found = [_set(str(path), path.stat().st_mtime_ns) for path in sets.files(settings().home)]
    return [one for one in found if one and one.root == gallery.root]


def matcher(gallery: Gallery) -> ModelSpec:
    """Whose vectors a gallery is searched and mapped by; measured colours where there is no matcher."""
    config = settings()
    try:
        return matcher_of(profiles.specs(config.models, config, gallery.root))
    except SettingsError:  # said in the sidebar; colours can be measured whoever answers
        return COLOURS


def places(gallery: Gallery, names: Iterable[str]) -> np.ndarray:
    """Places in the gallery of the pictures of these names, in the names' order; those that are gone are left out."""
    return np.array([gallery.index[name] for name in names if name in gallery.index], np.int64)


def looks(gallery: Gallery) -> Looks:
    """What was measured of a gallery's pictures so far."""
    home = settings().home
    written = [path.stat() for name in ("looks.sqlite", "looks.sqlite-wal") if (path := home / name).exists()]
    # Size and time: a reader leaves an empty log of writes behind, whose time says nothing.
    return _looks(gallery.fingerprint, str(home), tuple((s.st_size, s.st_mtime_ns) for s in written if s.st_size))


def runs_of(gallery: Gallery, analysis: str = "clusters") -> list[tuple[Run, Status]]:
    """Finished runs of an analysis of this gallery, newest first."""
    return [(entry.run, entry.status) for entry in entries_of(gallery, analysis)]


def entries_of(gallery: Gallery, analysis: str = "clusters") -> list[Entry]:
    """The same with what lists show of them: their requests are not read again."""
    return done_of(history(), gallery, analysis)


def done_of(entries: Iterable[Entry], gallery: Gallery, analysis: str) -> list[Entry]:
    """Finished runs of an analysis of this gallery among these, in their order."""
    wanted = gallery.fingerprint
    return [
        entry
        for entry in entries
        if (asked := entry.asked).gallery == wanted and asked.analysis == analysis and entry.status.state == "done"
    ]


def address(hash: str, kind: str = "thumb.webp") -> str:
    """The signed address of a picture; `kind` is thumb.webp or full.webp."""
    return root_address() + picture_address(settings().home, hash, kind, user())


def root_address() -> str:
    """Where this app is for who reads the page: absolute, and ends in /."""
    here = urlsplit(st.context.url or "http://localhost:8501")
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{here.scheme}://{here.netloc}/" + (f"{base}/" if base else "")


def user() -> str:
    """Who reads the page, where people log in; else empty."""
    return str(getattr(st.user, "email", "") or "")


def legible(text: str) -> str:
    """A text that can be sent: halves of surrogates, which the name of a file may hold, become question marks."""
    return text.encode("utf-8", "replace").decode()


def plain(text: str) -> str:
    """Any text as Markdown that shows just that text: nothing in it is markup, a link, a picture or a directive."""
    # A word joiner keeps addresses, e-mails and :names: from being read as links and icons.
    joined = re.sub(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", "\u2060", " ".join(legible(text).split()))
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])", r"\\\1", joined)


def size(n: float) -> str:
    """Bytes in words."""
    for unit in ("B", "KB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "B" or n >= 100 else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"


@st.cache_resource(max_entries=4, show_spinner=False)
def _places(fingerprint: str, home: str) -> dict[str, int]:
    return {p.name: i for i, p in enumerate(shared_gallery(fingerprint, Path(home)).pictures)}


@st.cache_resource(max_entries=200, show_spinner=False)
def _set(path: str, changed: int) -> PictureSet | None:
    del changed
    return sets.load(Path(path))


@st.cache_resource(max_entries=4, show_spinner=False)
def _looks(fingerprint: str, home: str, stamp: tuple[tuple[int, int], ...]) -> Looks:
    del stamp
    return read_looks(shared_gallery(fingerprint, Path(home)).pictures, Path(home))


@st.cache_resource(max_entries=24, show_spinner=False)
def _result(run_id: str, revision: int, path: str) -> Any:  # noqa: ANN401
    del run_id
    return read_result(Run(Path(path)), revision)
