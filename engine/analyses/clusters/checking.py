"""How often the models were right, by what a person said: of the least sure pictures, and of a random sample.

The two answer different questions. The review queue holds the pictures that are likeliest to be wrong, so its accuracy
says nothing of the rest; a random sample's is an unbiased estimate of all. What was moved by hand elsewhere was found
because it was wrong, and counts in neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.analyses.clusters.result import Result, Row
from engine.analyses.shares import Accuracy, accuracy


@dataclass(frozen=True)
class Checked:
    """What was looked at.

    Args:
        review: of the review queue, as far as it was looked at; None before.
        queue: how many pictures the queue holds.
        random: of a random sample of all that were answered, as far as it was looked at; None before.
        passed_over: pictures of that sample that were passed over without a word: they may be the hard ones.
    """

    review: Accuracy | None
    queue: int
    random: Accuracy | None
    passed_over: int


def in_random_order(result: Result, seed: str) -> list[str]:
    """Files that have an answer in an order drawn by `seed`: the first n are a sample of n, whatever n."""
    answered = [row.file for row in result.rows if row.how != "unanswered"]
    return sorted(
        answered, key=lambda file: hashlib.sha256(f"{seed}\0{file}".encode("utf-8", "surrogateescape")).digest()
    )


def checked(result: Result, now: Result, log: Sequence[Mapping[str, Any]], order: Sequence[str]) -> Checked:
    """How right the models were where a person spoke.

    Args:
        result: as the models left it.
        now: with a person's changes.
        log: of these changes; those of the random sample say so ({"check": "random"}).
        order: of the random sample, see in_random_order.
    """
    right = {row.file: is_right(row) for row in now.rows if row.how == "person"}
    unsure = {one.file for one in result.review}
    sampled = {file for edit in log if edit.get("check") == "random" for file in edit["files"]}
    # Those after the last one of the sample that was looked at do not count, though the queue may have brought them.
    last = max((i for i, file in enumerate(order, 1) if file in sampled), default=0)
    drawn = [right[file] for file in order[:last] if file in right]
    seen = [right[file] for file in unsure if file in right]
    return Checked(
        accuracy(sum(seen), len(seen)) if seen else None,
        len(unsure),
        accuracy(sum(drawn), len(drawn)) if drawn else None,
        last - len(drawn),
    )


def is_right(row: Row) -> bool:
    """Whether the models had put a picture where a person says that it belongs."""
    return row.was == row.cluster
