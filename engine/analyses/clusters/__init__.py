"""Clusters for a criterion said in words.

After IC|TC, Image Clustering Conditioned on Text Criteria (Kwon et al., ICLR 2024, arXiv 2310.18297). Where we depart:
one vision question a picture gives description and raw label; clusters are assigned by distinct raw label; an answer
off the list is unassigned, never a random cluster; K is a cut of one label tree; labels take part in the naming until
95 % of the pictures are covered rather than above an absolute count.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from engine.analyses.clusters.agreement import agreement
from engine.analyses.clusters.naming import Names, as_they_are, assign, cut, natural_names, normal
from engine.analyses.clusters.placing import (
    joined_row,
    missing_clusters,
    names_ask,
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
from engine.steps.answers import AnswerError, Remembered
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
        prompts={task: instructions(task) for task in TASKS},
    )


def _answered(
    gallery: Gallery, params: Params, vision: Remembered, chat: Remembered, progress: Progress
) -> tuple[list[Row], Counter[str], Names, Names, float]:
    """All that has to be asked: placed rows, label counts, the names, the natural ones, the naming's coverage."""
    # Words of a fixed list are clusters as they are; names to keep or avoid are for a model to see to.
    exact = bool(vision.spec.options.get("exact")) and not params.keep and not params.avoid
    rows = _labelled(_described(gallery, params, vision, progress), params, chat, progress)
    counts = Counter(label for row in rows if (label := normal(row.raw_label)))
    if not counts:
        raise RunError(
            f"No picture says anything about {params.criterion.name!r}: {_most_common_reason(rows)}.",
            "Reword the criterion or try another vision model.",
        )
    natural, joined, coverage = _named(rows, counts, params, chat, progress, exact)
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
    distinct, known = vision.known(DESCRIBE, _ask(params), gallery.pictures)
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


def _ask(params: Params) -> dict[str, Any]:
    c = params.criterion
    return {"criterion": c.name, "look_at": c.look_at, "ignore": c.ignore}


def _described(gallery: Gallery, params: Params, vision: Remembered, progress: Progress) -> list[Row]:
    pictures = gallery.pictures
    rows = [Row(p.name, p.label) for p in pictures]
    progress.start("describing", len(rows))
    first = _FirstResults(progress)
    for i, answer in vision.each(DESCRIBE, _ask(params), pictures):
        if isinstance(answer, AnswerError):
            rows[i] = replace(rows[i], why=answer.reason)
        else:
            said = answer["description"] or answer["label"]
            rows[i] = replace(
                rows[i], description=said, raw_label=answer["label"], how="unassigned", cut="cut" in answer
            )
            first.add(rows[i])
        progress.advance()
    if not any(row.description for row in rows):
        raise RunError(
            f"{vision.spec.label} described none of {len(rows)} pictures: {_most_common_reason(rows)}.",
            "Try one picture on the Models page, or another model.",
        )
    return rows


class _FirstResults:
    """Raw labels as they come, so that clusters can be watched before they are named."""

    def __init__(self, progress: Progress) -> None:
        self._files: defaultdict[str, list[str]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._progress = progress

    def add(self, row: Row) -> None:
        """One more description."""
        label = normal(row.raw_label)
        if label:
            self._counts[label] += 1
            if len(self._files[label]) < 6:
                self._files[label].append(row.file)
        last = {"file": row.file, "description": row.description, "raw_label": row.raw_label}
        kept = [last, *self._progress.partial.get("latest", [])][:4]
        top = [{"name": name, "size": n, "files": self._files[name]} for name, n in self._counts.most_common(12)]
        self._progress.partial = {"latest": kept, "clusters": top, "distinct": len(self._counts)}


def _labelled(rows: list[Row], params: Params, chat: Remembered, progress: Progress) -> list[Row]:
    """Labels for descriptions that came without one (prose models)."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row.description and not row.raw_label:
            places[row.description].append(i)
    texts = list(places)
    progress.start("labelling", len(texts))
    first = _FirstResults(progress)
    for n, answer in chat.each(LABEL, _ask(params), texts):
        for i in places[texts[n]]:
            if isinstance(answer, AnswerError):
                rows[i] = replace(rows[i], how="unanswered", why=f"no label: {answer.reason}")
            else:
                rows[i] = replace(rows[i], raw_label=answer["label"])
                first.add(rows[i])
        progress.advance()
    return rows


def _named(
    rows: Sequence[Row], counts: Mapping[str, int], params: Params, chat: Remembered, progress: Progress, exact: bool
) -> tuple[Names, Names | None, float]:
    """The names to assign to, the coarser ones they are joined into if K asks for fewer, and the coverage."""
    progress.start("naming", 0)
    ask = names_ask(params)
    low, high = params.k_range or (1, max(len(counts), 2))
    names, coverage = (as_they_are(counts), 1.0) if exact else natural_names(counts, None, ask, chat)
    if len(names.names) < low <= len(counts):
        names, coverage = natural_names(counts, low, ask, chat)
    elif len(names.names) < low:
        missing = (
            f"There are only {len(counts)} different answers, too few for {low} clusters: "
            f"these are the {len(names.names)} natural ones."
        )
        names = replace(names, notes=(*names.notes, missing))
    # Labels outside the naming are placed now: sizes, hence a cut, need them.
    left = [label for label in sorted(counts, key=lambda c: (-counts[c], c)) if label not in names.of]
    progress.start("sorting labels", len(left))
    placed = assign(left, names.names, ask, chat) if left else {}
    of = {**names.of, **{label: place for label, place in placed.items() if not isinstance(place, AnswerError)}}
    names = replace(names, of=of)
    if params.k_range is None or len(names.names) <= high:
        return names, None, coverage
    sizes = [sum(counts[label] for label, at in names.of.items() if at == i) for i in range(len(names.names))]
    return names, cut(names, sizes, high, ask, chat), coverage


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


def _most_common_reason(rows: Sequence[Row]) -> str:
    reasons = Counter(r.why for r in rows if r.why).most_common(1)
    return reasons[0][0] if reasons else "every label was empty"
