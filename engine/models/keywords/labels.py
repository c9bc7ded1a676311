"""The short answer one text gives to a question, or nothing where it does not say."""

from __future__ import annotations

from collections.abc import Sequence

from engine.models.keywords.candidates import candidates, spoken
from engine.models.keywords.options import chosen
from engine.models.keywords.questions import Question, understood


def labels(texts: Sequence[str], criterion: str, look_at: str, ignore: str) -> list[str]:
    """Labels of the texts of one request."""
    question = understood(criterion, look_at, ignore)
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
