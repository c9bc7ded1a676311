"""The instructions, one text file a task. What people, pictures and models say travels in the payload, never here."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def instructions(task: str) -> str:
    """The words a model is told for `task`."""
    return (Path(__file__).parent / f"{task}.txt").read_text().strip()


def digest(tasks: tuple[str, ...]) -> str:
    """16 hex digits that change when any of these instructions does."""
    return hashlib.sha256("\0".join(f"{t}\0{instructions(t)}" for t in tasks).encode()).hexdigest()[:16]
