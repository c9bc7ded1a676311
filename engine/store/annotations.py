"""What people know of a run's pictures, kept in its folder beside the answer: a model's predictions, boxes of things.

They are no part of what was asked; page, report and the run's file tell of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from pydantic import TypeAdapter

from engine.errors import RunError
from engine.store.runs import Run, writing

LONGEST = 200  # letters of a source


@dataclass(frozen=True)
class Predictions:
    """Whether a model was wrong.

    Args:
        source: the table or the columns that say so.
        wrong: by file.
    """

    source: str
    wrong: Mapping[str, bool]


@dataclass(frozen=True)
class Boxes:
    """Where things are.

    Args:
        source: the table that says so.
        boxes: by file, kinds and boxes: left, top, width, height as shares of the picture.
    """

    source: str
    boxes: Mapping[str, list[tuple[str, tuple[float, float, float, float]]]]


Annotation = Predictions | Boxes
A = TypeVar("A", bound=Predictions | Boxes)
FILES: Mapping[str, type[Annotation]] = {"predictions.json": Predictions, "boxes.json": Boxes}
ASKED_BY = {"predictions.json": "structure", "boxes.json": "typicality"}
_NAMES = {kind: name for name, kind in FILES.items()}


def annotate(run: Run, said: Annotation) -> None:
    """Keep this with a run, instead of what was kept of its kind.

    Raises:
        StoreError: the folder cannot be written.
    """
    run.write(_NAMES[type(said)], asdict(said))


def annotation(run: Run, kind: type[A]) -> A | None:
    """What is kept of a kind; None where nothing is, or its file is damaged."""
    try:
        return read_annotation(kind, (run.path / _NAMES[kind]).read_bytes())
    except (OSError, RunError):
        return None


def annotations_of(run: Run) -> dict[str, Annotation]:
    """All that is kept with a run, by the name of its file."""
    found = {name: annotation(run, kind) for name, kind in FILES.items()}
    return {name: one for name, one in found.items() if one}


def forget(run: Run, kind: type[Annotation]) -> None:
    """Keep it no longer.

    Raises:
        StoreError: the folder cannot be written.
    """
    with writing(run.path):
        (run.path / _NAMES[kind]).unlink(missing_ok=True)


def read_annotation(kind: type[A], data: bytes) -> A:
    """One from a file that nobody vouches for.

    Raises:
        RunError: it is none.
    """
    try:
        said = TypeAdapter(kind).validate_python(json.loads(data))
    except (ValueError, TypeError, RecursionError):
        said = None
    if said is None or len(said.source) > LONGEST or not all(map(_is_box, _boxes(said))):
        raise RunError(f"These are no {kind.__name__.lower()}.", "Upload the table again.")
    return said


def _boxes(said: Annotation) -> list[tuple[float, float, float, float]]:
    return [box for some in said.boxes.values() for _, box in some] if isinstance(said, Boxes) else []


def _is_box(box: tuple[float, float, float, float]) -> bool:
    return all(map(math.isfinite, box)) and box[2] > 0 and box[3] > 0
