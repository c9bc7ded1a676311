"""What one set shows more than another.

After VisDiff (Dunlap, Zhang et al., CVPR 2024, arXiv 2312.02974): hypotheses from descriptions of samples, ranked over
all pictures by how well text-image similarity tells the sets apart. Where we depart: statements are found on one half
of the pictures and tested on the other, corrected for all that were tried; near copies count once; both directions are
asked; wordings of the same are folded, and parts of a wording without an effect of their own are dropped.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from engine.analyses.differences import statistics, verifying
from engine.analyses.differences.comparing import check, compare, contrasts
from engine.analyses.differences.describing import criteria
from engine.analyses.differences.result import Comparison, Finding, Params, Prevalence, Result, Side, Tried
from engine.analyses.differences.sources import Copies, Matcher, Sources
from engine.analyses.estimating import Estimate, RoleEstimate, role_estimate
from engine.analyses.shares import wilson
from engine.gallery import Gallery, Unread
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.steps.tasks import DESCRIBE, PROPOSE_DIFFERENCES, VERIFY

NAME, VERSION, ROLES = "differences", 1, ()
OPTIONAL = ("matcher", "vision", "chat")  # any of them is of use
COPIES = True  # near copies have to be known
TASKS = ("describe", "describe_prose", "propose_differences", "verify", "judge")
_SECONDS_A_PICTURE = 0.02  # decoding and the bundled matcher, where nothing was measured

__all__ = [
    "Comparison",
    "Finding",
    "Params",
    "Prevalence",
    "Result",
    "Side",
    "Tried",
    "check",
    "estimate",
    "explored",
    "run",
    "tables",
]


def run(
    gallery: Gallery,
    params: Params,
    *,
    copies: Copies,
    progress: Progress,
    seed: int,
    matcher: Matcher | None = None,
    vision: Remembered | None = None,
    chat: Remembered | None = None,
) -> Result:
    """Sort the sides into halves, propose on one, score, test on the other.

    Args:
        gallery: the pictures.
        params: what is compared.
        copies: tells near copies.
        progress: told of every step.
        seed: of halves and samples.
        matcher: scores statements; without one, descriptions do, and `vision` verifies.
        vision: describes pictures, and verifies statements.
        chat: proposes; without one, word statistics and the matcher's concepts do.

    Raises:
        RunError: nothing can be compared. SettingsError: a column that is not there. ModelError, Stopped, StoreError as
            the models do.
    """
    # Sorted by content, so that the order of files changes nothing.
    pictures = sorted(gallery.pictures, key=lambda p: (p.hash, p.name))
    sources = Sources(replace(gallery, pictures=pictures), params, copies, progress, seed, matcher, vision, chat)
    told = compare(sources)
    unread = [Unread(pictures[i].name, why) for i, why in sorted(sources.unread.items())]
    described = {pictures[i].name: text for i, text in sorted(sources.said.items())}
    return Result(
        tuple(told), sources.scorer.by, described, tuple(dict.fromkeys(sources.notes)), (*gallery.unread, *unread)
    )


def explored(scores: np.ndarray, comparison: Comparison, gallery: Gallery) -> Finding | None:
    """A statement that somebody types into a page, from scores (pictures,) of the whole gallery: not a test.

    All pictures of both sides count, near copies too; the threshold is chosen on the very same ones.
    """
    places = np.array([gallery.index.get(name, -1) for name in comparison.files], np.int64)
    mine = np.where(places >= 0, scores[places], np.nan)
    a, b = mine[: comparison.of_a], mine[comparison.of_a :]
    a, b = a[np.isfinite(a)].astype(float), b[np.isfinite(b)].astype(float)
    if not len(a) or not len(b):
        return None
    told = statistics.told(a, b)
    threshold = statistics.threshold(*((a, b) if told.auroc >= 0.5 else (b, a)))
    share = [Prevalence(yes / len(s), *wilson(yes, len(s)), len(s))
             for s in (a, b) for yes in (int((s >= threshold).sum()),)]  # fmt: skip
    p = min(1.0, 2 * min(told.p, 1 - told.p))
    return Finding(
        "", "a" if told.auroc >= 0.5 else "b", told.auroc, told.low, told.high, p, p, "hint", ("typed",), scored="",
        prevalence_a=share[0], prevalence_b=share[1], threshold=threshold,
        scores=tuple(None if math.isnan(s) else round(float(s), 5) for s in mine),
    )  # fmt: skip


def estimate(
    gallery: Gallery,
    params: Params,
    *,
    copies: Copies,
    progress: Progress,
    matcher: Matcher | None = None,
    vision: Remembered | None = None,
    chat: Remembered | None = None,
) -> Estimate:
    """What a run would ask: exact for vectors, at most for the rest, as who is described follows from near copies."""
    del copies, progress
    n, roles = len(gallery), []
    pairs = contrasts(gallery, params)
    if matcher:
        distinct, had = matcher.known(gallery.pictures)
        missing = distinct - had
        seconds = missing * _SECONDS_A_PICTURE
        roles.append(RoleEstimate("matcher", matcher.spec, missing, had, 0, 0, seconds, measured=False))
    halves = 1 if matcher else 2
    if vision:
        sides = sum(min(params.describe * halves, len(side.files)) for pair in pairs for side in pair)
        asks = {DESCRIBE: min(n, sides) * len(criteria(vision, params.goal))}
        count = verifying.wanted(params, matcher is not None) if verifying.able(vision) else 0
        asks[VERIFY] = 2 * count * verifying.FINDINGS * len(pairs)
        roles.append(role_estimate("vision", vision, asks, 0))
    if chat and chat.spec.backend != "keywords":
        roles.append(role_estimate("chat", chat, {PROPOSE_DIFFERENCES: 2 * params.rounds * len(pairs)}, 0))
    return Estimate(n, tuple(roles))


def tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """The result as tables, by the name of their CSV file."""
    several = len(result.comparisons) > 1
    rows = [
        {
            **({"a": c.a, "b": c.b} if several else {}),
            "statement": f.statement,
            "direction": f.direction,
            "auroc": f.auroc,
            "auroc_low": f.low,
            "auroc_high": f.high,
            "q": f.q,
            "prevalence_a": f.prevalence_a.share if f.prevalence_a else None,
            "prevalence_b": f.prevalence_b.share if f.prevalence_b else None,
            "verdict": f.verdict,
            "proposers": " | ".join(f.proposers),
            "fold": " | ".join(f.fold),
            "scored": f.scored,
        }
        for c in result.comparisons
        for f in c.findings
    ]
    tried = [{"a": c.a, "b": c.b, "statement": t.statement, "proposer": t.proposer, "why": t.why}
             for c in result.comparisons for t in c.tried]  # fmt: skip
    return {"differences": rows, "tried": tried}
