"""A denoiser as analyses see it: maps of typicality and features of pictures, each evaluated once and kept.

T(x|c) = E[|eps(z_t, null) - e|^2 - |eps(z_t, c) - e|^2] after Siglidis et al. (ECCV 2024, arXiv 2408.02752). Maps are
kept after every round of draws, so that more draws go on from the first and a killed run from the last round of each
picture; latents and features are kept, too.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from engine.models.roles import Denoiser, Latent, ModelSpec, Shown
from engine.models.templates import Template, folder_of, template_of
from engine.progress import Progress
from engine.settings import Settings
from engine.steps import draws as drawing
from engine.store.answers import Store
from engine.store.arrays import Arrays, array_key

VERSION = 1  # raised when stored maps come to mean something else
STEP, NOISES = 161, 8  # of features (Tang et al. 2023)
CHANNELS = 128  # of features that are kept: more are projected at random, which keeps angles
_AT_ONCE = 64  # pictures whose maps are written together
_PILOT = 8  # pictures
_SMALL, _LARGE = 0.004, 3.0  # seconds an evaluation, on two cores, unmeasured: of the bundled network, of SD 1.5
_LITTLE = 100e6  # bytes of a network that counts as small
_APART = 1_000_000  # numbers of the pilot's noise, which no draw shares


@dataclass
class Denoising:
    """Maps and features of pictures by one denoiser.

    Args:
        spec: the model.
        settings: workspace and device.
        progress: told of evaluations; says when to stop.
        load: makes the model ready; called when the first evaluation has to be made. None: nothing is evaluated.
        seed: of the run, for who only prices it.
    """

    spec: ModelSpec
    settings: Settings
    progress: Progress
    load: Callable[[], Denoiser] | None
    seed: int = 0
    _model: Denoiser | None = None

    @cached_property
    def template(self) -> Template:
        """The words it is asked in; ModelError where its folder holds something else."""
        return template_of(self.spec)

    def maps(
        self, pictures: Sequence[Shown], labels: Sequence[tuple[str, ...]], draws: int, seed: int
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        """Typicality of each picture for its labels, after each round of draws: breadth first.

        Args:
            pictures: n; those that cannot be read are left out.
            labels: what each is asked about.
            draws: of each picture; 16, or a multiple of 32.
            seed: of noise and times.

        Yields:
            Draws so far, the picture's place, and (labels, groups, h, w) float32: the mean over groups is T.

        Raises:
            ModelError: the model cannot be used; Stopped, StoreError.
        """
        with closing(Arrays(self.settings.home)) as store:
            edges = self._edges(store, pictures, labels, seed)
            for n in drawing.rounds(draws):
                yield from self._round(store, pictures, labels, n, seed, edges)

    def seconds(self) -> tuple[float, bool]:
        """What an evaluation takes, and whether that was measured in this workspace."""
        rate = self.rate("evaluations")
        return (_SMALL if _is_small(self.spec) else _LARGE, False) if rate is None else (rate, True)

    def rate(self, task: str) -> float | None:
        """Seconds that one of a task took here; None where none was timed."""
        with closing(Store(self.settings.home)) as rates:
            rate = rates.rate(self._rate_name, task)
        return rate.seconds if rate else None

    def add_rate(self, task: str, n: int, seconds: float) -> None:
        """So long took n of a task."""
        with closing(Store(self.settings.home)) as rates:
            rates.add_rate(self._rate_name, task, n, seconds, 0, 0)

    @property
    def _rate_name(self) -> str:
        return array_key("rate", asdict(self.spec), self.settings.device).hex()[:16]

    def known(self, pictures: Sequence[Shown], labels: Sequence[tuple[str, ...]], draws: int, seed: int) -> int:
        """Evaluations that are left to make; loads no model."""
        with closing(Arrays(self.settings.home)) as store:
            edges = store.get([self._edges_key(seed)]).get(self._edges_key(seed))
            asked = {(p.hash, some) for p, some in zip(pictures, labels, strict=True)}
            if edges is None:
                return sum((1 + len(some)) * draws for _, some in asked)
            told = tuple(int(x) for x in edges)
            return sum(
                (1 + len(some)) * (draws - self._start(store, hash, some, draws, seed, told)) for hash, some in asked
            )

    def stored(
        self, pictures: Sequence[Shown], labels: Sequence[tuple[str, ...]], draws: int, seed: int
    ) -> dict[int, np.ndarray]:
        """What `maps` would give of pictures whose maps are kept; evaluates nothing."""
        with closing(Arrays(self.settings.home)) as store:
            edges = store.get([self._edges_key(seed)]).get(self._edges_key(seed))
            if edges is None:
                return {}
            told = tuple(int(x) for x in edges)
            keys = [[self._key(p.hash, label, draws, seed, told) for label in some]
                    for p, some in zip(pictures, labels, strict=True)]  # fmt: skip
            found = store.get(key for some in keys for key in some)
        return {
            i: drawing.means(np.stack([found[key] for key in some]), draws)
            for i, some in enumerate(keys) if all(key in found for key in some)
        }  # fmt: skip

    def features(self, pictures: Sequence[Shown], seed: int, ask: bool = True) -> dict[int, np.ndarray]:
        """Features of each picture, (c, h, w) float16, c at most 128; without a label, so that all are comparable.

        Args:
            pictures: those that cannot be read are left out.
            seed: of the noise.
            ask: whether missing ones are computed.
        """
        keys = [array_key("features", VERSION, asdict(self.spec), seed, p.hash) for p in pictures]
        with closing(Arrays(self.settings.home)) as store:
            known = store.known(keys)
            todo = {key: i for i, key in reversed(list(enumerate(keys))) if key not in known} if ask else {}
            if todo:
                self.progress.start("looking at what it sees", len(todo))
                places = sorted(todo.values())
                for start in range(0, len(places), _AT_ONCE):
                    some = places[start : start + _AT_ONCE]
                    latents = self._latents(store, [pictures[i] for i in some])
                    order = list(latents)
                    asked = [latents[k] for k in order]
                    null = self.template.null
                    made = self._loaded().features(asked, null, STEP, NOISES, seed, self.progress.check)
                    for k, values in made:
                        store.put({keys[some[order[k]]]: _projected(values).astype(np.float16)})
                        self.progress.cost.asked["features"] += 1
                        self.progress.advance()
            found = store.get(keys)
        return {i: found[key] for i, key in enumerate(keys) if key in found}

    def _round(
        self,
        store: Arrays,
        pictures: Sequence[Shown],
        labels: Sequence[tuple[str, ...]],
        n: int,
        seed: int,
        edges: tuple[int, ...],
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        """All pictures up to n draws."""
        copies: defaultdict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
        for i, (picture, some) in enumerate(zip(pictures, labels, strict=True)):
            copies[picture.hash, some].append(i)
        todo: defaultdict[tuple[tuple[str, ...], int], list[str]] = defaultdict(list)
        for hash, some in copies:
            todo[some, self._start(store, hash, some, n, seed, edges)].append(hash)
        total = sum((1 + len(some)) * (n - start) * len(hashes) for (some, start), hashes in todo.items())
        self.progress.start(f"denoising, {n} draws", total)
        for (some, start), hashes in todo.items():
            for at in range(0, len(hashes), _AT_ONCE):
                part = {hash: pictures[copies[hash, some][0]] for hash in hashes[at : at + _AT_ONCE]}
                for hash, sums in self._sums(store, part, some, start, n, seed, edges):
                    for i in copies[hash, some]:
                        yield n, i, drawing.means(sums, n)

    def _sums(
        self,
        store: Arrays,
        pictures: dict[str, Shown],
        labels: tuple[str, ...],
        start: int,
        n: int,
        seed: int,
        edges: tuple[int, ...],
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Sums by group after n draws of pictures that have `start`; what is new is kept before it is handed on."""
        key = lambda hash, draws: [self._key(hash, label, draws, seed, edges) for label in labels]  # noqa: E731
        before = store.get(k for hash in pictures for k in key(hash, start)) if start else {}
        sums = {hash: np.stack([before[k] for k in key(hash, start)]) for hash in pictures} if start else {}
        if start == n:
            yield from sums.items()
            return
        latents = self._latents(store, list(pictures.values()))
        asked = list(latents.values())
        times = np.stack([drawing.times_of(one.hash, seed, edges, start, n) for one in asked]) if asked else None
        prompts = [self.template.null, *map(self.template.of, labels)]
        if times is None:
            return
        model, each, began = self._loaded(), len(prompts) * (n - start), time.monotonic()
        for i, losses in model.losses(asked, prompts, times, start, seed, self.progress.check):
            hash = asked[i].hash
            made = drawing.grouped(losses[:1] - losses[1:], edges, start, sums.get(hash))
            store.put(dict(zip(key(hash, n), made, strict=True)))
            self.progress.cost.asked["evaluations"] += each
            self.progress.advance(each)
            yield hash, made
        self.add_rate("evaluations", each * len(asked), time.monotonic() - began)

    def _start(
        self, store: Arrays, hash: str, labels: tuple[str, ...], n: int, seed: int, edges: tuple[int, ...]
    ) -> int:
        """The most draws, up to n, that are kept of a picture for all these labels."""
        for draws in drawing.ends(n):
            keys = [self._key(hash, label, draws, seed, edges) for label in labels]
            if len(store.known(keys)) == len(keys):
                return draws
        return 0

    def _edges(
        self, store: Arrays, pictures: Sequence[Shown], labels: Sequence[tuple[str, ...]], seed: int
    ) -> tuple[int, ...]:
        """Bounds of the strata: the first pilot of this model and template sets them for all that come."""
        key = self._edges_key(seed)
        found = store.get([key]).get(key)
        if found is None:
            asked = zip(pictures, labels, strict=True)
            some = sorted({(p.hash, told): i for i, (p, told) in enumerate(asked)}.items())  # whatever their order
            gains = []
            self.progress.start("finding out which times tell most", min(_PILOT, len(some)))
            for _, i in some:
                if len(gains) == _PILOT:
                    break
                latents = list(self._latents(store, [pictures[i]]).values())
                prompts = [self.template.null, self.template.of(labels[i][0])]
                times = drawing.pilot_times(len(latents))
                made = self._loaded().losses(latents, prompts, times, _APART, seed, self.progress.check)
                gains += [losses[0] - losses[1] for _, losses in made]
                self.progress.cost.asked["evaluations"] += 2 * times.size
                self.progress.advance(len(latents))
            found = np.array(drawing.edges_of(gains) if gains else drawing.EVEN, np.int64)
            if gains:
                store.offer({key: found})  # another gallery's pilot may have come first
                found = store.get([key])[key]
        return tuple(int(x) for x in found)

    def _latents(self, store: Arrays, pictures: Sequence[Shown]) -> dict[int, Latent]:
        """By place; kept ones, the rest computed."""
        keys = [array_key("latent", VERSION, asdict(self.spec), p.hash) for p in pictures]
        found = store.get(keys)
        missing = [i for i, key in enumerate(keys) if key not in found]
        if missing:
            new = self._loaded().latents([pictures[i] for i in missing], self.progress.check)
            made = {keys[missing[k]]: values for k, values in new}
            store.put(made)
            found |= made
        return {i: Latent(pictures[i].hash, found[key].copy()) for i, key in enumerate(keys) if key in found}

    def _key(self, hash: str, label: str, draws: int, seed: int, edges: tuple[int, ...]) -> bytes:
        template = self.template
        return array_key("map", VERSION, asdict(self.spec), template.null, template.of(label), seed, edges, draws, hash)

    def _edges_key(self, seed: int) -> bytes:
        template = self.template
        return array_key("edges", VERSION, asdict(self.spec), template.null, template.label, seed)

    def _loaded(self) -> Any:  # noqa: ANN401  a roles.Denoiser
        if self._model is None:
            assert self.load is not None
            self._model = self.load()
        return self._model


def _is_small(spec: ModelSpec) -> bool:
    """Whether it lies on this machine, and its network is no larger than the bundled one by far."""
    folder = folder_of(spec)
    weights = list((folder / "unet").glob("*.safetensors")) if folder else []
    return bool(weights) and sum(path.stat().st_size for path in weights) < _LITTLE


def _projected(values: np.ndarray) -> np.ndarray:
    if len(values) <= CHANNELS:
        return values
    rng = np.random.default_rng(len(values))
    matrix = rng.standard_normal((CHANNELS, len(values)), np.float32) / np.float32(CHANNELS**0.5)
    return np.tensordot(matrix, values, 1)
