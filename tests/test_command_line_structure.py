"""The structure command on some postcards with the bundled models, and on tables of descriptions."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.analyses.structure import Dimension, Result, Row, tables
from engine.models.profiles import POSTCARDS
from tests.fake_endpoint import FakeEndpoint
from tests.jobs.test_structure_asked import assigned

PLACES = ("beach", "forest", "mountains")
EACH = 16
MODELS = """[chat]
backend = "keywords"
name = "keywords"
[vision]
backend = "clip"
name = "assets/models/coca"
options = {json = false, captioner = true}
"""
PLACE = ("--dimensions", "0", "--dimension", "place: beach, forest, mountain")
COLOUR = ("--dimensions", "0", "--dimension", "colour: red, blue")
KINDS = (("red", "wet", "old"), ("red", "dry", "old"), ("blue", "dry", "new"), ("green", "wet", "new"))
CARS = [(f"{n}.png", f"A {colour} car on a {road} road, {n}.", label)
        for n, (colour, road, label) in enumerate(KINDS * 30)]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A workspace, 48 postcards, and a table of descriptions: what one test describes, the others find."""
    root = tmp_path_factory.mktemp("structure")
    with (POSTCARDS / "metadata.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    for place in PLACES:
        for row in [r for r in table if r["place"] == place and not r["copy_of"]][:EACH]:
            path = root / "cards" / row["file_name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(POSTCARDS / row["file_name"], path)
    (root / "models.toml").write_text(MODELS)
    write(root / "cars.csv", ("file", "description", "label"), CARS)
    return root


@pytest.fixture
def ask(root, monkeypatch, capsys):
    """Runs the command on the cards; returns exit code, stdout, stderr."""
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VITRINE_HOME", str(root / "home"))
    monkeypatch.chdir(root)

    def run(*words, of="cards"):
        try:
            code = main(["structure", str(of), "--models", "models.toml", *map(str, words)])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def write(path, columns, rows) -> Path:
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def rows_of(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def counts(out):
    """Pictures by attribute of the first dimension, of a result as JSON."""
    return {a["name"]: a["count"] for a in json.loads(out)["result"]["dimensions"][0]["attributes"]}


# Pictures


def test_a_folder(ask, tmp_path):
    code, out, err = ask("--dimensions", "3", "--out", tmp_path / "out", "--prompts", "2")
    assert code == 0, err
    assert "knows only Postcards" in err
    assert out.startswith("3 dimensions of 48 pictures\n")
    assert "label against" in out
    assert "\nasked: " in out
    rows = rows_of(tmp_path / "out" / "structure.csv")
    assert (len(rows), list(rows[0])[:2], len(rows[0])) == (48, ["file", "label"], 5)
    assert {row["label"] for row in rows} == set(PLACES)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("result.json", "structure.csv", "dimensions.csv", "correlations.csv", "deficits.csv", "prompts.jsonl"),
        "subpopulations.csv",
    }
    told = [json.loads(line) for line in (tmp_path / "out" / "prompts.jsonl").read_text().splitlines()]
    assert told
    assert all(list(one) == ["prompt", "n", "cell", "seed"] and one["n"] > 0 for one in told)
    assert len({one["seed"] for one in told}) == len(told)
    code, _, err = ask("--dimensions", "3", "--out", tmp_path / "out", "--prompts", "0")
    assert code == 0, err
    assert not (tmp_path / "out" / "prompts.jsonl").exists()  # what another run asked for is not this one's


def test_a_model_that_cannot_draw_is_told_before_the_work(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    words = ("--dimensions", "2", "--seed", "9", "--out", tmp_path / "out", "--prompts", "1", "--draw", "nowhere")
    code, out, err = ask(*words)
    assert (code, out, "nowhere (diffusion) cannot be loaded" in err) == (1, "", True), err
    assert "proposing" not in err
    assert not (tmp_path / "out").exists()


def test_a_second_run_asks_nothing_and_a_new_name_neither(ask):
    ask(*PLACE)
    assert "asked: 0 vision, 0 chat questions · answered before for" in ask(*PLACE)[1]
    out = ask("--dimensions", "0", "--dimension", "place: land=forest+mountain, beach")[1]
    assert "asked: 0 vision, 0 chat questions" in out
    assert "    land                         32" in out


def test_its_price(ask):
    code, out, _ = ask("--seed", "9", "--dry-run", "--json")
    price = json.loads(out)
    assert (code, price["pictures"], set(price["questions"])) == (0, 48, {"vision", "chat"})
    assert ask("--dry-run")[1].startswith("48 pictures: ")


def test_a_goal_is_another_run(ask):
    one, other = (ask("--dimensions", "2", *more)[1].splitlines()[-1] for more in ((), ("--goal", "the weather")))
    assert one.startswith("run ")
    assert one != other


# Tables of descriptions


def test_a_table(ask, root, tmp_path):
    code, out, err = ask(*COLOUR, "--out", tmp_path / "out", of="cars.csv")
    assert code == 0, err
    assert out.startswith("1 dimension of 120 pictures\n")
    assert "from the store" in out
    rows = rows_of(tmp_path / "out" / "structure.csv")
    assert list(rows[0]) == ["file", "label", "colour"]
    said = {CARS[i][1].split()[1]: row["colour"] for i, row in enumerate(rows)}
    assert {colour: said[colour] for colour in ("red", "blue")} == {"red": "red", "blue": "blue"}
    assert said["green"] in ("other", "")
    assert "asked: 0 chat questions" in ask(*COLOUR, of="cars.csv")[1]


def test_what_is_not_said_is_empty_and_off_the_list_is_other(ask, tmp_path):
    texts = ["A green car.", "A dog.", *[f"A red car {i}." for i in range(9)], "A blue car."]
    table = write(tmp_path / "d.csv", ("file", "description"), [(f"{i}.png", t) for i, t in enumerate(texts)])
    code, _, err = ask(*COLOUR, "--out", tmp_path / "out", of=table)
    assert code == 0, err
    rows = rows_of(tmp_path / "out" / "structure.csv")
    assert [row["colour"] for row in rows[:3]] == ["other", "", "red"]
    assert {row["label"] for row in rows} == {""}


def test_several_attributes_are_joined():
    rows = (Row("a.png", "", "", {"colour": ("red", "blue")}), Row("b.png", "x", "", {}))
    result = Result((Dimension("colour", (), 0, 0, 1.0, 0, 0),), (), rows)
    assert tables(result)["structure"] == [
        {"file": "a.png", "label": "", "colour": "red | blue"},
        {"file": "b.png", "label": "x", "colour": ""},
    ]


def test_renamed_and_joined(ask):
    joined = ("--dimensions", "0", "--dimension", "colour: any=red+blue, green", "--json")
    assert counts(ask(*joined, of="cars.csv")[1])["any"] == 90
    code, out, _ = ask(*COLOUR, "--dimension", "road: wet, dry", "--json", of="cars.csv")
    assert (code, [one["name"] for one in json.loads(out)["result"]["dimensions"]]) == (0, ["colour", "road"])


def test_words_of_the_label_are_masked(ask, tmp_path):
    rows = [(file, f"{text} An {label} one." if label == "old" else text, label) for file, text, label in CARS]
    table = write(tmp_path / "d.csv", ("file", "description", "label"), rows)
    assert "give the label away: old (old)" in ask(*COLOUR, of=table)[2]
    code, _, err = ask(*COLOUR, "--mask", of=table)
    assert (code, "Hidden from who proposes and assigns: old." in err) == (0, True)


def test_where_a_model_fails(ask, tmp_path):
    rows = [(file, "x", "y" if "red" in text and n % 2 else "x") for n, (file, text, _) in enumerate(CARS)]
    wrong = write(tmp_path / "p.csv", ("file", "y_true", "y_pred"), rows)
    words = (*COLOUR, "--dimension", "road: wet, dry", "--predictions", wrong, "--out", tmp_path / "out")
    code, out, err = ask(*words, of="cars.csv")
    assert code == 0, err
    assert "confirmed of" in out
    first = rows_of(tmp_path / "out" / "slices.csv")[0]
    assert list(first) == ["slice", "n", "errors", "error", "low", "high", "lift", "p", "q"]
    assert "road=dry" in first["slice"]


def test_predictions_that_say_nothing(ask, tmp_path):
    rows = [(file, "x", "" if n % 2 else "x") for n, (file, _, _) in enumerate(CARS)]
    blank = write(tmp_path / "p.csv", ("file", "y_true", "y_pred"), rows)
    out = ask(*COLOUR, "--predictions", blank, of="cars.csv")[1]
    assert "slices: 0 confirmed of 0 tested" in out  # a missing prediction is no wrong one
    strange = write(tmp_path / "q.csv", ("file", "y_true", "y_pred"), [("z.png", "x", "y")])
    code, out, err = ask(*COLOUR, "--predictions", strange, "--out", tmp_path / "out", of="cars.csv")
    assert (code, "note: the predictions name none of these pictures" in err) == (0, True)
    assert rows_of(tmp_path / "out" / "slices.csv") == []


def test_prompts_without_labels_are_none_and_said(ask, tmp_path):
    table = write(tmp_path / "d.csv", ("file", "description"), [row[:2] for row in CARS])
    code, _, err = ask(*COLOUR, "--prompts", "2", "--out", tmp_path / "out", of=table)
    assert (code, "note: no prompts" in err) == (0, True)
    assert not (tmp_path / "out" / "prompts.jsonl").exists()


def test_a_table_has_a_price(ask):
    assert json.loads(ask(*COLOUR, "--dry-run", "--json", of="cars.csv")[1]) == {"descriptions": 120}
    assert ask(*COLOUR, "--dry-run", of="cars.csv")[1] == "120 descriptions\n"


def test_a_dimension_without_values_is_said(ask):
    code, out, err = ask(*COLOUR, "--dimension", "zodiac sign", of="cars.csv")
    assert (code, "zodiac" in out) == (0, False)
    assert "zodiac sign: no two values were found" in err


def test_lines_without_a_description_are_said(ask, tmp_path):
    table = write(tmp_path / "d.csv", ("file", "description"), [("a.png", ""), ("b.png",), *[r[:2] for r in CARS]])
    code, _, err = ask(*COLOUR, of=table)
    assert code == 0
    assert "not assigned: a.png: no description" in err
    assert "2 of 122 pictures were not described or assigned" in err


def test_hostile_names(ask, tmp_path):
    names = ["=1+1.png", "<b>x</b>.png", "a\nb.png", "a,b.png", b"\xff.png".decode("utf-8", "surrogateescape"), "ü.png"]
    rows = [(name, f"A {('red', 'blue')[k // 3]} car.", f"{name}!") for k, name in enumerate(names) for _ in range(20)]
    table = write(tmp_path / "d.csv", ("file", "description", "label"), rows)
    code, out, err = ask(*COLOUR, "--out", tmp_path / "out", of=table)
    assert code == 0, err
    assert "rare: " in out
    assert out.encode()
    assert [row["file"] for row in rows_of(tmp_path / "out" / "structure.csv")] == [row[0] for row in rows]


@pytest.mark.parametrize("name", ["a, b", "x | y", "<b>", "..", "ü", "k=v"])
def test_a_dimension_of_any_name_is_a_column(ask, tmp_path, name):
    code, _, err = ask("--dimensions", "0", "--dimension", f"{name}: red, blue", "--out", tmp_path, of="cars.csv")
    assert code == 0, err
    assert list(rows_of(tmp_path / "structure.csv")[0]) == ["file", "label", name]


def test_a_table_through_an_endpoint_keeps_its_budget(ask, root, tmp_path, monkeypatch):
    (tmp_path / "vitrine.toml").write_text("[prices]\ninput_per_million = 1000\noutput_per_million = 0\n")
    monkeypatch.chdir(tmp_path)
    with FakeEndpoint() as server:
        server.answers, server.seconds = {"assign_attributes": assigned}, 0.15
        for role in ("VISION", "CHAT"):
            monkeypatch.setenv(f"VITRINE_{role}_MODEL", "m")
        monkeypatch.setenv("VITRINE_ENDPOINT_URL", server.url)
        monkeypatch.setenv("VITRINE_CONCURRENCY", "1")
        words = (*COLOUR, "--models", "endpoint")
        code, _, err = ask(*words, "--budget", "0.2", of=root / "cars.csv")  # 100 tokens in are 0.1
        assert (code, "budget of 0.2 is spent" in err) == (130, True), err
        code, out, err = ask(*words, of=root / "cars.csv")
        assert (code, len(server.asked)) == (0, 18), err  # 120 texts, 20 a question, and twice more at random
        assert out.startswith("1 dimension of 120 pictures")


# What is refused


def test_models_that_are_none_are_refused_for_a_table(ask):
    code, _, err = ask(*COLOUR, "--models", "nowhere.toml", of="cars.csv")
    assert (code, err.startswith("vitrine: ")) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--dimensions", "0"), 2, "nothing to look for"),
        (("--dimensions", "-1"), 2, "--dimensions: '-1' is no whole number from 0 on"),
        (("--dimensions", "many"), 2, "--dimensions: 'many' is no whole number from 0 on"),
        (("--rounds", "0"), 2, "--rounds: '0' is no whole number from 1 on"),
        (("--draws", "-1"), 2, "--draws: '-1' is no whole number from 0 on"),
        (("--prompts", "-1", "--out", "x"), 2, "--prompts: '-1' is no whole number from 0 on"),
        (("--prompts", "2"), 2, "--prompts needs --out"),
        (("--dimension", "a: x, y", "--dimension", "A"), 2, "Two dimensions have one name"),
        (("--dimension", "label: x, y"), 2, "label"),
        (("--dimension", ": x, y"), 2, "has no name"),
        (("--predictions", "nowhere.csv"), 1, "cannot be read"),
        (("--predictions", "models.toml"), 1, "lacks file, y_true or y_pred"),
        (("--out", "models.toml"), 1, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(ask, words, code, why):
    for of in ("cards", "cars.csv"):
        ended, _, err = ask(*([] if "--dimensions" in words else PLACE), *words, of=of)
        said = [line for line in err.splitlines() if line.startswith("vitrine: ")]
        assert (ended, len(said)) == (code, 1), err
        assert why in said[0]


@pytest.mark.parametrize("words", [("--set", "x"), ("--sample", "5"), ("--budget", "1"), ("--labels", "none")])
def test_what_is_of_pictures_is_refused_for_a_table(ask, words):
    code, out, err = ask(*COLOUR, *words, of="cars.csv")
    assert (code, out, ("of pictures" in err or "no prices" in err)) == (2, "", True), err


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no rows"),
        (b"file,description\n", "no rows"),
        (b"name,text\na,b\n", "no rows"),
        (b"file,description\na.png,\n", "no description"),
        ("file,description\na.png,red\n".encode("utf-16"), "no rows"),
        (b'file,description\na.png,"' + b"x" * 200_000 + b'"\n', "cannot be read"),
    ],
)
def test_a_table_that_is_none(ask, tmp_path, content, why):
    (tmp_path / "d.csv").write_bytes(content)
    code, out, err = ask(*COLOUR, of=tmp_path / "d.csv")
    said = [line for line in err.splitlines() if line.startswith("vitrine: ")]
    assert (code, out, len(said)) == (1, "", 1), err
    assert why in said[0]
    assert ask(*COLOUR, of=tmp_path / "gone.csv")[0] == 1
