"""The typicality command on a few postcards with the bundled model."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.__main__ import main
from engine.analyses.typicality import edits
from engine.jobs.execute import read_result
from engine.models.profiles import POSTCARDS
from engine.store.runs import Runs
from tests.planted import ROOT

pytestmark = pytest.mark.usefixtures("one_thread")
PLACES, EACH = ("beach", "forest", "mountains"), 4
N = len(PLACES) * EACH
PILOT = 8 * 24 * 2  # evaluations that set the strata
MODEL = ("--model", "assets/models/diffusion", "--device", "cpu")
QUICK = (*MODEL, "--draws", "16")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """12 postcards, their boxes, and a workspace: what one test evaluates, the others find."""
    root = tmp_path_factory.mktemp("typicality")
    with (POSTCARDS / "metadata.csv").open(newline="") as file:
        table = [row for row in csv.DictReader(file) if not row["copy_of"]]
    boxes = []
    for place in PLACES:
        for row in [r for r in table if r["place"] == place][:EACH]:
            path = root / "cards" / row["file_name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(POSTCARDS / row["file_name"], path)
            for one in json.loads(row["boxes"]):
                left, top, right, bottom = one["box"]
                boxes.append((row["file_name"], left, top, right - left, bottom - top, one["role"]))
    with (root / "boxes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "x", "y", "w", "h", "label"), *boxes])
    return root


@pytest.fixture
def ask(root, monkeypatch, capsys):
    """Runs the command on the cards; returns exit code, stdout, stderr."""
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(root)

    def run(*words, home="home", of="cards"):
        monkeypatch.setenv("VITRINE_HOME", str(root / home))
        try:
            code = main(["typicality", str(of), *map(str, words)])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


def rows_of(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def evaluations(out) -> int:
    (line,) = [line for line in out.splitlines() if line.startswith("evaluations: ")]
    return int(line.split()[1].replace(",", ""))


def test_tables_maps_and_overlays(ask, root, tmp_path):
    out = tmp_path / "out"
    code, said, err = ask(*QUICK, "--out", out)
    assert code == 0, err
    assert "knows only Postcards" in err
    assert said.startswith("12 pictures, 16 draws of each; asked: 'An image of {}' against ''\n")
    assert evaluations(said) == PILOT + N * 2 * 16
    rows = rows_of(out / "typicality.csv")
    assert list(rows[0]) == ["file", "label", "typicality", "low", "high"]
    assert {row["file"] for row in rows} == {str(p.relative_to(root / "cards")) for p in root.glob("cards/*/*")}
    for row in rows:
        assert row["file"].startswith(row["label"])
        assert float(row["low"]) < float(row["typicality"]) < float(row["high"])
    assert np.mean([float(row["typicality"]) > 0 for row in rows]) > 0.8
    elements = rows_of(out / "elements.csv")
    assert list(elements[0]) == [
        "label", "element", "rank", "median_t", "low", "high", "patches", "pictures", "rate", "rate_elsewhere", "q",
        "marks", "name", "by_hand", "hidden",
    ]  # fmt: skip
    assert {row["label"] for row in elements} == set(PLACES)
    assert {"result.json", "patches.csv", "maps.npz", "overlays"} <= {path.name for path in out.iterdir()}
    with np.load(out / "maps.npz") as maps:
        names = maps["files"].tolist()
        assert names == sorted(row["file"] for row in rows)
        by_file = {row["file"]: float(row["typicality"]) for row in rows}
        for i, name in enumerate(names):
            assert maps[f"map_{i:05}"].shape == (16, 16)
            assert maps[f"map_{i:05}"].mean() == pytest.approx(by_file[name], abs=1e-6)
    overlays = sorted(path.name for path in (out / "overlays").iterdir())
    assert len(overlays) == N
    assert {name.split("-")[1] for name in overlays} == set(PLACES)
    with Image.open(out / "overlays" / overlays[0]) as image:
        assert max(image.size) <= 512


def test_a_second_run_evaluates_nothing(ask):
    first = ask(*QUICK)
    again = ask(*QUICK)
    assert again[0] == 0, again[2]
    assert evaluations(again[1]) == 0
    assert again[1].splitlines()[:-2] == first[1].splitlines()[:-2]
    code, out, err = ask(*QUICK, "--patch", "0.4", "--elements", "3")  # another run, the same maps
    assert (code, evaluations(out)) == (0, 0)
    assert "loading" not in err


def test_several_sizes_of_patches_compete(ask, tmp_path):
    code, out, err = ask(*QUICK, "--patch", "0.4,0.2", "--out", tmp_path / "out")
    assert (code, evaluations(out)) == (0, 0), err
    assert {row["width"] for row in rows_of(tmp_path / "out" / "patches.csv")} == {"0.203125", "0.40625"}
    with_one = ask(*QUICK, "--patch", "0.25")[1]
    assert with_one.splitlines()[-1] == ask(*QUICK)[1].splitlines()[-1]  # the same run


def test_what_was_changed_by_hand_is_in_the_tables(ask, root, tmp_path):
    words = (*QUICK, "--label", "beach", "--label", "forest", "--elements", "2")
    before = ask(*words, "--out", tmp_path / "before")
    run = Runs(root / "home").get(before[1].split()[-1])
    beach, forest = ([e for e in read_result(run).elements if e.label == label] for label in ("beach", "forest"))
    run.add_edit(edits.edit_of("name", beach[:1], "sand, <b>castles</b>"))
    run.add_edit(edits.edit_of("hide", forest[-1:]))
    run.add_edit({"kind": "hide", "label": "beach", "elements": [{"number": 7, "patches": [["x", 0, 0, 1, 1]]}]})
    code, out, err = ask(*words, "--out", tmp_path / "after")
    assert code == 0, err
    assert "note: elements with 3 changes made by hand; --without-changes leaves them out" in err
    assert "note: Change 3 was left out: with these patches there is no element of beach like the one that was 7" in err
    assert "  (sand, <b>castles</b>)\n" in out
    assert "  1 hidden by hand\n" in out
    first, *_, last = rows_of(tmp_path / "after" / "elements.csv")
    assert (first["label"], first["element"], first["name"]) == ("beach", "1", "sand, <b>castles</b>")
    assert (last["label"], last["hidden"]) == ("forest", "yes")
    assert ask(*words, "--without-changes")[1].splitlines()[:-2] == before[1].splitlines()[:-2]
    assert main(["export", run.id, "--to", str(tmp_path / "export")]) == 0
    for name in ("elements.csv", "patches.csv", "typicality.csv"):
        assert (tmp_path / "export" / name).read_text() == (tmp_path / "after" / name).read_text()


def test_more_draws_go_on_from_the_first(ask):
    ask(*QUICK)
    code, out, err = ask(*QUICK, "--dry-run", "--json", "--draws", "32")
    assert (code, json.loads(out)["questions"]) == (0, {"denoiser": N * 2 * 16}), err
    code, out, err = ask(*MODEL, "--draws", "32")
    assert (code, evaluations(out)) == (0, N * 2 * 16), err
    assert out.startswith("12 pictures, 32 draws")


def test_one_label_against_another(ask, tmp_path):
    code, out, err = ask(*QUICK, "--label", "beach", "--against", "forest", "--out", tmp_path / "out")
    assert code == 0, err
    assert "the own label has the largest T in" in out
    rows = rows_of(tmp_path / "out" / "typicality.csv")
    assert ({row["label"] for row in rows}, len(rows)) == ({"beach"}, EACH)
    assert {row["most"] for row in rows} <= {"beach", "forest"}
    told = json.loads(ask(*QUICK, "--label", "beach", "--against", "forest", "--json")[1])
    assert told["status"]["state"] == "done"
    assert set(told["result"]["rows"][0]["posterior"]) == {"beach", "forest"}


def test_boxes(ask, tmp_path):
    code, out, err = ask(*QUICK, "--boxes", "boxes.csv", "--out", tmp_path / "out")
    assert code == 0, err
    rows = rows_of(tmp_path / "out" / "localisation.csv")
    assert list(rows[0]) == ["kind", "pictures", "precision", "low", "high", "chance"]
    assert {row["kind"] for row in rows} == {"element", "subject"}
    for row in rows:
        assert f"boxes of {row['kind']} in {row['pictures']} pictures: average precision" in out
        assert float(row["low"]) <= float(row["precision"]) <= float(row["high"])
    told = json.loads(ask(*QUICK, "--boxes", "boxes.csv", "--json")[1])
    assert [one["kind"] for one in told["localisation"]] == [row["kind"] for row in rows]


@pytest.mark.parametrize(("text", "said"), [("file,x\na,1\n", "lacks"), ("file,x,y,w,h\nz,1,1,1,1\n", "names none")])
def test_boxes_that_make_no_sense_are_told_before_the_work(ask, tmp_path, text, said):
    (tmp_path / "wrong.csv").write_text(text)
    code, out, err = ask(*MODEL, "--draws", "1024", "--boxes", tmp_path / "wrong.csv")
    assert (code, out, said in err) == (1, "", True), err
    assert "denoising" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--draws", "-1"), "--draws: '-1' is no whole number from 1 on"),
        (("--draws", "many"), "--draws: 'many' is no whole number from 1 on"),
        (("--draws", "2000"), "2000 draws make no sense"),
        (("--patch", "2"), "--patch: '2' is no share of a side"),
        (("--patch", "0.2,x"), "--patch: '0.2,x' is no share of a side"),
        (("--elements", "0"), "--elements: '0' is no whole number from 1 on"),
        (("--label", "beach", "--label", "beach"), "named twice"),
        (("--label", "beach", "--against", "beach"), "named twice"),
        (("--seed", "-1"), "seed is -1"),
        (("--device", "abacus"), "no device"),
        (("--out", "cards"), "--out is FOLDER"),
        (("--nonsense",), "unrecognized arguments"),
    ],
)
def test_wrong_words(ask, words, said):
    code, out, err = ask(*QUICK, *words)
    assert (code, out, said in err) == (2, "", True), err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--label", "sea"), "No picture is labelled 'sea'. There are: beach, forest, mountains"),
        (("--against", "sea"), "No picture is labelled 'sea'"),
        (("--labels", "none"), "No picture has a label"),
        (("--model", "nowhere/at/all"), "cannot be loaded"),
    ],
)
def test_what_cannot_be_asked(ask, monkeypatch, words, said):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, out, err = ask(*QUICK, *words)
    assert (code, out, said in err) == (1, "", True), err


def test_a_folder_that_cannot_be_written(ask, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = ask(*QUICK, "--out", tmp_path / "file")
    assert (code, "cannot be written" in err) == (1, True), err


def test_no_model_and_a_stranger(ask):
    code, _, err = ask("--draws", "16")
    assert (code, "No model plays: denoiser" in err) == (2, True)
    assert "with --models, or name it with --model." in err


def test_killed_and_asked_again_is_an_unbroken_run(ask, root, tmp_path):
    home = root / "killed"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
    program = subprocess.Popen(
        [sys.executable, "-m", "engine", "typicality", str(root / "cards"), *QUICK],
        cwd=root,
        env={**kept, "VITRINE_HOME": str(home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    began = time.monotonic()
    while maps_in(home) < 3:
        assert program.poll() is None, "it was still at work"
        assert time.monotonic() - began < 60
        time.sleep(0.02)
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    assert 3 <= maps_in(home) < N
    code, _, err = ask(*QUICK, "--out", tmp_path / "one", home="killed")
    assert code == 0, err
    assert "which times tell most" not in err
    assert ask(*QUICK, "--out", tmp_path / "other", home="unbroken")[0] == 0
    one, other = ((tmp_path / name / "result.json").read_text() for name in ("one", "other"))
    assert one == other


def maps_in(home: Path) -> int:
    """Arrays kept beside latents and the bounds of strata."""
    try:
        with closing(sqlite3.connect(f"file:{home}/arrays.sqlite?mode=ro", uri=True)) as db:
            (n,) = db.execute("SELECT count(*) FROM arrays").fetchone()
    except sqlite3.OperationalError:  # not there yet
        return 0
    return max(0, n - N - 1)
