"""The diversity command on a folder and on files of vectors, and `engine.diversity`."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest
from PIL import Image

import engine
from engine.__main__ import main
from engine.errors import SettingsError
from engine.gallery import packing
from tests.planted import ROOT


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def ask(home, capsys):
    def run(*words):
        try:
            code = main(["diversity", *map(str, words)])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def vectors(tmp_path):
    rows = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    rows[7] = rows[3]
    np.save(tmp_path / "v.npy", rows)
    return tmp_path / "v.npy"


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures of noise in two folders; two of them the same."""
    rng = np.random.default_rng(0)
    for i in range(12):
        path = tmp_path / "pictures" / ("a" if i < 6 else "b") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)).resize((64, 64)).save(path)
    (tmp_path / "pictures" / "b" / "11.png").write_bytes((tmp_path / "pictures" / "a" / "02.png").read_bytes())
    return tmp_path / "pictures"


@pytest.fixture
def models(tmp_path):
    path = tmp_path / "models.toml"
    path.write_text(f'[embedder]\nbackend = "sscd"\nname = "{ROOT / "assets/models/copies.pt"}"\n')
    return path


def test_a_file_of_vectors(ask, vectors, tmp_path):
    code, out, err = ask(vectors, "--threshold", "0.99", "--coreset", "5", "--out", tmp_path / "out")
    assert code == 0
    assert out.startswith("60 pictures, 8 numbers each")
    assert "1 groups" in out
    assert "Nobody said whose vectors these are" in err
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["coreset.csv", "diversity.csv", "duplicates.csv", "result.json", "spectrum.csv"]
    with (tmp_path / "out" / "duplicates.csv").open(newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["3", "7"]
    assert json.loads((tmp_path / "out" / "result.json").read_text())["whole"]["n"] == 60


def test_as_json_and_dry(ask, vectors):
    code, out, _ = ask(vectors, "--json")
    assert code == 0
    assert json.loads(out)["result"]["whole"]["dimension"] == 8
    assert json.loads(ask(vectors, "--dry-run", "--json")[1]) == {"vectors": 60, "numbers": 8}
    assert ask(vectors, "--dry-run")[1] == "60 vectors of 8 numbers\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--by", "label"), "no column 'label'"),
        (("--threshold", "2"), "The threshold is 2"),
        (("--method", "best"), "no method 'best'"),
        (("--sample", "3"), "are of pictures"),
        (("--pin", "nowhere.txt"), "cannot be read"),
    ],
)
def test_wrong_words_end_with_2_and_one_line(ask, vectors, words, why):
    code, out, err = ask(vectors, *words)
    assert (code, out) == (2, "")
    assert why in err


def test_a_file_that_holds_none_fails(ask, tmp_path):
    (tmp_path / "no.npy").write_bytes(b"no")
    code, _, err = ask(tmp_path / "no.npy")
    assert code == 1
    assert "holds no vectors" in err


def test_pinned_and_left_out_by_files_of_names(ask, vectors, tmp_path):
    (tmp_path / "in.txt").write_text("41\n")
    (tmp_path / "out.txt").write_text("0\n1\n2\n")
    code, out, _ = ask(vectors, "--coreset", "4", "--pin", "in.txt", "--leave-out", "out.txt", "--json")
    files = json.loads(out)["result"]["coreset"]["files"]
    assert (code, files[0]) == (0, "41")
    assert not {"0", "1", "2"} & set(files)


def test_a_folder_without_an_embedder_says_the_way_on(ask, folder):
    code, _, err = ask(folder)
    assert code == 2
    assert "No model plays: embedder" in err


def test_a_folder(ask, folder, models, tmp_path):
    words = (folder, "--models", models, "--by", "label", "--coreset", "3", "--out", tmp_path / "out")
    code, out, _ = ask(*words, "--dry-run")
    assert (code, out.startswith("11 of 12 pictures need a vector (0 known)")) == (0, True)
    code, out, err = ask(*words, "--device", "cpu")
    assert code == 0, err
    assert "12 pictures, 512 numbers each" in out
    assert "is not SSCD" in err
    assert "11 computed" in out
    assert "1 of them exact" in out
    assert "pairs across a and b: 1" in out
    code, out, _ = ask(*words)
    assert "0 computed" in out
    with (tmp_path / "out" / "coreset.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_a_core_set_is_copied_with_its_folders(ask, folder, models, tmp_path):
    words = (folder, "--models", models, "--coreset", "4", "--out", tmp_path / "out", "--copy")
    code, _, err = ask(*words)
    assert code == 0, err
    assert f"4 pictures copied to {tmp_path / 'out' / 'coreset'}" in err
    with (tmp_path / "out" / "coreset.csv").open(newline="") as file:
        chosen = [row["file"] for row in csv.DictReader(file)]
    copied = {path.relative_to(tmp_path / "out" / "coreset").as_posix() for path in (tmp_path / "out").rglob("*.png")}
    assert copied == set(chosen)
    assert ask(*words)[0] == 0  # the same again
    (tmp_path / "left.txt").write_text(chosen[0])
    code, _, err = ask(*words, "--leave-out", tmp_path / "left.txt")
    assert (code, f"holds other files, such as {chosen[0]}" in err) == (1, True)


def test_a_picture_that_went_while_it_was_looked_at_is_named(ask, folder, models, tmp_path, monkeypatch):
    real = packing.copy_pictures

    def gone(pictures, to):
        pictures[0].path.unlink()
        return real(pictures, to)

    monkeypatch.setattr(packing, "copy_pictures", gone)
    code, _, err = ask(folder, "--models", models, "--coreset", "4", "--out", tmp_path / "out", "--copy")
    assert code == 0
    assert ".png: vanished" in err
    assert "3 pictures copied" in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--copy", "--out", "out"), "copies a core-set's pictures"),
        (("--copy", "--coreset", "3"), "copies a core-set's pictures"),
        (("--copy", "--coreset", "3", "--out", "pictures/out"), "lies in FOLDER"),
    ],
)
def test_a_copy_that_makes_no_sense_is_refused(ask, folder, models, words, why):
    code, _, err = ask(folder, "--models", models, *words)
    assert (code, why in err) == (2, True)


def test_from_a_script(home, folder, models, vectors):
    told = engine.diversity(np.load(vectors), threshold=0.99, coreset=2)
    assert len(told.duplicates.groups) == 1
    assert told.coreset is not None
    gallery = engine.open_folder(folder)
    assert engine.diversity(gallery, by="label", models=str(models)).whole.n == 12
    with pytest.raises(SettingsError):
        engine.diversity(gallery)
