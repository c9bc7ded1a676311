"""Diversity on pictures, by the bundled embedder: planted copies, equal size, a core-set; and judged pairs of CIFAR-10.

Figures are printed.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest

from engine.analyses.diversity import Params, doubt
from engine.analyses.diversity.coreset import coreset
from engine.analyses.diversity.duplicates import find, leaks
from engine.analyses.diversity.near import pairs_above
from engine.analyses.diversity.rows import Rows
from engine.analyses.diversity.spectrum import eigenvalues, moments, unit_rows
from engine.analyses.diversity.telling import tell
from engine.gallery import Gallery, open_folder
from engine.models.checkpoints import known
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.embeddings import embed

COPIES = ModelSpec("sscd", "assets/models/copies.pt")
SEEDS = range(20)


def embedded(folder, home) -> tuple[Gallery, np.ndarray]:
    settings = Settings(home=home)
    gallery = open_folder(folder, settings)
    found = embed(gallery.pictures, COPIES, settings, Progress(), "embedder")
    assert len(found.places) == len(gallery)
    return gallery, found.vectors


@pytest.fixture(scope="module")
def postcards(tmp_path_factory):
    return embedded(POSTCARDS, tmp_path_factory.mktemp("postcards"))


@pytest.fixture
def say(capsys):
    """Print figures that people should see although the test passes."""

    def said(text):
        with capsys.disabled():
            print(f"\n{text}", end="")  # noqa: T201

    return said


@pytest.fixture(scope="module")
def whole(postcards):
    return told(*postcards)


def told(gallery, vectors, **words):
    return tell(vectors, Rows(len(gallery), gallery), Params(**words), COPIES.label, known(COPIES.name), 0, Progress())


def test_planted_copies_are_found_at_the_default(postcards, whole, say):
    gallery, _ = postcards
    planted = {frozenset((p.name, p.metadata["copy_of"])) for p in gallery.pictures if p.metadata.get("copy_of")}
    assert len(planted) == 24
    d = whole.duplicates
    assert (d.threshold, d.is_own, whole.is_sscd, whole.band) == (0.8, True, False, "")
    assert any("is not SSCD" in note for note in whole.notes)
    found = {
        frozenset((d.files[i], d.files[j]))
        for i, j, cosine in zip(d.first, d.second, d.cosine, strict=True)
        if cosine >= d.threshold
    }
    true = len(found & planted)
    say(f"planted copies: {true} of 24 found, {len(found - planted)} false; precision {true / len(found):.3f}")
    edits = {p.metadata["edit"]: 0 for p in gallery.pictures if p.metadata.get("copy_of")}
    for p in gallery.pictures:
        if p.metadata.get("copy_of") and frozenset((p.name, p.metadata["copy_of"])) in found:
            edits[p.metadata["edit"]] += 1
    say(f"by edit: {edits}")
    assert true >= 20
    assert len(found - planted) <= 3


def test_sets_of_different_size_are_compared_at_equal_size(postcards, whole, say):
    _, vectors = postcards
    some = np.sort(np.random.default_rng(0).choice(len(vectors), 100, replace=False))
    score = doubt.told(doubt.eigenvalues_of(vectors, some), 100).score.value
    naive, equal = whole.whole.score.value, next(f for f in whole.rarefaction if f.n == 100).score
    say(f"score: all 600 {naive:.3f}, 100 of them {score:.3f}, all at 100 {equal}")
    assert naive > 1.2 * score
    assert equal.low <= score <= equal.high


def test_every_picture_twice_keeps_its_score_and_is_named(postcards, whole):
    gallery, vectors = postcards
    twice = np.concatenate([vectors, vectors])
    found = moments(twice)
    assert doubt.told(eigenvalues(found.scatter, found.n), found.n).score.value == pytest.approx(
        whole.whole.score.value, rel=1e-5
    )
    pairs = pairs_above(twice, 0.9999)
    assert {(i, i + len(gallery)) for i in range(len(gallery))} <= set(
        zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    )


def test_a_core_set_covers_places_and_times_more_often_than_chance(postcards, say):
    """Of the whole gallery, and of nine tenths of it drawn anew by each seed, as the choice itself knows no chance."""
    gallery, vectors = postcards
    unit = unit_rows(vectors)
    cells = np.array([f"{p.metadata['place']} {p.metadata['time']}" for p in gallery.pictures])
    of = lambda places: len(set(cells[places].tolist()))  # noqa: E731
    everything = of(coreset(unit, 60))
    ours, chance = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(unit))
        ours.append(of(coreset(unit, 60, left_out=order[:60].tolist(), seed=seed)))
        chance.append(of(order[60:120]))
    full = [sum(n == 24 for n in cells_seen) for cells_seen in (ours, chance)]
    say(f"cells covered by 60 of 600: {everything} of 24")
    say(f"60 of 540, 20 seeds: core-set {ours}, all 24 in {full[0]}; at random {chance}, all 24 in {full[1]}")
    assert everything == 24
    assert full[0] > full[1] + 4
    assert np.mean(ours) > np.mean(chance)


@pytest.mark.shared
def test_leaks_between_test_and_train_pictures(shared, tmp_path, say):
    """CIFAR-10's near-duplicates judged by people (ciFAIR): 286 test/train pairs among 1,108 pictures."""
    root = shared / "data" / "cifar10_neardup"
    gallery, vectors = embedded(root, tmp_path / "home")
    with (root / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = [{"pair": frozenset((r["file_a"], r["file_b"])), "judged": r["judgment"]} for r in rows]
    across = {k["pair"]: k["judged"] for k in kinds if len({name.split("/")[-1][:4] for name in k["pair"]}) == 2}
    assert len(across) == 286
    groups = {s: tuple(p.name for p in gallery.pictures if f"/{s}_" in p.name) for s in ("test", "train")}
    parts = {name: np.array([gallery.index[file] for file in files]) for name, files in groups.items()}
    d = find(vectors, Rows(len(gallery)), parts, 0.8, True, 0, Progress())
    names = [p.name for p in gallery.pictures]
    leaked = leaks(d, "test", "train", d.floor)
    pairs = [(frozenset((names[int(a)], names[int(b)])), cosine) for a, b, cosine in leaked]
    is_judged = np.array([pair in across for pair, _ in pairs])
    right, all_ = np.cumsum(is_judged), np.arange(1, len(pairs) + 1)
    precision, recall = right / all_, right / len(across)
    f1 = 2 * precision * recall / (precision + recall)

    def said(at):
        near = sum(across.get(pair) == "1" for pair, _ in pairs[: at + 1])
        whole = f"{right[at]} of 286 judged pairs ({near} near-duplicates) among {at + 1}"
        return f"{whole}; precision {precision[at]:.3f}, recall {recall[at]:.3f}, F1 {f1[at]:.3f}"

    cosines = np.array([cosine for _, cosine in pairs])
    default, best = int((cosines >= 0.8).sum()) - 1, int(f1.argmax())
    say(f"default 0.80: {said(default)}")
    say(f"best {cosines[best]:.3f}: {said(best)}")
    assert recall[default] > 0.85
    assert f1[best] > 0.7
