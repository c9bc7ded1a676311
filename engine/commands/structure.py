"""`python -m engine structure FOLDER|DESCRIPTIONS.csv`."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine import settings
from engine.commands.carrying import asked_line, run_analysis, run_line, say, tell, watching
from engine.errors import SettingsError, Stopped, StoreError
from engine.gallery import Gallery
from engine.jobs.asking import askers, leaves_for
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.store.answers import Store
from engine.store.runs import Run, Status

HELP = "dimensions, attributes, subpopulations; what goes together, what is missing"


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("--dimensions", type=int, default=6, metavar="N", help="at most so many of those proposed")
    parser.add_argument("--goal", default="", help="what you care about")
    parser.add_argument(
        "--dimension", action="append", default=[], metavar="NAME[: A, B, C=D+E]",
        help="one wanted in any case, with its attributes if you know them (C joins D and E); may be repeated",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=10, help="samples that dimensions are proposed from")
    parser.add_argument("--mask", action="store_true", help="hide words that give the label away")
    parser.add_argument(
        "--prompts",
        type=int,
        default=0,
        metavar="N",
        help="with --out: up to N prompts for each cell in want",
    )
    parser.add_argument("--predictions", default="", metavar="CSV", help="file,y_true,y_pred: where does a model fail")


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.analyses.structure import Params
    from engine.analyses.structure.slices import read_predictions
    from engine.analyses.structure.typed import read_dimensions

    if said.prompts < 0 or (said.prompts and not said.out):
        why = f"--prompts is {said.prompts}" if said.prompts < 0 else "--prompts needs --out"
        raise SettingsError(f"{why}.", "Say how many, and the folder for prompts.jsonl.")
    if nameless := [text for text in said.dimension if not read_dimensions(text)]:
        raise SettingsError(f"--dimension {nameless[0]!r} has no name.", "Write NAME: A, B.")
    given = read_dimensions("\n".join(said.dimension))
    params = Params(said.goal.strip(), said.dimensions, given, said.rounds, said.mask)
    said.wrong = read_predictions(Path(said.predictions)) if said.predictions else None
    if Path(said.folder).suffix.lower() == ".csv" and not Path(said.folder).is_dir():
        try:
            return _of_descriptions(params, said)
        except Stopped as why:
            say(f"vitrine: {why}")
            return 130
    return run_analysis("structure", lambda gallery, config, part: (params, part), said, _show)


def _of_descriptions(params: Any, said: argparse.Namespace) -> int:  # noqa: ANN401
    """Descriptions from a table: nothing is described, and no run is kept; answers are."""
    from engine.analyses.structure import of_descriptions
    from engine.analyses.structure.descriptions import read_descriptions
    from engine.store.export import write

    if said.set or said.sample is not None:
        raise SettingsError("--set and --sample are of pictures.", "Give the folder, or a table of fewer rows.")
    if said.labels != "folder":
        raise SettingsError("--labels is of pictures.", "Give the table a column label.")
    config = settings.load()
    if said.budget is not None and not config.prices.known:
        raise SettingsError("A budget was set, but no prices, so it could not be kept.", "Set prices or no budget.")
    if said.device:
        config = replace(config, device=said.device)
    rows = read_descriptions(Path(said.folder))
    spec = _chat(said, config)
    if said.dry_run:
        print(json.dumps({"descriptions": len(rows)}) if said.json else f"{len(rows):,} descriptions")
        return 0
    if host := leaves_for({"chat": spec}):
        say(f"{len(rows):,} descriptions will be sent to {host}")
    progress = Progress(watching(), prices=config.prices, budget=said.budget)
    with closing(Store(config.home)) as store:
        chat = askers({"chat": spec}, config, store, progress)["chat"]
        result = of_descriptions(rows, params, chat=chat, progress=progress, seed=said.seed)
    for note in progress.notes:
        say(f"note: {note}")
    _print(result, said, {})
    if not said.json:
        asked, known = sum(progress.cost.asked.values()), sum(progress.cost.known.values())
        print(f"asked: {asked:,} chat questions · from the store: {known:,} answers, by {spec.label}")
    if said.out:
        write("structure", result, Path(said.out))
        _write_more(result, said, spec)
    return 0


def _chat(said: argparse.Namespace, config: settings.Settings) -> ModelSpec:
    """Who reads descriptions: the profile's chat model, or keywords, which are always there."""
    return profiles.specs(said.models or config.models, config).get("chat", ModelSpec("keywords", "keywords"))


def _show(run: Run, status: Status, result: Any, gallery: Gallery, said: argparse.Namespace) -> None:  # noqa: ANN401
    del gallery
    for note in status.notes:
        say(f"note: {note}")
    _print(result, said, {"run": run.id, "status": asdict(status)})
    if not said.json:
        print(asked_line(status, said))
        print(run_line(run, status))
    if said.out:
        _write_more(result, said, run.request.models["chat"])


def _print(result: Any, said: argparse.Namespace, more: dict[str, Any]) -> None:  # noqa: ANN401
    from engine.analyses.structure.words import lines

    for note in result.notes:
        say(f"note: {note}")
    for unread in result.unread:
        say(f"not read: {unread.name}: {unread.reason}")
    for row in result.rows:
        if row.why:
            say(f"not assigned: {row.file}: {row.why}")
    if said.wrong is not None and not any(row.file in said.wrong for row in result.rows):
        say("note: the predictions name none of these pictures")
    tell(json.dumps({**more, "result": asdict(result)}) if said.json else "\n".join(lines(result, said.wrong)))


def _write_more(result: Any, said: argparse.Namespace, spec: ModelSpec) -> None:  # noqa: ANN401
    """slices.csv where predictions are known, prompts.jsonl where prompts are wanted."""
    from engine.analyses.structure.slices import slices
    from engine.analyses.structure.telling import values_of
    from engine.store.export import csv_text

    to, files = Path(said.out), dict[str, str]()
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
        files["prompts.jsonl"] = _prompts(result, labels, values, said, spec)
    elif said.prompts:
        say("note: no prompts: they are for what labels lack, and there are no two labels")
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (to / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror or problem}.", "Choose another folder.") from None


def _prompts(
    result: Any,  # noqa: ANN401
    labels: list[str],
    values: dict[str, Any],
    said: argparse.Namespace,
    spec: ModelSpec,
) -> str:
    """For what label and each dimension lack together, a line each."""
    from engine.analyses.structure.crossing import table
    from engine.analyses.structure.deficits import deficits
    from engine.analyses.structure.prompting import prompts

    config, lines = settings.load(), []
    with closing(Store(config.home)) as store:
        chat = None if spec.backend == "keywords" else askers({"chat": spec}, config, store, Progress())["chat"]
        for one in result.dimensions:
            told = deficits(table([[label] if label else [] for label in labels], values[one.name]))
            more = [d for d in result.dimensions if d.name != one.name]
            others = {d.name: [a.name for a in d.attributes if a.count] for d in more}
            lines += prompts(told.cells, ("label", one.name), others, said.prompts, said.seed + len(lines), chat)
    return "".join(json.dumps(line) + "\n" for line in lines)
