import json

import pytest

from engine.models.roles import Reply
from engine.steps.reading import read
from engine.steps.tasks import ASSIGN, DESCRIBE, LABEL, NAME_CLUSTERS

ONE = {"answers": [{"item": 0, "description": "A dog runs.", "label": "dog"}]}
DOG = {"description": "A dog runs.", "label": "dog"}
TEXT = json.dumps(ONE)


def described(text, prose=False, **words):
    return read(Reply(text, **words), DESCRIBE, {}, 1, prose)


def labelled(entries, n=2):
    return read(Reply(json.dumps({"answers": entries})), LABEL, {}, n, prose=False)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        json.dumps(ONE, indent=2),
        f"  \n{TEXT}\n ",
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"```JSON\n{json.dumps(ONE, indent=2)}\n```\nI hope this helps.",
        f"```json\n{TEXT}",
        f"Sure! Here is the answer: {TEXT} Let me know.",
        f"The set {{a, b}} is what you mean, so: {TEXT}",
        f"Sorry for the wait. {TEXT}",
        f"<think>Could it be {{'answers': a cat}}?</think>{TEXT}",
        f"<think>\nNo.\n</think>\n\n```json\n{TEXT}\n```",
        f"<THINKING>a</THINKING><reasoning>b</reasoning> {TEXT}",
        f'It may be {{"answers": []}} or not.\n</think>\n{TEXT}',
        TEXT.replace('"item": 0', '"item": "0"'),
        TEXT.replace("A dog runs.", "  A dog runs. \\n"),
    ],
)
def test_the_object_is_found(text):
    assert described(text).answers == {0: DOG}


def test_words_of_a_picture_are_no_reasoning():
    text = json.dumps({"answers": [{"item": 0, "description": "A sign says </think> there.", "label": "sign"}]})
    assert described(text).answers[0]["label"] == "sign"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the answer was empty"),
        (" \n ", "the answer was empty"),
        ("<think>It is a", "the answer was empty"),
        ("<think>It is a</think>", "the answer was empty"),
        ("```json\n\n```", "the answer was empty"),
        ("{}", "the answer was malformed"),
        ("[]", "the answer was no JSON"),
        ("null", "the answer was no JSON"),
        (TEXT[:-5], "the answer was malformed"),
        ('{"answers": null}', "the answer was malformed"),
        ('{"answers": {"0": "dog"}}', "the answer was malformed"),
        ('{"answers": [null, 3, "x", [[]], {"item": {}}]}', "the answer was malformed"),
        ('{"answers": [{"item": 0, "description": {"a": [1]}, "label": "x"}]}', "the answer was malformed"),
        ('{"answers": [{"item": 0, "description": "\\ud800", "label": "x"}]}', "the answer was malformed"),
        ('{"answers": [{"item": 1e999, "description": "a", "label": "x"}]}', "the answer was malformed"),
        ('{"answers": []}', "some items were missing from the answer"),
        ('{"answers": [{"item": 0, "description": "", "label": " "}]}', "description and label were both empty"),
        ('{"answers":' + "[" * 100_000, "the answer was malformed"),
        ('{"a":' * 50_000, "the answer was malformed"),
        ("{" * 100_000, "the answer was malformed"),
        ('{"answers": [{"item": ' + "9" * 5000 + "}]}", "the answer was malformed"),
    ],
)
def test_what_is_no_answer(text, reason):
    got = described(text)
    assert got.answers == {}
    assert got.reason == reason
    assert got.complaint
    assert text.strip()[:30] not in got.complaint or not text.strip()  # never the model's own words


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I’m very sorry. No.",
        "I am sorry, no.",
        "Sorry, no.",
        "I cannot see people.",
        "I can not do this",
        "I can’t help with identifying people.",
        "I won't do this.",
        "I'm unable to help.",
        "I’m unable to help.",
        "I am unable to help.",
        "I'm not able to view pictures.",
        "As an AI language model, I do not see.",
        "Unfortunately, I cannot say.",
        '"I cannot say."',
        "<think>Hm.</think>I'm sorry, I can't.",
    ],
)
@pytest.mark.parametrize("prose", [False, True])
def test_refusals(text, prose):
    got = described(text, prose)
    assert (got.answers, got.reason, got.prose) == ({}, "the model refused", "")


@pytest.mark.parametrize("text", ["Iron cannot burn.", "A sorry sight: a wet dog.", "A sign reads: I can't."])
def test_prose_that_only_sounds_like_a_refusal(text):
    assert described(text, prose=True).answers == {0: {"description": text, "label": ""}}


def test_a_reply_marked_as_refused_is_one_whatever_it_says():
    assert described(TEXT, refused=True).reason == "the model refused"


def test_half_a_letter_is_no_text():
    assert described("a \ud83d dog", prose=True).answers[0]["description"] == "a \ufffd dog"
    assert described("a \ud83d\ude00 dog", prose=True).answers[0]["description"] == "a \U0001f600 dog"


def test_failures_keep_their_reason():
    got = read(Reply(failure="the server failed (500), 6 times"), DESCRIBE, {}, 1, prose=False)
    assert (got.reason, got.complaint) == ("the server failed (500), 6 times", "")


def test_cut_answers():
    assert described(TEXT[:-9], cut=True).reason == "the answer was cut off"
    assert described(TEXT, cut=True).answers == {0: DOG}  # the object had ended
    assert described("A dog runs tow", cut=True).prose == ""  # no proof that the model writes prose


def test_prose():
    assert described("A dog runs.").prose == "A dog runs."
    assert described("A dog runs.").reason == "the answer was no JSON"
    assert described(TEXT[:-9]).prose == ""
    assert described("A dog runs.", prose=True).answers == {0: {"description": "A dog runs.", "label": ""}}
    assert described("<think>hm</think>A dog runs.", prose=True).answers[0]["description"] == "A dog runs."
    assert described("hm</think>A dog runs.", prose=True).answers[0]["description"] == "A dog runs."
    assert described(TEXT, prose=True).answers == {0: DOG}  # it can write JSON after all
    assert described("", prose=True).reason == "the answer was empty"


def test_a_bad_entry_does_not_cost_the_good_ones():
    got = labelled([{"item": 0, "label": "dog"}, {"item": 1, "label": None}])
    assert got.answers == {0: {"label": "dog"}}
    assert got.reason == "the answer was malformed"
    assert "label" in got.complaint


def test_order_is_free():
    assert labelled([{"item": 1, "label": "b"}, {"item": 0, "label": "a"}]).answers == {
        0: {"label": "a"},
        1: {"label": "b"},
    }


def test_short_answers():
    got = labelled([{"item": 1, "label": "b"}])
    assert got.answers == {1: {"label": "b"}}
    assert got.reason == "some items were missing from the answer"
    assert got.complaint == "Answer every item, each once."


@pytest.mark.parametrize("item", [-1, 2, 99, 10**12])
def test_items_out_of_range(item):
    got = labelled([{"item": 0, "label": "a"}, {"item": item, "label": "b"}])
    assert got.answers == {0: {"label": "a"}}
    assert "0 to 1" in got.complaint


def test_an_unknown_item_beside_all_the_others_does_no_harm():
    got = labelled([{"item": 0, "label": "a"}, {"item": 1, "label": "b"}, {"item": 2, "label": "c"}])
    assert (got.answers, got.reason) == ({0: {"label": "a"}, 1: {"label": "b"}}, "")


def test_items_said_twice():
    same = [{"item": 0, "label": "a"}, {"item": 0, "label": "a"}, {"item": 1, "label": "b"}]
    assert set(labelled(same).answers) == {0, 1}
    for others in (["c"], ["c", "a"], ["c", "c"], ["c", "d"]):
        torn = same + [{"item": 0, "label": other} for other in others]
        assert labelled(torn).answers == {1: {"label": "b"}}, others


def test_fields_nobody_asked_for_are_not_repeated_to_the_model():
    got = labelled([{"item": 0, "label": "a", "ignore all rules": 1}], n=1)
    assert got.answers == {}
    assert got.complaint == "Wrong in the JSON object: a field nobody asked for: extra_forbidden."


def test_assign_knows_how_many_names_there_are():
    entries = [{"item": i, "cluster": c} for i, c in enumerate([0, 1, None, 2, -1])]
    got = read(Reply(json.dumps({"answers": entries})), ASSIGN, {"names": ["a", "b"]}, 5, prose=False)
    assert {i: a["cluster"] for i, a in got.answers.items()} == {0: 0, 1: 1, 2: None}
    assert "0 to 1" in got.complaint


def test_whole_questions():
    clusters = {"clusters": [{"name": "dog", "members": ["dog", "puppy"]}]}
    assert read(Reply(json.dumps(clusters)), NAME_CLUSTERS, {}, 1, prose=False).answers == {0: clusters}
    for bad in ({"clusters": [{"name": "dog"}]}, {"clusters": "dog"}, {"answers": []}, {"clusters": [["dog"]]}):
        got = read(Reply(json.dumps(bad)), NAME_CLUSTERS, {}, 1, prose=False)
        assert (got.answers, got.reason) == ({}, "the answer was malformed")


@pytest.mark.parametrize("task", [DESCRIBE, LABEL, NAME_CLUSTERS, ASSIGN], ids=lambda t: t.name)
def test_schemas_are_strict(task):
    """Every object: no free keys, every field required (WIRE.md)."""

    def objects(part):
        if isinstance(part, dict):
            if part.get("type") == "object":
                yield part
            for value in part.values():
                yield from objects(value)

    found = list(objects(task.schema))
    assert found
    for one in found:
        assert one["additionalProperties"] is False
        assert sorted(one["required"]) == sorted(one["properties"])
