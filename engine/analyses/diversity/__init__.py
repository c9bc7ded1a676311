"""How diverse a set is: the spectrum of its vectors, near duplicates, and a core-set that stands for all.

After the visual diversity of FineVision's data set study (visual-diversity-evaluation): SSCD descriptors (Pizzi et al.,
CVPR 2022), the eigenvalues of their covariance, and sqrt(ER/d * PR/d) of effective rank and participation ratio. Where
we depart: vectors are streamed and exact (spectrum.py); every figure has an interval, and sets are compared at equal
size (doubt.py); directions, pictures and duplicates behind the figures are shown; unreadable pictures are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from engine.analyses.diversity.doubt import Figure, Figures
from engine.analyses.diversity.result import (
    Adds,
    Axis,
    Coreset,
    Duplicates,
    Further,
    Group,
    Params,
    Part,
    Result,
)
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.telling import NOBODY, tell
from engine.analyses.estimating import Estimate, RoleEstimate
from engine.errors import RunError
from engine.gallery import Gallery, Picture, Unread
from engine.models.checkpoints import known
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.embeddings import Embedded

NAME, VERSION, ROLES = "diversity", 1, ("embedder",)
TASKS: tuple[str, ...] = ()  # it asks no questions in words
_SECONDS_A_PICTURE = 0.02  # decoding and the bundled embedder, where nothing was measured
_SECONDS = 5.0  # for the figures of some thousand pictures

__all__ = [
    "Adds",
    "Axis",
    "Coreset",
    "Duplicates",
    "Figure",
    "Figures",
    "Further",
    "Group",
    "Params",
    "Part",
    "Result",
    "estimate",
    "of_vectors",
    "run",
    "tables",
]


class Embedder(Protocol):
    """Gives each picture a vector, and remembers it."""

    @property
    def spec(self) -> ModelSpec:
        """Whose vectors they are."""
        ...

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """Vectors of pictures."""
        ...

    def known(self, pictures: Sequence[Picture]) -> tuple[int, int]:
        """How many different pictures there are, and how many of them have a vector already."""
        ...


def run(gallery: Gallery, params: Params, *, embedder: Embedder, progress: Progress, seed: int) -> Result:
    """Embed, then tell.

    Args:
        gallery: the pictures, at least two.
        params: threshold, parts to compare, core-set.
        embedder: gives vectors.
        progress: told of every step.
        seed: of samples and draws.

    Raises:
        RunError: fewer than two pictures could be read. SettingsError: a column that is not there. ModelError, Stopped,
            StoreError as the embedder does.
    """
    found = embedder.embed(gallery.pictures)
    unread = [Unread(gallery.pictures[i].name, why) for i, why in sorted(found.unread.items())]
    if len(found.places) < 2:
        why = f" The most common reason: {Counter(u.reason for u in unread).most_common(1)[0][0]}." if unread else ""
        raise RunError(
            f"Only {len(found.places)} of {len(gallery)} pictures has a vector.{why}", "Choose more pictures."
        )
    some = gallery.pictures
    if len(found.places) < len(gallery):
        some = [gallery.pictures[i] for i in found.places.tolist()]
    rows = Rows(len(found.places), replace(gallery, pictures=some))
    spec = embedder.spec
    checkpoint = known(spec.name, str(spec.options.get("sha256", "")))
    told = tell(found.vectors, rows, params, spec.label, checkpoint, seed, progress)
    return replace(told, unread=(*gallery.unread, *unread))


def of_vectors(
    vectors: np.ndarray,
    params: Params | None = None,
    names: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """The same of vectors alone, (n, d); their names are their numbers from 0 where none are given.

    Raises:
        RunError: fewer than two rows of numbers, or no table of numbers.
    """
    if vectors.ndim != 2 or not vectors.shape[1] or vectors.dtype.kind not in "fiu":
        raise RunError(
            f"These are no vectors: {vectors.dtype} of shape {vectors.shape}.", "Give numbers, a row a vector."
        )
    if vectors.dtype.kind != "f":
        vectors = vectors.astype(np.float32)
    rows = Rows(len(vectors), None, tuple(names))
    return tell(vectors, rows, params or Params(), NOBODY, None, seed, progress or Progress())


def estimate(gallery: Gallery, params: Params, *, embedder: Embedder, progress: Progress) -> Estimate:
    """Pictures that have no vector yet, and the time for them and for the figures; guessed, not measured."""
    del progress
    distinct, had = embedder.known(gallery.pictures)
    n = len(gallery)
    figures = _SECONDS + 2e-4 * n + 1e-9 * n * n + 1e-6 * n * params.coreset
    seconds = (distinct - had) * _SECONDS_A_PICTURE + figures
    return Estimate(n, (RoleEstimate("embedder", embedder.spec, distinct - had, had, 0, 0, seconds, measured=False),))


def tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """The result as tables, by the name of their CSV file."""
    told = {"diversity": _figures(result), "spectrum": _spectrum(result), "duplicates": _duplicates(result)}
    if result.coreset:
        labels = [{"file": file, "rank": i} for i, file in enumerate(result.coreset.files, 1)]
        told["coreset"] = labels
    return told


def _figures(result: Result) -> list[dict[str, Any]]:
    """One row a set: the whole, the whole not centred and without duplicates, each part by itself and at equal size."""
    rows = [_row("everything", "all", result.whole), _row("everything", "not centred", result.uncentred)]
    if result.duplicates.without:
        rows.append(_row("everything", "without duplicates", result.duplicates.without))
    rows += [_row("everything", "at random", some) for some in result.rarefaction[:-1]]
    for part in result.parts:
        rows.append(_row(part.name, "all", part.own))
        if part.equal:
            rows.append(_row(part.name, "at equal size", part.equal))
    return rows


def _row(name: str, which: str, f: Figures) -> dict[str, Any]:
    said: dict[str, Any] = {"set": name, "which": which, "n": f.n, "dimension": f.dimension}
    for figure in ("effective_rank", "participation_ratio", "score"):
        value: Figure = getattr(f, figure)
        said |= {figure: value.value, f"{figure}_low": value.low, f"{figure}_high": value.high}
    return said


def _spectrum(result: Result) -> list[dict[str, Any]]:
    total, summed, rows = sum(result.eigenvalues) or 1.0, 0.0, []
    for i, (value, other) in enumerate(zip(result.eigenvalues, result.uncentred_eigenvalues, strict=True), 1):
        summed += value
        rows.append(
            {
                "axis": i,
                "eigenvalue": value,
                "share": value / total,
                "cumulative": summed / total,
                "uncentred_eigenvalue": other,
            }
        )
    return rows


def _duplicates(result: Result) -> list[dict[str, Any]]:
    return [
        {"file": file, "group": k, "keep": "yes" if i == 0 else "no", "exact": "yes" if group.is_exact else "no"}
        for k, group in enumerate(result.duplicates.groups, 1)
        for i, file in enumerate(group.files)
    ]
