"""What leaves for other programs."""

import csv
import io
import json
from dataclasses import asdict

import pandas as pd
import pytest

from engine.__main__ import main
from engine.analyses import analysis
from engine.store.export import csv_text, export, legible, parquet
from engine.store.runs import Runs
from tests.report.sources import hostile_gallery, sources


def test_any_text_stays_in_its_row():
    rows = [{"file": "a\rb.png", "text": 'one\r\ntwo, "three"\n'}, {"file": "c.png", "text": "\r"}]
    text = csv_text(rows)
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == rows
    assert text.startswith("file,text\n")
    assert text.endswith('\nc.png,"\r"\n')


def test_parquet_reads_back_equal():
    rows = [
        {"file": "a\r\n雪.png", "n": 3, "share": 0.25, "none": None},
        {"file": "\udcff", "n": -1, "share": None, "none": None},
    ]
    read = pd.read_parquet(io.BytesIO(parquet(rows)))
    assert read["file"].tolist() == ["a\r\n雪.png", "\\udcff"]
    assert read["n"].tolist() == [3, -1]
    assert read["share"].isna().tolist() == [False, True]
    assert pd.read_parquet(io.BytesIO(parquet([]))).empty


@pytest.fixture
def made(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    return sources(hostile_gallery(tmp_path, settings), settings)


def test_exports_of_all_analyses_read_back_equal(made, settings, tmp_path):
    for name, source in made.items():
        run = Runs(settings.home).get(source.run)
        for kind in ("csv", "parquet"):
            paths = export(run, source.result, tmp_path / name / kind, kind)
            tables = analysis(name).tables(source.result)
            assert {p.name for p in paths} == {"result.json", *(f"{table}.{kind}" for table in tables)}
            assert json.loads(paths[0].read_text()) == json.loads(json.dumps({"run": run.id, **asdict(source.result)}))
            for table, rows in tables.items():
                path = tmp_path / name / kind / f"{table}.{kind}"
                if kind == "parquet":
                    read = pd.read_parquet(path)
                    assert len(read) == len(rows)
                    for column in rows[0] if rows else ():
                        for one, other in zip(read[column], (row[column] for row in rows), strict=True):
                            assert one == (legible(other) if isinstance(other, str) else other) or (
                                other is None and pd.isna(one)
                            )
                else:
                    with path.open(newline="", errors="surrogateescape") as file:
                        told = list(csv.DictReader(file))
                    assert told == [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]


def test_the_command_line_writes_what_the_page_shows(made, tmp_path, capsys):
    run = made["clusters"].run
    assert main(["export", run[:8], "--to", str(tmp_path / "csv")]) == 0
    assert "with 2 changes by hand; --original leaves them out" in capsys.readouterr().err
    names = {
        row["cluster"]
        for row in csv.DictReader((tmp_path / "csv" / "clusters.csv").open(newline="", errors="surrogateescape"))
    }
    assert "red" not in names
    assert main(["export", run, "--to", str(tmp_path / "own"), "--original"]) == 0
    assert '"red"' in (tmp_path / "own" / "result.json").read_text()
    for kind in ("parquet", "json", "folders", "fiftyone", "huggingface"):
        assert main(["export", run, "--to", str(tmp_path / kind), "--as", kind]) == 0
    assert "56 linked, 0 copied, 0 left out" in capsys.readouterr().out
    assert main(["export", run, "--to", str(tmp_path / "folders"), "--as", "folders"]) == 1
    assert "Choose an empty folder" in capsys.readouterr().err
    assert main(["export", run, made["structure"].run, "--to", str(tmp_path / "html"), "--as", "html"]) == 0
    (report,) = (tmp_path / "html").iterdir()
    assert "2 runs of" in report.read_text()
    assert main(["export", run, made["structure"].run, "--to", str(tmp_path / "x")]) == 2
    assert main(["export", made["differences"].run, "--to", str(tmp_path / "x"), "--as", "folders"]) == 1
    with pytest.raises(SystemExit):
        main(["export", run, "--to", str(tmp_path / "x"), "--as", "docx"])
