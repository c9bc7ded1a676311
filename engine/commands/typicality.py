"""`python -m engine typicality FOLDER --label L`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine import settings
from engine.commands.carrying import run_analysis, run_line, say, tell
from engine.commands.numbers import shares, whole
from engine.errors import StoreError, VitrineError
from engine.gallery import Gallery
from engine.gallery.sets import PictureSet
from engine.settings import Settings
from engine.store.annotations import LONGEST, Boxes, annotate
from engine.store.runs import Run, Status

HELP = "what is typical of a label, and where in the picture"
_OVERLAYS = 24  # of a label: the most typical pictures


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("--label", action="append", default=[], help="whose; may be repeated; by default all labels")
    parser.add_argument("--against", default="null", help="null (no label), others (their mean), or another label")
    parser.add_argument("--model", default="", help="a folder or hub name in Stable Diffusion's format")
    parser.add_argument(
        "--draws", type=whole(1), default=32, metavar="N", help="of each picture: 16, or a multiple of 32"
    )
    parser.add_argument(
        "--patch", type=shares, default=(0.25,), metavar="SHARE",
        help="side of a patch, as a share of the picture's; or several that compete: 0.12,0.2",
    )  # fmt: skip
    parser.add_argument("--elements", type=whole(1), default=24, metavar="N", help="of a label, at most")
    parser.add_argument(
        "--without-changes", action="store_true", help="elements as they were found, without what you changed by hand"
    )
    parser.add_argument("--boxes", default="", metavar="CSV", help="file,x,y,w,h[,label]: do maps find them")


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.analyses.typicality import Params

    params = Params(tuple(said.label), said.against, said.draws, said.patch, elements=said.elements)

    def build(gallery: Gallery, config: Settings, part: PictureSet | None) -> tuple[Params, PictureSet | None]:
        del config
        if said.boxes:
            _boxes(gallery, said)  # before long work
        return params, part

    def changed(run: Run, result: Any, config: Settings) -> Any:  # noqa: ANN401
        """The result as a person changed it on the page."""
        from engine.jobs.typical import with_changes

        if said.without_changes or not (log := run.edits()):
            return result
        found, notes = with_changes(run, result, config)
        say(f"note: elements with {len(log)} changes made by hand; --without-changes leaves them out")
        for note in notes:
            say(f"note: {note}")
        return found

    return run_analysis("typicality", build, said, _show, changed)


def _show(run: Run, status: Status, result: Any, gallery: Gallery, said: argparse.Namespace) -> None:  # noqa: ANN401
    from engine.analyses.typicality.words import lines

    for note in (*status.notes, *result.notes):
        say(f"note: {note}")
    for unread in result.unread:
        say(f"not read: {unread.name}: {unread.reason}")
    told: dict[str, Any] = {"run": run.id, "status": asdict(status), "result": asdict(result)}
    found = _localised(run, gallery, said)
    if found is not None:
        told["localisation"] = [asdict(one) for one in found]
    tell(json.dumps(told) if said.json else "\n".join(lines(result)))
    if not said.json:
        for one in found or ():
            print(
                f"boxes of {one.kind} in {one.pictures:,} pictures: average precision {one.precision:.3f} "
                f"[{one.low:.3f}, {one.high:.3f}], chance {one.chance:.3f}"
            )
        asked = 0 if said.opened else status.asked.get("evaluations", 0)
        print(f"evaluations: {asked:,} · {status.seconds:.1f} s")
        print(run_line(run, status))
    if said.out:
        _write(run, gallery, Path(said.out), found)


def _localised(run: Run, gallery: Gallery, said: argparse.Namespace) -> Any:  # noqa: ANN401
    if not said.boxes:
        return None
    from engine.analyses.typicality.localising import localised

    boxes = _boxes(gallery, said)
    annotate(run, Boxes(Path(said.boxes).name[:LONGEST], boxes))
    return localised(_kept(run, gallery).ranking(), boxes, said.seed)


def _boxes(gallery: Gallery, said: argparse.Namespace) -> Any:  # noqa: ANN401
    from engine.analyses.typicality.localising import read_boxes

    return read_boxes(Path(said.boxes), gallery.by_name)


def _kept(run: Run, gallery: Gallery) -> Any:  # noqa: ANN401
    from pydantic import TypeAdapter

    from engine.analyses.typicality import Params
    from engine.jobs.asking import chosen
    from engine.jobs.typical import kept

    request = run.request
    params = TypeAdapter(Params).validate_python(request.params)
    part = chosen(gallery, request.members)
    return kept(part, params, request.models["denoiser"], settings.load(), request.seed)


def _write(run: Run, gallery: Gallery, to: Path, found: Any) -> None:  # noqa: ANN401
    """Maps as .npz, the most typical pictures of each label under their maps, and what was found of boxes."""
    import numpy as np

    from engine.charts.typicality import overlay, scale_of
    from engine.store.export import csv_text

    maps = _kept(run, gallery).ranking()
    scale = scale_of(list(maps.values()))
    by_label: dict[str, list[str]] = {}
    for name in sorted(maps, key=lambda file: -float(maps[file].mean())):
        by_label.setdefault(gallery.by_name[name].label, []).append(name)
    try:
        to.mkdir(parents=True, exist_ok=True)
        names = sorted(maps)
        arrays = {f"map_{i:05}": maps[name] for i, name in enumerate(names)}
        np.savez_compressed(to / "maps.npz", files=np.array(names), **arrays)  # type: ignore[arg-type]
        (to / "overlays").mkdir(exist_ok=True)
        for k, some in enumerate(by_label.values()):
            for i, name in enumerate(some[:_OVERLAYS], 1):
                try:
                    image = gallery.by_name[name].open()
                except VitrineError:
                    continue
                safe = "".join(c if c.isalnum() else "_" for c in gallery.by_name[name].label)[:40]
                overlay(image, maps[name], scale, 0.7, side=512).save(to / "overlays" / f"{k + 1:03}-{safe}-{i:02}.png")
        if found is not None:
            (to / "localisation.csv").write_text(csv_text([asdict(one) for one in found]), encoding="utf-8")
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror or problem}.", "Choose another folder.") from None
