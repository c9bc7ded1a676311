"""Pictures of typicality: a map over its picture, and patches of an element side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from engine.analyses.typicality.patches import Box

_MORE, _LESS = (26, 150, 146), (214, 110, 32)  # typical, and the opposite
_LINE = (255, 255, 255)


def scale_of(maps: Sequence[np.ndarray]) -> float:
    """One scale for all maps of a page: 99 of 100 values lie within plus and minus it."""
    return float(np.quantile(np.abs(np.concatenate([m.ravel() for m in maps])), 0.99)) if maps else 1.0


def overlay(
    image: Image.Image, typicality: np.ndarray, scale: float, opacity: float, boxes: Sequence[Box] = (), side: int = 220
) -> Image.Image:
    """A map over its picture: what the label explains in one colour, what speaks against it in the other.

    Args:
        image: of any size.
        typicality: (h, w), signed.
        scale: the value that has the full colour.
        opacity: of the full colour, 0 to 1.
        boxes: drawn as frames.
        side: pixels of the longer side.
    """
    shown = image.convert("RGB")
    shown.thumbnail((side, side))
    colour, strength = _coloured(typicality, scale, shown.size)
    weight = strength * opacity
    mixed = np.asarray(shown, np.float32) * (1 - weight) + colour * weight
    made = Image.fromarray(mixed.round().astype(np.uint8))
    pen = ImageDraw.Draw(made)
    for left, top, width, height in boxes:
        corners = (left * made.width, top * made.height, (left + width) * made.width, (top + height) * made.height)
        pen.rectangle([round(x) for x in corners], outline=_LINE, width=2)
    return made


def tint(typicality: np.ndarray, scale: float, size: tuple[int, int]) -> Image.Image:
    """A map by itself, to be laid over its picture: coloured as in `overlay`, the stronger the less transparent."""
    colour, strength = _coloured(typicality, scale, size)
    return Image.fromarray(np.concatenate([colour, 255 * strength], 2).round().astype(np.uint8), "RGBA")


def _coloured(typicality: np.ndarray, scale: float, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Colours (h, w, 3) of a map enlarged to a size, and how strong each is, (h, w, 1), 0 to 1."""
    signed = np.clip(typicality / (scale or 1.0), -1, 1).astype(np.float32)
    sheet = np.asarray(Image.fromarray(signed).resize(size, Image.Resampling.BILINEAR))[..., None]
    return np.where(sheet > 0, np.array(_MORE), np.array(_LESS)), np.abs(sheet)


def strip(patches: Sequence[tuple[Image.Image, Box]], side: int = 72, gap: int = 4, places: int = 1) -> Image.Image:
    """Patches cut out of their pictures, side by side, on nothing; there is room for so many, or all of them."""
    n = max(places, len(patches))
    sheet = Image.new("RGBA", (n * (side + gap) - gap, side), (0, 0, 0, 0))
    for k, (image, (left, top, width, height)) in enumerate(patches):
        corners = (left * image.width, top * image.height, (left + width) * image.width, (top + height) * image.height)
        cut = image.convert("RGB").crop(tuple(round(x) for x in corners)).resize((side, side), Image.Resampling.BICUBIC)  # type: ignore[arg-type]
        sheet.paste(cut, (k * (side + gap), 0))
    return sheet
