"""Findings of a fine-tuning: how much the labels help the model, look by look, on pictures it was never trained on."""

from __future__ import annotations

from collections.abc import Iterator

from engine.finetuning import Result
from engine.report.finding import Bar, Chart, Curve, Fact, Facts, Finding, Table
from engine.report.source import Source

_LABELS = 24


def learned(source: Source) -> Finding:
    """The held-out gap before, after and on the way; what was learned from."""
    result: Result = source.result
    pictures = sum(result.labels.values())
    rose = f"from {result.before:+.6f} to {result.gap:+.6f}"
    lines = [
        f"The held-out gap went {rose} in {result.kept:,} of {result.steps:,} steps"
        if result.kept else f"No step widened the held-out gap of {result.before:+.6f}: the model stayed as it was",
        "Mean of loss without the label less loss with it, over pictures that were never trained on: above 0 the label "
        "helps to tell their noise.",
    ]  # fmt: skip
    facts = Facts(
        [
            Fact("gap before", f"{result.before:+.5f}"),
            Fact("gap after", f"{result.gap:+.5f}", f"step {result.kept:,} of {result.steps:,}"),
            Fact("pictures", f"{pictures:,}", f"{result.held_out:,} of them held out"),
            Fact("labels", f"{len(result.labels):,}"),
        ]
    )
    at, gaps = [float(step) for step, _ in result.history], [gap for _, gap in result.history]
    marks = [(float(step), gap, "kept") for step, gap in result.history if step == result.kept]
    chart = Chart("", "step", "held-out gap", [Curve("held-out gap", at, gaps)], marks=marks)
    most = max(result.labels.values(), default=1)
    rows = [(name, Bar(n / most, f"{n:,}")) for name, n in sorted(result.labels.items())]
    note = f"and {len(rows) - _LABELS:,} more labels" if len(rows) > _LABELS else ""
    labels = f"{len(result.labels):,} label{'s' * (len(result.labels) != 1)}"
    title = f"{labels} taught to a model" if result.kept else f"Teaching {labels} to a model changed nothing"
    parts = [facts, *([chart] if at else []), Table(("label", "pictures"), rows[:_LABELS], note=note)]
    return Finding("finetuning/learned", title, lines, parts)


KINDS = {"learned": learned}


def sections(source: Source) -> Iterator[Finding]:
    """What a report holds."""
    yield learned(source)
