"""How right a statement is, by a chat model that knows the truth: for benchmarks on real pairs."""

from __future__ import annotations

from engine.steps.answers import Remembered
from engine.steps.tasks import JUDGE


def grade(chat: Remembered, truth_a: str, truth_b: str, statement: str) -> float:
    """1 where a statement names the difference, .5 where it is narrower or wider, 0 where it does not.

    Args:
        chat: the judge.
        truth_a: what the side shows of which the statement is said to be truer.
        truth_b: what the other one shows.
        statement: the finding.

    Raises:
        RunError: the judge gave no usable answer.
    """
    answer, _ = chat.one(JUDGE, {"truth_a": truth_a, "truth_b": truth_b, "statement": statement})
    return answer["score"] / 2
