"""Paints a scene, and says which box each thing fills."""

import random
from typing import NamedTuple

from PIL import Image

from .canvas import Canvas, Pen
from .layout import HORIZON, element_spots, subject_spots
from .light import LIGHTS, RGB, darker, lighter
from .places import PLACE_DRAWINGS
from .scene import Scene
from .sky import paint_fog, paint_sky
from .subjects import PAINTS, SUBJECT_DRAWINGS

__all__ = ["Box", "Scene", "paint"]


class Box(NamedTuple):
    """What fills which part of the picture, in pixels; right and bottom are the first pixel outside."""

    name: str
    role: str  # "element" or "subject"
    left: int
    top: int
    right: int
    bottom: int


def paint(scene: Scene, size: int = 128) -> tuple[Image.Image, list[Box]]:
    """Paint a scene, `size` pixels wide and high; the same scene gives the same pixels.

    Boxes come in the order of painting, far things first. What stands in front may hide a part of what a box holds,
    never most of it.
    """
    canvas = Canvas(size, LIGHTS[scene.time])
    light = canvas.light
    horizon = scene.stream("frame").uniform(*HORIZON)
    place, subject = PLACE_DRAWINGS[scene.place], SUBJECT_DRAWINGS[scene.subject]
    paint_sky(canvas, scene.time, horizon, scene.stream("sky"))
    ground = place.ground(canvas, horizon, scene.stream("ground"))
    if scene.time == "foggy":
        paint_fog(canvas, horizon, scene.stream("far fog"), 150)

    looks = scene.stream("looks")
    paint_of_subjects, details = _varied(PAINTS[scene.colour], looks), looks.random()
    spots = subject_spots(scene, subject, horizon)
    things = [*element_spots(scene, place.elements, horizon, ground, spots), *((None, spot) for spot in spots)]
    boxes = []
    for i, (element, spot) in enumerate(sorted(things, key=lambda thing: thing[1].foot)):
        if element is None:
            pen = Pen(canvas, spot, light.on_subject, light.ink, outline=0.011)
            subject.draw(pen, paint_of_subjects, random.Random(details))
            boxes.append(_box(pen, scene.subject, "subject"))
        else:
            distance = min(1.0, (1 - spot.foot) / (1 - horizon))
            pen = Pen(canvas, spot, lambda c, d=distance: light.on_land(c, d), light.faded(light.ink, distance))
            element.draw(pen, scene.stream(f"element {i}"))
            boxes.append(_box(pen, element.name, "element"))
    if scene.time == "foggy":
        paint_fog(canvas, horizon, scene.stream("near fog"), 60)
    return canvas.finished(), boxes


def _varied(colour: RGB, rng: random.Random) -> RGB:
    """A slightly darker or lighter tone of the colour, the same on every subject of the picture."""
    share = rng.uniform(-0.08, 0.08)
    return darker(colour, -share) if share < 0 else lighter(colour, share)


def _box(pen: Pen, name: str, role: str) -> Box:
    size = pen.canvas.size
    left, top, right, bottom = pen.extent
    return Box(
        name,
        role,
        max(0, int(left * size)),
        max(0, int(top * size)),
        min(size, int(right * size) + 1),
        min(size, int(bottom * size) + 1),
    )
