"""Pictures for other programs: by class in folders, for FiftyOne, for Hugging Face; read back, they are the same."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import RunError, StoreError
from engine.gallery.packing import Layout, lay_out, names_in, safe_name, zipped
from engine.report.datasets import LAYOUTS, fiftyone, folders, has_pictures, huggingface
from engine.store.export import legible
from tests.report.sources import hostile_gallery, sources


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from engine.settings import Settings

    root = tmp_path_factory.mktemp("datasets")
    settings = Settings(home=root / "home")
    return sources(hostile_gallery(root, settings), settings)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def found(source):
    """Hash of each picture and its cluster, as the result says."""
    return {source.gallery.by_name[r.file].hash: r.cluster for r in source.result.rows}


def test_folders_read_back_equal_and_stay_inside(made, tmp_path):
    source, to = made["clusters"], tmp_path / "out"
    laid = lay_out(folders(source), to)
    assert (laid.linked, laid.copied, laid.left_out) == (56, 0, [])
    read = {digest(path): path.parent.name for path in to.rglob("*.png")}
    names = {c.name: safe_name(c.name) for c in source.result.clusters} | {"": "unassigned"}
    assert read == {hash: names[cluster] for hash, cluster in found(source).items()}
    assert all(path.resolve().is_relative_to(to.resolve()) and not path.is_symlink() for path in tmp_path.rglob("*"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    with (to / "files.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(to / row["path"]).is_file() for row in rows} == {True}
    assert [row["file"] for row in rows] == [legible(row.file) for row in source.result.rows]
    assert [row["cluster"] for row in rows] == [row.cluster for row in source.result.rows]


def test_torchvision_reads_the_folders(made, tmp_path):
    datasets = pytest.importorskip("torchvision.datasets")
    source = made["clusters"]
    lay_out(folders(source), tmp_path / "out", link=False)
    read = datasets.ImageFolder(str(tmp_path / "out"))
    assert len(read) == 56
    assert len(read.classes) == len(source.result.clusters) + 1


def test_copies_are_no_links(made, tmp_path):
    source = made["clusters"]
    assert lay_out(folders(source), tmp_path / "out", link=False).copied == 56
    assert not {p.stat().st_ino for p in (tmp_path / "out").rglob("*.png")} & {
        p.path.stat().st_ino for p in source.gallery.pictures
    }


def test_without_links_pictures_are_copied(made, tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_links)
    assert lay_out(folders(made["clusters"]), tmp_path / "out").copied == 56


def test_what_is_there_is_never_overwritten(made, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"holds other files, such as notes\.txt"):
        lay_out(folders(made["clusters"]), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_cluster_called_unassigned_is_not_mixed_with_what_is(made, tmp_path):
    source = made["clusters"]
    rows = tuple(replace(r, cluster=r.cluster and "Unassigned") for r in source.result.rows)
    layout = folders(replace(source, result=replace(source.result, rows=rows)))
    assert {name.partition("/")[0] for _, name in layout.pictures} == {"unassigned", "2 Unassigned"}


def test_any_column_can_be_the_class(made):
    kinds = {name.partition("/")[0] for _, name in folders(made["clusters"], "label").pictures}
    assert len(kinds) == 2
    assert {n.partition("/")[0] for _, n in folders(made["structure"]).pictures} >= {"blue", "green"}
    with pytest.raises(RunError, match="no column 'nothing'"):
        folders(made["clusters"], "nothing")
    with pytest.raises(RunError, match="nothing of single pictures"):
        folders(made["differences"])
    assert [name for name in made if has_pictures(name)] == ["clusters", "structure", "typicality"]


def test_fiftyone_reads_labels_and_attributes(made, tmp_path):
    """By plain reading; and by its own importer, which needs no database, where it is installed."""
    source, to = made["clusters"], tmp_path / "out"
    lay_out(fiftyone(source), to)
    told = json.loads((to / "labels.json").read_text())
    images = {path.with_suffix("").relative_to(to / "data").as_posix(): path for path in (to / "data").rglob("*.png")}
    assert set(told["labels"]) == set(images)
    read = {digest(images[uuid]): target["label"] if target else "" for uuid, target in told["labels"].items()}
    assert read == found(source)
    placed = {legible(row.file) for row in source.result.rows if row.cluster}
    assert {target["attributes"]["file"] for target in told["labels"].values() if target} == placed
    assert len(list(csv.DictReader((to / "files.csv").read_text().splitlines()))) == 56
    importers = pytest.importorskip("fiftyone.utils.data.importers", reason="FiftyOne is not installed: not asked")
    importer = importers.FiftyOneImageClassificationDatasetImporter(dataset_dir=str(to))
    importer.setup()
    own = {digest(Path(path)): label for path, _, label in importer}
    assert {hash: label.label if label else "" for hash, label in own.items()} == found(source)
    assert {label["how"] for label in own.values() if label} == {"label"}


def test_hugging_face_reads_pictures_with_every_column(made, tmp_path):
    """By plain reading; and by its own reader, where it is installed."""
    source, to = made["clusters"], tmp_path / "out"
    lay_out(huggingface(source), to)
    rows = [json.loads(line) for line in (to / "metadata.jsonl").read_text().splitlines()]
    assert {digest(to / row["file_name"]): row["cluster"] for row in rows} == found(source)
    datasets = pytest.importorskip(
        "datasets", reason="Hugging Face's datasets is not installed: its reader was not asked"
    )
    read = datasets.load_dataset("imagefolder", data_dir=str(to), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(read) == 56
    assert {row["file"]: row["cluster"] for row in read} == {legible(r.file): r.cluster for r in source.result.rows}
    assert {row["image"].size for row in read} == {(16, 16)}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_zip_holds_the_same(made, tmp_path, kind):
    layout = LAYOUTS[kind](made["clusters"], "")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped(layout))))
    assert archive.testzip() is None
    lay_out(layout, tmp_path / "out")
    written = {
        p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()
    }
    assert {name: archive.read(name) for name in archive.namelist()} == written


def test_names_lead_nowhere_and_are_each_once():
    odd = [
        "../../etc/passwd", "a/../b", "/x", "CON", "nul.png", "a:b", "\udcff", " . ", "", "é", "e\u0301", "A", "a",
        "x" * 300, "\u202ereversed", "tab\tnew\nline", ".hidden", "雪" * 100,
    ]  # fmt: skip
    names = names_in(odd)
    assert len({name.casefold() for name in names}) == len(odd)
    for name in names:
        parts = name.split("/")
        assert not set(parts) & {"", ".", ".."}
        assert all(len(part.encode()) <= 130 and part.isprintable() for part in parts), name
        assert not name.startswith("/")
        assert safe_name(parts[-1]) == parts[-1]
    assert names[:4] == ["etc/passwd", "a/b", "x", "_CON"]


def test_what_cannot_be_read_is_left_out(made, tmp_path):
    gone = replace(made["clusters"].gallery.pictures[0], root=str(tmp_path / "nowhere"))
    laid = lay_out(Layout([(gone, "a/b.png")], {"note.txt": "x"}), tmp_path / "out")
    assert [(u.name, u.reason) for u in laid.left_out] == [(gone.name, "vanished")]
    assert (tmp_path / "out" / "note.txt").read_text() == "x"
