"""The translate command on a few postcards with the bundled model."""

from __future__ import annotations

import csv
import errno
import os
import shutil

import numpy as np
import pytest
from PIL import Image

import engine.translation as translating
from engine.__main__ import main
from engine.models.profiles import POSTCARDS

pytestmark = pytest.mark.usefixtures("one_thread")
WORDS = ("--from", "beach", "--to-label", "mountains,city")


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """Runs the command on some cards; returns exit code, stdout, stderr."""
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(translating, "STEPS", 6)
    monkeypatch.setattr(translating, "DRAWS", 4)
    cards = tmp_path / "cards"
    for place, number, name in (
        ("beach", 1, "a b.webp"), ("beach", 2, "a_b.webp"), ("beach", 3, "c\n'.webp"), ("city", 1, "d.webp"),
        ("mountains", 1, "e.webp"),
    ):  # fmt: skip
        (cards / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(POSTCARDS / place / f"{place}_00{number}.webp", cards / place / name)

    def run(*words):
        code = main(["translate", str(cards), "--device", "cpu", *words])
        return code, *capsys.readouterr()

    return run


def table(folder) -> list[dict[str, str]]:
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_pictures_are_written_marked_and_measured(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(translating, "STEPS", 15)
    monkeypatch.setattr(translating, "DRAWS", 8)
    (tmp_path / "cards" / "beach" / "broken.webp").write_bytes(b"RIFF")
    code, out, err = ask(*WORDS, "--out", "made")
    assert code == 0, err
    assert "not read: beach/broken.webp" in err
    assert "knows only Postcards" in err
    rows = table(tmp_path / "made")
    assert list(rows[0]) == [
        "file", "source", "from", "to", "synthetic", "t_from_before", "t_to_before", "t_from_after", "t_to_after",
    ]  # fmt: skip
    assert [row["file"] for row in rows] == [
        "beach_a_b--to-mountains.png", "beach_a_b--to-city.png",
        "beach_a_b--to-mountains-2.png", "beach_a_b--to-city-2.png",
        "beach_c--to-mountains.png", "beach_c--to-city.png",
    ]  # fmt: skip
    assert {row["synthetic"] for row in rows} == {"yes"}
    assert [row["source"] for row in rows[::2]] == ["beach/a b.webp", "beach/a_b.webp", "beach/c\n'.webp"]
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == sorted([r["file"] for r in rows] + ["metadata.csv"])
    for row in rows:
        with Image.open(tmp_path / "made" / row["file"]) as image:
            assert image.size == (64, 64)
            assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"]
        assert float(row["t_to_after"]) > float(row["t_to_before"])
        assert float(row["t_from_after"]) < float(row["t_from_before"])
    assert float(rows[0]["t_from_before"]) > 0 > float(rows[0]["t_to_before"])
    assert "beach -> mountains" in out
    assert out.count("3 of 3") == 2


def test_the_same_again_and_each_by_itself(ask, tmp_path):
    assert ask(*WORDS, "--out", "one", "--sample", "2", "--seed", "5")[0] == 0
    assert ask(*WORDS[:3], "city", "--out", "two", "--sample", "2", "--seed", "5")[0] == 0
    one, two = (table(tmp_path / name) for name in ("one", "two"))
    assert [row["source"] for row in one if row["to"] == "city"] == [row["source"] for row in two]
    assert len(one) == 4
    for row in two:
        first, second = (np.asarray(Image.open(tmp_path / name / row["file"]), int) for name in ("one", "two"))
        assert np.abs(first - second).max() <= 2


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--from", "sea", "--to-label", "city"), "No picture has the label 'sea'. Labels are: beach, city, mount", 2),
        (("--from", "beach", "--to-label", "city,sea"), "No picture has the label 'sea'", 2),
        (("--from", "beach", "--to-label", '"sea, at night",city'), "No picture has the label 'sea, at night'", 2),
        (("--from", "beach", "--to-label", "city,beach"), "translated to itself", 2),
        (("--from", "beach", "--to-label", "city,city"), "twice to the same", 2),
        (("--from", "beach", "--to-label", ","), "No picture has the label ''", 2),
        ((*WORDS, "--sample", "0"), "A sample of 0 is none", 2),
        ((*WORDS, "--model", "nowhere/at/all"), "cannot be loaded", 1),
        ((*WORDS, "--features", "2"), "Shares are from 0 to 1", 2),
        ((*WORDS, "--device", "abacus"), "There is no device 'abacus'", 2),
    ],
)
def test_what_cannot_be_asked(ask, words, said, code, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    got, _, err = ask(*words, "--out", "made")
    assert (got, said in err) == (code, True), err


def test_nothing_is_replaced_or_put_among_the_pictures(ask, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    code, _, err = ask(*WORDS, "--out", "full")
    assert (code, "holds something already" in err) == (1, True)
    code, _, err = ask(*WORDS, "--out", str(tmp_path / "cards" / "more"))
    assert (code, "lies in FOLDER" in err) == (2, True)


def test_a_full_disk_is_said_and_what_was_made_stays_marked(ask, tmp_path, monkeypatch):
    real, made = Image.Image.save, []

    def save(self, *where, **how):
        made.append(where)
        if len(made) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, *where, **how)

    monkeypatch.setattr(Image.Image, "save", save)
    code, out, err = ask(*WORDS, "--out", "made")
    assert code == 1
    assert "No space left on device" in err
    assert [row["to"] for row in table(tmp_path / "made")] == ["mountains"]
    assert "beach -> mountains" in out


def test_what_vanished_is_left_out_with_a_word(ask, tmp_path, monkeypatch):
    real = translating.chosen

    def chosen(*asked):
        found = real(*asked)
        found[0].path.unlink()
        return found

    monkeypatch.setattr(translating, "chosen", chosen)
    code, _, err = ask(*WORDS, "--out", "made")
    assert (code, "not read: beach/a b.webp" in err) == (0, True)
    assert len(table(tmp_path / "made")) == 4
