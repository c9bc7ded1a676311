"""Pictures copied into a folder and into a ZIP: under safe names, the very files that the gallery knows, all named."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from dataclasses import replace

import pytest

from engine.errors import StoreError
from engine.gallery.packing import LEFT_OUT, copy_pictures, under_own_names, zipped
from tests.planted import gallery_of


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings)


def read(pictures):
    return zipfile.ZipFile(io.BytesIO(b"".join(zipped(under_own_names(pictures)))))


def test_a_zip_holds_the_same_bytes_under_the_same_names(gallery):
    archive = read(gallery.pictures)
    assert archive.testzip() is None
    assert archive.namelist() == [p.name for p in gallery.pictures]
    assert all(archive.read(p.name) == p.path.read_bytes() for p in gallery.pictures)


def test_copies_keep_their_folders_and_are_made_again(gallery, tmp_path):
    for _ in range(2):
        assert copy_pictures(gallery.pictures[:3], tmp_path / "out") == []
    found = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.png")}
    assert sorted(found) == [p.name for p in gallery.pictures[:3]]
    assert all(found[p.name].read_bytes() == p.path.read_bytes() for p in gallery.pictures[:3])


def test_other_files_are_not_mixed_with_the_copies(gallery, tmp_path):
    copy_pictures(gallery.pictures[:3], tmp_path / "out")
    with pytest.raises(StoreError, match=r"holds other files, such as blue/1\.png"):
        copy_pictures(gallery.pictures[3:], tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        copy_pictures(gallery.pictures, tmp_path / "file")


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(gallery, tmp_path):
    gone, changed, pipe, *rest = gallery.pictures
    gone.path.unlink()
    changed.path.write_bytes(b"another one")
    pipe.path.unlink()
    os.mkfifo(pipe.path)
    why = {gone.name: "vanished", changed.name: "changed since the gallery was opened", pipe.name: "not a file"}
    assert {u.name: u.reason for u in copy_pictures(gallery.pictures, tmp_path / "out")} == why
    archive = read(gallery.pictures)
    assert archive.namelist() == [*(p.name for p in rest), LEFT_OUT]
    assert archive.read(LEFT_OUT).decode().splitlines() == [f"{name}: {reason}" for name, reason in why.items()]


def test_a_file_that_became_a_link_to_a_secret_stays_here(gallery, tmp_path):
    (tmp_path / "secret").write_text("key")
    picture = gallery.pictures[0]
    picture.path.unlink()
    picture.path.symlink_to(tmp_path / "secret")
    assert b"key" not in b"".join(zipped(under_own_names([picture])))
    assert len(copy_pictures([picture], tmp_path / "out")) == 1


def test_no_name_leads_out_of_the_archive(gallery, tmp_path):
    root = tmp_path / "one" / "two"
    pictures = []
    for name in ("../../up.png", "C:\\x.png", "a/b?.png", "a/b*.png", "bad\udcff\n.png"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gallery.pictures[0].path.read_bytes())
        pictures.append(replace(gallery.pictures[0], name=name, root=str(root)))
    archive = read(pictures)
    assert archive.namelist() == ["up.png", "C__x.png", "a/b_.png", "a/2 b_.png", "bad__.png"]
    with pytest.raises(StoreError, match="leads out"):
        copy_pictures(pictures[:1], tmp_path / "out")


def test_a_zip_is_made_piece_by_piece(gallery):
    """However large the set, a piece is a megabyte and what little zip adds."""
    picture = gallery.pictures[0]
    data = os.urandom(5 << 20)
    picture.path.write_bytes(data)
    large = replace(picture, hash=hashlib.sha256(data).hexdigest())
    pieces = list(zipped(under_own_names([large, *gallery.pictures[1:]])))
    assert max(map(len, pieces)) < 2 << 20
    assert zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read(large.name) == data
