"""Whose the vectors are: pictures of a gallery, or numbered rows where nothing else is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image

from engine.errors import SettingsError, VitrineError
from engine.gallery import Gallery, columns
from engine.gallery.measures import SIDE, measure
from engine.progress import Progress

PARTS = 60  # parts of one column that are compared


@dataclass(frozen=True)
class Rows:
    """Names and what else is known of `n` vectors, in their order. The gallery holds just their pictures."""

    n: int
    gallery: Gallery | None = None
    numbers: tuple[str, ...] = ()  # names where there is no gallery; by default counted from 0

    @cached_property
    def names(self) -> list[str]:
        """Names of the pictures, or numbers."""
        if self.gallery:
            return [p.name for p in self.gallery.pictures]
        return list(self.numbers) or [str(i) for i in range(self.n)]

    def only(self, kept: np.ndarray) -> Rows:
        """These of the rows, by their places."""
        if self.gallery is None:
            return Rows(len(kept), None, tuple(self.names[i] for i in kept.tolist()))
        some = [self.gallery.pictures[i] for i in kept.tolist()]
        return Rows(len(kept), replace(self.gallery, pictures=some))

    def places(self, names: Sequence[str]) -> list[int]:
        """Places of these names, as far as they are here."""
        at = self._places
        return [at[name] for name in names if name in at]

    @property
    def labels(self) -> list[str] | None:
        """One label a row; None where there are none at all."""
        said = [p.label for p in self.gallery.pictures] if self.gallery else []
        return said if any(said) else None

    @property
    def columns(self) -> list[str]:
        """Columns that a direction may follow."""
        return [name for name in columns.names(self.gallery) if name != "name"] if self.gallery else []

    def column(self, name: str) -> np.ndarray:
        """The values of a column: texts, or numbers with NaN where nothing is said.

        Raises:
            SettingsError: there is no such column.
        """
        if self.gallery is None or name not in columns.names(self.gallery):
            known = ", ".join(self.columns) or "none, as these are vectors without pictures"
            raise SettingsError(f"There is no column {name!r}.", f"Use one of: {known}.")
        return columns.column(self.gallery, name)

    def parts(self, by: str, groups: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
        """Places of each part: of the groups, else of each value of a column; numbers go in quarters.

        Raises:
            SettingsError: there is no such column, or it has too many values.
        """
        if groups:
            found = {name: np.array(sorted(self.places(files)), np.int64) for name, files in groups.items()}
            return {name: rows for name, rows in found.items() if len(rows)}
        if not by:
            return {}
        values = self.column(by)
        titles = columns.quarters(values, np.arange(self.n)) if columns.is_number(values) else values
        kinds = dict.fromkeys(titles.tolist())
        kinds.pop("", None)
        if len(kinds) > PARTS:
            raise SettingsError(f"{by} has {len(kinds):,} values.", f"Compare at most {PARTS} parts.")
        return {kind: np.flatnonzero(titles == kind) for kind in sorted(kinds)}

    def pixels(self, row: int) -> int:
        """Width times height; 0 where there is no picture."""
        return self.gallery.pictures[row].width * self.gallery.pictures[row].height if self.gallery else 0

    def content(self, row: int) -> str:
        """Equal where the pictures' bytes are equal."""
        return self.gallery.pictures[row].hash if self.gallery else str(row)

    def longest(self, row: int) -> int:
        """The longer side in pixels; 0 where there is no picture."""
        return max(self.gallery.pictures[row].width, self.gallery.pictures[row].height) if self.gallery else 0

    def sharpness(self, sides: Mapping[int, int], progress: Progress) -> dict[int, float]:
        """Of these pictures, as far as they can be read, each shrunk to so many pixels, to be compared."""
        found: dict[int, float] = {}
        if self.gallery is None:
            return found
        progress.start("looking which copy is sharpest", len(sides))
        for row, side in sides.items():
            progress.check()
            with suppress(VitrineError):  # a file that vanished meanwhile: the pairs hold without it
                picture = self.gallery.pictures[row].open(2 * SIDE)
                picture.thumbnail((side, side), Image.Resampling.BOX)
                found[row] = measure(picture).sharpness
            progress.advance()
        return found

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}
