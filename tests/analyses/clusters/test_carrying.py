"""Corrections of one run in another: what fits is made, what does not is said."""

from dataclasses import replace

import pytest

from engine.analyses.clusters import Cluster, Criterion, Result, Row
from engine.analyses.clusters.carrying import Carried, entry
from engine.analyses.clusters.edits import apply
from engine.gallery import Gallery, Picture


def run_of(places, criterion="animal", parts=None):
    """A result in which every picture is where `places` says."""
    names = dict.fromkeys(places.values())
    rows = tuple(Row(file, raw_label=to, cluster=to, how="label", part="") for file, to in places.items())
    sizes = {name: list(places.values()).count(name) for name in names}
    clusters = tuple(Cluster(n, sizes[n], {n: sizes[n]}, (parts or {}).get(n, (n,))) for n in names)
    return Result(Criterion(criterion), clusters, rows, tuple(p for c in clusters for p in c.parts))


def gallery_of(**hashes):
    pictures = [Picture(name, hash, 8, 8, "/pictures") for name, hash in hashes.items()]
    return Gallery("0" * 32, "/pictures", "folder", pictures, [])


HERE = gallery_of(a="1", b="2", c="3", d="4", e="5")
BEFORE = run_of({"a": "dog", "b": "dog", "c": "cat", "d": "cat", "e": "bird"})
LOG = [
    {"kind": "move", "files": ["a"], "to": "cat"},
    {"kind": "rename", "cluster": "cat", "to": "kitty"},
    {"kind": "confirm", "files": ["e"], "to": "bird"},
    {"kind": "move", "files": ["b"], "to": ""},
    {"kind": "pin", "name": "kitty"},
]


def carried(log=LOG, before=BEFORE, galleries=(HERE, HERE)):
    done = apply(before, log)
    assert not done.notes
    return entry("abc", done.result, done.changes, (done.keep, done.avoid), galleries)


def places(result):
    return {r.file: r.cluster for r in result.rows}


def test_nothing_is_lost_where_the_same_clusters_are_found():
    after = run_of({"a": "dog", "b": "dog", "c": "cat", "d": "dog", "e": "bird"}, "pet")
    done = apply(after, [carried()])
    assert places(done.result) == {"a": "kitty", "b": "", "c": "kitty", "d": "dog", "e": "bird"}
    assert done.carried == (Carried("abc", 3, 1),)
    assert (done.keep, done.notes) == (("kitty",), ())
    assert {r.file for r in done.result.rows if r.how == "person"} == {"a", "b", "e"}
    assert {r.file: r.was for r in done.result.rows if r.how == "person"} == {"a": "dog", "b": "dog", "e": "bird"}


def test_the_run_before_need_not_be_there_any_more_and_results_stay_as_they_were():
    after = run_of({"a": "dog", "c": "cat"})
    entry = carried()
    assert apply(after, [entry]).result != after
    assert apply(after, []).result == after
    assert set(entry) == {"kind", "run", "changes", "said", "parts", "keep", "avoid"}
    assert entry["said"] == {"kitty": ["a"], "": ["b"], "bird": ["e"]}


def test_a_name_that_was_pinned_is_there_already():
    after = run_of({"a": "dog", "b": "dog", "c": "Kitty", "d": "Kitty", "e": "bird"})
    done = apply(after, [carried()])
    assert places(done.result)["a"] == "Kitty"
    assert done.carried == (Carried("abc", 3, 0),)


def test_what_has_no_place_is_said_with_its_reason():
    after = run_of({"a": "animal", "b": "animal", "c": "vehicle"}, "animal or vehicle")
    (told,) = apply(after, [carried()]).carried
    assert (told.pictures, told.changes, told.lost) == (1, 0, 3)  # b, which belongs nowhere
    assert told.reasons == (
        "rename cat → kitty: there is no cluster 'cat'.",
        "1 picture said to be 'kitty': there is no such cluster here",
        "1 picture not among the pictures of this run",
    )


def test_a_coarser_level_of_the_tree_holds_the_finer_names():
    """At K = 10 a picture was said to be a cat; at K = 5 cats are in pet."""
    after = run_of(
        {"a": "bird", "b": "pet", "c": "pet", "d": "pet", "e": "bird"}, parts={"pet": ("dog", "cat"), "bird": ("bird",)}
    )
    done = apply(after, [carried(LOG[:1])])
    assert places(done.result)["a"] == "pet"
    assert done.carried == (Carried("abc", 1, 0),)


def test_a_finer_level_agrees_or_cannot_tell():
    """Said to be a pet, which is dog and cat here: what is a dog here is one; what is a bird could be either."""
    coarse = run_of(
        {"a": "pet", "b": "bird", "c": "pet", "d": "pet", "e": "bird"}, parts={"pet": ("dog", "cat"), "bird": ("bird",)}
    )
    log = [{"kind": "move", "files": ["b", "e"], "to": "pet"}]
    done = apply(BEFORE, [carried(log, coarse)])
    assert places(done.result) == places(BEFORE)
    (told,) = done.carried
    assert (told.pictures, told.reasons) == (0, ("1 picture said to be 'pet': that is dog or cat here",))


def test_every_change_of_clusters_comes_along():
    log = [
        {"kind": "merge", "clusters": ["dog", "bird"], "into": "loud"},
        {"kind": "split", "cluster": "loud", "parts": {"wing": ["bird"], "paw": ["dog"]}},
    ]
    done = apply(BEFORE, [carried(log)])
    assert places(done.result) == {"a": "paw", "b": "paw", "c": "cat", "d": "cat", "e": "wing"}
    assert done.carried == (Carried("abc", 0, 2),)
    unsure = replace(BEFORE, rows=(*BEFORE.rows, Row("f", raw_label="frog", how="unassigned")))
    done = apply(unsure, [carried([{"kind": "add", "name": "frog", "labels": ["frog"]}], unsure)])
    assert places(done.result)["f"] == "frog"


def test_carried_twice_is_carried_once():
    done = apply(BEFORE, [carried(), carried()])
    assert done.result == apply(BEFORE, [carried()]).result
    assert done.carried == (Carried("abc", 3, 0),)


def test_carried_corrections_are_carried_on():
    """From run to run to run: what a person said first is still true in the third, with where it came from last."""
    middle = apply(BEFORE, [carried()])
    on = entry("def", middle.result, middle.changes, (middle.keep, middle.avoid), (HERE, HERE))
    assert places(apply(BEFORE, [on]).result) == places(apply(BEFORE, LOG).result)
    assert apply(BEFORE, [on]).keep == ("kitty",)


def test_pictures_are_found_by_content():
    """a was renamed to z, e changed, b has a copy."""
    there = gallery_of(z="1", b="2", copy="2", c="3", e="6")
    told = carried([*LOG, {"kind": "move", "files": ["c"], "to": "bird"}], galleries=(HERE, there))["said"]
    assert told == {"kitty": ["z"], "": ["b"], "bird": ["c", "e"]}
    gone = apply(run_of({"z": "dog", "b": "cat", "c": "bird"}), [carried(galleries=(HERE, there))])
    assert "1 picture not among the pictures of this run" in gone.carried[0].reasons


@pytest.mark.parametrize("entry", [{"kind": "carry"}, {"kind": "carry", "run": "x", "changes": [{}], "said": {}}])
def test_an_entry_that_is_damaged_is_left_out(entry):
    done = apply(BEFORE, [entry])
    assert done.result == BEFORE
    assert "not understood" in done.notes[0]
