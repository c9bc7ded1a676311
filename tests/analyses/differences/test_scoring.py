"""How true a statement is of pictures, by each of those who score."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.differences.scoring import ByColumns, ByDescriptions, ByMatcher
from engine.gallery import Gallery, Picture
from tests.analyses.differences.test_run import Matcher


def test_a_matcher_scores_what_it_could_read_and_some_as_it_scores_all():
    vectors = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    scorer = ByMatcher(Matcher(), vectors, np.array([0, 2, 3, 5, 6]), 7)
    scores = scorer.scores(["beach", "a cat"])
    assert np.isnan(scores).any(0).tolist() == [False, True, False, False, True, False, False]
    some = np.array([1, 3, 6])
    np.testing.assert_allclose(scorer.among(some).scores(["beach", "a cat"]), scores[:, some], rtol=1e-5)
    assert scorer.scores([]).shape == (0, 7)


def test_descriptions_score_by_their_words_and_rare_ones_weigh_more():
    scorer = ByDescriptions({0: "A red car on a beach.", 1: "A red house.", 3: "A red dog."}, 4)
    row = scorer.scores(["a red car"])[0]
    assert row[0] == pytest.approx(1)
    assert 0 < row[1] == row[3] < 0.5  # red is in all three
    assert np.isnan(row[2])


def test_columns_score_their_values():
    said = ({"size": "3", "kind": "a: b"}, {"size": "", "kind": "c"}, {"size": "5"})
    pictures = [Picture(f"{i}.png", f"{i}", 1, 1, "/nowhere", "", row) for i, row in enumerate(said)]
    scores = ByColumns(Gallery("/nowhere", "", "folder", pictures)).scores(["size: high", "kind: a: b"])
    np.testing.assert_equal(scores, np.array([[3, np.nan, 5], [1, 0, np.nan]], np.float32))
