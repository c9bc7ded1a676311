import math

import pytest

from engine.analyses.clusters.agreement import agreement
from engine.charts.clusters import confusion

#          X  Y  unassigned
TABLE = {
    "a": (3, 1, 0),
    "b": (0, 2, 1),
    "c": (1, 0, 1),
}
PAIRS = [
    (label, cluster)
    for label, row in TABLE.items()
    for cluster, n in zip(("X", "Y", ""), row, strict=True)
    for _ in range(n)
]


def compared(pairs=PAIRS, names=("X", "Y"), seed=0):
    found = agreement([label for label, _ in pairs], [cluster for _, cluster in pairs], names, seed)
    assert found
    return found


def test_by_hand():
    found = compared()
    assert found.n == 9
    assert found.accuracy == pytest.approx(5 / 9)  # a is X: 3 right; b is Y: 2 right; nothing is left for c
    assert found.labels == ("a", "b", "c")
    assert found.match == ("a", "b")
    assert found.confusion == (
        pytest.approx((3 / 4, 1 / 4, 0)),
        pytest.approx((0, 2 / 3, 1 / 3)),
        pytest.approx((1 / 2, 0, 1 / 2)),
    )
    # Pairs alike in both: C(3,2) + C(2,2) = 4; by labels C(4,2) + C(3,2) + C(2,2) = 10, by clusters (4, 3, 2) as many;
    # of C(9,2) = 36. Expected 100/36, so (4 - 100/36) / (10 - 100/36) = 11/65.
    assert found.ari == pytest.approx(11 / 65)
    cells = [(3, 4, 4), (1, 4, 3), (2, 3, 3), (1, 3, 2), (1, 2, 4), (1, 2, 2)]  # n, its row's sum, its column's
    shared = sum(n / 9 * math.log(9 * n / (row * col)) for n, row, col in cells)
    entropy = -sum(n / 9 * math.log(n / 9) for n in (4, 3, 2))  # of labels and of clusters alike
    assert found.nmi == pytest.approx(shared / entropy)


def test_unassigned_is_never_right():
    found = compared([("a", "")] * 3 + [("b", "X")] * 2, ["X"])
    assert found.accuracy == pytest.approx(2 / 5)
    assert found.match == ("b",)


def test_perfect():
    found = compared([("a", "X")] * 5 + [("b", "Y")] * 5)
    assert (found.accuracy, found.low, found.high) == (1, 1, 1)
    assert (found.nmi, found.ari) == (pytest.approx(1), pytest.approx(1))


def test_more_clusters_than_labels():
    found = compared([("a", "X")] * 3 + [("a", "Y")] * 2 + [("b", "Z")] * 4, ["X", "Y", "Z"])
    assert found.accuracy == pytest.approx(7 / 9)  # X is a, Z is b, Y stands for nothing
    assert found.match == ("a", "", "b")


def test_a_cluster_without_any_right_picture_stands_for_nothing():
    assert compared([("a", "X"), ("b", "X"), ("b", "X")], ["X", "empty"]).match == ("b", "")


def test_pictures_without_a_label_are_left_out():
    assert compared([*PAIRS, ("", "X"), ("", "")]) == compared()


def test_nothing_to_compare_with():
    assert agreement([], [], ["X"], 0) is None
    assert agreement(["", ""], ["X", "X"], ["X"], 0) is None
    assert agreement(["a", "a", ""], ["X", "X", "X"], ["X"], 0) is None
    assert agreement(["a", "b"], ["", ""], [], 0) is None


def test_all_unassigned():
    found = compared([("a", ""), ("b", "")], ["X"])
    assert (found.accuracy, found.low, found.high) == (0, 0, 0)


def test_the_bootstrap_repeats_with_its_seed():
    assert compared(seed=3) == compared(seed=3)
    found = [compared(PAIRS * 10, seed=seed) for seed in range(6)]
    assert {f.accuracy for f in found} == {5 / 9}
    assert len({(f.low, f.high) for f in found}) > 1
    assert all(f.low < f.accuracy < f.high for f in found)


def test_more_pictures_narrow_the_interval():
    few, many = compared(), compared(PAIRS * 100)
    assert many.high - many.low < (few.high - few.low) / 5  # by the root of 100, about


@pytest.mark.parametrize("turn", [1, 4])
def test_order_and_names_do_not_matter(turn):
    turned = PAIRS[turn:] + PAIRS[:turn]
    assert compared(turned) == compared()
    renamed = compared([(label, {"X": "Q", "Y": "P"}.get(c, "")) for label, c in PAIRS], ["Q", "P"])
    assert (renamed.accuracy, renamed.nmi, renamed.ari) == (
        compared().accuracy,
        pytest.approx(compared().nmi),
        pytest.approx(compared().ari),
    )


def test_copies_change_nothing_but_n():
    twice = compared(PAIRS * 2)
    assert (twice.accuracy, twice.nmi) == (pytest.approx(compared().accuracy), pytest.approx(compared().nmi))
    assert twice.confusion == tuple(map(pytest.approx, compared().confusion))
    assert twice.n == 18


def test_the_figure_puts_matches_on_the_diagonal_and_escapes_names():
    found = compared([(label, {"X": "<b>x", "Y": "y" * 40}.get(c, "")) for label, c in PAIRS], ["y" * 40, "<b>x"])
    drawn = confusion(found).to_dict()["data"][0]
    assert list(drawn["x"]) == ["‹b›x", "y" * 27 + "…", "unassigned"]
    assert list(drawn["y"]) == ["a", "b", "c"]
    assert drawn["z"][0] == pytest.approx([75, 25, 0])
