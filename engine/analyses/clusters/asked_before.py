"""How many of the pictures that a run of a part describes were described before: kept by runs, read by prices.

Two counts are kept, as the work goes on. Runs that differ in nothing but share and K describe the same pictures in the
same order. Runs of the same words about pictures, whatever else differs, begin with the same first sample.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from engine.analyses.clusters.describing import describe_ask
from engine.analyses.clusters.placing import names_ask
from engine.analyses.clusters.result import Params
from engine.gallery import Picture
from engine.models.roles import ModelSpec
from engine.steps.answers import Remembered
from engine.steps.tasks import DESCRIBE, NAME_CLUSTERS


class AskedBefore:
    """The counts of one question.

    Args:
        pictures: the different ones that it is about.
        params: of the run.
        vision: describes pictures; its store keeps the counts.
        chat: names clusters.
        likeness: whose vectors say what is alike.
        seed: of samples.
    """

    def __init__(
        self,
        pictures: Iterable[Picture],
        params: Params,
        vision: Remembered,
        chat: Remembered,
        likeness: ModelSpec,
        seed: int,
    ) -> None:
        self._vision = vision
        begins = [vision.key(DESCRIBE, describe_ask(params)).hex(), asdict(likeness), *sorted(p.hash for p in pictures)]
        goes_on = [*begins, chat.key(NAME_CLUSTERS, names_ask(params)).hex(), seed]
        self._first, self._all = _name("first", begins), _name("all", goes_on)

    @property
    def first(self) -> int:
        """How many pictures of the first sample were described."""
        return self._count(self._first)

    @property
    def all(self) -> int:
        """How many pictures the largest share so far has described."""
        return self._count(self._all)

    def keep(self, described: int, is_first: bool) -> None:
        """Remember that so many are described by now; a larger count stays."""
        for name in (self._all, self._first) if is_first else (self._all,):
            if described > self._count(name):
                self._vision.set_found(name, str(described))

    def _count(self, name: str) -> int:
        return int(self._vision.found(name) or 0)


def _name(which: str, of: Sequence[object]) -> str:
    return f"described {which} {hashlib.sha256(json.dumps(of, default=str).encode()).hexdigest()}"
