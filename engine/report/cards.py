"""Cards on a sheet: things of a kind side by side, each with its figures and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.report.finding import Bar, Card, Cards, Row
from engine.report.letters import fitted, width, wrapped
from engine.report.tables import draw_bar

if TYPE_CHECKING:
    from engine.report.sheet import Page

_MOST = 24  # cards
_GAP, _PAD, _NEAR = 16.0, 16.0, 6.0
_ROWS = 10  # of a card
_THUMB = 34.0  # of a row's pictures


def draw_cards(page: Page, part: Cards, x: float, y: float, wide: float) -> float:
    """Cards in columns from y on; returns where they end."""
    across = max(1, min(part.across, len(part.cards)))
    each = (wide - _GAP * (across - 1)) / across
    cards = part.cards[:_MOST]
    most = max((len(card.shown) for card in cards), default=0)  # pictures of a card: few are shown larger
    lows = [y] * across  # where each column ends
    for k, card in enumerate(cards):
        if any(other.rows for other in cards):  # of unlike length: each goes where there is most room
            i, high = lows.index(min(lows)), _height(page, card, each, most)
        else:
            i, row = k % across, cards[k - k % across : k - k % across + across]
            high = max(_height(page, other, each, most) for other in row)
        page.canvas.reach(lows[i] + high + 60)
        _draw_card(page, card, x + i * (each + _GAP), lows[i], (each, high), most)
        lows[i] += high + _GAP
    y = max(lows)
    if len(part.cards) > _MOST:
        page.canvas.text(x, y + 12, f"{len(part.cards) - _MOST:,} more", 13, "faint")
        y += 20
    return y + 8


def _draw_card(page: Page, card: Card, x: float, y: float, size: tuple[float, float], most: int) -> None:
    wide, high = size
    canvas, inner = page.canvas, wide - 2 * _PAD
    edge = "warm" if card.is_warm else "line"
    canvas.rect(x, y, wide, high, edge, 10)
    canvas.rect(x + 1, y + 1, wide - 2, high - 2, "warm_ground" if card.is_warm else "card", 9)
    left, at = x + _PAD, y + _PAD + 14
    words = fitted(card.words, 13, inner * 0.6)
    taken = width(words, 13) + 10 if words else 0
    canvas.text(left, at, fitted(card.title, 17, inner - taken, True), 17, "ink", True)
    canvas.text(left + inner, at, words, 13, "faint", anchor="end")
    at += 8
    if card.share is not None:
        at += 6
        draw_bar(canvas, Bar(card.share, "", "warm" if card.is_warm else "accent"), left, at, inner, 5)
        at += 4
    for row in card.rows[:_ROWS]:
        at = _draw_row(page, row, left, at, inner)
    if len(card.rows) > _ROWS:
        at += 18
        canvas.text(left, at, f"and {len(card.rows) - _ROWS} more", 13, "faint")
    at = _draw_few(page, card, left, at, inner, most)
    for line in wrapped(card.note, 13, inner, most=2):
        at += 18
        canvas.text(left, at, line, 13, "faint")


def _draw_row(page: Page, row: Row, x: float, y: float, wide: float) -> float:
    canvas = page.canvas
    images = page.opened(row.shown, 3, _THUMB)
    room = wide - (len(images) * (_THUMB + 4) + 8 if images else 0)
    high = _row_height(page, row)
    base = y + high / 2
    words = fitted(row.bar.words, 13, room * 0.5)
    canvas.text(x, base, fitted(row.name, 14, room - width(words, 13) - 8), 14)
    canvas.text(x + room, base, words, 13, "faint", anchor="end")
    draw_bar(canvas, row.bar, x, base + 9, room, 5)
    for k, (_, image) in enumerate(images):
        canvas.picture(x + wide - (len(images) - k) * (_THUMB + 4) + 4, y + (high - _THUMB) / 2 + 1, image, 4)
    return y + high


def _row_height(page: Page, row: Row) -> float:
    return 42 if row.shown and page.has_pictures else 34


def _draw_few(page: Page, card: Card, x: float, y: float, wide: float, most: int) -> float:
    across, side = _across(wide, most)
    images = page.opened(card.shown, 2 * across, side)
    if not images:
        return y
    y += 8
    for k, (_, image) in enumerate(images):
        page.canvas.picture(x + k % across * (side + _NEAR), y + k // across * (side + _NEAR), image, 5)
    return y + -(-len(images) // across) * (side + _NEAR) - 2


def _across(wide: float, most: int) -> tuple[int, float]:
    """How many pictures stand beside one another, and how large they are."""
    across = min(max(4, round(wide / 70)), max(2, most))
    return across, (wide - _NEAR * (across - 1)) / across


def _height(page: Page, card: Card, wide: float, most: int) -> float:
    inner = wide - 2 * _PAD
    across, side = _across(inner, most)
    lines = -(-min(len(card.shown), 2 * across) // across) if page.has_pictures else 0
    return (
        2 * _PAD
        + 20
        + (10 if card.share is not None else 0)
        + sum(_row_height(page, row) for row in card.rows[:_ROWS])
        + (18 if len(card.rows) > _ROWS else 0)
        + (6 + lines * (side + _NEAR) if lines else 0)
        + 18 * len(wrapped(card.note, 13, inner, most=2))
    )
