import json
import random
from typing import Any

import pytest

from engine.errors import ModelError, RunError, Stopped
from engine.models.roles import ModelSpec, Reply
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import ASSIGN, DESCRIBE, LABEL, NAME_CLUSTERS
from engine.store.answers import Store
from tests.planted import FAKE, Scripted, counting, gallery_of, many, remembered

ASK = {"criterion": "colour", "look_at": "", "ignore": ""}
TEXTS = [f"A picture that is {colour}." for colour in ("red", "green", "blue")]
NAMING = {"criterion": "colour", "labels": {"red": 3, "blue": 2}, "k": None, "keep": [], "avoid": []}


def answers(asker, task, items, payload=None, draw=0) -> dict[int, Any]:
    """Everything that came, by place."""
    came = list(asker.each(task, ASK if payload is None else payload, items, draw))
    found = dict(came)
    assert len(came) == len(found) == len(items), "each place is answered once"
    return found


def labels(asker, items):
    return {i: a if isinstance(a, AnswerError) else a["label"] for i, a in answers(asker, LABEL, items).items()}


def entries(*said):
    return Reply(json.dumps({"answers": [{"item": i, "label": label} for i, label in said]}))


# Asked once


def test_asked_once_then_remembered(tmp_path):
    model = Scripted()
    for _ in range(2):  # a new Remembered and a new Store each time, as another process has
        assert labels(remembered(tmp_path, model), TEXTS) == {0: "red", 1: "green", 2: "blue"}
    assert len(model.requests) == 1


def test_equal_items_are_asked_once(tmp_path):
    model = Scripted()
    progress = Progress()
    found = labels(remembered(tmp_path, model, progress), [TEXTS[0], TEXTS[1], TEXTS[0], TEXTS[0]])
    assert found == {0: "red", 1: "green", 2: "red", 3: "red"}
    assert [len(r.payload["items"]) for r in model.requests] == [2]
    labels(remembered(tmp_path, model, progress), [TEXTS[0]] * 5)
    assert progress.cost.known == {"label": 1}


def test_equal_pictures_are_asked_once(tmp_path, settings):
    pictures = list(gallery_of(tmp_path, settings).pictures)
    model = Scripted()
    found = answers(remembered(settings.home, model), DESCRIBE, [*pictures, *pictures])
    assert [found[i]["label"] for i in range(10)] == 2 * ["blue", "blue", "red", "red", "red"]
    assert len(model.requests) == 5


def test_batches_are_as_large_as_the_task_says(tmp_path):
    model = Scripted()
    texts = [f"A picture number {i}" for i in range(60)]
    assert labels(remembered(tmp_path, model), texts) == {i: str(i) for i in range(60)}
    assert [len(r.payload["items"]) for r in model.requests] == [25, 25, 10]  # LABEL.batch = 25


@pytest.mark.parametrize("seed", range(5))
def test_another_batch_size_or_order_finds_the_same_answers(tmp_path, seed):
    draw = random.Random(seed)
    texts = [f"text {i}" for i in range(draw.randint(1, 80))]
    first = Scripted()
    wanted = labels(remembered(tmp_path, first), texts)
    mixed = draw.sample(texts, len(texts))
    again = Scripted()
    size = draw.randint(1, 30)
    found = {}
    for start in range(0, len(mixed), size):
        some = mixed[start : start + size]
        found |= {some[i]: label for i, label in labels(remembered(tmp_path, again), some).items()}
    assert found == {text: wanted[i] for i, text in enumerate(texts)}
    assert not again.requests


def test_new_items_only_are_asked(tmp_path):
    model = Scripted()
    labels(remembered(tmp_path, model), TEXTS[:2])
    labels(remembered(tmp_path, model), TEXTS)
    assert [t["text"] for t in model.requests[1].payload["items"]] == TEXTS[2:]


# Keys


def test_keys_know_all_that_can_change_an_answer(tmp_path, settings, monkeypatch):
    one, other = gallery_of(tmp_path, settings).pictures[:2]

    def key(spec=FAKE, task=DESCRIBE, payload=ASK, item: Any = one, draw=0):
        return Remembered(spec, None, Store(tmp_path), Progress()).key(task, payload, item, draw)

    by_options = [{"url": "http://a/v1"}, {"url": "http://b/v1"}, {"json": False}, {"max_side": 512}]
    keys = [
        key(),
        *(key(ModelSpec("fake", "fake", options=options)) for options in by_options),
        key(ModelSpec("fake", "other")),
        key(ModelSpec("transformers_vlm", "fake")),
        key(ModelSpec("fake", "fake", "v2")),
        key(payload=ASK | {"criterion": "mood"}),
        key(payload=ASK | {"look_at": "sky"}),
        key(item=other),
        key(draw=1),
        key(task=LABEL, item="a"),
        key(task=LABEL, item="b"),
        key(task=ASSIGN, item="a"),
        key(task=LABEL, item=None),
    ]
    monkeypatch.setattr("engine.steps.answers.instructions", lambda task: "Other words.")
    keys.append(key())
    assert len(set(keys)) == len(keys)
    assert {len(k) for k in keys} == {32}


def test_keys_are_the_same_for_the_same(tmp_path):
    def key(spec, payload):
        return Remembered(spec, None, Store(tmp_path), Progress()).key(LABEL, payload, "a")

    there = ModelSpec("fake", "m", options={"a": 1, "b": 2})
    back = ModelSpec("fake", "m", options={"b": 2, "a": 1})
    assert key(there, ASK) == key(back, dict(reversed(ASK.items())))


def test_the_complaint_is_no_part_of_the_key(tmp_path):
    model = Scripted(lambda r: None if "complaint" in r.payload else Reply("{"))
    assert labels(remembered(tmp_path, model), TEXTS) == {0: "red", 1: "green", 2: "blue"}
    assert [("complaint" in r.payload) for r in model.requests] == [False, True]
    labels(remembered(tmp_path, model), TEXTS)
    assert len(model.requests) == 2


def test_a_captioner_is_asked_once_whatever_the_criterion(tmp_path, settings):
    """It writes the same whatever is asked of it."""
    pictures = gallery_of(tmp_path, settings).pictures
    model = Scripted(lambda r: Reply("A hat."), ModelSpec("fake", "f", options={"json": False, "captioner": True}))
    for criterion in ("colour", "mood"):
        found = answers(remembered(settings.home, model), DESCRIBE, pictures, ASK | {"criterion": criterion})
        assert found[4] == {"description": "A hat.", "label": ""}
    assert len(model.requests) == 5


def test_draws_are_asked_each_and_carry_their_number(tmp_path):
    model = Scripted()
    for draw in (0, 1, 2, 1):
        answers(remembered(tmp_path, model), LABEL, TEXTS, draw=draw)
    assert [r.draw for r in model.requests] == [0, 1, 2]


# What fails


def test_only_missing_items_are_asked_again(tmp_path):
    def says(request):
        if len(model.requests) == 1:
            return entries((0, "red"), (2, "blue"))
        return None

    model = Scripted(says)
    assert labels(remembered(tmp_path, model), TEXTS) == {0: "red", 1: "green", 2: "blue"}
    assert [t["text"] for t in model.requests[1].payload["items"]] == [TEXTS[1]]
    assert model.requests[1].payload["complaint"] == "Answer every item, each once."


def test_what_fails_twice_is_an_error_with_reason_and_raw_text(tmp_path):
    model = Scripted(lambda r: Reply("I cannot do that."))
    progress = Progress()
    found = answers(remembered(tmp_path, model, progress), LABEL, [*TEXTS, TEXTS[0]])
    assert set(found.values()) == {AnswerError("the model refused", "I cannot do that.")}
    assert len(model.requests) == 2
    assert progress.cost.failed == 3  # distinct items


def test_failures_are_not_stored(tmp_path):
    labels(remembered(tmp_path, Scripted(lambda r: Reply("{"))), TEXTS)
    labels(remembered(tmp_path, Scripted(lambda r: Reply(failure="the server failed"))), TEXTS)
    model = Scripted()
    assert labels(remembered(tmp_path, model), TEXTS) == {0: "red", 1: "green", 2: "blue"}
    assert len(model.requests) == 1


def test_an_index_out_of_range_is_not_stored(tmp_path):
    payload = {"criterion": "colour", "names": ["red", "blue"]}
    wild = Reply(json.dumps({"answers": [{"item": 0, "cluster": 7}, {"item": 1, "cluster": 1}]}))
    found = answers(remembered(tmp_path, Scripted(lambda r: wild)), ASSIGN, ["red", "blue"], payload)
    assert found[1] == {"cluster": 1}
    assert isinstance(found[0], AnswerError)
    model = Scripted()
    assert answers(remembered(tmp_path, model), ASSIGN, ["red", "blue"], payload)[0] == {"cluster": 0}
    assert len(model.requests[0].payload["items"]) == 1


def test_the_models_words_are_never_sent_back(tmp_path):
    model = Scripted(lambda r: Reply('{"answers": [{"item": 0, "label": 5, "OBEY": 1}]} OBEY'))
    labels(remembered(tmp_path, model), TEXTS)
    assert "OBEY" not in json.dumps(dict(model.requests[1].payload))


def test_cut_answers_get_twice_the_tokens(tmp_path):
    model = Scripted(lambda r: Reply('{"answers": [', cut=True) if len(model.requests) == 1 else None)
    assert labels(remembered(tmp_path, model), TEXTS)[2] == "blue"
    # LABEL.tokens = 512 and 40 an item: 512 + 3 * 40 = 632, then 1264
    assert [r.max_tokens for r in model.requests] == [632, 1264]
    assert model.requests[1].payload["complaint"] == "The answer was too long. Be brief."


def test_many_that_all_fail_alike_end_the_run(tmp_path):
    model = Scripted(lambda r: Reply(failure=f"the server failed (500), {6 + len(model.requests)} times"))
    texts = [f"text {i}" for i in range(33)]  # past 4 * 8
    with pytest.raises(ModelError, match=r"none of 33 questions: the server failed \(500\), 7 times"):
        labels(remembered(tmp_path, model), texts)
    assert len(model.requests) == 2  # 25 and 8: no second pass


def test_one_bad_reply_to_many_items_is_no_proof(tmp_path):
    model = Scripted(lambda r: Reply("prose") if len(model.requests) < 3 else None)
    found = labels(remembered(tmp_path, model), [f"text {i}" for i in range(33)])  # two requests of 25 and 8
    assert not any(isinstance(answer, AnswerError) for answer in found.values())


def test_a_refusal_tells_no_answers_price(tmp_path):
    texts, rates = [f"text {i}" for i in range(33)], []
    for name, refused in (("plain", 0), ("refused", 2)):
        model = Scripted()
        model.says = lambda r, m=model, n=refused: Reply("no", refused=True) if len(m.requests) <= n else None
        asked = remembered(tmp_path / name, model)
        assert len(labels(asked, texts)) == 33
        rates.append(asked.rate(LABEL))
    assert rates[0].tokens_in == rates[1].tokens_in > 0
    assert rates[0].tokens_out == rates[1].tokens_out > 0


def test_many_that_fail_for_several_reasons_do_not(tmp_path):
    model = Scripted(lambda r: Reply("{" if len(model.requests) % 2 else ""))
    found = labels(remembered(tmp_path, model), [f"text {i}" for i in range(33)])
    assert all(isinstance(answer, AnswerError) for answer in found.values())


def test_what_a_proven_model_refuses_is_listed_however_much_it_is(tmp_path, settings):
    """40 of 48 pictures are refused: a second run asks those 40 only, which all fail, and still must not end."""
    refused = {f"{i:03}.png": "red" for i in range(40)}
    pictures = gallery_of(tmp_path, settings, refused | {f"x{i}.png": "blue" for i in range(8)}).pictures
    model = Scripted(spec=ModelSpec("fake", "fake", options={"fail": "red"}))
    for _ in range(2):
        found = answers(remembered(settings.home, model), DESCRIBE, pictures)
        assert sum(isinstance(a, AnswerError) for a in found.values()) == 40
    assert len(model.requests) == 48 + 40 + 40 + 40


# Prose

PROSE = ModelSpec("fake", "fake", options={"prose": True})


def test_prose_is_found_out_from_the_first_eight(tmp_path, settings):
    pictures = gallery_of(tmp_path, settings, many(20)).pictures
    model, progress = Scripted(spec=PROSE), Progress()
    asker = remembered(settings.home, model, progress)
    found = answers(asker, DESCRIBE, pictures)
    assert found[0] == {"description": "A picture that is red.", "label": ""}
    assert all(a["label"] == "" for a in found.values())
    assert [r.prose for r in model.requests] == [False] * 8 + [True] * 12  # nobody is asked twice
    assert asker.writes_prose
    assert len(progress.notes) == 1


def test_prose_is_remembered_across_instances(tmp_path, settings):
    pictures = gallery_of(tmp_path, settings, many(20)).pictures
    answers(remembered(settings.home, Scripted(spec=PROSE)), DESCRIBE, pictures[:8])
    model = Scripted(spec=PROSE)
    asker = remembered(settings.home, model)
    assert asker.writes_prose
    answers(asker, DESCRIBE, pictures)
    assert [r.prose for r in model.requests] == [True] * 12
    answers(asker, DESCRIBE, pictures, ASK | {"criterion": "mood"})
    assert all(r.prose for r in model.requests)


@pytest.mark.parametrize("bad", [Reply("I cannot help."), Reply("A picture that", cut=True), Reply(failure="lost")])
def test_prose_is_found_out_though_some_are_refused_or_cut(tmp_path, settings, bad):
    pictures = gallery_of(tmp_path, settings, many(20)).pictures
    model = Scripted(lambda r: bad if len(model.requests) in (2, 5) else None, PROSE)
    asker = remembered(settings.home, model)
    found = answers(asker, DESCRIBE, pictures)
    assert asker.writes_prose
    assert found[1] == {"description": "A picture that is green.", "label": ""}  # asked again, as prose
    assert len(model.requests) == 22
    assert not any(isinstance(a, AnswerError) for a in found.values())


def test_eight_refusals_are_no_prose(tmp_path, settings):
    pictures = gallery_of(tmp_path, settings, many(10)).pictures
    model = Scripted(lambda r: Reply("I cannot help.") if len(model.requests) <= 8 else None)
    asker = remembered(settings.home, model)
    answers(asker, DESCRIBE, pictures)
    assert not asker.writes_prose


def test_one_json_answer_among_the_first_shows_that_it_can(tmp_path, settings):
    pictures = gallery_of(tmp_path, settings, many(12)).pictures
    model = Scripted(lambda r: None if len(model.requests) == 8 else Reply("Just words."))
    asker = remembered(settings.home, model)
    found = answers(asker, DESCRIBE, pictures)
    assert not asker.writes_prose
    assert sum(isinstance(a, AnswerError) for a in found.values()) == 11


def test_options_json_false_asks_for_prose_from_the_start(tmp_path, settings):
    pictures = gallery_of(tmp_path, settings).pictures
    model = Scripted(lambda r: Reply("A hat."), ModelSpec("fake", "fake", options={"json": False}))
    found = answers(remembered(settings.home, model), DESCRIBE, pictures)
    assert found[0] == {"description": "A hat.", "label": ""}
    assert all(r.prose and "no JSON" in r.instructions for r in model.requests)
    assert len(model.requests) == 5


def test_cut_prose_is_asked_again_then_taken_and_marked(tmp_path, settings):
    pictures = gallery_of(tmp_path, settings).pictures[:1]
    model = Scripted(lambda r: Reply("A red", cut=True), ModelSpec("fake", "fake", options={"json": False}))
    found = answers(remembered(settings.home, model), DESCRIBE, pictures)
    assert found[0] == {"description": "A red", "label": "", "cut": True}
    assert [r.max_tokens for r in model.requests] == [1024, 2048]


# Counting only


def test_counting_asks_nothing_and_counts_requests(tmp_path):
    progress = Progress()
    labels(remembered(tmp_path, Scripted()), TEXTS)
    asker = counting(tmp_path, progress)
    found = labels(asker, [*TEXTS, *(f"text {i}" for i in range(26))])
    assert [found[i] for i in range(3)] == ["red", "green", "blue"]
    assert {found[i] for i in range(3, 29)} == {AnswerError("not asked")}
    assert progress.cost.asked == {"label": 2}  # 26 unknown, 25 a request
    assert progress.cost.known == {"label": 3}
    assert asker.known(LABEL, ASK, [*TEXTS, "text 0", "text 0"]) == (4, 3)
    with pytest.raises(RunError):
        asker.one(NAME_CLUSTERS, NAMING)
    assert progress.cost.asked["name_clusters"] == 1


def test_the_model_is_loaded_only_when_something_must_be_asked(tmp_path):
    labels(remembered(tmp_path, Scripted()), TEXTS)

    def load():
        raise AssertionError("loaded")

    asker = Remembered(FAKE, load, Store(tmp_path), Progress())
    assert labels(asker, TEXTS)[0] == "red"
    with pytest.raises(AssertionError, match="loaded"):
        labels(asker, ["new"])


# Stopping and counting


def test_stopped_in_the_middle_keeps_what_landed(tmp_path, settings):
    pictures = gallery_of(tmp_path, settings, many(20)).pictures

    def says(request):
        if len(model.requests) == 13:
            raise Stopped
        return None

    model = Scripted(says)
    came = remembered(settings.home, model).each(DESCRIBE, ASK, pictures)
    assert len([next(came) for _ in range(12)]) == 12
    with pytest.raises(Stopped):
        next(came)
    again = Scripted()
    assert len(answers(remembered(settings.home, again), DESCRIBE, pictures)) == 20
    assert len(again.requests) == 8


def test_a_consumer_that_goes_away_loses_nothing(tmp_path):
    texts = [f"text {i}" for i in range(30)]
    model = Scripted()
    for _ in remembered(tmp_path, model).each(LABEL, ASK, texts):
        break
    again = Scripted()
    labels(remembered(tmp_path, again), texts)
    assert [len(r.payload["items"]) for r in again.requests] == [5]  # the first 25 were kept


def test_costs_and_rates(tmp_path):
    progress = Progress()
    model = Scripted(
        lambda r: Reply(
            entries(*((i, "x") for i in range(len(r.payload["items"])))).text, "", tokens_in=100, tokens_out=7
        )
    )
    asker = remembered(tmp_path, model, progress)
    assert asker.rate(LABEL) is None
    labels(asker, [f"text {i}" for i in range(50)])
    cost = progress.cost
    assert (cost.asked, cost.tokens_in, cost.tokens_out) == ({"label": 2}, 200, 14)
    rate = asker.rate(LABEL)
    assert rate
    assert (rate.tokens_in, rate.tokens_out) == (100, 7)
    assert 0 <= rate.seconds < 5


# Whole questions


def clusters(*names):
    return Reply(json.dumps({"clusters": [{"name": name, "members": []} for name in names]}))


def no_dogs(answer):
    return "no dogs, please" if answer["clusters"][0]["name"] == "dog" else ""


def test_a_whole_question_is_asked_once(tmp_path):
    model = Scripted()
    for _ in range(2):
        answer, wrong = remembered(tmp_path, model).one(NAME_CLUSTERS, NAMING)
        assert [c["name"] for c in answer["clusters"]] == ["red", "blue"]
        assert wrong == ""
    assert len(model.requests) == 1


def test_complaints_are_sent_until_nothing_is_wrong(tmp_path):
    replies = [Reply("{"), clusters("dog"), clusters("cat")]
    model = Scripted(lambda r: replies[len(model.requests) - 1])
    answer, wrong = remembered(tmp_path, model).one(NAME_CLUSTERS, NAMING, no_dogs)
    assert (answer["clusters"][0]["name"], wrong) == ("cat", "")
    assert [r.payload.get("complaint") for r in model.requests] == [
        None,
        "That was not one whole JSON object. Reply with the JSON object only.",
        "no dogs, please",
    ]


def test_after_three_tries_the_best_is_kept(tmp_path):
    model = Scripted(lambda r: clusters("dog"))
    answer, wrong = remembered(tmp_path, model).one(NAME_CLUSTERS, NAMING, no_dogs)
    assert (answer["clusters"][0]["name"], wrong) == ("dog", "no dogs, please")
    assert len(model.requests) == 3
    again = Scripted()
    assert remembered(tmp_path, again).one(NAME_CLUSTERS, NAMING, no_dogs) == (answer, wrong)
    assert not again.requests


def test_a_complaint_outlives_a_lost_reply(tmp_path):
    replies = [clusters("dog"), Reply(failure="lost"), clusters("cat")]
    model = Scripted(lambda r: replies[len(model.requests) - 1])
    remembered(tmp_path, model).one(NAME_CLUSTERS, NAMING, no_dogs)
    assert [r.payload.get("complaint") for r in model.requests] == [None, "no dogs, please", "no dogs, please"]


def test_no_answer_at_all(tmp_path):
    model = Scripted(lambda r: Reply("no"))
    with pytest.raises(RunError, match="no usable answer to name_clusters: the answer was no JSON"):
        remembered(tmp_path, model).one(NAME_CLUSTERS, NAMING)
    assert len(model.requests) == 3
    assert remembered(tmp_path, Scripted()).one(NAME_CLUSTERS, NAMING)[1] == ""


def test_a_whole_question_that_was_cut_gets_twice_the_tokens(tmp_path):
    model = Scripted(lambda r: Reply('{"clusters": [', cut=True) if len(model.requests) == 1 else None)
    remembered(tmp_path, model).one(NAME_CLUSTERS, NAMING)
    assert [r.max_tokens for r in model.requests] == [4096, 8192]
