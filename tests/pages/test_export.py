"""Export on every page: nothing is made before it is opened; then a report, tables, pictures as a ZIP, with changes."""

from __future__ import annotations

import io
import zipfile

import pytest

import tests.pages.test_pages as states
from engine.report.datasets import has_pictures
from engine.store.runs import Runs
from pages.parts import export
from pages.parts.zips import of_run
from tests.pages.test_pages import texts
from tests.pages.test_zips import fetched
from tests.report.sources import hostile_gallery, sources

page = states.page
ANALYSES = ("clusters", "structure", "differences", "typicality", "diversity")


@pytest.fixture
def made(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(settings.home))
    return sources(hostile_gallery(tmp_path, settings), settings)


def opened(page, made, name, **words):
    test = page(name, run=made[name].run, **words)
    assert not [b for b in test.get("download_button") if b.key == "export_now"]
    test.session_state["export"] = True
    test.run()
    assert not test.exception, test.exception
    return test


def choose(test, way):
    test.session_state["export_as"] = way
    test.run()
    assert not test.exception, test.exception
    return test


@pytest.mark.parametrize("name", ANALYSES)
def test_a_run_is_offered_in_every_way(page, made, name):
    test = opened(page, made, name)
    assert "One HTML file" in texts(test)
    labels = {"report": "Download HTML", "json": "Download JSON"}
    for way in ("report", "csv", "parquet", "json"):
        (button,) = [b for b in choose(test, way).get("download_button") if b.key == "export_now"]
        assert button.label in (labels.get(way, "Download ZIP"), "Download CSV", "Download Parquet")
    for way in ("folders", "fiftyone", "huggingface") if has_pictures(name) else ():
        choose(test, way)
        (link,) = [e.proto.url for e in test.get("link_button") if way in e.proto.url]
        answer, body = fetched(link.split("/", 3)[3])
        assert answer.status_code == 200
        names = zipfile.ZipFile(io.BytesIO(body)).namelist()
        assert len([n for n in names if n.endswith(".png")]) == 56
    assert any(made[name].run in code.value for code in test.code)


def test_what_is_exported_has_the_changes_that_are_shown(page, made):
    assert "With 2 changes by hand" in texts(opened(page, made, "clusters"))
    test = opened(page, made, "clusters", rev="0")
    assert "by hand" not in texts(test)
    choose(test, "folders")
    (link,) = [e.proto.url for e in test.get("link_button") if "folders" in e.proto.url]
    _, body = fetched(link.split("/", 3)[3])
    assert {n.partition("/")[0] for n in zipfile.ZipFile(io.BytesIO(body)).namelist()} == {
        "red", "blue", "green", "files.csv"}  # fmt: skip


def test_a_forged_or_strange_address_fetches_nothing(page, made, settings):
    test = choose(opened(page, made, "clusters"), "folders")
    (link,) = [e.proto.url for e in test.get("link_button") if "folders" in e.proto.url]
    address = link.split("/", 3)[3]
    assert fetched(address.replace("folders", "fiftyone"))[0].status_code == 403
    assert of_run("a", "folders", 2, 0) == "folders-a-2-0"


def test_tables_and_report_hold_what_they_should(made, settings, tmp_path):
    tables = {"one": [{"a": 1}], "two": [{"b": "\udcff"}]}
    archive = zipfile.ZipFile(io.BytesIO(export._zipped(tables, "csv")))
    assert archive.namelist() == ["one.csv", "two.csv"]
    assert archive.read("two.csv") == b"b\n?\n"


def test_several_runs_make_one_report(page, made, settings):
    test = page("runs")
    for name in ("clusters", "structure"):
        test.checkbox(key=f"choose_{made[name].run}").check()
    test.run()
    assert not test.exception
    (button,) = [b for b in test.get("download_button") if b.key == "report_of"]
    assert button.label == "Report"
    runs = [Runs(settings.home).get(made[name].run) for name in ("clusters", "structure")]
    assert len(runs) == 2
