"""Differences: null splits, planted pairs of Postcards, speed. Offline, by the bundled models.

python -m benchmarks.differences [--nulls 200] [--seeds 3] [--judge]

A statement is right (strict) if it names what was planted on its side, in any wording of the Postcards' grammar, and
nothing of another kind; half right if it names that and more. What metadata say is not counted: there the truth stands.
With --judge the connected endpoint's chat model grades instead.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assets.make import grammar
from engine.analyses import differences
from engine.analyses.differences import Comparison, Params, Side, explored, proposing, statistics
from engine.analyses.differences.judging import grade
from engine.analyses.differences.result import PROPOSERS
from engine.analyses.differences.scoring import ByMatcher
from engine.analyses.differences.wording import content
from engine.analyses.shares import wilson
from engine.gallery import Gallery, Picture, columns, open_folder
from engine.jobs.asking import askers, helpers
from engine.models import profiles
from engine.models.profiles import POSTCARDS
from engine.progress import Progress
from engine.settings import Settings, load
from engine.steps.answers import Remembered
from engine.steps.tasks import DESCRIBE
from engine.store.answers import Store

FACTORS = ("place", "subject", "colour", "time", "count")


def wordings(factor: str, value: str) -> set[str]:
    """The words that say so, in the grammar that wrote the captions, and the value itself."""
    said = {
        "place": lambda: [words for _, words in grammar.PLACE_WORDS[value]],
        "subject": lambda: [word for pair in grammar.SUBJECT_WORDS[value] for word in pair],
        "colour": lambda: grammar.COLOUR_WORDS[value],
        "time": lambda: grammar.TIME_WORDS[value],
        "count": lambda: grammar.COUNT_WORDS[int(value)],
    }[factor]()
    return set().union(*(content(text) for text in (*said, value)))


@dataclass(frozen=True)
class Truth:
    """What was planted: a factor with its value on each side (empty: nothing on that side)."""

    factor: str
    a: str
    b: str = ""

    def grade(self, statement: str, direction: str, values: dict[str, list[str]]) -> float:
        """1 where a statement says it, .5 where it says more, 0 elsewhere."""
        value, words = (self.a if direction == "a" else self.b), content(statement)
        if not value or not words & wordings(self.factor, value):
            return 0.0
        others = {w for f in FACTORS if f != self.factor for v in values[f] for w in wordings(f, v)}
        return 0.5 if words & (others - wordings(self.factor, value)) else 1.0


class Bench:
    """Postcards, embedded and described once."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.gallery = open_folder(POSTCARDS, self.settings)
        specs = profiles.specs("bundled", self.settings, self.gallery.root)
        self.progress, self.store = Progress(), Store(home)
        self.models = {role: specs[role] for role in ("vision", "chat", "matcher")}
        self.asks = askers(self.models, self.settings, self.store, self.progress)
        self.asks |= helpers("differences", self.settings, self.progress)
        kinds = {f: [str(p.metadata[f]) for p in self.gallery.pictures] for f in FACTORS}
        self.column = {f: np.array(v, object) for f, v in kinds.items()}
        self.values = {f: sorted(set(v)) for f, v in kinds.items()}
        self.judged: Remembered | None = None

    def judge(self) -> None:
        """Let the endpoint's chat model grade."""
        config = load()
        spec = profiles.specs("endpoint", config, self.gallery.root)["chat"]
        self.judged = askers({"chat": spec}, replace(config, home=self.settings.home), self.store, self.progress)[
            "chat"
        ]

    def grade(self, truth: Truth, statement: str, direction: str) -> float:
        """How right a statement is."""
        if self.judged is None:
            return truth.grade(statement, direction, self.values)
        sides = (truth.a, truth.b) if direction == "a" else (truth.b, truth.a)
        told = [f"{truth.factor}: {side or 'anything else'}" for side in sides]
        return grade(self.judged, told[0], told[1], statement)

    def compared(
        self, a: Sequence[int], b: Sequence[int], seed: int, proposers: tuple[str, ...] = ("words", "concepts")
    ) -> Comparison:
        """One run's comparison; who proposes from metadata would know the truth."""
        sides = [Side(name, tuple(self.gallery.pictures[i].name for i in some)) for name, some in (("A", a), ("B", b))]
        params = Params(sides[0], sides[1], proposers=proposers)
        result = differences.run(self.gallery, params, **self.asks, progress=self.progress, seed=seed)
        return result.comparisons[0]


def pairs(bench: Bench, rng: np.random.Generator) -> Iterator[tuple[str, Truth, list[int], list[int]]]:
    """20 easy, 20 medium and 20 hard pairs of at most 60 pictures a side."""

    def drawn(mask: np.ndarray) -> list[int]:
        some = np.flatnonzero(mask)
        return rng.permutation(some)[:60].tolist()

    def two(factor: str) -> tuple[str, str]:
        one, other = rng.permutation(bench.values[factor])[:2].tolist()
        return str(one), str(other)

    c = bench.column
    for _ in range(20):
        one, other = two("place")
        yield "easy", Truth("place", one, other), drawn(c["place"] == one), drawn(c["place"] == other)
    for _ in range(20):
        one, other = two("colour")
        yield "medium", Truth("colour", one, other), drawn(c["colour"] == one), drawn(c["colour"] == other)
    for i in range(20):
        factor = ("count", "time")[i % 2]
        one, other = two(factor)
        place = rng.choice(bench.values["place"]) if factor == "time" else None
        here = (c["place"] == place) if place else np.ones(len(c["place"]), bool)
        yield "hard", Truth(factor, one, other), drawn((c[factor] == one) & here), drawn((c[factor] == other) & here)


def graded(bench: Bench, truth: Truth, said: Sequence[tuple[str, str]]) -> list[float]:
    """Grades of the first five statements with their directions."""
    return [bench.grade(truth, statement, direction) for statement, direction in said[:5]]


def accuracy(bench: Bench, seeds: int) -> None:
    """Table by proposer and ranker."""
    ways = {
        "words and concepts, ranked and tested": ("words", "concepts"),
        "words, ranked and tested": ("words",),
        "concepts, ranked and tested": ("concepts",),
    }
    grades: dict[tuple[str, str], list[list[float]]] = {}
    for seed in range(seeds):
        for kind, truth, a, b in pairs(bench, np.random.default_rng(seed)):
            for way, proposers in ways.items():
                found = bench.compared(a, b, seed, proposers=proposers).findings
                said = [(f.statement, f.direction) for f in found if f.verdict in ("confirmed", "hint")]
                grades.setdefault((way, kind), []).append(graded(bench, truth, said))
            texts = [[_caption(bench, i) for i in side] for side in (a, b)]
            said = [(p.statement, p.direction) for p in proposing.by_words(texts, "")]
            mixed = [one for two in zip(said, said[::-1], strict=True) for one in two]
            grades.setdefault(("words, not ranked", kind), []).append(graded(bench, truth, mixed))
    print(f"Accuracy on {seeds} x 60 planted pairs of at most 60 pictures a side (Wilson's 95 % interval of Acc@1):\n")
    print("| proposer and ranker | pairs | Acc@1 strict | Acc@1 | Acc@5 strict | Acc@5 |")
    print("|---|---|---|---|---|---|")
    for (way, kind), found in grades.items():
        first = [g[0] if g else 0.0 for g in found]
        best = [max(g, default=0.0) for g in found]
        strict = sum(g == 1 for g in first)
        low, high = wilson(strict, len(found))
        print(
            f"| {way} | {kind} | {strict / len(found):.2f} [{low:.2f}, {high:.2f}] | {np.mean(first):.2f} "
            f"| {np.mean([g == 1 for g in best]):.2f} | {np.mean(best):.2f} |"
        )


def _caption(bench: Bench, i: int) -> str:
    ((_, answer),) = bench.asks["vision"].each(
        DESCRIBE,
        {"criterion": "what the picture shows", "look_at": "", "ignore": ""},
        [bench.gallery.pictures[i]],
    )
    return answer["description"]


def concentrations(bench: Bench, seeds: int) -> None:
    """Recall by the share of A that shows what was planted; B does not show it."""
    print("\nA of 200 of which a share shows one place, colour, subject or time (100 at most, so A of 100 at share 1);")
    print("B of as many without it. First and among the first five: with the verdict confirmed or hint.\n")
    print("| share | pairs | first | among the first five | confirmed at all | right side | other findings confirmed |")
    print("|---|---|---|---|---|---|---|")
    for share in (1.0, 0.5, 0.2, 0.1):
        first = five = confirmed = right = others = count = 0
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            for factor in ("place", "colour", "subject", "time"):
                for value in bench.values[factor]:
                    has = np.flatnonzero(bench.column[factor] == value)
                    rest = rng.permutation(np.flatnonzero(bench.column[factor] != value))
                    n = 200 if share < 1 else min(100, len(has))
                    k = round(n * share)
                    a = [*rng.permutation(has)[:k].tolist(), *rest[: n - k].tolist()]
                    findings = bench.compared(a, rest[n - k : 2 * n - k].tolist(), seed).findings
                    truth = Truth(factor, value)
                    said = [f for f in findings if f.verdict in ("confirmed", "hint")]
                    grades = [truth.grade(f.statement, "a", bench.values) for f in said]
                    first += bool(grades) and grades[0] > 0 and said[0].direction == "a"
                    five += any(g > 0 and f.direction == "a" for g, f in zip(grades[:5], said, strict=False))
                    hits = [f for g, f in zip(grades, said, strict=True) if g > 0 and f.verdict == "confirmed"]
                    confirmed += any(f.direction == "a" for f in hits)
                    right += sum(f.direction == "a" for f in hits[:1])
                    others += sum(g == 0 and f.verdict == "confirmed" for g, f in zip(grades, said, strict=True))
                    count += 1
        named = f"{right} of {max(confirmed, right)}"
        print(f"| {share:g} | {count} | {first / count:.2f} | {five / count:.2f} | {confirmed / count:.2f} | {named} "
              f"| {others / count:.2f} a pair |")  # fmt: skip


def nulls(bench: Bench, count: int) -> None:
    """How often two samples of one set are told apart: by us, and by the reference's rule."""
    n, ours, hints, theirs, either = len(bench.gallery), 0, 0, 0, 0
    vectors = bench.asks["matcher"].embed(bench.gallery.pictures).vectors
    known = sorted(w for f in FACTORS for v in bench.values[f] for w in _plain_words(f, v))
    scores = bench.asks["matcher"].texts(known) @ vectors.T
    from scipy.stats import ttest_ind

    for i in range(count):
        order = np.random.default_rng(1000 + i).permutation(n)
        a, b = order[:100], order[100:200]
        findings = bench.compared(a.tolist(), b.tolist(), i, proposers=PROPOSERS).findings
        ours += any(f.verdict == "confirmed" for f in findings)
        hints += any(f.verdict == "hint" for f in findings)
        some = np.random.default_rng(i).permutation(len(known))[:30]
        away = [statistics.auroc(scores[k][a], scores[k][b]) for k in some]
        both = some[int(np.argmax(np.abs(np.array(away) - 0.5)))]
        best = some[int(np.argmax(away))]
        theirs += float(ttest_ind(scores[best][a], scores[best][b])[1]) < 0.05  # type: ignore[arg-type]
        either += float(ttest_ind(scores[both][a], scores[both][b])[1]) < 0.05  # type: ignore[arg-type]
    print(f"\n{count} null pairs, 100 + 100 pictures of one set, any finding called significant:\n")
    print("| rule | share of null pairs |\n|---|---|")
    low, high = wilson(ours, count)
    print(f"| ours: confirmed on the other half, corrected | {ours / count:.3f} [{low:.3f}, {high:.3f}] |")
    print(f"| ours: at least a hint | {hints / count:.3f} |")
    print(f"| the reference's: best of 30 towards A, t-test on the same pictures | {theirs / count:.3f} |")
    print(f"| the same, best of 30 in either direction | {either / count:.3f} |")


def _plain_words(factor: str, value: str) -> list[str]:
    return {
        "place": lambda: [words for _, words in grammar.PLACE_WORDS[value]],
        "subject": lambda: [one for one, _ in grammar.SUBJECT_WORDS[value]],
        "colour": lambda: list(grammar.COLOUR_WORDS[value]),
        "time": lambda: list(grammar.TIME_WORDS[value]),
        "count": lambda: list(grammar.COUNT_WORDS[int(value)]),
    }[factor]()


class _Given:
    """A matcher whose texts' vectors are at hand."""

    spec = profiles.ModelSpec("fake", "given")

    def __init__(self, texts: np.ndarray) -> None:
        self._texts = texts

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._texts[: len(texts)]


def speed() -> None:
    """Ranking, and one typed statement, over made-up vectors."""
    rng = np.random.default_rng(0)
    unit = lambda n: (x := rng.standard_normal((n, 512), np.float32)) / np.linalg.norm(x, axis=1, keepdims=True)  # noqa: E731
    many, few = unit(50_000), unit(32)
    scorer = ByMatcher(_Given(few), many[:10_000], np.arange(10_000), 10_000)
    began = time.perf_counter()
    scores = scorer.scores([str(i) for i in range(32)])
    told = [statistics.told(row[:5000].astype(float), row[5000:].astype(float)) for row in scores]
    ranked = time.perf_counter() - began
    assert len(told) == 32
    pictures = [Picture(f"{i}.jpg", f"{i:064x}", 1, 1, "/nowhere", "", {}) for i in range(50_000)]
    gallery = Gallery("/nowhere", "made up", "none", pictures, ())
    comparison = Comparison("A", "B", tuple(p.name for p in pictures), 20_000, (0, 0), (), (), 0.5, 0.5)
    _ = gallery.index, columns
    began = time.perf_counter()
    finding = explored(many @ few[0], comparison, gallery)
    typed = time.perf_counter() - began
    assert finding
    print("\n| what | seconds |\n|---|---|")
    print(f"| 32 statements x 10,000 vectors: scores, AUROC, interval, p | {ranked:.3f} |")
    print(f"| one typed statement x 50,000 vectors: scores, AUROC, interval, threshold, prevalence | {typed:.3f} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nulls", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--judge", action="store_true", help="let the endpoint's chat model grade the accuracy table")
    said = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch))
        if said.judge:
            bench.judge()
        with closing(bench.store):
            accuracy(bench, said.seeds)
            concentrations(bench, said.seeds)
            nulls(bench, said.nulls)
    speed()


if __name__ == "__main__":
    main()
