"""How often the models were right: the least sure and a random sample apart."""

from dataclasses import replace
from random import Random

from engine.analyses.clusters import Cluster, Criterion, Result, Review, Row
from engine.analyses.clusters.checking import checked, in_random_order
from engine.analyses.clusters.edits import apply
from engine.analyses.shares import accuracy

ROWS = tuple(Row(f"{i:03}", raw_label="dog", cluster="dog", how="label") for i in range(100))
RESULT = Result(
    Criterion("animal"),
    clusters=(Cluster("dog", 100, {"dog": 100}), Cluster("cat")),
    rows=ROWS,
    natural=("dog", "cat"),
    review=tuple(Review(f"{i:03}", "?") for i in range(10)),
)
ORDER = in_random_order(RESULT, "run")


def word(file, to="dog", check="review"):
    return {"kind": "confirm" if to == "dog" else "move", "files": [file], "to": to, "check": check}


def told(log, result=RESULT, order=ORDER):
    return checked(result, apply(result, log).result, log, order)


def test_nothing_was_looked_at():
    found = told([{"kind": "rename", "cluster": "dog", "to": "hound"}])
    assert (found.review, found.queue, found.random, found.passed_over) == (None, 10, None, 0)


def test_the_least_sure_and_the_sample_are_told_apart():
    queue = [word("000"), word("001", "cat"), word("002", "cat"), word("003")]
    sample = [word(file, "cat" if n == 4 else "dog", "random") for n, file in enumerate(ORDER[:20])]
    found = told([*queue, *sample])
    last = {e["files"][0]: e["to"] == "dog" for e in [*queue, *sample]}
    assert found.random == accuracy(19, 20)
    mine = [right for file, right in last.items() if file < "010"]
    assert found.review == accuracy(sum(mine), len(mine))
    assert (found.queue, found.passed_over) == (10, 0)


def test_what_was_found_by_hand_because_it_was_wrong_counts_in_neither():
    assert told([word("050", "cat", "")]).review is None
    assert told([word("050", "cat", "")]).random is None


def test_the_queue_does_not_reach_beyond_the_sample_as_far_as_it_was_looked_at():
    """Five of the sample were looked at; later ones that the queue brought would make it a sample of doubtful ones."""
    queue = [word(f"{i:03}", "cat") for i in range(10)]
    sample = [word(file, check="random") for file in ORDER[:5]]
    drawn = told([*sample, *queue]).random
    assert drawn
    assert drawn.n == 5
    assert drawn.right == sum(file >= "010" for file in ORDER[:5])


def test_passed_over_pictures_are_said():
    log = [word(file, check="random") for file in ORDER[:10] if file != ORDER[3]]
    assert (told(log).random, told(log).passed_over) == (accuracy(9, 9), 1)


def test_the_last_word_counts_under_the_names_of_now():
    log = [word("000", "cat"), word("000"), {"kind": "rename", "cluster": "dog", "to": "hound"}]
    assert told(log).review == accuracy(1, 1)
    merged = [word("000", "cat"), {"kind": "merge", "clusters": ["dog", "cat"], "into": "pet"}]
    assert told(merged).review == accuracy(1, 1)  # both are pets now
    assert told([*log, word("000", "", "review")]).review == accuracy(0, 1)


def test_a_longer_sample_begins_with_the_shorter_one_and_another_run_draws_another():
    assert sorted(ORDER) == [r.file for r in ROWS]
    assert in_random_order(RESULT, "run") == ORDER
    assert in_random_order(RESULT, "other") != ORDER
    left = replace(RESULT, rows=(*ROWS[:50], Row("none", why="refused"), *ROWS[50:]))
    assert in_random_order(left, "run") == ORDER  # the unanswered is not asked about


def test_the_interval_holds_the_truth():
    """A third wrong: over 200 runs the 95 % interval of 40 random ones holds .67 in at least nine of ten."""
    wrong = set(Random(1).sample([r.file for r in ROWS], 33))
    held = 0
    for seed in range(200):
        order = in_random_order(RESULT, str(seed))
        log = [word(file, "cat" if file in wrong else "dog", "random") for file in order[:40]]
        found = told(log, order=order).random
        assert found
        held += found.low <= 0.67 <= found.high
    assert held >= 190  # Wilson's interval, and a sample without replacement varies less
