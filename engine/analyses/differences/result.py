"""What a differences run is asked and what it answers: plain values, written and read as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.errors import SettingsError
from engine.gallery import Unread

Direction = Literal["a", "b"]
Verdict = Literal["confirmed", "hint", "no reliable difference", "not verified"]

PROPOSERS = ("chat", "words", "concepts", "columns")
LEAST_EFFECT = 0.05  # AUROC beyond .5 that a confirmed difference has at least


@dataclass(frozen=True)
class Side:
    """One side of a comparison: what it is called, and its pictures' names."""

    name: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Params:
    """What is compared, and how.

    Args:
        a: one side; None where `by` is given.
        b: the other side.
        by: a column: each of its values against all others, instead of two sides.
        goal: what people care about, such as "lighting, not objects"; goes to who proposes.
        statements: hypotheses of one's own, tested with the proposed ones.
        paired: compare pictures of one name (or one `pair`) on both sides, such as two generators' of one prompt.
        pair: the column that says which pictures belong together; empty: the file's name without folder and ending.
        rounds: how often the chat model is asked, in each direction, on other samples.
        describe: pictures of each side that are described, at most.
        verify: pictures of each side that every finding is verified on; None: none with a matcher, else 40.
        proposers: who may propose: the chat model, word statistics of descriptions, a list of concepts that the matcher
            goes through, values of the metadata's columns.

    Raises:
        SettingsError: neither two sides nor a column, or a value out of range.
    """

    a: Side | None = None
    b: Side | None = None
    by: str = ""
    goal: str = ""
    statements: tuple[str, ...] = ()
    paired: bool = False
    pair: str = ""
    rounds: int = 3
    describe: int = 100
    verify: int | None = None
    proposers: tuple[str, ...] = PROPOSERS

    def __post_init__(self) -> None:
        if (self.a is None) != (self.b is None) or (self.a is None) == (not self.by):
            raise SettingsError("There is nothing to compare.", "Name two sides, or a column to compare by.")
        if self.paired and self.by:
            raise SettingsError("Values of a column are not paired.", "Name two sides.")
        if strange := set(self.proposers) - set(PROPOSERS):
            raise SettingsError(f"Nobody is called {min(strange)!r}.", f"Choose among: {', '.join(PROPOSERS)}.")
        for name, value in (("rounds", self.rounds), ("describe", self.describe), ("verify", self.verify or 0)):
            if value < 0:
                raise SettingsError(f"{name} is {value}.", "Give a number from 0 on.")


@dataclass(frozen=True)
class Prevalence:
    """In what share of a side a statement holds, with its 95 % interval (Wilson), of so many pictures."""

    share: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Finding:
    """A statement, and how far it tells A from B.

    Args:
        statement: what is truer of one side.
        direction: of which: "a" or "b".
        auroc: P(score in A > score in B), equal ones half, on pictures that took no part in finding it; with `paired`
            the share of pairs in which A's score is higher.
        low: of its 95 % interval.
        high: of its 95 % interval.
        p: one-sided, for this direction: of two tests (higher scores; more that reach the threshold), corrected for
            two. Of typed statements, whose direction nobody chose, two-sided.
        q: p corrected for all statements that were tried (Benjamini & Hochberg).
        verdict: what follows.
        proposers: who proposed it or a member of its fold.
        fold: other wordings of the same, which it stands for; what a longer wording said beyond it had no effect.
        scored: who scored it: the matcher's name, descriptions, verify, or metadata.
        prevalence_a: where its score lies above the threshold, or was verified.
        prevalence_b: the same of B.
        threshold: of the score, chosen on the finding half; None where it was verified.
        is_verified: whether the prevalences are a vision model's answers.
        within: AUROC within labels, where the two sides have the labels in other shares; None elsewhere.
        scores: of each of the comparison's `files`, None where there is none; not kept where there is no reliable
            difference.
    """

    statement: str
    direction: Direction
    auroc: float
    low: float
    high: float
    p: float
    q: float
    verdict: Verdict
    proposers: tuple[str, ...]
    fold: tuple[str, ...] = ()
    scored: str = ""
    prevalence_a: Prevalence | None = None
    prevalence_b: Prevalence | None = None
    threshold: float | None = None
    is_verified: bool = False
    within: float | None = None
    scores: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Tried:
    """A statement that was not tested, and why."""

    statement: str
    proposer: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """One pair of sides.

    Args:
        a: what A is called.
        b: what B is called.
        files: names of the pictures compared, A's and B's; those in both sets are left out.
        of_a: how many of them are A's; they come first.
        tested: groups of near copies of A and of B that the figures rest on.
        findings: all that was tested, best first; look at the verdict.
        tried: what was proposed and not tested.
        chance: the AUROC that the best of all statements tried would reach by chance, on average.
        detectable: the AUROC that would be found four times of five.
        warnings: what to keep in mind about these sets.
        in_both: names of pictures that stand in both sets.
        copied: names of near copies of pictures of the other side.
    """

    a: str
    b: str
    files: tuple[str, ...]
    of_a: int
    tested: tuple[int, int]
    findings: tuple[Finding, ...]
    tried: tuple[Tried, ...]
    chance: float
    detectable: float
    warnings: tuple[str, ...] = ()
    in_both: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What one set shows more than another.

    Args:
        comparisons: one, or one a value of the column.
        scored: who scored the statements.
        descriptions: what the vision model wrote, by file.
        notes: what people should know.
        unread: files that could not be read, and why.
    """

    comparisons: tuple[Comparison, ...]
    scored: str
    descriptions: Mapping[str, str]
    notes: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
