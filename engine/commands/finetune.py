"""`python -m engine finetune FOLDER --model MODEL --to DIR`."""

from __future__ import annotations

import argparse
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import settings
from engine.commands.carrying import opened, say, tell, watching
from engine.errors import SettingsError, Stopped
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.models.templates import Template, template_of
from engine.progress import Progress

HELP = "teach a model in Stable Diffusion's format the labels of a gallery"


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--model", required=True, help="a pipeline's folder, or its name on the hub")
    parser.add_argument("--to", required=True, metavar="DIR", help="where the new model goes; half done, it goes on")
    parser.add_argument("--labels", default="folder", help="folder, last, a column, or a pattern with {label}")
    parser.add_argument("--steps", type=int, default=2000, help="at most so many")
    parser.add_argument(
        "--how",
        choices=("full", "lora"),
        default="full",
        help="full: U-Net and text encoder; lora: small additions to both, merged in the end",
    )
    parser.add_argument("--template", default="", help="prompt of a label; by default the model's own, An image of {}")
    parser.add_argument("--rate", type=float, default=0.0, help="of learning; by default what suits --how")
    parser.add_argument("--batch", type=int, default=16, metavar="N", help="pictures a step")
    parser.add_argument("--seed", type=int, default=0, help="of batches, times and noise")
    parser.add_argument("--device", default="", help="auto, cpu, cuda or cuda:N")
    parser.set_defaults(do=ask)


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.finetuning import Params, finetune

    if Path(said.to).resolve().is_relative_to(Path(said.folder).resolve()):
        raise SettingsError("--to lies in FOLDER: what is written would be looked at as pictures.", "Name another.")
    config = settings.load()
    if said.device:
        config = replace(config, device=said.device)
    spec = ModelSpec("diffusion", said.model)
    own = template_of(spec)
    template = Template(said.template, own.null) if said.template else own
    if own.is_known and template.label != own.label:
        say(f"note: {said.model} was trained on {own.label!r}, not on {template.label!r}")
    params = Params(said.steps, said.how, template, said.rate, said.batch, seed=said.seed)
    for w in profiles.to_fetch({"denoiser": spec}):
        say(f"{w.spec.name} is not on this machine: {w.gigabytes:g} GB will be fetched to {profiles.hub_cache()}")
    gallery = opened(said, config)
    ended: list[int] = []
    before = {n: signal.signal(n, lambda got, _: ended.append(got)) for n in (signal.SIGINT, signal.SIGTERM)}
    progress = Progress(watching(), stop=lambda: "Stopped." if ended else "")
    try:
        result = finetune(gallery, spec, Path(said.to), params, config, progress)
    except Stopped as why:
        say(f"vitrine: {why}")
        return 130
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
        for note in progress.notes:
            say(f"note: {note}")
    _show(result, said)
    return 0


def _show(result: Any, said: argparse.Namespace) -> None:  # noqa: ANN401
    labels, pictures = len(result.labels), sum(result.labels.values())
    tell(f"{pictures:,} pictures of {labels:,} labels, {result.held_out:,} of them held out")
    tell(f"{result.steps:,} steps, kept: step {result.kept:,}")
    tell(f"held-out gap, loss(null) - loss(label): {result.before:+.6f} before, {result.gap:+.6f} now")
    tell(f"the model: {said.to}")
