"""Beside a structure's tables: where a model fails, prompts for what is missing, and drawings of them."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import settings
from engine.commands.carrying import say, tell, watching
from engine.errors import StoreError
from engine.jobs.asking import askers
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.store.answers import Store

_SAME = 0.95  # Cramér's V of a dimension that is the label itself: its cells cannot be filled


def write_more(
    result: Any,  # noqa: ANN401
    said: argparse.Namespace,
    spec: ModelSpec,
    vision: ModelSpec | None = None,
) -> None:
    """slices.csv where predictions are known, prompts.jsonl where prompts are wanted, drawings of them."""
    from engine.analyses.structure.slices import slices
    from engine.analyses.structure.telling import values_of
    from engine.store.export import csv_text

    to, files, wanted = Path(said.out), dict[str, str](), list[dict[str, Any]]()
    values = {one.name: values_of(result, one.name) for one in result.dimensions}
    if said.wrong is not None:
        rows = [
            {"slice": " and ".join(f"{d}={a}" for d, a in one.cell), "n": one.n, "errors": one.errors,
             "error": one.error, "low": one.low, "high": one.high, "lift": one.lift, "p": one.p, "q": one.q}
            for one in slices([row.file for row in result.rows], values, said.wrong)
        ]  # fmt: skip
        files["slices.csv"] = csv_text(rows) if rows else "slice,n,errors,error,low,high,lift,p,q\n"
    labels = [row.label for row in result.rows]
    if said.prompts and len(set(labels) - {""}) > 1:
        wanted = _prompts(result, labels, values, said, spec)
        files["prompts.jsonl"] = "".join(json.dumps(line) + "\n" for line in wanted)
    elif said.prompts:
        say("note: no prompts: they are for what labels lack, and there are no two labels")
    try:
        to.mkdir(parents=True, exist_ok=True)
        (to / "prompts.jsonl").unlink(missing_ok=True)  # of an earlier run: they would be taken for this one's
        for name, text in files.items():
            (to / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror or problem}.", "Choose another folder.") from None
    if said.draw and vision and wanted:
        _draw(result, wanted, {"vision": vision, "chat": spec}, said)


def _draw(result: Any, wanted: list[dict[str, Any]], specs: dict[str, ModelSpec], said: argparse.Namespace) -> None:  # noqa: ANN401
    """Draw the prompts into synthetic/, look at the drawings, and say what landed where it should."""
    from engine.analyses.structure import Given
    from engine.gallery import open_folder
    from engine.gallery.labels import FOLDERS
    from engine.jobs import drawing
    from engine.store.export import csv_text

    config, to = settings.load(), Path(said.out) / "synthetic"
    if said.device:
        config = replace(config, device=said.device)
    progress = Progress(watching(), prices=config.prices)
    names = drawing.draw(wanted, ModelSpec("diffusion", said.draw), config, to, progress)
    title = said.labels if said.labels not in FOLDERS else "subject"
    others = [one for one in result.dimensions if one.name != title]
    given = [
        Given(title, tuple(sorted({row["cell"]["label"] for row in wanted}))),
        *(Given(one.name, tuple(a.name for a in one.attributes), one.asked) for one in others),
    ]
    with closing(Store(config.home)) as store:
        asks = askers(specs, config, store, progress)
        gallery = open_folder(to, config)
        told = drawing.looked_at(gallery, given, **asks, progress=progress, seed=said.seed)
    found, landed = drawing.yields(wanted, names, told, {"label": title})
    rows = [
        {"file": f"synthetic/{name}", "synthetic": "yes", "landed": "yes" if name in landed else "no"}
        | {"cell": json.dumps(row["cell"], ensure_ascii=False), "prompt": row["prompt"], "seed": row["seed"]}
        for row, name in zip(wanted, names, strict=True) if name
    ]  # fmt: skip
    (Path(said.out) / "drawn.csv").write_text(csv_text(rows), encoding="utf-8", errors="surrogateescape")
    n = sum(one.drawn for one in found)
    chance = sum(one.shuffled * one.drawn for one in found) / n if n else 0.0
    lines = [f"drawn by {said.draw}: {len(landed)} of {n} landed in their cell ({len(landed) / max(n, 1):.2f}; "
             f"shuffled prompts {chance:.2f}); all are marked as synthetic"]  # fmt: skip
    for one in found:
        cell = ", ".join(one.cell.values())
        lines.append(f"  {cell:<40} {one.landed:>3} of {one.drawn:<3} shuffled {one.shuffled:.2f}")
    (say if said.json else tell)("\n".join(lines))


def _prompts(
    result: Any,  # noqa: ANN401
    labels: list[str],
    values: dict[str, Any],
    said: argparse.Namespace,
    spec: ModelSpec,
) -> list[dict[str, Any]]:
    """For what label and each dimension lack together, a line each."""
    from engine.analyses.crossing import correlations, table
    from engine.analyses.structure.deficits import deficits
    from engine.analyses.structure.prompting import prompts

    config, lines = settings.load(), list[dict[str, Any]]()
    with closing(Store(config.home)) as store:
        chat = None if spec.backend == "keywords" else askers({"chat": spec}, config, store, Progress())["chat"]
        same = {c.dimension for c in correlations(labels, values, draws=1) if c.v >= _SAME}
        for one in (one for one in result.dimensions if not one.label and one.name not in same):
            told = deficits(table([[label] if label else [] for label in labels], values[one.name]))
            more = [d for d in result.dimensions if d.name != one.name and d.name not in same]
            others = {d.name: [a.name for a in d.attributes if a.count] for d in more}
            lines += prompts(told.cells, ("label", one.name), others, said.prompts, said.seed + len(lines), chat)
    return lines
