"""A finding as one picture to share: a PNG with title, figures, pictures, and where it all comes from."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from engine.report.canvas import Pixels
from engine.report.cards import draw_cards
from engine.report.figures import HEIGHT, draw_chart
from engine.report.finding import Beside, Cards, Chart, Facts, Finding, Flow, Part, Pictures, Shown, Table, plain
from engine.report.flows import draw_flow, flow_height
from engine.report.letters import SCALE, fitted, wrapped
from engine.report.opening import Opener, square
from engine.report.tables import draw_table

WIDTH = 960.0  # points
MARGIN = 48.0
_INNER = WIDTH - 2 * MARGIN
_GAP = 8.0
_LONGEST = 6_000.0  # points; what is below is left out


def sheet(
    finding: Finding,
    about: str,
    theme: str = "light",
    pictures: bool = True,
    opener: Opener = lambda picture, side: picture.open(side),
) -> bytes:
    """A PNG, 1,920 pixels wide; pictures that cannot be read are left out.

    Args:
        finding: what is shown.
        about: gallery, models, date; the last line.
        theme: light or dark.
        pictures: whether pictures are shown.
        opener: opens them.
    """
    page = Page(theme, pictures, opener)
    y = _draw_head(page, finding)
    for i, part in enumerate(finding.parts):
        if y > _LONGEST:
            page.canvas.text(MARGIN, y + 16, f"and {len(finding.parts) - i} more", 14, "faint")
            y += 30
            break
        y = _draw_part(page, part, y)
    y = _draw_foot(page, about, y)
    out = io.BytesIO()
    page.canvas.end(y).save(out, "PNG")
    return out.getvalue()


class Page:
    """What parts are drawn on."""

    def __init__(self, theme: str, pictures: bool, opener: Opener) -> None:
        self.canvas = Pixels(WIDTH, 1200, theme)
        self.has_pictures = pictures
        self._opener = opener

    def opened(self, shown: Sequence[Shown], most: int, side: float) -> list[tuple[Shown, Image.Image]]:
        """The first pictures that can be read, `most` of them, as squares of so many points."""
        found = []
        for one in shown if self.has_pictures else ():
            if len(found) == most:
                break
            if (image := square(one, round(side * SCALE), self._opener)) is not None:
                found.append((one, image))
        return found


def _draw_head(page: Page, finding: Finding) -> float:
    canvas, y = page.canvas, MARGIN + 14
    canvas.text(MARGIN, y, fitted(finding.kind.split("/")[0].capitalize(), 14, _INNER, True), 14, "accent", True)
    y += 14
    for line in wrapped(finding.title, 34, _INNER, True, most=4) or ["–"]:
        y += 40
        canvas.text(MARGIN, y - 4, line, 34, "ink", True)
    y += 8
    for i, said in enumerate(finding.lines):
        for line in wrapped(said, 17, _INNER, most=4):
            y += 25
            canvas.text(MARGIN, y - 4, line, 17, "faint" if i else "ink")
    return y + 22


def _draw_part(page: Page, part: Part, y: float) -> float:
    if isinstance(part, Pictures):
        return draw_pictures(page, part, MARGIN, y, _INNER)
    if isinstance(part, Beside):
        half = (_INNER - 32) / 2
        left = draw_pictures(page, part.left, MARGIN, y, half)
        return max(left, draw_pictures(page, part.right, MARGIN + half + 32, y, half))
    if isinstance(part, Cards):
        return draw_cards(page, part, MARGIN, _headed(page, part.title, y), _INNER)
    if isinstance(part, Table):
        return draw_table(page.canvas, part, MARGIN, _headed(page, part.title, y), _INNER)
    if isinstance(part, Flow):
        y, high = _headed(page, part.title, y), flow_height(part)
        page.canvas.reach(y + high)
        draw_flow(page.canvas, part, MARGIN, y, _INNER)
        return y + high + 20
    if isinstance(part, Chart):
        y = _headed(page, part.title, y)
        page.canvas.reach(y + HEIGHT)
        draw_chart(page.canvas, part, MARGIN, y, _INNER)
        return y + HEIGHT + 20
    return _draw_facts(page, part, y)


def _headed(page: Page, title: str, y: float) -> float:
    page.canvas.reach(y + 40)
    if not plain(title):
        return y
    page.canvas.text(MARGIN, y + 16, fitted(title, 17, _INNER, True), 17, "ink", True)
    return y + 32


def draw_pictures(page: Page, part: Pictures, x: float, y: float, wide: float) -> float:
    """A block of pictures under its words; nothing of it where none can be shown."""
    across = part.across if wide > _INNER / 2 else max(3, part.across // 2)
    side = (wide - (across - 1) * _GAP) / across
    images = page.opened(part.few(across * part.rows), across * part.rows, side)
    if not images:
        return y
    canvas, total = page.canvas, part.of or len(part.shown)
    more = f" {total - len(images):,} more" if total > len(images) else ""
    room = wide - (70 if more else 0)
    if more or plain(part.title):
        y += 16
    canvas.reach(y + 20)
    canvas.text(x, y, fitted(part.title, 15, room, True), 15, "ink", True)
    if more:
        canvas.text(x + wide, y, more, 13, "faint", anchor="end")
    for line in wrapped(part.note, 14, wide, most=2):
        y += 20
        canvas.reach(y + 20)
        canvas.text(x, y, line, 14, "faint")
    y += 12
    has_captions = any(plain(one.caption) for one, _ in images)
    step = side + _GAP + (18 if has_captions else 0)
    canvas.reach(y + step * -(-len(images) // across) + 30)
    for k, (one, image) in enumerate(images):
        left, top = x + k % across * (side + _GAP), y + k // across * step
        canvas.picture(left, top, image)
        if has_captions:
            canvas.text(left, top + side + 16, fitted(one.caption, 12, side), 12, "faint")
    return y + step * -(-len(images) // across) + 16


def _draw_facts(page: Page, part: Facts, y: float) -> float:
    across = min(4, max(2, len(part.facts)))
    wide = (_INNER - (across - 1) * 24) / across
    canvas = page.canvas
    for k in range(0, len(part.facts), across):
        canvas.reach(y + 110)
        low = y
        for i, fact in enumerate(part.facts[k : k + across]):
            x = MARGIN + i * (wide + 24)
            canvas.text(x, y + 14, fitted(fact.name, 14, wide), 14, "faint")
            canvas.text(x, y + 48, fitted(fact.value, 32, wide, True), 32, "ink", True)
            at = y + 52
            for line in wrapped(fact.note, 13, wide, most=2):
                at += 17
                canvas.text(x, at, line, 13, "faint")
            low = max(low, at)
        y = low + 24
    return y


def _draw_foot(page: Page, about: str, y: float) -> float:
    canvas = page.canvas
    y = max(y, 220) + 8
    canvas.reach(y + 90)
    canvas.rect(MARGIN, y, _INNER, 1, "line")
    canvas.rect(MARGIN, y + 18, 13, 13, "accent", 2.5)
    canvas.rect(MARGIN + 7, y + 20, 4, 9, "page", 1)
    canvas.text(MARGIN + 20, y + 29, "Vitrine", 14, "ink", True)
    lines = wrapped(about, 13, _INNER - 90, most=3)
    for i, line in enumerate(lines):
        canvas.text(MARGIN + 90, y + 29 + 18 * i, line, 13, "faint")
    return y + 29 + 18 * max(0, len(lines) - 1) + MARGIN * 0.7
