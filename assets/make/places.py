"""The six places: the ground each lies on, and its typical elements with their sizes and where they stand."""

import random
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from . import built, nature
from .canvas import Canvas, Pen, wave
from .light import RGB, darker, lighter, mix

Ground: TypeAlias = Callable[[Canvas, float, random.Random], float]


class Element(NamedTuple):
    """How to draw a typical element and how large it is."""

    name: str
    draw: Callable[[Pen, random.Random], None]
    heights: tuple[float, float]  # of the frame
    half_width: float  # of its height
    stands: str = "ground"  # "far": on the horizon; "edge": where the ground begins; "verge": beside the road; "water"
    most: int = 2


class Place(NamedTuple):
    """A ground, which paints from the horizon down and tells where one can stand, and its elements."""

    ground: Ground
    elements: tuple[Element, ...]


def beach(canvas: Canvas, horizon: float, rng: random.Random) -> float:
    """Sea, foam and sand."""
    shore = horizon + rng.uniform(0.09, 0.17)
    _sea(canvas, horizon, shore + 0.06, rng)
    edge = wave(rng, shore, 0.016, rng.uniform(5, 9))
    light = canvas.light.on_land
    canvas.land(lambda x: edge(x) - 0.016, light((250, 252, 252), 0.5))
    canvas.land(edge, light((214, 178, 122), 0.4))
    canvas.land(lambda x: edge(x) + 0.022, light((244, 216, 156), 0.2))
    _flecks(canvas, shore + 0.08, rng, (214, 182, 120), 40)
    for _ in range(3):
        x, y = rng.random(), rng.uniform(shore + 0.1, 0.98)
        curve = wave(rng, y, 0.006, 20)
        canvas.line([(x + i * 0.02, curve(x + i * 0.02)) for i in range(9)], light((222, 190, 130), 0.1), 0.005)
    return shore + 0.06


def forest(canvas: Canvas, horizon: float, rng: random.Random) -> float:
    """Two rows of distant trees and grass."""
    light = canvas.light.on_land
    for distance, lift, green in ((1.0, 0.09, (86, 136, 112)), (0.8, 0.05, (64, 122, 84))):
        _treetops(canvas, horizon, lift, rng, light(green, distance))
    canvas.land(wave(rng, horizon, 0.01, rng.uniform(3, 6)), light((112, 172, 78), 0.4))
    canvas.land(wave(rng, horizon + 0.12, 0.018, rng.uniform(3, 6)), light((96, 160, 68), 0.2))
    canvas.land(wave(rng, horizon + 0.27, 0.022, rng.uniform(3, 6)), light((84, 148, 62), 0.05))
    for _ in range(26):
        x, y = rng.random(), rng.uniform(horizon + 0.05, 0.99)
        h = 0.012 + 0.014 * (y - horizon)
        for dx in (-0.008, 0.0, 0.008):
            canvas.line([(x, y), (x + dx, y - h)], light((58, 118, 50), 0.1), 0.005)
    for _ in range(rng.randint(4, 9)):
        x, y = rng.random(), rng.uniform(horizon + 0.1, 0.98)
        canvas.disc(x, y, 0.008, 0.007, light((252, 244, 220), 0.1))
    return horizon + 0.03


def city(canvas: Canvas, horizon: float, rng: random.Random) -> float:
    """Skyline, pavement and a road."""
    light = canvas.light.on_land
    _skyline(canvas, horizon, rng, light((166, 172, 192), 1.0), (0.06, 0.2), windows=False)
    _skyline(canvas, horizon, rng, light((132, 138, 162), 0.8), (0.03, 0.12), windows=canvas.light.lamps)
    kerb = horizon + rng.uniform(0.09, 0.14)
    canvas.land(lambda _: horizon, light((176, 174, 178), 0.3), 1)
    for i in range(9):
        x = (i + rng.uniform(-0.1, 0.1)) / 8
        canvas.line([(x, horizon), (0.5 + (x - 0.5) * 1.35, kerb)], light((150, 148, 156), 0.3), 0.004)
    verge = kerb + rng.uniform(0.17, 0.2)
    canvas.land(lambda _: kerb, light((206, 204, 204), 0.2), 1)
    canvas.land(lambda _: kerb + 0.014, light((96, 98, 110), 0.1), 1)
    middle, dash = (kerb + verge) / 2, rng.uniform(0, 0.2)
    for i in range(-1, 6):
        x, tall = dash + i * 0.2, 0.016
        corners = [(x, middle), (x + 0.11, middle), (x + 0.102, middle + tall), (x - 0.008, middle + tall)]
        canvas.polygon(corners, light((246, 242, 226)))
    _flecks(canvas, kerb + 0.03, rng, (84, 86, 98), 16)
    canvas.land(lambda _: verge, light((206, 204, 204), 0.1), 1)
    canvas.land(lambda _: verge + 0.018, light((172, 170, 176), 0.05), 1)
    y = verge + 0.018
    for row in range(4):
        tall = 0.05 + 0.02 * row
        canvas.line([(0, y + tall), (1, y + tall)], light((146, 144, 152), 0.05), 0.005)
        for i in range(8):
            x0, x1 = (
                0.5 + (i - 3.5 + 0.5 * (row % 2)) * w
                for w in (0.16 + 0.3 * (y - verge), 0.16 + 0.3 * (y + tall - verge))
            )
            canvas.line([(x0, y), (x1, y + tall)], light((146, 144, 152), 0.05), 0.005)
        y += tall
    if rng.random() < 0.5:
        x, y = rng.uniform(0.1, 0.9), rng.choice((kerb + 0.05, verge - 0.03))
        canvas.disc(x, y, 0.035, 0.013, light((70, 72, 84)))
        canvas.disc(x, y, 0.027, 0.009, light((112, 114, 124)))
    return kerb - 0.01


def desert(canvas: Canvas, horizon: float, rng: random.Random) -> float:
    """Dunes, ripples and pebbles."""
    light = canvas.light.on_land
    canvas.land(wave(rng, horizon - 0.03, 0.025, rng.uniform(3, 6)), light((236, 184, 112), 1.0))
    canvas.land(wave(rng, horizon + 0.01, 0.014, rng.uniform(3, 6)), light((240, 194, 118), 0.6))
    for level, sand in ((0.13, (234, 180, 100)), (0.3, (226, 168, 90))):
        crest = wave(rng, horizon + level, 0.03, rng.uniform(3, 5))
        edge = canvas.land(crest, light(sand, 0.4 - level))
        canvas.line(edge, light(lighter(sand, 0.35), 0.3 - level), 0.006)
    for _ in range(7):
        x, y = rng.uniform(-0.1, 0.9), rng.uniform(horizon + 0.08, 0.98)
        curve = wave(rng, y, 0.005, 26)
        canvas.line([(x + i * 0.02, curve(x + i * 0.02)) for i in range(11)], light((206, 146, 76), 0.1), 0.005)
    for _ in range(8):
        x, y = rng.random(), rng.uniform(horizon + 0.08, 0.98)
        canvas.disc(x, y, 0.01, 0.006, light((168, 124, 84), 0.1))
    return horizon + 0.04


def mountains(canvas: Canvas, horizon: float, rng: random.Random) -> float:
    """A far ridge and fields of snow."""
    light = canvas.light.on_land
    x, ridge = -0.1, [(-0.1, 1.0)]
    while x < 1.1:
        ridge += [(x, horizon - rng.uniform(0.0, 0.03)), (x + 0.08, horizon - rng.uniform(0.07, 0.13))]
        x += rng.uniform(0.14, 0.22)
    canvas.polygon([*ridge, (1.1, 1.0)], light((150, 170, 204), 1.0))
    canvas.land(wave(rng, horizon, 0.008, rng.uniform(4, 7)), light((222, 232, 246), 0.4))
    for level, snow in ((0.12, (232, 240, 250)), (0.28, (242, 247, 253))):
        crest = wave(rng, horizon + level, 0.022, rng.uniform(3, 6))
        canvas.land(crest, light(darker(snow, 0.1), 0.1))
        canvas.land(lambda x, crest=crest: crest(x) + 0.012, light(snow, 0.1))
    for _ in range(9):
        x, y, half = rng.random(), rng.uniform(horizon + 0.06, 0.98), rng.uniform(0.02, 0.06)
        canvas.disc(x, y, half, 0.005, light((206, 220, 240), 0.1))
    return horizon + 0.03


def harbour(canvas: Canvas, horizon: float, rng: random.Random) -> float:
    """Water with a mole on the horizon, and a quay of planks."""
    light = canvas.light.on_land
    quay = horizon + rng.uniform(0.15, 0.23)
    _sea(canvas, horizon, quay + 0.02, rng, (58, 124, 158))
    x = rng.uniform(0, 0.6)
    canvas.polygon(
        [(x, horizon + 0.012), (x + 0.05, horizon - 0.02), (x + 0.42, horizon - 0.02), (x + 0.47, horizon + 0.012)],
        light((136, 136, 144), 0.9),
    )
    wood: RGB = rng.choice(((172, 132, 98), (158, 128, 106), (150, 136, 120)))
    canvas.land(lambda _: quay - 0.012, light(lighter(wood, 0.25), 0.3), 1)
    canvas.land(lambda _: quay + 0.006, light(darker(wood, 0.45), 0.2), 1)
    canvas.land(lambda _: quay + 0.022, light(wood, 0.1), 1)
    rows, y = rng.randint(4, 5), quay + 0.022
    for row in range(rows):
        tall = (1 - quay) * (row + 1) * 2 / (rows * (rows + 1))
        y += tall
        canvas.line([(0, y), (1, y)], light(darker(wood, 0.3), 0.1), 0.006)
        for k in range(-1, 4):
            seam = 0.5 + (k / 3 + 0.17 * (row % 2) - 0.5) * (1 + 0.12 * row)
            canvas.line([(seam, y - tall), (seam, y)], light(darker(wood, 0.3), 0.1), 0.005)
    for _ in range(rng.randint(2, 3)):
        x = rng.random()
        canvas.polygon(
            [(x - 0.016, quay + 0.012), (x - 0.012, quay - 0.03), (x + 0.012, quay - 0.03), (x + 0.016, quay + 0.012)],
            light((66, 64, 74), 0.2),
        )
        canvas.disc(x, quay - 0.032, 0.02, 0.009, light((84, 82, 92), 0.2))
    return quay + 0.03


PLACE_DRAWINGS: dict[str, Place] = {
    "beach": Place(
        beach,
        (
            Element("palm", nature.palm, (0.42, 0.58), 0.42, most=3),
            Element("sandcastle", built.sandcastle, (0.19, 0.25), 0.58),
            Element("starfish", nature.starfish, (0.12, 0.16), 0.55, most=3),
        ),
    ),
    "forest": Place(
        forest,
        (
            Element("pine", nature.pine, (0.34, 0.54), 0.36, most=3),
            Element("oak", nature.oak, (0.34, 0.5), 0.47),
            Element("mushroom", nature.mushroom, (0.16, 0.22), 0.54, most=3),
        ),
    ),
    "city": Place(
        city,
        (
            Element("skyscraper", built.skyscraper, (0.42, 0.62), 0.17, "edge", most=3),
            Element("billboard", built.billboard, (0.24, 0.32), 0.76, "verge"),
            Element("lamp", built.lamp, (0.36, 0.48), 0.3, "verge"),
        ),
    ),
    "desert": Place(
        desert,
        (
            Element("cactus", nature.cactus, (0.26, 0.42), 0.34, most=3),
            Element("pyramid", built.pyramid, (0.22, 0.36), 1.0, "far"),
            Element("bones", nature.bones, (0.15, 0.2), 0.7),
        ),
    ),
    "mountains": Place(
        mountains,
        (
            Element("peak", nature.peak, (0.26, 0.42), 0.92, "far"),
            Element("snow fir", nature.snow_fir, (0.28, 0.46), 0.38, most=3),
            Element("snowman", built.snowman, (0.26, 0.34), 0.4),
        ),
    ),
    "harbour": Place(
        harbour,
        (
            Element("lighthouse", built.lighthouse, (0.38, 0.56), 0.29),
            Element("crane", built.crane, (0.4, 0.52), 0.5),
            Element("sailing boat", built.sailing_boat, (0.18, 0.3), 0.56, "water", most=3),
        ),
    ),
}


def _sea(canvas: Canvas, top: float, bottom: float, rng: random.Random, water: RGB = (44, 138, 194)) -> None:
    mirrored = canvas.light.sky[1]  # still water shows the sky

    def light(colour: RGB, distance: float) -> RGB:
        return mix(canvas.light.on_land(colour, distance), mirrored, 0.32)

    near = lighter(water, 0.22)
    canvas.gradient([light(water, 0.8), light(near, 0.3)], top, min(1.0, bottom + 0.04))
    for _ in range(12):
        x, y = rng.random(), rng.uniform(top + 0.012, bottom)
        half = 0.015 + 0.25 * (y - top)
        tone = light(mix(near, (255, 255, 255), rng.uniform(0.2, 0.55)), 0.6)
        canvas.line([(x - half, y), (x + half, y)], tone, 0.006)


def _flecks(canvas: Canvas, top: float, rng: random.Random, colour: RGB, n: int) -> None:
    for _ in range(n):
        x, y = rng.random(), rng.uniform(top, 0.99)
        canvas.disc(x, y, 0.005, 0.0035, canvas.light.on_land(colour, 0.1))


def _treetops(canvas: Canvas, horizon: float, lift: float, rng: random.Random, colour: RGB) -> None:
    x, edge = -0.05, [(-0.05, 1.0)]
    while x < 1.05:
        wide, tall = rng.uniform(0.04, 0.075), lift * rng.uniform(0.7, 1.35)
        edge += [(x, horizon - lift * 0.3), (x + wide / 2, horizon - tall)]
        x += wide
    canvas.polygon([*edge, (1.1, horizon), (1.1, 1.0)], colour)


def _skyline(
    canvas: Canvas, horizon: float, rng: random.Random, colour: RGB, heights: tuple[float, float], windows: bool
) -> None:
    x = -0.03
    while x < 1.0:
        wide, top = rng.uniform(0.06, 0.12), horizon - rng.uniform(*heights)
        canvas.polygon([(x, top), (x + wide, top), (x + wide, 1), (x, 1)], colour)
        lit = [(x + wide * rng.uniform(0.15, 0.8), rng.uniform(top + 0.01, horizon)) for _ in range(4)]
        if windows:
            for wx, wy in lit:
                canvas.polygon(
                    [(wx, wy), (wx + 0.011, wy), (wx + 0.011, wy + 0.013), (wx, wy + 0.013)],
                    mix(built.LAMPLIGHT, colour, 0.25),
                )
        x += wide + rng.choice((0.0, 0.0, 0.02))
