"""`python -m engine diff`, `export` and `import` of whole runs: the same figures as the page, the same bytes."""

from __future__ import annotations

import csv
import json

import pytest

import tests.test_command_line as commands
from engine.__main__ import main
from engine.store.runs import Runs

home, pictures, clusters = commands.home, commands.pictures, commands.clusters


@pytest.fixture
def two(clusters, home):
    """Ids of two runs of the same pictures: by colour, and by another word."""
    assert clusters()[0] == 0
    assert clusters(criterion="shade")[0] == 0
    return [run.id for run, _ in Runs(home).all()][::-1]


def test_words_tables_and_json(two, tmp_path, capsys):
    assert main(["diff", two[0][:8], two[1][:8], "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert f"A: run {two[0]}, colour" in said
    assert "5 pictures in both, 0 only in A, 0 only in B" in said
    assert "flow: 2 by 2 clusters" in said
    with (tmp_path / "out" / "flow.csv").open(newline="") as table:
        assert sum(int(row["pictures"]) for row in csv.DictReader(table)) == 5
    assert main(["diff", *two, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["a"], told["b"]) == tuple(two)
    assert {row["what"] for row in told["changes"]} == {"kept"}


def test_without_a_persons_changes(two, home, capsys):
    Runs(home).get(two[0]).add_edit({"kind": "move", "files": ["red/1.png"], "to": "blue"})
    assert main(["diff", *two]) == 0
    assert "moved: 1 of 5 pictures" in capsys.readouterr().out
    assert main(["diff", *two, "--without-changes"]) == 0
    assert "moved: 0 of 5 pictures" in capsys.readouterr().out


def test_what_is_wrong_is_said_in_one_line(two, capsys):
    assert main(["diff", two[0], two[0]]) == 1
    assert "same run twice" in capsys.readouterr().err
    assert main(["diff", two[0], "0000"]) == 1
    assert "no run" in capsys.readouterr().err


def test_a_run_goes_to_another_workspace_as_one_file(two, home, tmp_path, monkeypatch, capsys):
    file, again = tmp_path / "x.vitrine.zip", tmp_path / "y.vitrine.zip"
    Runs(home).get(two[0]).add_edit({"kind": "move", "files": ["red/1.png"], "to": "blue"})
    assert main(["export", two[0], "--to", str(file)]) == 0
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "elsewhere"))
    capsys.readouterr()
    assert main(["import", str(file)]) == 0
    assert f"Run {two[0]} is here now. Its pictures are not here" in capsys.readouterr().out
    assert main(["export", two[0], "--to", str(again)]) == 0
    assert again.read_bytes() == file.read_bytes()
    Runs(tmp_path / "elsewhere").get(two[0]).drop_edit()
    Runs(tmp_path / "elsewhere").get(two[0]).add_edit({"kind": "pin", "name": "red"})
    capsys.readouterr()
    assert main(["import", str(file)]) == 1
    assert "--keep mine or --keep theirs" in capsys.readouterr().err
    assert main(["import", str(file), "--keep", "theirs"]) == 0
    assert main(["export", two[0], "--to", str(again)]) == 0
    assert again.read_bytes() == file.read_bytes()


def test_files_that_are_no_run(home, tmp_path, capsys):
    (tmp_path / "x.vitrine.zip").write_bytes(b"PK no")
    assert main(["import", str(tmp_path / "x.vitrine.zip")]) == 1
    assert "no run that can be taken in" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "none")]) == 1
    assert "cannot be opened" in capsys.readouterr().err
