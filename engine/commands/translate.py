"""`python -m engine translate FOLDER --from L --to-label L2,L3 --out DIR`: pictures of one label as others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import models, settings
from engine.commands.carrying import opened, say, tell, watching
from engine.errors import SettingsError, Stopped
from engine.gallery.marking import into
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.models.templates import template_of
from engine.progress import Progress
from engine.typed import read_names

if TYPE_CHECKING:
    from engine.translation import Translation

HELP = "pictures of one label told anew as others by a diffusion model, their layout kept"


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--from", dest="label", required=True, metavar="LABEL", help="whose pictures")
    parser.add_argument("--to-label", required=True, metavar="LABEL[,LABEL]", help="what they are to become")
    parser.add_argument("--out", required=True, metavar="DIR", help="a new folder for the pictures and metadata.csv")
    parser.add_argument(
        "--model", default=f"{profiles.BUNDLED}/diffusion",
        help="in Stable Diffusion's format, a name or a folder; the bundled one knows only Postcards",
    )  # fmt: skip
    parser.add_argument("--labels", default="folder", help="folder, last, a column, or a pattern with {label}")
    parser.add_argument("--sample", type=int, help="so many pictures at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample, and of measuring T")
    parser.add_argument("--guidance", type=float, help="how far beyond the null prompt to go")
    parser.add_argument("--features", type=float, metavar="SHARE", help="of the steps that keep the picture's features")
    parser.add_argument("--attention", type=float, metavar="SHARE", help="of the steps that keep its self-attention")
    parser.add_argument("--device", default="", help="auto, cpu, cuda or cuda:N")
    parser.set_defaults(do=ask)


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.translation import chosen, translate

    config, to = settings.load(), Path(said.out)
    if said.device:
        config = replace(config, device=said.device)
    if Path(said.folder).resolve() in (to.resolve(), *to.resolve().parents):
        raise SettingsError("--out lies in FOLDER: translations would be taken for pictures.", "Name another folder.")
    hold = {name: getattr(said, name) for name in ("guidance", "features", "attention")}
    options = {name: value for name, value in hold.items() if value is not None}
    spec = ModelSpec("diffusion", said.model, options=options)
    gallery = opened(said, config)
    if profiles.strangers({"denoiser": spec}, said.folder):
        say("note: a bundled model, which knows only Postcards; of other pictures it guesses")
    there = {p.label for p in gallery.pictures}
    labels = [said.to_label] if said.to_label in there else read_names(said.to_label) or ("",)
    pictures = chosen(gallery, said.label, labels, said.sample, said.seed)
    progress, found = Progress(watching()), list["Translation"]()
    try:
        with into(to):
            progress.start(f"loading {spec.name}", 0)
            model = models.load("denoiser", spec, config)
            for one in translate(pictures, labels, model, template_of(spec), to, progress, said.seed):
                found.append(one)
    except Stopped as why:
        say(f"vitrine: {why}")
        return 130
    finally:
        for note in progress.notes:
            say(f"note: {note}")
        if found:
            tell("\n".join(lines(found)))
    return 0


def lines(found: Sequence[Translation]) -> list[str]:
    """Mean T before and after, a line for each label: rising towards `to` and falling from `from` is what is wanted."""
    rows = [f"{'from -> to':<32} {'n':>4}  {'T(from)':>18}  {'T(to)':>18}  T(to) rose"]
    for label, to in dict.fromkeys((one.label, one.to) for one in found):
        some = [one for one in found if one.to == to]
        n = len(some)

        def mean(name: str, some: list[Any] = some) -> float:
            return sum(getattr(one, name) for one in some) / len(some)

        rows.append(
            f"{f'{label} -> {to}':<32} {n:>4}  {mean('t_from_before'):+.4f} -> {mean('t_from_after'):+.4f}  "
            f"{mean('t_to_before'):+.4f} -> {mean('t_to_after'):+.4f}  "
            f"{sum(one.t_to_after > one.t_to_before for one in some)} of {n}"
        )
    return [*rows, "T: how much better the model tells the noise in a picture when the label is said (squared error)."]
