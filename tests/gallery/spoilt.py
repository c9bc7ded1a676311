"""Pictures spoilt on purpose, one way a check: what health should find, made from good pictures.

Each maker takes a picture in RGB and a source of chance, and gives the spoilt one. How strong: as strong as people
would call it so at a glance; tests/gallery/test_health.py prints what is found.
"""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps


def dark(picture, rng):
    """A photo four to five stops under, or one whose values were cut to a fifth or a quarter."""
    if rng.random() < 0.5:
        return exposed(picture, -rng.uniform(4, 5))
    k = rng.uniform(0.2, 0.27)
    return picture.point([round(v * k) for v in range(256)] * 3)


def light(picture, rng):
    """Faded, so that black became a light grey, or exposed until two thirds of it were white."""
    if rng.random() < 0.5:
        k = rng.uniform(0.12, 0.27)
        return picture.point([round(255 - (255 - v) * k) for v in range(256)] * 3)
    third = np.quantile(np.asarray(picture.convert("L")), 1 / 3) / 255
    return exposed(picture, rng.uniform(0.3, 0.8) - 2.2 * np.log2(max(third, 0.02)))  # a gamma of 2.2: good enough


def low_information(picture, rng):
    """A plain colour, or one with a speck, a faint gradient or a faint grain."""
    colour = rng.choice(("steelblue", "olivedrab", "chocolate", "orchid", "slategray", "indianred", "teal", "peru"))
    colour = tuple(value + rng.randint(-9, 9) for value in ImageColor.getrgb(colour))
    plain = Image.new("RGB", picture.size, colour)
    kind = rng.randrange(4)
    if kind == 1:
        side = max(3, plain.width // 20)
        plain.paste("white", (side, side, 2 * side, 2 * side))
    elif kind > 1:
        values = np.asarray(plain).astype(float)
        faint = np.linspace(0, 5, plain.width)[None, :] if kind == 2 else np_of(rng).normal(0, 1, values.shape[:2])
        plain = Image.fromarray(np.clip(values + faint[..., None], 0, 255).astype(np.uint8))
    return plain


def blurry(picture, rng):
    """Out of focus (by a Gaussian or a disk), or moved."""
    longest = max(picture.size)
    kind = rng.randrange(3)
    if kind == 0:
        return picture.filter(ImageFilter.GaussianBlur(longest * rng.uniform(0.008, 0.02)))
    if kind == 1:
        return blurred_by(picture, disk(longest * rng.uniform(0.015, 0.025)))
    length = round(longest * rng.uniform(0.04, 0.07))
    row = np.ones((1, length)) / length
    return blurred_by(picture, row if rng.random() < 0.5 else row.T)


def odd_size(picture, rng):
    k = rng.choice((rng.uniform(0.15, 0.3), rng.uniform(2.8, 3.5)))
    return picture.resize((round(picture.width * k), round(picture.height * k)), Image.Resampling.BICUBIC)


def odd_aspect_ratio(picture, rng):
    """A strip, a fifth to nearly a third as high as wide, or the other way; of about as many pixels as the picture."""
    width, height = picture.size
    part = rng.uniform(0.2, 0.3)
    if rng.random() < 0.5:
        size = width, min(height, round(width * part))
    else:
        size = min(width, round(height * part)), height
    left, top = rng.randint(0, width - size[0]), rng.randint(0, height - size[1])
    strip = picture.crop((left, top, left + size[0], top + size[1]))
    return strip.resize((2 * strip.width, 2 * strip.height), Image.Resampling.BICUBIC)


def grey(picture, rng):
    del rng
    return picture.convert("L").convert("RGB")


NEAR = {
    "coarse JPEG": lambda p, rng: through_jpeg(p, rng.randint(12, 40)),
    "half the size": lambda p, rng: p.resize((p.width // 2, p.height // 2), Image.Resampling.BICUBIC),
    "brighter": lambda p, rng: ImageEnhance.Brightness(p).enhance(1.2),
    "darker": lambda p, rng: ImageEnhance.Brightness(p).enhance(0.75),
    "paler": lambda p, rng: ImageEnhance.Color(p).enhance(0.4),
    "a rim of 2 %": lambda p, rng: without_rim(p, 0.02, rng),
    "a rim of 4 %": lambda p, rng: without_rim(p, 0.04, rng),
    "a line of text": lambda p, rng: with_text(p),
    "mirrored": lambda p, rng: ImageOps.mirror(p),
}
SPOILT = {
    "dark": dark,
    "light": light,
    "low_information": low_information,
    "blurry": blurry,
    "odd_size": odd_size,
    "odd_aspect_ratio": odd_aspect_ratio,
    "grey": grey,
}


@dataclass(frozen=True)
class Planted:
    """What was planted: names by check; pairs of copies, and how each near one was made, by pair."""

    names: dict[str, set[str]]
    exact: set[frozenset[str]]
    near: dict[frozenset[str], str]
    untouched: set[str]


def plant(sources: Sequence[Path], folder: Path, each: int, pairs: int, seed: int = 0) -> Planted:
    """Write a folder: `each` pictures spoilt for every check, `pairs` exact copies, as many near ones of each kind.

    Spoilt ones are made of other sources than copies; what is not spoilt is copied as it is.
    """
    rng = random.Random(seed)
    left = list(sources)
    rng.shuffle(left)
    folder.mkdir(parents=True)
    names: dict[str, set[str]] = {}
    for check, spoil in SPOILT.items():
        names[check] = set()
        for _ in range(each):
            name = f"{len(left):04}_{check}.jpg"
            save(spoil(opened(left.pop()), rng), folder / name)
            names[check].add(name)
    exact: set[frozenset[str]] = set()
    near: dict[frozenset[str], str] = {}
    untouched: set[str] = set()
    for i, source in enumerate(left):
        name = f"{i:04}{source.suffix}"
        shutil.copy(source, folder / name)
        untouched.add(name)
        if i < pairs:
            shutil.copy(source, folder / f"{i:04}_again{source.suffix}")
            exact.add(frozenset((name, f"{i:04}_again{source.suffix}")))
        elif i < pairs + pairs * len(NEAR):
            how = list(NEAR)[i % len(NEAR)]
            save(NEAR[how](opened(source), rng), folder / f"{i:04}_near.jpg")
            near[frozenset((name, f"{i:04}_near.jpg"))] = how
    return Planted(names, exact, near, untouched)


def opened(path):
    return Image.open(path).convert("RGB")


def save(picture, path):
    picture.save(path, "JPEG", quality=90)


def np_of(rng):
    return np.random.default_rng(rng.randrange(1 << 32))


def exposed(picture, stops):
    """As if the light had been so many stops more: in linear light."""
    v = np.arange(256) / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) * 2**stops
    linear = np.minimum(linear, 1)
    back = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return picture.point([round(255 * x) for x in back] * 3)


def disk(radius):
    reach = int(np.ceil(radius))
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    inside = (x * x + y * y <= radius * radius).astype(float)
    return inside / inside.sum()


def blurred_by(picture, kernel):
    """Convolved with a kernel of odd or even sides; the rim is repeated outwards."""
    down, across = kernel.shape
    values = np.pad(np.asarray(picture, float), ((down // 2,) * 2, (across // 2,) * 2, (0, 0)), mode="edge")
    spectrum = np.fft.rfft2(values, axes=(0, 1)) * np.fft.rfft2(kernel, values.shape[:2])[..., None]
    whole = np.fft.irfft2(spectrum, values.shape[:2], axes=(0, 1))
    return Image.fromarray(np.clip(whole[down - 1 :, across - 1 :], 0, 255).round().astype(np.uint8))


def through_jpeg(picture, quality):
    coarse = io.BytesIO()
    picture.save(coarse, "JPEG", quality=quality)
    return Image.open(coarse).convert("RGB")


def without_rim(picture, share, rng):
    """So much of width and height is lost, on one side or another."""
    width, height = round(picture.width * (1 - share)), round(picture.height * (1 - share))
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def with_text(picture):
    picture = picture.copy()
    font = ImageFont.load_default(picture.width * 0.06)
    at = picture.width * 0.5, picture.height * 0.93
    ImageDraw.Draw(picture).text(at, "www.example.com", "white", font, anchor="mm", stroke_width=2, stroke_fill="black")
    return picture
