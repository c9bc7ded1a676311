"""Drawn pictures that are no postcards, for models that should be of use on photos: dead leaves.

Leaves of random shape fall on each other, each with its own colour, shading and noise; with sizes as in nature, such
pictures share many statistics of photos (Lee, Mumford and Huang 2001; as training data: Baradad et al., "Learning to
See by Looking at Noise", 2021). Four pictures in a row share palette and make, so that they are easily confused.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .pictures import FOLDER

SIZE, ALIKE = 128, 4


def textures(n: int) -> np.ndarray:
    """`n` drawn pictures, n x 128 x 128 x 3 of uint8; drawn unless they lie on disk."""
    path = FOLDER / f"textures_{n}.npy"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        np.save(path, np.stack([np.asarray(draw_texture(i)) for i in range(n)]))
    return np.load(path, mmap_mode="r")


def draw_texture(number: int) -> Image.Image:
    """Picture number so and so."""
    make, dice = np.random.default_rng([21, number // ALIKE]), np.random.default_rng([22, number])
    palette = make.uniform(0, 255, (make.integers(3, 8), 3)) * make.uniform(0.5, 1) + make.uniform(-30, 60)
    leaves, smallest, roughness = int(make.choice((3, 8, 20, 50))), make.uniform(0.04, 0.15), make.uniform(0, 50)
    corners = int(make.choice((3, 4, 6, 40)))
    page = Image.fromarray(_noisy(palette, roughness, SIZE, dice))
    for _ in range(leaves):
        radius = min(0.5, smallest / math.sqrt(1 - dice.random() * 0.99)) * SIZE
        wide = max(4, int(2 * radius))
        angles = np.sort(dice.uniform(0, math.tau, corners)) if corners < 40 else np.linspace(0, math.tau, 40)
        reach = radius * dice.uniform(0.7, 1, corners) if corners < 40 else np.full(40, radius)
        stretch = dice.uniform(0.4, 1)
        outline = [
            (radius + r * math.cos(a), radius + stretch * r * math.sin(a)) for a, r in zip(angles, reach, strict=True)
        ]
        mask = Image.new("L", (wide, wide))
        ImageDraw.Draw(mask).polygon(outline, fill=255)
        mask = mask.rotate(dice.uniform(0, 360))
        x, y = (int(v) for v in dice.uniform(-radius, SIZE - radius, 2))
        page.paste(Image.fromarray(_noisy(palette, roughness, wide, dice)), (x, y), mask)
    return page.filter(ImageFilter.GaussianBlur(make.uniform(0.3, 1.2)))


def _noisy(palette: np.ndarray, roughness: float, side: int, dice: np.random.Generator) -> np.ndarray:
    """A patch of one colour with shading across it and noise of two scales; side x side x 3."""
    colour = palette[dice.integers(len(palette))]
    shade = np.linspace(-1, 1, side) * dice.uniform(-40, 40)
    tone = shade[:, None] + (np.linspace(-1, 1, side) * dice.uniform(-40, 40))[None]
    for cells in (4, 24):
        grid = Image.fromarray(dice.normal(0, roughness, (cells, cells)).astype(np.float32))
        tone = tone + np.asarray(grid.resize((side, side), Image.Resampling.BICUBIC))
    return (colour + tone[..., None]).clip(0, 255).astype(np.uint8)
