"""Pictures of a set, a core-set or a whole run as a ZIP: the link to it, and which pictures its address means."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from engine.errors import GalleryError
from engine.gallery import Gallery, sets, shared_gallery
from engine.gallery.addresses import zip_address
from engine.gallery.packing import Layout, under_own_names
from engine.jobs.execute import read_result
from engine.jobs.sharing import source_of
from engine.report.datasets import LAYOUTS, columns
from engine.store.runs import Runs
from pages.parts import workspace

_WHAT = re.compile(
    r"set-([0-9a-f]{16})|coreset-([0-9a-f]{1,16})-(\d{1,9})|(folders|fiftyone|huggingface)-([0-9a-f]{1,16})-(\d{1,9})-(\d{1,3})"
)


def link(gallery: Gallery, what: str, label: str = "ZIP", primary: bool = False) -> None:
    """A button that fetches the pictures that `what` means."""
    address = zip_address(workspace.settings().home, gallery.fingerprint, what, workspace.user())
    said = "The pictures themselves. What cannot be read is listed in it."
    kind = "primary" if primary else "secondary"
    st.link_button(label, workspace.root_address() + address, icon=":material/folder_zip:", help=said, type=kind)


def of_set(id: str) -> str:
    """What means the pictures of a set."""
    return f"set-{id}"


def of_coreset(run: str, n: int) -> str:
    """What means the first pictures of a run's core-set."""
    return f"coreset-{run}-{n}"


def of_run(run: str, kind: str, edits: int, column: int) -> str:
    """What means a run's pictures as another program reads them, by a column of its table.

    Args:
        run: its id.
        kind: of datasets.LAYOUTS.
        edits: how many of a person's changes are in it.
        column: which one of datasets.columns is the class.
    """
    return f"{kind}-{run}-{edits}-{column}"


def layout(fingerprint: str, what: str, home: Path) -> Layout:
    """The pictures that `what` means with their places, as far as they are in the gallery.

    Raises:
        VitrineError: there is no such set, run or gallery.
    """
    said = _WHAT.fullmatch(what)
    if said and said[4]:
        source = source_of(Runs(home).get(said[5]), workspace.settings(), int(said[6]))
        names = columns(source)
        return LAYOUTS[said[4]](source, names[min(int(said[7]), len(names) - 1)])
    gallery = shared_gallery(fingerprint, home)
    if said and said[1]:
        found = next((one.members for one in sets.sets_of(gallery, home) if one.id == said[1]), ())
    else:
        told = read_result(Runs(home).get(said[2])).coreset if said else None
        found = told.files[: int(said[3])] if said and told else ()
    if not found:
        raise GalleryError("These pictures are no longer here.", "Reload the page.")
    return under_own_names([gallery.by_name[name] for name in found if name in gallery.by_name])
