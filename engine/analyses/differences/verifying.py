"""Ask a vision model whether a statement is true of single pictures: what is not answered is missing, never a no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.analyses.differences.result import Finding, Params, Prevalence
from engine.analyses.differences.sides import Units
from engine.analyses.shares import wilson
from engine.gallery import Picture
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import VERIFY

FINDINGS = 8  # of a comparison that are verified, the best first
_USUAL = 40  # pictures of a side, where only asking can test
_STRATA = 4  # quarters of the scores that a sample is drawn from alike
_VALUE = {"yes": 1.0, "unsure": 0.5, "no": 0.0}


def able(vision: Remembered | None) -> bool:
    """Whether this model can say yes or no of a statement: captioners and measured words cannot."""
    if vision is None or vision.spec.backend == "measured" or vision.spec.options.get("captioner"):
        return False
    return not vision.writes_prose


def wanted(params: Params, has_matcher: bool) -> int:
    """How many pictures of each side are asked about."""
    return (0 if has_matcher else _USUAL) if params.verify is None else params.verify


def sample(scores: np.ndarray, units: Units, most: int, keys: Sequence[str]) -> np.ndarray:
    """(m,) places of at most so many pictures of one side, one a group, as many of each quarter of the scores."""
    first: list[int] = sorted(units.first().tolist(), key=lambda i: (_number(float(scores[i])), keys[i]))
    found: list[int] = []
    for k in range(_STRATA):
        part = first[len(first) * k // _STRATA : len(first) * (k + 1) // _STRATA]
        share = most * (k + 1) // _STRATA - most * k // _STRATA
        found += sorted(part, key=lambda i: keys[i])[:share]
    return np.array(found, np.int64)


def answers(
    vision: Remembered,
    statement: str,
    places: np.ndarray,
    pictures: Sequence[Picture],
    progress: Progress,
    failed: Counter[str],
) -> np.ndarray:
    """(pictures,) 1 for yes, .5 for unsure, 0 for no; NaN where nobody asked or nothing was answered.

    Args:
        vision: answers.
        statement: that may be true.
        places: (m,) of the pictures to ask about.
        pictures: all.
        progress: told of each answer.
        failed: reasons why a question had no answer; what goes wrong here is added.
    """
    found = np.full(len(pictures), np.nan)
    for i, answer in vision.each(VERIFY, {"statement": statement}, [pictures[i] for i in places.tolist()]):
        if isinstance(answer, AnswerError):
            failed[answer.reason] += 1
        else:
            found[places[i]] = _VALUE[answer["verdict"]]
        progress.advance()
    return found


def verified(finding: Finding, said: np.ndarray, sides: tuple[Units, Units]) -> Finding:
    """A finding with prevalences that were answered; "not verified" where a side has no answer."""
    a, b = (_share(said, side) for side in sides)
    if a is None or b is None:
        return replace(finding, verdict="not verified", prevalence_a=None, prevalence_b=None, threshold=None)
    return replace(finding, prevalence_a=a, prevalence_b=b, threshold=None, is_verified=True)


def _share(said: np.ndarray, units: Units) -> Prevalence | None:
    """Of the answers; an unsure one counts half."""
    some = said[units.first()]
    some = some[np.isfinite(some)]
    if not len(some):
        return None
    yes = float(some.sum())
    return Prevalence(yes / len(some), *wilson(yes, len(some)), len(some))


def _number(score: float) -> float:
    return score if np.isfinite(score) else 0.0
