"""What is kept of a picture that was looked at: measures, hashes, a sketch, and where its colours are. Pure."""

from __future__ import annotations

import numpy as np
from PIL import Image

from engine.gallery.copies import SKETCH, perceptual_hashes, sketch
from engine.gallery.measures import COLOURS, LINEAR, measure

METHOD = 2  # raised when the same picture would be described otherwise: all are looked at anew
WORDS = (*COLOURS, "black and white", "colourful")
GRID = 4  # colours are kept as so many means a side
LOOK = np.dtype(
    [
        *((name, "<f4") for name in ("lightness", "darkest", "lightest", "burnt", "contrast", "sharpness", "blur")),
        *((name, "<f4") for name in ("colourfulness", "entropy")),
        ("grey", "?"),
        ("colour", "u1"),
        ("hash", "<u8"),
        ("mirrored", "<u8"),
        ("sketch", "u1", (SKETCH * SKETCH,)),
        ("features", "<f2", (3 * GRID * GRID + len(COLOURS),)),
    ]
)
_MEASURED = ("lightness", "burnt", "contrast", "sharpness", "blur", "colourfulness", "entropy", "grey")


def look(picture: Image.Image) -> np.ndarray:
    """All that is kept of a picture in RGB, but for its size: one row of `LOOK`."""
    row = np.zeros((), LOOK)
    measured = measure(picture)
    for name in _MEASURED:
        row[name] = getattr(measured, name)
    row["darkest"], row["lightest"] = measured.percentiles[1], measured.percentiles[5]
    row["colour"] = WORDS.index(measured.colour)
    small = picture.resize((SKETCH * 4, SKETCH * 4), Image.Resampling.BOX, reducing_gap=2)
    row["hash"], row["mirrored"] = perceptual_hashes(small)
    row["sketch"] = sketch(small)
    shares = dict.fromkeys(COLOURS, 0.0) | {c.name: c.area for c in measured.colours}
    grid = (_colour_grid(small, GRID) - (50, 0, 0)) / (25, 12, 16)
    row["features"] = np.concatenate([grid.ravel(), 4 * np.sqrt(list(shares.values()))])
    return row


def _colour_grid(picture: Image.Image, side: int) -> np.ndarray:
    """CIE L*a*b* (D65) of the mean colours of a grid of side x side parts: (side, side, 3) float64."""
    linear = LINEAR[np.asarray(picture.convert("RGB").resize((side, side), Image.Resampling.BOX))]
    xyz = linear @ np.array([(0.4339, 0.2126, 0.0177), (0.3762, 0.7152, 0.1095), (0.1899, 0.0722, 0.8728)])  # white: 1
    bent = np.where(xyz > 216 / 24389, np.cbrt(xyz), (xyz * (24389 / 27) + 16) / 116)
    x, y, z = np.moveaxis(bent, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
