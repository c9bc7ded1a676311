"""What a structure run is asked and what it answers: plain values, written and read as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import SettingsError
from engine.gallery import Unread

OTHER = "other"  # said, but off the list
Schema = Literal["shared", "own", "both"]
SCHEMAS: tuple[Schema, ...] = ("shared", "own", "both")
Kind = Literal["add", "merge", "split", "rename", "drop"]
COLUMNS = ("file", "label")  # of every table, so no dimension is called so


@dataclass(frozen=True)
class Given:
    """A dimension that a person names.

    Args:
        name: what it is called.
        attributes: its values; empty: they are to be found.
        asked: how an attribute is asked for where it was renamed, or joined from several; so that asks nothing new.
    """

    name: str
    attributes: tuple[str, ...] = ()
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Params:
    """What can be chosen.

    Args:
        goal: what people care about; goes to who proposes.
        count: dimensions that are kept of those proposed, at most; 0: none is proposed.
        given: dimensions that are wanted in any case.
        rounds: samples of 20 descriptions from which dimensions are proposed.
        mask: hide words that give the label away from whoever proposes and assigns.
        schema: dimensions of all labels, or those of each label's own, or both.
        draws: how often some descriptions are sorted once more, at random, to see what is unsure; 0: never.

    Raises:
        SettingsError: a number out of range, or nothing to look for.
    """

    goal: str = ""
    count: int = 6
    given: tuple[Given, ...] = ()
    rounds: int = 10
    mask: bool = False
    schema: Schema = "shared"
    draws: int = 2

    def __post_init__(self) -> None:
        if self.count < 0 or self.rounds < 1 or self.draws < 0:
            raise SettingsError("A number is below what makes sense.", "Ask for 0 dimensions or more, 1 round or more.")
        if self.schema not in SCHEMAS:
            raise SettingsError(f"There is no schema {self.schema!r}.", f"Choose {', '.join(SCHEMAS)}.")
        if self.schema != "shared" and not self.count:
            raise SettingsError("Dimensions of each label are proposed, and none may be.", "Ask for 1 or more.")
        if not self.count and not self.given:
            raise SettingsError("There is nothing to look for.", "Name a dimension, or let some be proposed.")
        names = [one.name.casefold() for one in self.given]
        if len(set(names)) < len(names) or not all(names):
            raise SettingsError("Two dimensions have one name, or one has none.", "Give each its own name.")
        if taken := set(names) & set(COLUMNS):
            raise SettingsError(f"No dimension can be called {min(taken)}: a column is.", "Give it another name.")


@dataclass(frozen=True)
class Attribute:
    """One value of a dimension: how many pictures have it, and their share of those that say something, with 95 %."""

    name: str
    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Dimension:
    """On what pictures vary.

    Args:
        name: what it is called.
        attributes: the most frequent first.
        votes: samples that named it, of so many.
        rounds: how many samples there were; 0 where a person named it.
        stability: in how many of 200 other draws of these samples it would have been kept.
        other: pictures that say something off the list.
        not_said: pictures that say nothing of it.
        unseen: estimated share of what is said that no sample showed (Good & Turing).
        asked: how its attributes were asked for, where they were renamed or joined.
        label: the only label whose pictures it is of; empty: of all.
    """

    name: str
    attributes: tuple[Attribute, ...]
    votes: int
    rounds: int
    stability: float
    other: int
    not_said: int
    unseen: float = 0.0
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    label: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether it would nearly always have been found, or a person named it."""
        return not self.rounds or self.stability >= 0.8


@dataclass(frozen=True)
class Proposed:
    """A dimension that was proposed, with other names of it, votes of so many rounds, stability, whether it is kept."""

    name: str
    members: tuple[str, ...]
    votes: int
    stability: float
    is_kept: bool
    rounds: int = 0


@dataclass(frozen=True)
class Row:
    """One picture.

    Args:
        file: its name.
        label: what somebody said before us.
        description: what the vision model wrote.
        values: attributes by dimension; empty where it does not say, "other" where it says something off the list.
        why: why it has none, where it was not described or not assigned.
        agreement: by dimension, the share of draws that say the same; only of those that were drawn again.
    """

    file: str
    label: str
    description: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why: str = ""
    agreement: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """A change that the model proposes, from descriptions that fit nothing or that it sorts differently each time.

    Args:
        dimension: whose values change.
        kind: add, merge, split, rename or drop.
        names: what is added, merged, split into, renamed or dropped.
        into: what is merged into, split, or the new name.
        why: in the model's words.
        parts: pictures that would move, by the attribute that they would have.
        looked_at: pictures that were asked about.
        of: pictures that might move; where more than were asked about, a run has to ask about the rest.
    """

    dimension: str
    kind: Kind
    names: tuple[str, ...]
    into: str
    why: str
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    looked_at: int = 0
    of: int = 0

    @property
    def moves(self) -> int:
        """Pictures that would move."""
        return len({file for files in self.parts.values() for file in files})

    @property
    def is_whole(self) -> bool:
        """Whether all pictures that might move were asked about."""
        return self.looked_at >= self.of


@dataclass(frozen=True)
class Leak:
    """A word that gives a label away: shares of the descriptions of this label, and of all others, that hold it."""

    word: str
    label: str
    inside: float
    outside: float


@dataclass(frozen=True)
class Result:
    """The structure of a set.

    Args:
        dimensions: as kept.
        proposed: all that was proposed, most votes first.
        rows: one a picture.
        leaks: words of labels in descriptions.
        masked: words that were hidden.
        notes: what people should know.
        unread: files that could not be read, and why.
        proposals: changes that the model proposes.
    """

    dimensions: tuple[Dimension, ...]
    proposed: tuple[Proposed, ...]
    rows: tuple[Row, ...]
    leaks: tuple[Leak, ...] = ()
    masked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    proposals: tuple[Proposal, ...] = ()
