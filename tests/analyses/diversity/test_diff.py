"""Two diversity runs side by side: equal size, near pairs, core-sets."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analyses.diversity import Params, of_vectors
from engine.analyses.diversity.diff import diff, lines, tables
from engine.analyses.matching import Both

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((120, 16))
WITH_COPIES = np.concatenate([ROWS, ROWS[:3] + 1e-4])


@pytest.fixture(scope="module")
def results():
    return [of_vectors(rows, Params(threshold=0.95, coreset=10)) for rows in (ROWS, WITH_COPIES)]


def test_figures_at_equal_size_and_what_is_doubled(results):
    one = diff(*results)
    assert one.is_comparable
    assert one.equal
    assert one.equal[0].n == one.equal[1].n <= 120
    assert one.pairs == Both(0, 0, 3)
    assert len(one.new) == 3
    assert diff(*results[::-1]).pairs == Both(0, 3, 0)
    assert one.coresets
    assert one.coresets.both + one.coresets.only_a == 10


def test_the_same_twice(results):
    one = diff(results[1], results[1])
    assert one.pairs == Both(3, 0, 0)
    assert one.coresets == Both(10, 0, 0)
    said = "\n".join(lines(one))
    assert "near pairs: 3 in both, 0 only in A, 0 only in B" in said
    assert {row["run"] for row in tables(one)["figures"]} == {"a", "b"}


def test_pairs_may_go_by_other_names(results):
    names = sorted({name for pair in diff(results[0], results[1]).new for name in pair})
    turned = dict(zip(names, names, strict=True))
    assert diff(results[1], results[1], turned).pairs == Both(3, 0, 0)
    one = names[:1]
    assert diff(results[1], results[1], dict(zip(one, one, strict=True))).pairs == Both(
        0, 0, 0
    )  # the other is not in both
