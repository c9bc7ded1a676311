"""What a diversity run is asked and what it answers: plain values, written and read as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.analyses.diversity.coreset import METHODS, Method, Point
from engine.analyses.diversity.doubt import Figures
from engine.errors import SettingsError
from engine.gallery import Unread


@dataclass(frozen=True)
class Params:
    """What can be chosen.

    Args:
        threshold: cosine from which two pictures are duplicates; None: what the model's card says, and no duplicates
            are named where it has none.
        by: a column of the gallery, such as label: its values are compared at equal size.
        groups: names of pictures by group, to be compared instead (saved sets, clusters of a run).
        at: how many pictures of each part are compared; None: as many as the smallest has.
        coreset: how many pictures to choose; 0: none.
        method: how they are chosen.
        balanced: whether each label gets as many of them as the next.
        weights: a column of numbers: a picture of weight 2 counts as two.
        pinned: pictures that must be chosen.
        left_out: pictures that must not.

    Raises:
        SettingsError: a value out of range.
    """

    threshold: float | None = None
    by: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at: int | None = None
    coreset: int = 0
    method: Method = METHODS[0]
    balanced: bool = False
    weights: str = ""
    pinned: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise SettingsError(f"The threshold is {self.threshold:g}.", "Give a cosine above 0 and up to 1.")
        if self.at is not None and self.at < 2:
            raise SettingsError(f"Parts cannot be compared at {self.at}.", "Give a number of pictures from 2 on.")
        if self.coreset < 0:
            raise SettingsError(f"A core-set of {self.coreset} pictures cannot be.", "Give a number from 0 on.")
        if self.method not in METHODS:
            raise SettingsError(f"There is no method {self.method!r}.", f"Use one of: {', '.join(METHODS)}.")
        if both := set(self.pinned) & set(self.left_out):
            raise SettingsError(f"{min(both)} is pinned and left out at once.", "Decide for one.")


@dataclass(frozen=True)
class Further:
    """More figures of the spectrum.

    Args:
        vendi: Vendi score of the cosine kernel of orders 1, 2 and infinity: so many different pictures.
        log_determinant: of the covariance scaled to a mean eigenvalue of 1; None where it is minus infinity.
        isotropy: IsoScore, 0 to 1.
        mean_share: of the mean square length of the vectors, what their mean has; the spectrum leaves it out.
        first: share of the first axes, by their number.
    """

    vendi: tuple[float, float, float]
    log_determinant: float | None
    isotropy: float
    mean_share: float
    first: Mapping[int, float]


@dataclass(frozen=True)
class Part:
    """Pictures with one value of a column, or of one set: their own figures, and those at the size all are compared at.

    `equal` is None where the part is too small; `eigenvalues` are its own.
    """

    name: str
    own: Figures
    equal: Figures | None
    eigenvalues: tuple[float, ...] = ()


@dataclass(frozen=True)
class Axis:
    """A leading direction: its share of the variance, pictures at its two ends (outermost first), and what tells it.

    `column` is the column of the gallery that explains the places along it best, `explained` what part of the variance
    along it, `values` what prevails at the low and the high end; empty and 0 where none explains a tenth.
    """

    share: float
    low: tuple[str, ...]
    high: tuple[str, ...]
    column: str = ""
    explained: float = 0.0
    values: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Adds:
    """What a picture adds to the effective rank of the whole: below 0 where the set is more even without it."""

    file: str
    effective_rank: float


@dataclass(frozen=True)
class Group:
    """Pictures joined by pairs, the one to keep first."""

    files: tuple[str, ...]
    is_exact: bool  # the same bytes


@dataclass(frozen=True)
class Duplicates:
    """Near pairs from a cosine on, and what follows from a threshold on them.

    Args:
        threshold: in force; None where neither model nor person names one.
        is_own: whether it comes from the model's card.
        floor: all pairs with at least this cosine are listed.
        files: the pictures in pairs.
        first: places in `files`.
        second: places in `files`.
        cosine: of each pair, the greatest first.
        sharpness: of each file; None where it was not measured.
        pixels: of each file.
        content: of each file, a number that is equal where the bytes are.
        part: of each file, the part that it is in; empty where parts were not asked for.
        groups: of pairs from the threshold on, the largest first.
        without: figures of the set with one picture of each group; None without groups.
    """

    threshold: float | None
    is_own: bool
    floor: float
    files: tuple[str, ...] = ()
    first: tuple[int, ...] = ()
    second: tuple[int, ...] = ()
    cosine: tuple[float, ...] = ()
    sharpness: tuple[float | None, ...] = ()
    pixels: tuple[int, ...] = ()
    content: tuple[int, ...] = ()
    part: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    without: Figures | None = None


@dataclass(frozen=True)
class Coreset:
    """Chosen pictures in the order chosen, and what they are worth beside as many at random."""

    method: Method
    files: tuple[str, ...]
    curve: tuple[Point, ...]
    random: tuple[Point, ...]
    draws: int


@dataclass(frozen=True)
class Result:
    """How diverse a set is.

    Args:
        model: whose vectors.
        is_sscd: whether the published bands and reference figures hold for them.
        band: the published words for the score; empty where they do not hold.
        whole: the figures of all pictures.
        uncentred: the same, not about the mean.
        eigenvalues: of the covariance, the largest first.
        uncentred_eigenvalues: of the second moment.
        further: more figures.
        rarefaction: figures of so many of the pictures, at random.
        gaussian: of so many vectors of independent normal numbers.
        parts: by the column or the sets asked for, the most diverse first.
        axes: leading directions.
        adds_most: pictures that add most to the effective rank.
        adds_least: those that add least, the least first.
        duplicates: near pairs and groups.
        coreset: None where none was asked for.
        notes: what people should know.
        unread: files that could not be read, and why.
    """

    model: str
    is_sscd: bool
    band: str
    whole: Figures
    uncentred: Figures
    eigenvalues: tuple[float, ...]
    uncentred_eigenvalues: tuple[float, ...]
    further: Further
    rarefaction: tuple[Figures, ...]
    gaussian: tuple[Figures, ...]
    parts: tuple[Part, ...]
    axes: tuple[Axis, ...]
    adds_most: tuple[Adds, ...]
    adds_least: tuple[Adds, ...]
    duplicates: Duplicates
    coreset: Coreset | None = None
    notes: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
