"""What describing a part of the pictures would ask, before it is asked."""

from __future__ import annotations

from dataclasses import replace

from engine.analyses.clusters.describing import describe_ask
from engine.analyses.clusters.economical import Likeness, different, most_described
from engine.analyses.clusters.placing import chat_asks
from engine.analyses.clusters.result import Params
from engine.analyses.clusters.sampling import covering, first_size
from engine.analyses.clusters.spreading import prepared
from engine.analyses.estimating import Estimate, RoleEstimate, role_estimate
from engine.gallery import Gallery
from engine.steps.answers import Remembered
from engine.steps.tasks import DESCRIBE, NAME_CLUSTERS

_SECONDS_A_VECTOR = 0.02
_FORESEEN = 2000  # pictures up to which a price looks whether the first sample is known


def estimate_in_part(
    gallery: Gallery, params: Params, vision: Remembered, chat: Remembered, likeness: Likeness, role: str
) -> Estimate:
    """What describing a part would ask, at most."""
    n = len({p.hash for p in gallery.pictures})
    left, known = _left_to_describe(gallery, params, vision, likeness)
    distinct, had = likeness.known(gallery.pictures)
    missing = distinct - had
    asks = chat_asks(most_described(params.share, n), params, vision)
    asks[NAME_CLUSTERS] *= 2  # working names, and those of the end
    vectors = RoleEstimate(role, likeness.spec, missing, had, 0, 0, missing * _SECONDS_A_VECTOR, not missing)
    described = replace(role_estimate("vision", vision, {DESCRIBE: left}, known), at_most=True)
    return Estimate(len(gallery), (described, role_estimate("chat", chat, asks, 0), vectors))


def _left_to_describe(gallery: Gallery, params: Params, vision: Remembered, likeness: Likeness) -> tuple[int, int]:
    """How many pictures would be asked for at most, and how many of the chosen ones are known; asks nothing.

    Where the beginning of the first sample is known, an earlier run with the same words and a smaller share has left
    its answers, which are among those that this one needs: at least half are of that sample, or all of it is known.
    """
    pictures = different(gallery.pictures)
    most, ask = most_described(params.share, len(pictures)), describe_ask(params)
    distinct, known = vision.known(DESCRIBE, ask, pictures)
    if known == distinct:
        return 0, most
    n, had = likeness.known(pictures)
    if not known or had < n or n > _FORESEEN:
        return most, 0
    embedded = likeness.embed(pictures)
    first = covering(prepared(embedded.vectors), first_size(len(embedded.places)))
    some = [pictures[embedded.places[i]] for i in first[: max(1, known // 2)]]
    there = min(known, most) if len(set(vision.known(DESCRIBE, ask, some))) == 1 else 0  # asked for, and known: equal
    return most - there, there
