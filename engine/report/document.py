"""One HTML file of a run or of several: opens from disk, asks nothing of any network, runs no script.

Every text of models, files and people is escaped by the template; what is no text is drawn here (charts as SVG,
pictures as data).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from engine.analyses import analysis
from engine.prompts import digest, instructions
from engine.report import findings
from engine.report.canvas import INKS, Svg
from engine.report.cost import cost_line
from engine.report.embedded import BUDGET, Embedded
from engine.report.figures import HEIGHT, draw_chart
from engine.report.finding import Badge, Bar, Beside, Cards, Chart, Facts, Finding, Flow, Pictures, Shade, Shown, plain
from engine.report.flows import draw_flow, flow_height
from engine.report.methods import METHODS
from engine.report.opening import Opener
from engine.report.source import Source

_CHART = 560.0  # points across: its letters stay readable on a phone
_LISTED = 60  # files that could not be read


@dataclass(frozen=True)
class Section:
    """A run in a report: where it comes from, what it found."""

    source: Source
    found: Sequence[Finding]


def report(
    sources: Sequence[Source],
    opener: Opener = lambda picture, side: picture.open(side),
    pictures: bool = True,
    names: bool = True,
    budget: int = BUDGET,
) -> str:
    """A whole HTML document.

    Args:
        sources: finished runs, in the order told.
        opener: opens pictures.
        pictures: whether pictures are in it.
        names: whether names of files, gallery and sets are.
        budget: bytes that all pictures may take.
    """
    sections = [Section(s, list(findings(s.request.analysis).sections(s))) for s in sources]
    every = [finding for section in sections for finding in section.found] if pictures else []
    embedded = Embedded(every, opener, budget)
    return _template().render(
        title=title(sources, names),
        sections=sections,
        embedded=embedded,
        names=names,
        pictures=pictures,
        inks=INKS,
        methods=METHODS,
        cost=cost_line,
        asked=_asked,
        prompts=_prompts,
        changes=_changes,
        unread=_unread,
        chart=_chart,
        flow=_flow,
        kind=_kind,
        alt=lambda shown: _alt(shown, names),
    )


def title(sources: Sequence[Source], names: bool = True) -> str:
    """What a report is called."""
    first = sources[0]
    of = f" of {first.gallery.title}" if names and len({s.gallery.fingerprint for s in sources}) == 1 else ""
    if len(sources) > 1:
        return plain(f"{len(sources)} runs{of}")
    criterion = first.request.params.get("criterion", {}).get("name", "")
    return plain(first.request.analysis.capitalize() + (f" by {criterion}" if criterion else "") + of)


def _kind(value: object) -> str:
    """Which of the kinds of part or cell it is, for the template."""
    kinds = (Pictures, Beside, Cards, Chart, Flow, Facts, Bar, Shade, Badge, str)
    return next((kind.__name__.lower() for kind in kinds if isinstance(value, kind)), "table")


def _chart(chart: Chart) -> Markup:
    told = "; ".join(
        f"{c.name}: {c.y[0]:.4g} at {c.x[0]:g} to {c.y[-1]:.4g} at {c.x[-1]:g}" for c in chart.curves if c.x
    )
    svg = Svg(_CHART, HEIGHT, f"{chart.title}: {chart.y} against {chart.x}. {told}")
    draw_chart(svg, chart, 0, 0, _CHART)
    return Markup(svg.markup)  # made of numbers and escaped words


def _flow(flow: Flow) -> Markup:
    svg = Svg(_CHART, flow_height(flow), f"{flow.title}: {' and '.join(stage.name for stage in flow.stages)}")
    draw_flow(svg, flow, 0, 0, _CHART)
    return Markup(svg.markup)  # made of numbers and escaped words


def _alt(shown: Shown, names: bool) -> str:
    name = getattr(shown.picture, "name", "") if names else ""
    words = [name, shown.said, shown.caption] if name or shown.said else [shown.caption or "picture"]
    return ": ".join(dict.fromkeys(filter(None, words)))


def _asked(source: Source) -> list[tuple[str, str]]:
    """What was asked, word by word, as far as it is short."""
    said: dict[str, Any] = {}
    for name, value in source.request.params.items():
        said |= {f"{name}, {k}": v for k, v in value.items()} if isinstance(value, Mapping) else {name: value}
    found = [(name.replace("_", " "), value) for name, value in said.items() if value not in (None, "", [], (), {})]
    told = [(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in found]
    return [*((name, text) for name, text in told if len(text) <= 300), ("seed", str(source.request.seed))]


def _prompts(source: Source) -> list[tuple[str, str]]:
    """The exact instructions, by task; none where this program has others now."""
    kept = getattr(source.result, "prompts", None)
    if kept:
        return list(kept.items())
    tasks = analysis(source.request.analysis).TASKS
    return [(task, instructions(task)) for task in tasks] if digest(tasks) == source.request.prompts else []


def _changes(source: Source) -> list[str]:
    """A person's changes, one a line, without lists of files."""
    told = []
    for edit in source.edits:
        words = [
            f"{name} {value}" if isinstance(value, str) else f"{name} {'yes' if value else 'no'}"
            if isinstance(value, bool) else f"{len(value):,} {name}"
            for name, value in edit.items()
            if name not in ("n", "at", "kind") and isinstance(value, str | bool | list | dict)
        ]  # fmt: skip
        told.append(": ".join(filter(None, (str(edit.get("kind", "")), ", ".join(words)))))
    return told


def _unread(source: Source) -> list[tuple[str, str]]:
    """Files that could not be read or stayed without an answer, and why."""
    found = [(one.name, one.reason) for one in getattr(source.result, "unread", ())]
    found += [(row.file, row.why) for row in getattr(source.result, "rows", ()) if getattr(row, "why", "")]
    return found[:_LISTED]


def _cleaned(value: Any) -> Any:  # noqa: ANN401
    """Any text of the template without what could steer its reader; markup of our own stays."""
    return plain(value) if type(value) is str else value


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, finalize=_cleaned, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(Path(__file__).with_name("report.html").read_text("utf-8"))
