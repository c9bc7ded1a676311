"""What people say of a run: tags and a note, in its folder beside the answer. They are no part of what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import RunError
from engine.store.runs import Run

FILE = "remarks.json"
MOST_TAGS, LONGEST_TAG, LONGEST_NOTE = 20, 40, 10_000


@dataclass(frozen=True)
class Remarks:
    """Tags in the order given, and a note, perhaps of several lines: text of people, never markup."""

    tags: tuple[str, ...] = ()
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.tags or self.note)


def remarks_of(run: Run) -> Remarks:
    """What was said of a run; nothing where its file is missing or damaged."""
    try:
        return read_remarks(json.loads((run.path / FILE).read_bytes()))
    except (OSError, ValueError, RecursionError, RunError):
        return Remarks()


def remark(run: Run, tags: Iterable[str], note: str) -> Remarks:
    """Say this of a run instead of what was said before.

    Raises:
        RunError: too many tags, or too long a text. StoreError: the folder cannot be written.
    """
    said = _cleaned(tags, note)
    run.write(FILE, asdict(said))
    return said


def read_remarks(said: Any) -> Remarks:  # noqa: ANN401  whatever a file holds
    """Remarks from plain values.

    Raises:
        RunError: they are none, or too many or too long.
    """
    tags, note = (said.get("tags", ()), said.get("note", "")) if isinstance(said, dict) else ((), None)
    if not isinstance(note, str) or not isinstance(tags, list | tuple) or not all(isinstance(t, str) for t in tags):
        raise RunError("These are no tags and no note.", "Write them anew.")
    return _cleaned(tags, note)


def _cleaned(tags: Iterable[str], note: str) -> Remarks:
    by_word: dict[str, str] = {}
    for tag in (" ".join(_shown(tag).split()) for tag in tags):
        by_word.setdefault(tag.casefold(), tag)
    kept = tuple(tag for tag in by_word.values() if tag)
    lines = [_shown(line).rstrip() for line in note.replace("\r\n", "\n").split("\n")]
    text = "\n".join(lines).strip()
    if len(kept) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in kept):
        raise RunError("That is too much for tags.", f"Give up to {MOST_TAGS} of at most {LONGEST_TAG} letters each.")
    if len(text) > LONGEST_NOTE:
        raise RunError(f"The note has {len(text):,} letters.", f"Use {LONGEST_NOTE:,} at most.")
    return Remarks(kept, text)


def _shown(text: str) -> str:
    """Text without what cannot be printed, such as signs that turn the direction of writing."""
    return "".join(c if c.isprintable() else " " for c in text)
