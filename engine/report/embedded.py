"""Small pictures inside an HTML file, as data: as large as all of them fit."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from engine.report.finding import Beside, Cards, Finding, Pictures, Shown
from engine.report.opening import Opener, square

BUDGET = 8_500_000  # bytes of all pictures of a report
_SIDES = (192, 144, 112, 88, 64, 48)  # pixels
_SAMPLE = 40  # pictures from which the size of all is guessed
_MOST = 3_000  # pictures of a report
_OF_A_CARD = 8


class Embedded:
    """Data addresses of what is shown, each made once.

    Args:
        findings: all of the report.
        opener: opens pictures.
        budget: bytes that all pictures may take, as base64.
    """

    def __init__(self, findings: Sequence[Finding], opener: Opener, budget: int = BUDGET) -> None:
        self._opener = opener
        sizes = [len(group) for finding in findings for group in _groups(finding, _MOST)]
        self.most = _evenly(sizes, _MOST)
        shown = [one for finding in findings for group in _groups(finding, self.most) for one in group]
        step = max(1, len(shown) // _SAMPLE)
        sample = shown[::step][:_SAMPLE]
        for self.side in _SIDES:
            sizes = [len(found) for one in sample if (found := self._made(one, self.side))]
            if not sizes or sum(sizes) / len(sizes) * len(shown) <= budget * 0.92:
                break
        self._known: dict[int, str] = {}
        self._kept = shown  # so that no other gets the id of one of them
        left = budget
        for one in shown:
            found = self._made(one, self.side)
            left -= len(found)
            if left > 0:
                self._known[id(one)] = found

    def address(self, shown: Shown) -> str:
        """Its data address; empty where it cannot be read or found no room."""
        return self._known.get(id(shown), "")

    def _made(self, shown: Shown, side: int) -> str:
        image = square(shown, side, self._opener)
        if image is None:
            return ""
        out = io.BytesIO()
        image.save(out, "WEBP", quality=72, method=3)
        return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"


def _groups(finding: Finding, most: int) -> list[Sequence[Shown]]:
    """What is shown together, part by part, `most` of each."""
    found: list[Sequence[Shown]] = []
    for part in finding.parts:
        if isinstance(part, Pictures):
            found.append(part.few(most))
        elif isinstance(part, Beside):
            found += [part.left.few(most), part.right.few(most)]
        elif isinstance(part, Cards):
            for card in part.cards:
                found += [card.shown[: min(most, _OF_A_CARD)], *(row.shown[:most] for row in card.rows)]
    return found


def _evenly(sizes: Sequence[int], most: int) -> int:
    """How many of each group are taken, at most, so that all together are not more than `most`."""
    each = max(sizes, default=0)
    while each > 1 and sum(min(size, each) for size in sizes) > most:
        each = each * 9 // 10
    return each
