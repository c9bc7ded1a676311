"""The two sides of a comparison from what people say: shared by the command line and scripts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from engine.analyses.differences import Side
from engine.errors import GalleryError
from engine.gallery import Gallery, sets
from engine.gallery.sets import PictureSet

REST, THE_REST = "rest", "the rest"  # all that is not in A, as it is asked for and as it is called


def two_sides(
    gallery: Gallery,
    a: str,
    b: str,
    home: Path,
    named: Mapping[str, Collection[str]] | None = None,
    part: PictureSet | None = None,
) -> tuple[Side, Side]:
    """The pictures that two texts mean.

    Args:
        gallery: whose pictures.
        a: one of `named`, a saved set's name, or COLUMN=VALUE.
        b: the same; `rest` or nothing: all that is not in A.
        home: the workspace, which holds sets.
        named: names of pictures by a name of theirs, such as a table gives.
        part: only what is in this set counts.

    Raises:
        GalleryError: there is no such set, or a side has no picture.
    """
    named = named or {}
    within = set(part.members) if part else gallery.by_name.keys()

    def side(said: str) -> Side:
        members = named[said] if said in named else sets.find(gallery, said, home).members
        return Side(said, tuple(name for name in sets.in_order(gallery, members) if name in within))

    one = side(a)
    if b in named or b not in ("", REST):
        other = side(b)
    else:
        mine = set(one.files)
        other = Side(THE_REST, tuple(p.name for p in gallery.pictures if p.name in within and p.name not in mine))
    for empty in (one, other):
        if not empty.files:
            raise GalleryError(f"There is no picture in {empty.name}.", "Choose another side.")
    return one, other


def together(gallery: Gallery, a: Side, b: Side) -> PictureSet:
    """What a comparison looks at: the pictures of both sides."""
    return PictureSet("", f"{a.name} against {b.name}", gallery.root, sets.in_order(gallery, {*a.files, *b.files}))


def missing(gallery: Gallery, names: Iterable[str]) -> list[str]:
    """Names that no file of the gallery has, read or not."""
    there = gallery.by_name.keys() | {unread.name for unread in gallery.unread}
    return [name for name in dict.fromkeys(names) if name not in there]
