"""What the commands of all analyses share: open, price, ask, show, write. Figures go to stdout, the rest to stderr."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import settings
from engine.errors import SettingsError
from engine.gallery import Gallery, sets
from engine.gallery.sets import PictureSet
from engine.jobs.asking import estimate, leaves_for, make_request, pictures_sent
from engine.jobs.execute import execute, read_result
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.store.runs import ACTIVE, Request, Run, Runs, Status

Build = Callable[[Gallery, Settings, PictureSet | None], tuple[Any, PictureSet | None]]
"""From gallery, settings and the set that was named: the analysis' Params, and the set that is looked at."""


def run_analysis(
    name: str,
    build: Build,
    said: argparse.Namespace,
    show: Any,  # noqa: ANN401
    changed: Callable[[Run, Any, Settings], Any] = lambda _, result, __: result,
) -> int:
    """Open, price, ask, show, write: the same for every analysis; returns the exit code.

    Args:
        name: the analysis.
        build: makes its Params.
        said: what was typed.
        show: prints; called with run, status, result, gallery and `said`.
        changed: hands over the result as a person changed it.
    """
    config = settings.load()
    if said.out and Path(said.out).resolve() == Path(said.folder).resolve():
        raise SettingsError("--out is FOLDER itself: its tables would be read as labels.", "Name another folder.")
    if said.device:
        config = replace(config, device=said.device)
    specs = profiles.specs(said.models or config.models, config, said.folder)  # before a long scan
    if getattr(said, "model", ""):
        specs["denoiser"] = ModelSpec("diffusion", said.model)
    if roles := profiles.strangers(specs, said.folder):
        say(f"note: {', '.join(roles)}: a bundled model, which knows only Postcards; of other pictures it guesses")
    gallery = opened(said, config)
    named = sets.find(gallery, said.set, config.home) if said.set else None
    params, part = build(gallery, config, named)
    request = make_request(name, gallery, params, specs, said.seed, said.sample, part)
    if said.dry_run:
        price = estimate(request, gallery, params, config)
        print(json.dumps(_price(price, config), indent=2) if said.json else _price_line(price, config))
        return 0
    run = Runs(config.home).submit(request, said.budget, said.again)
    said.opened = run.status.state == "done"
    if not said.opened:
        _say_what_moves(request, gallery)
    status = _carried_out(run, config)
    if status.state != "done":
        say(f"vitrine: {status.error} {status.hint}".strip())
        return 130 if status.state == "stopped" else 1
    result = changed(run, read_result(run), config)
    show(run, status, result, gallery, said)
    if said.out:
        from engine.store.export import export

        export(run, result, Path(said.out))
    return 0


def asked_line(status: Status, said: argparse.Namespace) -> str:
    """What a run asked and spent, in one line."""
    known, vision = status.known, status.asked.get("describe", 0) + status.asked.get("verify", 0)
    chat = sum(status.asked.values()) - vision - status.asked.get("embed", 0)
    questions = f"{vision} vision, {chat} chat questions"
    return (
        f"asked: {f'0 vision, 0 chat questions · answered before for {questions}' if said.opened else questions}"
        f" · from the store: {sum(known.values())} answers · {status.tokens_in + status.tokens_out:,} tokens"
        + (f" · {status.money:.4g} money" if status.money is not None else "")
        + f" · {status.seconds:.1f} s"
    )


def run_line(run: Run, status: Status) -> str:
    """A run's name."""
    return f"run {run.id}" + (f", revision {status.revision}" if status.revision > 1 else "")


def opened(said: argparse.Namespace, config: Settings) -> Gallery:
    """The gallery of a folder, or of an archive unpacked into the workspace; what could not be read is said."""
    from engine.gallery import open_folder, uploads

    folder = Path(said.folder)
    if folder.is_file() and folder.suffix.lower() in (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz"):
        folder = uploads.import_archive(folder, folder.name, config)
    gallery = open_folder(folder, config, said.labels, _scanning())
    for unread in gallery.unread:
        say(f"not read: {unread.name}: {unread.reason}")
    return gallery


def _say_what_moves(request: Request, gallery: Gallery) -> None:
    """What will leave this machine, and what will be fetched to it."""
    if host := leaves_for(request.models):
        say(f"{pictures_sent(request, gallery)[1]} will be sent to {host}")
    for w in profiles.to_fetch(request.models):
        say(f"{w.spec.name} is not on this machine: {w.gigabytes:g} GB will be fetched to {profiles.hub_cache()}")


def _carried_out(run: Run, config: Settings) -> Status:
    """The run's status after it ended, by us or by whoever holds it already."""

    def stop(*_: object) -> None:
        (run.path / "cancel").touch()

    first = True
    while True:
        with run.hold() as got:
            if got and (run.status.state == "done" or (not first and run.status.state not in ACTIVE)):
                return run.status
            if got:
                before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
                try:
                    return execute(run, config, watching())
                finally:
                    for name, handler in before.items():
                        signal.signal(name, handler)
        if first:
            say(f"run {run.id} is being carried out by process {run.status.pid}; waiting for it")
            first = False
        time.sleep(0.3)


def _price(price: Any, config: Settings) -> dict[str, Any]:  # noqa: ANN401
    return {
        "pictures": price.pictures,
        "questions": {r.role: r.questions for r in price.roles},
        "known": sum(r.known for r in price.roles),
        "tokens": round(price.tokens),
        "money": price.money(config.prices),
        "seconds": round(price.seconds, 1),
    }


def _price_line(price: Any, config: Settings) -> str:  # noqa: ANN401
    say_how = lambda r: "up to " if r.at_most else "about " if r.role == "chat" else ""  # noqa: E731
    by_role = ", ".join(f"{say_how(r)}{r.questions:,} {r.role}" for r in price.roles)
    money = price.money(config.prices)
    if {r.role for r in price.roles} <= {"matcher", "embedder"}:
        needed, known = sum(r.questions for r in price.roles), sum(r.known for r in price.roles)
        return (
            f"{needed:,} of {price.pictures:,} pictures need a vector ({known:,} known) · about {price.seconds:,.0f} s"
        )
    return (
        f"{price.pictures:,} pictures: {by_role} questions ({sum(r.known for r in price.roles):,} known already)"
        f" · about {price.tokens:,.0f} tokens"
        + (f" · about {money:.4g} money" if money is not None else "")
        + f" · about {price.seconds:,.0f} s"
        + ("" if all(r.measured for r in price.roles) else " (not yet measured here)")
    )


def _scanning() -> Callable[[int, int], None]:
    shown = [0.0]

    def count(done: int, total: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - shown[0] > 0.3:
            shown[0] = time.monotonic()
            say(f"\rreading {done:,} of {total:,} files \033[K", end="\r")

    return count


def watching() -> Callable[[Progress], None]:
    """Shows a run's progress on stderr."""
    shown, step = [0.0], [""]

    def watch(progress: Progress) -> None:
        if not sys.stderr.isatty():
            if progress.step != step[0]:
                step[0] = progress.step
                say(f"{progress.step} ({progress.total:,})" if progress.total else progress.step)
            return
        if time.monotonic() - shown[0] > 0.3:
            shown[0] = time.monotonic()
            left = f" · {progress.seconds_left:,.0f} s left" if progress.seconds_left else ""
            say(
                f"{progress.step} {progress.done:,} of {progress.total:,} · {progress.rate:.1f}/s{left}\033[K", end="\r"
            )

    return watch


def say(text: str, end: str = "\n") -> None:
    """A line on stderr; names and answers in it cannot steer the terminal."""
    told = _harmless(text) if end == "\n" else text  # progress moves the cursor itself
    print(told, end=end, file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Lines on stdout; names and answers in them cannot steer the terminal."""
    print(_harmless(text))


def _harmless(text: str) -> str:
    """A text without control characters and halves of surrogate pairs."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else "\ufffd" for c in text)
