"""Dimensions by vote, and the attributes of each until hardly anything new is said."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.analyses.structure.result import COLUMNS, OTHER, Given, Proposed
from engine.errors import RunError
from engine.models.keywords.words import singular, tokens
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.steps.tasks import PROPOSE_ATTRIBUTES, PROPOSE_DIMENSIONS, TIDY

_TEXTS = 20  # of a question for dimensions
_READ, _QUESTIONS = 40, 10  # texts of a question for attributes, and questions of a dimension, at most
_KEPT = 0.3  # of the rounds that must name a dimension
_MOST = 100  # attributes of a dimension
_LEAST_QUESTIONS, _UNSEEN = 8, 0.01  # then it is enough if so small a share of what is said is estimated to be unseen
_DRAWS = 200


@dataclass(frozen=True)
class Found:
    """A dimension with its attributes, as they are asked for.

    Args:
        name: the dimension.
        attributes: what is asked for.
        shown: what an attribute is called where it was renamed.
        votes: rounds that named it.
        rounds: of so many; 0 where a person did.
        stability: see Dimension.
        unseen: see Dimension.
        is_open: whether its attributes were found, so that more of them may be.
        label: see Dimension.
    """

    name: str
    attributes: tuple[str, ...]
    shown: Mapping[str, str]
    votes: int = 0
    rounds: int = 0
    stability: float = 1.0
    unseen: float = 0.0
    is_open: bool = True
    label: str = ""

    @property
    def title(self) -> str:
        """What people see: two labels may each have a dimension of one name."""
        return f"{self.name} ({self.label})" if self.label else self.name


def said(name: str) -> str:
    """A name without case, plural and punctuation."""
    return " ".join(singular(word) for word in tokens(name))


def in_turn(labels: Sequence[str], keys: Sequence[str]) -> list[int]:
    """Places in an order that content gives, one of each label in turn."""
    order = sorted(range(len(labels)), key=lambda i: keys[i])
    count: Counter[str] = Counter()
    turn = {}
    for i in order:
        turn[i] = count[labels[i]]
        count[labels[i]] += 1
    return sorted(order, key=lambda i: (turn[i], keys[i]))


def keys_of(texts: Sequence[str], seed: int) -> list[str]:
    """Of each text a word that puts it into an order nobody chose."""
    return [hashlib.sha256(f"{seed}\0{t}".encode("utf-8", "surrogateescape")).hexdigest() for t in texts]


def propose(
    chat: Remembered, texts: Sequence[str], goal: str, rounds: int, seed: int, progress: Progress, about: str = ""
) -> list[Proposed]:
    """Dimensions by votes of rounds, each of which reads other texts; names that say the same are one.

    None where no round was answered.
    """
    named: list[list[str]] = []
    spelled: dict[str, Counter[str]] = {}
    progress.start("looking for dimensions", rounds)
    for i in range(rounds):
        sample = [texts[(i * _TEXTS + k) % len(texts)] for k in range(min(_TEXTS, len(texts)))]
        ask = {"about": about, "goal": goal, "texts": sample, "known": []}
        answer = _asked(chat, PROPOSE_DIMENSIONS, ask)
        progress.advance()
        if answer is None:
            continue
        names = [_spelled(name) for name in answer["dimensions"]]
        found = {said(name): name for name in names if said(name) and name not in COLUMNS}
        for key, name in found.items():
            spelled.setdefault(key, Counter())[name] += 1
        named.append(list(found))
    votes = Counter(key for some in named for key in some)
    groups = _tidied(chat, "", {key: n for key, n in votes.items()})
    told = []
    for name, members in groups:
        hits = np.array([bool(set(members) & set(some)) for some in named])
        early = sum(
            1 / (1 + min(some.index(m) for m in members if m in some)) for some in named if set(members) & set(some)
        )
        kept = hits.sum() >= _needed(len(named))
        drawn = np.random.default_rng([seed, 1]).integers(0, len(named), (_DRAWS, len(named))) if len(named) else None
        stability = float((hits[drawn].sum(1) >= _needed(len(named))).mean()) if drawn is not None else 0.0
        words = [spelled[m].most_common(1)[0][0] for m in members if m in spelled]
        shown = spelled[name].most_common(1)[0][0] if name in spelled else name
        one = Proposed(shown, tuple(w for w in words if w != shown), int(hits.sum()), stability, bool(kept), len(named))
        told.append((one, early))
    # Of as many votes, who was named before others comes first: the most telling are to be named first.
    return [one for one, early in sorted(told, key=lambda t: (-t[0].votes, -t[1], t[0].name))]


def attributes(
    chat: Remembered, name: str, texts: Sequence[str], progress: Progress, known: Sequence[str] = ()
) -> tuple[tuple[str, ...], float]:
    """What a dimension's values are, the most often named first, and the estimated share that no question showed.

    Texts are read without replacement until the unseen share (Good & Turing: names that one question alone gave, of all
    that were given) is low.

    Args:
        chat: names them.
        name: the dimension.
        texts: in the order to read them.
        progress: counts questions.
        known: values found already; only others are told.
    """
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    unseen, asked = 1.0, 0
    for start in range(0, min(len(texts), _READ * _QUESTIONS), _READ):
        ask = {"about": "", "dimension": name, "texts": list(texts[start : start + _READ]), "known": list(known)}
        answer = _asked(chat, PROPOSE_ATTRIBUTES, ask)
        progress.advance()
        if answer is None:
            continue
        asked += 1
        new = {said(value): _spelled(value) for value in answer["attributes"]}
        new = {key: value for key, value in new.items() if key and key not in (OTHER, "unknown", "none")}
        counts.update(new.keys())
        spelled = new | spelled
        once = sum(n == 1 for n in counts.values())
        unseen = once / counts.total() if counts else 1.0
        if asked >= _LEAST_QUESTIONS and unseen < _UNSEEN:
            break
    if not counts:
        return (), 1.0 if asked else 0.0
    old = {said(value) for value in known}
    groups = _tidied(chat, name, dict(counts))
    order = sorted(groups, key=lambda g: (-sum(counts[m] for m in g[1]), g[0]))
    names = [spelled.get(group, group) for group, _ in order if group not in old]
    if (more := len(known) + len(names) - _MOST) > 0:
        progress.note(f"{name}: {more:,} values that were named least are counted as other.")
    return tuple(names[: max(0, _MOST - len(known))]), unseen


def given(one: Given, found: tuple[tuple[str, ...], float] | None) -> Found:
    """A dimension that a person named, with its attributes or those that were found."""
    if found is None:
        shown = {said: a for a in one.attributes for said in one.asked.get(a, ())}
        asked = tuple(dict.fromkeys(said for a in one.attributes for said in one.asked.get(a, (a,))))
        asked = tuple(a for a in asked if a.casefold() != OTHER)  # it can be said of every dimension
        return Found(one.name, asked, shown, is_open=False)
    return Found(one.name, found[0], {}, unseen=found[1])


def _spelled(name: str) -> str:
    """In lower case, on one line."""
    return " ".join(name.casefold().split())


def _needed(rounds: int) -> int:
    return max(1, round(_KEPT * rounds))


def _asked(chat: Remembered, task: object, ask: Mapping[str, object]) -> dict | None:
    try:
        return chat.one(task, ask)[0]  # type: ignore[arg-type]
    except RunError:
        return None


def _tidied(chat: Remembered, dimension: str, names: Mapping[str, int]) -> list[tuple[str, list[str]]]:
    """Names that mean the same, each once; as they are where the answer does not hold all of them just once."""
    alone = [(name, [name]) for name in names]
    if len(names) < 2:
        return alone
    ordered = dict(sorted(names.items(), key=lambda c: (-c[1], c[0])))
    answer = _asked(chat, TIDY, {"about": "", "dimension": dimension or None, "names": ordered, "k": None})
    if answer is None:
        return alone
    members = [m for group in answer["groups"] for m in group["members"]]
    if sorted(members) != sorted(names):
        return alone
    groups = []
    for group in answer["groups"]:
        if group["members"]:
            name = _spelled(group["name"])
            groups.append((name if said(name) and name not in COLUMNS else group["members"][0], group["members"]))
    taken = Counter(name for name, _ in groups)
    return [(name if taken[name] == 1 else some[0], some) for name, some in groups]
