"""What is missing: cells of label and attributes, how many pictures each lacks to a target, and prompts for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.analyses.structure.crossing import Table, effective_size, group_weights

Target = Literal["uniform", "independent"]
TARGETS: tuple[Target, ...] = ("uniform", "independent")
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


@dataclass(frozen=True)
class Deficits:
    """All cells, the largest deficit first, and how many equal pictures weighting leaves (Kish)."""

    cells: tuple[Cell, ...]
    effective: float
    effective_root: float
    effective_capped: float


def deficits(of: Table, target: Target = "uniform") -> Deficits:
    """How far each cell is from a target.

    Args:
        of: counts.
        target: uniform: as many as the fullest cell has; independent: as if rows and columns had nothing to do with one
            another, at the least total that takes nothing away.
    """
    counts = of.counts
    wanted = np.full(counts.shape, counts.max() if counts.size else 0.0)
    if target == "independent":
        expected = of.expected
        scale = np.divide(counts, expected, out=np.zeros_like(expected), where=expected > 0).max() if counts.size else 1
        wanted = expected * scale
    weights = group_weights(counts)
    roots, capped = np.sqrt(weights), np.minimum(weights, CAP)
    mean = float((roots * counts).sum() / counts.sum()) if counts.sum() else 1.0
    roots = roots / mean if mean else roots
    residuals = of.residuals
    cells = [
        Cell(
            row, column, int(counts[i, j]), float(wanted[i, j]), max(0, round(float(wanted[i, j] - counts[i, j]))),
            float(residuals[i, j]), float(weights[i, j]), float(roots[i, j]), float(capped[i, j]),
        )
        for i, row in enumerate(of.rows) for j, column in enumerate(of.columns)
    ]  # fmt: skip
    cells.sort(key=lambda c: (-c.deficit, c.residual, c.row, c.column))
    sizes = [effective_size(w, counts) for w in (weights, roots, capped)]
    return Deficits(tuple(cells), *sizes)


def weight_rows(
    files: Sequence[str], rows: Sequence[str], columns: Sequence[Sequence[str]], told: Deficits
) -> list[dict]:
    """One weight a picture that has just one attribute: file, group, weight, root, capped."""
    by_cell = {(c.row, c.column): c for c in told.cells}
    found = []
    for file, row, some in zip(files, rows, columns, strict=True):
        if len(some) == 1 and (cell := by_cell.get((row, some[0]))):
            found.append({"file": file, "group": f"{row}, {some[0]}", "weight": cell.weight, "weight_root": cell.root,
                          "weight_capped": cell.capped})  # fmt: skip
    return found
