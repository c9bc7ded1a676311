"""`python -m engine diff`, `criteria`, `export`, `import`: the same figures as the page, the same bytes."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

import tests.test_command_line as commands
from engine.__main__ import main
from engine.analyses.criteria import pairs
from engine.gallery import recent, shared_gallery
from engine.jobs.criteria import reading
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


def test_criteria_are_held_together_as_on_the_page(two, home, tmp_path, capsys):
    assert main(["criteria", two[0][:8], two[1], "label", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert f"colour: {two[0]}" in said
    assert "colour × shade: 5 pictures say something of both, Cramér's V 1.000" in said
    assert "All that shade says, colour says already. 0.000" in said
    assert main(["criteria", *two, "label", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["readings"] == {two[0]: "colour", two[1]: "shade", "label": "label"}
    gallery = shared_gallery(recent(home)[0].fingerprint, home)
    named = [(two[0], "colour"), (two[1], "shade"), ("label", "label")]
    found = pairs([reading(one, name, gallery, home) for one, name in named])
    assert [(row["v"], row["p"], row["q"], row["a_alone"]) for row in told["pairs"]] == [
        (one.v, one.p, one.q, one.a_alone.share) for one in found
    ]
    first = [row for row in told["cells"] if (row["a"], row["b"]) == ("colour", "shade")]
    assert [row["pictures"] for row in first] == found[0].counts.counts.ravel().tolist()
    assert [row["residual"] for row in first] == pytest.approx(found[0].counts.residuals.ravel().tolist())
    for name in ("pairs", "cells", "splits"):
        with (tmp_path / "out" / f"{name}.csv").open(newline="") as table:
            assert len(list(csv.DictReader(table))) == len(told[name])


def test_criteria_count_with_a_persons_changes(two, home, capsys):
    Runs(home).get(two[0]).add_edit({"kind": "move", "files": ["red/1.png"], "to": ""})
    assert main(["criteria", *two]) == 0
    assert "4 pictures say something of both" in capsys.readouterr().out


def test_criteria_that_cannot_be_held_together_are_refused(two, clusters, home, tmp_path, capsys):
    run = Runs(home).get(two[1])
    waiting, other = (
        Runs(home).submit(replace(run.request, **words)) for words in ({"seed": 9}, {"gallery": "0" * 32})
    )
    diverse, structure = (Runs(home).submit(replace(run.request, analysis=a)) for a in ("diversity", "structure"))
    for made in (other, diverse, structure):
        made.write("result.json", json.loads(run.result_path().read_bytes()))
        made.set_status(replace(made.status, state="done", revision=1))
    mood = {"name": "mood", "attributes": [], "votes": 1, "rounds": 1, "stability": 1.0, "other": 0, "not_said": 5}
    structure.write("result.json", {"dimensions": [mood], "proposed": [], "rows": []})
    for words, said in (
        ([two[0], two[0][:9]], "is named twice"),
        (["label", "label"], "is named twice"),
        ([two[0], "0000"], "no run"),
        ([two[0], waiting.id], f"Run {waiting.id} is not finished: it is queued."),
        ([two[0], other.id], "looked at another gallery"),
        ([two[0], diverse.id], "is a diversity run"),
        ([two[0], f"{two[1]}:x"], "has no dimensions"),
        ([two[0], structure.id], f"{structure.id[:8]}:mood"),
        ([two[0], f"{structure.id}:no"], "has no no"),
    ):
        assert main(["criteria", *words]) == 1
        assert said in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["criteria", two[0]])
    (tmp_path / "file").touch()
    assert main(["criteria", *two, "--out", str(tmp_path / "file" / "in")]) == 1
    assert "cannot be written" in capsys.readouterr().err


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
