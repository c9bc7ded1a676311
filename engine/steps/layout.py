"""Where each picture lies on the map: vectors to points of the plane, so that pictures that are alike lie together.

UMAP (McInnes, Healy, Melville, 2018, arXiv 1802.03426; umap-learn) of the vectors' first principal components. We
depart from it in three ways. At most DRAWN pictures, drawn at random, are laid out; each other one is put at the
weighted mean of its nearest neighbours among them, so that a million takes minutes. It starts from the first two
components, not from eigenvectors of the neighbour graph, which take long to find where the graph falls apart. And it
runs in one thread: only so do the same vectors and seed give the same picture.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np

from engine.errors import StoreError
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.neighbours import neighbours

VERSION = 1
Method = Literal["pca", "umap"]
METHODS: tuple[Method, ...] = ("pca", "umap")  # the one that takes a second first
DRAWN = 100_000  # pictures that UMAP itself lays out
FEW = 15  # fewer pictures than UMAP looks at neighbours: their components are shown


_COMPONENTS = 50
_NEIGHBOURS = 15  # UMAP's number: a row and the 14 nearest to it
_BETWEEN = 5  # neighbours that a row is put between: more of them pull it into the empty middle


def layout(
    vectors: np.ndarray,
    seed: int = 0,
    method: Method = "umap",
    progress: Progress | None = None,
    drawn: int = DRAWN,
) -> np.ndarray:
    """Points (n, 2) float32 in [-1, 1]: the longer side of the picture fills it, the shorter one is centred.

    Args:
        vectors: (n, d), one row a picture, all finite.
        seed: of what is drawn and of UMAP; the same vectors and seed give the same points.
        method: `umap`, or `pca` for the first two principal components.
        progress: shows how far UMAP has come, and can stop it between two of its rounds.
        drawn: how many rows UMAP lays out at most.

    Raises:
        Stopped: `progress` said so.
    """
    progress = progress or Progress()
    progress.start("finding what tells pictures apart", 0)
    progress.check()
    if method == "pca" or len(vectors) < FEW:
        return scaled(pca(vectors, 2))
    parts = pca(vectors, _COMPONENTS)
    if not parts.any():  # all the same
        return scaled(parts[:, :2])
    if len(parts) <= drawn:
        return scaled(_umap(parts, seed, progress))
    rows = np.sort(np.random.default_rng(seed).choice(len(parts), drawn, replace=False))
    return scaled(_placed(parts, rows, _umap(parts[rows], seed, progress), seed, progress))


def pca(vectors: np.ndarray, k: int) -> np.ndarray:
    """The first `k` principal components (n, k) float32; those that there are none of are zero.

    Each component's sign is chosen so that its largest loading is positive: the same vectors in another order give the
    same picture.
    """
    n, d = vectors.shape
    out = np.zeros((n, k), np.float32)
    if n < 2 or not d:
        return out
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    if n <= d:
        axes = np.linalg.svd((vectors - mean).astype(np.float64), full_matrices=False)[2].T
    else:
        spread = np.zeros((d, d))
        for at in _blocks(n):
            block = (vectors[at] - mean).astype(np.float32)
            spread += block.T @ block
        axes = np.linalg.eigh(spread)[1][:, ::-1]
    axes = axes[:, :k]
    axes = (axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])).astype(np.float32)
    for at in _blocks(n):
        out[at, : axes.shape[1]] = (vectors[at] - mean).astype(np.float32) @ axes
    out[:, np.ptp(out, axis=0) < 1e-5 * np.abs(vectors).max()] = 0  # what rounding has made
    return out


def scaled(points: np.ndarray) -> np.ndarray:
    """Points moved, and shrunk alike in both directions, into [-1, 1], float32; all at 0 where they are all one."""
    if not len(points):
        return np.zeros((0, 2), np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    side = float((high - low).max())
    return np.clip((points - (low + high) / 2) * (2 / side if side else 0), -1, 1).astype(np.float32)


def spread(points: np.ndarray, places: np.ndarray, n: int) -> np.ndarray:
    """Points of a whole gallery of `n` pictures (n, 2) float32, given those at some places of it; NaN elsewhere."""
    whole = np.full((n, 2), np.nan, np.float32)
    whole[places] = points
    return whole


def path_of(home: Path, fingerprint: str, spec: ModelSpec, method: str) -> Path:
    """Where the map of a gallery's vectors is kept: float32 pairs, little-endian, in the gallery's order."""
    said = json.dumps([VERSION, fingerprint, asdict(spec), method], sort_keys=True, default=str)
    return path_named(home, hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:32])


def path_named(home: Path, name: str) -> Path:
    """Where the map of this name is kept, the stem of its file."""
    return home / "maps" / f"{name}.f32"


def save(home: Path, fingerprint: str, spec: ModelSpec, method: str, points: np.ndarray) -> None:
    """Keep a gallery's map (n, 2), written beside and renamed.

    Raises:
        StoreError: the workspace cannot be written.
    """
    path = path_of(home, fingerprint, spec, method)
    beside = path.with_name(f"{path.stem}.{uuid4().hex}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.ascontiguousarray(points, "<f4").tofile(beside)
        beside.replace(path)
    except OSError as problem:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise StoreError(
            f"The map cannot be kept in {home}: {problem.strerror or problem}.",
            "Check its permissions and free space, or set VITRINE_HOME to another folder.",
        ) from problem


def load(home: Path, fingerprint: str, spec: ModelSpec, method: str) -> np.ndarray | None:
    """A gallery's map (n, 2) float32, NaN where a picture has no vector; None where it was not made yet."""
    path = path_of(home, fingerprint, spec, method)
    return read(path) if path.is_file() else None


def read(path: Path) -> np.ndarray:
    """The map (n, 2) float32 of a file of `path_of`."""
    return np.fromfile(path, "<f4").reshape(-1, 2)


def _umap(parts: np.ndarray, seed: int, progress: Progress) -> np.ndarray:
    """UMAP's points (n, 2) of components (n, k)."""
    with progress.interlude("loading UMAP"):
        umap: Any = importlib.import_module("umap")  # untyped: following its imports takes a type checker minutes

    near, far = neighbours(parts, None, min(_NEIGHBOURS, len(parts)) - 1, seed, progress)
    itself = np.arange(len(parts))[:, None]  # UMAP expects each row as its own first neighbour
    epochs = 500 if len(parts) <= 10_000 else 200  # UMAP's own numbers
    tiny = np.random.default_rng(seed).normal(0, 1e-3, (len(parts), 2))  # copies must not start as one point
    progress.start("laying out the map", epochs)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn.2.", UserWarning)  # nothing new will be asked of it
        return umap.UMAP(
            n_neighbors=near.shape[1] + 1,
            precomputed_knn=(np.hstack([itself, near]), np.hstack([np.zeros_like(far[:, :1]), far]), None),
            n_epochs=epochs,
            init=(10 * scaled(parts[:, :2]) + tiny).astype(np.float32),  # pyright: ignore[reportArgumentType]
            random_state=seed,
            n_jobs=1,
            tqdm_kwds={"file": _Rounds(progress), "disable": False, "bar_format": "{n}", "mininterval": 0.1},
        ).fit_transform(parts)


class _Rounds:
    """A stream that UMAP writes the number of its round to: the one place where its work can be seen and ended."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> None:
        """Show round `text`; raises Stopped where the work should end."""
        if (said := text.strip()).isdecimal():
            self._progress.advance(int(said) - self._progress.done)
        self._progress.check()

    def flush(self) -> None:
        """Nothing is held back."""


def _placed(parts: np.ndarray, rows: np.ndarray, points: np.ndarray, seed: int, progress: Progress) -> np.ndarray:
    """Points (n, 2) of all rows, given those of some: each other row lies between its neighbours among these."""
    out = np.empty((len(parts), 2), np.float32)
    out[rows] = points
    others = np.setdiff1d(np.arange(len(parts)), rows, assume_unique=True)
    near, far = neighbours(parts[others], parts[rows], _BETWEEN, seed, progress)
    beyond = far - far[:, :1]
    weight = np.exp(-beyond / np.maximum(beyond.mean(axis=1, keepdims=True), 1e-12))
    weight /= weight.sum(axis=1, keepdims=True)
    out[others] = np.einsum("nk,nkd->nd", weight, points[near])
    return out


def _blocks(n: int, size: int = 16_384) -> Iterator[slice]:
    """Slices that together are 0 to n."""
    return (slice(start, start + size) for start in range(0, n, size))
