"""From vectors to the whole result, one step after the other: what runs, scripts and the command line share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.analyses.diversity import doubt, duplicates, figures, published
from engine.analyses.diversity.coreset import at_random, coreset, curve
from engine.analyses.diversity.directions import leading
from engine.analyses.diversity.result import Adds, Coreset, Duplicates, Further, Params, Part, Result
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.spectrum import Moments, eigenvalues, moments, unit_rows
from engine.errors import RunError, SettingsError
from engine.gallery import columns
from engine.models.checkpoints import Known
from engine.progress import Progress

NOBODY = "a model that nobody named"
_LEAST = 10  # pictures below which a part is not compared with others
_SHOWN = 24  # pictures that add most, and least
_DRAWS = 20  # core-sets at random
_FIRST = (1, 2, 5, 10, 20, 50, 100, 200)


def tell(
    vectors: np.ndarray, rows: Rows, params: Params, model: str, known: Known | None, seed: int, progress: Progress
) -> Result:
    """How diverse these vectors are.

    Args:
        vectors: (n, d); rows that hold no numbers are named and left out.
        rows: whose they are.
        params: what is asked.
        model: whose vectors they are, for people.
        known: the checkpoint that made them, if it is known.
        seed: of all that is drawn.
        progress: told of every step.

    Raises:
        RunError: fewer than two vectors. SettingsError: a column that is not there, or a core-set of none. Stopped:
            `progress` said so.
    """
    found = moments(vectors)
    if found.n < 2:
        raise RunError(f"Only {found.n} of {len(vectors)} vectors can be used.", "Diversity needs two pictures.")
    if found.left_out:
        vectors, rows, dropped = _without_them(vectors, rows, found.left_out)
    else:
        dropped = []
    parts = rows.parts(params.by, params.groups)  # a column that is not there is said before all the work
    weights = _weights(rows, params)
    if params.coreset and len(set(rows.places(params.left_out))) == rows.n:
        raise SettingsError("All pictures are left out of the core-set.", "Leave some in, or ask for none.")
    is_sscd = bool(known and known.is_sscd and vectors.shape[1] == published.DIMENSION)
    progress.start("asking what each picture adds", 0)
    without = doubt.leave_one_out(vectors)
    values = eigenvalues(found.scatter, found.n)
    whole = doubt.told(values, found.n, without)
    about_zero = eigenvalues(found.about_zero, found.n, centred=False)
    rarefaction, gaussian = _rarefied(vectors, whole, np.random.default_rng([seed, 1]), progress)
    adds = whole.effective_rank.value - without.effective_rank
    told = _duplicates(vectors, rows, parts, params, known, seed, progress)
    return Result(
        model=model,
        is_sscd=is_sscd,
        band=published.band(whole.score.value) if is_sscd else "",
        whole=whole,
        uncentred=doubt.told(about_zero, found.n),
        eigenvalues=_plain(values),
        uncentred_eigenvalues=_plain(about_zero),
        further=_further(vectors, found, values),
        rarefaction=rarefaction,
        gaussian=gaussian,
        parts=_parts(vectors, parts, params, np.random.default_rng([seed, 3]), progress),
        axes=leading(vectors, found, rows),
        adds_most=_adds(adds, rows, np.argsort(-adds, kind="stable")),
        adds_least=_adds(adds, rows, np.argsort(adds, kind="stable")),
        duplicates=told,
        coreset=_coreset(vectors, rows, params, weights, seed, progress),
        notes=tuple(_notes(whole, dropped, known, model, told)),
    )


def _without_them(vectors: np.ndarray, rows: Rows, left_out: Sequence[int]) -> tuple[np.ndarray, Rows, list[str]]:
    """Vectors and rows that hold numbers, and the names of the others."""
    kept = np.setdiff1d(np.arange(len(vectors)), left_out)
    return vectors[kept], rows.only(kept), [rows.names[i] for i in left_out]


def _further(vectors: np.ndarray, found: Moments, values: np.ndarray) -> Further:
    """Vendi's kernel has the eigenvalues of the Gram matrix of unit vectors, which is the smaller one of the two."""
    unit = moments(vectors, unit=True)
    kernel = eigenvalues(unit.about_zero, unit.n, centred=False)
    one, two, most = (figures.hill(kernel, order) for order in (1, 2, math.inf))
    sums = np.cumsum(figures.shares(values))
    square = float(np.trace(found.about_zero))
    return Further(
        vendi=(one, two, most),
        log_determinant=figures.log_determinant(values),
        isotropy=figures.isotropy(values),
        mean_share=float(found.mean @ found.mean) * found.n / square if square > 0 else 0.0,
        first={k: float(sums[k - 1]) for k in _FIRST if k <= len(sums)},
    )


def _rarefied(
    vectors: np.ndarray, whole: doubt.Figures, rng: np.random.Generator, progress: Progress
) -> tuple[tuple[doubt.Figures, ...], tuple[doubt.Figures, ...]]:
    """Figures of fewer pictures, up to all, and of as many normal vectors."""
    sizes = doubt.sizes(whole.n)
    progress.start("asking how much depends on the number of pictures", len(sizes))
    some, normal = [], []
    for size in sizes:
        some.append(whole if size == whole.n else doubt.rarefied(vectors, size, rng, check=progress.check))
        normal.append(doubt.gaussian(size, whole.dimension, rng))
        progress.advance()
    return tuple(some), tuple(normal)


def _parts(
    vectors: np.ndarray,
    parts: dict[str, np.ndarray],
    params: Params,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[Part, ...]:
    """Each part by itself, and at the size of the smallest that is worth comparing."""
    parts = {name: rows for name, rows in parts.items() if len(rows) > 1}
    at = params.at or min((len(rows) for rows in parts.values() if len(rows) >= _LEAST), default=0)
    progress.start("comparing parts at equal size", len(parts))
    told = []
    for name, rows in parts.items():
        own = doubt.rarefied(vectors, len(rows), rng, rows)
        equal = doubt.rarefied(vectors, at, rng, rows, check=progress.check) if 1 < at <= len(rows) else None
        told.append(Part(name, own, equal, _plain(doubt.eigenvalues_of(vectors, rows))))
        progress.advance()
    return tuple(sorted(told, key=lambda p: (p.equal is None, -p.equal.score.value if p.equal else 0.0, p.name)))


def _duplicates(
    vectors: np.ndarray,
    rows: Rows,
    parts: dict[str, np.ndarray],
    params: Params,
    known: Known | None,
    seed: int,
    progress: Progress,
) -> Duplicates:
    """Near pairs; where there is a threshold also their groups, and figures of the set with one picture of each."""
    own = known.threshold if known else None
    threshold = own if params.threshold is None else params.threshold
    is_own = params.threshold is None and own is not None
    told = duplicates.find(vectors, rows, parts, threshold, is_own, seed, progress)
    if threshold is None:
        return told
    groups = duplicates.grouped(told, threshold)
    dropped = rows.places([name for group in groups for name in group.files[1:]])
    kept = np.setdiff1d(np.arange(rows.n), dropped)
    progress.start("asking what is left without duplicates", 0)
    without = doubt.rarefied(vectors, len(kept), np.random.default_rng(seed), kept) if dropped else None
    return replace(told, groups=groups, without=without if len(kept) > 1 else None)


def _adds(adds: np.ndarray, rows: Rows, order: np.ndarray) -> tuple[Adds, ...]:
    return tuple(Adds(rows.names[i], float(adds[i])) for i in order[:_SHOWN].tolist())


def _coreset(
    vectors: np.ndarray, rows: Rows, params: Params, weights: np.ndarray | None, seed: int, progress: Progress
) -> Coreset | None:
    if not params.coreset:
        return None
    unit = unit_rows(np.asarray(vectors, np.float32))
    chosen = coreset(
        unit,
        params.coreset,
        params.method,
        weights=weights,
        labels=rows.labels if params.balanced else None,
        pinned=rows.places(params.pinned),
        left_out=rows.places(params.left_out),
        seed=seed,
        progress=progress,
    )
    progress.start("choosing at random, to compare", 0)
    drawn = at_random(
        unit, len(chosen), draws=_DRAWS, seed=seed, left_out=rows.places(params.left_out), check=progress.check
    )
    files = tuple(rows.names[i] for i in chosen)
    return Coreset(params.method, files, tuple(curve(unit, chosen, seed)), tuple(drawn), _DRAWS)


def _weights(rows: Rows, params: Params) -> np.ndarray | None:
    if not params.weights:
        return None
    values = rows.column(params.weights)
    if not columns.is_number(values) or not (values[values == values] > 0).all():
        raise SettingsError(
            f"The column {params.weights!r} holds no weights.", "A weight is a number above 0 for each picture."
        )
    return np.where(values == values, values, 1.0)


def _notes(
    whole: doubt.Figures, dropped: Sequence[str], known: Known | None, model: str, told: Duplicates
) -> Iterator[str]:
    if dropped:
        few = ", ".join(dropped[:5]) + (", ..." if len(dropped) > 5 else "")
        yield f"{len(dropped):,} vectors hold no numbers and are left out: {few}."
    if not whole.effective_rank.value:
        yield "All pictures have the same vector: there is no diversity, and the score is 0."
    elif whole.n <= whole.dimension:
        yield (
            f"{whole.n:,} pictures span at most {whole.rank:,} of {whole.dimension:,} directions, so the score cannot "
            f"exceed {whole.rank / whole.dimension:.3f}: compare it with sets of as many pictures only."
        )
    if model == NOBODY:
        yield "Nobody said whose vectors these are: published figures and bands hold for SSCD's only and are not shown."
    elif not (known and known.is_sscd):
        yield f"{model} is not SSCD: published figures and bands hold for SSCD's vectors only and are not shown."
    elif whole.dimension != published.DIMENSION:
        yield f"Published figures hold for {published.DIMENSION} numbers a picture, and these have {whole.dimension}."
    if told.threshold is None:
        yield "Nobody has said from which cosine on this model's vectors mean duplicates: look at pairs and choose one."
    elif told.floor > told.threshold:
        yield f"There are very many near pairs: only those from a cosine of {told.floor:.3f} on are listed and grouped."


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{value:.7g}") for value in values)
