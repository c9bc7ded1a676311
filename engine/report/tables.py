"""Tables on a sheet: words, bars with their doubt, shades and badges in columns that fit."""

from __future__ import annotations

from collections.abc import Sequence

from engine.report.canvas import Canvas, Pixels
from engine.report.finding import Badge, Bar, Cell, Shade, Table
from engine.report.letters import fitted, width, wrapped

_MOST_ROWS, _MOST_COLUMNS = 24, 16
_GAP, _BETWEEN = 16.0, 3.0  # of columns, of shades
_WIDEST = 330.0  # of a column of words
_BAR = 96.0  # the least that a bar needs


def draw_table(canvas: Pixels, table: Table, x: float, y: float, wide: float) -> float:
    """A table from y on; returns where it ends."""
    columns, rows = table.columns[:_MOST_COLUMNS], [row[:_MOST_COLUMNS] for row in table.rows[:_MOST_ROWS]]
    widths = _widths(columns, rows, wide)
    lefts = [x + sum(widths[:k]) + _GAP * k for k in range(len(widths))]
    if any(columns):
        y = _draw_columns(canvas, columns, rows, lefts, widths, y)
    cells = zip(*rows, strict=True) if rows else ()
    said = [max((width(cell.words, 14) for cell in some if isinstance(cell, Bar)), default=0) for some in cells]
    for row in rows:
        high = max(
            (_height(cell, room, k == 0) for k, (cell, room) in enumerate(zip(row, widths, strict=True))), default=0
        )
        canvas.reach(y + high + 40)
        shaded = any(isinstance(cell, Shade) for cell in row)
        if not shaded:
            canvas.rect(x, y, wide, 0.75, "line")
        for k, (cell, left, room) in enumerate(zip(row, lefts, widths, strict=True)):
            _draw_cell(canvas, cell, left, y, room, high, k == 0, said[k])
        y += high + (_BETWEEN if shaded else 0)
    left_out = [
        *([f"{len(table.rows) - _MOST_ROWS:,} more rows"] if len(table.rows) > _MOST_ROWS else []),
        *([f"{len(table.columns) - _MOST_COLUMNS:,} more columns"] if len(table.columns) > _MOST_COLUMNS else []),
    ]
    for line in wrapped(" · ".join([*left_out, *([table.note] if table.note else [])]), 13, wide, most=3):
        canvas.reach(y + 40)
        y += 19
        canvas.text(x, y, line, 13, "faint")
    return y + 22


def _draw_columns(
    canvas: Pixels,
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    lefts: Sequence[float],
    widths: Sequence[float],
    y: float,
) -> float:
    told = [wrapped(name, 13, room, most=2) for name, room in zip(columns, widths, strict=True)]
    deep = max(len(lines) for lines in told)
    canvas.reach(y + 17 * deep + 20)
    for k, (lines, left, room) in enumerate(zip(told, lefts, widths, strict=True)):
        middle = bool(rows) and isinstance(rows[0][k], Shade)
        for i, line in enumerate(lines):
            at = left + (room - _GAP + _BETWEEN) / 2 if middle else left
            canvas.text(
                at, y + 13 + 17 * (i + deep - len(lines)), line, 13, "faint", anchor="middle" if middle else "start"
            )
    return y + 17 * deep + 6


def _draw_cell(
    canvas: Canvas, cell: Cell, x: float, y: float, room: float, high: float, is_name: bool, said: float
) -> None:
    """A cell; `said` is how wide the words of its column's bars are."""
    base = y + high / 2 + 5
    if isinstance(cell, Bar):
        wide = max(24.0, room - 8 - said)
        draw_bar(canvas, cell, x, y + high / 2, wide, 8)
        canvas.text(x + wide + 8, base, cell.words, 14)
    elif isinstance(cell, Shade):
        strong = min(1.0, abs(cell.strength))
        left, wide = x - _GAP + _BETWEEN, room + _GAP - _BETWEEN
        canvas.rect(left, y, wide, high, "track", 5, 0.55)
        if strong > 0.02:
            canvas.rect(left, y, wide, high, "accent" if cell.strength > 0 else "warm", 5, 0.6 * strong)
        canvas.text(left + wide / 2, base, fitted(cell.words, 14, wide - 4), 14, anchor="middle")
    elif isinstance(cell, Badge):
        words = fitted(cell.words, 13, room - 16)
        ground = f"{cell.tone}_ground" if cell.tone in ("accent", "warm", "faint") else "faint_ground"
        canvas.rect(x, y + high / 2 - 11, width(words, 13) + 18, 22, ground, 11)
        canvas.text(x + 9, y + high / 2 + 4.5, words, 13, cell.tone)
    else:
        lines = wrapped(cell, 15, room, is_name, most=2)
        for i, line in enumerate(lines):
            canvas.text(x, base - 10 * (len(lines) - 1) + 20 * i, line, 15, "ink", is_name)


def draw_bar(canvas: Canvas, bar: Bar, x: float, middle: float, wide: float, thick: float) -> None:
    """A bar on its track, with a fine line from the lower to the upper bound of its doubt."""
    share = min(1.0, max(0.0, bar.share))
    canvas.rect(x, middle - thick / 2, wide, thick, "track", thick / 2)
    canvas.rect(x, middle - thick / 2, max(wide * share, thick * 0.75 if share else 0), thick, bar.tone, thick / 2)
    if bar.low is not None and bar.high is not None:
        low, high = (x + wide * min(1.0, max(0.0, v)) for v in (bar.low, bar.high))
        canvas.rect(low, middle - 0.75, max(1.5, high - low), 1.5, "ink", 0.75)
        for at in (low, high):
            canvas.rect(at - 0.75, middle - 4.5, 1.5, 9, "ink", 0.75)


def _height(cell: Cell, room: float, is_name: bool) -> float:
    if isinstance(cell, str) and len(wrapped(cell, 15, room, is_name, most=2)) > 1:
        return 54
    return 36


def _widths(columns: Sequence[str], rows: Sequence[Sequence[Cell]], wide: float) -> list[float]:
    """Columns of words get what they need, bars and shades share the rest; where it is too much, words are cut."""
    wide -= _GAP * (len(columns) - 1)
    wanted, can_grow = [], []
    for k, name in enumerate(columns):
        cells = [row[k] for row in rows]
        wanted.append(min(_WIDEST, max([_wanted(cell, k == 0) for cell in cells] + [min(120.0, width(name, 13) + 1)])))
        can_grow.append(any(isinstance(cell, Bar | Shade) for cell in cells))
    over = sum(wanted) - wide
    if over > 0:
        loose = [max(0.0, w - 44) for w in wanted]
        part = min(1.0, over / sum(loose)) if sum(loose) else 0.0
        wanted = [w - some * part for w, some in zip(wanted, loose, strict=True)]
        return [w * wide / sum(wanted) for w in wanted] if sum(wanted) > wide + 0.5 else wanted
    if shaded := [k for k in range(len(columns)) if rows and isinstance(rows[0][k], Shade)]:
        even = (sum(wanted[k] for k in shaded) - over) / len(shaded)
        return [even if k in shaded else w for k, w in enumerate(wanted)]
    growing = sum(can_grow) or 1
    if not any(can_grow):
        can_grow = [k == 0 for k in range(len(columns))]
    return [w - over / growing * grows for w, grows in zip(wanted, can_grow, strict=True)]


def _wanted(cell: Cell, is_name: bool) -> float:
    if isinstance(cell, Bar):
        return _BAR + width(cell.words, 14)
    if isinstance(cell, Shade):
        return 34.0
    if isinstance(cell, Badge):
        return width(cell.words, 13) + 20
    return width(cell[:400], 15, is_name) + 1
