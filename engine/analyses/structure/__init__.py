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
from itertools import combinations
from typing import Any

from engine.analyses.crossing import correlations, subpopulations, table
from engine.analyses.estimating import Estimate, role_estimate
from engine.analyses.structure import refining
from engine.analyses.structure.assigning import Values, assign
from engine.analyses.structure.deficits import deficits
from engine.analyses.structure.discovering import Found, attributes, in_turn, keys_of
from engine.analyses.structure.leaking import leaks, masked
from engine.analyses.structure.result import (
    OTHER,
    SCHEMAS,
    Attribute,
    Dimension,
    Given,
    Leak,
    Params,
    Proposal,
    Proposed,
    Result,
    Row,
)
from engine.analyses.structure.scoping import LEAST_OWN, MOST_OWN, scopes_of, shared_dimensions
from engine.analyses.structure.telling import dimension, values_of
from engine.errors import RunError
from engine.gallery import Gallery
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import (
    ASSIGN_ATTRIBUTES,
    DESCRIBE,
    PROPOSE_ATTRIBUTES,
    PROPOSE_DIMENSIONS,
    REFINE_DIMENSION,
    TIDY,
)

NAME, VERSION, ROLES = "structure", 1, ("vision", "chat")
TASKS = (
    *("describe", "describe_prose", "propose_dimensions", "propose_attributes", "tidy", "assign_attributes"),
    *("refine_dimension", "write_prompts"),
)
_MANY_OTHERS = 0.005  # share of the texts that say something off the list, from which they are read once more
_LEAST_OTHERS = 10
_CROSSED, _MOST_CELLS = 8, 5000  # dimensions that are crossed in the table of subpopulations, and its rows

__all__ = [
    "OTHER",
    "SCHEMAS",
    "Attribute",
    "Dimension",
    "Given",
    "Leak",
    "Params",
    "Proposal",
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
    files, labels, texts = ([some[i] for i in order] for some in ([rows[i].file for i in told], labels, texts))
    shared, proposed, few = shared_dimensions(chat, params, texts, seed, progress)
    scopes = scopes_of(chat, params, shared, labels, texts, seed, progress)
    if not any(found for found, _ in scopes):
        raise RunError(
            "No dimension was named by enough samples, or none had two values.", "Name one yourself, or add pictures."
        )
    values: list[Values] = [{} for _ in texts]
    why, sure = dict[int, str](), dict[int, dict[str, float]]()
    kept: dict[str, Found] = {}
    proposals: list[Proposal] = []
    for found, places in scopes:
        here = [texts[i] for i in places]
        found, some, reasons = _assigned(chat, found, here, progress)
        again = refining.agreement(chat, found, here, some, params.draws, progress)
        of = [files[i] for i in places]
        title = {one.name: one.title for one in found}
        for told_change in refining.proposals(chat, found, of, here, some, again, progress):
            proposals.append(replace(told_change, dimension=title[told_change.dimension]))
        for k, i in enumerate(places):
            values[i] = {title[name]: v for name, v in some[k].items()}
        why |= {places[k]: reason for k, reason in reasons.items()}
        sure |= {places[k]: {title[n]: share for n, share in by.items()} for k, by in again.items()}
        for one in found:  # what one label's pictures brought counts for a dimension that all share
            before = kept.get(one.title, one)
            kept[one.title] = replace(one, attributes=tuple(dict.fromkeys((*before.attributes, *one.attributes))))
    new = [Row(r.file, r.label, r.description, {}, r.why) for r in rows]
    for k, i in enumerate(order):
        row = new[told[i]]
        new[told[i]] = replace(row, values=values[k], why=why.get(k, ""), agreement=sure.get(k, {}))
    dimensions = tuple(dimension(one, [row.values for row in new if not row.why]) for one in kept.values())
    notes = tuple(_notes(found_leaks, hidden, few, new))
    return Result(dimensions, proposed, tuple(new), found_leaks, hidden, notes, proposals=tuple(proposals))


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
    labels = Counter(p.label for p in gallery.pictures if p.label)
    able = sum(n >= LEAST_OWN for n in labels.values())
    scopes = {"shared": 1, "own": min(able, MOST_OWN), "both": 1 + min(able, MOST_OWN)}[params.schema]
    d = len(params.given) + params.count * scopes
    batch = ASSIGN_ATTRIBUTES.batch
    asks = {
        PROPOSE_DIMENSIONS: params.rounds * scopes if params.count else 0,
        PROPOSE_ATTRIBUTES: 10 * d,
        TIDY: d + scopes,
        ASSIGN_ATTRIBUTES: -(-n // batch) + refining.asked_again(chat, min(n, refining.CHECKED), params.draws),
        REFINE_DIMENSION: d,
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
    if cells := _subpopulations(result):
        told["subpopulations"] = cells
    if result.proposals:
        told["proposals"] = [
            {"dimension": p.dimension, "kind": p.kind, "names": " | ".join(p.names), "into": p.into, "why": p.why,
             "would_move": p.moves, "asked_about": p.looked_at, "of": p.of}
            for p in result.proposals
        ]  # fmt: skip
    labels = [r.label for r in result.rows]
    if len(set(labels) - {""}) > 1:
        names = [one.name for one in result.dimensions if not one.label]  # those that one label alone has go with it
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


def _subpopulations(result: Result) -> list[dict[str, Any]]:
    """Cells of two and three dimensions with the pictures that they have, the largest first."""
    of = {one.name: values_of(result, one.name) for one in result.dimensions[:_CROSSED]}
    found = [
        {"subpopulation": " and ".join(f"{d}={a}" for d, a in one.cell), "dimensions": n, "count": one.count,
         "expected": one.expected}
        for n in (2, 3)
        for names in combinations(of, n)
        for one in subpopulations({name: of[name] for name in names})
    ]  # fmt: skip
    return sorted(found, key=lambda row: (-row["count"], row["dimensions"], row["subpopulation"]))[:_MOST_CELLS]


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
