"""What a model would change in a dimension's values, and how sure it is of its own sorting.

Some descriptions are sorted again at random, the values in another order each time. Those that come out differently,
and those that fit no value, are shown to the model, which proposes to add, merge, split, rename or drop. Nothing is
changed by this: a proposal says which pictures would move, and a person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.analyses.structure.assigning import Values, assign
from engine.analyses.structure.discovering import Found, said
from engine.analyses.structure.result import OTHER, Proposal
from engine.errors import RunError
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.steps.tasks import ASSIGN_ATTRIBUTES, REFINE_DIMENSION

CHECKED = 400  # descriptions that are sorted again, at most
_TEXTS, _QUESTIONS = 20, 3  # of a question, and questions of a dimension, at most
_LEAST = 3  # descriptions that argue, below which nothing is asked
_LOOKED_AT = 400  # pictures of a proposal that are asked about, at most
_SPLITS = 2  # of a dimension, at most
_DETERMINISTIC = ("keywords",)  # who says the same every time


def agreement(
    chat: Remembered,
    dimensions: Sequence[Found],
    texts: Sequence[str],
    values: Sequence[Values],
    draws: int,
    progress: Progress,
) -> dict[int, dict[str, float]]:
    """Of some texts and each dimension, the share of draws that say what was said first; the first one counts, too.

    Args:
        chat: who sorted; one that always says the same is not asked again.
        dimensions: that were sorted by.
        texts: the first of them are drawn again, so in an order nobody chose.
        values: what was said of each.
        draws: how many.
        progress: counts texts.
    """
    if not asked_again(chat, len(texts), draws):
        return {}
    some = [i for i in range(min(CHECKED, len(texts))) if values[i]]
    same: dict[int, Counter[str]] = {i: Counter() for i in some}
    told: Counter[int] = Counter()
    for draw in range(1, draws + 1):
        again, _ = assign(chat, dimensions, [texts[i] for i in some], progress, draw)
        for i, said_now in zip(some, again, strict=True):
            told[i] += bool(said_now)
            same[i].update(name for name, mine in values[i].items() if set(said_now.get(name, ())) == set(mine))
    return {i: {name: (1 + same[i][name]) / (1 + told[i]) for name in values[i]} for i in some if told[i]}


def asked_again(chat: Remembered, n: int, draws: int) -> int:
    """Questions that `agreement` asks for n texts."""
    return 0 if chat.spec.backend in _DETERMINISTIC else draws * -(-n // ASSIGN_ATTRIBUTES.batch)


def proposals(
    chat: Remembered,
    dimensions: Sequence[Found],
    files: Sequence[str],
    texts: Sequence[str],
    values: Sequence[Values],
    unsure: Mapping[int, Mapping[str, float]],
    progress: Progress,
) -> Iterator[Proposal]:
    """Changes that the model proposes, with the pictures that would move.

    Args:
        chat: who proposes.
        dimensions: whose values may change.
        files: of pictures.
        texts: their descriptions.
        values: what was said of each.
        unsure: agreement over draws of some.
        progress: counts questions.
    """
    progress.start("looking for what to mend", 0)
    for one in dimensions:
        fits_none = [i for i, v in enumerate(values) if v.get(one.name) == (OTHER,)]
        differs = [i for i, by in unsure.items() if by.get(one.name, 1.0) < 1.0]
        argue = list(dict.fromkeys([*differs, *fits_none]))
        if len(argue) >= _LEAST:
            changes = list(_asked(chat, one, [texts[i] for i in argue]))
            yield from _weighed(chat, one, changes, files, texts, values, progress)


def _asked(chat: Remembered, one: Found, texts: Sequence[str]) -> Iterator[Proposal]:
    """Changes that make sense, each once; until a question brings nothing new."""
    asked = sorted(one.attributes)  # not as they are shown: a new name asks nothing
    known = {said(name): one.shown.get(name, name) for name in asked}
    seen: set[tuple] = set()
    for start in range(0, min(len(texts), _TEXTS * _QUESTIONS), _TEXTS):
        items = [{"item": n, "text": text} for n, text in enumerate(texts[start : start + _TEXTS])]
        try:
            answer, _ = chat.one(REFINE_DIMENSION, {"dimension": one.name, "attributes": asked, "items": items})
        except RunError:
            return
        new = [told for change in answer["changes"] if (told := _sensible(one.name, change, known))]
        new = [told for told in new if (told.kind, frozenset(told.names), told.into) not in seen]
        if not new:
            return
        seen |= {(told.kind, frozenset(told.names), told.into) for told in new}
        yield from new


def _sensible(dimension: str, change: Mapping, known: Mapping[str, str]) -> Proposal | None:
    """A change whose names are on the list where they must be, and off it where they must not; else None."""
    names = list(dict.fromkeys(" ".join(name.split()).casefold() for name in change["names"] if said(name)))
    old = list(dict.fromkeys(known[said(name)] for name in names if said(name) in known))
    new = [name for name in names if said(name) not in known]
    new = [name for name in new if name != OTHER]
    into, kind = " ".join(change["into"].split()).casefold(), change["kind"]
    at = known.get(said(into), "")
    fits = {
        "add": len(new) == 1 and not old,
        "merge": len(old) > 1 and not new and bool(said(into)) and (not at or at in old) and into != OTHER,
        "split": bool(at) and len(new) > 1 and not set(old) - {at},
        "rename": len(old) == 1 and not new and bool(said(into)) and not at and into != OTHER,
        "drop": len(old) == 1 and not new,
    }[kind]
    if not fits:
        return None
    chosen = {"add": "", "drop": "", "merge": at or into, "split": at, "rename": into}[kind]
    return Proposal(dimension, kind, tuple(new if kind in ("add", "split") else old), chosen, change["why"][:300])


def _weighed(
    chat: Remembered,
    one: Found,
    changes: Sequence[Proposal],
    files: Sequence[str],
    texts: Sequence[str],
    values: Sequence[Values],
    progress: Progress,
) -> Iterator[Proposal]:
    """Each change with the pictures that would move."""
    splits = 0
    for change in changes:
        has = lambda name: [i for i, v in enumerate(values) if name in v.get(one.name, ())]  # noqa: E731
        if change.kind in ("add", "split"):
            splits += change.kind == "split"
            if splits > _SPLITS:
                continue
            might = has(change.into) if change.kind == "split" else has(OTHER)
            wanted = change.names if change.kind == "split" else (*one.attributes, *change.names)
            some = might[:_LOOKED_AT]
            asks = Found(one.name, tuple(wanted), {})
            again, _ = assign(chat, [asks], [texts[i] for i in some], progress)
            parts = {
                name: tuple(files[i] for i, v in zip(some, again, strict=True) if name in v.get(one.name, ()))
                for name in change.names
            }
            if any(parts.values()):
                yield replace(change, parts=parts, looked_at=len(some), of=len(might))
        elif change.kind == "merge":
            parts = {change.into: tuple(files[i] for name in change.names if name != change.into for i in has(name))}
            yield replace(change, parts=parts)
        else:
            yield replace(change, parts={change.into: tuple(files[i] for i in has(change.names[0]))})
