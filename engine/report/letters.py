"""Letters on pictures: their fonts, how wide words are, words in lines that fit.

The font is the one that Streamlit brings, else Pillow's own; a letter that it lacks is taken from the first font of
this machine that has it, and is a box where none has. Sizes are in points, pixels are `SCALE` times as many.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageDraw, ImageFont

from engine.report.finding import plain

SCALE = 2  # pixels a point
_LONGEST = 500  # letters of a line
_MISSING = "\U0010fffe"  # no font has it
_ELSEWHERE = (  # what Linux, macOS and Windows bring for other scripts and signs
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "wqy-microhei.ttc",
    "NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf", "Symbola.ttf", "NotoEmoji-Regular.ttf", "Arial Unicode.ttf", "PingFang.ttc",
    "Hiragino Sans GB.ttc", "arial.ttf", "msyh.ttc", "malgun.ttf", "seguisym.ttf",
)  # fmt: skip


@lru_cache(maxsize=4096)
def width(words: str, size: float, is_bold: bool = False) -> float:
    """How wide words are, in points."""
    return sum(font.getlength(part) for font, part in _runs(words, size, is_bold)) / SCALE


def write(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], words: str, size: float, ink: str, is_bold: bool = False
) -> None:
    """Write one line; `at` is its left end on the base line, in points."""
    x, y = (v * SCALE for v in at)
    # Pillow's own font has one weight: a line around its letters makes them bold.
    stroke = size * SCALE * 0.022 if is_bold and not _font_file() else 0
    for font, part in _runs(words, size, is_bold):
        draw.text((x, y), part, fill=ink, font=font, anchor="ls", stroke_width=stroke, stroke_fill=ink)
        x += font.getlength(part)


def fitted(words: str, size: float, room: float, is_bold: bool = False) -> str:
    """Words in one line, cut with a sign where they are too wide."""
    words = plain(words)
    if len(words) < _LONGEST and width(words, size, is_bold) <= room:
        return words
    return words[: _fits(words[:_LONGEST], "…", size, room, is_bold)].rstrip() + "…"


def wrapped(words: str, size: float, room: float, is_bold: bool = False, most: int = 0) -> list[str]:
    """Words in lines that fit; a word too long for a line goes on in the next; of more than `most` lines, the first."""
    lines, line = [], ""
    for word in plain(words[: 4 * _LONGEST]).split(" "):
        while word and (not most or len(lines) <= most):
            longer = f"{line} {word}" if line else word
            if width(longer, size, is_bold) <= room:
                line, word = longer, ""
            elif line:
                lines, line = [*lines, line], ""
            else:
                cut = max(1, _fits(word, "", size, room, is_bold))
                lines, word = [*lines, word[:cut]], word[cut:]
    lines = [*lines, line] if line else lines
    if most and len(lines) > most:
        return [*lines[: most - 1], fitted(f"{lines[most - 1]}  {lines[most]}", size, room, is_bold)]
    return lines


def _fits(words: str, end: str, size: float, room: float, is_bold: bool) -> int:
    """How many letters fit, with what ends them."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if width(words[:middle].rstrip() + end, size, is_bold) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _runs(words: str, size: float, is_bold: bool) -> list[tuple[ImageFont.FreeTypeFont, str]]:
    """Parts of a line with the font that has their letters."""
    runs: list[tuple[int, str]] = []
    for letter in words:
        loose = letter.isspace() or unicodedata.category(letter) in ("Mn", "Me", "Cf")
        which = runs[-1][0] if runs and loose else _which(letter)
        if runs and runs[-1][0] == which:
            runs[-1] = which, runs[-1][1] + letter
        else:
            runs.append((which, letter))
    return [(_font(which, round(size * SCALE), is_bold), part) for which, part in runs]


@lru_cache(maxsize=8192)
def _which(letter: str) -> int:
    """The first font that has a letter; the own one where none has."""
    for i in range(len(_ELSEWHERE) + 1):
        try:
            font = _font(i, 16, False)
        except OSError:  # this machine does not have it
            continue
        if _drawn(font, letter) != _drawn(font, _MISSING):
            return i
    return 0


def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _font(which: int, pixels: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    if which:
        return ImageFont.truetype(_ELSEWHERE[which - 1], pixels)
    if path := _font_file():
        font = ImageFont.truetype(path, pixels)
        font.set_variation_by_axes([640 if is_bold else 400])
        return font
    font = ImageFont.load_default(pixels)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@lru_cache(maxsize=1)
def _font_file() -> str:
    """Where the font of the pages is; empty where Streamlit is not installed, or this Pillow cannot read it."""
    spec = find_spec("streamlit")
    folders = spec.submodule_search_locations if spec else []
    for path in (p for folder in folders or [] for p in Path(folder, "static").rglob("SourceSansVF-Upright*.woff2")):
        try:
            ImageFont.truetype(str(path), 16).set_variation_by_axes([400])
        except OSError:
            continue
        return str(path)
    return ""
