"""Two criteria over a thousand photos, side by side: the flow is the join of the two tables of clusters."""

from collections import Counter

import pytest

from tests.acceptance.programs import PICTURES, csv_rows, result
from tests.acceptance.programs import csv_table as table

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def two(whole, tmp_path_factory):
    """Folders of "object" (10 clusters) and "animal or vehicle" (2), and what `diff` said of the runs."""
    _, home, out, said = whole
    said.worked()
    other, diff = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("diff")
    words = ["clusters", PICTURES, "--criterion", "animal or vehicle", "--k", "2", "--models", "endpoint"]
    asked = home.inside(*words, "--out", other).worked()
    ids = [text.out.split("\nrun ")[1].split()[0].strip(",") for text in (said, asked)]
    return out, other, diff, home.inside("diff", *ids, "--out", diff).worked()


def test_the_flow_has_ten_by_two_cells_and_is_the_join_of_the_tables(two):
    out, other, diff, said = two
    a, b = csv_rows(out), csv_rows(other)
    assert a.keys() == b.keys()
    joined = Counter((a[file]["cluster"], b[file]["cluster"]) for file in a)
    flow = {(row["a"], row["b"]): int(row["pictures"]) for row in table(diff / "flow.csv")}
    assert {cell: n for cell, n in flow.items() if n} == joined
    named = {cell for cell in flow if all(cell)}
    assert (len({x for x, _ in named}), len({y for _, y in named}), len(named)) == (10, 2, 20)
    assert "flow: 10 by 2 clusters" in said.out


def test_both_accuracies_are_printed(two):
    out, other, _, said = two
    for which, folder in (("A", out), ("B", other)):
        agreed = result(folder)["agreement"]
        figures = f"{agreed['accuracy']:.3f} [{agreed['low']:.3f}, {agreed['high']:.3f}]"
        assert f"agreement of {which} with the labels: {figures}" in said.out


def test_animals_went_to_animal(two):
    _, _, diff, _ = two
    rows = table(diff / "changes.csv")
    assert {row["what"] for row in rows} == {"joined"}
    animals = {"bird", "cat", "deer", "dog", "frog", "horse"}
    assert {row["cluster"] for row in rows if row["into"].startswith("animal ")} == animals


def test_the_other_way_round_is_its_mirror(two, whole):
    _, home, _, _ = whole
    _, _, diff, said = two
    ids = [line.split()[2].strip(",") for line in said.out.splitlines() if line.startswith(("A: run", "B: run"))]
    back = home.inside("diff", *ids[::-1]).worked()
    assert "flow: 2 by 10 clusters" in back.out
    assert "animal: split" in back.out
    assert f"moved: {len(table(diff / 'moved.csv'))} of 1,000" in back.out
