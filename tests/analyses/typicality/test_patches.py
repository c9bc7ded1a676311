"""Patches from maps, against loops over every position; means and intervals against the formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from engine.analyses.typicality.patches import (
    FINER,
    box_means,
    contrast,
    interval,
    mean_in,
    random_boxes,
    side,
    top_boxes,
    upsampled,
)

SHAPES = [(8, 8), (6, 11), (12, 5)]


def groups_of(shape, seed=0, n=8):
    return np.random.default_rng(seed).standard_normal((n, *shape)).astype(np.float32)


def by_hand(groups, shares, count, least=False):
    """Top, left, side and mean of patches on the fine map: every position and size, greedily, none over another."""
    fine = upsampled(groups).mean(0)
    h, w = fine.shape
    sizes = {side(fine.shape, share) for share in shares}
    found = []
    sign = 1 if least else -1
    everywhere = sorted(
        (sign * fine[y : y + n, x : x + n].mean() * (n if len(sizes) > 1 else 1), y, x, n)
        for n in sizes for y in range(h - n + 1) for x in range(w - n + 1)
    )  # fmt: skip
    for _, y, x, n in everywhere:
        apart = (y >= b + m or b >= y + n or x >= a + m or a >= x + n for b, a, m, _ in found)
        if len(found) < count and all(apart):
            found.append((y, x, n, fine[y : y + n, x : x + n].mean()))
    return found


@pytest.mark.parametrize("least", [False, True], ids=["most", "least"])
@pytest.mark.parametrize("shares", [(0.05,), (0.125,), (0.25,), (0.5,), (0.9,), (0.125, 0.2, 0.4)])
@pytest.mark.parametrize("shape", SHAPES)
def test_boxes_equal_brute_force(shape, shares, least):
    groups = groups_of(shape)
    h, w = (FINER * x for x in shape)
    expected = by_hand(groups, shares, 5, least)
    found = top_boxes(groups, shares, 5, least)
    assert len(found) == len(expected)
    for (box, mean, low, high), (y, x, n, by_loop) in zip(found, expected, strict=True):
        assert box == pytest.approx((x / w, y / h, n / w, n / h))
        assert mean == pytest.approx(by_loop, abs=1e-9)
        parts = upsampled(groups)[:, y : y + n, x : x + n].mean((1, 2))
        said = ttest_1samp(parts, 0).confidence_interval(0.95)
        assert (low, high) == pytest.approx((said.low, said.high))


@pytest.mark.parametrize(("shape", "size"), [((16, 16), 3), ((16, 16), 6), ((12, 20), 4)])
def test_of_several_sizes_the_one_that_fits_is_chosen(shape, size):
    groups = np.zeros((8, *shape), np.float32)
    groups[:, 5 : 5 + size, 4 : 4 + size] = 1
    mean = (shape[0] * shape[1]) ** 0.5
    ((left, top, width, height), *_), *_ = top_boxes(groups, [n / mean for n in (2, 3, 4, 6, 8)], 1)
    assert (left * shape[1], top * shape[0]) == pytest.approx((4, 5), abs=0.3)
    assert (width * shape[1], height * shape[0]) == pytest.approx((size, size), abs=0.3)


@pytest.mark.parametrize("chosen", ["top", "random"])
@pytest.mark.parametrize("shares", [(0.1,), (0.3,), (0.6,), (0.1, 0.25, 0.4)])
@pytest.mark.parametrize("shape", SHAPES)
def test_boxes_lie_inside_and_never_overlap(shape, shares, chosen):
    groups = groups_of(shape, 3)
    if chosen == "top":
        boxes = [box for box, *_ in top_boxes(groups, shares, 50)]
    else:
        boxes = random_boxes(groups, shares, 50, np.random.default_rng(0))
    assert boxes
    covered = np.zeros((FINER * shape[0], FINER * shape[1]), int)
    for left, top, width, height in boxes:
        x, y = round(left * covered.shape[1]), round(top * covered.shape[0])
        w, h = round(width * covered.shape[1]), round(height * covered.shape[0])
        assert min(x, y) >= 0
        assert (x + w <= covered.shape[1], y + h <= covered.shape[0], w) == (True, True, h)
        covered[y : y + h, x : x + w] += 1
    assert covered.max() == 1


def test_random_boxes_are_anywhere():
    rng = np.random.default_rng(0)
    places = np.array([box[:2] for _ in range(2000) for box in random_boxes(groups_of((8, 8)), (0.25,), 1, rng)])
    assert places.mean(0) == pytest.approx([0.375, 0.375], abs=0.02)
    assert (places.min(), places.max()) == (0, 0.75)


def test_a_ramp_stays_a_ramp():
    y, x = np.mgrid[:6, :9]
    fine = upsampled(3.0 * x + 10 * y)
    middles_y, middles_x = ((np.arange(FINER * n) + 0.5) / FINER - 0.5 for n in (6, 9))
    expected = 3 * np.clip(middles_x, 0, 8) + 10 * np.clip(middles_y, 0, 5)[:, None]
    assert fine.shape == (24, 36)
    np.testing.assert_allclose(fine, expected, atol=1e-9)
    both = upsampled(np.stack([x, y]))
    np.testing.assert_allclose(both[0], upsampled(x * 1.0))
    assert upsampled(np.full((2, 3, 3), 5.0)).tolist() == np.full((2, 12, 12), 5.0).tolist()


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 3), (12, 10)])
def test_box_means_are_means(size):
    fine = np.random.default_rng(0).standard_normal((3, 12, 10))
    h, w = size
    found = box_means(fine, size)
    assert found.shape == (3, 13 - h, 11 - w)
    for y in range(13 - h):
        for x in range(11 - w):
            np.testing.assert_allclose(found[:, y, x], fine[:, y : y + h, x : x + w].mean((1, 2)))


def test_a_mean_counts_cells_by_how_much_is_covered():
    values = np.array([[1.0, 2, 3], [4, 5, 6]])  # cells of 1/3 by 1/2
    assert mean_in(values, (0, 0, 1, 1)) == pytest.approx(3.5)
    assert mean_in(values, (1 / 3, 0.5, 1 / 3, 0.5)) == pytest.approx(5)
    assert mean_in(values, (1 / 3, 0, 2 / 3, 0.5)) == pytest.approx(2.5)
    # Half of the first column, all of the second; half of the upper row, all of the lower:
    # (1 * .25 + 2 * .5 + 4 * .5 + 5 * 1) / (.25 + .5 + .5 + 1) = 8.25 / 2.25
    assert mean_in(values, (1 / 6, 0.25, 0.5, 0.75)) == pytest.approx(8.25 / 2.25, rel=1e-6)
    assert mean_in(values, (0.4, 0.1, 0.01, 0.01)) == pytest.approx(2, rel=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mean_is_that_of_many_small_cells(shape):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((4, *shape))
    fine = values.repeat(60, 1).repeat(60, 2)
    h, w = fine.shape[1:]
    for _ in range(20):
        (top, bottom), (left, right) = (np.sort(rng.choice(n + 1, 2, replace=False)) for n in (h, w))
        box = (left / w, top / h, (right - left) / w, (bottom - top) / h)
        expected = fine[:, top:bottom, left:right].mean((1, 2))
        np.testing.assert_allclose(mean_in(values, box), expected, rtol=1e-3, atol=1e-4)


def test_an_interval_is_students():
    groups = np.random.default_rng(0).standard_normal((8, 3, 2))
    mean, low, high = interval(groups)
    said = ttest_1samp(groups, 0, axis=0).confidence_interval(0.95)
    np.testing.assert_allclose(mean, groups.mean(0))
    np.testing.assert_allclose(low, said.low)
    np.testing.assert_allclose(high, said.high)
    # Of 1 and 3: mean 2, standard error 1, Student's quantile 12.706 with one degree of freedom
    assert [float(x) for x in interval(np.array([1.0, 3]))] == pytest.approx([2, 2 - 12.706, 2 + 12.706], abs=1e-3)
    assert [float(x) for x in interval(np.array([5.0]))] == [5, -np.inf, np.inf]


def test_what_ranks():
    maps = np.stack([np.full((4, 2, 2), x, np.float32) for x in (5.0, 1.0, 2.0)])
    assert contrast(maps, "null")[0, 0, 0] == 5
    assert contrast(maps, "others")[0, 0, 0] == 5 - 1.5
    assert contrast(maps[:2], "b")[0, 0, 0] == 5 - 1
    assert contrast(maps[:1], "others")[0, 0, 0] == 5  # nothing to hold it against
    assert contrast(maps, "others").shape == (4, 2, 2)


@pytest.mark.parametrize("share", [0.05, 0.9])
def test_a_patch_fits_whatever_the_shape(share):
    for shape in ((4, 400), (400, 4), (1, 1), (32, 32)):
        assert 1 <= side(shape, share) <= min(shape)
    assert side((100, 100), 0.25) == 25
    assert side((50, 200), 0.25) == 25
