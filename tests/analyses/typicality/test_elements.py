"""Elements: planted ones come out, with their rates; what is planted in both labels is none; artefacts are marked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from engine.analyses.typicality import Params, found
from engine.analyses.typicality import elements as parts
from engine.analyses.typicality.groups import Group, Patches, around, cluster
from engine.analyses.typicality.result import Element, Patch

SIDE, DEEP = 12, 16
PARAMS = Params(elements=2, per_picture=2, patch=0.25)  # patches of 3 of 12


@dataclass(frozen=True)
class Card:
    """A picture of grain."""

    name: str
    label: str

    @property
    def hash(self):
        return hashlib.sha256(self.name.encode()).hexdigest()

    def open(self, shorter=0):
        grain = np.random.default_rng(list(self.name.encode())).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        return Image.fromarray(grain)


@dataclass
class Planted:
    """Label a has a wheel, T 2, and a door, T 1, somewhere in each picture; label b has neither."""

    questions: list
    maps: dict
    features: dict
    kinds: dict

    def elements(self, params=PARAMS, seed=0, others=(), beside=None):
        return found(params, self.questions, self.maps, self.features, others, beside or {}, seed)  # type: ignore[arg-type]


def planted(n=40, labels=None, seed=0, at=None):
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.standard_normal((DEEP, 2)))[0].T * 6
    labels = labels or ["a"] * n + ["b"] * n
    questions, maps, features, kinds = [], {}, {}, {}
    for i, label in enumerate(labels):
        card = Card(f"{i}.png", label)
        questions.append((card, (label,)))
        maps[i] = 0.05 * rng.standard_normal((1, 8, SIDE, SIDE)).astype(np.float32)
        features[i] = rng.standard_normal((DEEP, SIDE, SIDE)).astype(np.float16)
        kinds[card.name] = []
        if i >= n:
            continue
        for k, (name, t) in enumerate((("wheel", 2), ("door", 1))):
            y, x = at or (int(v) for v in (rng.integers(0, SIDE - 2), rng.integers(6 * k, 6 * k + 4)))
            maps[i][..., y : y + 3, x : x + 3] += t
            features[i][:, y : y + 3, x : x + 3] += directions[k][:, None, None].astype(np.float16)
            kinds[card.name].append((name, (x / SIDE, y / SIDE, 3 / SIDE, 3 / SIDE)))
    return Planted(questions, maps, features, kinds)


def test_planted_elements_come_out():
    world = planted()
    elements = [one for one in world.elements() if one.label == "a"]
    assert [parts.purity(one.patches, world.kinds) for one in elements] == [("wheel", 1), ("door", 1)]
    for one, t in zip(elements, (2, 1), strict=True):
        assert (one.pictures, one.share, len(one.patches)) == (40, 1, 40)
        assert one.low <= one.median <= one.high
        # Bilinear: 1/12 of each side is lost at the edges of 3 pixels, which leaves (11/12)^2
        assert one.median == pytest.approx(t * 121 / 144, abs=0.1)
        assert one.high - one.low < 0.1
        assert one.rate >= 0.8
        assert one.rate_elsewhere <= 0.05
        assert one.q < 1e-5
        assert not one.marks
    assert [one.number for one in elements] == [1, 2]


def test_ranks_are_by_median_and_the_nearest_patch_is_first():
    world = planted()
    elements = world.elements(Params(elements=6, per_picture=4))
    for label in "ab":
        mine = [one for one in elements if one.label == label]
        assert [one.number for one in mine] == list(range(1, len(mine) + 1))
        medians = [one.median for one in mine]
        assert medians == sorted(medians, reverse=True)
        assert [float(np.median([p.t for p in one.patches])) for one in mine] == medians
    first = elements[0]
    vectors = np.stack([parts.vector_of(world.features[int(p.file.split(".")[0])], p.box) for p in first.patches])
    near = vectors @ vectors.mean(0)
    assert near[:10].mean() > near[-10:].mean()


def test_other_pictures_may_be_looked_at_elsewhere():
    world = planted()
    b = [i for i, (card, _) in enumerate(world.questions) if card.label == "b"]
    others, beside = [world.questions[i][0] for i in b], {k: world.features[i] for k, i in enumerate(b)}
    alone = Planted([q for q in world.questions if q[0].label == "a"], world.maps, world.features, world.kinds)
    alone.maps = {i: one for i, one in world.maps.items() if i < 40}
    alone.features = {i: one for i, one in world.features.items() if i < 40}
    assert {one.q for one in alone.elements()} == {1.0}  # nothing to hold them against
    assert all(one.q < 1e-5 and one.rate_elsewhere <= 0.05 for one in alone.elements(others=others, beside=beside))


def test_permuted_labels_have_no_elements(capsys):
    false = total = 0
    for seed in range(10):
        labels = np.random.default_rng([seed, 9]).permutation(["a"] * 40 + ["b"] * 40).tolist()
        elements = planted(labels=labels, seed=seed).elements(Params(elements=6, per_picture=2), seed)
        false += sum(one.q <= 0.05 for one in elements)
        total += len(elements)
    with capsys.disabled():
        print(f"\nlabels permuted: {false} of {total} elements with q <= .05")  # noqa: T201
    assert total >= 60
    assert false <= 0.05 * total


def test_it_is_the_same_again_and_order_of_pictures_changes_no_rank():
    world = planted()
    assert world.elements() == world.elements()
    turned = list(reversed(range(80)))
    other = Planted(
        [world.questions[i] for i in turned],
        {k: world.maps[i] for k, i in enumerate(turned)},
        {k: world.features[i] for k, i in enumerate(turned)},
        world.kinds,
    )
    mine, theirs = ([one for one in w.elements() if one.label == "a"] for w in (world, other))
    assert [parts.purity(one.patches, world.kinds) for one in theirs] == [("wheel", 1), ("door", 1)]
    assert [one.median for one in mine] == [one.median for one in theirs]


def test_what_could_not_be_evaluated_is_left_out():
    world = planted()
    for i in range(0, 40, 2):
        del (world.maps if i % 4 else world.features)[i]
    elements = [one for one in world.elements() if one.label == "a"]
    assert [one.pictures for one in elements] == [20, 20]
    assert {one.share for one in elements} == {1}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_pictures_are_no_element(n):
    world = planted(n, labels=["a"] * n)
    assert world.elements() == ()
    assert parts.checked([], [], []) == []


def test_three_pictures_may_be_one():
    (one,) = planted(3, labels=["a"] * 3).elements(Params(elements=1, per_picture=2))
    assert (one.pictures, one.share, one.q) == (3, 1, 1)


# Marks


def marks(boxes, plain=False, n=12):
    patches = [Patch(f"{i}.png", boxes(i), 1.0) for i in range(n)]
    vectors = np.tile(np.array([1.0, 0]), (n, 1))
    of = Patches("a", (0.2,), tuple(range(n)), tuple(patches), vectors, np.zeros(n, bool), np.full(n, plain))
    return parts.element(of, around(of, np.arange(n), np.array([1.0, 0])), 0).marks


def test_marks_say_why_it_may_be_none():
    rng = np.random.default_rng(0)
    anywhere = lambda i: (*rng.uniform(0.05, 0.7, 2).tolist(), 0.2, 0.2)  # noqa: E731
    assert marks(anywhere) == ()
    assert marks(anywhere, plain=True) == ("uniform",)
    assert marks(lambda i: (0.0, 0.06 * i + 0.02, 0.2, 0.2)) == ("border",)
    assert marks(lambda i: (0.06 * i + 0.02, 0.8, 0.2, 0.2)) == ("border",)
    assert marks(lambda i: (0.4 + 0.001 * i, 0.3, 0.2, 0.2)) == ("same place",)
    assert marks(lambda i: (0.4, 0.3, 0.2, 0.2), n=9) == ()  # too few to say so
    assert marks(lambda i: (0.8, 0.8, 0.2, 0.2), plain=True) == ("border", "uniform", "same place")


def test_what_stands_still_is_marked():
    at_one_place = planted(at=(4, 4)).elements(Params(elements=1, per_picture=1))
    assert [one.marks for one in at_one_place if one.label == "a"] == [("same place",)]


# Parts


def test_halves_are_by_content_and_about_equal():
    hashes = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(2000)]
    held = [parts.is_held_out(hash) for hash in hashes]
    assert held == [parts.is_held_out(hash) for hash in hashes]
    assert sum(held) == pytest.approx(1000, abs=100)


def test_only_the_half_that_is_not_held_out_makes_clusters():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((64, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    held = np.arange(64) % 2 == 1
    changed = np.where(held[:, None], vectors[::-1], vectors)
    one, other = (cluster(some, held, 4, 0)[1] for some in (vectors, changed))
    np.testing.assert_array_equal(one, other)
    assert np.linalg.norm(one, axis=1) == pytest.approx(np.ones(4))
    numbers, middles = cluster(vectors, np.ones(64, bool), 3, 0)  # all held out: then all make them
    assert (numbers == (vectors @ middles.T).argmax(1)).all()


def test_a_vector_is_of_the_box_and_of_unit_length():
    features = np.zeros((2, 4, 4), np.float16)
    features[0, :2], features[1, 2:] = 3, 4
    assert parts.vector_of(features, (0, 0, 1, 0.5)).tolist() == [1, 0]
    assert parts.vector_of(features, (0, 0, 1, 1)) == pytest.approx([0.6, 0.8])
    assert parts.vector_of(np.zeros((2, 4, 4)), (0, 0, 1, 1)).tolist() == [0, 0]


def test_something_is_seen_wherever_it_is():
    features = np.zeros((2, 8, 8), np.float32)
    features[0] = 1
    none = np.array([], int)
    groups = [Group(i, none, middle[None], np.array([0.95])) for i, middle in enumerate(np.eye(2))]
    assert parts.seen(features, (0.25,), groups).tolist() == [True, False]
    features[:, 5:7, 1:3] = np.array([0, 1])[:, None, None]
    assert parts.seen(features, (0.25,), groups).tolist() == [True, True]
    assert parts.seen(features, (0.5,), groups).tolist() == [True, False]  # a quarter of it only
    assert parts.seen(features, (0.25, 0.5), groups).tolist() == [True, True]
    both = Group(3, none, np.eye(2), np.array([0.95, 0.95]))
    assert parts.seen(features, (0.5,), [*groups, both]).tolist() == [True, False, True]


def test_rates_and_q_are_fishers():
    one = Element("a", 1, (), 0, 0, 0, 0, 0)
    here, there = np.array([True] * 8 + [False] * 2), np.array([False] * 9 + [True])
    none = np.zeros(10, bool)
    first, second, third = parts.checked([one] * 3, [here, none, here[:0]], [there, none, there])
    assert (first.rate, first.rate_elsewhere) == (0.8, 0.1)
    # Fisher of [[8, 2], [1, 9]] is .00548; the first of three by Benjamini and Hochberg: three times that
    assert first.q == pytest.approx(3 * 0.005477, rel=1e-3)
    assert (second.q, third.q, third.rate) == (1, 1, 0)


def test_purity_is_the_share_of_the_commonest_kind():
    patches = [Patch(str(i), (0.0, 0.0, 0.3, 0.3), 1.0) for i in range(4)]
    kinds = {
        "0": [("car", (0.1, 0.1, 0.1, 0.1))],  # within the patch
        "1": [("car", (0.19, 0.0, 0.3, 0.3)), ("dog", (0.0, 0.0, 1.0, 1.0))],  # 11/30 of it
        "2": [("car", (0.21, 0.0, 0.3, 0.3)), ("cow", (0.0, 0.0, 0.3, 0.3))],  # less than that
    }
    assert parts.purity(patches, kinds) == ("car", 0.5)
    assert parts.purity(patches, {}) == ("", 0)
