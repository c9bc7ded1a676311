"""Clusters for a criterion said in words.

After IC|TC, Image Clustering Conditioned on Text Criteria (Kwon et al., ICLR 2024, arXiv 2310.18297). Where we depart:
one vision question a picture gives description and raw label; clusters are assigned by distinct raw label; an answer
off the list is unassigned, never a random cluster; K is a cut of one label tree; labels take part in the naming until
95 % of the pictures are covered rather than above an absolute count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from engine.analyses.clusters.agreement import agreement
from engine.analyses.clusters.describing import Describer, describe_ask, nothing_said, tally
from engine.analyses.clusters.economical import (
    Answered,
    Likeness,
    answered_in_part,
    most_described,
)
from engine.analyses.clusters.naming import Names, normal
from engine.analyses.clusters.placing import (
    chat_asks,
    joined_row,
    missing_clusters,
    named,
    placed_by_answers,
    sized,
    to_review,
)
from engine.analyses.clusters.pricing import estimate_in_part
from engine.analyses.clusters.result import Cluster, Criterion, Params, Result, Review, Row
from engine.analyses.estimating import Estimate, role_estimate
from engine.errors import RunError
from engine.gallery import Gallery
from engine.models.profiles import PIXELS
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.prompts import instructions
from engine.steps.answers import Remembered
from engine.steps.tasks import ASSIGN, DESCRIBE, LABEL, NAME_CLUSTERS

NAME, VERSION, ROLES = "clusters", 1, ("vision", "chat")
TASKS = ("describe", "describe_prose", "label", "name_clusters", "assign")
SEEDED = True  # what was asked before depends on the seed, and so does a price
_FORESEEN = 5000  # pictures up to which an estimate follows the store's answers

__all__ = ["Cluster", "Criterion", "Params", "Result", "Review", "Row", "estimate", "run", "tables"]


def run(
    gallery: Gallery,
    params: Params,
    *,
    vision: Remembered,
    chat: Remembered,
    progress: Progress,
    seed: int,
    matcher: Likeness | None = None,
    embedder: Likeness | None = None,
) -> Result:
    """Describe, label, name, assign; where only a part is described, spread to the rest.

    Args:
        gallery: the pictures, at least one.
        params: criterion, K, names to keep and avoid, share to describe.
        vision: describes pictures.
        chat: names and assigns.
        progress: told of every step.
        seed: of the bootstrap, and of samples.
        matcher: says what is alike.
        embedder: does so where there is no matcher.

    Raises:
        RunError: nothing could be answered; ModelError, Stopped, StoreError as the models do.
    """
    likeness = matcher or embedder
    if likeness and not _describes_all(gallery, params):
        exact = _is_exact(vision, params)
        found = answered_in_part(gallery, params, vision, chat, likeness, progress, seed, exact)
    else:
        found = _answered(gallery, params, vision, chat, progress)
    rows, names, natural = found.rows, found.names, found.natural
    clusters = sized(rows, names, natural, params.keep)
    return Result(
        criterion=params.criterion,
        clusters=clusters,
        rows=tuple(rows),
        natural=natural.names,
        review=to_review(rows, found.counts, names.ambiguous),
        missing=missing_clusters(rows),
        coverage=found.coverage,
        agreement=agreement([r.label for r in rows], [r.cluster for r in rows], [c.name for c in clusters], seed),
        notes=(*names.notes, *_notes(rows, names, params)),
        unread=tuple(gallery.unread),
        joins=names.joins,
        finest=natural.wanted,
        prompts={task: instructions(task) for task in TASKS},
        economy=found.economy,
    )


def helping(params: Params, specs: Mapping[str, ModelSpec]) -> dict[str, ModelSpec]:
    """Models that a run asks beside its ROLES: who says what is alike, where not every picture is described."""
    if params.share == 1.0:
        return {}
    return {"matcher": specs["matcher"]} if "matcher" in specs else {"embedder": PIXELS}


def _answered(gallery: Gallery, params: Params, vision: Remembered, chat: Remembered, progress: Progress) -> Answered:
    """All that has to be asked where every picture is described."""
    exact = _is_exact(vision, params)
    rows = Describer(params, vision, chat, progress).rows(gallery.pictures, len(gallery.pictures))
    if not (counts := tally(rows)):
        raise nothing_said(params, rows)
    natural, joined, coverage = named(rows, counts, params, chat, progress, exact)
    rows = placed_by_answers(rows, counts, natural, params, chat, progress, exact)
    if joined is None:
        return Answered(rows, counts, natural, natural, coverage)
    names = replace(joined, ambiguous=natural.ambiguous, notes=(*natural.notes, *joined.notes))
    return Answered([joined_row(row, joined) for row in rows], counts, names, natural, coverage)


def _is_exact(vision: Remembered, params: Params) -> bool:
    """Whether labels are clusters as they are: words of a fixed list. Names to keep or avoid need a model."""
    return bool(vision.spec.options.get("exact")) and not params.keep and not params.avoid


def _describes_all(gallery: Gallery, params: Params) -> bool:
    n = len({p.hash for p in gallery.pictures})
    return most_described(params.share, n) == n


def estimate(
    gallery: Gallery,
    params: Params,
    *,
    vision: Remembered,
    chat: Remembered,
    progress: Progress,
    seed: int = 0,
    matcher: Likeness | None = None,
    embedder: Likeness | None = None,
) -> Estimate:
    """What a run would ask, from askers that only count.

    Exact for vision, and for chat as far as the store's answers lead; where the naming is not known, what follows it
    is guessed from the number of pictures. At most, where only a part is described.
    """
    likeness = matcher or embedder
    if likeness and not _describes_all(gallery, params):
        return estimate_in_part(gallery, params, vision, chat, likeness, "matcher" if matcher else "embedder", seed)
    n = len(gallery.pictures)
    distinct, known = vision.known(DESCRIBE, describe_ask(params), gallery.pictures)
    asked, known_names = progress.cost.asked, progress.cost.known
    if distinct == known and n <= _FORESEEN:
        with suppress(RunError):
            _answered(gallery, params, vision, chat, progress)
    asks = {task: asked[task.name] for task in (LABEL, NAME_CLUSTERS, ASSIGN)}
    if not known_names[NAME_CLUSTERS.name] or asks[LABEL]:  # what follows cannot be foreseen
        foreseen = chat_asks(n, params, vision)
        asks = foreseen | {LABEL: foreseen[LABEL] if distinct != known else asks[LABEL]}
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
            **({"confidence": r.confidence if r.is_guess else None} if result.economy else {}),
        }
        for r in result.rows
    ]
    return {"clusters": rows}


def _notes(rows: Sequence[Row], names: Names, params: Params) -> list[str]:
    said = []
    answered = [r for r in rows if r.how != "unanswered" and not r.is_guess]
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
