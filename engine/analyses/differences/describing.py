"""Descriptions of pictures by a vision model; where there is none, in words for what can be measured."""

from __future__ import annotations

from collections.abc import Sequence

from engine.gallery import Picture
from engine.models import measured
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import DESCRIBE

# What is measured of every picture, and the word that belongs to each answer.
_MEASURED = (
    ("colour", ""),
    ("lighting", "light"),
    ("contrast", "contrast"),
    ("colourfulness", "colours"),
    ("sharpness", ""),
    ("orientation", "format"),
)


def criteria(vision: Remembered, goal: str) -> tuple[tuple[str, str], ...]:
    """What is asked of every picture, each with a word that completes its short answer."""
    if vision.spec.backend == "measured" and measured.refusal(goal):
        return _MEASURED
    return ((goal or "what the picture shows", ""),)


def descriptions(
    vision: Remembered, goal: str, pictures: Sequence[Picture], progress: Progress
) -> tuple[dict[int, str], dict[int, str]]:
    """Descriptions by place, and of those that have none, why."""
    asks = criteria(vision, goal)
    progress.start("describing", len(pictures) * len(asks))
    said: dict[int, list[str]] = {}
    failed: dict[int, str] = {}
    for criterion, noun in asks:
        ask = {"criterion": criterion, "look_at": "", "ignore": ""}
        for i, answer in vision.each(DESCRIBE, ask, pictures):
            if isinstance(answer, AnswerError):
                failed[i] = answer.reason
            elif vision.spec.backend == "measured":  # its sentences are full of numbers
                said.setdefault(i, []).append(f"{answer['label']} {noun}".strip())
            else:
                said[i] = [answer["description"] or answer["label"]]
            progress.advance()
    return {i: ", ".join(some) for i, some in said.items()}, failed


def in_full(words: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Each word as the shortest part of these lists of measured words that holds it: low is low contrast."""
    parts = sorted({part for text in texts for part in text.split(", ")}, key=lambda part: (len(part), part))
    return [next((part for part in parts if word in part.split()), word) for word in words]
