"""Flows on a canvas: bars of each reading, bands between them as wide as the pictures that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.canvas import Canvas
from engine.report.finding import Flow, Tone
from engine.report.letters import fitted

_TONES: tuple[Tone, ...] = ("accent", "warm", "third", "fourth")
_WORDS, _BAR, _APART, _TOP = 150.0, 10.0, 8.0, 26.0
_SIZE = 13.0
_STEPS = 18  # of a band's edges


def flow_height(flow: Flow) -> float:
    """How high a flow is drawn, in points."""
    most = max((len(stage.names) for stage in flow.stages), default=1)
    return _TOP + max(240.0, min(720.0, 42.0 * most))


def draw_flow(canvas: Canvas, flow: Flow, left: float, top: float, wide: float) -> None:
    """A flow, `wide` points wide and `flow_height` high."""
    high = flow_height(flow) - _TOP
    bars = [list(_bars(stage.sizes, top + _TOP, high)) for stage in flow.stages]
    words = min(_WORDS, wide * 0.24)
    xs = [left + words + k * (wide - 2 * words - _BAR) / max(1, len(bars) - 1) for k in range(len(bars))]
    for k, counts in enumerate(flow.counts):
        _draw_bands(canvas, counts, (bars[k], bars[k + 1]), (xs[k] + _BAR, xs[k + 1]))
    for k, (stage, x) in enumerate(zip(flow.stages, xs, strict=True)):
        is_last = k == len(xs) - 1
        at, anchor = (x + _BAR, "end") if is_last else (x, "start")
        canvas.text(at, top + 12, fitted(stage.name, _SIZE, wide / len(xs), True), _SIZE, "ink", True, anchor)
        for i, (name, size, (y, deep)) in enumerate(zip(stage.names, stage.sizes, bars[k], strict=True)):
            canvas.rect(x, y, _BAR, deep, _TONES[i % len(_TONES)] if not k else "faint", 2)
            if deep >= 5 or len(stage.names) <= 12:
                said = fitted(f"{name}  {size:,.0f}", _SIZE, words - 8)
                middle = y + deep / 2 + 4.5
                canvas.text(
                    x + _BAR + 8 if is_last else x - 8, middle, said, _SIZE, anchor="start" if is_last else "end"
                )


def _draw_bands(
    canvas: Canvas,
    counts: Sequence[Sequence[float]],
    bars: tuple[list[tuple[float, float]], list[tuple[float, float]]],
    ends: tuple[float, float],
) -> None:
    """From the names of one stage to those of the next; each keeps the colour of where it comes from."""
    ones, others = bars
    columns = [sum(row[j] for row in counts) for j in range(len(others))]
    arrived = [0.0] * len(others)
    for i, row in enumerate(counts):
        total, gone = sum(row), 0.0
        for j, n in enumerate(row):
            if not n:
                continue
            (y0, deep0), (y1, deep1) = ones[i], others[j]
            a0, a1 = y0 + deep0 * gone / total, y0 + deep0 * (gone + n) / total
            b0, b1 = y1 + deep1 * arrived[j] / columns[j], y1 + deep1 * (arrived[j] + n) / columns[j]
            gone, arrived[j] = gone + n, arrived[j] + n
            upper, lower = _curve(ends, a0, b0), _curve(ends, max(a1, a0 + 0.6), max(b1, b0 + 0.6))
            canvas.area([*upper, *lower[::-1]], _TONES[i % len(_TONES)], 0.38)


def _curve(ends: tuple[float, float], y0: float, y1: float) -> list[tuple[float, float]]:
    """From one height to another, level at both ends."""
    found = []
    for k in range(_STEPS + 1):
        t = k / _STEPS
        found.append((ends[0] + (ends[1] - ends[0]) * t, y0 + (y1 - y0) * t * t * (3 - 2 * t)))
    return found


def _bars(sizes: Sequence[float], top: float, high: float) -> Iterator[tuple[float, float]]:
    """Where each bar begins, and how long it is."""
    apart = min(_APART, high * 0.4 / max(1, len(sizes) - 1))
    each = (high - apart * (len(sizes) - 1)) / (sum(sizes) or 1.0)
    for size in sizes:
        yield top, each * size
        top += each * size + apart
