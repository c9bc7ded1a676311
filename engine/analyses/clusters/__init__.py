"""Clusters for a criterion said in words.

After IC|TC, Image Clustering Conditioned on Text Criteria (Kwon et al., ICLR 2024, arXiv 2310.18297). Where we depart:
one vision question a picture gives description and raw label; clusters are assigned by distinct raw label; an answer
off the list is unassigned, never a random cluster; K is a cut of one label tree; labels take part in the naming until
95 % of the pictures are covered rather than above an absolute count.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from engine.analyses.clusters.agreement import agreement
from engine.analyses.clusters.describing import Describer, describe_ask, most_common_reason
from engine.analyses.clusters.naming import Names, normal
from engine.analyses.clusters.placing import (
    joined_row,
    missing_clusters,
    named,
    placed_by_answers,
    sized,
    to_review,
    wants_second,
)
from engine.analyses.clusters.result import Cluster, Criterion, Params, Result, Review, Row
from engine.analyses.estimating import Estimate, role_estimate
from engine.errors import RunError
from engine.gallery import Gallery
from engine.progress import Progress
from engine.prompts import instructions
from engine.steps.answers import Remembered
from engine.steps.tasks import ASSIGN, DESCRIBE, LABEL, NAME_CLUSTERS

NAME, VERSION, ROLES = "clusters", 1, ("vision", "chat")
TASKS = ("describe", "describe_prose", "label", "name_clusters", "assign")
_FORESEEN = 5000  # pictures up to which an estimate follows the store's answers

__all__ = ["Cluster", "Criterion", "Params", "Result", "Review", "Row", "estimate", "run", "tables"]


def run(
    gallery: Gallery, params: Params, *, vision: Remembered, chat: Remembered, progress: Progress, seed: int
) -> Result:
    """Describe, label, name, assign.

    Args:
        gallery: the pictures, at least one.
        params: criterion, K, names to keep and avoid.
        vision: describes pictures.
        chat: names and assigns.
        progress: told of every step.
        seed: of the bootstrap.

    Raises:
        RunError: nothing could be answered; ModelError, Stopped, StoreError as the models do.
    """
    rows, counts, names, natural, coverage = _answered(gallery, params, vision, chat, progress)
    clusters = sized(rows, names, natural, params.keep)
    return Result(
        criterion=params.criterion,
        clusters=clusters,
        rows=tuple(rows),
        natural=natural.names,
        review=to_review(rows, counts, names.ambiguous),
        missing=missing_clusters(rows),
        coverage=coverage,
        agreement=agreement([r.label for r in rows], [r.cluster for r in rows], [c.name for c in clusters], seed),
        notes=(*names.notes, *_notes(rows, names, params)),
        unread=tuple(gallery.unread),
        joins=names.joins,
        finest=natural.wanted,
        prompts={task: instructions(task) for task in TASKS},
    )


def _answered(
    gallery: Gallery, params: Params, vision: Remembered, chat: Remembered, progress: Progress
) -> tuple[list[Row], Counter[str], Names, Names, float]:
    """All that has to be asked: placed rows, label counts, the names, the natural ones, the naming's coverage."""
    # Words of a fixed list are clusters as they are; names to keep or avoid are for a model to see to.
    exact = bool(vision.spec.options.get("exact")) and not params.keep and not params.avoid
    rows = Describer(params, vision, chat, progress).rows(gallery.pictures, len(gallery))
    counts = Counter(label for row in rows if (label := normal(row.raw_label)))
    if not counts:
        raise RunError(
            f"No picture says anything about {params.criterion.name!r}: {most_common_reason(rows)}.",
            "Reword the criterion or try another vision model.",
        )
    natural, joined, coverage = named(rows, counts, params, chat, progress, exact)
    rows = placed_by_answers(rows, counts, natural, params, chat, progress, exact)
    if joined is None:
        return rows, counts, natural, natural, coverage
    names = replace(joined, ambiguous=natural.ambiguous, notes=(*natural.notes, *joined.notes))
    return [joined_row(row, joined) for row in rows], counts, names, natural, coverage


def estimate(gallery: Gallery, params: Params, *, vision: Remembered, chat: Remembered, progress: Progress) -> Estimate:
    """What a run would ask, from askers that only count.

    Exact for vision, and for chat as far as the store's answers lead; where the naming is not known, what follows it
    is guessed from the number of pictures.
    """
    n = len(gallery.pictures)
    distinct, known = vision.known(DESCRIBE, describe_ask(params), gallery.pictures)
    asked, known_names = progress.cost.asked, progress.cost.known
    if distinct == known and n <= _FORESEEN:
        with suppress(RunError):
            _answered(gallery, params, vision, chat, progress)
    asks = {task: asked[task.name] for task in (LABEL, NAME_CLUSTERS, ASSIGN)}
    if not known_names[NAME_CLUSTERS.name] or asks[LABEL]:  # what follows cannot be foreseen
        labels = min(n, 4 * math.isqrt(n) + 8)  # distinct raw labels; CIFAR-10: 107 for 1,000 pictures
        exact = bool(vision.spec.options.get("exact"))
        sorting = math.ceil(n / ASSIGN.batch) if wants_second(params, n) and not exact else 0
        asks[NAME_CLUSTERS] = (params.k != "auto") + (not exact)
        asks[ASSIGN] = 0 if exact else math.ceil(labels / ASSIGN.batch) + sorting
        if distinct != known and vision.writes_prose:
            asks[LABEL] = math.ceil(n / LABEL.batch)
    described = role_estimate("vision", vision, {DESCRIBE: distinct - known}, known)
    return Estimate(n, (described, role_estimate("chat", chat, asks, 0)))


def tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """The result as tables, by the name of their CSV file."""
    rows = [
        {
            "file": r.file,
            "label": r.label,
            "description": r.description,
            "raw_label": r.raw_label,
            "cluster": r.cluster,
            "how": r.how,
        }
        for r in result.rows
    ]
    return {"clusters": rows}


def _notes(rows: Sequence[Row], names: Names, params: Params) -> list[str]:
    said = []
    answered = [r for r in rows if r.how != "unanswered"]
    empty = [r for r in answered if not normal(r.raw_label)]
    if answered and len(empty) > len(answered) / 2:
        shown = ", ".join(r.file for r in empty[:3])
        said.append(
            f"{len(empty)} of {len(answered)} pictures say nothing about {params.criterion.name!r} (such as {shown})."
        )
    placed = {r.cluster for r in rows}
    if empty_names := [name for name in names.names if name not in placed]:
        said.append(f"Named, but no picture is in it: {', '.join(empty_names[:10])}.")
    if (cut := sum(r.cut for r in rows)) > 0:
        said.append(f"{cut} descriptions end where the token limit cut them.")
    if len(names.names) == 1 and len(empty) * 2 <= len(answered):
        said.append("All labels fell into one cluster.")
    return said
