"""From pictures whose cluster is known to the rest: a classifier on vectors that knows how sure it is. Pure.

Softmax regression. How strongly it is held back, and a temperature that makes its shares mean what they say (Guo et
al., *On calibration of modern neural networks*, ICML 2017), are chosen by five-fold cross-validation, judged on those
known ones that are like the rest; nobody is surer than one mistake among as many pictures as are known.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

_FOLDS = 5
_STRENGTHS = (0.3, 3.0, 30.0, 300.0)  # of the fit to the known ones against small weights
_TEMPERATURES = np.geomspace(0.1, 5.0, 30)
_COMPARED = 2000  # known pictures that the choice is made on
_LEAST_FAIR = 20
_NEVER = -1e3


def prepared(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) moved to their mean and scaled to a mean square length of 1."""
    moved = vectors - vectors.mean(axis=0)
    return moved / max(float(np.sqrt(np.square(moved).sum(axis=1).mean())), 1e-12)


@dataclass(frozen=True)
class Spreader:
    """A fitted classifier."""

    known: int
    kinds: int
    temperature: float
    _model: Any  # sklearn's, or the only kind there is

    def shares(self, vectors: np.ndarray) -> np.ndarray:
        """(n, kinds) how likely each kind is; what rows lack to 1 is that it is of a kind nobody has seen."""
        return _softened(_scores(self._model, vectors, self.kinds), self.temperature, self.known)


def fitted(vectors: np.ndarray, kinds: np.ndarray, count: int, fair: np.ndarray) -> Spreader:
    """Learn from known pictures.

    Args:
        vectors: (n, d), as `prepared` gives them, n at least 1.
        kinds: (n,) from 0 on, less than `count`.
        count: how many kinds there are; some may have no picture.
        fair: (n,) bool, which were chosen without a look at how sure they were; too few of them, and all are judged.
    """
    n = len(kinds)
    some = np.arange(n) if n <= _COMPARED else np.random.default_rng(n).choice(n, _COMPARED, replace=False)
    judged = fair[some] if fair[some].sum() >= _LEAST_FAIR else np.ones(len(some), bool)
    folds = _folds(kinds[some])
    best, strength, temperature = np.inf, _STRENGTHS[0], 1.0
    for candidate in _STRENGTHS:
        scores = np.zeros((len(some), count))
        for fold in range(_FOLDS):
            mine = folds == fold
            if mine.any() and not mine.all():
                model = _model(vectors[some][~mine], kinds[some][~mine], candidate)
                scores[mine] = _scores(model, vectors[some][mine], count)
        for t in _TEMPERATURES:
            said = _softened(scores, float(t), n)[np.arange(len(some)), kinds[some]]
            loss = float(-np.log(said[judged]).mean())
            if loss < best - 1e-9:
                best, strength, temperature = loss, candidate, float(t)
    return Spreader(n, count, temperature, _model(vectors, kinds, strength))


def _folds(kinds: np.ndarray) -> np.ndarray:
    """(n,) a fold for each, every kind dealt out evenly."""
    order = np.argsort(kinds, kind="stable")
    folds = np.empty(len(kinds), np.int64)
    folds[order] = np.arange(len(kinds)) % _FOLDS
    return folds


def _model(vectors: np.ndarray, kinds: np.ndarray, strength: float) -> Any:  # noqa: ANN401
    if (kinds == kinds[0]).all():
        return int(kinds[0])
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    # Products so small are faster on one core, many times so beside other work; and the sums' order stays the same.
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits of weights do not matter
        return LogisticRegression(C=strength, max_iter=200).fit(vectors, kinds)


def _scores(model: Any, vectors: np.ndarray, kinds: int) -> np.ndarray:  # noqa: ANN401
    """(n, kinds) logits; kinds that the model never saw are hopeless."""
    scores = np.full((len(vectors), kinds), _NEVER)
    if isinstance(model, int):
        scores[:, model] = 0.0
        return scores
    said = model.decision_function(vectors)
    scores[:, model.classes_] = said if said.ndim == 2 else np.stack([np.zeros(len(said)), said], axis=1)
    return scores


def _softened(scores: np.ndarray, temperature: float, known: int) -> np.ndarray:
    """Softmax of logits; a share of one in known + 1 goes to all kinds alike and to one that nobody has seen."""
    raised = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    shares = raised / raised.sum(axis=1, keepdims=True)
    chance = 1.0 / (known + 1)
    return (1.0 - chance) * shares + chance / (scores.shape[1] + 1)
