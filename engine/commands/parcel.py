"""`export RUN --to NAME.vitrine.zip` and `import NAME.vitrine.zip`: a run as one file, for another workspace."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine import settings
from engine.commands.carrying import tell
from engine.errors import SettingsError
from engine.store.runs import Runs

HELP = "take in a run that was exported as one file (.vitrine.zip)"


def add(parser: argparse.ArgumentParser) -> None:
    """The words of `import`."""
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--keep", choices=("mine", "theirs"), default="", help="whose part stays where the run is here and differs"
    )
    parser.set_defaults(do=_import)


def is_file(to: str) -> bool:
    """Whether `--to` names a file for the run, and not a folder for its tables."""
    from engine.store.parcels import ENDING

    return to.endswith(ENDING)


def export(said: argparse.Namespace) -> int:
    """Write each run into a file of its own in `--to`, or the one run into that file; prints the paths."""
    from engine.jobs.parcelling import packed
    from engine.store import parcels

    if len(said.runs) > 1 and is_file(said.to):
        raise SettingsError("One file holds one run.", "Name a folder and say --as run.")
    config = settings.load()
    for run in [Runs(config.home).get(id) for id in said.runs]:
        path = Path(said.to) if is_file(said.to) else Path(said.to) / parcels.name_of(run)
        parcels.write(packed(run, config), path)
        tell(str(path))
    return 0


def _import(said: argparse.Namespace) -> int:
    from engine.store.arriving import take_in
    from engine.store.unpacking import read

    path = Path(said.file)
    arrival = take_in(read(path), settings.load().home, said.keep, path.name)
    tell(arrival.words)
    return 0
