"""Clusters of labels: rare labels climb the word list to a name that is worth having; joining follows it further up."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.models.keywords.assigning import place, resolved
from engine.models.keywords.options import chosen
from engine.models.keywords.questions import Question, understood
from engine.models.keywords.words import Term, singular, tokens

_SHARE = 0.02  # of all pictures, from which a label is worth a cluster of its own
_FAR, _APART = 8, 12  # heights of a join across families, and with words outside the list
_FEW = 10  # clusters where all labels are rare and unrelated
_PAIRED = 150  # groups up to which every pair is compared


@dataclass(eq=False)
class Group:
    """Labels that belong together; `term` covers all of them, None where nothing in the list does."""

    term: Term | None
    members: list[str]
    size: int
    largest: str  # the most frequent member's own name
    largest_size: int
    family: Term | None = None
    leaves: list[Term] = field(default_factory=list)


def clusters(
    criterion: str, labels: Mapping[str, int], k: int | None, keep: Sequence[str], avoid: Sequence[str]
) -> list[dict[str, Any]]:
    """Named clusters of labels: as many as are natural, or exactly `k` with every label in one.

    With k None, labels that are too general, or rare and related to nothing, are left out.
    """
    question = understood(criterion)
    kept, labels = _kept(labels, keep, question)
    if question.options and (k is None or k >= len(question.options)):
        found = _by_option(question, labels)
        if k is None or len(found) + len(kept) == k:
            return [*kept, *found] or _fallback(labels, avoid)
    if k is not None and kept and k <= len(kept):
        return kept
    groups = _same(labels, question)
    if k is None:
        groups = _natural(groups, sum(labels.values()), question)
    else:
        groups = _split_to(_same(labels, question, finest=True), groups, max(k - len(kept), 1))
        _join(groups, max(k - len(kept), 1))
    return [*kept, *_named(groups, {*avoid, *keep}, [c["name"] for c in kept])]


def _kept(labels: Mapping[str, int], keep: Sequence[str], question: Question) -> tuple[list[dict], dict[str, int]]:
    """Clusters whose names are given, with the labels that belong to them; and the labels left."""
    left, found = dict(labels), [{"name": name, "members": []} for name in keep]
    for said in labels if keep else ():
        at = place(said, list(keep), question)
        if at is not None:
            found[at]["members"].append(said)
            del left[said]
    return found, left


def _by_option(question: Question, labels: Mapping[str, int]) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {option: [] for option in question.options}
    lower = {option.casefold(): option for option in question.options}
    for said in labels:
        option = lower.get(said.casefold()) or chosen(said, question)
        if option:
            found[option].append(said)
    return [{"name": name, "members": members} for name, members in found.items() if members]


def _fallback(labels: Mapping[str, int], avoid: Sequence[str]) -> list[dict[str, Any]]:
    return _named([_single(said, n, None) for said, n in labels.items()], set(avoid), [])


def _single(said: str, n: int, term: Term | None) -> Group:
    return Group(term, [said], n, term.name if term else said, n, term.family if term else None, [term] if term else [])


def _same(labels: Mapping[str, int], question: Question, finest: bool = False) -> list[Group]:
    """One group a meaning, largest first."""
    root = question.roots[0] if question.kind == "terms" else None
    found: dict[Any, Group] = {}
    for said, n in labels.items():
        first, _, second = said.partition(" and ")
        term = resolved(first if second and resolved(second, question) else said, question)
        if term and not finest:
            term = term.usual(root)
        stem = tuple(singular(w) for w in tokens(said)[-1:])
        key = (said if finest else term) or ("?", stem)
        if key in found:
            group = found[key]
            group.members.append(said)
            group.size += n
        else:
            found[key] = _single(said, n, term)
    for group in found.values():
        group.largest_size = group.size
    return sorted(found.values(), key=lambda g: (-g.size, g.largest))


def _natural(groups: list[Group], total: int, question: Question) -> list[Group]:
    """Frequent meanings stay; rare ones join the frequent one above them, or together become one above them.

    A meaning with several frequent ones below it is too general to tell, one with a single one below it joins that.
    """
    least = max(2.0, _SHARE * total) if total > 20 else 1.0
    if sum(g.size for g in groups if g.size >= least) < 0.6 * total:
        least = max(2.0, least / 4) if total > 20 else 1.0
    often = [g for g in groups if g.size >= least]
    solid = [g for g in often if not _below(g, often)]
    waiting: defaultdict[Term, list[Group]] = defaultdict(list)
    rest = sorted((g for g in groups if g not in solid and g.term), key=lambda g: len(g.term.chain) if g.term else 0)
    for group in rest:
        home = next((o for o in solid if group.term and o.term and group.term.under(o.term)), None)
        below = _below(group, solid)
        if home or len(below) == 1:
            into = home or below[0]
            _absorb(into, group, into.term)
        elif not below and group.term and group.term.parent:
            waiting[group.term.parent].append(group)
    solid += _climbed(waiting, solid, least, question)
    return sorted(solid, key=lambda g: (-g.size, g.largest)) or groups[:_FEW]


def _climbed(
    waiting: Mapping[Term, list[Group]], solid: Sequence[Group], least: float, question: Question
) -> list[Group]:
    """Rare meanings together under the first term above them at which they are enough."""
    found: list[Group] = []
    levels: defaultdict[int, dict[Term, list[Group]]] = defaultdict(dict)
    for parent, some in waiting.items():
        levels[len(parent.chain)][parent] = some
    for depth in range(max(levels, default=0), 0, -1):
        for parent, some in levels[depth].items():
            if len(some) > 1 and sum(g.size for g in some) >= least and _nameable(parent, [*solid, *found], question):
                for other in some[1:]:
                    _absorb(some[0], other, parent)
                found.append(some[0])
            elif parent.parent:
                levels[depth - 1].setdefault(parent.parent, []).extend(some)
    return found


def _below(group: Group, groups: Sequence[Group]) -> list[Group]:
    above = group.term
    return [o for o in groups if o is not group and o.term and above and o.term.under(above)]


def _nameable(parent: Term, others: Sequence[Group], question: Question) -> bool:
    """Whether a term can be a cluster of its own beside the others."""
    if "group" in parent.tags or (question.kind == "terms" and parent in question.roots):
        return False
    return not any(o.term and (o.term.under(parent) or parent.under(o.term)) for o in others)


def _split_to(finest: list[Group], groups: list[Group], k: int) -> list[Group]:
    """Meanings as they are, or single labels where meanings are too few for `k`."""
    if len(groups) >= k:
        return groups
    return finest if len(finest) <= k else sorted(finest, key=lambda g: -g.size)


def _join(groups: list[Group], k: int) -> None:
    """Join the pair that costs least, small ones and near ones first, until `k` are left."""
    for small in sorted(groups, key=lambda g: -g.size)[max(_PAIRED, k) :]:  # far too many to compare all pairs
        groups.remove(small)
        _merge(min(groups[:_PAIRED], key=lambda g: _cost(g, small)), small)
    costs = {(a, b): _cost(a, b) for i, a in enumerate(groups) for b in groups[i + 1 :]} if len(groups) > k else {}
    while len(groups) > max(k, 1):
        into, gone = min(costs, key=costs.__getitem__)
        _merge(into, gone)
        groups.remove(gone)
        costs = {pair: _cost(*pair) if into in pair else cost for pair, cost in costs.items() if gone not in pair}


def _merge(into: Group, other: Group) -> None:
    above = _above(into, other)
    general = [g for g in (into, other) if g.leaves == [above]]
    if above is not None and len(general) == 1:  # a general word takes the meaning of its kind
        above = other.term if general[0] is into else into.term
        general[0].leaves.clear()
    _absorb(into, other, above)


def _cost(a: Group, b: Group) -> float:
    above = _above(a, b)
    if above is not None and above in (a.term, b.term) and 1 in (len(a.leaves), len(b.leaves)):
        return 0.5 * (min(a.size, b.size) + 0.5) / (1 + 1e-3 * max(a.size, b.size))  # it has to go somewhere
    elif above is None:
        height = _APART if a.term is None or b.term is None else _FAR
        if a.family is not None and a.family is b.family:
            height = _FAR - 1
    else:
        height = max(leaf.chain.index(above) for leaf in (*a.leaves, *b.leaves))
    return height * (min(a.size, b.size) + 0.5) + 1e-3 * math.log1p(a.size + b.size)


def _above(a: Group, b: Group) -> Term | None:
    if a.term is None or b.term is None:
        return None
    return next((t for t in a.term.chain if b.term.under(t)), None)


def _absorb(into: Group, other: Group, term: Term | None) -> None:
    into.members += other.members
    into.size += other.size
    into.leaves += other.leaves
    into.term = term
    if other.largest_size > into.largest_size:
        into.largest, into.largest_size = other.largest, other.largest_size


def _named(groups: Sequence[Group], avoid: set[str], taken: Sequence[str]) -> list[dict[str, Any]]:
    names: list[str] = list(taken)
    found = []
    for group in sorted(groups, key=lambda g: (-g.size, g.largest)):
        name = next(n for n in _ways(group, groups) if _free(n, names, avoid))
        names.append(name)
        found.append({"name": name, "members": group.members})
    return found


def _ways(group: Group, groups: Sequence[Group]):  # noqa: ANN202  an endless generator of names, best first
    others = [leaf for g in groups if g is not group for leaf in g.leaves]
    most = group.largest_size >= 0.7 * group.size
    if most or len(group.members) == 1:
        yield group.largest
    if group.term and "group" not in group.term.tags:
        if not any(leaf.under(group.term) for leaf in others):
            yield group.term.name
            yield from group.term.words
        elif len({leaf.name for leaf in group.leaves}) > 2:
            yield f"other {group.term.name}"
    kinds = list(dict.fromkeys(leaf.name for leaf in group.leaves)) or group.members
    if len(kinds) > 1:
        yield f"{group.largest} or {next(kind for kind in kinds if kind != group.largest)}"
    yield group.largest
    yield from group.members
    yield f"{group.largest} and more"
    yield "other"
    for n in range(2, 1000):
        yield f"group {n}"


def _free(name: str, taken: Sequence[str], avoid: set[str]) -> bool:
    """Whether the checks of naming.py would let it pass beside the others."""
    stem = _stems(name)
    if not name.strip(" .,;:!?'\"()[]*_`") or stem in map(_stems, avoid):
        return False
    for other in map(_stems, taken):
        short, long = sorted((stem, other), key=len)
        if short == long[len(long) - len(short) :]:
            return False
    return bool(stem)


def _stems(name: str) -> tuple[str, ...]:
    return tuple(singular(w) for w in tokens(name))
