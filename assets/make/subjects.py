"""The six subjects, each drawn one unit high, standing on (0, 0), in the one colour that captions name."""

import itertools
import random
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from .built import LAMPLIGHT
from .canvas import Pen, arc, bent, ribbon, rounded
from .light import RGB, darker, lighter, mix

PAINTS: dict[str, RGB] = {
    "red": (220, 40, 44),
    "blue": (38, 98, 226),
    "green": (36, 158, 66),
    "yellow": (252, 208, 34),
    "purple": (146, 58, 204),
    "white": (248, 248, 250),
}

GLASS: RGB = (176, 216, 236)

Drawing: TypeAlias = Callable[[Pen, RGB, random.Random], None]


class Subject(NamedTuple):
    """How to draw a subject and how large it is."""

    draw: Drawing
    height: float  # of the frame, for one alone
    half_width: float  # of its height
    flies: bool = False
    sway: float = 0.0  # most it may lean, in radians


def house(pen: Pen, paint: RGB, rng: random.Random) -> None:
    """House with a gable roof, a door, two windows and a chimney."""
    roof = _second(paint, 0.5)
    pen.shadow(0.62, depth=0.07)
    x = rng.choice((-0.3, 0.26))
    pen.rectangle(x - 0.07, 0.66, x + 0.07, 0.98, paint)
    pen.rectangle(x - 0.09, 0.93, x + 0.09, 1.0, roof)
    pen.rectangle(-0.46, 0, 0.46, 0.58, paint)
    pen.rectangle(-0.45, 0.01, 0.45, 0.06, darker(paint, 0.22), outlined=False)
    pen.polygon([(-0.6, 0.53), (-0.3, 0.94), (0.3, 0.94), (0.6, 0.53)], roof)
    for y in (0.63, 0.73, 0.83):
        half = 0.6 - 0.3 * (y - 0.53) / 0.41 - 0.03
        pen.line([(-half, y), (half, y)], darker(roof, 0.25), 0.014)
    pen.rectangle(-0.1, 0, 0.1, 0.34, (112, 74, 52))
    pen.ellipse(0.055, 0.16, 0.02, 0.02, (236, 196, 90), outlined=False)
    for x in (-0.29, 0.29):
        pen.rectangle(x - 0.1, 0.19, x + 0.1, 0.41, LAMPLIGHT if pen.lamps else GLASS, shining=pen.lamps)
        pen.line([(x, 0.19), (x, 0.41)])
        pen.line([(x - 0.1, 0.3), (x + 0.1, 0.3)])


def car(pen: Pen, paint: RGB, rng: random.Random) -> None:
    """Car from the side; its headlight shines when it is dark."""
    back = rng.uniform(-0.66, -0.56)
    pen.shadow(1.08, depth=0.09)
    cabin = [(-0.78, 0.5), (back, 0.92), (-0.5, 1.0), (0.18, 1.0), (0.3, 0.93), (0.62, 0.5)]
    pen.polygon(cabin, paint)
    pen.polygon([(-0.62, 0.54), (-0.5, 0.86), (-0.12, 0.86), (-0.12, 0.54)], GLASS)
    pen.polygon([(-0.02, 0.54), (-0.02, 0.86), (0.17, 0.86), (0.43, 0.54)], GLASS)
    body = [(-1.0, 0.2), (-1.02, 0.46), (-0.94, 0.58), (0.6, 0.58), (0.94, 0.5), (1.02, 0.4), (1.02, 0.2)]
    pen.polygon(body, paint)
    pen.rectangle(-0.99, 0.2, 0.99, 0.27, darker(paint, 0.3), outlined=False)
    pen.line([(-0.07, 0.3), (-0.07, 0.56)], darker(paint, 0.4), 0.018)
    pen.rectangle(0.0, 0.47, 0.12, 0.5, darker(paint, 0.5), outlined=False)
    pen.ellipse(0.94, 0.4, 0.06, 0.075, (255, 240, 170), shining=pen.lamps)
    pen.rectangle(-1.01, 0.36, -0.94, 0.48, (206, 60, 50))
    for x in (-0.58, 0.58):
        pen.ellipse(x, 0.2, 0.2, 0.2, (52, 50, 60))
        pen.ellipse(x, 0.2, 0.09, 0.09, (206, 208, 214), outlined=False)
    if pen.lamps:
        pen.glow(1.02, 0.4, 0.42, LAMPLIGHT, 0.6)


def balloon(pen: Pen, paint: RGB, rng: random.Random) -> None:
    """Hot-air balloon of alternating gores with a basket."""
    pale = _second(paint, 0.22) if rng.random() < 0.5 else _first(paint)
    for x in (-0.1, 0.1):
        pen.line([(x, 0.13), (x * 1.7, 0.36)])
    pen.line([(0, 0.13), (0, 0.32)])
    envelope = [*arc(0, 0.65, 0.36, 0.345, -28, 208, 30), (-0.12, 0.3), (0.12, 0.3)]
    pen.polygon(envelope, paint)
    for half, tone in ((0.22, pale), (0.08, paint)):
        gore = [*arc(0, 0.65, half, 0.335, -28, 208, 24), (-0.33 * half, 0.31), (0.33 * half, 0.31)]
        pen.polygon(gore, tone, outlined=False)
    pen.polygon([(-0.14, 0.34), (0.14, 0.34), (0.11, 0.285), (-0.11, 0.285)], darker(paint, 0.35))
    pen.line([*envelope, envelope[0]])
    pen.polygon([(-0.12, 0.16), (0.12, 0.16), (0.1, 0.0), (-0.1, 0.0)], (164, 108, 62))
    pen.line([(-0.1, 0.08), (0.1, 0.08)], (116, 72, 44), 0.014)


def umbrella(pen: Pen, paint: RGB, rng: random.Random) -> None:
    """Open umbrella on its stick with a crooked handle."""
    pale = _second(paint, 0.2) if rng.random() < 0.5 else _first(paint)
    pen.shadow(0.4, depth=0.05)
    handle = [(0, 0.9), (0, 0.08), *arc(0.07, 0.08, 0.07, 0.055, 180, 345, 8)]
    pen.strokes([(handle, 0.042)], (120, 80, 56))
    pen.line([(0, 0.9), (0, 1.0)], width=0.03)
    ribs = (-0.62, -0.37, -0.12, 0.12, 0.37, 0.62)
    scallops = []
    for a, b in itertools.pairwise(ribs):
        scallops += bent((a, 0.5), ((a + b) / 2, 0.575), (b, 0.5), 5)
    canopy = [*arc(0, 0.5, 0.62, 0.45, 180, 0, 24)[:-1], *reversed(scallops)]
    pen.polygon(canopy, paint)
    for a, b in ((-0.37, -0.12), (0.12, 0.37)):
        panel = [
            (0, 0.95),
            *bent((0, 0.95), (a * 0.9, 0.88), (a, 0.51), 6),
            *bent((a, 0.51), ((a + b) / 2, 0.58), (b, 0.51), 4),
        ]
        panel += bent((b, 0.51), (b * 0.9, 0.88), (0, 0.95), 6)
        pen.polygon(panel, pale, outlined=False)
    for a in ribs[1:-1]:
        pen.line(bent((0, 0.95), (a * 0.9, 0.88), (a, 0.51), 6), darker(paint, 0.4), 0.012)
    pen.line([*canopy, canopy[0]])


def cat(pen: Pen, paint: RGB, rng: random.Random) -> None:
    """Sitting cat with a curled tail."""
    pale = lighter(paint, 0.45) if not _neutral(paint) else darker(paint, 0.12)
    pen.shadow(0.42, depth=0.06)
    curl = rng.uniform(0.4, 0.52)
    tail = [*bent((0.18, 0.07), (0.56, 0.0), (0.52, 0.24), 8), *bent((0.52, 0.24), (0.48, curl), (0.6, curl + 0.03), 6)]
    pen.polygon(ribbon(tail, [0.1] * len(tail)), paint)
    pen.polygon(
        rounded(
            [(-0.3, 0.12), (-0.27, 0.36), (-0.15, 0.58), (0.15, 0.58), (0.27, 0.36), (0.3, 0.12), (0.2, 0), (-0.2, 0)]
        ),
        paint,
    )
    pen.ellipse(0, 0.27, 0.13, 0.17, pale, outlined=False)
    for x in (-0.12, 0.12):
        pen.ellipse(x, 0.045, 0.1, 0.055, paint)
    for s in (-1, 1):
        pen.polygon([(0.06 * s, 0.84), (0.27 * s, 1.0), (0.29 * s, 0.68)], paint)
        pen.polygon([(0.14 * s, 0.83), (0.235 * s, 0.92), (0.245 * s, 0.76)], (244, 168, 180), outlined=False)
    pen.ellipse(0, 0.68, 0.31, 0.225, paint)
    for s in (-1, 1):
        pen.ellipse(0.13 * s, 0.71, 0.058, 0.07, (250, 250, 240))
        pen.ellipse(0.125 * s, 0.71, 0.03, 0.055, (40, 36, 48), outlined=False)
        for dy in (0.0, 0.045):
            pen.line([(0.17 * s, 0.6 + dy * 0.4), (0.38 * s, 0.56 + dy * 1.6)], width=0.011)
    pen.polygon([(-0.04, 0.635), (0.04, 0.635), (0, 0.595)], (240, 130, 150), outlined=False)
    pen.line(
        [*bent((-0.07, 0.56), (-0.02, 0.53), (0, 0.59), 4), *bent((0, 0.59), (0.02, 0.53), (0.07, 0.56), 4)],
        width=0.014,
    )


def rocket(pen: Pen, paint: RGB, rng: random.Random) -> None:
    """Rocket in flight with a porthole, fins and a flame."""
    fin = _second(paint, 0.42)
    flame = rng.uniform(0.0, 0.05)
    pen.polygon(
        rounded([(-0.11, 0.22), (-0.08, 0.1), (0, flame), (0.08, 0.1), (0.11, 0.22)], 4), (255, 150, 46), shining=True
    )
    pen.polygon(rounded([(-0.055, 0.22), (0, 0.09), (0.055, 0.22)], 4), (255, 232, 140), outlined=False, shining=True)
    for s in (-1, 1):
        pen.polygon([(0.14 * s, 0.46), (0.32 * s, 0.26), (0.31 * s, 0.14), (0.12 * s, 0.24)], fin)
    side = bent((0.13, 0.21), (0.29, 0.62), (0, 1.0), 12)
    hull = [*side, *[(-x, y) for x, y in reversed(side[:-1])]]
    pen.polygon(hull, paint)
    pen.polygon([*side[:-3], *[(x * 0.45, y) for x, y in reversed(side[:-3])]], darker(paint, 0.16), outlined=False)
    nose = [(x, y) for x, y in hull if y > 0.78]
    pen.polygon(nose, fin)
    pen.rectangle(-0.14, 0.2, 0.14, 0.26, fin)
    pen.line([*hull, hull[0]])
    pen.ellipse(0, 0.6, 0.1, 0.1, (232, 234, 240))
    pen.ellipse(0, 0.6, 0.066, 0.066, (120, 190, 224))
    pen.polygon([(-0.022, 0.16), (0.022, 0.16), (0.022, 0.38), (-0.022, 0.38)], fin)


def _first(paint: RGB) -> RGB:
    return lighter(paint, 0.28)


def _second(paint: RGB, share: float) -> RGB:
    """A darker tone that one would still call by the same name."""
    deep = mix(paint, (round(paint[0] * 0.5), round(paint[1] * 0.3), round(paint[2] * 0.35)), share * 1.3)
    return mix(paint, (88, 92, 108), share) if _neutral(paint) else deep


def _neutral(paint: RGB) -> bool:
    return max(paint) - min(paint) < 24


SUBJECT_DRAWINGS: dict[str, Subject] = {
    "house": Subject(house, 0.40, 0.62),
    "car": Subject(car, 0.26, 1.06),
    "balloon": Subject(balloon, 0.50, 0.38, flies=True, sway=0.07),
    "umbrella": Subject(umbrella, 0.42, 0.64, sway=0.14),
    "cat": Subject(cat, 0.42, 0.5),
    "rocket": Subject(rocket, 0.50, 0.42, flies=True, sway=0.3),
}
