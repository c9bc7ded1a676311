"""What is shown of a picture, as a square of so many pixels."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageOps

from engine.errors import VitrineError
from engine.gallery import Picture
from engine.report.finding import Shown

_CUT = 4  # what is cut out of a picture is a quarter of it

Opener = Callable[[Picture, int], Image.Image]
"""Opens a picture whose shorter side is to have so many pixels at least, if it has them; raises VitrineError."""


def square(shown: Shown, side: int, opener: Opener) -> Image.Image | None:
    """What is shown, its middle where it is no square; None where it cannot be read."""
    picture = shown.picture
    try:
        if not isinstance(picture, Image.Image):
            picture = opener(picture, side * (_CUT if shown.drawn else 1))
    except VitrineError:
        return None
    image = picture.convert("RGB")
    return ImageOps.fit(shown.drawn(image) if shown.drawn else image, (side, side), Image.Resampling.LANCZOS)
