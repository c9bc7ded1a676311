"""Sky and weather: sun, moon, stars, clouds, birds, fog."""

import math
import random

from .canvas import Canvas, arc
from .light import RGB, mix


def paint_sky(canvas: Canvas, time: str, horizon: float, rng: random.Random) -> None:
    """Fill the sky down to the horizon. Takes the same random numbers at every time of day."""
    canvas.gradient(canvas.light.sky, 0, horizon + 0.02)
    sun_x, sun_y = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.2)
    details = random.Random(rng.random())
    {"sunny": _sunny, "sunset": _sunset, "night": _night, "foggy": _foggy}[time](canvas, sun_x, sun_y, horizon, details)


def paint_fog(canvas: Canvas, horizon: float, rng: random.Random, strength: int) -> None:
    """Let banks of fog drift in front of what is painted so far."""
    banks = [
        (
            rng.uniform(0, 1),
            rng.uniform(horizon - 0.08, 0.98),
            rng.uniform(0.25, 0.5),
            rng.uniform(0.03, 0.06),
            rng.randint(strength // 2, strength),
        )
        for _ in range(4)
    ]
    canvas.veil(banks, (222, 228, 231))


def _sunny(canvas: Canvas, x: float, y: float, horizon: float, rng: random.Random) -> None:
    radius = rng.uniform(0.055, 0.08)
    canvas.glow(x, y, radius * 4.5, (255, 250, 214), 0.7)
    if rng.random() < 0.5:
        for i in range(12):
            a = math.tau * i / 12
            inner, outer = radius * 1.25, radius * (1.65 if i % 2 else 1.9)
            ray = [(x + r * math.cos(a), y + r * math.sin(a)) for r in (inner, outer)]
            canvas.line(ray, (255, 222, 92), 0.011)
    canvas.disc(x, y, radius, radius, (255, 236, 140))
    canvas.disc(x, y, radius * 0.84, radius * 0.84, (255, 214, 56))
    for _ in range(rng.randint(2, 4)):
        _cloud(canvas, rng.random(), rng.uniform(0.05, horizon * 0.75), rng, (255, 255, 255), (220, 234, 246))
    _birds(canvas, horizon, rng, (70, 84, 110))


def _sunset(canvas: Canvas, x: float, y: float, horizon: float, rng: random.Random) -> None:
    low, radius = horizon - rng.uniform(-0.02, 0.07), rng.uniform(0.1, 0.14)
    canvas.glow(x, low, radius * 4, (255, 214, 130), 0.75)
    canvas.disc(x, low, radius, radius, (255, 202, 98))
    canvas.disc(x, low, radius * 0.8, radius * 0.8, (255, 226, 130))
    for _ in range(rng.randint(2, 3)):
        _streak(canvas, rng.random(), rng.uniform(0.12, horizon * 0.8), rng, (255, 170, 128))
    for _ in range(rng.randint(1, 3)):
        _cloud(canvas, rng.random(), rng.uniform(0.05, horizon * 0.6), rng, (250, 168, 150), (200, 106, 142))
    _birds(canvas, horizon, rng, (64, 34, 72))


def _night(canvas: Canvas, x: float, y: float, horizon: float, rng: random.Random) -> None:
    for _ in range(rng.randint(30, 50)):
        sx, sy, r = rng.random(), rng.uniform(0, horizon), rng.choice((0.003, 0.004, 0.0055))
        canvas.disc(sx, sy, r, r, mix((255, 250, 226), canvas.light.sky[1], rng.uniform(0, 0.45)))
    for _ in range(3):
        sx, sy = rng.random(), rng.uniform(0, horizon * 0.8)
        for dx, dy in ((0.014, 0.0), (0.0, 0.014)):
            canvas.line([(sx - dx, sy - dy), (sx + dx, sy + dy)], (255, 250, 226), 0.003)
    radius = rng.uniform(0.05, 0.075)
    canvas.glow(x, y, radius * 3.5, (150, 168, 232), 0.55)
    full, turn = rng.random() < 0.4, rng.uniform(-0.6, 0.6)
    if full:
        canvas.disc(x, y, radius, radius, (248, 242, 208))
        for dx, dy, r in ((-0.35, -0.2, 0.22), (0.3, 0.25, 0.28), (0.15, -0.45, 0.14)):
            canvas.disc(x + dx * radius, y + dy * radius, r * radius, r * radius, (224, 216, 180))
    else:
        crescent = [*arc(0, 0, radius, radius, 90, 270), *arc(0, 0, radius * 0.5, radius, 270, 90)]
        c, s = math.cos(turn), math.sin(turn)
        canvas.polygon([(x + c * px - s * py, y + s * px + c * py) for px, py in crescent], (248, 242, 208))
    if rng.random() < 0.5:
        _streak(canvas, rng.random(), rng.uniform(0.15, horizon * 0.8), rng, (44, 54, 108))


def _foggy(canvas: Canvas, x: float, y: float, horizon: float, rng: random.Random) -> None:
    if rng.random() < 0.5:
        canvas.glow(x, y + 0.04, 0.2, (240, 240, 232), 0.6)
        canvas.disc(x, y + 0.04, 0.055, 0.055, (232, 233, 228))
    for _ in range(rng.randint(3, 5)):
        shade = mix(canvas.light.sky[1], rng.choice(((228, 232, 234), (158, 168, 178))), 0.5)
        _streak(canvas, rng.random(), rng.uniform(0.05, horizon), rng, shade)


def _cloud(canvas: Canvas, x: float, y: float, rng: random.Random, colour: RGB, foot: RGB) -> None:
    wide = rng.uniform(0.05, 0.095)
    puffs = [(-1.0, 0.0, 0.45), (-0.4, -0.3, 0.62), (0.3, -0.45, 0.72), (0.95, -0.05, 0.5)]
    if rng.random() < 0.5:
        puffs = [(-dx, dy, r) for dx, dy, r in puffs]
    for tone, lift in ((foot, 0.14), (colour, 0.0)):
        for dx, dy, r in puffs:
            canvas.disc(x + dx * wide, y + (dy + lift) * wide, r * wide, r * wide * 0.9, tone)
        canvas.disc(x, y + (0.12 + lift) * wide, 1.3 * wide, 0.33 * wide, tone)


def _streak(canvas: Canvas, x: float, y: float, rng: random.Random, colour: RGB) -> None:
    for i in range(rng.randint(2, 3)):
        half, dx = rng.uniform(0.08, 0.2), rng.uniform(-0.1, 0.1)
        canvas.disc(x + dx, y + i * 0.02, half, rng.uniform(0.008, 0.014), colour)


def _birds(canvas: Canvas, horizon: float, rng: random.Random, colour: RGB) -> None:
    if rng.random() < 0.5:
        return
    x, y = rng.uniform(0.1, 0.8), rng.uniform(0.08, horizon * 0.7)
    for _ in range(rng.randint(2, 4)):
        bx, by, w = x + rng.uniform(-0.06, 0.1), y + rng.uniform(-0.04, 0.04), rng.uniform(0.014, 0.022)
        wings = [(bx - w, by - w * 0.5), (bx - w * 0.4, by - w * 0.6), (bx, by)]
        wings += [(bx + w * 0.4, by - w * 0.6), (bx + w, by - w * 0.5)]
        canvas.line(wings, colour, 0.006)
