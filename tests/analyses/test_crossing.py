"""Tables of what goes together: hand-computed cases, scipy, MetaShift's published figures, and chance."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest
from scipy.stats import contingency

from engine.analyses.crossing import (
    balance,
    correlations,
    cramers_v,
    effective_size,
    entropy,
    group_weights,
    mutual_information,
    redundancy,
    subpopulations,
    table,
)
from engine.analyses.structure.deficits import deficits, weight_rows


def test_cramers_v_and_residuals():
    counts = np.array([[30.0, 10], [20, 40]])
    assert cramers_v(counts) == pytest.approx(contingency.association(counts.astype(int), method="cramer"))
    assert cramers_v(np.array([[5.0, 0], [0, 5]])) == 1
    assert cramers_v(np.array([[5.0, 5], [5, 5]])) == 0
    assert cramers_v(np.array([[5.0, 5]])) == cramers_v(np.zeros((0, 0))) == 0
    told = table([["a"], ["a"], ["b"], []], [["x"], ["y"], ["x", "y"], ["x"]])
    assert told.counts.tolist() == [[1, 1], [1, 1]]
    assert told.residuals.tolist() == [[0, 0], [0, 0]]
    lopsided = table([["a"]] * 40 + [["b"]] * 60, [["x"]] * 30 + [["y"]] * 10 + [["x"]] * 20 + [["y"]] * 40)
    assert abs(lopsided.residuals[0, 0]) == pytest.approx(4.0825, abs=1e-3)  # the root of chi squared for two by two


def test_entropy_information_and_redundancy():
    assert entropy([5, 5]) == 1
    assert entropy([5, 0]) == entropy([]) == 0
    assert mutual_information(np.array([[5.0, 0], [0, 5]])) == 1
    assert mutual_information(np.zeros((2, 2))) == 0
    values = [["a"], ["b"], ["c"], ["c"]]
    assert redundancy(values, values) == pytest.approx(1)
    assert redundancy(values, [["x"]] * 4) == 0


def test_balance_with_its_interval():
    even, odd = balance([100, 100, 100]), balance([280, 10, 10])
    assert even.evenness == pytest.approx(1)
    assert even.effective == pytest.approx(3)
    assert odd.low < odd.evenness < odd.high
    assert (odd.ratio, balance([7]).evenness, balance([]).effective) == (28, 0, 0)


@pytest.mark.shared
def test_metashift_to_three_digits(shared):
    with (shared / "data" / "metashift" / "descriptions.csv").open() as file:
        rows = list(csv.DictReader(file))
    told = table([[r["label"]] for r in rows], [[r["context"]] for r in rows])
    assert told.counts.tolist() == [[789, 196], [507, 784]]
    assert cramers_v(told.counts) == pytest.approx(0.409, abs=5e-4)
    assert mutual_information(told.counts) == pytest.approx(0.126, abs=5e-4)
    assert [entropy(row) for row in told.counts] == pytest.approx([0.720, 0.967], abs=5e-4)
    weights = {(c.row, c.column): c.weight for c in deficits(told).cells}
    expected = {
        ("cat", "indoor"): 0.721,
        ("cat", "outdoor"): 2.903,
        ("dog", "indoor"): 1.122,
        ("dog", "outdoor"): 0.726,
    }
    assert weights == pytest.approx(expected, abs=5e-4)
    first = deficits(told).cells[0]
    assert (first.row, first.column, first.deficit) == ("cat", "outdoor", 593)
    assert deficits(told, "independent").cells[0].residual < -19


def test_weights_make_groups_alike():
    counts = np.array([[90.0, 10], [0, 100]])
    weights = group_weights(counts)
    assert (weights * counts)[counts > 0] == pytest.approx([200 / 3] * 3)
    assert weights[1, 0] == 0
    assert effective_size(np.ones((2, 2)), counts) == 200
    assert effective_size(weights, counts) < 200
    told = deficits(table([["a"]] * 3 + [["b"]], [["x"], ["x"], ["y"], ["x", "y"]]))
    rows = weight_rows(list("pqrs"), ["a", "a", "a", "b"], [("x",), ("x",), ("y",), ("x", "y")], told)
    assert [r["file"] for r in rows] == ["p", "q", "r"]  # one with two attributes is in no group
    assert rows[2]["weight"] == 2 * rows[0]["weight"]


def test_shuffled_labels_are_rarely_called_correlated():
    rng = np.random.default_rng(0)
    flagged = looked = 0
    for seed in range(25):
        labels = rng.permutation(["a", "b"] * 100).tolist()
        values = {f"d{k}": [[str(v)] for v in rng.integers(0, 4, 200)] for k in range(4)}
        found = correlations(labels, values, seed, draws=200)
        flagged += sum(c.q <= 0.05 for c in found)
        looked += len(found)
    assert flagged <= 0.05 * looked
    planted = {"d": [["x" if label == "a" else "y"] for label in ["a", "b"] * 40]}
    (one,) = correlations(["a", "b"] * 40, planted, draws=200)
    assert (one.v, round(one.q, 3)) == (1, 0.005)
    assert correlations(["a"] * 5, {"d": [["x"]] * 5})[0].q == 1
    assert correlations([], {}) == []


def test_subpopulations_of_three_dimensions_add_up():
    values = {"a": [("x",), ("x",), ("y",), ()], "b": [("u",), ("v",), ("u", "v"), ("u",)], "c": [("k",)] * 4}
    told = subpopulations(values)
    assert {tuple(v for _, v in one.cell): one.count for one in told} == {
        ("x", "u", "k"): 1, ("x", "v", "k"): 1, ("y", "u", "k"): 1, ("y", "v", "k"): 1,
    }  # fmt: skip
    assert told[0].expected == pytest.approx(3 * 2 / 3 * 2 / 3)  # x in 2 of 3, u in 2 of 3, k in all
    empty = subpopulations({"a": [("x",), ("y",)], "b": [("u",), ("v",)]}, empty=True)
    assert [(one.count, one.expected) for one in empty] == [(1, 0.5), (1, 0.5), (0, 0.5), (0, 0.5)]
    assert subpopulations({}) == [] == subpopulations({"a": []})


def test_groups_and_splits_for_training():
    labels = ["a"] * 60 + ["b"] * 20
    places = [("in",)] * 50 + [("out",)] * 30
    told = deficits(table([[label] for label in labels], places))
    rows = weight_rows([f"{i}.png" for i in range(80)], labels, places, told)
    groups = {row["group"]: row["group_index"] for row in rows}
    assert groups == {"a, in": 0, "a, out": 1, "b, out": 2}
    for group, n in (("a, in", 50), ("a, out", 10), ("b, out", 20)):
        splits = Counter(row["split"] for row in rows if row["group"] == group)
        assert splits == {"train": 8 * n // 10, "validation": n // 10, "test": n // 10}


def test_an_impossible_cell_wants_nothing_and_stays():
    told = table([["a"]] * 5 + [["b"]], [["x"]] * 5 + [["y"]])
    cells = {(c.row, c.column): c for c in deficits(told, impossible={("a", "y")}).cells}
    assert (cells["a", "y"].deficit, cells["a", "y"].impossible, cells["b", "x"].deficit) == (0, True, 5)
    own = {(c.row, c.column): c.deficit for c in deficits(told, "own", own=7).cells}
    assert own == {("a", "x"): 2, ("a", "y"): 7, ("b", "x"): 7, ("b", "y"): 6}
