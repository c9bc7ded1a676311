"""How true a statement is of each picture: by a matcher's vectors, by descriptions, by a column, by asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from engine.analyses.differences.wording import content
from engine.gallery import Gallery, columns
from engine.models.roles import ModelSpec

DESCRIPTIONS, METADATA, VERIFY = "descriptions", "metadata", "verify"
_SIGN = ": "  # between a column and its value in a statement


class Matcher(Protocol):
    """Pictures and texts in one space, each embedded once."""

    @property
    def spec(self) -> ModelSpec:
        """Whose vectors they are."""
        ...

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, d)."""
        ...


class Scorer(Protocol):
    """Scores statements."""

    @property
    def by(self) -> str:
        """Who does, for people."""
        ...

    def scores(self, statements: Sequence[str]) -> np.ndarray:
        """(statements, pictures) float32, NaN where nothing is known of a picture."""
        ...


@dataclass
class ByMatcher:
    """The cosine of a statement's vector with each picture's.

    Args:
        matcher: embeds texts.
        vectors: (m, d) of pictures.
        places: (m,) whose they are.
        n: pictures in all.
    """

    matcher: Matcher
    vectors: np.ndarray
    places: np.ndarray
    n: int

    @property
    def by(self) -> str:
        """The matcher's name."""
        return self.matcher.spec.label

    def scores(self, statements: Sequence[str]) -> np.ndarray:
        """One product of matrices."""
        found = np.full((len(statements), self.n), np.nan, np.float32)
        if statements:
            found[:, self.places] = self.matcher.texts(statements) @ self.vectors.T
        return found

    def among(self, places: np.ndarray) -> ByMatcher:
        """The same, of these pictures (m,) alone: many statements about a million pictures would not fit."""
        rows = np.full(self.n, -1)
        rows[self.places] = np.arange(len(self.places))
        rows = rows[places]
        return ByMatcher(self.matcher, self.vectors[rows[rows >= 0]], np.flatnonzero(rows >= 0), len(places))


@dataclass
class ByDescriptions:
    """The share of a statement's words that a picture's description has; rare words weigh more (IDF).

    Args:
        said: descriptions by place.
        n: pictures in all.
    """

    said: Mapping[int, str]
    n: int
    by: str = DESCRIPTIONS
    _words: dict[int, frozenset[str]] = field(init=False)
    _in: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self._words = {place: content(text) for place, text in self.said.items()}
        self._in = Counter(word for words in self._words.values() for word in words)

    def scores(self, statements: Sequence[str]) -> np.ndarray:
        """Counted, statement by statement."""
        found = np.full((len(statements), self.n), np.nan, np.float32)
        for row, statement in zip(found, statements, strict=True):
            words = content(statement)
            weight = {word: np.log((len(self._words) + 1) / (self._in[word] + 0.5)) for word in words}
            total = sum(weight.values()) or 1.0
            for place, has in self._words.items():
                row[place] = sum(weight[word] for word in words & has) / total
        return found


@dataclass
class ByColumns:
    """1 where a column has the value that a statement names, 0 elsewhere; NaN where it says nothing."""

    gallery: Gallery
    by: str = METADATA

    def scores(self, statements: Sequence[str]) -> np.ndarray:
        """One column a statement."""
        found = np.full((len(statements), len(self.gallery)), np.nan, np.float32)
        names = sorted(columns.names(self.gallery), key=len, reverse=True)  # a name may hold the sign, too
        for row, statement in zip(found, statements, strict=True):
            name = next(name for name in names if statement.startswith(name + _SIGN))
            value = statement[len(name + _SIGN) :]
            values = columns.column(self.gallery, name)
            known = values == values if columns.is_number(values) else values != ""
            if columns.is_number(values):
                row[known] = values[known]
            else:
                row[known] = values[known] == value
        return found


def of_column(name: str, value: str) -> str:
    """The statement that a column has this value; of a column of numbers, that its number is high."""
    return f"{name}{_SIGN}{value}"
