"""Which of the given names a label or a description belongs to: by what it means, else by its words, else none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.models.keywords.candidates import candidates
from engine.models.keywords.options import chosen, nearest
from engine.models.keywords.questions import Question, understood
from engine.models.keywords.words import Term, lexicon, singular, tokens

_SHORT = 4  # words up to which a text is taken for a label


def assigned(criterion: str, names: Sequence[str], texts: Sequence[str]) -> list[int | None]:
    """The name each text belongs to, by its place, or None."""
    question = understood(criterion)
    return [place(text, names, question) for text in texts]


def resolved(said: str, question: Question) -> Term | None:
    """The term a label means: in the question's families first, by its last word if not as a whole."""
    words = tokens(said[-200:])[-6:]
    for start in range(len(words)):
        for ending in (words[start:], [*words[start:-1], singular(words[-1])]):
            if terms := lexicon().phrases.get(tuple(ending)):
                if terms[0].family.name == "count" != question.family:  # 3:2 is no two
                    continue
                return next((t for t in terms if any(t.under(r) for r in question.roots)), terms[0])
    return None


def place(text: str, names: Sequence[str], question: Question) -> int | None:
    """The same for one label or description."""
    exact = {" ".join(tokens(name)): i for i, name in reversed(list(enumerate(names)))}
    if (at := exact.get(" ".join(tokens(text)))) is not None:
        return at
    plain = [re.sub(r"^other ", "", name) for name in names]
    parts = [(part, i) for i, name in enumerate(plain) for part in re.split(r" or | and |/", name) if part.strip()]
    if len(tokens(text)) <= _SHORT:
        term = resolved(text, question)
        hit = nearest(term, text, [part for part, _ in parts])
        return next((i for part, i in parts if part == hit), None) if hit else _overlap(text, names)
    if question.kind == "options" and (said := chosen(text, question)):
        if (at := exact.get(" ".join(tokens(said)))) is not None:
            return at
        return next((i for part, i in parts if part == said), None)
    if question.kind in ("statistics", "options"):
        return _overlap(text, names)
    at = _from_description(text, parts, question)
    return _spelled(text, names) if at is None else at


def _from_description(text: str, parts: Sequence[tuple[str, int]], question: Question) -> int | None:
    able = candidates(text, question)
    for n, one in enumerate(able):
        if n and one.cost > able[0].cost + 1:
            break
        if hit := nearest(one.term, one.words, [part for part, _ in parts]):
            return next(i for part, i in parts if part == hit)
    return None


def _spelled(text: str, names: Sequence[str]) -> int | None:
    """A name the list does not know, such as a person may give, where the text has all its words."""
    said = {singular(w) for w in tokens(text)}
    for i, name in enumerate(names):
        if not lexicon().named(name) and (words := tokens(name)) and {singular(w) for w in words} <= said:
            return i
    return None


def _overlap(text: str, names: Sequence[str]) -> int | None:
    said = {singular(w) for w in tokens(text)}
    scores = [len(said & {singular(w) for w in tokens(name) if len(w) > 2}) for name in names]
    best = max(scores, default=0)
    return scores.index(best) if best else None
