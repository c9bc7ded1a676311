"""Hypotheses, from those pictures that are for finding them: each with who proposed it and of which side it is truer.

Every proposer is asked the same of A against B and of B against A, on samples that content alone chooses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.analyses.differences.result import Direction, Tried
from engine.analyses.differences.scoring import ByMatcher, Scorer, of_column
from engine.analyses.differences.sides import Units
from engine.analyses.differences.statistics import auroc, pull
from engine.analyses.differences.wording import cleaned, in_one_form
from engine.errors import RunError
from engine.gallery import Gallery, columns
from engine.models.keywords import proposing
from engine.models.keywords.words import lexicon, tokens
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.steps.tasks import PROPOSE_DIFFERENCES

WORDS, CONCEPTS, METADATA, TYPED = "word statistics", "concepts", "metadata", "typed"
_TEXTS = 20  # of each side that a question shows
_KEPT = 8  # proposals of each direction by proposers that could make any number
_LEAST = 0.2  # pull on the finding half of a concept or a column's value that is worth testing
_WON = 0.05  # of a side's pictures, in which a concept is to fit best of its family
_UNITS = 2_000  # of each side that concepts are ranked on
_NOT_SEEN = {"turn of phrase", "event"}  # families of words that name nothing one could see
_VALUES = 30  # of a column that may be proposed


@dataclass(frozen=True)
class Proposal:
    """A statement, its direction, and who proposed it."""

    statement: str
    direction: Direction
    proposer: str


def described(units: tuple[Units, Units], keys: Sequence[str], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of at most so many pictures of each side, one a group, in an order that content gives."""
    return _drawn(units[0], keys, most), _drawn(units[1], keys, most)


def by_chat(
    chat: Remembered, texts: Sequence[Sequence[str]], goal: str, rounds: int, progress: Progress
) -> tuple[list[Proposal], list[str]]:
    """What a language model proposes from rounds of samples, told what it found before; and what went wrong."""
    found: list[Proposal] = []
    notes: list[str] = []
    name = chat.spec.label
    progress.start("asking for hypotheses", 2 * rounds)
    for direction in ("a", "b"):
        mine, other = (texts[0], texts[1]) if direction == "a" else (texts[1], texts[0])
        known: list[str] = []
        for i in range(rounds):
            ask = {"goal": goal, "a": _round(mine, i), "b": _round(other, i), "known": known[:]}
            try:
                answer, _ = chat.one(PROPOSE_DIFFERENCES, ask)
            except RunError as problem:
                if not chat.only_counts:
                    notes.append(problem.message)
                answer = {"differences": []}
            new = [one for one in answer["differences"] if one.casefold() not in {k.casefold() for k in known}]
            known += new
            found += [Proposal(one, direction, name) for one in new]
            progress.advance()
    return found, list(dict.fromkeys(notes))


def by_words(texts: Sequence[Sequence[str]], goal: str) -> list[Proposal]:
    """Words and pairs of words whose log-odds differ between the sides' descriptions; forms of a word count as one."""
    a, b = in_one_form(texts)
    of_a = proposing.differences(a, b, [], goal)
    of_b = proposing.differences(b, a, [], goal)
    return [*(Proposal(one, "a", WORDS) for one in of_a), *(Proposal(one, "b", WORDS) for one in of_b)]


def by_concepts(scorer: ByMatcher, units: tuple[Units, Units], known: frozenset[str] | None) -> list[Proposal]:
    """Terms of the word list (some 1,200 things, places, qualities) that a matcher sees more of on one side.

    Args:
        scorer: the matcher.
        units: of the finding half.
        known: the only words that the matcher has learned; None: it knows them all.
    """
    families = {t.name: t.family.name for t in lexicon().terms() if t.parent and t.family.name not in _NOT_SEEN}
    names = sorted(name for name in families if known is None or known.issuperset(tokens(name)))
    first = [one.first()[:_UNITS] for one in units]
    places = np.sort(np.concatenate(first))  # in an order that has no side first
    of_a, of_b = (Units(np.searchsorted(places, one), np.arange(len(one))) for one in first)
    scores = scorer.among(places).scores(names)
    wins = tuple(_won(scores[:, one.places], [families[name] for name in names]) for one in (of_a, of_b))
    # Beaches look more like harbours than mountains do; a beach is called one only if nothing fits it better.
    fits = [i for i in range(len(names)) if max(wins[0][i], wins[1][i]) >= _WON]
    found = _best([names[i] for i in fits], scores[fits], (of_a, of_b), CONCEPTS)
    won = {name: wins[0][i] - wins[1][i] for i, name in enumerate(names)}
    return [one for one in found if (won[one.statement] if one.direction == "a" else -won[one.statement]) > 0]


def _won(scores: np.ndarray, families: Sequence[str]) -> np.ndarray:
    """(statements,) in what share of these pictures, scores (statements, pictures), each is the best of its family."""
    won = np.zeros(scores.shape)
    of = np.array(families)
    for family in set(families):
        rows = np.flatnonzero(of == family)
        won[rows[np.nanargmax(np.nan_to_num(scores[rows], nan=-2.0), axis=0)], np.arange(scores.shape[1])] = 1
    return won.mean(axis=1) if scores.shape[1] else won.sum(axis=1)


def by_columns(gallery: Gallery, scorer: Scorer, units: tuple[Units, Units]) -> list[Proposal]:
    """Values of the metadata's columns; a column that alone tells who is in A is what made the sets, and no finding."""
    statements = []
    for name in ("label", *(n for n in columns.names(gallery) if n not in columns.OWN)):
        values = columns.column(gallery, name)
        if columns.is_number(values):
            if abs(auroc(*(side.values(values) for side in units)) - 0.5) < 0.5:
                statements.append(of_column(name, "high"))
            continue
        here = values[np.concatenate([units[0].places, units[1].places])]
        kinds, counts = np.unique(here[here != ""].astype(str), return_counts=True)
        if 1 < len(kinds) <= _VALUES and 2 * counts.sum() >= len(here) and not _makes_the_sides(values, units):
            statements += [of_column(name, kind) for kind, n in zip(kinds, counts, strict=True) if n > 1]
    return _best(statements, scorer.scores(statements), units, METADATA)


def sorted_out(proposals: Sequence[Proposal]) -> tuple[dict[str, list[Proposal]], list[Tried]]:
    """Proposals by what they say, without what is no statement; and those refused, with the reason."""
    kept: dict[str, list[Proposal]] = {}
    names: dict[str, str] = {}
    refused = []
    for one in proposals:
        said, why = (one.statement, "") if one.proposer == METADATA else cleaned(one.statement)
        if why:
            refused.append(Tried(said[:200], one.proposer, why))
        else:
            key = said if one.proposer == METADATA else said.casefold()
            kept.setdefault(names.setdefault(key, said), []).append(one)
    return kept, refused


def keys_of(content: Sequence[str], seed: int) -> list[str]:
    """Of each picture a text that puts it into an order nobody chose."""
    return [hashlib.sha256(f"{seed}\0sample\0{one}".encode()).hexdigest() for one in content]


def _best(names: Sequence[str], scores: np.ndarray, units: tuple[Units, Units], proposer: str) -> list[Proposal]:
    """The few statements that tell the sides apart best on these units, in both directions."""
    found = []
    directions: tuple[Direction, Direction] = ("a", "b")
    for direction in directions:
        first, second = units if direction == "a" else (units[1], units[0])
        pulls = [pull(first.values(row), second.values(row)) for row in scores]
        order = sorted(range(len(names)), key=lambda i: (-pulls[i], names[i]))
        found += [Proposal(names[i], direction, proposer) for i in order[:_KEPT] if pulls[i] >= _LEAST]
    return found


def _makes_the_sides(values: np.ndarray, units: tuple[Units, Units]) -> bool:
    """Whether no value of a column is found on both sides."""
    return not set(values[units[0].places].tolist()) & set(values[units[1].places].tolist())


def _drawn(units: Units, keys: Sequence[str], most: int) -> np.ndarray:
    first: list[int] = units.first().tolist()
    return np.array(sorted(first, key=lambda i: keys[i])[:most], np.int64)


def _round(texts: Sequence[str], i: int) -> list[str]:
    """The i-th sample; it begins anew where there are no more."""
    n = min(_TEXTS, len(texts))
    return [texts[(i * n + k) % len(texts)] for k in range(n)]


def placed(said: Mapping[int, str], places: np.ndarray) -> Iterator[str]:
    """Descriptions of these places that there are."""
    return (said[i] for i in places.tolist() if i in said)
