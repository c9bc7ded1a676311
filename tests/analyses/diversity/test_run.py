"""The whole analysis on vectors that a test makes up: figures, parts, duplicates, core-set, bad input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from engine.analyses import diversity
from engine.analyses.diversity import Params, Result, estimate, of_vectors, run, tables, telling
from engine.analyses.diversity.rows import Rows
from engine.errors import RunError, SettingsError, Stopped
from engine.gallery import open_folder
from engine.models.checkpoints import Known, known
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.embeddings import Embedded

COPIES = ModelSpec("sscd", "assets/models/copies.pt")


@dataclass
class Given:
    """An embedder that hands out vectors by the pictures' names."""

    vectors: dict[str, np.ndarray]
    spec: ModelSpec = COPIES
    asked: list[int] = field(default_factory=list)

    def embed(self, pictures):
        self.asked.append(len(pictures))
        places = [i for i, p in enumerate(pictures) if p.name in self.vectors]
        unread = {i: "truncated" for i in range(len(pictures)) if i not in places}
        rows = [self.vectors[pictures[i].name] for i in places]
        return Embedded(np.array(rows, np.float32).reshape(len(rows), -1), np.array(places, np.int64), unread)

    def known(self, pictures):
        return len({p.hash for p in pictures}), 2


@pytest.fixture
def gallery(tmp_path, settings):
    """24 pictures in two folders, one of them a copy of another, larger and as sharp; and what each vector shall be."""
    rng = np.random.default_rng(0)
    drawn = {}
    for i in range(24):
        path = tmp_path / "pictures" / ("beach" if i < 12 else "city") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn[i] = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).resize((256, 256))
        (drawn[4] if i == 5 else drawn[i].resize((128, 128))).save(path)
    return open_folder(tmp_path / "pictures", settings)


@pytest.fixture
def embedder(gallery):
    rng = np.random.default_rng(1)
    vectors = {p.name: rng.standard_normal(16) for p in gallery.pictures}
    vectors["beach/05.png"] = vectors["beach/04.png"] + 0.05 * rng.standard_normal(16)
    vectors["city/20.png"] = vectors["beach/00.png"] + 0.05 * rng.standard_normal(16)
    return Given(vectors)


def asked(gallery, embedder, seed=0, **words) -> Result:
    return run(gallery, Params(**words), embedder=embedder, progress=Progress(), seed=seed)


def test_a_result_is_told_whole_and_read_back(gallery, embedder):
    result = asked(gallery, embedder, by="label", coreset=5)
    assert TypeAdapter(Result).validate_python(json.loads(json.dumps(asdict(result)))) == result
    assert result.whole.n == 24
    assert 1 < result.whole.participation_ratio.value < result.whole.effective_rank.value < 16
    assert [f.n for f in result.rarefaction] == [f.n for f in result.gaussian] == [10, 20, 24]
    assert result.rarefaction[-1] == result.whole
    assert sum(result.further.first[k] for k in (1, 10)) < 2
    assert result.further.first[10] < 1
    assert asked(gallery, embedder, by="label", coreset=5) == result


def test_duplicates_are_grouped_with_what_to_keep(gallery, embedder):
    told = asked(gallery, embedder).duplicates
    assert (told.threshold, told.is_own) == (0.8, True)
    copies, sizes = told.groups
    assert set(copies.files) == {"beach/00.png", "city/20.png"}
    assert sizes.files == ("beach/05.png", "beach/04.png")  # the larger one, as sharp as the other
    assert told.without is not None
    assert told.without.n == 22
    strict = asked(gallery, embedder, threshold=0.9999).duplicates
    assert (strict.groups, strict.without, strict.is_own) == ((), None, False)
    assert len(strict.first) >= 2  # still listed, to choose a threshold by


def test_parts_are_compared_at_the_size_of_the_smallest(gallery, embedder):
    result = asked(gallery, embedder, by="label")
    assert {p.name: p.own.n for p in result.parts} == {"beach": 12, "city": 12}
    assert {p.equal.n for p in result.parts if p.equal} == {12}
    at_five = asked(gallery, embedder, by="label", at=5)
    assert {p.equal.n for p in at_five.parts if p.equal} == {5}
    uneven = {"most": tuple(p.name for p in gallery.pictures[:20]), "few": ("city/20.png", "city/21.png")}
    sets = asked(gallery, embedder, groups=uneven)
    assert [(p.name, p.own.n, p.equal and p.equal.n) for p in sets.parts] == [("most", 20, 20), ("few", 2, None)]
    with pytest.raises(SettingsError, match="no column 'mood'"):
        asked(gallery, embedder, by="mood")


def test_a_core_set_obeys(gallery, embedder):
    told = asked(
        gallery, embedder, coreset=6, balanced=True, pinned=("city/23.png",), left_out=("city/22.png",)
    ).coreset
    assert told is not None
    assert told.files[0] == "city/23.png"
    assert "city/22.png" not in told.files
    assert [file[:4] for file in told.files].count("city") == 3
    assert [p.m for p in told.curve] == [1, 2, 4, 6]
    assert asked(gallery, embedder).coreset is None


def test_a_core_set_of_none_is_refused(gallery, embedder):
    with pytest.raises(SettingsError, match="All pictures are left out"):
        asked(gallery, embedder, coreset=3, left_out=tuple(p.name for p in gallery.pictures))


def test_weights_come_from_a_column_of_numbers(gallery, embedder):
    heavy = [replace(p, metadata={"w": "1000" if p.name == "beach/07.png" else ""}) for p in gallery.pictures]
    told = asked(replace(gallery, pictures=heavy), embedder, coreset=1, weights="w").coreset
    assert told is not None
    assert told.files == ("beach/07.png",)
    with pytest.raises(SettingsError, match="no weights"):
        asked(gallery, embedder, coreset=1, weights="label")


def test_every_picture_twice_keeps_its_score_and_is_named(gallery, embedder):
    rows = np.array(list(embedder.vectors.values()), np.float32)
    once, twice = of_vectors(rows), of_vectors(np.concatenate([rows, rows]))
    assert twice.whole.score.value == pytest.approx(once.whole.score.value, rel=1e-6)
    groups = of_vectors(np.concatenate([rows, rows]), Params(threshold=0.9999)).duplicates.groups
    assert {tuple(sorted(map(int, g.files))) for g in groups} == {(i, i + 24) for i in range(24)}


def test_pictures_that_cannot_be_read_are_named(gallery, embedder):
    for name in ("beach/01.png", "city/13.png"):
        del embedder.vectors[name]
    result = asked(gallery, embedder, by="label")
    assert result.whole.n == 22
    assert [(u.name, u.reason) for u in result.unread] == [("beach/01.png", "truncated"), ("city/13.png", "truncated")]
    assert {p.own.n for p in result.parts} == {11}


def test_fewer_than_two_pictures(gallery, embedder):
    embedder.vectors = {"beach/01.png": np.ones(4)}
    with pytest.raises(RunError, match="Only 1 of 24") as problem:
        asked(gallery, embedder)
    assert "truncated" in problem.value.message
    with pytest.raises(RunError, match="Only 1 of 3"):
        of_vectors(np.array([[1.0, 2], [np.nan, 1], [np.inf, 0]]))


def test_all_equal_is_said():
    result = of_vectors(np.ones((30, 8), np.float32), Params(coreset=3))
    assert result.whole.score.value == 0
    assert any("the score is 0" in note for note in result.notes)
    assert result.axes == ()
    assert result.further.vendi == pytest.approx((1, 1, 1))
    assert result.further.mean_share == pytest.approx(1)


def test_vectors_without_numbers_are_named():
    rows = np.random.default_rng(0).standard_normal((40, 4))
    rows[[3, 17]] = np.nan
    result = of_vectors(rows, Params(coreset=38))
    assert result.whole.n == 38
    assert "2 vectors hold no numbers and are left out: 3, 17." in result.notes
    assert result.coreset is not None
    assert not {"3", "17"} & set(result.coreset.files)
    assert "39" in result.coreset.files  # names stay those of the rows given


@pytest.mark.parametrize("rows", [np.ones(5), np.ones((2, 0)), np.array([["a", "b"]]), np.ones((2, 2), complex)])
def test_what_is_no_table_of_numbers_is_refused(rows):
    with pytest.raises(RunError, match="These are no vectors"):
        of_vectors(rows)


def test_whole_numbers_are_vectors_too():
    assert of_vectors(np.arange(40).reshape(10, 4) % 7).whole.dimension == 4


def test_few_pictures_say_what_bounds_the_score(gallery, embedder):
    wide = Given({name: np.random.default_rng(i).standard_normal(64) for i, name in enumerate(embedder.vectors)})
    (note,) = [n for n in asked(gallery, wide).notes if "span at most" in n]
    assert "24 pictures span at most 23 of 64 directions" in note
    assert f"{23 / 64:.3f}" in note
    assert not [n for n in asked(gallery, embedder).notes if "span at most" in n]


SSCD = Known("sscd_disc_mixup", True, 0.75)


def told(vectors, checkpoint):
    return telling.tell(vectors, Rows(len(vectors)), Params(), "model", checkpoint, 0, Progress())


def test_bands_only_for_sscd_and_only_of_its_size():
    rows = np.random.default_rng(0).standard_normal((60, 512)).astype(np.float32)
    sscd, other = told(rows, SSCD), told(rows, None)
    assert (sscd.is_sscd, sscd.band) == (True, "severe redundancy")  # 59 of 512 at most
    assert (sscd.duplicates.threshold, other.duplicates.threshold) == (0.75, None)
    assert (other.is_sscd, other.band) == (False, "")
    assert any("is not SSCD" in note for note in other.notes)
    assert any("choose one" in note for note in other.notes)
    narrow = told(rows[:, :64], SSCD)
    assert (narrow.is_sscd, narrow.band) == (False, "")
    assert any("these have 64" in note for note in narrow.notes)


def test_the_bundled_detector_is_known_not_to_be_sscd(gallery, embedder):
    assert known(COPIES.name) == Known("bundled", False, 0.80)
    assert known("no/such/file.pt") is None
    result = asked(gallery, embedder)
    assert not result.is_sscd
    assert "assets/models/copies.pt (sscd) is not SSCD: published figures and bands" in result.notes[0]


def test_a_run_can_be_stopped(gallery, embedder):
    with pytest.raises(Stopped):
        run(gallery, Params(), embedder=embedder, progress=Progress(stop=lambda: "Stopped."), seed=0)


def test_an_estimate_counts_what_has_no_vector_yet(gallery, embedder):
    price = estimate(gallery, Params(), embedder=embedder, progress=Progress())
    (role,) = price.roles
    assert (price.pictures, role.role, role.questions, role.known, price.tokens) == (24, "embedder", 22, 2, 0)
    assert not embedder.asked


def test_tables(gallery, embedder):
    found = tables(asked(gallery, embedder, by="label", coreset=4))
    assert list(found) == ["diversity", "spectrum", "duplicates", "coreset"]
    first = found["diversity"][0]
    assert list(first)[:5] == ["set", "which", "n", "dimension", "effective_rank"]
    assert {(row["set"], row["which"]) for row in found["diversity"]} >= {
        ("everything", "all"),
        ("everything", "not centred"),
        ("everything", "without duplicates"),
        ("beach", "at equal size"),
    }
    assert len({tuple(row) for row in found["diversity"]}) == 1  # the same columns everywhere
    assert len(found["spectrum"]) == 16
    assert found["spectrum"][-1]["cumulative"] == pytest.approx(1)
    assert found["duplicates"][2] == {"file": "beach/05.png", "group": 2, "keep": "yes", "exact": "no"}
    assert [row["rank"] for row in found["coreset"]] == [1, 2, 3, 4]
    assert list(tables(asked(gallery, embedder))) == ["diversity", "spectrum", "duplicates"]


@pytest.mark.parametrize(
    "words",
    [
        {"threshold": 0.0},
        {"threshold": 1.2},
        {"at": 1},
        {"coreset": -1},
        {"method": "best"},
        {"pinned": ("a",), "left_out": ("a", "b")},
    ],
)
def test_what_cannot_be_asked(words):
    with pytest.raises(SettingsError):
        Params(**words)


def test_its_places():
    assert (diversity.NAME, diversity.ROLES, diversity.TASKS) == ("diversity", ("embedder",), ())
