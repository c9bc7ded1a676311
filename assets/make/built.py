"""Typical elements that people made.

Sandcastle, skyscraper, billboard, lamp, pyramid, snowman, lighthouse, crane, sailing boat: each is drawn one unit high,
standing on (0, 0), in the colours of noon.
"""

import random

from .canvas import Pen, arc, bent
from .light import RGB, darker, lighter
from .nature import SNOW

LAMPLIGHT: RGB = (255, 222, 128)


def sandcastle(pen: Pen, rng: random.Random) -> None:
    """Sandcastle with battlements, a gate and a flag."""
    sand: RGB = rng.choice(((214, 164, 96), (206, 152, 88), (220, 172, 108)))
    pen.shadow(0.66, depth=0.1)
    pen.line([(0, 0.7), (0, 1.0)], width=0.03)
    side = rng.choice((-1, 1))
    flag: RGB = rng.choice(((232, 80, 70), (60, 130, 200), (250, 170, 60)))
    pen.polygon([(0, 1.0), (0.2 * side, 0.93), (0, 0.85)], flag)
    _battlements(pen, -0.17, 0.17, 0.3, 0.7, sand)
    for x in (-0.42, 0.42):
        _battlements(pen, x - 0.15, x + 0.15, 0, 0.52, sand)
        pen.rectangle(x - 0.035, 0.24, x + 0.035, 0.36, darker(sand, 0.5), outlined=False)
    _battlements(pen, -0.32, 0.32, 0, 0.36, lighter(sand, 0.12))
    pen.polygon([(-0.1, 0), *arc(0, 0.12, 0.1, 0.11, 180, 0), (0.1, 0)], darker(sand, 0.6))
    for x, y in ((-0.22, 0.1), (0.2, 0.2), (-0.2, 0.26), (0.23, 0.06)):
        pen.ellipse(x, y, 0.02, 0.016, darker(sand, 0.2), outlined=False)


def skyscraper(pen: Pen, rng: random.Random) -> None:
    """Tower of many windows, some of them lit when it is dark."""
    wall: RGB = rng.choice(((92, 106, 134), (122, 112, 124), (84, 120, 138), (136, 126, 118)))
    half, roof = rng.uniform(0.13, 0.17), rng.choice(("mast", "step", "slant"))
    top = 0.84 if roof == "mast" else 0.88
    if roof == "mast":
        pen.line([(0, top), (0, 1.0)], width=0.014)
        pen.rectangle(-half * 0.5, top, half * 0.5, top + 0.05, darker(wall))
    elif roof == "step":
        pen.rectangle(-half * 0.62, top, half * 0.62, 1.0, wall)
    else:
        pen.polygon([(-half, top), (half, top), (half, 1.0)], wall)
    pen.rectangle(-half, 0, half, top, wall)
    pen.rectangle(half * 0.62, 0, half - 0.008, top - 0.008, darker(wall, 0.22), outlined=False)
    columns, rows = 3, 9
    for row in range(rows):
        for column in range(columns):
            x, y = -half * 0.78 + column * half * 0.47, 0.13 + row * (top - 0.19) / (rows - 1)
            lit = rng.random() < 0.6
            glass = LAMPLIGHT if pen.lamps and lit else (196, 220, 234) if lit else (54, 64, 90)
            pen.rectangle(x, y, x + half * 0.3, y + 0.042, glass, outlined=False, shining=pen.lamps and lit)
    pen.rectangle(-half * 0.3, 0, half * 0.2, 0.075, (50, 48, 60), outlined=False)


def billboard(pen: Pen, rng: random.Random) -> None:
    """Advertisement on two posts."""
    pen.shadow(0.5)
    for x in (-0.4, 0.4):
        pen.rectangle(x - 0.03, 0, x + 0.03, 0.5, (98, 98, 110))
    pen.line([(-0.4, 0.08), (0.4, 0.4)], (98, 98, 110), 0.025)
    paper: RGB = rng.choice(((252, 246, 228), (214, 240, 240), (255, 230, 198)))
    pen.rectangle(-0.74, 0.4, 0.74, 1.0, (78, 78, 90))
    pen.rectangle(-0.67, 0.46, 0.67, 0.94, paper, outlined=False)
    accent: RGB = rng.choice(((11, 138, 138), (236, 92, 72), (240, 150, 50)))
    if rng.random() < 0.5:
        pen.ellipse(-0.34, 0.7, 0.19, 0.19, accent)
        pen.ellipse(-0.34, 0.7, 0.08, 0.08, paper, outlined=False)
    else:
        pen.polygon([(-0.5, 0.56), (-0.34, 0.88), (-0.16, 0.56)], accent)
    for i, length in enumerate((0.52, 0.4, 0.48)):
        y = 0.82 - 0.14 * i
        pen.rectangle(0.02, y - 0.035, 0.02 + length, y + 0.035, darker(accent, 0.5) if i else accent, outlined=False)
    if pen.lamps:
        pen.glow(0, 0.7, 0.9, LAMPLIGHT, 0.3)


def lamp(pen: Pen, rng: random.Random) -> None:
    """Street lamp with one arm or two."""
    iron: RGB = (62, 72, 82)
    pen.shadow(0.12, depth=0.03)
    pen.rectangle(-0.06, 0, 0.06, 0.07, iron)
    pen.rectangle(-0.022, 0.05, 0.022, 0.88, iron)
    sides = (-1, 1) if rng.random() < 0.35 else (1,)
    for s in sides:
        pen.strokes([(bent((0, 0.86), (0.02 * s, 1.0), (0.2 * s, 0.97)), 0.024)], iron)
    for s in sides:
        bulb: RGB = (255, 240, 180) if pen.lamps else (240, 240, 226)
        pen.polygon([(0.12 * s, 0.9), (0.32 * s, 0.9), (0.29 * s, 0.83), (0.15 * s, 0.83)], bulb, shining=pen.lamps)
        pen.polygon([(0.1 * s, 0.9), (0.34 * s, 0.9), (0.22 * s, 0.99)], iron)
        if pen.lamps:
            pen.glow(0.22 * s, 0.84, 0.42, LAMPLIGHT, 0.6)


def pyramid(pen: Pen, rng: random.Random) -> None:
    """Pyramid of stone courses, one face in the shade."""
    stone: RGB = rng.choice(((232, 186, 110), (224, 174, 104), (238, 196, 126)))
    edge, wide = rng.uniform(0.08, 0.32), rng.uniform(0.88, 1.02)
    pen.polygon([(-wide, 0), (0, 1), (wide, 0)], stone)
    pen.polygon([(edge, 0), (0, 1), (wide, 0)], darker(stone, 0.3))
    for i in range(1, 6):
        y = i / 6
        pen.line([(-wide * (1 - y) * 0.97, y), (edge * (1 - y), y)], darker(stone, 0.22), 0.014)
        pen.line([(edge * (1 - y), y), (wide * (1 - y) * 0.97, y)], darker(stone, 0.45), 0.014)
        for k in range(5 - i):
            x = -wide * (1 - y) + (wide + edge) * (1 - y) * (k + 0.5 + 0.3 * (i % 2)) / (5.6 - i)
            pen.line([(x, y), (x, y - 1 / 6)], darker(stone, 0.22), 0.012)
    pen.polygon([(-0.34 * wide, 0), (-0.3 * wide, 0.15), (-0.18 * wide, 0.15), (-0.14 * wide, 0)], (84, 58, 50))


def snowman(pen: Pen, rng: random.Random) -> None:
    """Snowman with hat, scarf, carrot and arms of twigs."""
    pen.shadow(0.34, depth=0.06)
    for s in (-1, 1):
        twig = [(0.15 * s, 0.46), (0.38 * s, 0.6)]
        pen.line(twig, (104, 70, 48), 0.03)
        pen.line([(0.31 * s, 0.555), (0.34 * s, 0.65)], (104, 70, 48), 0.024)
    pen.ellipse(0, 0.22, 0.26, 0.225, SNOW)
    pen.ellipse(0, 0.5, 0.19, 0.165, SNOW)
    pen.ellipse(0, 0.71, 0.145, 0.14, SNOW)
    scarf: RGB = rng.choice(((230, 110, 60), (20, 140, 140), (200, 70, 110)))
    pen.polygon([(-0.14, 0.63), (0.14, 0.63), (0.15, 0.57), (-0.15, 0.57)], scarf)
    pen.polygon([(0.05, 0.59), (0.13, 0.59), (0.15, 0.44), (0.08, 0.43)], scarf)
    for y in (0.48, 0.3, 0.2):
        pen.ellipse(-0.02, y, 0.024, 0.024, (50, 46, 56), outlined=False)
    for x in (-0.055, 0.055):
        pen.ellipse(x, 0.75, 0.021, 0.023, (50, 46, 56), outlined=False)
    pen.polygon([(0, 0.72), (0.2, 0.69), (0, 0.68)], (246, 140, 50))
    hat: RGB = (58, 52, 66)
    pen.rectangle(-0.1, 0.83, 0.1, 1.0, hat)
    pen.rectangle(-0.17, 0.81, 0.17, 0.845, hat)
    pen.rectangle(-0.1, 0.85, 0.1, 0.885, scarf, outlined=False)


def lighthouse(pen: Pen, rng: random.Random) -> None:
    """Striped lighthouse on a rock; its lamp shines when it is dark."""
    stripe: RGB = rng.choice(((226, 60, 54), (220, 66, 48), (206, 52, 62)))
    foot, neck, base, top = 0.16, 0.1, 0.06, 0.74
    pen.polygon([(-0.28, 0), (-0.22, 0.07), (-0.1, 0.1), (0.12, 0.09), (0.24, 0.05), (0.29, 0)], (118, 112, 120))
    bands = 5
    for i in range(bands):
        low, high = base + (top - base) * i / bands, base + (top - base) * (i + 1) / bands
        a, b = (foot + (neck - foot) * (y - base) / (top - base) for y in (low, high))
        pen.polygon([(-a, low), (a, low), (b, high), (-b, high)], (252, 250, 246) if i % 2 else stripe, outlined=False)
        shade = darker((252, 250, 246) if i % 2 else stripe, 0.2)
        pen.polygon([(a * 0.5, low), (a, low), (b, high), (b * 0.5, high)], shade, outlined=False)
    pen.line([(-foot, base), (-neck, top), (neck, top), (foot, base), (-foot, base)])
    for y in (0.28, 0.52):
        pen.rectangle(-0.03, y, 0.025, y + 0.07, (60, 56, 70), outlined=False)
    pen.rectangle(-0.145, top, 0.145, top + 0.035, (70, 66, 80))
    light: RGB = (255, 236, 150) if pen.lamps else (190, 224, 240)
    pen.rectangle(-0.08, top + 0.035, 0.08, top + 0.15, light, shining=pen.lamps)
    pen.line([(0, top + 0.035), (0, top + 0.15)])
    pen.polygon([(-0.11, top + 0.15), (0.11, top + 0.15), (0, 0.99)], stripe)
    if pen.lamps:
        pen.glow(0, top + 0.09, 0.46, LAMPLIGHT, 0.75)


def crane(pen: Pen, rng: random.Random) -> None:
    """Harbour crane with a container on its cable."""
    steel: RGB = rng.choice(((244, 160, 44), (240, 140, 52), (236, 176, 60)))
    pen.shadow(0.3, -0.18, depth=0.03)
    for x0, x1 in ((-0.42, -0.3), (0.02, -0.06)):
        pen.strokes([([(x0, 0.02), (x1, 0.56)], 0.045)], steel)
    pen.line([(-0.39, 0.14), (-0.03, 0.4)], steel, 0.03)
    pen.line([(0.0, 0.14), (-0.33, 0.4)], steel, 0.03)
    pen.rectangle(-0.38, 0.54, 0.02, 0.61, steel)
    pen.strokes([([(-0.18, 0.62), (-0.18, 0.97)], 0.04)], steel)
    pen.line([(-0.18, 0.97), (0.42, 0.8)])
    pen.line([(-0.18, 0.97), (-0.42, 0.8)])
    pen.rectangle(-0.46, 0.76, 0.5, 0.82, steel)
    for i in range(8):
        x = -0.4 + 0.1 * i
        pen.line([(x, 0.77), (x + 0.05, 0.81), (x + 0.1, 0.77)], darker(steel, 0.4), 0.012)
    pen.rectangle(-0.5, 0.68, -0.36, 0.8, (112, 112, 124))
    pen.rectangle(-0.16, 0.61, 0.02, 0.76, steel)
    pen.rectangle(-0.1, 0.65, 0.0, 0.73, (196, 226, 238))
    reach, drop = rng.uniform(0.22, 0.36), rng.uniform(0.34, 0.52)
    pen.line([(reach, 0.77), (reach, drop)])
    load: RGB = rng.choice(((72, 150, 160), (176, 94, 74), (120, 134, 90)))
    pen.rectangle(reach - 0.13, drop - 0.13, reach + 0.13, drop, load)
    for i in range(1, 5):
        x = reach - 0.13 + 0.052 * i
        pen.line([(x, drop - 0.12), (x, drop - 0.02)], darker(load, 0.35), 0.012)


def sailing_boat(pen: Pen, rng: random.Random) -> None:
    """Sailing boat with two sails."""
    hull: RGB = rng.choice(((150, 84, 56), (88, 98, 128), (176, 108, 66)))
    sail: RGB = rng.choice(((254, 248, 234), (255, 236, 204), (246, 250, 252)))
    pen.rectangle(-0.02, 0.16, 0.02, 1.0, (110, 78, 58))
    pen.polygon([*bent((0.04, 0.96), (0.34, 0.62), (0.46, 0.28), 6), (0.04, 0.28)], sail)
    pen.polygon(
        [(-0.05, 0.88), (-0.05, 0.28), *bent((-0.38, 0.28), (-0.24, 0.55), (-0.05, 0.88), 6)], darker(sail, 0.08)
    )
    pen.line([(0.06, 0.5), (0.4, 0.46)], darker(sail, 0.3), 0.014)
    pen.polygon([(-0.54, 0.2), (0.56, 0.2), (0.36, 0.0), (-0.38, 0.0)], hull)
    pen.polygon([(-0.54, 0.2), (0.56, 0.2), (0.5, 0.14), (-0.5, 0.14)], lighter(hull, 0.5), outlined=False)
    pen.line([(-0.5, -0.03), (-0.2, -0.03)], (226, 240, 248), 0.024)
    pen.line([(0.1, -0.035), (0.48, -0.035)], (226, 240, 248), 0.024)


def _battlements(pen: Pen, x0: float, x1: float, y0: float, y1: float, sand: RGB) -> None:
    notch, step = 0.09, (x1 - x0) / 5
    teeth = []
    for i in range(5):
        y = y1 if i % 2 == 0 else y1 - notch
        teeth += [(x0 + i * step, y), (x0 + (i + 1) * step, y)]
    pen.polygon([(x0, y0), *teeth, (x1, y0)], sand)
