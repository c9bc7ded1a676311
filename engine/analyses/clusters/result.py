"""What a clusters run is asked and what it answers: plain values, written and read as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from engine.analyses.clusters.agreement import Agreement
from engine.errors import SettingsError
from engine.gallery import Unread
from engine.models.roles import ModelSpec

LONGEST = 2000  # letters of a criterion with all that belongs to it


@dataclass(frozen=True)
class Criterion:
    """The typed question: its name ("mood"), what to look at, what to ignore."""

    name: str
    look_at: str = ""
    ignore: str = ""


@dataclass(frozen=True)
class Params:
    """What can be chosen.

    Args:
        criterion: what the pictures are to be grouped by.
        k: "auto", a number ("10") or a range ("5-12").
        keep: names that must be among the clusters.
        avoid: names that must not.
        second_opinion: assign every description too, to find pictures to review; None: up to 2,000 pictures.
        via: finer numbers of clusters on the way to k, each joined from the one before: the tree's levels between.
        share: of the pictures to be described at most; below 1, clusters spread to the rest by likeness.

    Raises:
        SettingsError: an empty criterion, a k that is none of the three, a way to it that does not descend, no share.
    """

    criterion: Criterion
    k: str = "auto"
    keep: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    second_opinion: bool | None = None
    via: tuple[int, ...] = ()
    share: float = 1.0

    LATER: ClassVar = ("via", "share")  # parameters that requests of before do not name

    def __post_init__(self) -> None:
        if not self.criterion.name.strip():
            raise SettingsError("The criterion is empty.", "Say in a word or two what to group by, such as mood.")
        said = " ".join((self.criterion.name, self.criterion.look_at, self.criterion.ignore, *self.keep, *self.avoid))
        if not said.isprintable():
            raise SettingsError("The criterion holds letters that cannot be printed.", "Type it anew, in one line.")
        if len(said) > LONGEST:
            raise SettingsError(f"The criterion has {len(said):,} letters.", f"Use {LONGEST:,} at most.")
        if both := set(self.keep) & set(self.avoid):
            raise SettingsError(f"{', '.join(sorted(both))} cannot be kept and avoided at once.", "Decide for one.")
        levels = [*self.via, self.k_range[1] if self.k_range else 0]
        if self.via and not all(finer > coarser > 1 for finer, coarser in pairwise(levels)):
            raise SettingsError(
                f"The way to {self.k} clusters leads over {', '.join(map(str, self.via))}.",
                "Name finer numbers before coarser ones, all finer than the number of clusters.",
            )
        if not 0.0 < self.share <= 1.0:
            raise SettingsError(
                f"The share of pictures to describe is {self.share}.", "Give a number above 0, up to 1 for all."
            )

    @property
    def k_range(self) -> tuple[int, int] | None:
        """The least and the greatest number of clusters; None for auto."""
        if self.k == "auto":
            return None
        found = re.fullmatch(r"(\d{1,4})(?:\s*-\s*(\d{1,4}))?", self.k.strip())
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 2 <= low <= high:
            raise SettingsError(
                f"The number of clusters (K) is {self.k!r}.",
                "Give auto, a number of at least 2 such as 10, or a range such as 5-12.",
            )
        return low, high


@dataclass(frozen=True)
class Row:
    """One picture. `why` explains where it is in no cluster.

    `how` is label, description, person, unassigned or unanswered; where not every picture was described, also spread
    (by likeness to described ones, as sure as `confidence` says) or undecided (likeness does not tell).
    """

    file: str
    label: str = ""
    description: str = ""
    raw_label: str = ""
    cluster: str = ""
    how: str = "unanswered"
    second: str = ""  # the other choice, where label and description disagree
    why: str = ""
    cut: bool = False  # the description ended at the token limit, twice
    part: str = ""  # the finer cluster, of the natural level, where it was joined into this one
    was: str = ""  # the models' cluster, where a person said where the picture belongs
    confidence: float | None = None  # of a guess by likeness, from 0 to 1

    @property
    def is_guess(self) -> bool:
        """Whether nobody looked at the picture: it was told by likeness."""
        return self.confidence is not None and self.how != "person"


@dataclass(frozen=True)
class Cluster:
    """A named group: its size, the raw labels that went in with their counts, the finer names it was joined from."""

    name: str
    size: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Review:
    """A picture worth a look, and why."""

    file: str
    why: str


@dataclass(frozen=True)
class Audited:
    """A picture that was described after its cluster had been guessed: the guess, how sure it was, what is right."""

    file: str
    guess: str
    confidence: float
    cluster: str


@dataclass(frozen=True)
class Economy:
    """What describing a part of the pictures saved, and what it may have cost.

    `agreement` is the estimated share of the pictures (different ones, that could be described) whose cluster is what
    it would be, had each been described and sorted into these very names; `low` and `high` bound its 95 % interval. A
    described picture is right by that meaning, an undecided one is wrong. That all descriptions might have led to other
    names is not in it.

    Args:
        most: how many pictures were to be described at most.
        described: how many were asked for, audited ones included; copies of a file count once, as in all of these.
        spread: how many were placed by likeness.
        undecided: how many were not.
        agreement: see above.
        low: see above.
        high: see above.
        audit: the pictures that the estimate stands on.
        by: whose vectors say what is alike.
    """

    most: int
    described: int
    spread: int
    undecided: int
    agreement: float
    low: float
    high: float
    audit: tuple[Audited, ...]
    by: ModelSpec


@dataclass(frozen=True)
class Result:
    """Named clusters and every picture's place.

    Args:
        clusters: by size, largest first.
        rows: one a picture, in the gallery's order.
        natural: names of the tree's finest level; `clusters[i].parts` are out of these.
        finest: how many names the finest level was asked for, 0 where they are the natural ones.
        joins: level by level from there to the clusters, into which coarser name each name was joined.
        review: pictures to look at first.
        missing: raw labels shared by several unassigned pictures: perhaps a cluster is missing.
        coverage: share of the labelled pictures whose labels took part in the naming.
        agreement: with the labels the gallery came with, where there are some.
        notes: what people should know.
        prompts: the exact instructions, by task.
        unread: files of the gallery that could not be read, and why.
        economy: where not every picture was described, how right the rest is.
    """

    criterion: Criterion
    clusters: tuple[Cluster, ...]
    rows: tuple[Row, ...]
    natural: tuple[str, ...]
    review: tuple[Review, ...] = ()
    missing: Mapping[str, int] = field(default_factory=dict)
    coverage: float = 0.0
    agreement: Agreement | None = None
    notes: tuple[str, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    joins: tuple[Mapping[str, str], ...] = ()
    finest: int = 0
    economy: Economy | None = None
