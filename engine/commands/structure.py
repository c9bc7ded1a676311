"""`python -m engine structure FOLDER|DESCRIPTIONS.csv`."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine import models, settings
from engine.commands.carrying import asked_line, run_analysis, run_line, say, tell, watching
from engine.commands.missing import write_more
from engine.commands.numbers import whole
from engine.errors import SettingsError, Stopped
from engine.gallery import Gallery
from engine.jobs.asking import askers, leaves_for
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.store.annotations import LONGEST, Predictions, annotate
from engine.store.answers import Store
from engine.store.runs import Run, Status

HELP = "dimensions, attributes, subpopulations; what goes together, what is missing"


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("--dimensions", type=whole(0), default=6, metavar="N", help="at most so many of those proposed")
    parser.add_argument("--goal", default="", help="what you care about")
    parser.add_argument(
        "--dimension", action="append", default=[], metavar="NAME[: A, B, C=D+E]",
        help="one wanted in any case, with its attributes if you know them (C joins D and E); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--rounds", type=whole(1), default=10, metavar="N", help="samples that dimensions are proposed from"
    )
    parser.add_argument("--mask", action="store_true", help="hide words that give the label away")
    parser.add_argument(
        "--prompts",
        type=whole(0),
        default=0,
        metavar="N",
        help="with --out: up to N prompts for each cell in want",
    )
    parser.add_argument(
        "--draw", default="", metavar="MODEL",
        help="with --prompts: draw each, by a model in Stable Diffusion's format; what lands in its cell is told",
    )  # fmt: skip
    parser.add_argument("--schema", default="shared", choices=("shared", "own", "both"),
                        help="dimensions of all labels, each label's own, or both")  # fmt: skip
    parser.add_argument(
        "--draws", type=whole(0), default=2, metavar="N", help="how often some are sorted again at random (0: never)"
    )
    parser.add_argument("--predictions", default="", metavar="CSV", help="file,y_true,y_pred: where does a model fail")


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.analyses.structure import Params
    from engine.analyses.structure.slices import read_predictions
    from engine.analyses.structure.typed import read_dimensions

    if said.prompts and not said.out:
        raise SettingsError("--prompts needs --out.", "Say the folder for prompts.jsonl.")
    if nameless := [text for text in said.dimension if not read_dimensions(text)]:
        raise SettingsError(f"--dimension {nameless[0]!r} has no name.", "Write NAME: A, B.")
    given = read_dimensions("\n".join(said.dimension))
    params = Params(said.goal.strip(), said.dimensions, given, said.rounds, said.mask, said.schema, said.draws)
    if said.draw and not said.prompts:
        raise SettingsError("--draw needs --prompts.", "Say how many drawings each cell is to have, at most.")
    said.wrong = read_predictions(Path(said.predictions)) if said.predictions else None
    if Path(said.folder).suffix.lower() == ".csv" and not Path(said.folder).is_dir():
        if said.draw:
            raise SettingsError("--draw is of pictures.", "Give a folder: drawings are described as pictures are.")
        try:
            return _of_descriptions(params, said)
        except Stopped as why:
            say(f"vitrine: {why}")
            return 130
    if said.draw and not said.dry_run:
        models.load("denoiser", ModelSpec("diffusion", said.draw), _settings(said))  # before long work
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
    config = _settings(said)
    if said.budget is not None and not config.prices.known:
        raise SettingsError("A budget was set, but no prices, so it could not be kept.", "Set prices or no budget.")
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
        write_more(result, said, spec)
    return 0


def _settings(said: argparse.Namespace) -> settings.Settings:
    config = settings.load()
    return replace(config, device=said.device) if said.device else config


def _chat(said: argparse.Namespace, config: settings.Settings) -> ModelSpec:
    """Who reads descriptions: the profile's chat model, or keywords, which are always there."""
    return profiles.specs(said.models or config.models, config).get("chat", ModelSpec("keywords", "keywords"))


def _show(run: Run, status: Status, result: Any, gallery: Gallery, said: argparse.Namespace) -> None:  # noqa: ANN401
    del gallery
    for note in status.notes:
        say(f"note: {note}")
    _print(result, said, {"run": run.id, "status": asdict(status)})
    if said.wrong and any(row.file in said.wrong for row in result.rows):
        annotate(run, Predictions(Path(said.predictions).name[:LONGEST], said.wrong))
    if not said.json:
        print(asked_line(status, said))
        print(run_line(run, status))
    if said.out:
        write_more(result, said, run.request.models["chat"], run.request.models["vision"])


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
