"""The short answer one text gives to a question, or nothing where it does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.models.keywords.candidates import candidates, spoken
from engine.models.keywords.options import chosen
from engine.models.keywords.questions import Question, understood
from engine.models.keywords.sentences import Scan, heads, scan


def labels(texts: Sequence[str], criterion: str, look_at: str, ignore: str) -> list[str]:
    """Labels of the texts of one request."""
    question = understood(criterion, look_at, ignore)
    if question.kind == "statistics":
        return telling(texts)
    return [label(text, question) for text in texts]


def label(text: str, question: Question) -> str:
    """One to three words, or empty."""
    if question.kind == "options":
        return chosen(text, question)
    if question.kind == "statistics":
        return ""
    found = candidates(text, question)
    if not found:
        return ""
    return spoken(found[0], question)


def telling(texts: Sequence[str]) -> list[str]:
    """For each text, the word that it shares with some of the others but not with most; empty where there is none."""
    found = [_content(scan(text)) for text in texts]
    counts = Counter(word for words in found for word in words)
    most = max(2, 0.6 * len(texts))
    said = []
    for words in found:
        able = [w for w in words if 1 < counts[w] <= most]
        said.append(max(able, key=lambda w: (counts[w], -words.index(w))) if able else "")
    return said


def _content(read: Scan) -> list[str]:
    named = [m.terms[0].usual().name for m in read.mentions if not m.negated]
    return list(dict.fromkeys([*named, *heads(read.tokens, first_only=False)]))
