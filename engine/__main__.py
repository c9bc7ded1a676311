"""The command line: `python -m engine clusters FOLDER --criterion mood`. Figures go to stdout, the rest to stderr.

Exit codes: 0 done, 1 the run failed (one line says why and what to do), 2 wrong words, 130 stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

from engine import settings
from engine.commands import (
    clusters,
    criteria,
    diff,
    differences,
    diversity,
    export,
    finetune,
    parcel,
    structure,
    translate,
    typicality,
)
from engine.commands.carrying import opened, say, watching
from engine.errors import SettingsError, VitrineError
from engine.jobs.preparing import WHAT
from engine.models import profiles
from engine.progress import Progress
from engine.store.runs import Runs

ANALYSES = {
    clusters: "FOLDER",
    differences: "FOLDER|PAIRS.csv",
    diversity: "FOLDER|VECTORS.npy|.parquet",
    structure: "FOLDER|DESCRIPTIONS.csv",
    typicality: "FOLDER",
}


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command; returns its exit code."""
    said = _parser().parse_args(words)
    try:
        return said.do(said)
    except SettingsError as problem:
        say(f"vitrine: {problem}")
        return 2
    except VitrineError as problem:
        say(f"vitrine: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


def _list_runs(said: argparse.Namespace) -> int:
    for run, status in Runs(settings.load().home).all():
        if run.is_damaged:
            print(f"{run.id}  {'damaged':<11}  request.json cannot be read: ask the same again")
            continue
        request = run.request
        what = request.params.get("criterion", {}).get("name", "")
        if status.state == "running" and not run.is_held:
            status.state, status.error = "interrupted", "Ask it again to go on."
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.queued))
        if said.json:
            print(json.dumps({"run": run.id, **asdict(status)}))
        else:
            print(f"{run.id}  {when}  {status.state:<11}  {request.analysis:<12} {what:<24} {status.error}".rstrip())
    return 0


def _work(said: argparse.Namespace) -> int:
    from engine.jobs.worker import Ending, work

    del said
    work(settings.load, Ending())
    return 0


def _live(said: argparse.Namespace) -> int:
    from engine.jobs.live import serve
    from engine.jobs.worker import Ending

    del said
    serve(settings.load, Ending())
    return 0


def _warm(said: argparse.Namespace) -> int:
    from engine.gallery import load_gallery
    from engine.jobs.preparing import prepare
    from engine.jobs.worker import Ending

    config, ending = settings.load(), Ending("Ended: it goes on when it is asked for again.")
    os.nice(10)  # runs, and who looks at pages, go first
    config = replace(config, device=said.device or config.device)
    known = re.fullmatch(r"[0-9a-f]{32}", said.folder) and not Path(said.folder).exists()
    gallery = load_gallery(said.folder, config.home) if known else opened(said, config)
    specs = profiles.specs(said.models or config.models, config, gallery.root)
    for what in [said.only] if said.only else WHAT:
        progress = Progress(_as_json if said.json else watching(), ending)
        prepare(gallery, what, specs, config, progress)
        for note in progress.notes:
            say(f"note: {note}")
    return 0


def _as_json(progress: Progress) -> None:
    print(json.dumps({"step": progress.step, "done": progress.done, "total": progress.total}), flush=True)


def _money(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of money")
    return value


def _device(text: str) -> str:
    if text and not settings.DEVICES.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no device; use auto, cpu, cuda, cuda:0 or cuda:0,1")
    return text


def _folder(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


class _Parser(argparse.ArgumentParser):
    def __init__(self, **words: Any) -> None:  # noqa: ANN401
        super().__init__(**words, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        say(f"vitrine: {message}. See {self.prog} --help.")
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    top = _Parser(prog="python -m engine", description="Shows what is in a set of images.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    common = _Parser(add_help=False)
    common.add_argument("--models", default="", help="bundled, local, endpoint, or a TOML file with a table a role")
    common.add_argument("--labels", default="folder", help="folder, last, none, a column, or a pattern with {label}")
    common.add_argument("--budget", type=_money, help="stop when so much money is spent (needs prices)")
    common.add_argument("--again", action="store_true", help="ask again for what stayed unanswered")
    common.add_argument("--device", type=_device, default="", help="auto, cpu, cuda, cuda:N or cuda:N,M")
    common.add_argument("--set", default="", help="a saved set's name, or COLUMN=VALUE such as label=beach")
    common.add_argument("--sample", type=int, help="so many pictures at random")
    common.add_argument("--seed", type=int, default=0)
    common.add_argument("--out", default="", help="write result.json and CSV tables into this folder")
    common.add_argument("--json", action="store_true", help="print the whole result as JSON")
    common.add_argument("--dry-run", action="store_true", help="print the estimate and end")

    for command, what in ANALYSES.items():
        parser = commands.add_parser(command.__name__.rpartition(".")[2], parents=[common], help=command.HELP)
        parser.add_argument("folder", metavar=what, type=_folder)
        command.add(parser)
        parser.set_defaults(do=command.ask)

    translate.add(commands.add_parser("translate", help=translate.HELP))
    finetune.add(commands.add_parser("finetune", help=finetune.HELP))
    runs = commands.add_parser("runs", help="list every run")
    runs.add_argument("--json", action="store_true")
    runs.set_defaults(do=_list_runs)
    export.add(commands.add_parser("export", help=export.HELP))
    parcel.add(commands.add_parser("import", help=parcel.HELP))
    diff.add(commands.add_parser("diff", help=diff.HELP))
    criteria.add(commands.add_parser("criteria", help=criteria.HELP))
    warm = commands.add_parser("warm", help="make thumbnails, measures, vectors and the map of a gallery ahead")
    warm.add_argument("folder", metavar="FOLDER", type=_folder)
    warm.add_argument("--models", default="", help="bundled, local, endpoint, or a TOML file with a table a role")
    warm.add_argument("--labels", default="folder", help="folder, last, none, a column, or a pattern with {label}")
    warm.add_argument("--device", type=_device, default="", help="auto, cpu, cuda, cuda:N or cuda:N,M")
    warm.add_argument("--only", choices=WHAT, default="", help="just one of them")
    warm.add_argument("--json", action="store_true", help="progress as JSON lines on stdout")
    warm.set_defaults(do=_warm)
    commands.add_parser("work", help="carry out queued runs until told to end").set_defaults(do=_work)
    commands.add_parser("live", help="answer small questions of the pages").set_defaults(do=_live)
    return top


if __name__ == "__main__":
    sys.exit(main())
