"""Drawing: a canvas painted large and reduced once, and a pen that draws one thing and knows how far it reached."""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .light import RGB, Light

Point: TypeAlias = tuple[float, float]
Circle: TypeAlias = tuple[float, float, float]  # centre and radius
Stroke: TypeAlias = tuple[Sequence[Point], float]  # middle line and width

_DISC = [(math.cos(a), math.sin(a)) for a in (2 * math.pi * i / 40 for i in range(40))]
# 255 in the middle, 0 at the rim of the inscribed circle, with a soft foot
_GLOW = Image.radial_gradient("L").point([round(255 * max(0.0, 1 - v / 181) ** 1.6) for v in range(256)])


class Spot(NamedTuple):
    """Room for one thing, in parts of the frame."""

    x: float
    foot: float
    height: float
    half_width: float
    mirrored: bool
    tilt: float = 0.0

    def overlap(self, other: "Spot") -> float:
        """Shared area, as a share of the smaller of the two."""
        left = max(self.x - self.half_width, other.x - other.half_width)
        right = min(self.x + self.half_width, other.x + other.half_width)
        top = max(self.foot - self.height, other.foot - other.height)
        shared = max(0.0, right - left) * max(0.0, min(self.foot, other.foot) - top)
        return shared / min(2 * self.half_width * self.height, 2 * other.half_width * other.height)


class Canvas:
    """A square picture; x grows rightwards and y downwards, both from 0 to 1."""

    def __init__(self, size: int, light: Light) -> None:
        self.size = size
        self.light = light
        self.oversampling = 4 if size < 128 else 3
        self.side = size * self.oversampling
        self.image = Image.new("RGB", (self.side, self.side))
        self.draw = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """The picture at its final size."""
        return self.image.reduce(self.oversampling)

    def gradient(self, colours: Sequence[RGB], top: float, bottom: float) -> None:
        """Fill the full width between two heights with evenly spaced colours."""
        rows = np.linspace(0, 1, 96)
        stops = np.linspace(0, 1, len(colours))
        column = np.stack([np.interp(rows, stops, channel) for channel in zip(*colours, strict=True)], axis=-1)
        strip = Image.fromarray(column.round().astype(np.uint8)[:, None])
        y0, y1 = round(top * self.side), round(bottom * self.side)
        self.image.paste(strip.resize((1, y1 - y0), Image.Resampling.BILINEAR).resize((self.side, y1 - y0)), (0, y0))

    def polygon(self, points: Iterable[Point], colour: RGB) -> None:
        """Fill a polygon, without outline and as the colour is."""
        self.draw.polygon([(x * self.side, y * self.side) for x, y in points], fill=colour)

    def line(self, points: Iterable[Point], colour: RGB, width: float) -> None:
        """Draw a line of some width."""
        wide = max(1, round(width * self.side))
        self.draw.line([(x * self.side, y * self.side) for x, y in points], fill=colour, width=wide, joint="curve")

    def disc(self, x: float, y: float, rx: float, ry: float, colour: RGB) -> None:
        """Fill an ellipse."""
        self.draw.ellipse([v * self.side for v in (x - rx, y - ry, x + rx, y + ry)], fill=colour)

    def land(self, height: Callable[[float], float], colour: RGB, steps: int = 48) -> list[Point]:
        """Fill everything below a curve and give the curve."""
        edge = [(i / steps, height(i / steps)) for i in range(steps + 1)]
        self.polygon([(0, 1.01), *edge, (1, 1.01)], colour)
        return edge

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float) -> None:
        """Lay soft light over the picture, brightest in the middle."""
        wide = max(2, round(2 * radius * self.side))
        mask = _GLOW.resize((wide, wide)).point([round(v * strength) for v in range(256)])
        self.image.paste(colour, (round((x - radius) * self.side), round((y - radius) * self.side)), mask)

    def veil(self, banks: Iterable[tuple[float, float, float, float, int]], colour: RGB) -> None:
        """Lay soft banks over the picture: x, y, half width, half height and strength of 255 each."""
        cells = 32
        mask = Image.new("L", (cells, cells))
        pencil = ImageDraw.Draw(mask)
        for x, y, rx, ry, strength in banks:
            pencil.ellipse([v * cells for v in (x - rx, y - ry, x + rx, y + ry)], fill=strength)
        mask = mask.filter(ImageFilter.GaussianBlur(1.2))
        self.image.paste(colour, (0, 0), mask.resize((self.side, self.side), Image.Resampling.BICUBIC))


class Pen:
    """Draws one thing on its spot: its foot at (0, 0), y upwards, its height 1.

    Colours are those of noon; the pen puts the light of its place on them. Whatever it draws widens `extent`, from
    which the thing's box comes; shadows and glows do not.
    """

    def __init__(
        self,
        canvas: Canvas,
        spot: Spot,
        shade: Callable[[RGB], RGB],
        ink: RGB,
        outline: float = 0.009,
    ) -> None:
        self.canvas, self.shade, self.ink, self.outline = canvas, shade, ink, outline
        self.unit = spot.height
        self._side = -1 if spot.mirrored else 1
        self._cos, self._sin = self.unit * math.cos(spot.tilt), self.unit * math.sin(spot.tilt)
        # a tilted thing turns about its middle, so that it stays in its spot
        self.foot = (spot.x - self._sin / 2, spot.foot - (self.unit - self._cos) / 2)
        self.extent = (1.0, 1.0, 0.0, 0.0)  # left, top, right, bottom on the canvas; empty so far

    @property
    def lamps(self) -> bool:
        """True when it is dark enough for lamps."""
        return self.canvas.light.lamps

    def at(self, x: float, y: float) -> Point:
        """Where a point of the thing lies on the canvas."""
        x *= self._side
        return self.foot[0] + x * self._cos + y * self._sin, self.foot[1] + x * self._sin - y * self._cos

    def polygon(self, points: Sequence[Point], fill: RGB, outlined: bool = True, shining: bool = False) -> None:
        """Fill a polygon; a shining one keeps its colour in any light."""
        placed = self._placed(points, self.outline / 2 if outlined else 0)
        self.canvas.polygon(placed, fill if shining else self.shade(fill))
        if outlined:
            self.canvas.line([*placed, *placed[:2]], self.ink, self.outline)

    def rectangle(
        self, x0: float, y0: float, x1: float, y1: float, fill: RGB, outlined: bool = True, shining: bool = False
    ) -> None:
        """Fill an upright rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, outlined, shining)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: RGB, outlined: bool = True, shining: bool = False
    ) -> None:
        """Fill an ellipse."""
        self.polygon([(x + rx * c, y + ry * s) for c, s in _DISC], fill, outlined, shining)

    def line(self, points: Sequence[Point], colour: RGB | None = None, width: float | None = None) -> None:
        """Draw a line; in ink and as thin as an outline unless told; `width` in units of the thing."""
        wide = self.outline if width is None else max(width * self.unit, self.outline * 0.6)
        self.canvas.line(self._placed(points, wide / 2), self.ink if colour is None else self.shade(colour), wide)

    def cloud(self, circles: Sequence[Circle], fill: RGB) -> None:
        """Fill the union of circles, outlined around the whole."""
        rim = self.outline / self.unit
        for x, y, r in circles:
            self._disc(x, y, r + rim, self.ink)
        for x, y, r in circles:
            self._disc(x, y, r, self.shade(fill))

    def strokes(self, strokes: Sequence[Stroke], fill: RGB) -> None:
        """Fill the union of thick lines with round ends, outlined around the whole."""
        for colour, rim in ((self.ink, 2 * self.outline / self.unit), (self.shade(fill), 0.0)):
            for points, width in strokes:
                wide = width + rim
                self.canvas.line(self._placed(points, wide / 2 * self.unit), colour, wide * self.unit)
                for x, y in (points[0], points[-1]):
                    self._disc(x, y, wide / 2, colour)

    def shadow(self, reach: float, x: float = 0.0, depth: float = 0.05) -> None:
        """Darken the ground under the thing."""
        cx, cy = self.at(x, 0)
        rx, ry = reach * self.unit, depth * self.unit
        side = self.canvas.side
        box = [round(v * side) for v in (cx - rx, cy - ry, cx + rx, cy + ry)]
        mask = Image.new("L", (max(1, box[2] - box[0]), max(1, box[3] - box[1])))
        ImageDraw.Draw(mask).ellipse((0, 0, mask.width - 1, mask.height - 1), fill=72)
        self.canvas.image.paste(self.ink, (box[0], box[1]), mask)

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float) -> None:
        """Lay soft light around a point of the thing."""
        cx, cy = self.at(x, y)
        self.canvas.glow(cx, cy, radius * self.unit, colour, strength)

    def _disc(self, x: float, y: float, r: float, colour: RGB) -> None:
        ((cx, cy),) = self._placed([(x, y)], r * self.unit)
        self.canvas.disc(cx, cy, r * self.unit, r * self.unit, colour)

    def _placed(self, points: Sequence[Point], rim: float) -> list[Point]:
        placed = [self.at(x, y) for x, y in points]
        left, top, right, bottom = self.extent
        self.extent = (
            min(left, min(x for x, _ in placed) - rim),
            min(top, min(y for _, y in placed) - rim),
            max(right, max(x for x, _ in placed) + rim),
            max(bottom, max(y for _, y in placed) + rim),
        )
        return placed


def bent(start: Point, control: Point, end: Point, steps: int = 10) -> list[Point]:
    """Points of a quadratic Bézier curve."""
    return [
        (
            (1 - t) ** 2 * start[0] + 2 * t * (1 - t) * control[0] + t * t * end[0],
            (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * control[1] + t * t * end[1],
        )
        for t in (i / steps for i in range(steps + 1))
    ]


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, steps: int = 16) -> list[Point]:
    """Points of an elliptic arc, degrees anticlockwise from the right."""
    angles = [math.radians(start + (stop - start) * i / steps) for i in range(steps + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def rounded(points: Sequence[Point], steps: int = 5) -> list[Point]:
    """Closed smooth curve through points (Catmull-Rom)."""
    n = len(points)
    return [
        (_through(points, i, t / steps, n, 0), _through(points, i, t / steps, n, 1))
        for i in range(n)
        for t in range(steps)
    ]


def ribbon(middle: Sequence[Point], widths: Sequence[float]) -> list[Point]:
    """Outline of a line whose width changes along it."""
    left, right = [], []
    for i, ((x, y), width) in enumerate(zip(middle, widths, strict=True)):
        (ax, ay), (bx, by) = middle[max(0, i - 1)], middle[min(len(middle) - 1, i + 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        dx, dy = -(by - ay) / length * width / 2, (bx - ax) / length * width / 2
        left.append((x + dx, y + dy))
        right.append((x - dx, y - dy))
    return left + right[::-1]


def wave(rng: random.Random, level: float, swing: float, bends: float) -> Callable[[float], float]:
    """A gentle random curve around a level: two sines of random phase."""
    a, b = rng.uniform(0, math.tau), rng.uniform(0, math.tau)
    return lambda x: level + swing * (0.65 * math.sin(bends * x + a) + 0.35 * math.sin(2.3 * bends * x + b))


def _through(points: Sequence[Point], i: int, t: float, n: int, axis: int) -> float:
    a, b, c, d = (points[(i + k) % n][axis] for k in (-1, 0, 1, 2))
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
