"""What is typical of a label, and where in the picture.

After Diffusion Models as Data Mining Tools (Siglidis et al., ECCV 2024, arXiv 2408.02752): a denoiser that is told the
label tells a picture's noise better where the label shows. Where we depart: one template for everything; times in
strata, drawn by a pilot; every figure has an interval from independent parts of the draws; patches from mean maps;
elements are checked on held-out pictures; what looks like an artefact is marked.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from engine.analyses.estimating import Estimate, RoleEstimate
from engine.analyses.typicality.finding import ELSEWHERE, found, small_grey
from engine.analyses.typicality.result import (
    MOST_OTHERS,
    NULL,
    OTHERS,
    Element,
    Params,
    Patch,
    Result,
    Row,
)
from engine.analyses.typicality.telling import accuracy, partial, posterior, row_of, rows_of
from engine.errors import RunError
from engine.gallery import Gallery, Picture
from engine.progress import Progress
from engine.steps.denoising import Denoising

NAME, VERSION, ROLES = "typicality", 1, ("denoiser",)
TASKS: tuple[str, ...] = ()
_EACH = 24  # maps after which the most typical so far are shown

__all__ = [
    "NULL",
    "OTHERS",
    "Element",
    "Params",
    "Patch",
    "Result",
    "Row",
    "asked",
    "elsewhere",
    "estimate",
    "found",
    "posterior",
    "run",
    "small_grey",
    "tables",
]


def asked(gallery: Gallery, params: Params) -> list[tuple[Picture, tuple[str, ...]]]:
    """The pictures that are asked about, each with its label first and those it is held against.

    Raises:
        RunError: no picture has a label, or a label that was named is not there.
    """
    counts = Counter(p.label for p in gallery.pictures if p.label)
    if not counts:
        raise RunError("No picture has a label.", "Choose what labels come from: folders, a column, file names.")
    labels = params.labels or tuple(sorted(counts))
    against = [] if params.against == NULL else [params.against]
    if params.against == OTHERS:
        against = sorted(counts, key=lambda label: (-counts[label], label))[: MOST_OTHERS + 1]
    if gone := [label for label in (*labels, *against) if label not in counts]:
        raise RunError(f"No picture is labelled {gone[0]!r}.", f"There are: {', '.join(sorted(counts)[:12])}.")
    if against and len(set(against) | set(labels)) < 2:
        raise RunError("There is one label only, and nothing to hold it against.", "Hold it against null.")
    wanted = set(labels)
    return [
        (p, (p.label, *(other for other in against if other != p.label)))
        for p in gallery.pictures if p.label in wanted and (not against or set(against) - {p.label})
    ]  # fmt: skip


def elsewhere(gallery: Gallery, params: Params, seed: int) -> list[Picture]:
    """Some pictures of labels that are not asked about, in an order nobody chose."""
    wanted = set(params.labels) if params.labels else {p.label for p in gallery.pictures}
    others = [p for p in gallery.pictures if p.label and p.label not in wanted]
    order = np.random.default_rng([seed, 5]).permutation(len(others))[:ELSEWHERE]
    return [others[i] for i in sorted(order.tolist())]


def run(gallery: Gallery, params: Params, *, denoiser: Denoising, progress: Progress, seed: int) -> Result:
    """Maps, patches, elements.

    Args:
        gallery: the pictures, some with labels.
        params: labels, what they are held against, draws, patches.
        denoiser: evaluates and remembers.
        progress: told of every step; shows the most typical pictures so far.
        seed: of noise, times, clusters and resampling.

    Raises:
        RunError: nothing to ask, or nothing could be read; ModelError, Stopped, StoreError as the denoiser does.
    """
    questions = asked(gallery, params)
    pictures, labels = [p for p, _ in questions], [some for _, some in questions]
    maps, so_far = dict[int, np.ndarray](), dict[int, Row]()
    for count, (n, i, told) in enumerate(denoiser.maps(pictures, labels, params.draws, seed), 1):
        maps[i], so_far[i] = told, row_of(pictures[i], labels[i][0], told, params)
        if count % _EACH == 0:
            progress.partial = partial(so_far.values(), n, len(pictures))
    if not maps:
        raise RunError("No picture could be read.", "Look at Health on the Look page.")
    features = denoiser.features(pictures, seed)
    others = elsewhere(gallery, params, seed)
    beside = denoiser.features(others, seed) if others else {}
    progress.start("finding elements", 0)
    elements = found(params, questions, maps, features, others, beside, seed)
    rows = rows_of(pictures, labels, maps, params, seed)
    known = denoiser.template
    notes = (
        [] if known.is_known else [f"Its folder does not say in which words it was trained; asked: {known.label!r}."]
    )
    if unseen := len(pictures) - len(maps):
        notes.append(f"{unseen:,} of {len(pictures):,} pictures could not be read.")
    return Result(
        rows, elements, accuracy(rows), params.draws, known.label, known.null, tuple(notes), tuple(gallery.unread)
    )


def estimate(gallery: Gallery, params: Params, *, denoiser: Denoising, progress: Progress) -> Estimate:
    """Evaluations that are left, of the network."""
    del progress
    try:
        questions = asked(gallery, params)
    except RunError:
        return Estimate(len(gallery), ())
    left = denoiser.known([p for p, _ in questions], [some for _, some in questions], params.draws, denoiser.seed)
    seconds, measured = denoiser.seconds()
    role = RoleEstimate("denoiser", denoiser.spec, left, 0, 0.0, 0.0, left * seconds, measured)
    return Estimate(len(questions), (role,))


def tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """The result as tables, by the name of their CSV file."""
    rows = [
        {"file": r.file, "label": r.label, "typicality": r.typicality, "low": r.low, "high": r.high}
        | ({"most": max(r.posterior, key=r.posterior.__getitem__)} if r.posterior else {})
        for r in result.rows if not r.why
    ]  # fmt: skip
    ranks = Counter[str]()
    found = []
    for e in result.elements:
        ranks[e.label] += 1
        found.append(
            {"label": e.label, "element": e.number, "rank": ranks[e.label], "median_t": e.median, "low": e.low,
             "high": e.high, "patches": len(e.patches), "pictures": e.pictures, "rate": e.rate,
             "rate_elsewhere": e.rate_elsewhere, "q": e.q, "marks": " | ".join(e.marks), "name": e.name,
             "by_hand": e.by_hand, "hidden": "yes" if e.is_hidden else ""}
        )  # fmt: skip
    patches = [
        {"file": p.file, "label": e.label, "element": e.number, "left": p.box[0], "top": p.box[1], "width": p.box[2],
         "height": p.box[3], "t": p.t, "low": p.low, "high": p.high}
        for e in result.elements for p in e.patches
    ]  # fmt: skip
    return {"typicality": rows, "elements": found, "patches": patches}
