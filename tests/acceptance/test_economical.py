"""A part of a thousand photos described, through the command line and a real endpoint; without a matcher."""

import json
import random

import pytest

from tests.acceptance.programs import CONCURRENCY, OBJECT, csv_rows, kill, result, rows

pytestmark = [pytest.mark.shared, pytest.mark.slow]

TEN = [*OBJECT, "--k", "10"]


@pytest.fixture(scope="module")
def part(whole, tmp_path_factory):
    """30 % of the photos in the workspace in which all are known: what is asked anew is names and a few sortings."""
    _, home, _, said = whole
    said.worked()
    out = tmp_path_factory.mktemp("part")
    home.inside("clusters", *TEN, "--describe", "30%", "--out", out).worked()
    return out


def test_the_interval_holds_what_describing_everything_says(whole, part):
    """Names are the same ten in both, so a picture agrees where they are equal."""
    _, _, out, _ = whole
    every, some = rows(out), rows(part)
    assert {r["cluster"] for r in some.values()} == {r["cluster"] for r in every.values()}
    right = [r["cluster"] == every[f]["cluster"] and r["how"] != "undecided" for f, r in some.items()]
    economy = result(part)["economy"]
    assert economy["low"] <= sum(right) / 1000 <= economy["high"]
    assert 300 < sum(right) < 600  # colours and edges tell little of what an object is, and it says so
    assert economy["undecided"] > 300


def test_described_pictures_are_where_describing_everything_puts_them(whole, part):
    _, _, out, _ = whole
    every = rows(out)
    described = [r for r in rows(part).values() if r["description"]]
    assert len(described) == result(part)["economy"]["described"] == 300
    assert all(r["cluster"] == every[r["file"]]["cluster"] for r in described)


def test_the_table_says_how_each_was_decided(part):
    found = csv_rows(part)
    assert {r["how"] for r in found.values()} <= {"label", "description", "spread", "undecided", "unassigned"}
    for row in found.values():
        assert bool(row["confidence"]) == (not row["description"])
        assert (row["how"] == "undecided") == (bool(row["confidence"]) and float(row["confidence"]) < 0.5)


def test_a_larger_share_asks_exactly_the_difference(serve, place, tmp_path):
    endpoint = serve()
    home = place(endpoint)
    home.inside("clusters", *TEN, "--describe", "0.1").worked()
    assert endpoint.asked[0] == 100
    price = json.loads(home.inside("clusters", *TEN, "--describe", "0.3", "--dry-run", "--json").worked().out)
    assert price["questions"]["vision"] == 200
    home.inside("clusters", *TEN, "--describe", "0.3", "--out", tmp_path / "30").worked()
    assert endpoint.asked[0] == 300
    home.inside("clusters", *TEN).worked()
    assert endpoint.asked[0] == 1000
    assert endpoint.stats["repeated"] == 0


def test_another_number_of_clusters_asks_no_picture(whole, part, tmp_path):
    endpoint, home, _, _ = whole
    before = endpoint.asked
    five = [*OBJECT, "--k", "5", "--describe", "30%"]
    home.inside("clusters", *five, "--out", tmp_path).worked()
    after = endpoint.asked
    assert after[0] == before[0]
    assert after[1] - before[1] <= 1
    fine, coarse = rows(part), rows(tmp_path)
    assert {f for f, r in fine.items() if r["cluster"]} == {f for f, r in coarse.items() if r["cluster"]}
    assert len({(r["cluster"], coarse[f]["cluster"]) for f, r in fine.items() if r["cluster"]}) == 10


def test_killed_three_times_it_ends_the_same(serve, place, part, tmp_path):
    """Among the first sample, among what is unsure, in the audit."""
    endpoint = serve("--latency-ms", "50")
    home, draw = place(endpoint), random.Random(3)
    for at in (30, 150, 270):
        program = home.start("clusters", *TEN, "--describe", "30%")
        endpoint.until(at + draw.randrange(10), program)
        kill(program)
        program.communicate()
    home.inside("clusters", *TEN, "--describe", "30%", "--out", tmp_path).worked()
    assert endpoint.stats["repeated"] <= 3 * CONCURRENCY
    assert result(tmp_path) == result(part)
