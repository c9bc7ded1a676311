"""Search a gallery by words or by a picture: scores for every picture, from vectors that are stored already.

With a matcher: the cosine of the words' (or the picture's) vector with each picture's. Without one, words are looked
for in the descriptions that finished runs hold: TF-IDF weighted cosine of word counts.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import SettingsError, VitrineError
from engine.gallery import Gallery, shared_gallery
from engine.jobs.execute import read_result
from engine.jobs.preparing import COLOURS, matcher_of
from engine.models import load as load_model
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.settings import Settings
from engine.steps import embeddings
from engine.store.runs import Runs
from engine.store.vectors import Vectors


@dataclass
class Matchers:
    """At most one matcher, kept warm from its first question on."""

    spec: ModelSpec | None = None
    model: Any = None

    def get(self, spec: ModelSpec, settings: Settings) -> Any:  # noqa: ANN401  a roles.Matcher
        """The model of this spec; the one before is let go of."""
        if spec != self.spec:
            self.spec = self.model = None
            self.model, self.spec = load_model("matcher", spec, settings), spec
        return self.model


@dataclass(frozen=True)
class Found:
    """What a search says.

    Args:
        scores: (n,) float32, one a picture of the gallery in its order; NaN where nothing is known of it.
        by: who said so, for people.
        known: how many pictures have a score.
    """

    scores: np.ndarray
    by: str
    known: int


def search(gallery: Gallery, words: str, picture: str, settings: Settings, matchers: Matchers) -> Found:
    """Score every picture of a gallery against words, or against one of its pictures (its name).

    Raises:
        SettingsError: nothing to search for, no such picture, or nothing is known to search in.
        ModelError: the matcher cannot be used.
    """
    specs = profiles.specs(settings.models, settings, gallery.root)
    spec = matcher_of(specs)
    if spec == COLOURS:
        return _by_description(gallery, words, settings)
    vectors, places = matrix(gallery.fingerprint, spec, settings.home)
    if not len(places):
        raise SettingsError("The pictures of this gallery have no vectors yet.", "Open the map once: it makes them.")
    if picture:
        asked = _of_picture(gallery, picture, vectors, places)
    else:
        (asked,) = embeddings.embed_texts([words], spec, settings, lambda: matchers.get(spec, settings))
    scores = np.full(len(gallery), np.nan, np.float32)
    scores[places] = vectors @ asked
    return Found(scores, spec.label, len(places))


_kept: dict[tuple[str, str, int], tuple[np.ndarray, np.ndarray]] = {}  # one gallery's, asked again and again


def matrix(fingerprint: str, spec: ModelSpec, home: Path) -> tuple[np.ndarray, np.ndarray]:
    """A gallery's vectors and whose they are; read anew when there are more of them."""
    with closing(Vectors(home, spec)) as vectors:
        name = (fingerprint, str(vectors.folder), vectors.size)
        if name not in _kept:
            _kept.clear()
            _kept[name] = vectors.matrix([p.hash for p in shared_gallery(fingerprint, home).pictures])
        return _kept[name]


def _of_picture(gallery: Gallery, name: str, vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
    place = gallery.index.get(name)
    if place is None:
        raise SettingsError("There is no such picture in this gallery.", "Open the gallery again.")
    at = int(np.searchsorted(places, place))
    if at == len(places) or places[at] != place:
        raise SettingsError("This picture has no vector yet.", "Open the map once: it makes them.")
    return vectors[at]


def _by_description(gallery: Gallery, words: str, settings: Settings) -> Found:
    from sklearn.feature_extraction.text import TfidfVectorizer

    said = _descriptions(gallery, settings)
    if not words or not said:
        raise SettingsError(
            "Nothing is known yet that could be searched: there is no matcher, and no picture was described.",
            "Choose models with a matcher on the Models page, or ask for clusters: their descriptions can be searched.",
        )
    weigh = TfidfVectorizer(sublinear_tf=True, analyzer=_stems)  # type: ignore[arg-type]
    pictures: Any = weigh.fit_transform(list(said.values()))  # sparse matrices, of which scikit-learn says too little
    asked: Any = weigh.transform([words])
    scores = np.full(len(gallery), np.nan, np.float32)
    scores[list(said)] = (pictures @ asked.T).toarray().ravel()
    return Found(scores, "descriptions of earlier runs", len(said))


def _descriptions(gallery: Gallery, settings: Settings) -> dict[int, str]:
    """What finished runs say of the gallery's pictures, by place: the newest description of each."""
    found: dict[str, str] = {}
    for run, status in Runs(settings.home).all():
        if status.state != "done" or run.is_damaged or run.request.gallery != gallery.fingerprint:
            continue
        try:
            rows = getattr(read_result(run), "rows", ())
        except VitrineError:
            continue
        for row in rows:
            if row.description:
                found.setdefault(row.file, row.description)
    return {i: found[p.name] for i, p in enumerate(gallery.pictures) if p.name in found}


def _stems(text: str) -> list[str]:
    """Words without the endings that plurals and verbs take, so that "dogs" finds "dog"."""
    return [re.sub(r"(?<=\w{3})(es|s|ing|ed)$", "", word) for word in re.findall(r"[^\W_]+", text.lower())]
