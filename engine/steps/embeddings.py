"""Vectors of whole galleries and of texts: known ones from the store, the rest computed once and kept as it comes.

A killed process loses what came in its last second. One process at a time computes with a model; another one waits for
it and then looks what is still missing. Where there are several GPUs, there is a process for each (devices.py).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine import models
from engine.errors import ModelError, VitrineError
from engine.gallery.reading import Unreadable
from engine.models.roles import Matcher, ModelSpec, Shown
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.devices import Load, on_devices
from engine.store.vectors import Vectors, text_key

STEP = "looking at pictures"
_BLOCK, _SECONDS = 1024, 1.0  # kept at once: so many, or what came in so long
_WORTH = 2000  # pictures for which another device's process is worth its start


@dataclass(frozen=True)
class Embedded:
    """Vectors, and whose they are.

    Args:
        vectors: (m, d) float32.
        places: (m,) int64, ascending: which of the pictures asked for they belong to.
        unread: the other places, each with the reason in plain words.
    """

    vectors: np.ndarray
    places: np.ndarray
    unread: Mapping[int, str]


def embed(
    pictures: Sequence[Shown],
    spec: ModelSpec,
    settings: Settings,
    progress: Progress,
    role: str = "matcher",
    load: Load = models.load,
    devices: Sequence[str] = (),
) -> Embedded:
    """A vector for every picture that can be read; equal pictures share one.

    Args:
        pictures: in any order, a picture may be there several times.
        spec: the model.
        settings: workspace and device.
        progress: told of a step that counts different pictures; says when to stop, and what was computed is kept.
        role: matcher or embedder.
        load: makes a model ready; called only if something is missing. Where there are several devices, it is called
            in a process for each, so it must be a function of a module.
        devices: such as ("cuda:0", "cuda:1"), a process each; by default what settings.device names.

    Raises:
        ModelError: the model cannot be used. StoreError: nothing can be kept. Stopped: `progress` said so.
    """
    keys = [picture.hash for picture in pictures]
    reasons: dict[str, str] = {}
    with closing(Vectors(settings.home, spec)) as vectors:
        missing = vectors.missing(keys)
        distinct = len(set(keys))
        progress.start(STEP, distinct, distinct - len(missing))
        if missing:
            with _alone(vectors, keys, progress):
                copies = _copies(pictures, vectors.missing(keys))
                progress.start(STEP, distinct, distinct - len(copies))
                asking = _Asking(spec, settings, progress, role, load, devices)
                reasons = _compute(copies, asking, vectors)
        found, places = vectors.matrix(keys)
    return Embedded(found, places, {place: reasons[key] for place, key in enumerate(keys) if key in reasons})


def known(pictures: Sequence[Shown], spec: ModelSpec, home: Path) -> tuple[int, int]:
    """How many different pictures there are, and how many of them have a vector already; loads no model."""
    keys = {picture.hash for picture in pictures}
    with closing(Vectors(home, spec)) as vectors:
        return len(keys), vectors.count(list(keys))


def embed_texts(texts: Sequence[str], spec: ModelSpec, settings: Settings, load: Callable[[], Matcher]) -> np.ndarray:
    """Unit vectors (n, d) float32 of texts, remembered beside the pictures'.

    Args:
        texts: at least one.
        spec: the matcher.
        settings: where the workspace is.
        load: hands over the matcher; called only if a text is new.

    Raises:
        ModelError: the model cannot be used, or has no vector for a text.
    """
    keys = [text_key(text) for text in texts]
    with closing(Vectors(settings.home, spec)) as vectors:
        if missing := vectors.missing(keys):
            by_key = dict(zip(keys, texts, strict=True))
            new = load().texts([by_key[key] for key in missing])
            if not np.isfinite(new).all():
                raise ModelError(f"{spec.label} has no vector for some of these texts.", "Try --device cpu.")
            vectors.add(missing, new)
        return vectors.matrix(keys)[0]


@dataclass(frozen=True)
class _Asking:
    """Who is asked, and where."""

    spec: ModelSpec
    settings: Settings
    progress: Progress
    role: str
    load: Load
    devices: Sequence[str]

    def vectors(self, pictures: Sequence[Shown]) -> Generator[tuple[int, np.ndarray]]:
        """As Matcher.pictures; what there is to say is noted."""
        devices = self.devices or self._all_devices(len(pictures))
        if len(devices) > 1:
            asked = self.role, self.spec, self.settings, self.load
            yield from on_devices(pictures, devices, *asked, self.progress)
            return
        with self.progress.interlude(f"loading {self.spec.name}"):
            model = self.load(self.role, self.spec, replace(self.settings, device=devices[0]))
        try:
            yield from model.pictures(pictures, self.progress.check)
        finally:
            for note in model.notes:
                self.progress.note(note)

    def _all_devices(self, n: int) -> Sequence[str]:
        if self.spec.backend not in models.WITH_WEIGHTS:
            return [self.settings.device]
        from engine.models.machine import devices_for

        return devices_for(self.settings.device)[: max(1, n // _WORTH)]


@contextmanager
def _alone(vectors: Vectors, keys: Sequence[str], progress: Progress) -> Iterator[None]:
    """Begin once no other process computes vectors of this model; meanwhile count those that it makes."""
    looked = time.monotonic()
    while True:
        with vectors.computing() as mine:
            if mine:
                yield
                return
        progress.note("Another process was computing vectors of this model; this one waited for it.")
        progress.check()
        time.sleep(0.1)
        if time.monotonic() - looked > _SECONDS:
            looked = time.monotonic()
            progress.advance(max(0, vectors.count(keys) - progress.done))


def _copies(pictures: Sequence[Shown], missing: Sequence[str]) -> dict[str, list[Shown]]:
    """The pictures that are missing, by hash, with all files that show them."""
    wanted, copies = set(missing), defaultdict(dict)
    for picture in pictures:
        if picture.hash in wanted:
            copies[picture.hash].setdefault(picture.path, picture)
    return {key: list(by_path.values()) for key, by_path in copies.items()}


def _compute(copies: Mapping[str, list[Shown]], asking: _Asking, vectors: Vectors) -> dict[str, str]:
    """Compute and keep; returns the hashes that stay without a vector, each with the reason.

    Where the first file of a hash cannot be read, the next one is tried.
    """
    reasons: dict[str, str] = {}
    todo = {key: files[0] for key, files in copies.items()}
    for attempt in range(1, 1 + max(map(len, copies.values()), default=0)):
        if not todo:
            break
        left = _keep(todo, asking, vectors)
        reasons |= left
        todo = {key: copies[key][attempt] for key in left if attempt < len(copies[key])}
        for key in todo:
            reasons.pop(key)
    asking.progress.advance(len(reasons))
    return reasons


def _keep(todo: Mapping[str, Shown], asking: _Asking, vectors: Vectors) -> dict[str, str]:
    """Compute one vector a hash and keep them as they come; returns hashes without one, and why."""
    keys, pictures = list(todo), list(todo.values())
    left = dict.fromkeys(keys, "")
    block: dict[str, np.ndarray] = {}
    since = time.monotonic()
    try:
        with closing(asking.vectors(pictures)) as coming:  # its processes end with it
            for place, vector in coming:
                if not np.isfinite(vector).all():
                    left[keys[place]] = "its vector holds no numbers"
                    continue
                del left[keys[place]]
                block[keys[place]] = vector
                asking.progress.cost.asked["embed"] += 1
                asking.progress.advance()
                if len(block) >= _BLOCK or time.monotonic() - since > _SECONDS:
                    _commit(block, vectors)
                    since = time.monotonic()
    finally:
        _commit(block, vectors)
    return {key: why or _reason(todo[key]) for key, why in left.items()}


def _commit(block: dict[str, np.ndarray], vectors: Vectors) -> None:
    if block:
        vectors.add(list(block), np.stack(list(block.values())))
        block.clear()


def _reason(picture: Shown) -> str:
    """Why a model handed on no vector."""
    try:
        picture.open()
    except Unreadable as problem:
        return problem.reason
    except VitrineError as problem:
        return problem.message
    return "the model gave no vector"
