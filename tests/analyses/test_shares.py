import pytest

from engine.analyses.shares import Accuracy, accuracy, share, wilson


def test_wilson_by_hand():
    assert wilson(0, 0) == (0, 1)
    low, high = wilson(5, 10)
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 20)[0] == 0
    assert wilson(20, 20)[1] == 1


def test_a_share_of_nothing_says_nothing():
    assert share(0, 0) == (0, 0, 1)
    assert share(3, 4) == (0.75, *wilson(3, 4))
    assert accuracy(3, 4) == Accuracy(3, 4, *wilson(3, 4))
