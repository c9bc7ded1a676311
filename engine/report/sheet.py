"""A finding as one picture to share: title, figures, rows of thumbnails, and where it all comes from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps

from engine.errors import VitrineError
from engine.gallery import Picture

SCALE = 2  # pixels a point
_WIDTH, _MARGIN, _GAP, _CELL = 960, 36, 8, 104
_INK = {"light": ("#ffffff", "#1d2433", "#6b7385"), "dark": ("#0e1117", "#f4f5f7", "#9aa3b5")}


@dataclass(frozen=True)
class Block:
    """A row of pictures under a line of words."""

    title: str
    pictures: Sequence[Picture]


def sheet(title: str, lines: Sequence[str], blocks: Sequence[Block], foot: str, theme: str = "light") -> bytes:
    """A PNG, 1,920 pixels wide; pictures that cannot be read are left out.

    Args:
        title: the finding.
        lines: figures and what they mean.
        blocks: rows of thumbnails, two rows of a block at most.
        foot: gallery, models, date.
        theme: light or dark.
    """
    back, ink, faint = _INK[theme]
    across = (_WIDTH - 2 * _MARGIN + _GAP) // (_CELL + _GAP)
    rows = [min(2, -(-len(block.pictures) // across)) for block in blocks]
    heights = [26 + n * (_CELL + _GAP) + 10 for n in rows]
    title_lines = _wrapped(title, _font(30), _WIDTH - 2 * _MARGIN)
    said = [part for line in lines for part in _wrapped(line, _font(15), _WIDTH - 2 * _MARGIN)]
    height = _MARGIN + 40 * len(title_lines) + 8 + 22 * len(said) + 16 + sum(heights) + 30 + _MARGIN // 2
    image = Image.new("RGB", (_WIDTH * SCALE, height * SCALE), back)
    draw = ImageDraw.Draw(image)
    y = _MARGIN
    for line in title_lines:
        _write(draw, y, line, 30, ink)
        y += 40
    y += 8
    for line in said:
        _write(draw, y, line, 15, ink)
        y += 22
    y += 16
    for block, n in zip(blocks, rows, strict=True):
        _write(draw, y, _wrapped(block.title, _font(13), _WIDTH - 2 * _MARGIN)[0], 13, faint)
        _paste(image, block.pictures[: across * n], y + 26, across)
        y += 26 + n * (_CELL + _GAP) + 10
    _write(draw, y + 6, _wrapped(foot, _font(12), _WIDTH - 2 * _MARGIN)[0], 12, faint)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _paste(image: Image.Image, pictures: Sequence[Picture], y: int, across: int) -> None:
    side = _CELL * SCALE
    for k, picture in enumerate(pictures):
        with suppress(VitrineError):
            thumb = ImageOps.fit(picture.open(side), (side, side))
            at = (_MARGIN + k % across * (_CELL + _GAP)) * SCALE, (y + k // across * (_CELL + _GAP)) * SCALE
            image.paste(thumb, at)


def _write(draw: ImageDraw.ImageDraw, y: int, text: str, size: int, ink: str) -> None:
    draw.text((_MARGIN * SCALE, y * SCALE), text, fill=ink, font=_font(size))


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size * SCALE)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Words in lines that fit; a word too long for a line is cut."""
    lines, line = [], ""
    for word in text.encode("utf-8", "replace").decode().split():
        while font.getlength(word) > width * SCALE:
            word = word[: len(word) * 3 // 4] + "…" if len(word) > 4 else word[:-1]
        longer = f"{line} {word}".strip()
        if font.getlength(longer) > width * SCALE:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line or not lines else lines
