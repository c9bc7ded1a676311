"""Words for the two ends of a diversity run's direction, from a matcher's stored vectors: seen, not tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.analyses.differences.proposing import by_concepts
from engine.analyses.differences.scoring import ByMatcher
from engine.analyses.differences.sides import Units
from engine.analyses.differences.statistics import auroc
from engine.errors import SettingsError
from engine.gallery import Gallery, shared_gallery
from engine.jobs.execute import read_result
from engine.jobs.preparing import COLOURS, matcher_of
from engine.jobs.searching import Matchers, matrix
from engine.models import profiles
from engine.models.checkpoints import vocabulary
from engine.models.roles import ModelSpec
from engine.settings import Settings
from engine.steps import embeddings
from engine.store.runs import Run

_WORDS = 4  # of each end
_CLEAR = 0.85  # AUROC from which so few pictures are told apart more clearly than by chance mostly


@dataclass(frozen=True)
class Ends:
    """Words of which a matcher sees more at one end than at the other, and whose they are."""

    low: tuple[str, ...]
    high: tuple[str, ...]
    by: str


def words_for_ends(run: Run, axis: int, settings: Settings, matchers: Matchers) -> Ends:
    """What tells the ends of a direction apart.

    Args:
        run: a finished diversity run.
        axis: from 1 on.
        settings: workspace and models.
        matchers: keeps the matcher.

    Raises:
        RunError: there is no such result. SettingsError: no such direction, no matcher, or no vectors yet.
    """
    axes = read_result(run).axes
    if not 0 < axis <= len(axes):
        raise SettingsError(f"There is no direction {axis}.", f"There are {len(axes)}.")
    gallery = shared_gallery(run.request.gallery, settings.home)
    spec = matcher_of(profiles.specs(settings.models, settings, gallery.root))
    if spec == COLOURS:
        raise SettingsError("There is no matcher that knows words.", "Choose one on the Models page.")
    vectors, places = matrix(gallery.fingerprint, spec, settings.home)
    one, other = (_units(gallery, files, places) for files in (axes[axis - 1].low, axes[axis - 1].high))
    if not len(one) or not len(other):
        raise SettingsError("These pictures have no vectors yet.", "Open the map once: it makes them.")
    scorer = ByMatcher(_Warm(spec, settings, matchers), vectors, places, len(gallery))
    found = by_concepts(scorer, (one, other), vocabulary(spec.name))
    said: dict[str, list[str]] = {"a": [], "b": []}
    for proposal, scores in zip(found, scorer.scores([p.statement for p in found]), strict=True):
        first, second = (one, other) if proposal.direction == "a" else (other, one)
        if auroc(first.values(scores), second.values(scores)) >= _CLEAR:
            said[proposal.direction].append(proposal.statement)
    return Ends(tuple(said["a"][:_WORDS]), tuple(said["b"][:_WORDS]), spec.label)


def _units(gallery: Gallery, files: Sequence[str], known: np.ndarray) -> Units:
    places = np.array([gallery.index[file] for file in files if file in gallery.index], np.int64)
    places = places[np.isin(places, known)]
    return Units(places, np.arange(len(places)))


@dataclass(frozen=True)
class _Warm:
    """A matcher for texts, loaded when one is new."""

    spec: ModelSpec
    settings: Settings
    matchers: Matchers

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, d)."""
        load = lambda: self.matchers.get(self.spec, self.settings)  # noqa: E731
        return embeddings.embed_texts(texts, self.spec, self.settings, load)
