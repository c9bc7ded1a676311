"""Two diversity runs side by side: figures at equal size, near duplicates that came and went, two core-sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.analyses.diversity.doubt import Figure, Figures
from engine.analyses.diversity.result import Result
from engine.analyses.matching import Both, Twins, joined

FIGURES = ("score", "effective_rank", "participation_ratio")


@dataclass(frozen=True)
class Diff:
    """What differs.

    Args:
        models: whose vectors; figures of other models' vectors are other figures.
        whole: of all pictures of each.
        equal: at the largest number of pictures that both were measured at; None where there is none.
        pairs: near pairs (from each run's own threshold on) of pictures that both looked at: in both, only in A, only
            in B.
        gone: pairs that only A has, by A's names.
        new: pairs that only B has, by B's names.
        coresets: pictures in both core-sets, and in one, whether or not the other run looked at them; None where one
            has none.
    """

    models: tuple[str, str]
    whole: tuple[Figures, Figures]
    equal: tuple[Figures, Figures] | None
    pairs: Both
    gone: tuple[tuple[str, str], ...]
    new: tuple[tuple[str, str], ...]
    coresets: Both | None

    @property
    def is_comparable(self) -> bool:
        """Whether both come from the same model."""
        return self.models[0] == self.models[1]


def diff(a: Result, b: Result, twins: Twins = None) -> Diff:
    """Set two results side by side.

    Args:
        a: the first.
        b: the second.
        twins: B's names of A's pictures that both looked at; None: all by their names.
    """
    at = {f.n: f for f in b.rarefaction}
    sizes = [f for f in a.rarefaction if f.n in at]
    most = max(sizes, key=lambda f: f.n, default=None)
    mine, theirs = _near(a, twins), _near(b, None if twins is None else {name: "" for name in twins.values()})
    called = {pair: frozenset(pair if twins is None else (twins[name] for name in pair)) for pair in mine}
    shared = set(called.values()) & theirs
    cores = None
    if a.coreset and b.coreset:
        cores = joined(dict.fromkeys(a.coreset.files, 1), dict.fromkeys(b.coreset.files, 1), twins)[1]
    gone = sorted(tuple(sorted(pair)) for pair, name in called.items() if name not in shared)
    new = sorted(tuple(sorted(pair)) for pair in theirs - shared)
    return Diff(
        (a.model, b.model),
        (a.whole, b.whole),
        (most, at[most.n]) if most else None,
        Both(len(shared), len(gone), len(new)),
        tuple((x, y) for x, y in gone),
        tuple((x, y) for x, y in new),
        cores,
    )


def lines(one: Diff) -> Iterator[str]:
    """What to print, line by line."""
    if not one.is_comparable:
        yield f"vectors of {one.models[0]} in A, of {one.models[1]} in B: figures of other models are other figures"
    for title, pair in (("all pictures", one.whole), ("at equal size", one.equal)):
        if pair:
            sizes = " and ".join(f"{n:,}" for n in dict.fromkeys(f.n for f in pair))
            yield f"{title} ({sizes})"
            for name in FIGURES:
                a, b = (getattr(f, name) for f in pair)
                yield f"  {name.replace('_', ' '):<20} {_said(a)} -> {_said(b)}"
    p = one.pairs
    yield f"near pairs: {p.both:,} in both, {p.only_a:,} only in A, {p.only_b:,} only in B"
    if c := one.coresets:
        yield f"core-sets: {c.both:,} pictures in both, {c.only_a:,} only in A, {c.only_b:,} only in B"


def tables(one: Diff) -> dict[str, list[dict[str, Any]]]:
    """The same as tables, by the name of their CSV file."""
    figures = [
        {"of": of, "run": which, "n": f.n} | {name: getattr(f, name).value for name in FIGURES}
        for of, pair in (("all", one.whole), ("equal size", one.equal))
        if pair
        for which, f in zip(("a", "b"), pair, strict=True)
    ]
    pairs = [
        {"what": what, "file": x, "other": y} for what, some in (("gone", one.gone), ("new", one.new)) for x, y in some
    ]
    return {"figures": figures, "pairs": pairs}


def _near(result: Result, among: Twins) -> set[frozenset[str]]:
    """Pairs from the run's threshold on, of pictures among these."""
    d = result.duplicates
    if d.threshold is None:
        return set()
    return {
        frozenset((d.files[i], d.files[j]))
        for i, j, cosine in zip(d.first, d.second, d.cosine, strict=True)
        if cosine >= d.threshold and (among is None or (d.files[i] in among and d.files[j] in among))
    }


def _said(figure: Figure) -> str:
    interval = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    return f"{figure.value:.4g}{interval}"
