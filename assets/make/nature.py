"""Typical elements that nature made: palm, starfish, pine, oak, mushroom, cactus, bones, peak, snow fir.

Each is drawn one unit high, standing on (0, 0), in the colours of noon.
"""

import math
import random

from .canvas import Pen, Point, arc, bent, ribbon, rounded
from .light import RGB, darker, lighter

BARK: RGB = (128, 84, 56)
SNOW: RGB = (246, 250, 255)


def palm(pen: Pen, rng: random.Random) -> None:
    """Palm with a leaning ringed trunk, drooping leaves and coconuts."""
    lean = rng.uniform(-0.2, 0.2)
    crown = (lean, 0.76)
    trunk = bent((0, 0), (-lean * 0.4, 0.4), crown)
    pen.shadow(0.24)
    pen.polygon(ribbon(trunk, [0.11 - 0.05 * i / 10 for i in range(11)]), (160, 112, 72))
    for x, y in trunk[1:-1:2]:
        pen.line([(x - 0.035, y), (x + 0.035, y + 0.012)], (116, 76, 48), 0.014)
    turn = rng.uniform(-8, 8)
    for degrees in (150, 30, 200, -20, 175, 5, 120, 60):
        green: RGB = (38, 148, 70) if degrees in (150, 30, 120, 60) else (28, 120, 62)
        _leaf(pen, crown, math.radians(degrees + turn), 0.36 * rng.uniform(0.92, 1.08), green)
    for dx in (-0.035, 0.035):
        pen.ellipse(crown[0] + dx, crown[1] - 0.03, 0.036, 0.038, (104, 66, 42))


def starfish(pen: Pen, rng: random.Random) -> None:
    """Five-armed starfish with dots."""
    turn = rng.uniform(0, 72)
    angles = [math.radians(turn + 36 * i) for i in range(10)]
    reach = [0.56 if i % 2 == 0 else 0.27 for i in range(10)]
    star = [(r * math.cos(a) * 1.02, 0.5 + r * math.sin(a) * 0.94) for a, r in zip(angles, reach, strict=True)]
    pen.shadow(0.5, depth=0.14)
    pen.polygon(rounded(star), rng.choice(((244, 122, 84), (240, 142, 72), (232, 108, 104))))
    for share in (0.0, 0.3, 0.55):
        for a in angles[::2] if share else angles[:1]:
            x, y = share * 0.62 * math.cos(a), 0.5 + share * 0.58 * math.sin(a)
            pen.ellipse(x, y, 0.042, 0.042, (255, 206, 166), outlined=False)


def pine(pen: Pen, rng: random.Random) -> None:
    """Pine of three jagged tiers, one side in the shade."""
    _conifer(pen, rng.choice(((34, 122, 74), (28, 108, 72), (44, 130, 70))), rng.uniform(0.9, 1.1))


def snow_fir(pen: Pen, rng: random.Random) -> None:
    """Fir with snow on its tiers."""
    wide = rng.uniform(0.92, 1.12)
    _conifer(pen, (48, 108, 98), wide)
    for foot, top, half in _TIERS:
        half *= wide * 0.62
        drop = (top - foot) * 0.52
        cap = [(0, top), (half, top - drop), (half * 0.55, top - drop * 0.82), (half * 0.25, top - drop * 1.15)]
        cap += [(-half * 0.2, top - drop * 0.8), (-half * 0.6, top - drop * 1.1), (-half, top - drop)]
        pen.polygon(cap, SNOW, outlined=False)
    pen.ellipse(0, 0.01, 0.2, 0.045, SNOW, outlined=False)


def oak(pen: Pen, rng: random.Random) -> None:
    """Broad oak with a forked trunk and a crown of round leaves."""
    leaves: RGB = rng.choice(((88, 160, 62), (104, 168, 58), (76, 148, 66)))
    pen.shadow(0.3)
    trunk = [(-0.11, 0), (-0.06, 0.12), (-0.06, 0.34), (-0.16, 0.52), (0.16, 0.52), (0.06, 0.34), (0.06, 0.12)]
    pen.polygon([*trunk, (0.11, 0)], BARK)
    pen.line([(0.01, 0.06), (0.0, 0.26)], darker(BARK), 0.02)
    places = ((-0.27, 0.56), (0.27, 0.56), (-0.19, 0.76), (0.2, 0.75), (0.0, 0.84), (0.0, 0.6))
    crown = [(x + rng.uniform(-0.03, 0.03), y + rng.uniform(-0.02, 0.02), rng.uniform(0.17, 0.2)) for x, y in places]
    pen.cloud(crown, leaves)
    for x, y in ((-0.2, 0.78), (0.06, 0.88), (-0.3, 0.58), (0.14, 0.7)):
        pen.ellipse(x, y, 0.08, 0.055, lighter(leaves, 0.22), outlined=False)
    for x, y in ((0.27, 0.5), (-0.05, 0.52), (0.32, 0.68)):
        pen.ellipse(x, y, 0.09, 0.05, darker(leaves, 0.2), outlined=False)


def mushroom(pen: Pen, rng: random.Random) -> None:
    """Fly agaric."""
    pen.shadow(0.32, depth=0.07)
    stem = [(-0.17, 0), (-0.12, 0.3), (-0.13, 0.55), (0.13, 0.55), (0.12, 0.3), (0.17, 0)]
    pen.polygon(stem, (250, 240, 220))
    pen.polygon([(-0.15, 0.4), (-0.19, 0.3), (0.19, 0.3), (0.15, 0.4)], (236, 220, 196))
    cap = [*arc(0, 0.48, 0.52, 0.52, 0, 180, 20), (-0.3, 0.42), (0.3, 0.42)]
    pen.polygon(cap, (222, 58, 48))
    dx = rng.uniform(-0.04, 0.04)
    for x, y, r in ((-0.28, 0.62, 0.075), (0.0, 0.8, 0.095), (0.28, 0.66, 0.085), (0.04, 0.57, 0.06)):
        pen.ellipse(x + dx, y, r, r * 0.9, (255, 250, 240), outlined=False)


def cactus(pen: Pen, rng: random.Random) -> None:
    """Saguaro with two arms, ribs, sometimes a flower."""
    left, right = rng.uniform(0.28, 0.42), rng.uniform(0.38, 0.52)
    green: RGB = rng.choice(((72, 148, 78), (86, 156, 84), (64, 138, 86)))
    pen.shadow(0.24)
    arms = [
        ([(0, left), (-0.18, left), (-0.24, left + 0.06), (-0.24, left + 0.28)], 0.13),
        ([(0, right), (0.18, right), (0.23, right + 0.06), (0.23, right + 0.22)], 0.12),
        ([(0, 0.04), (0, 0.9)], 0.2),
    ]
    pen.strokes(arms, green)
    for x in (-0.045, 0.045):
        pen.line([(x, 0.06), (x, 0.88)], darker(green, 0.3), 0.016)
    pen.line([(-0.24, left + 0.08), (-0.24, left + 0.26)], darker(green, 0.3), 0.014)
    pen.line([(0.23, right + 0.08), (0.23, right + 0.2)], darker(green, 0.3), 0.014)
    if rng.random() < 0.5:
        for x, y in ((0, 1.0), (-0.24, left + 0.34)):
            pen.cloud([(x - 0.035, y, 0.035), (x + 0.035, y, 0.035), (x, y + 0.03, 0.035)], (246, 132, 168))


def bones(pen: Pen, rng: random.Random) -> None:
    """Skull of a steer beside a bone."""
    ivory: RGB = (248, 238, 212)
    pen.shadow(0.6, depth=0.1)
    side = rng.choice((-1, 1))
    x = 0.34 * side
    pen.strokes([([(x - 0.2, 0.1), (x + 0.34, 0.2)], 0.09)], ivory)
    ends = ((x - 0.22, 0.15), (x - 0.19, 0.05), (x + 0.34, 0.26), (x + 0.37, 0.16))
    pen.cloud([(ex, ey, 0.065) for ex, ey in ends], ivory)
    pen.strokes([([(x - 0.2, 0.1), (x + 0.34, 0.2)], 0.06)], ivory)
    for s in (-1, 1):
        horn = bent((s * 0.2, 0.74), (s * 0.56, 0.68), (s * 0.58, 1.0))
        pen.polygon(ribbon(horn, [0.14 - 0.012 * i for i in range(11)]), (222, 204, 168))
    skull = [(-0.3, 0.78), (-0.2, 0.86), (0.2, 0.86), (0.3, 0.78), (0.22, 0.5), (0.15, 0.3), (0.15, 0.06)]
    pen.polygon(rounded([*skull, (0.06, 0.0), (-0.06, 0.0), (-0.15, 0.06), (-0.15, 0.3), (-0.22, 0.5)], 3), ivory)
    for s in (-1, 1):
        pen.ellipse(s * 0.14, 0.6, 0.075, 0.09, (60, 48, 48), outlined=False)
        pen.ellipse(s * 0.06, 0.14, 0.03, 0.05, (60, 48, 48), outlined=False)


def peak(pen: Pen, rng: random.Random) -> None:
    """Snow-capped mountain, one flank in the shade."""
    rock: RGB = rng.choice(((116, 124, 146), (126, 122, 138), (106, 120, 150)))
    top = rng.uniform(-0.12, 0.12)
    left, right = -rng.uniform(0.78, 0.95), rng.uniform(0.78, 0.95)
    shoulder = (left * 0.5 + top * 0.4, 0.5 + rng.uniform(-0.03, 0.05))
    flank: list[Point] = [(left, 0), (left * 0.72, 0.24), shoulder, (top, 1)]
    flank += [(right * 0.36 + top * 0.6, 0.62), (right * 0.7, 0.3), (right, 0)]
    pen.polygon(flank, rock)
    shade: list[Point] = [(top, 1), (right * 0.36 + top * 0.6, 0.62), (right * 0.7, 0.3), (right, 0)]
    shade += [(0.1, 0), (top + 0.1, 0.3), (top - 0.04, 0.55), (top + 0.05, 0.75)]
    pen.polygon(shade, darker(rock, 0.32), outlined=False)
    at = 0.64
    west = (top + (shoulder[0] - top) * (1 - at) * 2, at)
    east = (top + (right * 0.36 - top * 0.4) * (1 - at) / 0.38, at)
    zigzag = [(top + (east[0] - top) * s, at + d) for s, d in ((0.6, 0.1), (0.25, -0.06))]
    zigzag += [(top + (west[0] - top) * s, at + d) for s, d in ((0.05, 0.09), (0.4, -0.07), (0.72, 0.07))]
    pen.polygon([(top, 1), east, *zigzag, west], SNOW, outlined=False)
    pen.polygon([(top, 1), east, *zigzag[:2], (top + 0.05, 0.75)], (206, 216, 238), outlined=False)
    pen.line([*flank, flank[0]])


_TIERS = ((0.12, 0.56, 0.34), (0.34, 0.78, 0.28), (0.56, 1.0, 0.21))  # foot, top, half width


def _conifer(pen: Pen, green: RGB, wide: float) -> None:
    pen.shadow(0.3)
    pen.rectangle(-0.05, 0, 0.05, 0.16, BARK)
    for foot, top, half in _TIERS:
        half *= wide
        jags = [(half * s, foot + d) for s, d in ((1, 0), (0.6, 0.035), (0.3, -0.015), (0, 0.03))]
        jags += [(-x, y) for x, y in reversed(jags[:-1])]
        pen.polygon([(0, top), *jags], green)
        rim = pen.outline / pen.unit
        pen.polygon([(0, top - 2 * rim), (half - 2 * rim, foot + rim), *jags[1:4]], darker(green, 0.22), outlined=False)


def _leaf(pen: Pen, foot: Point, angle: float, length: float, green: RGB) -> None:
    x, y = foot
    dx, dy = length * math.cos(angle), length * math.sin(angle)
    middle = bent(foot, (x + dx * 0.6, y + dy * 0.75 + 0.09), (x + dx, y + dy - 0.14), 8)
    pen.polygon(ribbon(middle, [0.012 + 0.11 * math.sin(math.pi * (i / 8) ** 0.8) for i in range(9)]), green)
    pen.line(middle[1:-1], darker(green, 0.25), 0.01)
