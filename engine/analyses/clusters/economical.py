"""Clusters of a large gallery for a part of the price: some pictures are described, the rest follows by likeness.

1. A first sample covers the space of vectors. It is described and gives working names.
2. In rounds, a classifier on the vectors says of what it is unsure, and some of that and some others are described,
   until the part that may be described is used up, or 99 of 100 pictures are expected to be right.
3. Clusters are named from all that was described, and the classifier places the rest. What is not more likely than not
   stays undecided.
4. An audit describes some of what is left, in an order drawn before anything was known: that tells how right it is.

A larger part asks for what a smaller one asked and more: sizes of rounds do not depend on it, and all orders are drawn
or follow from what came before. Everything is decided at the natural level of names, so another K asks no picture.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engine.analyses.clusters.asked_before import AskedBefore
from engine.analyses.clusters.auditing import audit_order, audit_size, wrong_in_all
from engine.analyses.clusters.describing import Describer, nothing_said, tally
from engine.analyses.clusters.naming import Names, as_they_are, natural_names, normal
from engine.analyses.clusters.placing import joined_row, named, names_ask, placed_by_answers, with_labels
from engine.analyses.clusters.result import Audited, Economy, Params, Row
from engine.analyses.clusters.sampling import covering, drawing_order, first_size, mixed, next_size, stand_for, unsure
from engine.analyses.clusters.spreading import fitted, prepared
from engine.errors import RunError
from engine.gallery import Gallery, Picture
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.steps.embeddings import Embedded

TARGET = 0.99  # of all pictures, expected to be right: from there on nothing more is described
LIKELY = 0.5  # how likely a place must be at least
FEWEST = 20  # pictures that are described in any case


class Likeness(Protocol):
    """Vectors of pictures, alike where the pictures are."""

    @property
    def spec(self) -> ModelSpec:
        """Whose they are."""
        ...

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """A vector for every picture that can be read."""
        ...

    def known(self, pictures: Sequence[Picture]) -> tuple[int, int]:
        """How many different pictures there are, and how many of them have a vector already."""
        ...


@dataclass(frozen=True)
class Answered:
    """Placed rows in the gallery's order, what their labels count, the names, the natural ones, their coverage."""

    rows: list[Row]
    counts: Counter[str]
    names: Names
    natural: Names
    coverage: float
    economy: Economy | None = None


def most_described(share: float, n: int) -> int:
    """How many of `n` different pictures may be described."""
    return min(n, max(FEWEST, math.ceil(share * n - 1e-9)))


def first_room(most: int) -> int:
    """How many of `most` pictures to describe may be described before the audit."""
    return most - audit_size(most)


def different(pictures: Iterable[Picture]) -> list[Picture]:
    """One picture for each content, in an order that is not that of the files."""
    found: dict[str, Picture] = {}
    for picture in pictures:
        found.setdefault(picture.hash, picture)
    return [found[key] for key in sorted(found)]


def answered_in_part(
    gallery: Gallery,
    params: Params,
    vision: Remembered,
    chat: Remembered,
    likeness: Likeness,
    progress: Progress,
    seed: int,
    exact: bool,
) -> Answered:
    """Describe at most a share of the pictures, and place the rest by likeness.

    Args:
        gallery: the pictures.
        params: with a share below 1.
        vision: describes pictures.
        chat: names and assigns.
        likeness: gives vectors.
        progress: told of every step.
        seed: of samples.
        exact: labels are words of a fixed list, each a cluster.

    Raises:
        RunError: nothing could be answered, or no picture has a vector; ModelError, Stopped, StoreError as models do.
    """
    pictures = different(gallery.pictures)
    embedded = likeness.embed(pictures)
    if not len(embedded.places):
        why = next(iter(embedded.unread.values()), "there is none")
        raise RunError(f"No picture has a vector: {why}.", "Describe every picture instead.")
    able = [pictures[i] for i in embedded.places]
    most = min(most_described(params.share, len(pictures)), len(able))
    before = AskedBefore(pictures, params, vision, chat, likeness.spec, seed)
    part = _Part(able, prepared(embedded.vectors), params, vision, chat, progress, seed, exact, most, before)
    part.describe_in_rounds()
    natural, joined, coverage = part.named()
    guesses = part.guessed(natural, joined)
    audit = part.audited(guesses, natural, joined)
    by_hash = {able[i].hash: row for i, row in (guesses | part.rows).items()}
    by_hash |= {pictures[i].hash: Row("", why=why) for i, why in embedded.unread.items()}
    rows = [replace(by_hash[p.hash], file=p.name, label=p.label) for p in gallery.pictures]
    names = replace(joined, ambiguous=natural.ambiguous, notes=(*natural.notes, *joined.notes)) if joined else natural
    economy = _economy(part, guesses, audit, likeness.spec)
    return Answered(rows, tally(part.rows.values()), names, natural, coverage, economy)


class _Part:
    """The pictures, by place; of some, `most` at most, there is a described row."""

    def __init__(
        self,
        pictures: Sequence[Picture],
        vectors: np.ndarray,
        params: Params,
        vision: Remembered,
        chat: Remembered,
        progress: Progress,
        seed: int,
        exact: bool,
        most: int,
        before: AskedBefore,
    ) -> None:
        self.pictures, self.vectors, self.seed, self.most = pictures, vectors, seed, most
        self.rows: dict[int, Row] = {}
        self._fair: set[int] = set()  # places that were chosen without a look at how sure they were
        self._params, self._chat, self._progress, self._exact = params, chat, progress, exact
        self._before = before
        self._describer = Describer(params, vision, chat, progress)

    def describe_in_rounds(self) -> None:
        """Describe what covers the space, then what working names leave unsure, less what the audit will take."""
        n, names = len(self.pictures), Names((), {})
        order = drawing_order(n, self.seed)
        room = first_room(self.most)
        self._describe(covering(self.vectors, first_size(n))[:room])
        self._fair = set(self.rows)
        while True:
            names = self._working(names)
            kinds = {i: _kind(names.of.get(normal(row.raw_label)), names) for i, row in self._answered()}
            if not kinds:
                return
            rest, shares = self._shares(kinds, names)
            sureness = shares.max(axis=1)
            likely = sureness[sureness >= LIKELY]
            if len(self.rows) >= room or len(self.rows) + likely.sum() >= TARGET * n:
                return
            size = next_size(len(self.rows))
            doubted = [int(i) for i in rest[unsure(self.vectors[rest], sureness, size)]]
            drawn = [int(i) for i in order if i not in self.rows][:size]
            taken = mixed(doubted, drawn, min(size, room - len(self.rows)))
            self._fair |= {place for place, is_drawn in taken.items() if is_drawn}
            self._describe(list(taken))

    def named(self) -> tuple[Names, Names | None, float]:
        """Names from all that was described, as placing.named gives them; described rows are placed among them."""
        rows, counts = list(self.rows.values()), self._counts()
        if not counts:
            raise nothing_said(self._params, rows)
        natural, joined, coverage = named(rows, counts, self._params, self._chat, self._progress, self._exact)
        self._place(list(self.rows), natural)
        return natural, joined, coverage

    def guessed(self, natural: Names, joined: Names | None) -> dict[int, Row]:
        """A row for each picture that was not described, at the level of `joined`; described ones are brought there."""
        index = {name: i for i, name in enumerate(natural.names)}
        kinds = {i: _kind(index.get(row.cluster), natural) for i, row in self._answered()}
        rest, shares = self._shares(kinds, natural)
        self._join(list(self.rows), joined)
        return {int(i): _guess(some, natural, joined) for i, some in zip(rest, shares, strict=True)}

    def audited(self, guesses: Mapping[int, Row], natural: Names, joined: Names | None) -> dict[int, Row]:
        """Describe and place some of the pictures that are left, drawn at random; their guesses, by place."""
        drawn = [int(i) for i in audit_order(len(self.pictures), self.seed) if i in guesses][: audit_size(self.most)]
        self._describe(drawn)
        self._place(drawn, self._with_labels(natural, tally(self.rows[i] for i in drawn)))
        self._join(drawn, joined)
        return {i: guesses[i] for i in drawn}

    def _describe(self, places: Sequence[int] | np.ndarray) -> None:
        is_first = not self.rows
        rows = self._describer.rows([self.pictures[i] for i in places], self.most)
        self.rows |= {int(i): row for i, row in zip(places, rows, strict=True)}
        self._before.keep(len(self._answered()), is_first)

    def _answered(self) -> list[tuple[int, Row]]:
        return [(i, row) for i, row in self.rows.items() if row.how != "unanswered"]

    def _counts(self) -> Counter[str]:
        """About how many of all pictures would have each label: one counts for those that are nearest to its own.

        Odd pictures are described more often than others; by plain numbers their labels would be named as if common.
        """
        said = [(i, label) for i, row in self._answered() if (label := normal(row.raw_label))]
        if not said:
            return Counter()
        counts = Counter[str]()
        for (_, label), n in zip(said, stand_for(self.vectors, np.array([i for i, _ in said])), strict=True):
            counts[label] += int(n)
        return counts

    def _working(self, names: Names) -> Names:
        """Names from the first labels there are, with the places of all labels so far."""
        counts = self._counts()
        if self._exact:
            return as_they_are(counts)
        if counts and not names.names:
            names = natural_names(counts, None, names_ask(self._params), self._chat)[0]
        return self._with_labels(names, counts)

    def _with_labels(self, names: Names, counts: Counter[str]) -> Names:
        """Names that know the place of these labels; of a fixed list, others have none."""
        if self._exact or not names.names:
            return names
        return with_labels(names, counts, self._params, self._chat, self._progress)

    def _shares(self, kinds: Mapping[int, int], names: Names) -> tuple[np.ndarray, np.ndarray]:
        """Places of pictures without a row, and how likely each is in which cluster; the last kind is none of them."""
        self._progress.start("comparing pictures", 0)
        rest = np.array([i for i in range(len(self.pictures)) if i not in self.rows], np.int64)
        known = np.array(list(kinds), np.int64)
        fair = np.array([i in self._fair for i in kinds])
        spreader = fitted(self.vectors[known], np.array(list(kinds.values())), len(names.names) + 1, fair)
        return rest, spreader.shares(self.vectors[rest])

    def _place(self, places: Sequence[int], names: Names) -> None:
        rows = [self.rows[i] for i in places]
        placed = placed_by_answers(rows, tally(rows), names, self._params, self._chat, self._progress, self._exact)
        self.rows |= dict(zip(places, placed, strict=True))

    def _join(self, places: Sequence[int], joined: Names | None) -> None:
        if joined:
            self.rows |= {i: joined_row(self.rows[i], joined) for i in places}


def _kind(place: int | None, names: Names) -> int:
    """The place of a cluster among names; behind them that of pictures that fit none."""
    return len(names.names) if place is None else place


def _guess(shares: np.ndarray, natural: Names, joined: Names | None) -> Row:
    """The row that likeness gives, from how likely each natural cluster is."""
    first, second = (int(i) for i in np.argsort(-shares, kind="stable")[:2])
    said, sure = [*natural.names, "none of the clusters"], round(float(shares[first]), 4)
    if sure < LIKELY:
        like = ", ".join(f"{said[i]} {shares[i]:.0%}" for i in (first, second))
        return Row("", how="undecided", confidence=sure, why=f"not described, and likeness is unsure: {like}")
    if first == len(natural.names):
        return Row("", how="unassigned", confidence=sure, why="not described; like those that fit no cluster")
    row = Row("", cluster=natural.names[first], how="spread", confidence=sure)
    if joined is None:
        return row
    into = joined.of.get(row.cluster)
    together = [i for i, name in enumerate(natural.names) if into is not None and joined.of.get(name) == into]
    return replace(joined_row(row, joined), confidence=round(float(shares[together or [first]].sum()), 4))


def _economy(part: _Part, guesses: Mapping[int, Row], audit: Mapping[int, Row], by: ModelSpec) -> Economy:
    """What was saved, and how right the guesses are by those that were audited."""
    looked = [
        Audited(part.pictures[i].name, guess.cluster, guess.confidence or 0.0, part.rows[i].cluster)
        for i, guess in audit.items()
        if guess.how != "undecided" and part.rows[i].how != "unanswered"
    ]
    left = Counter(guess.how == "undecided" for i, guess in guesses.items() if i not in audit)
    wrong = sum(one.guess != one.cluster for one in looked)
    low, high = wrong_in_all(wrong, len(looked), left[False] + len(looked))
    right = sum(row.how != "unanswered" for row in part.rows.values()) + left[False]  # were no guess wrong
    n = right + left[True]
    mean = wrong / len(looked) * left[False] if looked else (low + high) / 2
    return Economy(
        most=part.most,
        described=len(part.rows),
        spread=left[False],
        undecided=left[True],
        agreement=(right - mean) / n,
        low=(right - (high - wrong)) / n,
        high=(right - (low - wrong)) / n,
        audit=tuple(looked),
        by=by,
    )
