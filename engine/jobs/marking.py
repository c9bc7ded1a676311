"""The mark inside a file that a model made: IPTC's digital source type, which goes wherever the file goes."""

from __future__ import annotations

from PIL.PngImagePlugin import PngInfo

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
