"""Pictures of a set or a core-set as a ZIP: the link to it, and which pictures its address means."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from engine.errors import GalleryError
from engine.gallery import Gallery, Picture, sets, shared_gallery
from engine.gallery.addresses import zip_address
from engine.jobs.execute import read_result
from engine.store.runs import Runs
from pages.parts import workspace

_WHAT = re.compile(r"set-([0-9a-f]{16})|coreset-([0-9a-f]{1,16})-(\d{1,9})")


def link(gallery: Gallery, what: str) -> None:
    """A button that fetches the pictures that `what` means."""
    address = zip_address(workspace.settings().home, gallery.fingerprint, what, workspace.user())
    said = "The pictures themselves, under their names here. What cannot be read is listed in it."
    st.link_button("ZIP", workspace.root_address() + address, icon=":material/folder_zip:", help=said)


def of_set(id: str) -> str:
    """What means the pictures of a set."""
    return f"set-{id}"


def of_coreset(run: str, n: int) -> str:
    """What means the first pictures of a run's core-set."""
    return f"coreset-{run}-{n}"


def pictures(fingerprint: str, what: str, home: Path) -> list[Picture]:
    """The pictures that `what` means, as far as they are in the gallery.

    Raises:
        VitrineError: there is no such set, run or gallery.
    """
    gallery = shared_gallery(fingerprint, home)
    said = _WHAT.fullmatch(what)
    if said and said[1]:
        found = next((one.members for one in sets.sets_of(gallery, home) if one.id == said[1]), ())
    else:
        told = read_result(Runs(home).get(said[2])).coreset if said else None
        found = told.files[: int(said[3])] if said and told else ()
    if not found:
        raise GalleryError("These pictures are no longer here.", "Reload the page.")
    return [gallery.by_name[name] for name in found if name in gallery.by_name]
