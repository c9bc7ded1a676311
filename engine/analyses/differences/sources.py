"""What one run of differences works with: pictures, who can say something of them, comparisons under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from engine.analyses.differences import describing, proposing, scoring
from engine.analyses.differences.result import Params, Side, Tried
from engine.analyses.differences.scoring import ByDescriptions, ByMatcher, Scorer
from engine.analyses.differences.sides import Sides
from engine.analyses.differences.testing import Headline, Judge, Test
from engine.gallery import Gallery, Picture
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.steps.embeddings import Embedded


class Copies(Protocol):
    """Tells near copies."""

    def groups(self, pictures: Sequence[Picture]) -> np.ndarray:
        """(n,) int64: the group that each picture is in."""
        ...


class Matcher(scoring.Matcher, Protocol):
    """A matcher that remembers vectors."""

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """Vectors of pictures."""
        ...

    def known(self, pictures: Sequence[Picture]) -> tuple[int, int]:
        """How many different pictures there are, and how many of them have a vector already."""
        ...


@dataclass
class Sources:
    """The pictures of one run, who can say something of them, and what was said."""

    gallery: Gallery
    params: Params
    copies: Copies
    progress: Progress
    seed: int
    matcher: Matcher | None = None
    vision: Remembered | None = None
    chat: Remembered | None = None
    said: dict[int, str] = field(default_factory=dict)  # descriptions by place
    unread: dict[int, str] = field(default_factory=dict)  # places that could not be read or described, and why
    notes: list[str] = field(default_factory=list)
    unverified: Counter[str] = field(default_factory=Counter)  # why questions whether a statement is true failed
    in_vain: int = 0  # statements in a row of which no question was answered

    @property
    def is_measured(self) -> bool:
        """Whether no model looks at pictures, and they are described by what can be measured."""
        return self.vision is not None and self.vision.spec.backend == "measured"

    @cached_property
    def keys(self) -> list[str]:
        """Of each picture a text that puts it into an order nobody chose."""
        return proposing.keys_of([p.hash for p in self.gallery.pictures], self.seed)

    @cached_property
    def scorer(self) -> Scorer:
        """Who scores statements; descriptions, if these have to, must be there by then."""
        if self.matcher is None:
            return ByDescriptions(self.said, len(self.gallery))
        found = self.matcher.embed(self.gallery.pictures)
        self.unread |= found.unread
        return ByMatcher(self.matcher, found.vectors, found.places, len(self.gallery))

    def describe(self, places: Sequence[int]) -> None:
        """Ask for descriptions of these pictures."""
        if self.vision is None or not places:
            return
        pictures = [self.gallery.pictures[i] for i in places]
        said, failed = describing.descriptions(self.vision, self.params.goal, pictures, self.progress)
        self.said |= {places[i]: text for i, text in said.items()}
        if self.is_measured:
            self.notes.append("Without a vision model only colour, light, sharpness and format are described.")
        if failed:
            why, _ = Counter(failed.values()).most_common(1)[0]
            self.notes.append(f"{len(failed)} of {len(pictures)} pictures were not described; mostly: {why}.")


@dataclass
class Open:
    """One comparison under way: its sides, its headlines with their tests, what was tried, scores of parts."""

    names: tuple[Side, Side]
    sides: Sides
    judge: Judge
    heads: list[Headline] = field(default_factory=list)
    tested: list[list[Test]] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    parts: dict[str, np.ndarray] = field(default_factory=dict)
