"""A finding as it leaves the tool: its words, figures and pictures, whatever it is drawn on (a PNG, an HTML report).

Pure values. Pictures are named, not opened: who draws opens them, in the size that it needs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from engine.gallery import Picture

Tone = Literal["ink", "faint", "accent", "warm", "third", "fourth"]


@dataclass(frozen=True)
class Shown:
    """A picture as evidence.

    Args:
        picture: a gallery's, or one that was made.
        caption: a word or figure under it.
        said: what is known of it, for who cannot see it; its file's name comes from the picture.
        drawn: what is shown of it, such as a part, or the picture under a map.
    """

    picture: Picture | Image.Image
    caption: str = ""
    said: str = ""
    drawn: Callable[[Image.Image], Image.Image] | None = None


@dataclass(frozen=True)
class Pictures:
    """A row or block of pictures under a line of words.

    Args:
        title: the words.
        shown: as many as are worth it; who draws takes the first that fit.
        of: how many there are in all; 0: just these.
        across: how many stand beside one another on a wide sheet.
        rows: how many rows a sheet shows, at most.
        note: words below the title.
        is_ordered: whether the first ones matter most; else those that are taken are spread over all of them.
    """

    title: str
    shown: Sequence[Shown]
    of: int = 0
    across: int = 10
    rows: int = 2
    note: str = ""
    is_ordered: bool = True

    def few(self, most: int) -> Sequence[Shown]:
        """So many of them, at most."""
        if self.is_ordered or len(self.shown) <= most:
            return self.shown[:most]
        return [self.shown[i * len(self.shown) // most] for i in range(most)]


@dataclass(frozen=True)
class Beside:
    """Two blocks of pictures, left and right: two sides, two ends."""

    left: Pictures
    right: Pictures


@dataclass(frozen=True)
class Bar:
    """A share from 0 to 1 as a bar with its words; where it is doubted, from `low` to `high`."""

    share: float
    words: str
    tone: Tone = "accent"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Shade:
    """A cell whose colour tells how much: from -1, less, through 0 to 1, more."""

    strength: float
    words: str


@dataclass(frozen=True)
class Badge:
    """A word on a ground of its own, such as a verdict."""

    words: str
    tone: Tone = "accent"


Cell = str | Bar | Shade | Badge


@dataclass(frozen=True)
class Table:
    """Rows of cells under their columns' names; the first column names the row.

    Args:
        columns: their names.
        rows: a cell a column.
        title: above it.
        note: below it.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a card: a name, its bar, and a few pictures."""

    name: str
    bar: Bar
    shown: Sequence[Shown] = ()


@dataclass(frozen=True)
class Card:
    """One of several things of a kind, such as a cluster.

    Args:
        title: its name.
        words: its figures.
        share: from 0 to 1, as a bar; None: no bar.
        rows: its parts.
        shown: its pictures.
        note: below.
        is_warm: whether it wants a look.
    """

    title: str
    words: str = ""
    share: float | None = None
    rows: Sequence[Row] = ()
    shown: Sequence[Shown] = ()
    note: str = ""
    is_warm: bool = False


@dataclass(frozen=True)
class Cards:
    """Cards side by side.

    Args:
        cards: in order.
        across: how many stand beside one another on a wide sheet.
        title: above them.
    """

    cards: Sequence[Card]
    across: int = 3
    title: str = ""


@dataclass(frozen=True)
class Curve:
    """A line of a chart.

    Args:
        name: for its legend.
        x: places.
        y: values.
        tone: its colour.
        low: of its band, where it has one.
        high: of its band.
        is_dashed: for what is only held against the others.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    tone: Tone = "accent"
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    is_dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves over an axis.

    Args:
        title: above it.
        x: what lies across.
        y: what lies upwards.
        curves: at least one, of at least one point.
        log_x: whether the axis is logarithmic.
        log_y: the same, upwards.
        is_share: whether values are shares, told in per cent.
        marks: points with words.
    """

    title: str
    x: str
    y: str
    curves: Sequence[Curve]
    log_x: bool = False
    log_y: bool = False
    is_share: bool = False
    marks: Sequence[tuple[float, float, str]] = ()


@dataclass(frozen=True)
class Stage:
    """One reading of some pictures in a flow: what it is called, its names from top to bottom, pictures of each."""

    name: str
    names: Sequence[str]
    sizes: Sequence[float]


@dataclass(frozen=True)
class Flow:
    """Pictures by several readings, side by side, and how they go from one to the next.

    Args:
        title: above it.
        stages: at least two.
        counts: between every two that follow each other, pictures by the names of both.
    """

    title: str
    stages: Sequence[Stage]
    counts: Sequence[Sequence[Sequence[float]]]


@dataclass(frozen=True)
class Fact:
    """A figure that one asks first: its name, its value, and its doubt or meaning."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Facts:
    """Figures side by side."""

    facts: Sequence[Fact]


Part = Pictures | Beside | Table | Cards | Chart | Flow | Facts


@dataclass(frozen=True)
class Finding:
    """What is shared.

    Args:
        kind: analysis and kind, such as "clusters/overview"; the line above the title.
        title: the finding in a few words.
        lines: figures and what they mean, with their doubt.
        parts: from top to bottom.
        alt: all of it for who cannot see it; made of title and lines where it is empty.
        hints: lines that only the report needs.
    """

    kind: str
    title: str
    lines: Sequence[str] = ()
    parts: Sequence[Part] = ()
    alt: str = ""
    hints: Sequence[str] = ()

    @property
    def told(self) -> str:
        """The finding without its pictures."""
        return plain(self.alt or ". ".join([self.title.rstrip("."), *self.lines]))


def plain(text: str) -> str:
    """A text in one line without what could steer who shows it: controls, halves of surrogates, turned ways."""
    known = text.encode("utf-8", "replace").decode()
    known = "".join(c if unicodedata.category(c) != "Cc" else " " for c in known if c not in _TURNING)
    return re.sub(r"[^\S\u00a0]+", " ", known).strip()  # what is not to be torn apart stays together


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u2028\u2029\ufeff")
