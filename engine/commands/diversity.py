"""`python -m engine diversity FOLDER|VECTORS`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.commands.carrying import run_analysis, run_line, say, tell, watching
from engine.errors import SettingsError
from engine.gallery import Gallery
from engine.progress import Progress
from engine.store.runs import Run, Status

HELP = "how diverse a set is, duplicates, a core-set"


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("--by", default="", help="a column, such as label: its values are compared at equal size")
    parser.add_argument("--at", type=int, help="so many pictures of each part; by default as many as the smallest")
    parser.add_argument("--threshold", type=float, help="cosine of duplicates; by default as the model's card says")
    parser.add_argument("--coreset", type=int, default=0, metavar="M", help="choose M pictures that stand for all")
    parser.add_argument("--method", default="facility location", help="facility location, k-center or spectrum")
    parser.add_argument("--balanced", action="store_true", help="as many of each label in the core-set")
    parser.add_argument("--weights", default="", help="a column of numbers: a picture of weight 2 counts as two")
    parser.add_argument("--pin", default="", metavar="FILE", help="names, a line each, that must be in the core-set")
    parser.add_argument("--leave-out", default="", metavar="FILE", help="names, a line each, that must not")
    parser.add_argument("--copy", action="store_true", help="copy the core-set's pictures into DIR/coreset")


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.analyses.diversity import Params, files

    params = Params(
        threshold=said.threshold,
        by=said.by,
        at=said.at,
        coreset=said.coreset,
        method=said.method,
        balanced=said.balanced,
        weights=said.weights,
        pinned=_lines(said.pin),
        left_out=_lines(said.leave_out),
    )
    of_vectors = Path(said.folder).suffix in files.SUFFIXES
    if said.copy and (of_vectors or not said.coreset or not said.out):
        raise SettingsError("--copy copies a core-set's pictures.", "Give a folder of pictures, --coreset and --out.")
    if said.copy and Path(said.out).resolve().is_relative_to(Path(said.folder).resolve()):
        raise SettingsError("--out lies in FOLDER: copies would be read as its pictures.", "Name another folder.")
    if of_vectors:
        return _of_vectors(params, said)
    return run_analysis("diversity", lambda gallery, config, part: (params, part), said, _show)


def _copy_coreset(gallery: Gallery, names: Sequence[str], to: Path) -> None:
    from engine.gallery.packing import copy_pictures

    chosen = [gallery.by_name[name] for name in names]
    left_out = copy_pictures(chosen, to)
    for unread in left_out:
        say(f"not copied: {unread.name}: {unread.reason}")
    say(f"{len(chosen) - len(left_out)} pictures copied to {to}")


def _of_vectors(params: Any, said: argparse.Namespace) -> int:  # noqa: ANN401
    """Vectors from a file: nothing is embedded, and no run is kept."""
    from engine.analyses.diversity import files, of_vectors
    from engine.store.export import write

    if said.set or said.sample is not None:
        raise SettingsError("--set and --sample are of pictures.", "Give the folder, or a file of fewer vectors.")
    vectors, names = files.read_vectors(Path(said.folder))
    if said.dry_run:
        what = {"vectors": len(vectors), "numbers": vectors.shape[1:] and vectors.shape[1]}
        print(json.dumps(what) if said.json else f"{what['vectors']:,} vectors of {what['numbers']:,} numbers")
        return 0
    result = of_vectors(vectors, params, names, said.seed, Progress(watching()))
    _print_result(result, said, {})
    if said.out:
        write("diversity", result, Path(said.out))
    return 0


def _show(run: Run, status: Status, result: Any, gallery: Gallery, said: argparse.Namespace) -> None:  # noqa: ANN401
    for note in status.notes:
        say(f"note: {note}")
    _print_result(result, said, {"run": run.id, "status": asdict(status)})
    if not said.json:
        asked, known = sum(status.asked.values()), sum(status.known.values())
        print(f"vectors: {0 if said.opened else asked:,} computed, {known:,} known · {status.seconds:.1f} s")
        print(run_line(run, status))
    if said.copy:
        _copy_coreset(gallery, result.coreset.files, Path(said.out) / "coreset")


def _print_result(result: Any, said: argparse.Namespace, more: dict[str, Any]) -> None:  # noqa: ANN401
    from engine.analyses.diversity.words import lines

    for note in result.notes:
        say(f"note: {note}")
    for unread in result.unread:
        say(f"not read: {unread.name}: {unread.reason}")
    tell(json.dumps({**more, "result": asdict(result)}) if said.json else "\n".join(lines(result)))


def _lines(path: str) -> tuple[str, ...]:
    """Names of pictures from a file, a line each; none without a file."""
    if not path:
        return ()
    try:
        text = Path(path).read_text("utf-8", errors="surrogateescape")
    except OSError as problem:
        raise SettingsError(f"{path} cannot be read: {problem.strerror}.", "Give a text file, a name a line.") from None
    return tuple(line for line in text.splitlines() if line.strip())
