from dataclasses import replace

import pytest

from engine.analyses.clusters import Cluster, Criterion, Result, Review, Row
from engine.analyses.clusters.edits import apply, check, names_for
from engine.analyses.clusters.placing import kinds_of

ROWS = (
    Row("1", raw_label="dog", cluster="dog", how="label"),
    Row("2", raw_label="Puppy.", cluster="dog", how="label", second="cat"),
    Row("3", raw_label="cat", cluster="cat", how="description"),
    Row("4", raw_label="axe", how="unassigned", why="'axe' fits no cluster"),
    Row("5", why="the model refused"),
    Row("6", raw_label="bird", cluster="bird", how="label", second="dog"),
)
RESULT = Result(
    criterion=Criterion("animal"),
    clusters=(
        Cluster("dog", 2, {"dog": 1, "puppy": 1}, ("dog",)),
        Cluster("bird", 1, {"bird": 1}, ("bird",)),
        Cluster("cat", 1, {"cat": 1}, ("cat",)),
    ),
    rows=ROWS,
    natural=("dog", "bird", "cat"),
    review=(
        Review("2", "the label says dog, the description cat"),
        Review("3", "its label 'cat' fits no cluster"),
        Review("4", "its label 'axe' fits no cluster"),
        Review("6", "the label says bird, the description dog"),
    ),
)
RENAME = {"kind": "rename", "cluster": "dog", "to": "hound"}
MERGE = {"kind": "merge", "clusters": ["dog", "cat"], "into": "pet"}
MOVE = {"kind": "move", "files": ["2", "4"], "to": "cat"}
SPLIT = {"kind": "split", "cluster": "dog", "parts": {"adult": ["dog"], "young": ["puppy"]}}
ADD = {"kind": "add", "name": "tool", "labels": ["axe"]}


def sizes(result):
    return {c.name: c.size for c in result.clusters}


def places(result):
    return {r.file: r.cluster for r in result.rows if r.cluster}


def test_nothing_changes_without_changes():
    assert apply(RESULT, []).result == RESULT


def test_rename():
    found = apply(RESULT, [RENAME])
    assert found.notes == ()
    assert sizes(found.result) == {"hound": 2, "bird": 1, "cat": 1}
    assert places(found.result) == {"1": "hound", "2": "hound", "3": "cat", "6": "bird"}
    assert found.result.rows[5].second == "hound"
    assert found.result.clusters[0].labels == {"dog": 1, "puppy": 1}


def test_merge():
    found = apply(RESULT, [MERGE]).result
    assert found.clusters[0] == Cluster("pet", 3, {"dog": 1, "puppy": 1, "cat": 1}, ("dog", "cat"))
    assert sizes(found) == {"pet": 3, "bird": 1}
    assert places(found) == {"1": "pet", "2": "pet", "3": "pet", "6": "bird"}


def test_opinions_that_became_one_cluster_no_longer_disagree():
    found = apply(RESULT, [MERGE]).result
    assert [r.second for r in found.rows] == ["", "", "", "", "", "pet"]
    assert [r.file for r in found.review] == ["3", "4", "6"]


def test_merge_into_one_of_its_parts():
    assert sizes(apply(RESULT, [MERGE | {"into": "cat"}]).result) == {"cat": 3, "bird": 1}


def test_move():
    found = apply(RESULT, [MOVE]).result
    assert sizes(found) == {"dog": 1, "bird": 1, "cat": 3}
    assert found.clusters[0].labels == {"dog": 1}
    assert found.clusters[2].labels == {"axe": 1, "cat": 1, "puppy": 1}
    assert [(r.cluster, r.how, r.second, r.why) for r in found.rows if r.file in ("2", "4")] == 2 * [
        ("cat", "person", "", "")
    ]
    assert [r.file for r in found.review] == ["3", "6"]  # a person looked at the others


def test_move_to_nowhere_makes_unassigned():
    found = apply(RESULT, [MOVE | {"to": ""}]).result
    assert places(found) == {"1": "dog", "3": "cat", "6": "bird"}
    assert sizes(found) == {"dog": 1, "bird": 1, "cat": 1}


def test_split_by_raw_labels():
    found = apply(RESULT, [SPLIT]).result
    assert [(c.name, c.size, c.labels) for c in found.clusters[:2]] == [
        ("adult", 1, {"dog": 1}),
        ("young", 1, {"puppy": 1}),
    ]
    assert places(found) == {"1": "adult", "2": "young", "3": "cat", "6": "bird"}
    assert found.rows[1].second == "cat"
    assert found.rows[5].second == ""  # was dog, which is no cluster any more


def test_what_is_in_no_part_stays():
    found = apply(RESULT, [SPLIT | {"parts": {"young": ["puppy"]}}]).result
    assert sizes(found) == {"young": 1, "dog": 1, "bird": 1, "cat": 1}
    assert found.rows[5].second == "dog"
    same = apply(RESULT, [SPLIT | {"parts": {"dog": ["dog"], "young": ["puppy"]}}]).result
    assert places(same) == places(found)


def test_split_into_what_was_joined():
    """Of the tree, a cluster of two finer ones; a picture that a person put there stays under its name."""
    rows = tuple(replace(r, cluster="pet", part=r.cluster) if r.cluster in ("dog", "cat") else r for r in ROWS)
    pet = Cluster("pet", 3, {"dog": 1, "puppy": 1, "cat": 1}, ("dog", "cat"))
    coarse = replace(RESULT, clusters=(pet, RESULT.clusters[1]), rows=rows)
    split = {"kind": "split", "cluster": "pet", "by": "part", "parts": {"dog": ["dog"], "cat": ["cat"]}}
    found = apply(coarse, [split]).result
    assert places(found) == places(RESULT)
    assert [c.parts for c in found.clusters] == [("dog",), ("cat",), ("bird",)]
    assert sizes(apply(coarse, [MOVE | {"to": "pet"}, split]).result) == {"dog": 2, "cat": 1, "pet": 1, "bird": 1}


def test_a_missing_cluster_is_added():
    found = apply(RESULT, [ADD]).result
    assert found.clusters[-1] == Cluster("tool", 1, {"axe": 1})
    assert (found.rows[3].cluster, found.rows[3].how, found.rows[3].why) == ("tool", "label", "")
    assert [r.file for r in found.review] == ["2", "3", "6"]
    assert apply(RESULT, [MOVE | {"to": ""}, ADD]).notes == ("Change  was left out: no unassigned picture says so.",)


def test_what_may_be_missing_is_counted_anew():
    frogs = [Row(f"f{i}", raw_label=label, how="unassigned") for i, label in enumerate(["frog", "tree frog", "Frogs"])]
    result = replace(RESULT, rows=(*ROWS, *frogs))
    assert apply(result, [MOVE]).result.missing == {"frog": 3}
    kinds = kinds_of("frog", result.rows)
    assert kinds == ["frog", "frogs", "tree frog"]
    found = apply(result, [ADD | {"name": "frog", "labels": kinds}]).result
    assert sizes(found)["frog"] == 3
    assert found.missing == {}


def test_a_confirmed_picture_stays_and_needs_no_look():
    found = apply(RESULT, [{"kind": "confirm", "files": ["2"], "to": "dog"}]).result
    assert places(found) == places(RESULT)
    assert (found.rows[1].how, found.rows[1].was, found.rows[1].second) == ("person", "dog", "cat")
    assert [r.file for r in found.review] == ["3", "4", "6"]


def test_where_the_models_had_it_follows_every_change():
    log = [MOVE, {"kind": "move", "files": ["2"], "to": ""}, RENAME]
    assert [(r.file, r.cluster, r.was) for r in apply(RESULT, log).result.rows if r.how == "person"] == [
        ("2", "", "hound"),
        ("4", "cat", ""),
    ]


def test_words_one_by_one_and_all_at_once_are_the_same():
    words = [{"kind": "move", "files": [r.file], "to": to} for r in ROWS for to in ("bird", "fish", "", r.cluster)]
    together, one_by_one = apply(RESULT, words), apply(RESULT, [])
    for n in range(len(words)):
        one_by_one = apply(RESULT, words[: n + 1])
    assert together == one_by_one
    assert len(together.notes) == len(ROWS)
    assert places(together.result) == places(RESULT)


def test_pins_and_forbidden_names_are_for_the_next_question():
    said = [
        {"kind": "pin", "name": "dog"},
        {"kind": "forbid", "name": "cat"},
        {"kind": "pin", "name": "bird"},
        {"kind": "pin", "name": "dog"},
        {"kind": "forbid", "name": "bird"},
    ]
    found = apply(RESULT, said)
    assert (found.keep, found.avoid) == (("dog",), ("cat", "bird"))
    assert found.result == RESULT
    assert names_for(said, ["bird", "owl", "dog"], ["dog", "emu"]) == (("owl", "dog"), ("emu", "cat", "bird"))


def test_changes_follow_one_another():
    found = apply(RESULT, [RENAME, {"kind": "merge", "clusters": ["hound", "bird"], "into": "beast"}, MOVE])
    assert found.notes == ()
    assert sizes(found.result) == {"beast": 2, "cat": 3}


def test_taking_back_is_leaving_out():
    log = [RENAME, MOVE, {"kind": "merge", "clusters": ["hound", "bird"], "into": "beast"}]
    for n in range(len(log)):
        assert apply(RESULT, log[:n]) == apply(RESULT, log[: n + 1][:-1])
    assert apply(RESULT, log[:0]).result == RESULT


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (RENAME | {"cluster": "fish"}, "there is no cluster 'fish'"),
        (RENAME | {"to": "  "}, "the name is empty"),
        (RENAME | {"to": "unknown"}, "the name is empty"),
        (RENAME | {"to": "CAT "}, "merge the two instead"),
        (MERGE | {"clusters": ["dog"]}, "two clusters or more"),
        (MERGE | {"clusters": ["dog", "dog"]}, "two clusters or more"),
        (MERGE | {"clusters": ["dog", "fish"]}, "two clusters or more"),
        (MERGE | {"into": "Bird"}, "cannot be used"),
        (MERGE | {"into": ""}, "the name is empty"),
        (MOVE | {"to": "fish"}, "there is no cluster 'fish'"),
        (SPLIT | {"cluster": "fish"}, "there is no cluster 'fish'"),
        (SPLIT | {"parts": {"adult": ["dog", "puppy"]}}, "stay together"),
        (SPLIT | {"parts": {"Cat": ["dog"], "young": ["puppy"]}}, "there is a cluster 'cat' already"),
        (SPLIT | {"parts": {"~x": ["dog"], "young": ["puppy"]}}, "begin with a tilde"),
        (SPLIT | {"parts": ["dog"]}, "not understood"),
        (ADD | {"name": "Dog"}, "there is a cluster 'Dog' already"),
        (ADD | {"labels": ["dog"]}, "no unassigned picture says so"),
        ({"kind": "dance"}, "not understood"),
        ({"kind": "rename"}, "not understood"),
        ({}, "not understood"),
    ],
)
def test_what_does_not_fit_is_left_out_with_a_note(edit, why):
    found = apply(RESULT, [edit | {"n": 7}, RENAME])
    (note,) = found.notes
    assert note.startswith("Change 7 was left out: ")
    assert why in note
    assert found.result == apply(RESULT, [RENAME]).result  # the others still hold
    assert why in check(RESULT, [], edit)


def test_a_name_may_be_spelled_otherwise():
    assert sizes(apply(RESULT, [RENAME | {"to": "Dog"}]).result) == {"Dog": 2, "bird": 1, "cat": 1}
    assert sizes(apply(RESULT, [RENAME | {"to": " big   dog "}]).result)["big dog"] == 2


def test_check_knows_the_changes_before():
    assert check(RESULT, [], RENAME) == ""
    assert check(RESULT, [RENAME], RENAME) == "there is no cluster 'dog'."
    assert check(RESULT, [{"kind": "dance"}], RENAME) == ""


@pytest.mark.parametrize(
    "log", [[RENAME], [MERGE], [MOVE], [MOVE, RENAME], [MERGE, MOVE | {"to": "bird"}], [SPLIT, ADD]]
)
def test_sizes_and_labels_are_those_of_the_rows(log):
    result = apply(RESULT, log).result
    for cluster in result.clusters:
        members = [r for r in result.rows if r.cluster == cluster.name]
        assert cluster.size == len(members) == sum(cluster.labels.values())
    assert {r.file for r in result.rows} == {r.file for r in ROWS}
    assert replace(result, rows=(), clusters=(), review=()) == replace(RESULT, rows=(), clusters=(), review=())
