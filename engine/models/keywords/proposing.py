"""What a data set varies in, what one set has more of: counted, never imagined."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from engine.models.keywords.assigning import resolved
from engine.models.keywords.candidates import candidates, spoken
from engine.models.keywords.labels import label, labels
from engine.models.keywords.naming import clusters
from engine.models.keywords.options import nearest
from engine.models.keywords.questions import Question, understood
from engine.models.keywords.sentences import scan
from engine.models.keywords.words import grammar, lexicon, singular, tokens

_DIMENSIONS = (
    *("subject", "place", "colour", "time of day", "weather", "activity", "count", "mood", "lighting", "season"),
    *("style", "animal", "person", "vehicle", "food", "clothing", "furniture", "plant", "structure", "instrument"),
    *("electronics", "sports gear", "toy", "material", "pattern", "shape", "size", "condition", "sport", "event"),
)
_SEEN = 0.1  # of the texts, which must speak of a dimension
_ONE = 0.95  # of those that do, the largest share one value may have
_MOST = 12  # proposals an answer
_SURE = 1.96  # z of a difference in log-odds


def dimensions(texts: Sequence[str], goal: str, known: Sequence[str]) -> list[str]:
    """Families that many texts speak of with several values, most informative first; the goal's come before."""
    scores: dict[str, float] = {}
    for name in _DIMENSIONS:
        if _said(name) in {_said(k) for k in known}:
            continue
        counts = Counter(said for said in labels(texts, name, "", "") if said)
        spoke = sum(counts.values())
        if spoke < _SEEN * len(texts) or len(counts) < 2 or max(counts.values()) > _ONE * spoke:
            continue
        spread = -sum(n / spoke * math.log(n / spoke) for n in counts.values()) / math.log(len(counts))
        scores[name] = spoke / len(texts) * (0.5 + spread) + (2 if name in goal.casefold() else 0)
    return sorted(scores, key=lambda name: (-scores[name], name))[:_MOST]


def attributes(texts: Sequence[str], dimension: str, known: Sequence[str]) -> list[str]:
    """The values of a dimension that the texts name, most frequent first."""
    counts = Counter(said for said in labels(texts, dimension, "", "") if said)
    old = {_said(k) for k in known}
    return [said for said, _ in sorted(counts.items(), key=lambda c: (-c[1], c[0])) if _said(said) not in old]


def values(texts: Sequence[str], asked: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """For each text and dimension the attributes it names: none where it does not say, "other" off the list."""
    questions = [understood(d["name"]) for d in asked]
    return [
        [
            {"dimension": d["name"], "attributes": _valued(text, d["attributes"], question)}
            for d, question in zip(asked, questions, strict=True)
        ]
        for text in texts
    ]


def tidied(names: Mapping[str, int], dimension: str, k: int | None) -> list[dict[str, Any]]:
    """Names that mean the same in one group; with `k`, joined further. Every name exactly once."""
    if k is not None and k < len(names):
        return clusters(dimension or "subject", names, k, [], [])
    question = understood(dimension or "subject")
    groups: dict[Any, list[str]] = {}
    for name in names:
        term = resolved(name, question)
        groups.setdefault(term or tuple(singular(w) for w in tokens(name)), []).append(name)
    best = {key: max(some, key=lambda name: (names[name], -len(name), name)) for key, some in groups.items()}
    return [{"name": best[key], "members": some} for key, some in groups.items()]


def refined(texts: Sequence[str], dimension: str, able: Sequence[str]) -> list[dict[str, Any]]:
    """Values to add that several of the texts name and the list lacks, and values of the list that mean the same."""
    known = {_said(name) for name in able}
    named = Counter(said for said in labels(texts, dimension, "", "") if said and _said(said) not in known)
    add = [(said, n) for said, n in named.most_common() if n > 1]
    same = [group for group in tidied(dict.fromkeys(able, 1), dimension, None) if len(group["members"]) > 1]
    return [
        *({"kind": "add", "names": [said], "into": "", "why": f"{n} of these descriptions say so."} for said, n in add),
        *({"kind": "merge", "names": group["members"], "into": group["name"], "why": "They mean the same."}
          for group in same),
    ]  # fmt: skip


def differences(a: Sequence[str], b: Sequence[str], known: Sequence[str], goal: str) -> list[str]:
    """Words, pairs of words and terms truer of a than of b, by log-odds of the texts that hold them.

    Monroe, Colaresi & Quinn 2008 with a flat prior; a phrase inside another that stands as often is dropped.
    """
    in_a, in_b = _phrases(a), _phrases(b)
    old = {_said(k) for k in known}
    scores = {}
    for phrase, n in in_a.items():
        m = in_b[phrase]
        if n < 2 or _said(phrase) in old:
            continue
        odds = math.log((n + 0.5) / (len(a) - n + 0.5)) - math.log((m + 0.5) / (len(b) - m + 0.5))
        z = odds / math.sqrt(1 / (n + 0.5) + 1 / (len(a) - n + 0.5) + 1 / (m + 0.5) + 1 / (len(b) - m + 0.5))
        if z > _SURE:
            scores[phrase] = z + (1 if phrase in goal.casefold() else 0)
    found: dict[str, set[str]] = {}
    for phrase in sorted(scores, key=lambda p: (-scores[p], len(p.split()), p)):
        words = set(phrase.split()) | {t.usual().name for t in lexicon().named(phrase)[:1]}
        if not any(words & others for others in found.values()):
            found[phrase] = words
    return list(found)[:_MOST]


def _valued(text: str, able: Sequence[str], question: Question) -> list[str]:
    if question.kind in ("statistics", "options"):
        said = {singular(w) for w in tokens(text)}
        named = label(text, question)
        return [name for name in able if name == named or (not named and {singular(w) for w in tokens(name)} <= said)]
    found = candidates(text, question)
    if not found:
        return []
    first = spoken(found[0], question)
    exact = {_said(name): name for name in able}
    if _said(first) in exact:
        return [exact[_said(first)]]
    for one in found:
        if one.cost > found[0].cost + 1:
            break
        if hit := nearest(one.term, one.words, able):
            return [hit]
    return ["other"]


def _phrases(texts: Iterable[str]) -> Counter[str]:
    """In how many texts each word, pair and term stands."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = [singular(w) for w in scan(text).tokens if w.isalpha()]
        single = {w for w in words if w not in grammar()["common"] and len(w) > 2}
        pairs = {f"{x} {y}" for x, y in pairwise(words) if x in single and y in single}
        named = {t.usual().name for m in scan(text).mentions if not m.negated for t in m.terms[:1]}
        counts.update(single | pairs | named)
    return counts


def _said(name: str) -> str:
    return " ".join(singular(w) for w in tokens(name))
