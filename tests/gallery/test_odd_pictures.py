"""Every line of the odd pictures' list, read or refused as it says."""

import csv
import tarfile

import pytest

from engine.gallery import open_folder

pytestmark = pytest.mark.shared


def test_every_odd_picture(shared, settings, tmp_path):
    with tarfile.open(shared / "data" / "odd_pictures.tar.gz") as archive:
        archive.extractall(tmp_path, filter="fully_trusted")  # its links lead out on purpose
    odd = tmp_path / "odd_pictures"
    gallery = open_folder(odd / "files", settings)
    unread = {u.name: u.reason for u in gallery.unread}
    with (odd / "expected.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) > 45
    for row in rows:
        name, outcome = row["file"], row["outcome"]
        picture = gallery.by_name.get(name)
        if outcome == "read":
            assert picture is not None, name
            assert (picture.width, picture.height) == (int(row["width"]), int(row["height"])), name
            assert picture.open().size == (picture.width, picture.height), name
            assert picture.open().mode == "RGB", name
        elif outcome == "skipped":
            assert picture is None, name
            assert name not in unread, name
        else:
            # a link out that points at nothing is a broken link: SOURCE.md and the list allow either
            either = {outcome, "broken link"} if outcome == "outside the folder" else {outcome}
            assert unread.get(name) in either, name
    listed = {row["file"] for row in rows}
    assert set(gallery.by_name) | set(unread) <= listed
    deep = gallery.by_name["fine/deep16.png"].open().convert("L")
    assert sum(deep.histogram()[250:]) < 0.2 * 96 * 64
    assert gallery.by_name["fine/copy_a.jpg"].hash == gallery.by_name["fine/copy_b.jpg"].hash
