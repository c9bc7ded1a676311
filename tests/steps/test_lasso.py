import time

import numpy as np
import pytest

from engine.steps.lasso import inside

SQUARE = [[0, 0], [2, 0], [2, 2], [0, 2]]


def plainly(points, polygon):
    """The even-odd rule a point and an edge at a time."""
    found = []
    for i, (x, y) in enumerate(np.asarray(points, float)):
        odd = False
        for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if y0 > y1:
                x0, y0, x1, y1 = x1, y1, x0, y0
            if y0 <= y < y1 and (x - x0) * (y1 - y0) >= (y - y0) * (x1 - x0):
                odd = not odd
        if odd:
            found.append(i)
    return found


def test_a_square_holds_what_lies_in_it():
    points = [[1, 1], [3, 1], [-1, 1], [1, 3], [1, -1], [0.5, 1.999], [np.nan, 1], [1, np.nan]]
    np.testing.assert_array_equal(inside(np.array(points), np.array(SQUARE)), [0, 5])


def test_left_and_lower_borders_belong_to_it_right_and_upper_ones_do_not():
    borders = {"left": [0, 1], "lower": [1, 0], "corner": [0, 0], "right": [2, 1], "upper": [1, 2], "others": [2, 2]}
    found = inside(np.array(list(borders.values()), float), np.array(SQUARE))
    assert [list(borders)[i] for i in found] == ["left", "lower", "corner"]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_point_on_a_shared_border_is_in_just_one_of_both(turn):
    """A square cut along a line that no binary fraction hits: nothing is lost, nothing is in both."""
    rng = np.random.default_rng(0)
    a, b = np.array([0.1, -1]), np.array([0.7, 1])
    along = a + rng.uniform(0, 1, (2000, 1)) * (b - a)
    points = np.vstack([along, rng.uniform(-1, 1, (2000, 2))]).astype(np.float32)
    left = np.array([[-1, -1], a, b, [-1, 1]])[::turn]
    right = np.array([a, [1.1, -1], [1.1, 1], b])
    found = np.concatenate([inside(points, left), inside(points, right)])
    assert len(found) == len(set(found)) == (points[:, 1] < 1).sum()


def test_what_is_gone_around_twice_is_outside():
    # Two squares drawn in one line, 0 to 2 and 1 to 3: the part in both is gone around twice.
    twice = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0], [1, 1], [3, 1], [3, 3], [1, 3], [1, 1], [0, 0]])
    np.testing.assert_array_equal(inside(np.array([[0.5, 0.6], [1.5, 1.6], [2.5, 2.6]]), twice), [0, 2])
    bow = np.array([[0, 0], [2, 2], [2, 0], [0, 2]])  # crosses itself in (1, 1)
    np.testing.assert_array_equal(inside(np.array([[0.2, 1], [1.8, 1], [1, 0.2], [1, 1.8]]), bow), [0, 1])


@pytest.mark.parametrize("seed", range(6))
def test_any_polygon_agrees_with_the_rule_itself(seed):
    rng = np.random.default_rng(seed)
    polygon = rng.uniform(-1, 1, (int(rng.integers(3, 40)), 2))
    points = rng.uniform(-1.1, 1.1, (500, 2))
    if seed % 2:  # level edges, corners at the height of points, points on edges
        polygon, points = (polygon * 8).round() / 8, (points * 8).round() / 8
    np.testing.assert_array_equal(inside(points, polygon), plainly(points, polygon))


@pytest.mark.parametrize("polygon", [[], [[0, 0]], [[0, 0], [1, 1]], [[0, 0], [1, 0], [2, 0]], [[1, 1]] * 5])
def test_a_line_holds_nothing(polygon):
    assert len(inside(np.random.default_rng(0).normal(size=(100, 2)), np.array(polygon, float).reshape(-1, 2))) == 0


def test_no_points():
    assert len(inside(np.zeros((0, 2), np.float32), np.array(SQUARE))) == 0


def test_a_million_points_take_half_a_second():
    points = np.random.default_rng(0).uniform(-1, 1, (1_000_000, 2)).astype(np.float32)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    wave = (0.7 + 0.2 * np.sin(7 * angle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    took, found = [], np.zeros(0)
    for _ in range(3):
        began = time.process_time()
        found = inside(points, wave)
        took.append(time.process_time() - began)
    assert len(found) == pytest.approx(1e6 * np.pi * (0.49 + 0.02) / 4, rel=0.01)  # the area is pi (r² + a² / 2)
    assert min(took) < 0.5
