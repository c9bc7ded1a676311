import json
from collections import Counter

import pytest

from engine.analyses.clusters import naming
from engine.analyses.clusters.naming import Names, assign, cut, natural_names, normal
from engine.errors import RunError
from engine.models.roles import Reply
from engine.steps.answers import AnswerError
from tests.planted import Scripted, remembered

ASK = {"criterion": "animal", "keep": [], "avoid": []}
COUNTS = {"dog": 5, "puppy": 3, "cat": 2}


def said(clusters) -> Reply:
    """A naming answer from {name: members}, or from pairs where a name comes twice."""
    pairs = clusters.items() if isinstance(clusters, dict) else clusters
    return Reply(json.dumps({"clusters": [{"name": name, "members": list(m)} for name, m in pairs]}))


def talker(*answers) -> Scripted:
    """A model that gives these answers in turn, the last one again and again."""
    model = Scripted(lambda r: answers[min(len(model.requests), len(answers)) - 1])
    return model


def complaints(model):
    return [r.payload.get("complaint", "") for r in model.requests]


GOOD = said({"dog": ["dog", "puppy"], "cat": ["cat"]})


@pytest.mark.parametrize(
    ("label", "plain"),
    [
        ("Dog", "dog"),
        (" the  red\tfox. ", "the red fox"),
        ("'dog'!", "dog"),
        ("*dog*", "dog"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("None", ""),
        ("n/a", ""),
        ("(unknown)", ""),
        ("...", ""),
        ("", ""),
        ("nothing special", "nothing special"),
    ],
)
def test_normal(label, plain):
    assert normal(label) == plain


def test_names_and_members(tmp_path):
    model = talker(said({" Dog  house": ["dog", "PUPPY."], "cat": ["cat", "lion"]}))
    names, coverage = natural_names(COUNTS, None, ASK, remembered(tmp_path, model))
    assert names == Names(("Dog house", "cat"), {"dog": 0, "puppy": 0, "cat": 1})  # lion was not on the list
    assert coverage == 1
    payload = model.requests[0].payload
    assert payload == {"criterion": "animal", "labels": COUNTS, "k": None, "keep": [], "avoid": []}
    assert list(payload["labels"]) == ["dog", "puppy", "cat"]  # most frequent first


@pytest.mark.parametrize(
    ("bad", "k", "ask", "complaint"),
    [
        ({}, None, {}, "every cluster needs a name that says something"),
        ({"": ["dog"], "cat": []}, None, {}, "every cluster needs a name that says something"),
        ({"dog": [], "None": []}, None, {}, "every cluster needs a name that says something"),
        ({"dog": [], "cat": [], "fish": []}, 2, {}, "2 clusters were asked for and 3 given"),
        ({"dog": []}, 2, {}, "2 clusters were asked for and 1 given"),
        ({"hound": [], "cat": []}, None, {"keep": ["dog", "cat"]}, "these names must be kept: dog"),
        ({"dog": [], "Feline!": []}, None, {"avoid": ["feline"]}, "these names must be avoided: Feline!"),
        ({"dog": [], "Dog": []}, None, {}, "two clusters mean the same: dog and Dog"),
        ({"dog": [], "dogs": []}, None, {}, "two clusters mean the same: dog and dogs"),
        ({"box": [], "boxes": []}, None, {}, "two clusters mean the same: box and boxes"),
        ({"dog": [], "hunting dogs": []}, None, {}, "dog contains hunting dogs; no cluster may contain another"),
        ({"animal": ["cat", "dog"], "dog": []}, None, {}, "animal contains dog, which is a cluster itself"),
        ({"animal": ["Dog "], "dog": []}, None, {}, "animal contains Dog, which is a cluster itself"),
    ],
)
def test_each_complaint(tmp_path, bad, k, ask, complaint):
    good = {"dog": ["dog", "puppy"], "cat": ["cat"]}
    model = talker(said(bad), said(good))
    names, _ = natural_names(COUNTS, k, {**ASK, **ask}, remembered(tmp_path, model))
    assert complaints(model) == ["", complaint]
    assert names.names == ("dog", "cat")
    assert names.notes == ()


@pytest.mark.parametrize(
    "names",
    [("bus", "business"), ("glass", "grass"), ("red car", "red house"), ("dog", "doghouse"), ("dog", "dog house")],
)
def test_names_that_only_look_alike(tmp_path, names):
    model = talker(said({name: [] for name in names}))
    natural_names(COUNTS, None, ASK, remembered(tmp_path, model))
    assert complaints(model) == [""]


def test_after_two_complaints_the_names_are_taken_with_a_note(tmp_path):
    model = talker(said({"dog": ["dog"], "cat": ["cat"], "puppy": ["puppy"]}))
    names, _ = natural_names(COUNTS, 2, ASK, remembered(tmp_path, model))
    assert len(model.requests) == 3
    assert names.names == ("dog", "cat", "puppy")
    assert names.notes == ("The names are not quite as asked: 2 clusters were asked for and 3 given.",)


def test_repeated_names_are_one_and_a_label_claimed_twice_is_ambiguous(tmp_path):
    model = talker(said([("dog", ["dog"]), ("cat", ["cat", "puppy"]), ("Dog", ["puppy", "dog"])]))
    names, _ = natural_names(COUNTS, None, ASK, remembered(tmp_path, model))
    assert names.names == ("dog", "cat")
    assert names.of == {"dog": 0, "cat": 1, "puppy": 1}  # stays with the first that claimed it
    assert names.ambiguous == {"puppy"}


def test_no_name_at_all(tmp_path):
    model = talker(said([("", ["dog"])]))
    with pytest.raises(RunError, match="named no cluster for 3 labels"):
        natural_names(COUNTS, None, ASK, remembered(tmp_path, model))


def test_rare_labels_stay_out_of_the_naming(tmp_path):
    counts = {"dog": 90, "cat": 6, "axe": 2, "owl": 2}
    model = talker(said({"dog": ["dog"], "cat": ["cat"]}))
    names, coverage = natural_names(counts, None, ASK, remembered(tmp_path, model))
    assert model.requests[0].payload["labels"] == {"dog": 90, "cat": 6}  # 96 of 100 are past .95
    assert coverage == pytest.approx(0.96)
    assert "axe" not in names.of


def test_as_many_labels_as_names_are_shown(tmp_path):
    model = talker(said({name: [name] for name in "abc"}))
    natural_names({"a": 97, "b": 1, "c": 1, "d": 1}, 3, ASK, remembered(tmp_path, model))
    assert list(model.requests[0].payload["labels"]) == ["a", "b", "c"]


def test_many_labels_are_named_in_chunks_then_merged(tmp_path, monkeypatch):
    monkeypatch.setattr(naming, "CHUNK", 20)  # 80 characters: labels of 10 characters and 10 more each, four a chunk
    counts = {f"{kind} number{i}": 10 - i for i in range(3) for kind in ("ab", "cd")}  # 6 labels

    def name(request):
        labels = list(request.payload["labels"])
        members = {}
        for label in labels:
            members.setdefault(label[:2], []).append(label)
        if set(labels) <= {"ab", "cd"}:
            members = {"AB": ["ab"], "CD": ["cd"]}
        return said(members)

    model = Scripted(name)
    names, coverage = natural_names(counts, None, ASK, remembered(tmp_path, model))
    assert [len(r.payload["labels"]) for r in model.requests] == [4, 2, 2]
    # sizes: 10 + 9 + 8 for each kind
    assert model.requests[2].payload["labels"] == {"ab": 27, "cd": 27}
    assert names.names == ("AB", "CD")
    assert names.of == {label: "ac".index(label[0]) for label in counts}
    assert coverage == 1


def test_k_is_asked_of_the_merge_not_of_the_chunks(tmp_path, monkeypatch):
    """And a model that names every label is not asked for ever: what finds no room is assigned later."""
    monkeypatch.setattr(naming, "CHUNK", 10)  # 40 characters: three labels of 3 and 10 more each
    model = Scripted()  # the fake: one cluster a label, past k the rest joins the last
    names, _ = natural_names(dict.fromkeys(["ant", "bee", "cow", "doe"], 5), 2, ASK, remembered(tmp_path, model))
    assert [r.payload["k"] for r in model.requests if r.payload["k"]] == [2]
    assert len(names.names) == 2
    assert names.of == {"ant": 0, "bee": 1, "cow": 1}
    assert [len(r.payload["labels"]) for r in model.requests] == [3, 1, 3]


FINE = Names(("dog", "cat", "eagle", "owl"), {})
SIZES = [4, 3, 2, 1]


def test_a_cut_joins_names(tmp_path):
    model = talker(said({"mammal": ["cat", "dog"], "bird": ["owl", "Eagle"]}))
    joined = cut(FINE, SIZES, 2, ASK, remembered(tmp_path, model))
    assert joined == Names(("mammal", "bird"), {"cat": 0, "dog": 0, "owl": 1, "eagle": 1})
    assert model.requests[0].payload == {
        "criterion": "animal",
        "labels": {"dog": 4, "cat": 3, "eagle": 2, "owl": 1},
        "k": 2,
        "keep": [],
        "avoid": [],
    }


@pytest.mark.parametrize(
    "members",
    [(["cat", "dog"], ["owl"]), (["cat", "dog", "eagle"], ["owl", "eagle"]), (["cat", "dog"], ["owl", "emu"])],
)
def test_every_name_must_be_joined_exactly_once(tmp_path, members):
    good = said({"mammal": ["cat", "dog"], "bird": ["owl", "eagle"]})
    model = talker(said({"mammal": members[0], "bird": members[1]}), good)
    joined = cut(FINE, SIZES, 2, ASK, remembered(tmp_path, model))
    assert complaints(model)[1] == "every label must be in exactly one cluster; look at eagle"
    assert joined.of == {"cat": 0, "dog": 0, "owl": 1, "eagle": 1}


def test_a_name_that_stays_out_of_the_cut_is_assigned(tmp_path):
    bad = said({"mammal": ["cat", "dog"], "bird": ["owl"]})

    def says(request):
        if request.task == "assign":
            assert request.payload["names"] == ["mammal", "bird"]
            assert [t["text"] for t in request.payload["items"]] == ["eagle"]
            return Reply('{"answers": [{"item": 0, "cluster": 1}]}')
        return bad

    model = Scripted(says)
    joined = cut(FINE, SIZES, 2, ASK, remembered(tmp_path, model))
    assert joined.of == {"cat": 0, "dog": 0, "owl": 1, "eagle": 1}
    assert model.tasks == ["name_clusters"] * 3 + ["assign"]
    assert "look at eagle" in joined.notes[0]


def test_assign(tmp_path):
    model = Scripted(
        lambda r: (
            Reply('{"answers": [{"item": 0, "cluster": 1}, {"item": 1, "cluster": null}, {"item": 2, "cluster": 5}]}')
            if len(model.requests) == 1
            else Reply("no")
        )
    )
    found = assign(["a cat", "an axe", "a bug"], ["dog", "cat"], ASK, remembered(tmp_path, model))
    assert found["a cat"] == 1
    assert found["an axe"] is None
    assert isinstance(found["a bug"], AnswerError)
    assert Counter(model.tasks) == {"assign": 2}
