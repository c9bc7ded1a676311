"""What describing a part of the pictures would ask, before it is asked."""

from __future__ import annotations

from dataclasses import replace

from engine.analyses.clusters.asked_before import AskedBefore
from engine.analyses.clusters.describing import describe_ask
from engine.analyses.clusters.economical import Likeness, different, first_room, most_described
from engine.analyses.clusters.placing import chat_asks
from engine.analyses.clusters.result import Params
from engine.analyses.estimating import Estimate, RoleEstimate, role_estimate
from engine.gallery import Gallery
from engine.steps.answers import Remembered
from engine.steps.tasks import DESCRIBE, NAME_CLUSTERS

_SECONDS_A_VECTOR = 0.02


def estimate_in_part(
    gallery: Gallery, params: Params, vision: Remembered, chat: Remembered, likeness: Likeness, role: str, seed: int
) -> Estimate:
    """What describing a part would ask, at most."""
    n = len({p.hash for p in gallery.pictures})
    left, known = _left_to_describe(gallery, params, vision, chat, likeness, seed)
    distinct, had = likeness.known(gallery.pictures)
    missing = distinct - had
    asks = chat_asks(most_described(params.share, n), params, vision)
    asks[NAME_CLUSTERS] *= 2  # working names, and those of the end
    vectors = RoleEstimate(role, likeness.spec, missing, had, 0, 0, missing * _SECONDS_A_VECTOR, not missing)
    described = replace(role_estimate("vision", vision, {DESCRIBE: left}, known), at_most=True)
    return Estimate(len(gallery), (described, role_estimate("chat", chat, asks, 0), vectors))


def _left_to_describe(
    gallery: Gallery, params: Params, vision: Remembered, chat: Remembered, likeness: Likeness, seed: int
) -> tuple[int, int]:
    """How many pictures would be asked for at most, and how many of those to describe are known surely; asks nothing.

    What a smaller share has described is among what this one needs. Where something else differs, as names to keep,
    only the first sample is sure to be the same.
    """
    pictures = different(gallery.pictures)
    most = most_described(params.share, len(pictures))
    distinct, known = vision.known(DESCRIBE, describe_ask(params), pictures)
    if known == distinct:
        return 0, most
    before = AskedBefore(pictures, params, vision, chat, likeness.spec, seed)
    there = min(known, max(min(before.first, first_room(most)), min(before.all, most)))
    return min(most - there, distinct - known), there
