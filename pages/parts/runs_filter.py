"""Which runs the Runs page shows: by words, gallery, analysis, state and tag; all of it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import streamlit as st

from engine.store.history import Entry
from pages.parts import run_panel

_GONE = "a gallery that is gone"
_ALL = ""
_texts: WeakKeyDictionary[Entry, tuple[str, str]] = WeakKeyDictionary()  # a run that changes is another entry


def title_of(fingerprint: str, titles: Mapping[str, str]) -> str:
    """What a gallery is called in lists of runs."""
    return titles.get(fingerprint, _GONE)


def chosen_by(entries: Sequence[Entry], titles: Mapping[str, str]) -> list[Entry]:
    """Draw the filter; the runs that pass it, in the same order."""
    galleries = list(dict.fromkeys(title_of(entry.asked.gallery, titles) for entry in entries))
    tags = sorted({tag for entry in entries for tag in entry.remarks.tags}, key=str.casefold)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input(
            "Words", key="words", bind="query-params", width=190, icon=":material/search:",
            help="Looked for in what was asked, the gallery, models, tags, notes and ids; all words have to be there.",
        )  # fmt: skip
        gallery = _one_of("Gallery", galleries, "of_gallery", 180)
        analysis = _one_of("Analysis", sorted({entry.asked.analysis for entry in entries}), "analysis", 140)
        state = _one_of("State", sorted({entry.status.state for entry in entries}), "state", 115)
        tag = _one_of("Tag", tags, "tag", 130) if tags else _ALL
    wanted = words.casefold().split()
    return [
        entry
        for entry in entries
        if analysis in (_ALL, entry.asked.analysis)
        and state in (_ALL, entry.status.state)
        and gallery in (_ALL, title_of(entry.asked.gallery, titles))
        and (tag == _ALL or tag in entry.remarks.tags)
        and (not wanted or all(word in _text(entry, titles) for word in wanted))
    ]


def about(entry: Entry, titles: Mapping[str, str]) -> list[str]:
    """What was asked of what, other than by default."""
    asked = entry.asked
    what = "" if entry.title == asked.analysis else f"{asked.analysis} "
    return [
        f"{what}of {title_of(asked.gallery, titles)}",
        *([asked.selection] if asked.selection != "everything" else []),
        *run_panel.choices(asked.params),
        *([f"seed {asked.seed}"] if asked.seed else []),
    ]


def _one_of(label: str, values: Sequence[str], key: str, width: int) -> str:
    """A selector of one value or all; one that is not there any more (an old address) counts as all."""
    if st.session_state.get(key, _ALL) not in (_ALL, *values):
        st.session_state[key] = _ALL
    said = st.selectbox(
        label, [_ALL, *values], key=key, bind="query-params", width=width, format_func=lambda value: value or "all"
    )
    return said or _ALL


def _text(entry: Entry, titles: Mapping[str, str]) -> str:
    """What words are looked for in."""
    title = title_of(entry.asked.gallery, titles)
    kept = _texts.get(entry)
    if kept is None or kept[0] != title:
        kept = _texts[entry] = title, _written(entry, titles)
    return kept[1]


def _written(entry: Entry, titles: Mapping[str, str]) -> str:
    models = [spec.label for spec in entry.asked.models.values()]
    said = [entry.title, *about(entry, titles), *models, *entry.remarks.tags, entry.remarks.note, entry.id]
    return " ".join([*said, entry.status.error]).casefold()
