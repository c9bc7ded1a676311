"""Clusters of a part of the pictures: how many questions that saves, what it costs, and whether the estimate is honest.

Every row is asked anew for each seed, from an empty store (vectors are kept). *True* is the share of all pictures that
are in the cluster in which every-picture mode put them, under the best one-to-one matching of the names of both; an
undecided picture is not. *Held* is how often the estimated 95 % interval held it. The estimate is of pictures that
would be sorted into these very names; where names found in a part may be others than those found in all, both are told.

1. Postcards: the bundled CoCa's captions, recorded once; keywords names and sorts; its vectors say what is alike.
2. CIFAR-10: 1,000 photos, LLaVA's and GPT-4's recorded answers over HTTP; no matcher, so colours and edges say it.
3. Planted vectors of 600 pictures, told apart well, badly and hardly; a tenth look like another kind than they are.

    python -m benchmarks.economical [--seeds 20] [--planted 200] [--only postcards|cifar|planted]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clusters import SHARED, replay
from engine.analyses import clusters
from engine.analyses.clusters import Criterion, Params, Result
from engine.analyses.clusters.economical import Likeness
from engine.analyses.clusters.result import Economy
from engine.gallery import Gallery, Picture, open_folder
from engine.jobs.asking import Embedder
from engine.models import load as load_model
from engine.models.profiles import PIXELS, POSTCARDS, specs
from engine.models.roles import Check, ModelSpec, Reply, Request
from engine.progress import Progress
from engine.settings import Endpoint, Settings
from engine.steps.answers import Remembered
from engine.steps.embeddings import Embedded
from engine.steps.tasks import DESCRIBE
from engine.store.answers import Store

HEAD = "| what | share | pictures | questions | of all | right by labels | loss | true | estimate | width | held |"


@dataclass(frozen=True)
class Models:
    """Who is asked, and who says what is alike."""

    vision: tuple[ModelSpec, Callable[[], Any]]
    chat: tuple[ModelSpec, Callable[[], Any]]
    likeness: Likeness


def asked(gallery: Gallery, params: Params, models: Models, seed: int) -> tuple[Result, int]:
    """A run from an empty store, and how many questions it asked."""
    progress = Progress()
    with tempfile.TemporaryDirectory() as home, closing(Store(Path(home))) as store:
        vision, chat = (Remembered(spec, load, store, progress) for spec, load in (models.vision, models.chat))
        alike = {"matcher": models.likeness} if params.share < 1 else {}
        result = clusters.run(gallery, params, vision=vision, chat=chat, progress=progress, seed=seed, **alike)
    return result, sum(n for task, n in progress.cost.asked.items() if task != "embed")


def matched(one: Result, whole: Result) -> float:
    """Share of the pictures that are in the same cluster of both, under the best matching of names."""
    from scipy.optimize import linear_sum_assignment

    names = [["", *(c.name for c in result.clusters)] for result in (one, whole)]
    table = np.zeros([len(some) for some in names])
    for a, b in zip(one.rows, whole.rows, strict=True):
        if a.how != "undecided":
            table[names[0].index(a.cluster), names[1].index(b.cluster)] += 1
    rows, columns = linear_sum_assignment(table[1:, 1:], maximize=True)
    return float((table[1:, 1:][rows, columns].sum() + table[0, 0]) / len(one.rows))  # no cluster in both is the same


def compared(name: str, gallery: Gallery, params: Params, models: Models, shares: Sequence[float], seeds: int) -> None:
    """A line of the table for each share."""
    whole, all_questions = asked(gallery, params, models, 0)
    best = whole.agreement.accuracy if whole.agreement else float("nan")
    for share in shares:
        found = [asked(gallery, replace(params, share=share), models, seed) for seed in range(seeds)]
        results = [result for result, _ in found]
        economies = [result.economy for result in results if result.economy]
        true = np.array([matched(result, whole) for result in results])
        held = sum(e.low - 1e-9 <= t <= e.high + 1e-9 for e, t in zip(economies, true, strict=True))
        labels = np.array([r.agreement.accuracy if r.agreement else float("nan") for r in results])
        questions = np.mean([n for _, n in found])
        print(
            f"| {name:<28} | {share:.2f} | {np.mean([e.described for e in economies]):.0f} of {len(gallery)} "
            f"| {questions:.0f} of {all_questions} | {questions / all_questions:.1%} "
            f"| {labels.mean():.3f} (lowest {labels.min():.3f}) of {best:.3f} | {100 * (best - labels.mean()):.1f} "
            f"| {true.mean():.3f} | {np.mean([e.agreement for e in economies]):.3f} "
            f"| {np.mean([e.high - e.low for e in economies]):.3f} | {held} of {seeds} |",
            flush=True,
        )


@dataclass(frozen=True)
class Recorded:
    """Vision that says what was recorded, by the picture's hash."""

    captions: Mapping[str, str]

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """The recorded captions."""
        for i, request in enumerate(requests):
            check()
            yield i, Reply(self.captions[request.pictures[0].hash])


def postcards(home: Path, seeds: int) -> None:
    """The gallery that ships with the program, four criteria."""
    settings = Settings(home=home)
    gallery = open_folder(POSTCARDS, settings, "place")
    spec = specs("bundled", settings, gallery.root)
    with closing(Store(home)) as store:
        vision = Remembered(spec["vision"], lambda: load_model("vision", spec["vision"], settings), store, Progress())
        ask = {"criterion": "place", "look_at": "", "ignore": ""}
        said = {gallery.pictures[i].hash: answer for i, answer in vision.each(DESCRIBE, ask, gallery.pictures)}
    captions = {key: answer["description"] for key, answer in said.items() if isinstance(answer, dict)}
    models = Models(
        (spec["vision"], lambda: Recorded(captions)),
        (spec["chat"], lambda: load_model("chat", spec["chat"], settings)),
        Embedder(spec["matcher"], "matcher", settings, Progress()),
    )
    for criterion, labels in (
        ("place", "place"),
        ("subject", "subject"),
        ("colour", "colour"),
        ("time of day", "time"),
    ):
        named = open_folder(POSTCARDS, settings, labels)
        compared(f"Postcards, {criterion}", named, Params(Criterion(criterion)), models, (0.28, 0.1), seeds)


def cifar(home: Path, seeds: int) -> None:
    """Photos that no model here knows."""
    with replay(0) as url:
        settings = Settings(home=home, endpoint=Endpoint(f"{url}/v1", "", "recorded", "recorded"))
        gallery = open_folder(SHARED / "data" / "cifar10" / "images", settings)
        spec = specs("endpoint", settings, gallery.root)
        vision, chat = spec["vision"], spec["chat"]
        models = Models(
            (vision, lambda: load_model("vision", vision, settings)),
            (chat, lambda: load_model("chat", chat, settings)),
            Embedder(PIXELS, "embedder", settings, Progress()),
        )
        compared(
            "CIFAR-10, object, K = 10",
            gallery,
            Params(Criterion("object"), "10"),
            models,
            (0.1, 0.3, 0.5, 0.8, 0.95),
            seeds,
        )


@dataclass(frozen=True)
class Planted:
    """Vision, chat and likeness about pictures that are numbers: their kind, and a blurred vector."""

    kinds: Mapping[str, int]
    vectors: Mapping[str, np.ndarray]
    spec: ModelSpec = ModelSpec("fake", "planted")  # noqa: RUF009

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Kind, name and place as planted."""
        check()
        for i, request in enumerate(requests):
            yield i, Reply(json.dumps(self._said(request)))

    ask = describe

    def _said(self, request: Request) -> dict[str, Any]:
        if request.task == "describe":
            kind = f"kind {self.kinds[request.pictures[0].hash]:02}"
            return {"answers": [{"item": 0, "description": f"A {kind}.", "label": kind}]}
        if request.task == "name_clusters":
            return {"clusters": [{"name": name, "members": [name]} for name in request.payload["labels"]]}
        names = request.payload["names"]
        where = lambda text: next((i for i, name in enumerate(names) if name in text), None)  # noqa: E731
        return {"answers": [{"item": t["item"], "cluster": where(t["text"])} for t in request.payload["items"]]}

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """The planted vectors."""
        vectors = np.array([self.vectors[p.hash] for p in pictures], np.float32)
        return Embedded(vectors, np.arange(len(pictures)), {})

    def known(self, pictures: Sequence[Picture]) -> tuple[int, int]:
        """All of them."""
        return len(pictures), len(pictures)


def planted(seeds: int, n: int = 600) -> None:
    """Eight kinds of uneven size; a tenth of the pictures look like another kind than they are said to be."""
    for name, noise in (("well", 0.15), ("badly", 0.4), ("hardly", 1.0)):
        found = [_planted(n, noise, seed) for seed in range(seeds)]
        held = [sum(e.low - 1e-9 <= true[i] <= e.high + 1e-9 for e, true in found) for i in (0, 1)]
        mean = lambda values: f"{np.mean(list(values)):.3f}"  # noqa: E731
        print(
            f"| planted, told apart {name:<8} | 0.25 | {np.mean([e.described for e, _ in found]):.0f} of {n} | | | | "
            f"| {mean(true[0] for _, true in found)} (same names: {mean(true[1] for _, true in found)}) "
            f"| {mean(e.agreement for e, _ in found)} | {mean(e.high - e.low for e, _ in found)} "
            f"| {held[0]} of {seeds} (same names: {held[1]}) |",
            flush=True,
        )


def _planted(n: int, noise: float, seed: int) -> tuple[Economy, tuple[float, float]]:
    rng = np.random.default_rng([seed, n])
    kinds = rng.choice(8, n, p=np.arange(1, 9) / 36)
    looks = np.where(rng.random(n) < 0.1, rng.integers(8, size=n), kinds)
    keys = [rng.bytes(32).hex() for _ in range(n)]
    vectors = np.eye(8)[looks] + noise * rng.standard_normal((n, 8))
    fake = Planted(dict(zip(keys, kinds.tolist(), strict=True)), dict(zip(keys, vectors, strict=True)))
    gallery = Gallery("", "planted", "none", [Picture(f"{i:04}.png", key, 16, 16, "") for i, key in enumerate(keys)])
    one = (fake.spec, lambda: fake)
    whole, part = (
        asked(gallery, Params(Criterion("kind"), share=s), Models(one, one, fake), seed)[0] for s in (1, 0.25)
    )
    assert part.economy
    names = {one.name for one in part.clusters}
    due = [name if (name := f"kind {kind:02}") in names else "" for kind in kinds]
    same = [row.cluster == cluster and row.how != "undecided" for row, cluster in zip(part.rows, due, strict=True)]
    return part.economy, (matched(part, whole), float(np.mean(same)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--planted", type=int, default=200)
    parser.add_argument("--only", choices=("postcards", "cifar", "planted"))
    said = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}; {said.seeds} seeds\n")
    print(HEAD)
    print("|---" * 11 + "|")
    with tempfile.TemporaryDirectory() as home:
        if said.only in (None, "postcards"):
            postcards(Path(home), said.seeds)
        if said.only in (None, "cifar") and SHARED.is_dir():
            cifar(Path(home), said.seeds)
    if said.only in (None, "planted"):
        planted(said.planted)


if __name__ == "__main__":
    main()
