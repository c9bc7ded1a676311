"""Levels of the tree, and their figure."""

from dataclasses import replace

from engine.analyses.clusters import Cluster, Criterion, Result, Row
from engine.analyses.clusters.tree import joined, level, levels, nests, sizes
from engine.charts.clusters import icicle

NATURAL = ("cat", "dog", "owl", "car")


def cut(joins, **parts):
    clusters = tuple(Cluster(name, 1, {}, tuple(some)) for name, some in parts.items())
    up = {part: name for name, some in parts.items() for part in some}
    rows = tuple(Row(f"{n}{i}", cluster=up.get(n, ""), part=n) for i, n in enumerate([*NATURAL, "cat"]))
    return Result(Criterion("thing"), clusters, rows, NATURAL, joins=joins)


THREE = cut(({"cat": "pet", "dog": "pet", "owl": "owl", "car": "car"},), pet=["cat", "dog"], owl=["owl"], car=["car"])
TWO = cut((*THREE.joins, {"pet": "animal", "owl": "animal", "car": "car"}), animal=["cat", "dog", "owl"], car=["car"])
ACROSS = cut((), loud=["dog", "car"], quiet=["cat", "owl"])
FOUR = cut((), **{n: [n] for n in NATURAL})


def test_levels_nest_or_cross():
    assert level(TWO) == {"cat": "animal", "dog": "animal", "owl": "animal", "car": "car"}
    assert nests(TWO, THREE)
    assert nests(THREE, TWO)
    assert nests(FOUR, ACROSS)
    assert not nests(THREE, ACROSS)
    assert not nests(THREE, replace(TWO, natural=("cat", "dog")))


def test_the_tree_is_what_nests():
    one = levels(FOUR, [TWO, ACROSS, THREE])
    assert [len(set(each.values())) for each in one] == [4, 3, 2]
    assert levels(TWO, []) == one  # the way to it is in the result
    assert joined(one[0], one[1]) == {"pet": ["cat", "dog"], "owl": ["owl"], "car": ["car"]}
    assert joined(one[1], one[2]) == {"animal": ["pet", "owl"], "car": ["car"]}
    assert sizes(TWO) == {"cat": 2, "dog": 1, "owl": 1, "car": 1}


def test_a_name_that_was_joined_into_none_stands_for_itself():
    assert level(cut((), pet=["cat", "dog"], car=["car"]))["owl"] == "owl"


def test_the_figure_holds_every_name_with_its_pictures():
    drawn = icicle(levels(TWO, []), sizes(TWO)).to_dict()["data"][0]
    values = zip(drawn["values"], drawn["parents"], strict=True)
    told = dict(zip(drawn["labels"], values, strict=True))
    assert told["all"] == (5, "")
    assert told["animal"] == (4, "all")
    assert told["pet"] == (3, "0/animal")
    assert told["cat"] == (2, "1/pet")
    assert icicle([{"<b>": "<b>"}], {}).to_dict()["data"][0]["labels"] == ["all", "‹b›"]
