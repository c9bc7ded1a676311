"""Figures of a diversity result: spectrum, rarefaction, parts at equal size, core-set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.analyses.diversity import Coreset, Figures, Part, figures
from engine.analyses.diversity.published import BANDS, REFERENCES

_INK = "#000037"  # nearly black; in Streamlit's chart theme this very value stands for the theme's own text colour
_FAINT = "rgba(128,128,128,0.55)"  # seen on either theme's background
_COLOURS = ("26,150,146", "214,110,32", "120,110,220", "190,80,130", "110,140,40")  # one a set, the set in use first
_TITLES = {"effective_rank": "effective rank", "participation_ratio": "participation ratio", "score": "score"}


def spectrum(spectra: Mapping[str, Sequence[float]], is_sscd: bool = False, log: bool = True) -> go.Figure:
    """Shares of the variance by axis, and their sums; effective ranks as points, published ones as lines.

    Args:
        spectra: eigenvalues of one set or several by their names, the one in use first, all of as many numbers.
        is_sscd: whether the published figures hold.
        log: shares and axes on logarithmic scales.
    """
    figure = make_subplots(1, 2, horizontal_spacing=0.12, subplot_titles=("share of each axis", "sum of the shares"))
    for (name, values), colour in zip(spectra.items(), _cycle(len(spectra)), strict=True):
        shares = figures.shares(np.array(values))
        axes, summed, line = np.arange(1, len(shares) + 1), np.cumsum(shares), {"color": f"rgb({colour})", "width": 2}
        of = f"<extra>{_cut(name)}</extra>"
        figure.add_scatter(
            x=axes,
            y=np.where(shares > 0, shares, np.nan),
            name=_cut(name),
            line=line,
            hovertemplate="axis %{x}: %{y:.4%}" + of,
            showlegend=len(spectra) > 1,
            row=1,
            col=1,
        )
        told = "first %{x} axes: %{y:.1%}" + of
        figure.add_scatter(x=axes, y=summed, line=line, hovertemplate=told, showlegend=False, row=1, col=2)
        if (rank := figures.effective_rank(shares)) > 0:
            words = f"effective rank {rank:.1f}"  # of several, points lie on one another: only the pointer says it
            _mark(figure, rank, float(np.interp(rank, axes, summed)), words, colour, said=len(spectra) == 1)
    d = len(next(iter(spectra.values())))
    figure.add_hline(y=1 / d, line={"color": _FAINT, "dash": "dot"}, row=1, col=1)  # type: ignore[arg-type]
    for rank, words in _references() if is_sscd else ():
        _line(figure, rank, words)
    scale = "log" if log else "linear"
    _axis(figure, "x", "axis", _numbers(d) if log else {"type": scale}, (1, 1))
    _axis(figure, "x", "axes", {}, (1, 2))
    _axis(figure, "y", "", {"type": scale, "tickformat": ".0e" if log else ".2~%"}, (1, 1))
    _axis(figure, "y", "", {"tickformat": "~%", "range": [0, 1.02]}, (1, 2))
    told = _laid_out(figure, 380)
    if len(spectra) > 1:  # its legend lies above the plots' titles
        told.update_layout(margin={"t": 70}, legend={"y": 1.27}, height=420)
    return told


def rarefaction(
    curves: Mapping[str, Sequence[Figures]],
    gaussian: Sequence[Figures],
    figure_name: str = "score",
    is_sscd: bool = False,
) -> go.Figure:
    """A figure against the number of pictures, with 95 % intervals; beside it that of independent normal numbers.

    Args:
        curves: figures of so many pictures, by the sets' names, the one in use first.
        gaussian: the same of independent numbers.
        figure_name: score, effective_rank or participation_ratio.
        is_sscd: whether the published bands hold.
    """
    figure = go.Figure()
    for least, words in BANDS[:-1] if is_sscd and figure_name == "score" else ():
        note = {"text": words, "font": {"color": _INK, "size": 11}, "xanchor": "right"}
        figure.add_hline(y=least, line={"color": _FAINT, "dash": "dot"}, annotation=note)
    figure.add_scatter(
        x=[f.n for f in gaussian],
        y=[getattr(f, figure_name).value for f in gaussian],
        name="independent numbers",
        line={"color": _FAINT, "dash": "dash"},
        hovertemplate="%{x:,} vectors of independent numbers: %{y:.4~g}<extra></extra>",
    )
    for (name, told), colour in zip(curves.items(), _cycle(len(curves)), strict=True):
        _with_interval(figure, told, figure_name, _cut(name), colour)
    _axis(figure, "x", "pictures", _numbers(max(f.n for f in gaussian)))
    _axis(figure, "y", _TITLES[figure_name], {"rangemode": "tozero"})
    return _laid_out(figure, 360)


def parts(told: Sequence[Part], figure_name: str = "score") -> go.Figure:
    """A figure of each part at equal size, as dots with 95 % intervals; the most diverse on top."""
    shown = [part for part in told if part.equal][::-1]
    found = [getattr(part.equal, figure_name) for part in shown]
    bounds = [(f.value if f.low is None else f.low, f.value if f.high is None else f.high) for f in found]
    figure = go.Figure(
        go.Scatter(
            x=[f.value for f in found],
            y=[_cut(part.name) for part in shown],
            mode="markers",
            marker={"color": f"rgb({_COLOURS[0]})", "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - f.value for f, (_, high) in zip(found, bounds, strict=True)],
                "arrayminus": [f.value - low for f, (low, _) in zip(found, bounds, strict=True)],
                "color": f"rgba({_COLOURS[0]},0.6)",
                "thickness": 2,
            },
            customdata=[[part.own.n, getattr(part.own, figure_name).value] for part in shown],
            hovertemplate="%{y}: %{x:.4~g}; all its %{customdata[0]:,} pictures: %{customdata[1]:.4~g}<extra></extra>",
        )
    )
    at = next((part.equal.n for part in shown if part.equal), 0)
    _axis(figure, "x", f"{_TITLES[figure_name]} of {at:,} pictures each")
    _axis(figure, "y", "", {"type": "category"})
    return _laid_out(figure, max(180, 28 * len(shown) + 90))


def coreset(told: Coreset, what: str = "coverage") -> go.Figure:
    """What the first pictures of a core-set are worth, and as many at random.

    Args:
        told: the core-set.
        what: coverage, farthest or effective_rank.
    """
    figure = go.Figure()
    m = [point.m for point in told.random]
    if what == "coverage":
        _band(figure, m, [p.low or 0.0 for p in told.random], [p.high or 0.0 for p in told.random], "128,128,128")
    for name, points, colour in (
        (f"at random, mean of {told.draws}", told.random, _FAINT),
        (told.method, told.curve, f"rgb({_COLOURS[0]})"),
    ):
        figure.add_scatter(
            x=[p.m for p in points],
            y=[getattr(p, what) for p in points],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            hovertemplate="%{x:,} pictures: %{y:.3f}<extra>" + name + "</extra>",
        )
    _axis(figure, "x", "pictures chosen", _numbers(max(m)))
    title = {
        "coverage": "mean cosine with the nearest chosen",
        "farthest": "least cosine with the nearest chosen",
        "effective_rank": "effective rank of the chosen",
    }[what]
    _axis(figure, "y", title)
    return _laid_out(figure, 340)


def _with_interval(figure: go.Figure, told: Sequence[Figures], name: str, label: str, colour: str) -> None:
    values = [getattr(f, name) for f in told]
    n = [f.n for f in told]
    known = [(at, v) for at, v in zip(n, values, strict=True) if v.low is not None]
    _band(figure, [at for at, _ in known], [v.low for _, v in known], [v.high for _, v in known], colour)
    figure.add_scatter(
        x=n,
        y=[v.value for v in values],
        name=label,
        mode="lines+markers",
        line={"color": f"rgb({colour})", "width": 2},
        customdata=[[v.low, v.high] for v in values],
        hovertemplate="%{x:,} pictures: %{y:.4~g} [%{customdata[0]:.4~g}, %{customdata[1]:.4~g}]<extra>"
        + label
        + "</extra>",
    )


def _band(figure: go.Figure, x: list[int], low: list[float], high: list[float], colour: str) -> None:
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=f"rgba({colour},0.2)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def _mark(figure: go.Figure, x: float, y: float, text: str, colour: str, said: bool) -> None:
    """A point on the sum of the shares, with its words."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers+text" if said else "markers",
        text=[text],
        textposition="bottom right",
        textfont={"color": _INK},
        marker={"color": f"rgb({colour})", "size": 9},
        hovertemplate=text + "<extra></extra>",
        showlegend=False,
        row=1,
        col=2,
    )


def _references() -> list[tuple[float, str]]:
    """Published effective ranks with their scores; those that would lie on one another share their words."""
    known = [(r.effective_rank, r.score, r.name) for r in REFERENCES if r.effective_rank]
    found: list[tuple[float, str]] = []
    for rank, score, name in sorted(known):
        words = f"{name} {rank:.0f}, score {score:.3f}"
        if found and rank - found[-1][0] < 10:
            found[-1] = (found[-1][0], f"{found[-1][1]} · {words}")
        else:
            found.append((rank, words))
    return found


def _line(figure: go.Figure, x: float, text: str) -> None:
    figure.add_vline(
        x=x,
        line={"color": _FAINT, "dash": "dot"},
        annotation={"text": text, "font": {"color": _INK, "size": 10}, "textangle": -90, "yanchor": "top"},
        row=1,  # type: ignore[arg-type]
        col=2,  # type: ignore[arg-type]
    )


def _cycle(count: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(count)]


def _axis(
    figure: go.Figure, which: str, title: str, said: Mapping[str, Any] | None = None, at: tuple[int, int] | None = None
) -> None:
    """A title, ink that can be read on either theme, and what else is said; `at` is the row and column of the plot."""
    update = figure.update_xaxes if which == "x" else figure.update_yaxes
    row, col = at or (None, None)
    update(title={"text": title, "font": {"color": _INK}}, tickfont={"color": _INK}, row=row, col=col, **(said or {}))


def _numbers(most: int) -> dict[str, Any]:
    """A logarithmic axis with 1, 2, 5, 10, ... written out: plotly leaves 2 and 5 of each power without their zeros."""
    ticks = [first * 10**power for power in range(len(str(most))) for first in (1, 2, 5)]
    ticks = ticks if most < 10_000 else ticks[::3]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,}" for tick in ticks]}


def _laid_out(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        dragmode=False,
        hoverlabel={"font": {"color": _INK}},
        legend={"font": {"color": _INK}, "orientation": "h", "y": 1.12, "x": 0},
    )
    figure.update_annotations(font_color=_INK)
    return figure


def _cut(name: str) -> str:
    """A name short enough for an axis; angle brackets would be read as markup by plotly."""
    name = name.replace("<", "‹").replace(">", "›")
    return name if len(name) <= 28 else name[:27] + "…"
