"""Pictures with planted answers: the fake back-end reads nothing but their colour, so a test knows the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from engine.analyses.clusters import Criterion, Params
from engine.gallery import Gallery, open_folder
from engine.jobs.asking import make_request
from engine.models.fake import COLOURS, Fake
from engine.models.roles import Check, ModelSpec, Reply, Request
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.answers import Remembered
from engine.store.answers import Store
from engine.store.runs import Run, Runs

ROOT = Path(__file__).parents[1]
FAKE = ModelSpec("fake", "fake")
TWO_COLOURS = {"red/1.png": "red", "red/2.png": "red", "red/3.png": "red", "blue/1.png": "blue", "blue/2.png": "blue"}
COLOUR = Params(Criterion("colour"))


def paint(folder: Path, colours: Mapping[str, str] = TWO_COLOURS) -> Path:
    """One small picture a name, each of other content than the rest, whatever its colour."""
    for i, (name, colour) in enumerate(colours.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (16, 16), COLOURS[colour])
        picture.putpixel((i % 16, i // 16), (i % 256, i // 256, 99))
        with path.open("wb") as file:  # by descriptor: names need not be text
            picture.save(file, "PNG")
    return folder


def many(n: int, colours: Sequence[str] = ("red", "green", "blue", "yellow")) -> dict[str, str]:
    """Names and colours of `n` pictures, taking turns."""
    return {f"{i:03}.png": colours[i % len(colours)] for i in range(n)}


def gallery_of(tmp_path: Path, settings: Settings, colours: Mapping[str, str] = TWO_COLOURS) -> Gallery:
    return open_folder(paint(tmp_path / "pictures", colours), settings)


def submitted(
    gallery: Gallery, settings: Settings, params: Params = COLOUR, spec: ModelSpec = FAKE, **words: Any
) -> Run:
    return Runs(settings.home).submit(
        make_request("clusters", gallery, params, {"vision": spec, "chat": spec}, **words)
    )


@dataclass
class Scripted:
    """A model that answers what `says` returns (by default what the fake says) and counts."""

    says: Any = None
    spec: ModelSpec = FAKE
    requests: list[Request] = field(default_factory=list)

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        for i, request in enumerate(requests):
            check()
            self.requests.append(request)
            reply = self.says(request) if self.says else None
            yield i, next(Fake(self.spec).ask([request], check))[1] if reply is None else reply

    ask = describe

    @property
    def tasks(self) -> list[str]:
        return [request.task for request in self.requests]


def remembered(home: Path, model: Scripted, progress: Progress | None = None) -> Remembered:
    return Remembered(model.spec, lambda: model, Store(home), progress or Progress())


def answered(route: Coroutine[Any, Any, Any]) -> Any:
    """What a route answers; in a thread, as a browser's tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, route).result()


def counting(home: Path, progress: Progress, spec: ModelSpec = FAKE) -> Remembered:
    """One that never asks."""
    return Remembered(spec, None, Store(home), progress)
