import json
from dataclasses import asdict

import pytest
from pydantic import TypeAdapter

from engine.analyses.clusters import Cluster, Criterion, Params, Result, Review, Row, tables
from engine.analyses.clusters.agreement import agreement
from engine.errors import SettingsError


@pytest.mark.parametrize(
    ("k", "wanted"),
    [("auto", None), ("2", (2, 2)), ("10", (10, 10)), ("5-12", (5, 12)), (" 5 - 12 ", (5, 12)), ("3-3", (3, 3))],
)
def test_k(k, wanted):
    assert Params(Criterion("mood"), k).k_range == wanted


@pytest.mark.parametrize("k", ["", "0", "1", "-3", "1-5", "12-5", "ten", "5.5", "5-", "99999", "5-12-13", "Auto", "٣x"])
def test_k_that_is_none(k):
    with pytest.raises(SettingsError, match="number of clusters") as said:
        Params(Criterion("mood"), k)
    assert "5-12" in said.value.hint


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_an_empty_criterion(name):
    with pytest.raises(SettingsError, match="criterion is empty"):
        Params(Criterion(name))


def test_a_name_cannot_be_kept_and_avoided():
    with pytest.raises(SettingsError, match="b, c cannot be kept and avoided"):
        Params(Criterion("mood"), keep=("a", "c", "b"), avoid=("b", "c", "d"))


def test_params_and_results_come_back_from_json():
    params = Params(Criterion("mood", "faces", "hats"), "5-12", ("a",), ("b",), True)
    assert TypeAdapter(Params).validate_python(json.loads(json.dumps(asdict(params)))) == params
    result = Result(
        criterion=params.criterion,
        clusters=(Cluster("a", 2, {"x": 2}, ("p", "q")),),
        rows=(Row("1.png", "l", "d", "x", "a", "label", "b", "", True),),
        natural=("p", "q"),
        review=(Review("1.png", "why"),),
        missing={"z": 3},
        coverage=0.5,
        agreement=agreement(["l", "m"], ["a", ""], ["a"], 0),
        notes=("n",),
        prompts={"describe": "d"},
    )
    assert TypeAdapter(Result).validate_python(json.loads(json.dumps(asdict(result)))) == result


def test_the_table_has_the_promised_columns():
    row = Row("a/1.png", "l", "d", "x", "c", "label", "b", "why", True)
    result = Result(Criterion("mood"), (), (row,), ())
    assert tables(result) == {
        "clusters": [
            {"file": "a/1.png", "label": "l", "description": "d", "raw_label": "x", "cluster": "c", "how": "label"}
        ]
    }
    assert list(tables(result)["clusters"][0]) == ["file", "label", "description", "raw_label", "cluster", "how"]


@pytest.mark.parametrize(("k", "via"), [("3", (3,)), ("3", (5, 8)), ("auto", (5,)), ("5-12", (8,))])
def test_a_way_that_does_not_descend(k, via):
    with pytest.raises(SettingsError, match="The way to"):
        Params(Criterion("mood"), k, via=via)
    assert Params(Criterion("mood"), "3", via=(8, 5)).via == (8, 5)
