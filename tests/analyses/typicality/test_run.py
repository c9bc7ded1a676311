"""A run over painted pictures: who is typical, how surely, which elements, and what it costs to ask."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from engine.analyses import typicality
from engine.analyses.typicality import NULL, OTHERS, Params, Result, asked, baselines, estimate, run, tables
from engine.analyses.typicality.elements import purity
from engine.analyses.typicality.words import lines
from engine.errors import RunError, SettingsError, Stopped
from engine.gallery import open_folder
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.denoising import Denoising
from tests.fake_denoiser import SIDE, FakeDenoiser, paint_squares

COUNTS = {"red": 14, "green": 12, "blue": 8}
PILOT = 8 * 24 * 2
QUICK = Params(draws=16, elements=2, per_picture=1)


@pytest.fixture
def places(tmp_path):
    """Where each picture's square is; paints them."""
    return paint_squares(tmp_path / "cards", COUNTS)


@pytest.fixture
def gallery(tmp_path, settings, places):
    assert places
    return open_folder(tmp_path / "cards", settings)


@pytest.fixture
def ask(settings, gallery):
    """Carries it out; returns the result."""

    def carried_out(params=QUICK, model=None, of=gallery, progress=None, seed=0):
        model = model or FakeDenoiser(noise=0.2)
        progress = progress or Progress()
        denoiser = Denoising(model.spec, settings, progress, lambda: model)
        return run(of, params, denoiser=denoiser, progress=progress, seed=seed)

    return carried_out


def test_who_is_typical_and_how_surely(ask):
    result = ask()
    assert len(result.rows) == sum(COUNTS.values())
    order = [(row.label, -row.typicality) for row in result.rows]
    assert order == sorted(order)
    for row in result.rows:
        assert row.file.startswith(f"{row.label}/")
        assert row.low < row.typicality < row.high
        # A striped square of 4 of 16 pixels a side: (1 + 1/2) / 2 of the colour, over 1/16 of the picture
        assert row.typicality == pytest.approx(0.75 / 16, abs=0.02)
        assert not row.posterior
    assert (result.accuracy, result.draws, result.template, result.null) == (None, 16, "An image of {}", "")
    assert result.notes == ("Its folder does not say in which words it was trained; asked: 'An image of {}'.",)


def test_elements_are_the_squares(ask, places):
    result = ask(Params(draws=32, elements=1, per_picture=1))
    kinds = {
        name: [(name.partition("/")[0], (x / SIDE, y / SIDE, 16 / SIDE, 16 / SIDE))] for name, (x, y) in places.items()
    }
    assert [one.label for one in result.elements] == ["blue", "green", "red"]
    for one in result.elements:
        assert purity(one.patches, kinds) == (one.label, 1)
        assert (one.number, one.pictures, one.share) == (1, COUNTS[one.label], 1)
        assert one.low <= one.median <= one.high
        assert (one.rate, one.rate_elsewhere) == (pytest.approx(1, abs=0.35), 0)
        assert not one.marks
        for patch in one.patches:
            assert patch.low < patch.t < patch.high
    assert max(one.q for one in result.elements) < 0.01


@pytest.mark.parametrize("is_striped", [True, False])
def test_squares_of_one_colour_are_uniform(ask, tmp_path, settings, is_striped):
    paint_squares(tmp_path / "plain", {"red": 6, "green": 6}, is_striped)
    result = ask(replace(QUICK, patch=0.2), of=open_folder(tmp_path / "plain", settings))
    assert {one.marks for one in result.elements} == {() if is_striped else ("uniform",)}


def test_labels_held_against_others(ask):
    result = ask(Params(draws=16, against=OTHERS, elements=2))
    assert result.accuracy == 1
    for row in result.rows:
        assert set(row.posterior) == set(COUNTS)
        assert next(iter(row.posterior)) == row.label
        assert sum(row.posterior.values()) == pytest.approx(1)
        assert row.posterior[row.label] > 0.9
        # .047 less the mean of the others', which are as much below 0
        assert row.typicality > 0.075
    assert all("most" in row for row in tables(result)["typicality"])
    assert "own label has the largest T in 100.0%" in "\n".join(lines(result))


def test_one_label_held_against_another(ask):
    result = ask(Params(("red",), "green", draws=16, elements=1, per_picture=1))
    assert {row.label for row in result.rows} == {"red"}
    assert len(result.rows) == COUNTS["red"]
    assert {tuple(row.posterior) for row in result.rows} == {("red", "green")}
    assert result.accuracy == 1
    (one,) = result.elements
    assert one.rate_elsewhere == 0
    assert one.q < 0.01  # of pictures that were not asked about


def test_noise_has_no_typical_pictures_and_accuracy_of_chance(ask):
    blind = FakeDenoiser(ModelSpec("fake", "blind"), gain=lambda *_: np.zeros(1), noise=1.0)
    result = ask(Params(draws=32, against=OTHERS), blind)
    sure = sum(row.low > 0 or row.high < 0 for row in result.rows)
    assert sure <= 6  # of 34, where one in twenty is expected
    assert result.accuracy is not None
    assert abs(result.accuracy - 1 / 3) < 0.3


def test_it_survives_json_and_becomes_tables(ask):
    result = ask(Params(draws=16, against=OTHERS))
    again = TypeAdapter(Result).validate_python(json.loads(json.dumps(asdict(result))))
    assert again == result
    said = tables(result)
    assert list(said["typicality"][0]) == ["file", "label", "typicality", "low", "high", "most"]
    assert list(said["elements"][0])[:10] == [
        "label", "element", "rank", "median_t", "low", "high", "patches", "pictures", "rate", "rate_elsewhere",
    ]  # fmt: skip
    assert len(said["patches"]) == sum(row["patches"] for row in said["elements"])
    assert {row["file"] for row in said["patches"]} <= {row["file"] for row in said["typicality"]}


def test_the_same_again_and_from_the_store(ask, settings, gallery):
    first = FakeDenoiser(noise=0.2)
    one = ask(model=first)
    again = FakeDenoiser(noise=0.2)
    assert ask(model=again) == one
    assert not again.asked
    other = ask(model=FakeDenoiser(noise=0.2), seed=1)
    assert [row.typicality for row in other.rows] != [row.typicality for row in one.rows]
    assert first.asked["evaluations"] == PILOT + len(gallery) * 2 * 16
    assert first.asked["latents"] == first.asked["features"] == len(gallery)


def test_killed_and_gone_on_is_the_same(ask, tmp_path, settings):
    tired = FakeDenoiser(noise=0.2, most=PILOT + 32 * 20)
    with pytest.raises(Stopped):
        ask(model=tired)
    rest = FakeDenoiser(noise=0.2)
    one = ask(model=rest)
    assert rest.asked["evaluations"] == 32 * 14
    settings.home.rename(tmp_path / "old")
    assert ask(model=FakeDenoiser(noise=0.2)) == one


def test_some_are_shown_while_it_runs_and_after_each_round(ask):
    shown = {}

    class Watching(Progress):
        def advance(self, n=1):
            if self.partial:
                shown[self.partial["draws"], self.partial["pictures"]] = self.partial
            super().advance(n)

    ask(Params(draws=64, elements=1), progress=Watching())
    assert {draws for draws, _ in shown} == {16, 32, 64}
    for said in shown.values():
        assert said["of"] == 34
        values = [row["typicality"] for row in said["rows"]]
        assert values == sorted(values, reverse=True)
        assert 0 < len(values) <= 24
    assert json.dumps(list(shown.values()))


def test_unread_and_vanished_pictures_are_said(ask, tmp_path, settings, gallery):
    (tmp_path / "cards" / "red" / "broken.png").write_bytes(b"no picture")
    gallery = open_folder(tmp_path / "cards", settings)
    (tmp_path / "cards" / "red" / "00.png").unlink()
    result = ask(of=gallery)
    assert [one.name for one in result.unread] == ["red/broken.png"]
    last = [row for row in result.rows if row.label == "red"][-1]
    assert (last.file, last.why) == ("red/00.png", "it could not be read")
    assert "1 of 34 pictures could not be read." in result.notes
    assert "red/00.png" not in {row["file"] for row in tables(result)["typicality"]}
    assert "red: 13 pictures, " in "\n".join(lines(result))
    for path in (tmp_path / "cards").rglob("*.png"):
        path.unlink()
    with pytest.raises(RunError, match="No picture could be read"):
        ask(of=replace(gallery, pictures=[p for p in gallery.pictures if p.name == "red/00.png"]))


# What is asked


def test_labels_that_are_not_there(ask, tmp_path, settings):
    with pytest.raises(RunError, match="No picture is labelled 'purple'") as said:
        ask(Params(("purple",)))
    assert "blue, green, red" in said.value.hint
    with pytest.raises(RunError, match="No picture is labelled 'purple'"):
        ask(Params(against="purple"))
    with pytest.raises(RunError, match="No picture has a label"):
        ask(of=open_folder(tmp_path / "cards" / "red", settings))
    paint_squares(tmp_path / "one", {"red": 3})
    alone = open_folder(tmp_path / "one", settings)
    with pytest.raises(RunError, match="one label only"):
        ask(Params(against=OTHERS), of=alone)
    result = ask(Params(draws=16), of=alone)
    assert len(result.rows) == 3
    assert {one.q for one in result.elements} <= {1.0}


def test_who_is_asked_about_what(gallery):
    assert [(p.label, labels) for p, labels in asked(gallery, Params())] == [
        (p.label, (p.label,)) for p in gallery.pictures
    ]
    against = asked(gallery, Params(against="green"))
    assert {labels for _, labels in against} == {("red", "green"), ("blue", "green")}
    others = {p.label: labels for p, labels in asked(gallery, Params(against=OTHERS))}
    assert others == {"red": ("red", "green", "blue"), "green": ("green", "red", "blue"),
                      "blue": ("blue", "red", "green")}  # fmt: skip
    named = asked(gallery, Params(("blue",), OTHERS))
    assert {labels for _, labels in named} == {("blue", "red", "green")}


@pytest.mark.parametrize(
    "words",
    [{"draws": 0}, {"draws": 1025}, {"patch": 0.01}, {"patch": 0.95}, {"patch": float("nan")}, {"per_picture": 0},
     {"patch": ()}, {"patch": (0.2, 0.01)},
     {"elements": 0}, {"labels": ("a", "a")}, {"labels": ("a",), "against": "a"}],
)  # fmt: skip
def test_params_that_make_no_sense(words):
    with pytest.raises(SettingsError) as said:
        Params(**words)
    assert said.value.hint


def test_sizes_of_patches_are_said_in_one_way():
    assert Params(patch=(0.25,)) == Params(patch=0.25)
    assert Params(patch=(0.3, 0.1, 0.3)).patch == (0.1, 0.3)
    assert [Params(patch=some).sizes for some in (0.25, (0.3, 0.1))] == [(0.25,), (0.1, 0.3)]
    for params in (Params(), Params(patch=(0.1, 0.3))):
        assert TypeAdapter(Params).validate_python(json.loads(json.dumps(asdict(params)))) == params


def test_draws_are_rounded_up():
    assert [Params(draws=n).draws for n in (1, 16, 17, 100, 1024)] == [16, 16, 32, 128, 1024]
    assert Params().against == NULL


def test_what_it_will_cost(ask, settings, gallery):
    def told(params):
        denoiser = Denoising(FakeDenoiser().spec, settings, Progress(), None)
        return estimate(gallery, params, denoiser=denoiser, progress=Progress())

    before = told(QUICK)
    (role,) = before.roles
    assert (before.pictures, role.role, role.questions) == (34, "denoiser", 34 * 2 * 16)
    assert role.seconds == pytest.approx(34 * 2 * 16 * 3)
    assert not role.measured
    ask()
    (again,) = told(QUICK).roles
    assert (again.questions, again.seconds, again.measured) == (0, 0, True)
    (more,) = told(replace(QUICK, draws=64)).roles
    assert more.questions == 34 * 2 * 48
    (others,) = told(replace(QUICK, labels=("red",), against=OTHERS)).roles
    assert others.questions == 14 * 4 * 16
    assert told(Params(("purple",))).roles == ()


# Baselines


@pytest.fixture
def kept(ask, settings, gallery):
    """Questions, maps and features of a run."""
    ask()
    questions = asked(gallery, QUICK)
    denoiser = Denoising(FakeDenoiser().spec, settings, Progress(), None)
    pictures, labels = [p for p, _ in questions], [some for _, some in questions]
    return questions, denoiser.stored(pictures, labels, 16, 0), denoiser.features(pictures, 0, ask=False)


@pytest.mark.parametrize("kind", ["random", "least"])
def test_other_patches_are_less_typical(kept, kind):
    questions, maps, features = kept
    params = Params(draws=16, elements=2, per_picture=2)
    elements = baselines.other_patches(kind, "red", params, questions, maps, features, 3)
    assert elements == baselines.other_patches(kind, "red", params, questions, maps, features, 3)
    ours = [one for one in typicality.found(params, questions, maps, features, (), {}, 0) if one.label == "red"]  # type: ignore[arg-type]
    assert elements
    assert {patch.file.partition("/")[0] for one in elements for patch in one.patches} == {"red"}
    mean = {name: np.mean([p.t for one in some for p in one.patches]) for name, some in (("o", ours), ("b", elements))}
    assert mean["b"] < mean["o"]
    assert baselines.other_patches(kind, "purple", params, questions, maps, features, 3) == []


def test_gradients_alone_find_elements_too(kept, gallery):
    questions, maps, _ = kept

    def opened(picture):
        return picture.open()

    def doersch(maps, opened=opened, label="red"):
        return baselines.doersch(label, QUICK, questions, (), maps, 1, opened)

    elements = doersch(maps)
    assert elements
    assert elements == doersch(maps)
    rates = [one.rate for one in elements]
    assert rates == sorted(rates, reverse=True)
    for one in elements:
        assert one.pictures >= 3
        assert 0 < one.rate <= 1
        assert one.low == one.median == one.high == pytest.approx(np.median([p.t for p in one.patches]))
    assert [one.median for one in doersch({})] == [0] * len(elements)
    assert doersch(maps, lambda picture: None) == []
    assert doersch(maps, label="purple") == []


def test_stripes_that_only_one_label_has_are_found_by_gradients(tmp_path, settings):
    rng = np.random.default_rng(0)
    for label in ("striped", "plain"):
        (tmp_path / "s" / label).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 255, (64, 64), dtype=np.uint8)
            if label == "striped":
                pixels[:] = np.where(np.arange(64) % 8 < 4, 30, 220)
                pixels[rng.integers(64)] = i
            Image.fromarray(pixels).convert("RGB").save(tmp_path / "s" / label / f"{i}.png")
    gallery = open_folder(tmp_path / "s", settings)
    questions = asked(gallery, QUICK)
    first = baselines.doersch("striped", QUICK, questions, (), {}, 0, lambda picture: picture.open())[0]
    assert first.rate > 0.9
