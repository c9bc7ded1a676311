"""What figures and sheets are drawn on: pixels, or SVG for a page. Places and sizes are in points from the top left."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Protocol

from PIL import Image, ImageDraw

from engine.report.finding import plain
from engine.report.letters import SCALE, width, write

_FINE = 4  # edges are drawn so much larger, then made smaller: without steps
INKS = {
    "light": {
        "page": "#fbfaf8", "card": "#ffffff", "line": "#e2e0da", "track": "#e9e7e1",
        "ink": "#16191c", "faint": "#62676d",
        "accent": "#0b6e6e", "warm": "#c45d1c", "third": "#6459c8", "fourth": "#a8437a",
        "accent_ground": "#dff0ee", "warm_ground": "#fcebdf", "faint_ground": "#efede8",
    },
    "dark": {
        "page": "#14171a", "card": "#1c2125", "line": "#343a40", "track": "#2c3338",
        "ink": "#eeece8", "faint": "#a3a8ad",
        "accent": "#4dbdb2", "warm": "#f0a069", "third": "#a79df2", "fourth": "#e48bb8",
        "accent_ground": "#173a38", "warm_ground": "#43291a", "faint_ground": "#262c31",
    },
}  # fmt: skip


class Canvas(Protocol):
    """Shapes and words in colours by their names in `INKS`."""

    def rect(
        self, x: float, y: float, width: float, height: float, ink: str, radius: float = 0, opacity: float = 1
    ) -> None:
        """A filled rectangle."""
        ...

    def line(self, points: Sequence[tuple[float, float]], ink: str, wide: float = 1, is_dashed: bool = False) -> None:
        """A line through points."""
        ...

    def area(self, points: Sequence[tuple[float, float]], ink: str, opacity: float) -> None:
        """A filled polygon."""
        ...

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        ink: str = "ink",
        is_bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """Words on one line whose base line is at y; anchor: start, middle or end."""
        ...


class Pixels:
    """A canvas of pixels, `SCALE` of them a point."""

    def __init__(self, width: float, height: float, theme: str) -> None:
        self.inks = INKS[theme]
        self.image = Image.new("RGB", (round(width * SCALE), round(height * SCALE)), self.inks["page"])
        self._pen = ImageDraw.Draw(self.image)

    def reach(self, height: float) -> None:
        """Make room below, where there is less."""
        if (least := round(height * SCALE)) > self.image.height:
            before = self.image
            self.image = Image.new("RGB", (before.width, max(least, 2 * before.height)), self.inks["page"])
            self.image.paste(before)
            self._pen = ImageDraw.Draw(self.image)

    def end(self, height: float) -> Image.Image:
        """All of it, down to here."""
        return self.image.crop((0, 0, self.image.width, round(height * SCALE)))

    def rect(
        self, x: float, y: float, width: float, height: float, ink: str, radius: float = 0, opacity: float = 1
    ) -> None:
        """A filled rectangle."""
        if width <= 0 or height <= 0:
            return
        box = [round(v * SCALE) for v in (x, y, x + width, y + height)]
        if not radius and opacity >= 1:
            self._pen.rectangle((box[0], box[1], max(box[0], box[2] - 1), max(box[1], box[3] - 1)), self.inks[ink])
            return
        corner = min(radius, width / 2, height / 2) * SCALE * _FINE
        self._masked(
            [(x, y), (x + width, y + height)],
            lambda pen, far: pen.rounded_rectangle((*far(x, y), *far(x + width, y + height, -1)), corner, 255),
            ink,
            opacity,
        )

    def line(self, points: Sequence[tuple[float, float]], ink: str, wide: float = 1, is_dashed: bool = False) -> None:
        """A line through points."""
        thick = round(wide * SCALE * _FINE)
        for part in _dashes(points) if is_dashed else [points]:
            self._masked(
                part,
                lambda pen, far, part=part: pen.line([far(*p) for p in part], 255, thick, "curve"),
                ink,
                1,
                wide,
            )

    def area(self, points: Sequence[tuple[float, float]], ink: str, opacity: float) -> None:
        """A filled polygon."""
        self._masked(points, lambda pen, far: pen.polygon([far(*p) for p in points], 255), ink, opacity)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        ink: str = "ink",
        is_bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """Words on one line whose base line is at y."""
        back = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        x -= back * width(words, size, is_bold) if back else 0
        write(self._pen, (x, y), words, size, self.inks[ink], is_bold)

    def picture(self, x: float, y: float, image: Image.Image, radius: float = 6) -> None:
        """An image as it is, its corners rounded."""
        mask = Image.new("L", (image.width * _FINE, image.height * _FINE))
        corner = radius * SCALE * _FINE
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), corner, 255)
        self.image.paste(image, (round(x * SCALE), round(y * SCALE)), mask.reduce(_FINE))

    def _masked(self, points, drawn, ink: str, opacity: float, around: float = 0) -> None:  # noqa: ANN001
        """Paste a colour through a shape that is drawn finer, where it lies."""
        left, top = (int((min(p[i] for p in points) - around) * SCALE) - 1 for i in (0, 1))
        right, low = (int((max(p[i] for p in points) + around) * SCALE) + 2 for i in (0, 1))
        mask = Image.new("L", ((right - left) * _FINE, (low - top) * _FINE))

        def far(x: float, y: float, less: int = 0) -> tuple[float, float]:
            return (x * SCALE - left) * _FINE + less, (y * SCALE - top) * _FINE + less

        drawn(ImageDraw.Draw(mask), far)
        mask = mask.reduce(_FINE)
        self.image.paste(
            self.inks[ink], (left, top), mask.point([round(v * opacity) for v in range(256)]) if opacity < 1 else mask
        )


class Svg:
    """A canvas that writes SVG; colours are variables of the page it stands in."""

    def __init__(self, width: float, height: float, alt: str) -> None:
        self._parts = [
            f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(plain(alt))}" '
            'xmlns="http://www.w3.org/2000/svg">'
        ]

    def rect(
        self, x: float, y: float, width: float, height: float, ink: str, radius: float = 0, opacity: float = 1
    ) -> None:
        """A filled rectangle."""
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:g}" '
            f'style="fill:var(--{ink});opacity:{opacity:g}"/>'
        )

    def line(self, points: Sequence[tuple[float, float]], ink: str, wide: float = 1, is_dashed: bool = False) -> None:
        """A line through points."""
        dash = ";stroke-dasharray:5 4" if is_dashed else ""
        self._parts.append(
            f'<polyline points="{_listed(points)}" '
            f'style="fill:none;stroke:var(--{ink});stroke-width:{wide:g};stroke-linejoin:round{dash}"/>'
        )

    def area(self, points: Sequence[tuple[float, float]], ink: str, opacity: float) -> None:
        """A filled polygon."""
        self._parts.append(f'<polygon points="{_listed(points)}" style="fill:var(--{ink});opacity:{opacity:g}"/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        ink: str = "ink",
        is_bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """Words on one line whose base line is at y."""
        bold = ";font-weight:600" if is_bold else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'style="fill:var(--{ink});font-size:{size:g}px{bold}">{escape(plain(words))}</text>'
        )

    @property
    def markup(self) -> str:
        """The whole of it."""
        return "".join([*self._parts, "</svg>"])


def _listed(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _dashes(points: Sequence[tuple[float, float]], on: float = 5, off: float = 4) -> list[list[tuple[float, float]]]:
    """A line cut into pieces."""
    found: list[list[tuple[float, float]]] = []
    gone = 0.0
    for (x, y), (to_x, to_y) in pairwise(points):
        length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
        at = 0.0
        while at < length:
            phase = (gone + at) % (on + off)
            step = min(length - at, (on if phase < on else on + off) - phase)
            if phase < on:
                ends = [(x + (to_x - x) * t / length, y + (to_y - y) * t / length) for t in (at, at + step)]
                found.append(ends)
            at += max(step, 1e-6)
        gone += length
    return found
