"""Whose dimensions: those of all pictures, and those of each label's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from engine.analyses.structure.discovering import Found, attributes, given, propose, said
from engine.analyses.structure.result import Params, Proposed
from engine.errors import RunError
from engine.progress import Progress
from engine.steps.answers import Remembered

LEAST_OWN, MOST_OWN = 20, 12  # pictures of a label with dimensions of its own, and labels that have some


def shared_dimensions(
    chat: Remembered, params: Params, read: Sequence[str], seed: int, progress: Progress
) -> tuple[list[Found], tuple[Proposed, ...], list[str]]:
    """Dimensions of all pictures, those wanted first; all that was proposed; names that had no two values."""
    count = params.count if params.schema != "own" else 0
    proposed = propose(chat, read, params.goal, params.rounds, seed, progress) if count else []
    if count and not proposed and not chat.only_counts:
        if not params.given:
            raise RunError(f"{chat.spec.label} proposed no dimension.", "Name some yourself, or try another model.")
        progress.note(f"{chat.spec.label} proposed no dimension: only those that were given are told.")
    kept = _kept(proposed, [one.name for one in params.given], count)
    progress.start("looking for attributes", 0)
    found = [given(one, None if one.attributes else attributes(chat, one.name, read, progress)) for one in params.given]
    found += [_with_attributes(chat, one, read, progress) for one in kept]
    found = [one for one in found if len(one.attributes) > 1]
    names = {one.name for one in kept}
    few = sorted({one.name for one in (*params.given, *kept)} - {one.name for one in found})
    return found, tuple(replace(one, is_kept=one.name in names) for one in proposed), few


def scopes_of(
    chat: Remembered,
    params: Params,
    shared: list[Found],
    labels: Sequence[str],
    texts: Sequence[str],
    seed: int,
    progress: Progress,
) -> list[tuple[list[Found], list[int]]]:
    """Dimensions with the places of the texts that are sorted by them: all, or a label's with its own."""
    if params.schema == "shared":
        return [(shared, list(range(len(texts))))]
    by_label: defaultdict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(labels):
        by_label[label].append(i)
    able = [label for label, places in by_label.items() if label and len(places) >= LEAST_OWN]
    able = sorted(able, key=lambda label: (-len(by_label[label]), label))[:MOST_OWN]
    if not able:
        raise RunError(
            f"No label has {LEAST_OWN} described pictures, so none has dimensions of its own.",
            "Look for dimensions that all share.",
        )
    if left := sorted({label for label in by_label if label} - set(able)):
        progress.note(
            f"{len(left):,} labels have no dimensions of their own: they have under {LEAST_OWN} pictures, or are not "
            f"among the {MOST_OWN} largest."
        )
    scopes = []
    for label, places in by_label.items():
        own: list[Found] = []
        if label in able:
            read = [texts[i] for i in places]
            proposed = propose(chat, read, params.goal, params.rounds, seed, progress, about=label)
            for one in _kept(proposed, [other.name for other in shared], params.count):
                own.append(replace(_with_attributes(chat, one, read, progress), label=label))
        found = [*shared, *(one for one in own if len(one.attributes) > 1)]
        if found:
            scopes.append((found, places))
    return scopes


def _kept(proposed: Sequence[Proposed], taken: Sequence[str], count: int) -> list[Proposed]:
    names = {said(name) for name in taken}
    return [one for one in proposed if one.is_kept and said(one.name) not in names][:count]


def _with_attributes(chat: Remembered, one: Proposed, read: Sequence[str], progress: Progress) -> Found:
    names, unseen = attributes(chat, one.name, read, progress)
    return Found(one.name, names, {}, one.votes, one.rounds, one.stability, unseen)
