"""Keywords, the chat role without a model: how far its clusters agree with the truth, through the real analysis.

The descriptions are recordings of real models and captions of people; the picture model is a stub that plays them
back. The word list was tuned looking at every second description only; the table says both halves. GPT-4's figure
is the one recorded with IC|TC.

    python -m benchmarks.keywords [--labels]
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.analyses.clusters import Criterion, Params, Result, run
from engine.gallery import Unread
from engine.models.keywords import Keywords
from engine.models.keywords.labels import labels
from engine.models.roles import Check, ModelSpec, Reply, Request
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.store.answers import Store

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
TEXTS_A_SECOND = 10_000


@dataclass(frozen=True)
class Described:
    """A picture that nobody opens: a name, what was said of it, its label."""

    name: str
    text: str
    label: str

    @property
    def hash(self) -> str:
        """Names the picture's answers."""
        return hashlib.sha256(self.name.encode()).hexdigest()


@dataclass(frozen=True)
class Recorded:
    """The vision role: says again what was said, as prose."""

    spec: ModelSpec

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """One recorded description a request."""
        for i, request in enumerate(requests):
            check()
            yield i, Reply(request.pictures[0].text)  # pyright: ignore[reportAttributeAccessIssue]


@dataclass(frozen=True)
class Rows:
    """What the analysis needs of a gallery."""

    pictures: Sequence[Described]
    unread: Sequence[Unread] = ()


def clustered(pictures: Sequence[Described], criterion: str, k: str) -> Result:
    """One run in a fresh store."""
    vision, chat = ModelSpec("recorded", "recorded", options={"json": False}), ModelSpec("keywords", "keywords")
    with tempfile.TemporaryDirectory() as home:
        store, progress = Store(Path(home)), Progress()
        gallery: Any = Rows(pictures)
        return run(
            gallery,
            Params(Criterion(criterion), k=k),
            vision=Remembered(vision, lambda: Recorded(vision), store, progress),  # pyright: ignore[reportArgumentType]
            chat=Remembered(chat, lambda: Keywords(chat), store, progress),
            progress=progress,
            seed=0,
        )


def cifar() -> list[Described]:
    """1,000 descriptions by LLaVA-13B of CIFAR-10 pictures; the truth is the folder."""
    lines = (DATA / "cifar10" / "records.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [Described(r["file"], r["description"], r["file"].split("/")[1]) for r in rows]


def cifar_joined() -> list[Described]:
    """The same with the ten truths joined to five as somebody joined GPT-4's ten names (tree.json)."""
    kinds = {"automobile": "car", "ship": "boat"}
    joined: dict[str, str] = {}
    for one, other, name in json.loads((DATA / "cifar10" / "tree.json").read_text())[:5]:
        joined |= {one: name, other: name}
    return [Described(p.name, p.text, joined[kinds.get(p.label, p.label)]) for p in cifar()]


def cifar_halved() -> list[Described]:
    """The same with the ten truths joined to two."""
    vehicles = ("airplane", "automobile", "ship", "truck")
    return [Described(p.name, p.text, "vehicle" if p.label in vehicles else "animal") for p in cifar()]


def metashift() -> list[Described]:
    """2,276 descriptions by LLaVA-1.5 of cats and dogs; the truth is indoor or outdoor."""
    with (DATA / "metashift" / "descriptions.csv").open(newline="") as file:
        return [Described(r["file"], r["description"], r["context"]) for r in csv.DictReader(file)]


def metashift_animals() -> list[Described]:
    """The same; the truth is cat or dog."""
    with (DATA / "metashift" / "descriptions.csv").open(newline="") as file:
        return [Described(r["file"], r["description"], r["label"]) for r in csv.DictReader(file)]


def coco() -> list[Described]:
    """The first human caption of 154 COCO pictures; no truth."""
    with (DATA / "coco_mini" / "records.csv").open(newline="") as file:
        return [Described(r["file"], r["caption_1"], "") for r in csv.DictReader(file)]


def postcards(factor: str) -> Callable[[], list[Described]]:
    """1,000 captions of the Postcards' grammar; the truth is one of its factors."""

    def made() -> list[Described]:
        from assets.make.grammar import full_caption
        from assets.make.scene import FACTORS, Scene

        rng, rows = random.Random(7), []
        for i in range(1000):
            chosen: dict[str, Any] = {name: rng.choice(list(able)) for name, able in FACTORS.items()}
            scene = Scene(**chosen, seed=i)
            rows.append(Described(f"{i}.png", full_caption(scene, rng).text, str(chosen[factor])))
        return rows

    return made


CASES: tuple[tuple[str, Callable[[], list[Described]], str, str, str], ...] = (
    ("CIFAR-10, LLaVA", cifar, "object", "10", "GPT-4 .906; goal .80"),
    ("CIFAR-10, LLaVA", cifar_joined, "object", "5", "truth joined in pairs; nested in K = 10"),
    ("CIFAR-10, LLaVA", cifar, "object", "auto", ""),
    ("CIFAR-10, LLaVA", cifar_halved, "animal or vehicle", "auto", "truth joined in two"),
    ("MetaShift, LLaVA", metashift_animals, "animal", "auto", "truth cat or dog; animals beside them count as wrong"),
    ("MetaShift, LLaVA", metashift, "place: indoor or outdoor", "2", "goal .80"),
    ("MetaShift, LLaVA", metashift, "place: indoor or outdoor", "auto", "goal .80"),
    *(
        ("Postcards' captions", postcards(f), c, "auto", "goal .95")
        for f, c in (
            ("place", "place"),
            ("subject", "subject"),
            ("colour", "colour"),
            ("time", "time of day"),
            ("count", "count"),
        )
    ),
    ("COCO, people", coco, "place", "auto", "no truth"),
    ("COCO, people", coco, "animal", "auto", "no truth"),
    ("COCO, people", coco, "activity", "auto", "no truth"),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", action="store_true", help="also print the clusters and their labels")
    said = parser.parse_args()
    print("| texts | criterion | K | n | agreement | tuned half | other half | clusters | unassigned | seconds | |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, read, criterion, k, note in CASES:
        try:
            pictures = read()
        except (OSError, ImportError) as problem:
            print(f"| {name} | {criterion} | {k} | not here: {type(problem).__name__} |||||||")
            continue
        began = time.perf_counter()
        result = clustered(pictures, criterion, k)
        seconds = time.perf_counter() - began
        unassigned = sum(not row.cluster for row in result.rows)
        parts = _figures(result)
        print(
            f"| {name} | {criterion} | {k} | {len(pictures):,} | {' | '.join(parts)} | {len(result.clusters)} |"
            f" {unassigned} | {seconds:.1f} | {note} |"
        )
        if said.labels:
            for cluster in result.clusters:
                print(
                    f"    {cluster.name} {cluster.size}: {dict(Counter(cluster.labels).most_common(12))}", cluster.parts
                )
    _speed()


def _figures(result: Result) -> list[str]:
    """Agreement of all, of the half looked at while tuning (every second one), and of the other."""
    from engine.analyses.clusters.agreement import agreement

    if result.agreement is None:
        return ["", "", ""]
    names, found = [c.name for c in result.clusters], [f"{result.agreement.accuracy:.3f}"]
    for half in (result.rows[0::2], result.rows[1::2]):
        part = agreement([r.label for r in half], [r.cluster for r in half], names, 0)
        found.append(f"{part.accuracy:.3f}" if part else "")
    return found


def _speed() -> None:
    from assets.make.grammar import full_caption  # noqa: F401  only to say early that it is not here

    texts = [p.text for p in postcards("place")()]
    texts = [f"{text} {i}" for i in range(5) for text in texts]
    labels(texts[:10], "subject", "", "")
    began = time.process_time()
    labels(texts, "subject", "", "")
    rate = len(texts) / (time.process_time() - began)
    print(f"\n{rate:,.0f} captions labelled a second of one core (goal {TEXTS_A_SECOND:,})")


if __name__ == "__main__":
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    main()
