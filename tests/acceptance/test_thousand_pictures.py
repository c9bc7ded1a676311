"""A thousand photos through the command line and a real endpoint: how right, and how many questions."""

import json

import pytest

from tests.acceptance.programs import OBJECT, result, rows

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def test_ten_clusters_agree_with_the_folders(whole):
    _, _, out, said = whole
    said.worked()
    found = result(out)
    assert len(found["rows"]) == 1000
    assert len(found["clusters"]) == 10
    assert found["agreement"]["accuracy"] >= 0.90
    # Counted anew: 10 folders, 10 clusters, each cluster the folder that most of its pictures come from.
    right = 0
    for cluster in found["clusters"]:
        labels = [r["label"] for r in found["rows"] if r["cluster"] == cluster["name"]]
        assert len(labels) == cluster["size"]
        right += max(labels.count(label) for label in labels)
    assert found["agreement"]["accuracy"] == pytest.approx(right / 1000)
    # GPT-4 put some pictures into none of the ten: they are not guessed at.
    left = [r for r in found["rows"] if r["how"] == "unassigned"]
    assert 0 < len(left) < 50
    assert all(r["why"] and not r["cluster"] for r in left)


def test_one_question_a_picture_and_few_to_the_language_model(whole):
    _, _, _, said = whole
    vision, chat = asked(said.worked())
    assert vision <= 1000
    assert chat <= 30


def test_again_asks_nothing(whole, tmp_path):
    endpoint, home, out, said = whole
    said.worked()
    before = endpoint.stats["tasks"]
    again = home.vitrine("clusters", *OBJECT, "--k", "10", "--out", tmp_path).worked()
    assert endpoint.stats["tasks"] == before
    assert again.seconds < 15
    assert result(tmp_path) == result(out)


def test_five_clusters_join_the_ten_with_one_question(whole, tmp_path):
    endpoint, home, out, said = whole
    said.worked()
    vision, chat = endpoint.asked
    home.inside("clusters", *OBJECT, "--k", "5", "--out", tmp_path).worked()
    after = endpoint.asked
    assert after[0] == vision
    assert after[1] - chat <= 1
    ten, five = rows(out), rows(tmp_path)
    assert len(result(tmp_path)["clusters"]) == 5
    assert {f for f, row in ten.items() if row["cluster"]} == {f for f, row in five.items() if row["cluster"]}
    joined = {(row["cluster"], five[f]["cluster"]) for f, row in ten.items() if row["cluster"]}
    assert len(joined) == 10
    assert len({coarse for _, coarse in joined}) == 5


def test_auto_finds_about_ten(whole, tmp_path):
    endpoint, home, _, said = whole
    said.worked()
    before = endpoint.asked[0]
    home.inside("clusters", *OBJECT, "--k", "auto", "--out", tmp_path).worked()
    assert 8 <= len(result(tmp_path)["clusters"]) <= 12
    assert endpoint.asked[0] == before


def test_a_range_and_a_number_too_large(whole, tmp_path):
    _, home, _, said = whole
    said.worked()
    home.inside("clusters", *OBJECT, "--k", "6-8", "--out", tmp_path).worked()
    assert 6 <= len(result(tmp_path)["clusters"]) <= 8


def test_a_model_that_writes_prose(serve, place, tmp_path):
    endpoint = serve("--prose")
    said = place(endpoint).vitrine("clusters", *OBJECT, "--k", "10", "--out", tmp_path).worked()
    vision, chat = endpoint.asked
    assert vision <= 1008  # the first eight tell that it writes prose; they are not asked again
    assert chat <= 70
    assert result(tmp_path)["agreement"]["accuracy"] >= 0.90
    assert "writes prose" in said.err


def test_the_estimate_is_the_count(serve, place):
    endpoint = serve()
    home = place(endpoint)
    few = ["clusters", *OBJECT, "--k", "10", "--sample", 60, "--seed", 1]
    price = json.loads(home.inside(*few, "--dry-run", "--json").worked().out)
    assert price["questions"]["vision"] == 60
    assert endpoint.stats["tasks"] == {}
    home.inside(*few).worked()
    assert endpoint.asked[0] == 60
    price = json.loads(home.inside(*few, "--dry-run", "--json").worked().out)
    assert price["questions"] == {"vision": 0, "chat": 0}


def asked(said):
    """Vision and chat questions of an undisturbed run, as its last lines say; /stats is compared elsewhere."""
    line = next(line for line in said.out.splitlines() if line.startswith("asked:"))
    words = line.replace(",", "").split()
    return int(words[1]), int(words[3])
