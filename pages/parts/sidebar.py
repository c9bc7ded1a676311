"""The sidebar: gallery and set in use, who answers, what runs.

`gallery_in_use` and `set_in_use` are how pages know what they are about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from pathlib import Path

import numpy as np
import streamlit as st

from engine.errors import RunError, SettingsError
from engine.gallery import Gallery, GalleryCard
from engine.gallery.sets import PictureSet
from engine.models import profiles
from engine.settings import is_loopback
from engine.store.runs import ACTIVE
from pages.parts import workspace
from pages.parts.workspace import plain


def show() -> None:
    """Draw it, and settle which gallery is in use."""
    cards = workspace.galleries()
    if opened := st.session_state.pop("open_next", ""):
        use_gallery(opened)
    is_known = _follow_address({card.fingerprint for card in cards})
    _follow_run()
    with st.sidebar:
        _pick_gallery(cards)
        if not is_known:
            st.warning("The gallery in this address is not in this workspace: open its folder.")
        if gallery := gallery_in_use():
            if not Path(gallery.root).is_dir():
                st.warning("The pictures of this gallery are not here: open the folder that holds them, on Look.")
            _pick_set(gallery)
        _who_answers()
        _what_runs()


def gallery_in_use() -> Gallery | None:
    """The gallery chosen in the sidebar (or that of the run in the address), None while there is none."""
    fingerprint = st.session_state.get("gallery")
    return workspace.gallery(fingerprint) if fingerprint else None


def set_in_use(gallery: Gallery) -> PictureSet | None:
    """The set that pages ask about; None for the whole gallery."""
    id = st.session_state.get("set", "")
    return next((one for one in workspace.sets_of(gallery) if one.id == id), None) if id else None


def places_in_use(gallery: Gallery) -> np.ndarray:
    """Places in the gallery of the pictures in use, in order."""
    part = set_in_use(gallery)
    return np.arange(len(gallery)) if part is None else workspace.places(gallery, part.members)


def use_gallery(fingerprint: str) -> None:
    """Take another gallery into use; what is open of another one closes. Call it before the sidebar is drawn."""
    st.session_state["gallery"] = fingerprint
    of_a_run = ("run", "repeat", "cluster", "picture", "rev", "finding", "of", "cell", "element", "check", "split")
    for word in (*of_a_run, "set", "check", "q", "like"):
        st.query_params.pop(word, None)
    for word in ("set", "set_said", "look_words", "look_label", "look_sort", "look_group", "look_only"):
        st.session_state.pop(word, None)


def run_in_address(word: str = "run") -> str:
    """The id in `?run=` (or `?repeat=`), if it is one that exists and its gallery may be opened; else empty."""
    said = st.query_params.get(word, "")
    try:
        run = workspace.runs().get(said) if said else None
    except RunError:
        return ""
    here = {card.fingerprint for card in workspace.galleries()}
    return run.id if run and not run.is_damaged and run.request.gallery in here else ""


def first_run() -> str:
    """The oldest run of clusters, while the shipped gallery is the only one here: what a newcomer sees first."""
    cards = workspace.galleries()
    found = [entry.id for entry in workspace.history() if entry.asked.analysis == "clusters"]
    return found[-1] if len(cards) == 1 and profiles.is_postcards(cards[0].root) and found else ""


def _follow_address(known: Set[str]) -> bool:
    """Take the gallery that the address names, when it names another; whether it is one that is known here."""
    said = st.query_params.get("gallery", "")
    if not said or said == st.session_state.get("gallery_said"):
        return True
    st.session_state["gallery_said"] = said
    if said in known:
        st.session_state["gallery"] = said
    return said in known


def _follow_run() -> None:
    """A run that was just opened by its address brings its gallery along."""
    id = run_in_address() or run_in_address("repeat")
    if id and st.session_state.get("run_followed") != id:
        request = workspace.runs().get(id).request
        st.session_state["gallery"] = request.gallery
        its = workspace.sets_of(workspace.gallery(request.gallery))
        st.session_state["set_next"] = next((one.id for one in its if one.name == request.selection), "")
    st.session_state["run_followed"] = id


def _pick_gallery(cards: Sequence[GalleryCard]) -> None:
    st.caption("GALLERY")
    if not cards:
        _wait_for_the_first()
        return
    by_name = {card.fingerprint: card for card in cards}
    if st.session_state.get("gallery") not in by_name:
        st.session_state["gallery"] = cards[0].fingerprint
    st.selectbox(
        "Gallery",
        list(by_name),
        key="gallery",
        format_func=lambda f: gallery_name(by_name[f], cards),
        label_visibility="collapsed",
        on_change=_changed,
    )
    # The fingerprint, as a name may mean another gallery tomorrow.
    st.query_params["gallery"] = st.session_state["gallery_said"] = st.session_state["gallery"]


def gallery_name(card: GalleryCard, cards: Sequence[GalleryCard]) -> str:
    """Title and size; folder above and label choice where another gallery has the same title."""
    title = re.sub(r"-[0-9a-f]{12}$", "", card.title)  # an upload's folder ends in its content's hash
    if [c.title for c in cards].count(card.title) > 1:
        above = Path(card.root).parent.name
        title = f"{above}/{title}" + (f" by {card.labels}" if card.labels != "folder" else "")
    return f"{title} · {card.count:,}"


@st.fragment(run_every=1)
def _wait_for_the_first() -> None:
    """On a first start the app opens the gallery it ships with; the page follows as soon as it is there."""
    if workspace.galleries():
        st.rerun()
    st.markdown("None opened yet. Postcards are being opened; or choose a folder on the **Look** page.")


def _changed() -> None:
    use_gallery(st.session_state["gallery"])


def _pick_set(gallery: Gallery) -> None:
    """Which part of the gallery pages ask about; a run that is opened brings its set along."""
    by_id = {one.id: one for one in workspace.sets_of(gallery)}
    said = st.query_params.get("set", "")
    if said and said != st.session_state.get("set_said"):
        st.session_state["set"] = said
    if (wanted := st.session_state.pop("set_next", None)) is not None:
        st.session_state["set"] = wanted
    if st.session_state.get("set", "") not in by_id:
        if st.session_state.get("set"):
            st.warning("The set in use is gone: this is the whole gallery.")
        st.session_state["set"] = ""
    if by_id:
        st.selectbox(
            "Set in use",
            ["", *by_id],
            key="set",
            format_func=lambda id: f"{by_id[id].name} · {len(by_id[id]):,}" if id else "everything",
        )
    chosen = st.session_state.get("set", "")
    st.session_state["set_said"] = chosen
    if chosen:
        st.query_params["set"] = chosen
    else:
        st.query_params.pop("set", None)
    if saved := st.session_state.pop("set_saved", ""):
        st.toast(plain(saved), icon=":material/bookmark_added:")


def _who_answers() -> None:
    st.caption("WHO ANSWERS")
    config = workspace.settings()
    gallery = gallery_in_use()
    root = gallery.root if gallery else ""
    try:
        specs = profiles.specs(config.models, config, root)
    except SettingsError as problem:
        st.markdown(f":orange-badge[nobody yet] {plain(problem.message)}")
        st.caption(plain(problem.hint))
        return
    vision = specs.get("vision")  # a file of models may name just an embedder
    if vision and vision.backend == "measured":
        st.markdown(":orange-badge[no model]")
        st.caption("The bundled models know only Postcards. Of other pictures, only measured words can be told.")
        st.page_link("models.py", label="Connect a model", icon=":material/arrow_forward:")
        return
    if root and profiles.strangers(specs, root):
        st.markdown(":orange-badge[made for Postcards]")
        st.caption("These models know only Postcards. Whatever these pictures show, they call it one of its things.")
        st.page_link("models.py", label="Connect another model", icon=":material/arrow_forward:")
        return
    if profiles.is_postcards(root) and vision and vision.backend == "clip":
        st.markdown("bundled models")
        st.caption("made for Postcards, offline")
        return
    asked = [specs[role] for role in ("vision", "chat") if role in specs] or list(specs.values())
    names = list(dict.fromkeys(plain(spec.name) for spec in asked))
    st.markdown(" · ".join(names))
    url = next((str(s.options["url"]) for s in specs.values() if "url" in s.options), "")
    where = "on this machine" if not url or is_loopback(url) else "pictures are sent there"
    st.caption(plain(f"{f'at {url}: ' if url else ''}{where}"))


@st.fragment(run_every=2)
def _what_runs() -> None:
    active = [entry for entry in workspace.history() if entry.status.state in ACTIVE]
    if not active:
        return
    st.caption("RUNNING")
    for entry in sorted(active, key=lambda entry: (entry.status.state == "queued", entry.status.queued))[:5]:
        status = entry.status
        count = f"{status.done:,} of {status.total:,}" if status.total and status.state == "running" else status.state
        st.markdown(f"{plain(entry.title)} · {count}")
