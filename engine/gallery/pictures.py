"""What a gallery is made of: pictures, files that were not read, and the gallery that lists both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from PIL import Image

from engine.gallery.reading import MAX_PIXELS, read_picture


@dataclass(frozen=True, slots=True)
class Picture:
    """One image file. Width and height are as shown (after EXIF rotation), in pixels."""

    name: str  # relative to the gallery's root, with / between folders
    hash: str  # sha256 of the file's bytes, hex
    width: int
    height: int
    root: str
    label: str = ""  # what somebody said before us; empty where nobody did
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(self.root, self.name)

    def open(self, shorter: int = 0) -> Image.Image:
        """The picture as RGB, turned upright; raises Unreadable with the reason.

        Args:
            shorter: 0 for the whole picture; else a JPEG may come smaller, its shorter side still at least so many
                pixels.
        """
        enough = -(-shorter * max(self.width, self.height) // max(1, min(self.width, self.height)))
        limit = max(MAX_PIXELS, self.width * self.height)  # it passed the scan's
        return read_picture(self.path, limit, enough)


@dataclass(frozen=True)
class Unread:
    """A file that looked like a picture and could not be read, and why, in plain words."""

    name: str
    reason: str


@dataclass(frozen=True)
class Gallery:
    """An ordered list of pictures (by name), and what was not read.

    Its fingerprint is of names, hashes and labels: labels take part because results (agreement with the folders)
    depend on them; answers are kept by picture hash, so another choice of labels asks nothing again.
    """

    root: str
    title: str
    labels: str  # the label policy: folder, last, none, a column or a pattern
    pictures: Sequence[Picture]
    unread: Sequence[Unread] = ()

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits that name this gallery by its content."""
        digest = hashlib.sha256()
        for p in self.pictures:
            digest.update(f"{p.name}\0{p.hash}\0{p.label}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:32]

    @cached_property
    def by_name(self) -> dict[str, Picture]:
        """Pictures by their relative name."""
        return {p.name: p for p in self.pictures}

    @cached_property
    def index(self) -> dict[str, int]:
        """Places in `pictures` by relative name."""
        return {p.name: place for place, p in enumerate(self.pictures)}

    def __len__(self) -> int:
        return len(self.pictures)
