"""Two clusters runs side by side: what moved, what was renamed, joined and split, by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from engine.analyses.clusters import Cluster, Criterion, Result, Row
from engine.analyses.clusters.agreement import agreement
from engine.analyses.clusters.diff import diff, edited, lines, sentence, tables
from engine.analyses.matching import Both


def made(places, labels=None):
    """A result of {file: cluster}; "" is unassigned."""
    labels = labels or {}
    rows = tuple(Row(f, labels.get(f, ""), f"a {c}", c, c, "label" if c else "unassigned") for f, c in places.items())
    sizes = Counter(c for c in places.values() if c)
    clusters = tuple(Cluster(name, n) for name, n in sizes.most_common())
    agreed = agreement([r.label for r in rows], [r.cluster for r in rows], [c.name for c in clusters], 0)
    return Result(Criterion("x"), clusters, rows, tuple(sizes), agreement=agreed)


def places(**counts):
    """cat=3 makes cat0, cat1, cat2, all in the cluster cat."""
    return {f"{name}{i}": name for name, n in counts.items() for i in range(n)}


def fates(one):
    return {f.cluster: f.kind for f in one.fates}


A = places(cat=6, dog=6, car=6)


def test_the_same_twice_moves_nothing():
    one = diff(made(A), made(A))
    assert one.pictures == Both(18, 0, 0)
    assert set(fates(one).values()) == {"kept"}
    assert (one.moved, one.new, one.association) == ((), (), 1.0)
    assert one.flow.counts.tolist() == np.diag([6.0, 6, 6]).tolist()


def test_renamed_joined_and_new():
    b = {f: {"cat": "pet", "dog": "pet", "car": "automobile"}[c] for f, c in A.items()}
    b |= {"car0": "pet", "cat0": "", "cat1": "statue"}
    one = diff(made(A), made(b))
    assert fates(one) == {"cat": "joined", "dog": "joined", "car": "renamed"}
    # of 6 cars 5 are automobiles, which hold nothing else: 5 / 6
    (car,) = (f for f in one.fates if f.cluster == "car")
    assert (car.into, car.jaccard) == ((("automobile", 5), ("pet", 1)), pytest.approx(5 / 6))
    assert "renamed automobile, 5 of 6 stay" in sentence(car)
    assert one.new == (("statue", 1),)
    # statue comes from cat alone, so cat1 has not left its kind; car0 and cat0 have
    assert [(m.file, m.a, m.b) for m in one.moved] == [("cat0", "cat", ""), ("car0", "car", "pet")]


def test_split_is_the_mirror_of_joined():
    b = {f: {"cat": "pet", "dog": "pet", "car": "car"}[c] for f, c in A.items()}
    one, back = diff(made(A), made(b)), diff(made(b), made(A))
    assert fates(back) == {"pet": "split", "car": "kept"}
    assert (
        back.flow.counts.T[np.argsort(back.flow.columns)].tolist()
        == one.flow.counts[np.argsort(one.flow.rows)].tolist()
        or one.flow.counts.sum() == back.flow.counts.sum()
    )
    assert not one.moved
    assert not back.moved
    assert one.association == pytest.approx(back.association)
    (pet,) = (f for f in back.fates if f.cluster == "pet")
    assert pet.parts == 2
    assert back.new == ()


def test_two_that_are_joined_in_equal_parts_are_not_called_renamed():
    b = {f: {"cat": "pet", "dog": "pet", "car": "car"}[c] for f, c in (A | {"cat6": "cat"}).items()}
    assert fates(diff(made(A | {"cat6": "cat"}), made(b)))["cat"] == "joined"  # Jaccard 7 / 13


def test_scattered_goes_everywhere():
    b = {f: ["cat", "dog", "car"][i % 3] for i, f in enumerate(A)}
    one = diff(made(A), made(b))
    assert set(fates(one).values()) == {"scattered"}
    assert len(one.moved) == 18
    assert one.association == pytest.approx(0)


def test_only_pictures_in_both_count():
    b = {f: c for f, c in A.items() if f[-1] in "01"} | {"new0": "cat"}
    one = diff(made(A), made(b))
    assert one.pictures == Both(6, 12, 1)
    assert one.flow.counts.sum() == 6
    alone = diff(made(places(cat=2, dog=2)), made(places(cat=2)))
    assert fates(alone) == {"cat": "kept", "dog": "not in both"}


def test_pictures_may_go_by_other_names():
    b = {f"copy/{f}": c for f, c in A.items()}
    one = diff(made(A), made(b), {f: f"copy/{f}" for f in A})
    assert one.pictures == Both(18, 0, 0)
    assert (one.places[0].file, one.places[0].twin) == ("cat0", "copy/cat0")
    assert not one.moved


def test_unassigned_twice_has_not_moved():
    one = diff(made({"a": "", "b": "x", "c": "x"}), made({"a": "", "b": "x", "c": "x"}))
    assert not one.moved
    assert one.flow.rows == one.flow.columns == ("x", "")


def test_agreements_and_the_paired_gain():
    labels = {f: c for f, c in A.items()}
    worse = A | {"cat0": "dog", "cat1": "dog", "dog0": ""}
    one = diff(made(A, labels), made(worse, labels))
    assert one.agreement_a
    assert one.agreement_b
    assert (one.agreement_a.accuracy, one.agreement_b.accuracy) == (1, pytest.approx(15 / 18))
    assert one.gain
    assert (one.gain.value, one.gain.n) == (pytest.approx(-3 / 18), 18)
    assert one.gain.low < one.gain.value < one.gain.high <= 0
    assert diff(made(A), made(A)).gain is None
    back = diff(made(worse, labels), made(A, labels)).gain
    assert back
    assert back.value == -one.gain.value


def test_a_persons_changes_count_and_agreement_is_counted_anew():
    labels = {f: c for f, c in A.items()}
    wrong = made(A | {"cat0": "dog"}, labels)
    mended = edited(wrong, [{"kind": "move", "files": ["cat0"], "to": "cat"}])
    assert wrong.agreement
    assert mended.agreement
    assert wrong.agreement.accuracy < mended.agreement.accuracy == 1
    assert edited(wrong, []) == wrong
    assert [m.file for m in diff(wrong, mended).moved] == ["cat0"]


def test_words_and_tables_say_the_same():
    b = {f: {"cat": "pet", "dog": "pet", "car": "automobile"}[c] for f, c in A.items()} | {"cat0": ""}
    one = diff(made(A, dict(A)), made(b, dict(A)))
    said = "\n".join(lines(one))
    assert "flow: 3 by 2 clusters, 4 cells hold pictures" in said
    assert "moved: 1 of 18 pictures" in said
    assert "agreement of A with the labels: 1.000" in said
    told = tables(one)
    assert {(c["a"], c["b"]): c["pictures"] for c in told["flow"]} == {
        (x, y): sum(A[f] == x and b[f] == y for f in A)
        for x in ("cat", "dog", "car")
        for y in ("pet", "automobile", "")
    }
    assert [m["file"] for m in told["moved"]] == ["cat0"]


def test_empty_results():
    one = diff(made({"a": ""}), made({"a": ""}))
    assert one.fates == ()
    assert list(lines(one))
    assert diff(made({}), made({})).pictures == Both(0, 0, 0)
