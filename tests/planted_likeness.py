"""Likeness with planted answers: pictures of one colour lie together, as far as they are told apart at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.gallery import Picture
from engine.models.fake import COLOURS, colour_of
from engine.models.roles import ModelSpec
from engine.steps.embeddings import Embedded

SPEC = ModelSpec("fake", "alike")


@dataclass
class Alike:
    """Vectors around a place for each colour; `noise` blurs them, `unread` pictures (by name) have none."""

    noise: float = 0.1
    unread: frozenset[str] = frozenset()
    spec: ModelSpec = SPEC
    seen: list[str] = field(default_factory=list)

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        self.seen += [p.name for p in pictures]
        places = np.array([i for i, p in enumerate(pictures) if p.name not in self.unread], np.int64)
        left = {i: "its vector holds no numbers" for i, p in enumerate(pictures) if p.name in self.unread}
        vectors = [self._vector(pictures[i]) for i in places]
        return Embedded(np.array(vectors, np.float32).reshape(len(places), len(COLOURS)), places, left)

    def known(self, pictures: Sequence[Picture]) -> tuple[int, int]:
        n = len({p.hash for p in pictures})
        return n, n if self.seen else 0

    def _vector(self, picture: Picture) -> np.ndarray:
        own = np.random.default_rng(int(picture.hash[:8], 16)).standard_normal(len(COLOURS))
        return np.eye(len(COLOURS))[list(COLOURS).index(colour_of(picture))] + self.noise * own
