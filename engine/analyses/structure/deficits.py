"""What is missing: cells of label and attributes, how many pictures each lacks to a target, and prompts for them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.analyses.crossing import Table, effective_size, group_weights

Target = Literal["uniform", "independent", "own"]
TARGETS: tuple[Target, ...] = ("uniform", "independent", "own")
_SPLITS = (
    ("train",) * 4 + ("validation",) + ("train",) * 4 + ("test",)
)  # in turn, so that small groups have some of each
CAP = 10.0  # the most a capped weight is


@dataclass(frozen=True)
class Cell:
    """Pictures of one row and column of a table.

    Args:
        row: such as the label.
        column: such as the attribute.
        count: pictures.
        wanted: by the target.
        deficit: how many are missing.
        residual: adjusted; below -2 it is rarer than chance would have it.
        weight: with which all cells weigh the same; 0 for an empty one.
        root: the same, softened by the square root, of mean 1.
        capped: the weight, at most CAP.
        impossible: whether somebody said that there can be none.
    """

    row: str
    column: str
    count: int
    wanted: float
    deficit: int
    residual: float
    weight: float
    root: float
    capped: float
    impossible: bool = False


@dataclass(frozen=True)
class Deficits:
    """All cells, the largest deficit first, and how many equal pictures weighting leaves (Kish)."""

    cells: tuple[Cell, ...]
    effective: float
    effective_root: float
    effective_capped: float


def deficits(
    of: Table, target: Target = "uniform", impossible: Collection[tuple[str, str]] = (), own: float = 0.0
) -> Deficits:
    """How far each cell is from a target.

    Args:
        of: counts.
        target: uniform: as many as the fullest cell has; independent: as if rows and columns had nothing to do with one
            another, at the least total that takes nothing away; own: `own` of each.
        impossible: cells that cannot be, such as a red night sky; they want nothing, and stay in the list.
        own: pictures of each cell, for that target.
    """
    counts = of.counts
    wanted = np.full(counts.shape, counts.max() if counts.size else 0.0)
    if target == "independent":
        expected = of.expected
        scale = np.divide(counts, expected, out=np.zeros_like(expected), where=expected > 0).max() if counts.size else 1
        wanted = expected * scale
    elif target == "own":
        wanted = np.full(counts.shape, float(own))
    weights = group_weights(counts)
    roots, capped = np.sqrt(weights), np.minimum(weights, CAP)
    mean = float((roots * counts).sum() / counts.sum()) if counts.sum() else 1.0
    roots = roots / mean if mean else roots
    residuals = of.residuals
    cells = [
        Cell(
            row, column, int(counts[i, j]), float(wanted[i, j]),
            0 if (row, column) in impossible else max(0, round(float(wanted[i, j] - counts[i, j]))),
            float(residuals[i, j]), float(weights[i, j]), float(roots[i, j]), float(capped[i, j]),
            (row, column) in impossible,
        )
        for i, row in enumerate(of.rows) for j, column in enumerate(of.columns)
    ]  # fmt: skip
    cells.sort(key=lambda c: (-c.deficit, c.residual, c.row, c.column))
    sizes = [effective_size(w, counts) for w in (weights, roots, capped)]
    return Deficits(tuple(cells), *sizes)


def weight_rows(
    files: Sequence[str], rows: Sequence[str], columns: Sequence[Sequence[str]], told: Deficits
) -> list[dict]:
    """One row a picture that has just one attribute: file, group, group_index, split, weight, its root, its cap.

    `group_index` counts groups that have pictures from 0, as GroupDRO wants them (Sagawa et al., ICLR 2020); `split` is
    train, validation or test, 80 : 10 : 10 within each group as far as whole pictures go, by the files' names.
    """
    by_cell = {(c.row, c.column): c for c in told.cells if c.count}
    index = {cell: i for i, cell in enumerate(sorted(by_cell))}
    members: dict[tuple[str, str], list[str]] = {cell: [] for cell in by_cell}
    for file, row, some in zip(files, rows, columns, strict=True):
        if len(some) == 1 and (row, some[0]) in members:
            members[row, some[0]].append(file)
    found: dict[str, dict] = {}
    for cell, some in members.items():
        said = by_cell[cell]
        for k, file in enumerate(sorted(some, key=_turn)):
            found[file] = {
                "file": file, "group": f"{cell[0]}, {cell[1]}", "group_index": index[cell],
                "split": _SPLITS[k % len(_SPLITS)], "weight": said.weight, "weight_root": said.root,
                "weight_capped": said.capped,
            }  # fmt: skip
    return [found[file] for file in files if file in found]


def _turn(file: str) -> bytes:
    return hashlib.sha256(file.encode("utf-8", "surrogateescape")).digest()
