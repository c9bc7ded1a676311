"""The classifier and how sure it is, on planted clouds."""

import numpy as np
import pytest

from engine.analyses.clusters.spreading import fitted, prepared


def clouds(n, kinds=4, apart=4.0, seed=0, d=8):
    rng = np.random.default_rng(seed)
    of = rng.integers(kinds, size=n)
    return prepared(apart * np.eye(d)[of] + rng.standard_normal((n, d))), of


def learned(vectors, kinds, count=4, fair=None):
    return fitted(vectors, kinds, count, np.ones(len(kinds), bool) if fair is None else fair)


def test_clouds_apart_are_told():
    vectors, of = clouds(600, apart=8.0)
    shares = learned(vectors[:100], of[:100]).shares(vectors[100:])
    assert (shares.argmax(1) == of[100:]).mean() == 1
    assert shares.max(1).mean() > 0.95


@pytest.mark.parametrize("apart", [0.0, 2.0, 3.0, 5.0])
def test_it_is_as_often_right_as_it_says(apart):
    sure, right = [], []
    for seed in range(8):
        vectors, of = clouds(800, apart=apart, seed=seed)
        shares = learned(vectors[:150], of[:150]).shares(vectors[150:])
        sure.append(shares.max(1).mean())
        right.append((shares.argmax(1) == of[150:]).mean())
    assert np.mean(sure) == pytest.approx(np.mean(right), abs=0.05)


def test_how_sure_it_may_be_is_judged_on_pictures_like_the_rest():
    """Of clouds that overlap, mostly hard ones were asked for: judged by all it would be less sure than it may be."""
    vectors, of = clouds(2000, apart=4.0)
    margin = np.sort(vectors[:, :4], axis=1)
    hard = np.argsort(margin[:, -1] - margin[:, -2])[:150]
    fair = np.setdiff1d(np.arange(100), hard)
    rest = np.setdiff1d(np.arange(2000), [*hard, *fair])
    known, is_fair = np.concatenate([hard, fair]), np.repeat([False, True], (len(hard), len(fair)))
    shares = learned(vectors[known], of[known], fair=is_fair).shares(vectors[rest])
    right = (shares.argmax(1) == of[rest]).mean()
    blind = learned(vectors[known], of[known]).shares(vectors[rest])
    assert abs(shares.max(1).mean() - right) < abs(blind.max(1).mean() - right)
    assert shares.max(1).mean() == pytest.approx(right, abs=0.06)


def test_a_single_kind_is_never_certain():
    model = fitted(np.eye(3), np.zeros(3, int), 2, np.ones(3, bool))
    # three known: a share of 1/4 for the two kinds there are and one nobody saw, 1/12 each
    assert model.shares(np.eye(3)[:1]) == pytest.approx(np.array([[1 - 1 / 4 + 1 / 12, 1 / 12]]))


def test_kinds_without_a_picture_or_with_one_do_no_harm():
    vectors, of = clouds(60, kinds=2)
    of[0] = 3
    shares = learned(vectors, of, count=5).shares(vectors)
    assert shares.shape == (60, 5)
    assert (shares > 0).all()
    assert (shares.sum(1) < 1).all()
    assert (shares[1:].argmax(1) == of[1:]).mean() > 0.9


def test_vectors_all_alike_are_no_trouble():
    assert np.isfinite(prepared(np.ones((5, 3)))).all()


def test_asked_again_it_says_the_same():
    vectors, of = clouds(300)
    assert (learned(vectors, of).shares(vectors) == learned(vectors, of).shares(vectors)).all()
