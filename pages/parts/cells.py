"""Cells of a grid: what the browser is told of each picture. A page sends the first ones; a route gives the rest.

Pages and routes live in one process, so a page leaves its captions here under a name, and the route finds them:
sending 100,000 descriptions along at each rerun would take seconds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Annotated

from pydantic import Field, TypeAdapter

from engine.gallery import Gallery, Picture
from engine.gallery.addresses import picture_address

MOST = 1_000  # cells a request
LONGEST = 16_000  # bytes of a request: as many places as that, of a gallery of millions

_KEPT = 16  # captions of so many grids
_PLACES = TypeAdapter(Annotated[list[Annotated[int, Field(strict=True, ge=0)]], Field(max_length=MOST)])
_captions: OrderedDict[str, Mapping[str, str]] = OrderedDict()
_lock = Lock()


def cells(pictures: Iterable[Picture], captions: Mapping[str, str], home: Path, user: str = "") -> list[dict[str, str]]:
    """Name, address of the thumbnail, alt text (with the caption, if there is one) and label of each picture."""
    return [
        {
            "name": p.name,
            "url": picture_address(home, p.hash, user=user),
            "alt": f"{p.name} · {captions[p.name]}" if captions.get(p.name) else p.name,
            "label": p.label,
        }
        for p in pictures
    ]


def places_asked(body: bytes, gallery: Gallery) -> list[int]:
    """The places in a gallery that a request asks for.

    Raises:
        ValueError: not a list of places, too long a one, or places that this gallery does not have.
    """
    places = _PLACES.validate_json(body)
    if places and max(places) >= len(gallery):
        raise ValueError(f"There is no picture {max(places)}.")
    return places


def leave_captions(captions: Mapping[str, str]) -> str:
    """Keep captions for the route; the name to ask for them by, another one whenever any of them is another."""
    if not captions:
        return ""
    # Python's hash of texts has a secret of this process in it: nobody guesses the name of another's captions.
    name = f"{hash((tuple(captions), tuple(captions.values()))) & (2**64 - 1):016x}"
    with _lock:
        _captions[name] = captions
        _captions.move_to_end(name)
        while len(_captions) > _KEPT:
            _captions.popitem(last=False)
    return name


def left_captions(name: str) -> Mapping[str, str]:
    """The captions of that name; none where they were left too long ago."""
    with _lock:
        return _captions.get(name, {})
