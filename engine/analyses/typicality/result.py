"""What a typicality run is asked and what it answers: plain values, written and read as JSON.

Maps and features are no part of it: they are kept by content, and `Denoising.stored` and `.features` hand them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import SettingsError
from engine.gallery import Unread
from engine.steps.draws import rounded

NULL, OTHERS = "null", "others"  # what a label is held against; else another label
MOST_DRAWS, MOST_OTHERS = 1024, 12


@dataclass(frozen=True)
class Params:
    """What can be chosen.

    Args:
        labels: whose typical pictures and elements are wanted; none: all labels.
        against: "null" (no label), "others" (the mean of the other labels), or one other label.
        draws: noises and times of each picture; made 16 or a multiple of 32.
        patch: side of a patch, as a share of the picture's; or several, which compete.
        per_picture: patches of a picture, at most.
        elements: of a label, at most.

    Raises:
        SettingsError: a number out of range.
    """

    labels: tuple[str, ...] = ()
    against: str = NULL
    draws: int = 32
    patch: float | tuple[float, ...] = 0.25
    per_picture: int = 5
    elements: int = 24

    def __post_init__(self) -> None:
        if not 1 <= self.draws <= MOST_DRAWS:
            raise SettingsError(f"{self.draws} draws make no sense.", f"Ask for 16 to {MOST_DRAWS}.")
        if not self.sizes or not all(0.05 <= size <= 0.9 for size in self.sizes):
            raise SettingsError(
                f"A patch of {self.patch} makes no sense.", "Give 0.05 to 0.9 of a side, one or several."
            )
        if self.per_picture < 1 or self.elements < 1:
            raise SettingsError("There are no elements without patches.", "Ask for one or more of both.")
        if len(set(self.labels)) < len(self.labels) or self.against in self.labels:
            raise SettingsError("A label is named twice.", "Name each once, and hold it against another one.")
        object.__setattr__(self, "draws", rounded(self.draws))
        object.__setattr__(self, "patch", self.sizes[0] if len(self.sizes) == 1 else self.sizes)  # said in one way

    @property
    def sizes(self) -> tuple[float, ...]:
        """Sides of patches, the smallest first."""
        return tuple(sorted(set(self.patch))) if isinstance(self.patch, tuple) else (self.patch,)


@dataclass(frozen=True)
class Row:
    """One picture.

    Args:
        file: its name.
        label: what it was asked about.
        typicality: mean of T over the picture; above 0 the label helps to tell its noise.
        low: of its 95 % interval.
        high: of its 95 % interval.
        posterior: by label, in how many of 1,000 resamplings of the draws that label has the largest T; only where
            several labels were asked.
        why: why it has none.
    """

    file: str
    label: str
    typicality: float = 0.0
    low: float = 0.0
    high: float = 0.0
    posterior: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Patch:
    """A part of a picture: left, top, width and height as shares of the picture's, and the mean of T there."""

    file: str
    box: tuple[float, float, float, float]
    t: float
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Element:
    """Patches that look alike to the model, from several pictures of a label.

    Args:
        label: whose.
        number: its own for good; from 1, by median T, as they were found.
        patches: nearest to the middle first.
        median: of T over its patches.
        low: of the median's 95 % interval, over pictures.
        high: of the median's interval.
        pictures: how many have one of its patches.
        share: of the label's pictures.
        rate: of the label's held-out pictures in which something as near to its middle as nine of ten of its own
            patches is seen.
        rate_elsewhere: the same of other labels' pictures.
        q: that the rates are the same, corrected for all elements (Fisher, BH); 1 where there is no other label.
        marks: why it may be no element: "border", "uniform", "same place".
        name: what a person calls it.
        by_hand: what a person made it of, such as "2 + 5" or "part of 3"; empty where it was found.
        is_hidden: whether a person does not want to see it; it counts among those that were tried all the same.
    """

    label: str
    number: int
    patches: tuple[Patch, ...]
    median: float
    low: float
    high: float
    pictures: int
    share: float
    rate: float = 0.0
    rate_elsewhere: float = 0.0
    q: float = 1.0
    marks: tuple[str, ...] = ()
    name: str = ""
    by_hand: str = ""
    is_hidden: bool = False

    @property
    def is_confirmed(self) -> bool:
        """Whether held-out pictures of the label show it more often than others do."""
        return self.q <= 0.05 and self.rate > self.rate_elsewhere


@dataclass(frozen=True)
class Result:
    """What is typical.

    Args:
        rows: one a picture and label asked, the most typical of each label first.
        elements: of each label, by median T.
        accuracy: share of pictures whose own label has the largest T, where all were asked; None elsewhere.
        draws: of each picture.
        template: the words of a label.
        null: the words of none.
        notes: what people should know.
        unread: files that could not be read, and why.
    """

    rows: tuple[Row, ...]
    elements: tuple[Element, ...]
    accuracy: float | None
    draws: int
    template: str
    null: str
    notes: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
