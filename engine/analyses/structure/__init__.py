"""The structure of a set: dimensions, the attributes of each, and which picture has which.

After SSD-LLM, subpopulation structure discovery (Luo et al., ECCV 2024, arXiv 2405.02363). Where we depart: no label
stands in the prompt, and words that give it away are said; names are folded before votes are counted; attributes are
read until hardly anything new is said, and what fell into "other" is read once more; all dimensions are assigned in one
question, with "not said" and "other" as answers; every figure of the checks has an interval or a corrected p.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.analyses.estimating import Estimate, role_estimate
from engine.analyses.structure.assigning import Values, assign
from engine.analyses.structure.crossing import correlations, table
from engine.analyses.structure.deficits import deficits
from engine.analyses.structure.discovering import Found, attributes, given, in_turn, keys_of, propose, said
from engine.analyses.structure.leaking import leaks, masked
from engine.analyses.structure.result import (
    OTHER,
    Attribute,
    Dimension,
    Given,
    Leak,
    Params,
    Proposed,
    Result,
    Row,
)
from engine.analyses.structure.telling import dimension, values_of
from engine.errors import RunError
from engine.gallery import Gallery
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import ASSIGN_ATTRIBUTES, DESCRIBE, PROPOSE_ATTRIBUTES, PROPOSE_DIMENSIONS, TIDY

NAME, VERSION, ROLES = "structure", 1, ("vision", "chat")
TASKS = (
    *("describe", "describe_prose", "propose_dimensions", "propose_attributes", "tidy", "assign_attributes"),
    "write_prompts",
)
_MANY_OTHERS = 0.005  # share of the texts that say something off the list, from which they are read once more
_LEAST_OTHERS = 10

__all__ = [
    "OTHER",
    "Attribute",
    "Dimension",
    "Given",
    "Leak",
    "Params",
    "Proposed",
    "Result",
    "Row",
    "estimate",
    "of_descriptions",
    "run",
    "tables",
]


def refusal(specs: Mapping[str, ModelSpec]) -> str:
    """Why these models cannot tell a structure, known without asking; empty where they may."""
    vision = specs.get("vision")
    if vision is None or vision.backend != "measured":
        return ""
    return "Without a vision model only colours, light and format can be told, and no structure."


def run(
    gallery: Gallery, params: Params, *, vision: Remembered, chat: Remembered, progress: Progress, seed: int
) -> Result:
    """Describe, find dimensions and attributes, assign.

    Args:
        gallery: the pictures, at least one.
        params: goal, how many dimensions, those wanted in any case.
        vision: describes pictures.
        chat: proposes and assigns.
        progress: told of every step.
        seed: of samples and draws.

    Raises:
        RunError: nothing was described, or no dimension was found; ModelError, Stopped, StoreError as the models do.
    """
    rows = [Row(p.name, p.label) for p in gallery.pictures]
    ask = {"criterion": params.goal or "what the picture shows", "look_at": "", "ignore": ""}
    progress.start("describing", len(rows))
    for i, answer in vision.each(DESCRIBE, ask, gallery.pictures):
        if isinstance(answer, AnswerError):
            rows[i] = replace(rows[i], why=answer.reason)
        else:
            rows[i] = replace(rows[i], description=answer["description"] or answer["label"])
        progress.advance()
    result = of_descriptions(rows, params, chat=chat, progress=progress, seed=seed)
    return replace(result, unread=tuple(gallery.unread))


def of_descriptions(rows: Sequence[Row], params: Params, *, chat: Remembered, progress: Progress, seed: int) -> Result:
    """The same of descriptions that are there already.

    Raises:
        RunError: there is no description, or no dimension was found.
    """
    told = [i for i, row in enumerate(rows) if row.description]
    if not told:
        why = Counter(row.why for row in rows if row.why).most_common(1)
        reason = f": {why[0][0]}" if why else ""
        raise RunError(f"There is no description{reason}.", "Try one picture on the Models page, or another model.")
    labels = [rows[i].label for i in told]
    found_leaks = leaks([rows[i].description for i in told], labels)
    hidden = tuple(leak.word for leak in found_leaks) if params.mask else ()
    texts = [masked(rows[i].description, hidden) for i in told]
    order = in_turn(labels, keys_of(texts, seed))
    read = [texts[i] for i in order]
    proposed = propose(chat, read, params.goal, params.rounds, seed, progress) if params.count else []
    if params.count and not proposed and not chat.only_counts:
        if not params.given:
            raise RunError(f"{chat.spec.label} proposed no dimension.", "Name some yourself, or try another model.")
        progress.note(f"{chat.spec.label} proposed no dimension: only those that were given are told.")
    wanted = {said(one.name) for one in params.given}
    kept = [one for one in proposed if one.is_kept and said(one.name) not in wanted][: params.count]
    found = _found(chat, params, kept, read, progress)
    if not found:
        raise RunError(
            "No dimension was named by enough samples, or none had two values.", "Name one yourself, or add pictures."
        )
    found, values, reasons = _assigned(chat, found, texts, progress)
    new = [Row(r.file, r.label, r.description, {}, r.why) for r in rows]
    for k, i in enumerate(told):
        new[i] = replace(new[i], values=values[k], why=reasons.get(k, ""))
    names = {one.name for one in kept}
    few = {one.name for one in (*params.given, *kept)} - {one.name for one in found}
    shown = tuple(replace(one, is_kept=one.name in names) for one in proposed)
    told_dimensions = tuple(dimension(one, [row.values for row in new if not row.why]) for one in found)
    return Result(
        told_dimensions, shown, tuple(new), found_leaks, hidden, tuple(_notes(found_leaks, hidden, sorted(few), new))
    )


def _found(
    chat: Remembered, params: Params, kept: Sequence[Proposed], read: Sequence[str], progress: Progress
) -> list[Found]:
    """Dimensions with their attributes: those wanted first."""
    progress.start("looking for attributes", 0)
    found = [given(one, None if one.attributes else attributes(chat, one.name, read, progress)) for one in params.given]
    for one in kept:
        names, unseen = attributes(chat, one.name, read, progress)
        found.append(Found(one.name, names, {}, one.votes, one.rounds, one.stability, unseen))
    return [one for one in found if len(one.attributes) > 1]


def _assigned(
    chat: Remembered, found: Sequence[Found], texts: Sequence[str], progress: Progress
) -> tuple[list[Found], list[Values], dict[int, str]]:
    """Assign; what fell into "other" of a dimension is read once more, and assigned anew where that gave attributes."""
    values, reasons = assign(chat, found, texts, progress)
    told = []
    for one in found:
        others = [i for i, some in enumerate(values) if some.get(one.name) == (OTHER,)]
        new: tuple[str, ...] = ()
        if one.is_open and len(others) >= max(_LEAST_OTHERS, _MANY_OTHERS * len(texts)):
            new, _ = attributes(chat, one.name, [texts[i] for i in others], progress, one.attributes)
        if new:
            one = replace(one, attributes=(*one.attributes, *new))
            again, _ = assign(chat, [one], [texts[i] for i in others], progress)
            for i, some in zip(others, again, strict=True):
                values[i] |= some
        told.append(one)
    return told, values, reasons


def estimate(gallery: Gallery, params: Params, *, vision: Remembered, chat: Remembered, progress: Progress) -> Estimate:
    """What a run would ask: exact for pictures, about for the rest."""
    n = len(gallery)
    ask = {"criterion": params.goal or "what the picture shows", "look_at": "", "ignore": ""}
    distinct, known = vision.known(DESCRIBE, ask, gallery.pictures)
    d = len(params.given) + params.count
    asks = {
        PROPOSE_DIMENSIONS: params.rounds if params.count else 0,
        PROPOSE_ATTRIBUTES: 5 * d,
        TIDY: d + 1,
        ASSIGN_ATTRIBUTES: -(-n // ASSIGN_ATTRIBUTES.batch),
    }
    described = role_estimate("vision", vision, {DESCRIBE: distinct - known}, known)
    return Estimate(n, (described, role_estimate("chat", chat, asks, 0)))


def tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """The result as tables, by the name of their CSV file."""
    names = [one.name for one in result.dimensions]
    rows = [
        {"file": r.file, "label": r.label} | {name: " | ".join(r.values.get(name, ())) for name in names}
        for r in result.rows
    ]
    found = [
        {"dimension": d.name, "attribute": a.name, "count": a.count, "share": a.share, "low": a.low, "high": a.high}
        for d in result.dimensions
        for a in d.attributes
    ]
    told = {"structure": rows, "dimensions": found}
    labels = [r.label for r in result.rows]
    if len(set(labels) - {""}) > 1:
        values = {name: values_of(result, name) for name in names}
        told["correlations"] = [
            {"dimension": c.dimension, "cramers_v": c.v, "mutual_information_bits": c.bits, "p": c.p, "q": c.q}
            for c in correlations(labels, values)
        ]
        told["deficits"] = [
            {"label": c.row, "dimension": name, "attribute": c.column, "count": c.count, "wanted": c.wanted,
             "deficit": c.deficit, "residual": c.residual, "weight": c.weight, "weight_root": c.root}
            for name in names
            for c in deficits(table([[label] if label else [] for label in labels], values[name])).cells
        ]  # fmt: skip
    return told


def _notes(found: Sequence[Leak], hidden: Sequence[str], few: Sequence[str], rows: Sequence[Row]) -> list[str]:
    notes = [f"{name}: no two values were found, so it is left out." for name in few]
    if found and not hidden:
        few = ", ".join(f"{leak.word} ({leak.label})" for leak in found[:6])
        notes.append(f"Descriptions give the label away: {few}. They can be masked.")
    if hidden:
        notes.append(f"Hidden from who proposes and assigns: {', '.join(hidden)}.")
    if failed := sum(bool(row.why) for row in rows):
        notes.append(f"{failed:,} of {len(rows):,} pictures were not described or assigned.")
    return notes
