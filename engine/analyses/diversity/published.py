"""What the reference published (FineVision's visual diversity, visual-diversity-evaluation): figures and bands.

They were measured on SSCD's vectors of 512 numbers and hold for no other: show them beside no other embedder's.
"""

from __future__ import annotations

from dataclasses import dataclass

DIMENSION = 512


@dataclass(frozen=True)
class Reference:
    """A data set's published figures; None where only the score was published."""

    name: str
    score: float
    effective_rank: float | None = None
    participation_ratio: float | None = None
    pictures: int | None = None


REFERENCES = (
    Reference("Pascal VOC", 0.885),
    Reference("V3Det", 0.879),
    Reference("WiderFace", 0.813),
    Reference("CrowdHuman", 0.758),
    Reference("FineVision", 0.500, 359.22, 182.52, 17_300_000),
    Reference("Cambrian-7M", 0.458, 359.73, 152.70),
    Reference("M4-Instruct", 0.413),
    Reference("Cauldron", 0.400, 324.05, 129.22),
    Reference("LLaVA-Vision", 0.298, 267.89, 87.05),
    Reference("RVSD", 0.293),
    Reference("SeaDroneSee", 0.183),
    Reference("DanceTrack", 0.145),
    Reference("R7_Tracking", 0.071),
)

# The least score of each band.
BANDS = (
    (0.5, "FineVision-like"),
    (0.4, "fit for multimodal training"),
    (0.3, "augment"),
    (0.2, "strong bias suspected"),
    (0.0, "severe redundancy"),
)


def band(score: float) -> str:
    """The published words for a score of SSCD's vectors."""
    return next(words for least, words in BANDS if score >= least)
