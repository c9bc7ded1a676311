"""Where what a model made is put, and the mark inside it: IPTC's digital source type, which goes wherever it goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from engine.errors import StoreError

_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    f'<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType="{_SOURCE}"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def synthetic_mark() -> PngInfo:
    """What a PNG is saved with, as its `pnginfo`."""
    mark = PngInfo()
    mark.add_itxt("XML:com.adobe.xmp", _XMP)
    return mark


@contextmanager
def into(folder: Path) -> Iterator[None]:
    """A new or empty folder is written; StoreError where it holds something, or where the disk does not take it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"{folder} holds something already.", "Choose a new folder: nothing is replaced.")
        yield
    except OSError as problem:
        why = f"{folder} cannot be written: {problem.strerror or problem}."
        raise StoreError(why, "Choose another folder.") from None
