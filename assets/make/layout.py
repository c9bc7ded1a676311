"""Where things stand: subjects first, whole and apart; then typical elements spread over what is left.

Subjects do not look at the place and nothing looks at colour or time, so a change of one factor moves nothing it
need not move. The horizon swings by a third of the frame and elements stand at every depth, so that "near the
horizon" says little about where they are.
"""

import random
from collections.abc import Sequence

from .canvas import Spot
from .places import Element
from .scene import Scene
from .subjects import Subject

HORIZON = (0.32, 0.6)
_TRIES = 40
_BEHIND, _IN_FRONT, _BESIDE = 0.35, 0.05, 0.2  # shares of a thing that others may overlap


def subject_spots(scene: Scene, subject: Subject, horizon: float) -> list[Spot]:
    """Room for each of the scene's subjects, none touching another; smaller until they fit."""
    rng = scene.stream("subjects")
    size = rng.uniform(*{1: (0.88, 1.12), 2: (0.7, 0.86), 3: (0.58, 0.72)}[scene.count])
    while True:
        spots: list[Spot] = []
        for _ in range(_TRIES):
            spot = _subject_spot(subject, size, horizon, rng)
            if not any(spot.overlap(other) for other in spots):
                spots.append(spot)
            if len(spots) == scene.count:
                return spots
        size *= 0.95


def element_spots(
    scene: Scene, elements: Sequence[Element], horizon: float, ground: float, subjects: Sequence[Spot]
) -> list[tuple[Element, Spot]]:
    """Room for two to five typical elements that neither hide nor are hidden."""
    rng = scene.stream("elements")
    chosen = rng.sample(elements, rng.choice((2, 3, 3)))
    for _ in range(rng.randint(0, 2)):
        again = rng.choice(chosen)
        if chosen.count(again) < again.most:
            chosen.append(again)
    chosen.sort(key=lambda element: -element.heights[1])  # the small ones find a gap more easily
    placed: list[tuple[Element, Spot]] = []
    for element in chosen:
        crowding, spot = _clearest(element, horizon, ground, rng, subjects, [spot for _, spot in placed])
        if crowding <= 1 or not placed:
            placed.append((element, spot))
    return placed


def _subject_spot(subject: Subject, size: float, horizon: float, rng: random.Random) -> Spot:
    near = rng.random()
    height = subject.height * size * (0.88 + 0.24 * near)
    half_width = subject.half_width * height
    x = rng.uniform(half_width + 0.01, 0.99 - half_width)
    if subject.flies:
        foot = rng.uniform(height + 0.03, max(height + 0.05, horizon + 0.12))
    else:
        highest = min(0.84, horizon + 0.26)
        foot = highest + (0.96 - highest) * near
    return Spot(x, foot, height, half_width, rng.random() < 0.5, subject.sway * rng.uniform(-1, 1))


def _clearest(
    element: Element,
    horizon: float,
    ground: float,
    rng: random.Random,
    subjects: Sequence[Spot],
    others: Sequence[Spot],
) -> tuple[float, Spot]:
    """A spot that is free enough, or the freest of many, after its worst overlap as a share of what is allowed."""
    found = []
    for _ in range(_TRIES):
        spot = _element_spot(element, horizon, ground, rng)
        overlaps = [spot.overlap(other) / (_BEHIND if spot.foot < other.foot else _IN_FRONT) for other in subjects]
        overlaps += [spot.overlap(other) / _BESIDE for other in others]
        found.append((max(overlaps), spot))
        if found[-1][0] <= 1:
            break
    return min(found)


def _element_spot(element: Element, horizon: float, ground: float, rng: random.Random) -> Spot:
    a, b = rng.random(), rng.random()
    foot = {
        "ground": ground + (0.97 - ground) * a,
        "edge": ground,
        "far": horizon + 0.025 * a,
        "water": horizon + 0.035 + (ground - 0.09 - horizon) * a,
        "verge": ground if b < 0.4 else min(0.92, ground + 0.26) + 0.04 * a,
    }[element.stands]
    near = 0.0 if element.stands == "far" else (foot - horizon) / (1 - horizon)
    height = min(rng.uniform(*element.heights) * (0.82 + 0.36 * near), foot - 0.015)
    half_width = element.half_width * height
    return Spot(rng.uniform(0.7 * half_width, 1 - 0.7 * half_width), foot, height, half_width, rng.random() < 0.5)
