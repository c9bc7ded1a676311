"""From raw labels to named clusters: one question for the natural names, one more for another number of them.

The label tree: the natural level comes first, whatever K is; a coarser K joins its names, so every cluster of the finer
level lies whole in one of the coarser, and neither descriptions nor assignments are asked again. A K finer than the
natural level is asked from the labels anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.errors import RunError
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import ASSIGN, NAME_CLUSTERS, Wrong

COVERAGE = 0.95  # of the pictures whose labels take part in the naming
CHUNK = 6000  # tokens of labels a question, at four characters a token
_EMPTY = {"", "none", "n/a", "na", "null", "unknown", "unclear", "not applicable", "not visible", "nothing", "unsure"}


@dataclass(frozen=True)
class Names:
    """Names for `labels`, and which label each got: an index, None where it fits none; labels not asked are absent.

    `joins` is how names of a tree became these, see Result; `wanted` how many were asked for where natural ones were
    too few, else 0.
    """

    names: tuple[str, ...]
    of: Mapping[str, int | None]
    ambiguous: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    joins: tuple[Mapping[str, str], ...] = ()
    wanted: int = 0


@lru_cache(maxsize=65536)
def normal(label: str) -> str:
    """A label less case, outer punctuation and blanks; empty where it says nothing."""
    text = re.sub(r"\s+", " ", label.casefold()).strip(" .,;:!?'\"()[]*_`")
    return "" if text in _EMPTY else text


def stem(name: str) -> tuple[str, ...]:
    """Words less plural endings, so that car and cars, dog and dogs are the same."""
    words = re.findall(r"\w+", normal(name))
    return tuple(re.sub(r"(?<=[a-z]{2}[^s])s$|(?<=(?:ch|sh|ss|[a-z]x))es$", "", w) for w in words)


def as_they_are(counts: Mapping[str, int]) -> Names:
    """Each label a cluster, largest first: for models whose labels are words of a fixed list."""
    ordered = sorted(counts, key=lambda label: (-counts[label], label))
    return Names(tuple(ordered), {label: i for i, label in enumerate(ordered)}, frozenset(), ())


def natural_names(
    counts: Mapping[str, int], k: int | None, ask: Mapping[str, Any], chat: Remembered
) -> tuple[Names, float]:
    """Name clusters for normal labels with their counts; also the share of pictures whose labels took part.

    Args:
        counts: labels (normal, not empty) with how many pictures have each.
        k: how many names; None for as many as are natural.
        ask: criterion, keep and avoid, as the payload wants them.
        chat: who is asked.
    """
    ordered = sorted(counts, key=lambda label: (-counts[label], label))
    shown, covered, total = [], 0, sum(counts.values())
    for label in ordered:
        if covered >= COVERAGE * total and len(shown) >= (k or 2):
            break
        shown.append(label)
        covered += counts[label]
    chunks = list(_chunks(shown))
    if len(chunks) == 1:
        return _name(counts, chunks[0], k, ask, chat), covered / max(total, 1)
    parts = [_name(counts, chunk, None, ask, chat) for chunk in chunks]
    return _merged(parts, counts, k, ask, chat), covered / max(total, 1)


def groups(
    counts: Mapping[str, int], k: int | None, ask: Mapping[str, Any], chat: Remembered
) -> dict[str, tuple[str, ...]]:
    """Names for labels with their counts and the labels of each, by one question, which the most frequent ones fill."""
    shown = next(_chunks(sorted(counts, key=lambda label: (-counts[label], label))))
    names = _name(counts, shown, k, ask, chat)
    return {name: tuple(label for label, place in names.of.items() if place == i) for i, name in enumerate(names.names)}


def cuts(names: Names, sizes: Sequence[int], levels: Sequence[int], ask: Mapping[str, Any], chat: Remembered) -> Names:
    """Join names into fewer and fewer, level by level: `of` maps every name of `names` to its place in the last level.

    A question a level that is not known yet; a level that is no coarser than what is there is passed over.
    """
    at = Names(names.names, {name: i for i, name in enumerate(names.names)})
    for k in levels:
        if k >= len(at.names):
            continue
        joined = cut(at, sizes, k, ask, chat)
        into = {name: joined.names[place] for name, place in joined.of.items() if place is not None}
        sizes = [sum(sizes[at.names.index(n)] for n in into if into[n] == name) for name in joined.names]
        of = {name: None if place is None else joined.of.get(at.names[place]) for name, place in at.of.items()}
        at = Names(joined.names, of, notes=(*at.notes, *joined.notes), joins=(*at.joins, into))
    return at


def cut(names: Names, sizes: Sequence[int], k: int, ask: Mapping[str, Any], chat: Remembered) -> Names:
    """Join names into `k`: `of` maps every name of `names` to its place in the coarser ones."""
    labels = {name: size for name, size in zip(names.names, sizes, strict=True)}
    payload = {"criterion": ask["criterion"], "labels": labels, "k": k, "keep": ask["keep"], "avoid": ask["avoid"]}
    answer, wrong = chat.one(
        NAME_CLUSTERS, payload, lambda a: _wrong_names(a, k, ask) or _wrong_members(a, list(names.names))
    )
    joined, notes = _tidy(answer, list(names.names), wrong)
    if left := [name for name in names.names if name not in joined.of]:
        for name, place in assign(left, joined.names, ask, chat).items():
            joined = Names(joined.names, {**joined.of, name: place if isinstance(place, int) else None})
    return Names(joined.names, joined.of, frozenset(), notes)


def assign(
    texts: Sequence[str], names: Sequence[str], ask: Mapping[str, Any], chat: Remembered
) -> dict[str, int | AnswerError | None]:
    """Which of `names` each text belongs to: an index, None where none fits, or why there is no answer."""
    said: dict[str, int | AnswerError | None] = {}
    payload = {"criterion": ask["criterion"], "names": list(names)}
    for i, answer in chat.each(ASSIGN, payload, list(texts)):
        said[texts[i]] = answer if isinstance(answer, AnswerError) else answer["cluster"]
    return said


def _chunks(labels: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    room = CHUNK * 4
    for label in labels:
        room -= len(label) + 10
        if room < 0 and chunk:
            yield chunk
            chunk, room = [], CHUNK * 4 - len(label) - 10
        chunk.append(label)
    yield chunk


def _name(
    counts: Mapping[str, int], labels: list[str], k: int | None, ask: Mapping[str, Any], chat: Remembered
) -> Names:
    shown = {label: counts[label] for label in labels}
    payload = {"criterion": ask["criterion"], "labels": shown, "k": k, "keep": ask["keep"], "avoid": ask["avoid"]}
    answer, wrong = chat.one(NAME_CLUSTERS, payload, lambda a: _wrong_names(a, k, ask))
    names, notes = _tidy(answer, labels, wrong)
    if not names.names:
        raise RunError(
            f"{chat.spec.label} named no cluster for {len(labels)} labels.",
            "Reword the criterion or try another model.",
        )
    return Names(names.names, names.of, names.ambiguous, notes)


def _merged(
    parts: Sequence[Names], counts: Mapping[str, int], k: int | None, ask: Mapping[str, Any], chat: Remembered
) -> Names:
    """Names of several chunks, named once more as if they were labels: the largest ones, as far as one question holds.

    Labels of names that found no room stay unplaced and are assigned like rare ones.
    """
    sizes: dict[str, int] = {}
    for part in parts:
        for label, place in part.of.items():
            if place is not None:
                sizes[part.names[place]] = sizes.get(part.names[place], 0) + counts[label]
    largest = next(_chunks(sorted(sizes, key=lambda name: (-sizes[name], name))))
    top = _name(sizes, largest, k, ask, chat)
    of: dict[str, int | None] = {}
    for part in parts:
        for label, place in part.of.items():
            into = None if place is None else top.of.get(part.names[place])
            if into is not None:
                of[label] = into
    return Names(top.names, of, frozenset().union(*(p.ambiguous for p in parts)), top.notes)


def _tidy(answer: Mapping[str, Any], labels: Sequence[str], wrong: Wrong) -> tuple[Names, tuple[str, ...]]:
    """Names without repeats, members that were asked for; one claimed twice is ambiguous and stays with the first."""
    names: list[str] = []
    of: dict[str, int | None] = {}
    twice: set[str] = set()
    known = {normal(label) or label: label for label in labels}
    for cluster in answer["clusters"]:
        name = " ".join(cluster["name"].split()).lstrip("~")  # which marks the pages' own views
        if not name:
            continue
        same = [i for i, other in enumerate(names) if normal(other) == normal(name)]
        place = same[0] if same else len(names)
        if not same:
            names.append(name)
        for member in cluster["members"]:
            label = member if member in labels else known.get(normal(member))
            if label is None:
                continue
            if of.setdefault(label, place) != place:
                twice.add(label)
    notes = (f"The names are not quite as asked: {wrong}.",) if wrong else ()
    return Names(tuple(names), of, frozenset(twice)), notes


def _wrong_names(answer: Mapping[str, Any], k: int | None, ask: Mapping[str, Any]) -> Wrong:
    names = [c["name"] for c in answer["clusters"]]
    if not names or not all(normal(n) for n in names):
        return "every cluster needs a name that says something"
    if k is not None and len(names) != k:
        return f"{k} clusters were asked for and {len(names)} given"
    if missing := [n for n in ask["keep"] if normal(n) not in map(normal, names)]:
        return f"these names must be kept: {', '.join(missing)}"
    if there := [n for n in names if stem(n) in map(stem, ask["avoid"])]:
        return f"these names must be avoided: {', '.join(there)}"
    stems = [stem(n) for n in names]
    for i, one in enumerate(stems):
        for j, other in enumerate(stems):
            if i < j and one == other:
                return f"two clusters mean the same: {names[i]} and {names[j]}"
            if i != j and len(other) > len(one) and other[-len(one) :] == one:
                return f"{names[i]} contains {names[j]}; no cluster may contain another"
    return _inside(answer, names)


def _inside(answer: Mapping[str, Any], names: Sequence[str]) -> Wrong:
    """A parent beside its child shows when one cluster counts another's name among its members."""
    for cluster in answer["clusters"]:
        for member in cluster["members"]:
            if normal(member) != normal(cluster["name"]) and normal(member) in map(normal, names):
                return f"{cluster['name']} contains {member}, which is a cluster itself"
    return ""


def _wrong_members(answer: Mapping[str, Any], labels: Sequence[str]) -> Wrong:
    said = [normal(m) for c in answer["clusters"] for m in c["members"]]
    bad = [label for label in labels if said.count(normal(label)) != 1]
    return f"every label must be in exactly one cluster; look at {', '.join(bad[:10])}" if bad else ""
