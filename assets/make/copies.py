"""Near-duplicates: what happens to a picture that travels through other people's hands, and to its boxes."""

import io
import random
from collections.abc import Callable, Sequence
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from .painter import Box

Edited: TypeAlias = tuple[Image.Image, list[Box]]

_WORDS = ("Greetings!", "Wish you were here", "Summer holidays", "Best regards", "From far away")


def crop(picture: Image.Image, boxes: Sequence[Box], rng: random.Random) -> Edited:
    """Keep 78 to 88 % of each side, at the old size. Boxes of which less than a third is left are dropped."""
    size = picture.width
    side = round(size * rng.uniform(0.78, 0.88))
    left, top = rng.randint(0, size - side), rng.randint(0, size - side)
    zoom = size / side
    kept = []
    for box in boxes:
        x0, y0 = (max(0.0, (v - o) * zoom) for v, o in ((box.left, left), (box.top, top)))
        x1, y1 = (min(float(size), (v - o) * zoom) for v, o in ((box.right, left), (box.bottom, top)))
        whole = (box.right - box.left) * (box.bottom - box.top) * zoom**2
        if x1 > x0 and y1 > y0 and (x1 - x0) * (y1 - y0) > whole / 3:
            kept.append(Box(box.name, box.role, int(x0), int(y0), min(size, int(x1) + 1), min(size, int(y1) + 1)))
    window = (left, top, left + side, top + side)
    return picture.resize((size, size), Image.Resampling.BICUBIC, box=window), kept


def jpeg(picture: Image.Image, boxes: Sequence[Box], rng: random.Random) -> Edited:
    """Go through a coarse JPEG once; the file is a JPEG as well."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=rng.randint(18, 40))
    return Image.open(buffer).convert("RGB"), list(boxes)


def colour(picture: Image.Image, boxes: Sequence[Box], rng: random.Random) -> Edited:
    """Change brightness, contrast and saturation, never so far that a colour changes its name."""
    picture = ImageEnhance.Brightness(picture).enhance(rng.choice((0.82, 1.18)))
    picture = ImageEnhance.Contrast(picture).enhance(rng.uniform(0.8, 1.2))
    return ImageEnhance.Color(picture).enhance(rng.choice((0.65, 1.35))), list(boxes)


def flip(picture: Image.Image, boxes: Sequence[Box], rng: random.Random) -> Edited:
    """Mirror left and right."""
    size = picture.width
    mirrored = [box._replace(left=size - box.right, right=size - box.left) for box in boxes]
    return ImageOps.mirror(picture), mirrored


def text(picture: Image.Image, boxes: Sequence[Box], rng: random.Random) -> Edited:
    """Write a greeting across the top or the bottom."""
    picture = picture.copy()
    size = picture.width
    pencil, font = ImageDraw.Draw(picture), ImageFont.load_default(size * 0.1)
    words, y = rng.choice(_WORDS), size * rng.choice((0.09, 0.91))
    pencil.text((size / 2, y), words, "white", font, anchor="mm", stroke_width=size // 85, stroke_fill=(40, 36, 48))
    return picture, list(boxes)


def combined(picture: Image.Image, boxes: Sequence[Box], rng: random.Random) -> Edited:
    """Crop, mirror, recolour and go through a coarse JPEG; half of the time with a greeting."""
    edited = picture, list(boxes)
    for edit in (crop, flip, colour, *((text,) if rng.random() < 0.5 else ()), jpeg):
        edited = edit(*edited, rng)
    return edited


EDITS: dict[str, Callable[[Image.Image, Sequence[Box], random.Random], Edited]] = {
    "crop": crop,
    "jpeg": jpeg,
    "colour": colour,
    "flip": flip,
    "text": text,
    "combined": combined,
}
