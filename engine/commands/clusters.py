"""`python -m engine clusters FOLDER --criterion mood`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from engine.commands.carrying import asked_line, run_analysis, run_line, say, tell
from engine.gallery import Gallery
from engine.store.runs import Run, Status

HELP = "named clusters for a criterion"


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("--criterion", required=True, help="what to group by, such as mood")
    parser.add_argument("--k", default="auto", help="auto, a number, or a range such as 5-12")
    parser.add_argument("--look-at", default="", help="what in the picture counts")
    parser.add_argument("--ignore", default="", help="what must not count")
    parser.add_argument("--keep", default="", help='cluster names that must be there: dog, "Rome, at night"')
    parser.add_argument("--avoid", default="", help="cluster names that must not")
    parser.add_argument(
        "--describe", type=_share, default=1.0, help="share of the pictures to describe at most, such as 0.2 or 20%%"
    )


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.analyses.clusters import Criterion, Params
    from engine.typed import read_names

    criterion = Criterion(said.criterion.strip(), said.look_at.strip(), said.ignore.strip())
    params = Params(criterion, said.k, read_names(said.keep), read_names(said.avoid), share=said.describe)
    return run_analysis("clusters", lambda gallery, config, part: (params, part), said, _show)


def _show(run: Run, status: Status, result: Any, gallery: Gallery, said: argparse.Namespace) -> None:  # noqa: ANN401
    del gallery
    for note in (*status.notes, *result.notes):
        say(f"note: {note}")
    for row in result.rows:
        if row.how == "unanswered":
            say(f"unanswered: {row.file}: {row.why}")
    if said.json:
        print(json.dumps({"run": run.id, "status": asdict(status), "result": asdict(result)}))
        return
    n = len(result.rows)
    width = max([10, *(len(c.name) for c in result.clusters)])
    tell(f"{len(result.clusters)} clusters of {n} pictures by {result.criterion.name!r}")
    for c in result.clusters:
        shown = ", ".join(list(c.labels)[:6])
        tell(f"  {c.name:<{width}}  {c.size:>6}  {c.size / n:>6.1%}  {shown}")
    for how in ("unassigned", "undecided", "unanswered"):
        if count := sum(r.how == how for r in result.rows):
            tell(f"  {how:<{width}}  {count:>6}  {count / n:>6.1%}")
    if result.missing:
        tell(f"perhaps missing: {', '.join(f'{label} ({k})' for label, k in result.missing.items())}")
    _tell_economy(result.economy)
    if a := result.agreement:
        tell(
            f"agreement with the labels: {a.accuracy:.3f} [{a.low:.3f}, {a.high:.3f}]  NMI {a.nmi:.3f}  ARI {a.ari:.3f}"
        )
    tell(f"to review: {len(result.review)} pictures ({len(result.review) / n:.1%})")
    tell(asked_line(status, said))
    tell(run_line(run, status))


def _tell_economy(e: Any) -> None:  # noqa: ANN401  result.Economy, or nothing
    if e is None:
        return
    n = e.described + e.spread + e.undecided
    tell(f"described {e.described} of {n}, {e.spread} by likeness ({e.by.label}), {e.undecided} undecided")
    right = f"{e.agreement:.3f} [{e.low:.3f}, {e.high:.3f}]"
    tell(f"estimated agreement with describing every picture: {right}, audited on {len(e.audit)}")


def _share(text: str) -> float:
    """0.2 or 20%; Params says whether it makes sense."""
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
