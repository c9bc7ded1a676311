"""Charts on a canvas: axes, curves with their bands, marks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from engine.report.canvas import Canvas
from engine.report.finding import Chart, Curve
from engine.report.letters import fitted, width

HEIGHT = 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 26.0, 40.0
_SIZE, _WIDER = 12.0, 1.25  # of letters; and as much wider as a browser may draw them


def draw_chart(canvas: Canvas, chart: Chart, left: float, top: float, wide: float) -> None:
    """A chart, `wide` points wide and HEIGHT high."""
    y0, y1 = top + HEIGHT - _BOTTOM, top + _TOP
    values = [y for c in chart.curves for some in (c.y, c.low, c.high) for y in some]
    up = _scale(values, chart.log_y, y0, y1, True)
    upwards = _ticks(up, chart.log_y, chart.is_share)
    x0 = left + max(_LEFT, *(_WIDER * width(words, _SIZE) + 12 for _, words in upwards))
    x1 = left + wide - _RIGHT
    across = _scale([x for c in chart.curves for x in c.x], chart.log_x, x0, x1, False)
    for at, words in upwards:
        y = up.place(at)
        canvas.rect(x0, y - 0.25, x1 - x0, 0.5, "line")
        canvas.text(x0 - 8, y + 4, words, _SIZE, "faint", anchor="end")
    for at, words in _ticks(across, chart.log_x, False):
        canvas.text(across.place(at), y0 + 17, words, _SIZE, "faint", anchor="middle")
    canvas.rect(x0, y0 - 0.5, x1 - x0, 1, "faint")
    canvas.text((x0 + x1) / 2, y0 + 35, fitted(chart.x, _SIZE, x1 - x0), _SIZE, "faint", anchor="middle")
    canvas.text(left, top + 10, fitted(chart.y, _SIZE, wide / 2), _SIZE, "faint")
    for curve in chart.curves:
        _draw_curve(canvas, curve, across, up)
    for x, y, words in chart.marks:
        _draw_mark(canvas, across.place(x), up.place(y), words, x1)
    if len(chart.curves) > 1:
        _draw_legend(canvas, chart.curves, x1, top + 10, wide / 2)


def _draw_curve(canvas: Canvas, curve: Curve, across: _Scale, up: _Scale) -> None:
    points = [(across.place(x), up.place(y)) for x, y in zip(curve.x, curve.y, strict=True) if up.takes(y)]
    if curve.low and curve.high:
        low = [(across.place(x), up.place(y)) for x, y in zip(curve.x, curve.low, strict=True)]
        high = [(across.place(x), up.place(y)) for x, y in zip(curve.x, curve.high, strict=True)]
        canvas.area([*low, *high[::-1]], curve.tone, 0.18)
    if len(points) > 1:
        canvas.line(points, curve.tone, 1.5 if curve.is_dashed else 2.25, curve.is_dashed)
    if len(points) <= 12 and not curve.is_dashed:
        for x, y in points:
            canvas.rect(x - 3, y - 3, 6, 6, curve.tone, 3)


def _draw_mark(canvas: Canvas, x: float, y: float, words: str, most: float) -> None:
    canvas.rect(x - 4.5, y - 4.5, 9, 9, "ink", 4.5)
    beyond = x + 10 + width(words, _SIZE, True) > most
    canvas.text(x - 10 if beyond else x + 10, y + 18, words, _SIZE, "ink", True, "end" if beyond else "start")


def _draw_legend(canvas: Canvas, curves: Sequence[Curve], right: float, y: float, room: float) -> None:
    """From right to left, the last curve first."""
    each = room / len(curves) - 34
    for curve in curves[::-1]:
        words = fitted(curve.name, _SIZE, max(30.0, each))
        canvas.text(right, y, words, _SIZE, "ink", anchor="end")
        right -= width(words, _SIZE) + 6
        canvas.line([(right - 16, y - 4), (right, y - 4)], curve.tone, 2.25, curve.is_dashed)
        right -= 30


class _Scale:
    """From values to places."""

    def __init__(self, low: float, high: float, is_log: bool, start: float, end: float) -> None:
        self.low, self.high, self.is_log = low, high, is_log
        self._turn: Callable[[float], float] = math.log10 if is_log else float
        self._start, self._end = start, end

    def takes(self, value: float) -> bool:
        """Whether it has a place."""
        return math.isfinite(value) and (value > 0 or not self.is_log)

    def place(self, value: float) -> float:
        """Where a value is."""
        low, high = self._turn(self.low), self._turn(self.high)
        value = min(self.high, max(self.low, value))
        return self._start + (self._turn(value) - low) / (high - low) * (self._end - self._start)


def _scale(values: Sequence[float], is_log: bool, start: float, end: float, is_up: bool) -> _Scale:
    known = [v for v in values if math.isfinite(v) and (v > 0 or not is_log)] or [1.0]
    low, high = min(known), max(known)
    if is_log:
        low = max(low, high * 1e-6)  # what is smaller is rounding
        return _Scale(low, high if high > low else low * 10, True, start, end)
    if is_up:
        room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        low, high = min(0.0, low) if low < 0.5 * high or low < 0 else low - room, high + room
    return _Scale(low, high if high > low else low + 1, False, start, end)


def _ticks(scale: _Scale, is_log: bool, is_share: bool) -> list[tuple[float, str]]:
    """Round values within a scale, with their words."""
    if is_log:
        first, last = math.ceil(math.log10(scale.low) - 1e-9), math.floor(math.log10(scale.high) + 1e-9)
        step = max(1, (last - first) // 4)
        found = [10.0**k for k in range(first, last + 1, step)]
        if len(found) < 2:
            found = [scale.low, scale.high]
    else:
        step = _nice((scale.high - scale.low) / 4)
        found = [k * step for k in range(math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9) + 1)]
    return [(value, _told(value, is_share)) for value in found]


def _nice(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(k * size for k in (1, 2, 2.5, 5, 10) if k * size >= step * 0.999)


def _told(value: float, is_share: bool) -> str:
    if is_share:
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value + 0.0:.3g}"
