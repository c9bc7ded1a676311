"""One question about the labels of one cluster."""

import json

import pytest

from engine.analyses.clusters import Cluster, Criterion, Params
from engine.analyses.clusters.splitting import parts
from engine.errors import RunError
from engine.models.roles import Reply
from tests.planted import Scripted, remembered

PETS = Cluster("pet", 9, {"dog": 4, "cat": 3, "puppy": 1, "pet": 1})
PARAMS = Params(Criterion("animal", "the foreground"), avoid=("beast",))


def named(**groups):
    said = {"clusters": [{"name": n, "members": m} for n, m in groups.items()]}
    return Scripted(lambda _: Reply(json.dumps(said)))


def test_a_cluster_is_split_by_one_question(tmp_path):
    model = named(dog=["dog", "puppy"], cat=["Cat"])
    found = parts(PETS, ["bird"], PARAMS, None, remembered(tmp_path, model))
    assert found == {"dog": ("dog", "puppy"), "cat": ("cat",)}  # "pet" is in none: it stays
    (request,) = model.requests
    assert request.payload == {
        "criterion": "animal (look at the foreground)",
        "labels": {"dog": 4, "cat": 3, "puppy": 1, "pet": 1},
        "k": None,
        "keep": [],
        "avoid": ["bird"],
    }
    again = named()
    assert parts(PETS, ["bird"], PARAMS, None, remembered(tmp_path, again)) == found
    assert not again.requests


def test_names_of_other_clusters_are_complained_about(tmp_path):
    model = named(bird=["dog"], cat=["cat"])
    parts(PETS, ["bird"], PARAMS, 2, remembered(tmp_path, model))
    assert model.requests[1].payload["complaint"] == "these names must be avoided: bird"


@pytest.mark.parametrize(
    ("cluster", "groups", "why"),
    [
        (Cluster("pet", 2, {"dog": 2}), {}, "have the same short answer"),
        (PETS, {"all": ["dog", "cat", "puppy"], "none": []}, "finds no parts in 'pet'"),
    ],
)
def test_what_cannot_be_split_says_why(tmp_path, cluster, groups, why):
    with pytest.raises(RunError, match=why):
        parts(cluster, [], PARAMS, None, remembered(tmp_path, named(**groups)))
