"""The differences command on some postcards with the bundled models, on tables of pairs, and `engine.differences`."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

import engine
from engine.__main__ import main
from engine.errors import GalleryError, SettingsError
from engine.gallery import open_folder, sets
from engine.models.profiles import POSTCARDS
from engine.settings import load

COLUMNS = "statement,direction,auroc,auroc_low,auroc_high,q,prevalence_a,prevalence_b,verdict"
PLACES = ("beach", "forest", "mountains")
EACH = 16
MODELS = """[chat]
backend = "keywords"
name = "keywords"
[vision]
backend = "clip"
name = "assets/models/coca"
options = {json = false, captioner = true}
[matcher]
backend = "clip"
name = "assets/models/coca"
"""
SIDES = ("--a", "place=beach", "--b", "place=mountains")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A workspace and 48 postcards with their table: what one test embeds, the others find."""
    root = tmp_path_factory.mktemp("differences")
    with (POSTCARDS / "metadata.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    kept = [row for place in PLACES for row in [r for r in table if r["place"] == place and not r["copy_of"]][:EACH]]
    for row in kept:
        path = root / "cards" / row["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(POSTCARDS / row["file_name"], path)
    columns = ("file_name", "place", "subject", "colour", "time", "count")
    (root / "models.toml").write_text(MODELS)
    write(root / "cards" / "metadata.csv", columns, [[row[c] for c in columns] for row in kept])
    return root


@pytest.fixture
def ask(root, monkeypatch, capsys):
    """Runs the command on the cards, describing few; returns exit code, stdout, stderr."""
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VITRINE_HOME", str(root / "home"))
    monkeypatch.chdir(root)

    def run(*words, folder="cards", models="models.toml"):
        try:
            code = main(["differences", str(folder), "--models", models, "--describe", "6", *map(str, words)])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def write(path, columns, rows) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def rows_of(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def told(out):
    """The comparisons of a result as JSON."""
    return json.loads(out)["result"]["comparisons"]


def names(root, place):
    return [f"{place}/{path.name}" for path in sorted((root / "cards" / place).iterdir())]


# What it prints and writes


def test_two_sides(ask, tmp_path):
    code, out, err = ask(*SIDES, "--out", tmp_path / "out")
    assert code == 0, err
    assert out.startswith("A place=beach (16 pictures) against B place=mountains (16); tested on 8 and 8\n")
    assert "knows only Postcards" in err
    assert "scored by assets/models/coca (clip)" in out
    with (tmp_path / "out" / "differences.csv").open() as file:
        assert file.readline().startswith(f"{COLUMNS},")
    first = rows_of(tmp_path / "out" / "differences.csv")
    assert {("beach", "a", "confirmed"), ("mountain", "b", "confirmed")} <= {
        (row["statement"], row["direction"], row["verdict"]) for row in first
    }
    assert (tmp_path / "out" / "tried.csv").is_file()
    assert (tmp_path / "out" / "result.json").is_file()


def test_a_second_run_asks_nothing(ask):
    ask(*SIDES)
    assert "asked: 0 vision, 0 chat questions · answered before for" in ask(*SIDES)[1]
    another = ask(*SIDES, "--rounds", "2")[1]  # of the same descriptions
    assert "asked: 0 vision, 0 chat questions · from the store: " in another


def test_exchanged_sides_mirror_exactly(ask):
    (one,) = told(ask(*SIDES, "--statement", "a red thing", "--json")[1])
    (other,) = told(ask("--a", SIDES[3], "--b", SIDES[1], "--statement", "a red thing", "--json")[1])
    mirrored = {f["statement"]: f for f in other["findings"]}
    assert {f["statement"] for f in one["findings"]} == set(mirrored)
    for f in one["findings"]:
        g = mirrored[f["statement"]]
        assert (g["auroc"], g["low"], g["high"]) == (1 - f["auroc"], 1 - f["high"], 1 - f["low"])
        assert {f["direction"], g["direction"]} == {"a", "b"}
        assert (g["q"], g["verdict"], g["prevalence_a"]) == (f["q"], f["verdict"], f["prevalence_b"])


def test_the_rest_is_what_is_not_in_a(ask):
    code, out, _ = ask("--a", "place=beach", "--b", "rest")
    assert code == 0
    assert out.startswith("A place=beach (16 pictures) against B the rest (32)")
    again = ask("--a", "place=beach")[1]
    assert again.splitlines()[-1] == out.splitlines()[-1]  # the same run


def test_every_value_of_a_column(ask, tmp_path):
    code, out, _ = ask("--by", "place", "--out", tmp_path / "out")
    assert code == 0
    assert [line[: line.index(" (")] for line in out.splitlines() if line.startswith("A ")] == [
        f"A place: {place}" for place in PLACES
    ]
    rows = rows_of(tmp_path / "out" / "differences.csv")
    assert list(rows[0])[:3] == ["a", "b", "statement"]
    assert {row["b"] for row in rows} == {"all others"}


def test_typed_statements_are_told_and_a_goal_is_another_run(ask):
    code, out, _ = ask(*SIDES, "--statement", "a dog", "--statement", " ", "--statement", "sand and sea")
    assert code == 0
    assert sum("(typed" in line or "typed)" in line for line in out.splitlines()) == 2
    assert out.splitlines()[-1] != ask(*SIDES, "--goal", "the time of day")[1].splitlines()[-1]


def test_its_price(ask):
    code, out, _ = ask(*SIDES, "--seed", "9", "--dry-run", "--json")
    price = json.loads(out)
    assert (code, price["pictures"]) == (0, 32)
    assert price["questions"]["vision"] <= 12
    assert ask(*SIDES, "--dry-run")[1].startswith("32 pictures: ")


def test_a_sample_and_a_set_limit_both_sides(ask):
    assert "against B place=mountains (" in ask(*SIDES, "--sample", "20")[1]
    (one,) = told(ask(*SIDES, "--set", "colour=red", "--json")[1])
    assert 0 < len(one["files"]) < 32


def test_pairs_of_one_value(ask, root):
    code, out, err = ask(*SIDES, "--pair", "subject")
    assert code == 0, err
    assert " pairs; " in out
    assert out.splitlines()[-1] == ask(*SIDES, "--paired", "--pair", "subject")[1].splitlines()[-1]
    code, _, err = ask(*SIDES, "--paired")  # beach_001 and mountains_001 are no pair
    assert (code, "No picture of place=beach has a partner in place=mountains" in err) == (1, True)


def test_bundled_models_measure_pictures_that_they_do_not_know(ask):
    for goal in ("", "lighting"):
        code, out, err = ask(*SIDES, "--goal", goal, models="bundled")
        assert code == 0, err
        assert "only colour, light, sharpness and format" in err
        assert "scored by descriptions" in out


def test_labels_that_are_no_text_are_printed(ask, root, tmp_path):
    for side, place in ((b"\xff", "beach"), (b"b", "forest")):
        folder = os.path.join(os.fsencode(tmp_path), b"odd", side)
        os.makedirs(folder)
        for name in names(root, place):
            shutil.copy(os.fsencode(root / "cards" / name), folder)
    code, out, err = ask("--by", "label", folder=tmp_path / "odd")
    assert code == 0, err
    assert "against B all others (16)" in out
    assert out.encode()


# What is refused


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "nothing to compare"),
        (("--b", "place=beach"), 2, "nothing to compare"),
        (("--by", "nothing"), 2, "no column 'nothing'"),
        (("--by", "name"), 2, "name has 48 values"),
        (("--by", "place", "--a", "place=beach"), 2, "two comparisons"),
        (("--by", "place", "--paired"), 2, "not paired"),
        ((*SIDES, "--pair", "nothing"), 2, "no column 'nothing'"),
        ((*SIDES, "--rounds", "-1"), 2, "rounds is -1"),
        ((*SIDES, "--verify", "many"), 2, "invalid int value"),
        (("--a", "nothing"), 1, "no set 'nothing'"),
        (("--a", "place=nowhere"), 1, "Ask for one of: beach"),
        (("--a", "place=beach", "--b", "place=beach"), 1, "stand in both sets"),
        (("--a", "place=beach", "--set", "place=beach"), 1, "no picture in the rest"),
        (("--a", "place=beach", "--set", "place=forest"), 1, "no picture in place=beach"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(ask, words, code, why):
    ended, out, err = ask(*words)
    said = [line for line in err.splitlines() if line.startswith("vitrine: ")]
    assert (ended, out, len(said)) == (code, "", 1), err
    assert why in said[0]


# Tables of pairs


@pytest.mark.parametrize("columns", [("file", "set"), ("path", "group_name"), ("file_name", "group")])
def test_a_table_of_two_sets(ask, root, columns):
    rows = [(f"cards/{name}", place) for place in ("beach", "mountains") for name in names(root, place)]
    code, out, err = ask(folder=write(root / "PAIRS.csv", columns, rows))
    assert code == 0, err
    assert out.startswith("A beach (16 pictures) against B mountains (16)")
    assert "mountain  " in out


def test_names_may_be_absolute(ask, root, tmp_path):
    rows = [(root / "cards" / name, place) for place in ("beach", "mountains") for name in names(root, place)]
    code, out, err = ask(folder=write(tmp_path / "elsewhere.csv", ("file", "set"), rows))
    assert code == 0, err
    assert out.startswith("A beach (16 pictures) against B mountains (16)")


def test_of_more_than_two_sets_two_are_named(ask, root):
    rows = [(f"cards/{name}", place) for place in PLACES for name in names(root, place)]
    table = write(root / "PAIRS.csv", ("file", "set"), rows)
    code, _, err = ask(folder=table)
    assert (code, "Its sets are: beach, forest, mountains." in err) == (2, True)
    out = ask("--a", "mountains", "--b", "forest", folder=table)[1]
    assert out.startswith("A mountains (16 pictures) against B forest (16)")
    assert ask("--a", "beach", folder=table)[1].startswith("A beach (16 pictures) against B the rest (32)")


def test_files_that_are_not_there_are_said(ask, root):
    rows = [(f"cards/{name}", place) for place in ("beach", "mountains") for name in names(root, place)]
    rows += [(f"cards/lost/{i}.webp", "mountains") for i in range(7)]
    code, out, err = ask(folder=write(root / "PAIRS.csv", ("file", "set"), rows))
    assert code == 0
    assert f"note: 7 of 23 pictures of mountains are not in {root / 'cards'}: lost/0.webp, " in err
    assert "lost/4.webp, ...\n" in err
    assert "pictures of beach" not in err
    assert "against B mountains (16)" in out
    only = [*rows[:EACH], *rows[-7:]]
    code, _, err = ask(folder=write(root / "PAIRS.csv", ("file", "set"), only))
    assert (code, "no picture in mountains" in err) == (1, True)


def test_a_table_that_is_none(ask, root):
    code, _, err = ask(folder=write(root / "PAIRS.csv", ("name", "set"), []))
    assert (code, "has no column" in err) == (1, True)
    assert "cannot be read" in ask(folder=root / "nowhere.csv")[2]


# From a script


def test_from_a_script(ask, root):
    cards = engine.open_folder(root / "cards")
    result = engine.differences(cards, "place=beach", "place=mountains", models="models.toml")
    (one,) = result.comparisons
    assert (one.a, one.b, len(one.files)) == ("place=beach", "place=mountains", 32)
    assert {(f.statement, f.direction) for f in one.findings} >= {("beach", "a"), ("mountain", "b")}
    beach, mountains = names(root, "beach"), set(names(root, "mountains"))
    (named,) = engine.differences(cards, beach, mountains, models="models.toml").comparisons
    assert (named.a, named.b, named.findings) == ("A", "B", one.findings)
    (rest,) = engine.differences(cards, beach, models="models.toml").comparisons
    assert (rest.b, len(rest.files)) == ("the rest", 48)
    assert len(engine.differences(cards, by="place", models="models.toml").comparisons) == 3


def test_a_saved_set_is_a_side(ask, root):
    cards = open_folder(root / "cards", load())
    sets.save(cards, "by the sea", names(root, "beach"), "chosen", root / "home")
    (one,) = engine.differences(cards, "by the sea", models="models.toml").comparisons
    assert (one.a, one.of_a) == ("by the sea", 16)
    assert ask("--a", "by the sea")[1].startswith("A by the sea (16 pictures) against B the rest (32)")


def test_scripts_are_told_what_is_wrong(ask, root):
    cards = engine.open_folder(root / "cards")
    with pytest.raises(SettingsError, match="nothing to compare"):
        engine.differences(cards)
    with pytest.raises(GalleryError, match=r"2 names are not of this gallery, such as no\.png"):
        engine.differences(cards, ["no.png", "nor.png"], models="models.toml")
    with pytest.raises(GalleryError, match="no picture in B"):
        engine.differences(cards, "place=beach", [], models="models.toml")


def test_a_name_cannot_steer_the_terminal(capsys):
    from engine.commands.carrying import say, tell

    say("not read: a\x1b[2Jb\udce4.png")
    tell("red\x9b31m \x07cats\tand\ndogs")
    out, error = capsys.readouterr()
    assert error == "not read: a\ufffd[2Jb\ufffd.png\n"
    assert out == "red\ufffd31m \ufffdcats\tand\ndogs\n"
