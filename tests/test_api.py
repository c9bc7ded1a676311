"""The engine as scripts and notebooks use it."""

import shutil

import pytest

import engine
from engine.errors import RunError, SettingsError, VitrineError
from engine.models.profiles import POSTCARDS
from tests.planted import paint


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "fake.toml"
    path.write_text('[vision]\nbackend = "fake"\nname = "f"\n[chat]\nbackend = "fake"\nname = "f"\n')
    return str(path)


def test_a_question_in_two_lines(tmp_path, models):
    gallery = engine.open_folder(paint(tmp_path / "pictures"))
    result = engine.clusters(gallery, "colour", models=models)
    assert {c.name: c.size for c in result.clusters} == {"red": 3, "blue": 2}
    assert engine.clusters(gallery, "colour", models=models) == result


def test_labels_are_a_choice(tmp_path, models):
    gallery = engine.open_folder(str(paint(tmp_path / "pictures")), labels="none")
    assert engine.clusters(gallery, "colour", models=models).agreement is None


def test_k_may_be_a_number(tmp_path, models):
    colours = {f"{c}.png": c for c in ("red", "green", "blue", "yellow")}
    gallery = engine.open_folder(paint(tmp_path / "pictures", colours))
    assert len(engine.clusters(gallery, "colour", k=2, models=models).clusters) == 2


def test_errors_say_what_to_do(tmp_path, models):
    gallery = engine.open_folder(paint(tmp_path / "pictures", {"1.png": "red"}))
    with pytest.raises(SettingsError):
        engine.clusters(gallery, "", models=models)
    with pytest.raises(SettingsError):
        engine.clusters(gallery, "colour", k="1", models=models)
    (tmp_path / "refusing.toml").write_text(
        '[vision]\nbackend = "fake"\nname = "f"\noptions = {fail = "red"}\n[chat]\nbackend = "fake"\nname = "f"\n'
    )
    with pytest.raises(RunError, match="described none of 1 pictures") as said:
        engine.clusters(gallery, "colour", models=str(tmp_path / "refusing.toml"))
    assert said.value.hint


def test_an_error_shows_its_mend():
    assert str(VitrineError("It broke.", "Mend it.")) == "It broke. Mend it."
    assert str(VitrineError("It broke.")) == "It broke."


def test_a_structure_of_pictures_and_of_descriptions(tmp_path, models):
    path = tmp_path / "reading.toml"
    path.write_text('[vision]\nbackend = "fake"\nname = "f"\n[chat]\nbackend = "keywords"\nname = "keywords"\n')
    gallery = engine.open_folder(paint(tmp_path / "pictures"))
    result = engine.structure(gallery, ["colour: red, blue"], models=str(path))
    assert [(a.name, a.count) for a in result.dimensions[0].attributes] == [("red", 3), ("blue", 2)]
    assert engine.structure(gallery, ["colour: red, blue"], models=str(path)) == result
    (told,) = engine.structure(result.rows, ["colour: warm=red, blue"], models=str(path)).dimensions
    assert [(a.name, a.count) for a in told.attributes] == [("warm", 3), ("blue", 2)]
    with pytest.raises(SettingsError):
        engine.structure(gallery, count=0, models=str(path))


def test_what_is_typical_of_a_label(tmp_path, models):
    for place in ("beach", "forest"):
        for path in sorted((POSTCARDS / place).iterdir())[:3]:
            (tmp_path / "cards" / place).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tmp_path / "cards" / place)
    gallery = engine.open_folder(tmp_path / "cards")
    result = engine.typicality(gallery, ["beach"], against="forest", draws=16, model="assets/models/diffusion")
    assert [row.label for row in result.rows] == ["beach"] * 3
    assert result.accuracy == 1
    with pytest.raises(RunError, match="No picture is labelled"):
        engine.typicality(gallery, ["moon"], draws=16, model="assets/models/diffusion")
