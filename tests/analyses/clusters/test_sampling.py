"""Which pictures are described first and next, on planted points."""

import numpy as np

from engine.analyses.clusters.sampling import covering, drawing_order, first_size, mixed, next_size, stand_for, unsure


def groups(n, spread=0.1, seed=0):
    """`n` groups of 30 points, far apart."""
    rng = np.random.default_rng(seed)
    centres = 10 * np.eye(n)
    return np.repeat(centres, 30, axis=0) + spread * rng.standard_normal((30 * n, n)), np.repeat(np.arange(n), 30)


def test_every_group_is_covered():
    points, of = groups(8)
    places = covering(points, 16)
    assert len(set(places)) == 16
    assert set(of[places]) == set(range(8))


def test_the_largest_groups_come_first():
    rng = np.random.default_rng(0)
    points = np.concatenate([np.eye(3)[i] * 10 + rng.standard_normal((n, 3)) * 0.1 for i, n in enumerate((90, 30, 5))])
    of = np.repeat(np.arange(3), (90, 30, 5))
    assert list(of[covering(points, 3)]) == [0, 1, 2]


def test_all_are_taken_where_there_are_no_more_and_equal_points_do_no_harm():
    assert list(covering(np.eye(4), 4)) == [0, 1, 2, 3]
    assert len(set(covering(np.ones((50, 3)), 10))) == 10


def test_unsure_pictures_come_before_sure_ones_and_not_all_alike():
    points, of = groups(3)
    sureness = np.where(of == 0, 0.99, 0.4)
    taken = unsure(points, sureness, 10)
    assert len(set(taken)) == 10
    assert set(of[taken]) == {1, 2}
    assert set(of[taken[:2]]) == {1, 2}  # the second is not next to the first


def test_fewer_than_wanted_are_all_taken():
    assert sorted(unsure(np.eye(3), np.array([0.1, 0.5, 0.9]), 10)) == [0, 1, 2]


def test_one_in_four_is_drawn_and_nothing_is_taken_twice():
    taken = mixed([1, 2, 3, 4, 5, 6, 7, 8], [1, 9, 10, 11], 8)
    assert list(taken) == [1, 2, 3, 9, 4, 5, 6, 10]  # 1 was drawn, too, but is there already
    assert [place for place, is_drawn in taken.items() if is_drawn] == [9, 10]


def test_a_smaller_number_is_the_beginning_of_a_larger_one():
    doubted, drawn = list(range(20)), [int(i) for i in drawing_order(40, 1)]
    assert list(mixed(doubted, drawn, 7)) == list(mixed(doubted, drawn, 15))[:7]


def test_what_is_used_up_on_one_side_comes_from_the_other():
    assert list(mixed([1], [2, 3, 4], 9)) == [1, 2, 3, 4]
    assert list(mixed([], [], 3)) == []


def test_sizes_do_not_depend_on_what_is_paid():
    assert [first_size(n) for n in (10, 600, 1_000_000)] == [10, 62, 400]
    assert [next_size(n) for n in (10, 62, 10_000)] == [20, 31, 1000]


def test_a_described_picture_stands_for_those_nearest_to_it():
    # on a line: 0, 1 and 2 are nearest to 1; 9, 10, 11 and 12 to 10
    line = np.array([0, 1, 2, 9, 10, 11, 12], float)[:, None]
    assert list(stand_for(line, np.array([1, 4]))) == [3, 4]
    assert list(stand_for(line, np.array([4, 4]))) == [7, 1]  # at least one
