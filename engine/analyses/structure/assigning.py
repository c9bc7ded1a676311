"""Which attributes each description has: all dimensions in one question, remembered one by one.

A dimension's answers are kept by themselves, so adding an attribute asks about that dimension alone, and a new name
asks nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from engine.analyses.structure.discovering import Found
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import ASSIGN_ATTRIBUTES

Values = dict[str, tuple[str, ...]]


def assign(
    chat: Remembered, dimensions: Sequence[Found], texts: Sequence[str], progress: Progress, draw: int = 0
) -> tuple[list[Values], dict[int, str]]:
    """Attributes of each text by dimension, under the names that people see; and why some have none.

    Args:
        chat: who assigns.
        dimensions: with what can be answered.
        texts: descriptions; equal ones are asked once.
        progress: counts texts.
        draw: number of the sample, 0 for the steady answer; each draw has its own order of the values.
    """
    found: list[Values] = [{} for _ in texts]
    reasons: dict[int, str] = {}
    by_name = {one.name: one for one in dimensions}
    progress.start("sorting some again" if draw else "assigning", len(texts))
    for one in dimensions:
        for i, answer in chat.stored(ASSIGN_ATTRIBUTES, _ask([one], draw), texts, draw):
            found[i][one.name] = _named(one, answer["values"][0]["attributes"])
    missing: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, values in enumerate(found):
        if names := tuple(one.name for one in dimensions if one.name not in values):
            missing[names].append(i)
    known = len(texts) - sum(map(len, missing.values()))
    progress.advance(known)
    progress.cost.known[ASSIGN_ATTRIBUTES.name] += known
    for names, places in missing.items():
        _ask_for([by_name[name] for name in names], places, texts, chat, draw, found, reasons, progress)
    return found, reasons


def _ask_for(
    some: Sequence[Found],
    places: Sequence[int],
    texts: Sequence[str],
    chat: Remembered,
    draw: int,
    found: list[Values],
    reasons: dict[int, str],
    progress: Progress,
) -> None:
    """Ask about some dimensions of some texts, and keep each dimension's answers apart."""
    by_name = {one.name: one for one in some}
    apart: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in by_name}
    for k, answer in chat.each(ASSIGN_ATTRIBUTES, _ask(some, draw), [texts[i] for i in places], draw):
        i = places[k]
        if isinstance(answer, AnswerError):
            reasons[i] = answer.reason
        else:
            for value in answer["values"]:
                name = value["dimension"]
                found[i][name] = _named(by_name[name], value["attributes"])
                apart[name][texts[i]] = {"values": [value]}
        progress.advance()
    if len(some) > 1:  # killed before this, the whole question's answers are there
        for name, answers in apart.items():
            chat.keep(ASSIGN_ATTRIBUTES, _ask([by_name[name]], draw), answers, draw)


def _ask(dimensions: Sequence[Found], draw: int) -> dict[str, Any]:
    def turn(attribute: str) -> bytes:
        said = f"{draw}\0{attribute}" if draw else ""
        return hashlib.sha256(said.encode("utf-8", "surrogateescape")).digest()

    order = lambda some: sorted(sorted(some), key=turn)  # noqa: E731
    return {"dimensions": [{"name": one.name, "attributes": order(one.attributes)} for one in dimensions]}


def _named(one: Found, attributes: Sequence[str]) -> tuple[str, ...]:
    """Under the names that people see, in the list's order; with another one, "other" says nothing."""
    shown: Mapping[str, str] = one.shown
    said = [a for a in (*one.attributes, "other") if a in attributes]
    return tuple(dict.fromkeys(shown.get(a, a) for a in said if a != "other" or len(said) == 1))
