"""A result in words, for the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.analyses.crossing import balance, correlations, table
from engine.analyses.structure.deficits import deficits
from engine.analyses.structure.result import Result
from engine.analyses.structure.slices import slices
from engine.analyses.structure.telling import checks, values_of
from engine.analyses.structure.verdicts import verdicts

_SHOWN = 10  # attributes of a dimension, slices, cells


def lines(result: Result, wrong: Mapping[str, bool] | None = None) -> Iterator[str]:
    """What to print, line by line; notes and unread files are not among them.

    Args:
        result: of a run.
        wrong: by file, whether a model's prediction is; slices are told then.
    """
    n = len(result.rows)
    d = len(result.dimensions)
    yield f"{d} dimension{'s' * (d != 1)} of {n:,} pictures"
    for one in result.dimensions:
        votes = f"{one.votes} of {one.rounds} samples, stability {one.stability:.2f}" if one.rounds else "given"
        sure = "" if one.is_sure else ", unsure"
        even = balance([a.count for a in one.attributes])
        yield f"  {one.name}  ({votes}{sure}) · evenness {even.evenness:.2f} [{even.low:.2f}, {even.high:.2f}]"
        for a in one.attributes[:_SHOWN]:
            yield f"    {a.name:<24} {a.count:>6}  {a.share:>6.1%} [{a.low:.1%}, {a.high:.1%}]"
        if len(one.attributes) > _SHOWN:
            yield f"    and {len(one.attributes) - _SHOWN} more"
        yield f"    other {one.other:,} · not said {one.not_said:,}"
    yield from (f"check: {words}" for words in checks(result)[:_SHOWN])
    yield from (f"{one.shift}: {one.sentence}" for one in verdicts(result))
    yield from _by_label(result)
    if wrong:
        values = {one.name: values_of(result, one.name) for one in result.dimensions}
        found = slices([row.file for row in result.rows], values, wrong)
        sure = [one for one in found if one.q <= 0.05]
        yield f"slices: {len(sure)} confirmed of {len(found)} tested"
        yield from (f"  {one.sentence} q {one.q:.2g}" for one in sure[:_SHOWN])


def _by_label(result: Result) -> Iterator[str]:
    labels = [row.label for row in result.rows]
    if len(set(labels) - {""}) < 2:
        return
    values = {one.name: values_of(result, one.name) for one in result.dimensions if not one.label}
    yield "label against"
    for c in correlations(labels, values):
        yield f"  {c.dimension:<24} V {c.v:.3f}  {c.bits:.3f} bits  q {c.q:.2g}"
        counts = table([[label] if label else [] for label in labels], values[c.dimension])
        lacking = [cell for cell in deficits(counts, "independent").cells if cell.residual < -2][:3]
        for cell in lacking:
            yield f"    rare: {cell.row}, {cell.column}: {cell.count:,} (residual {cell.residual:.1f})"
