import os
import sqlite3

import pytest
from PIL import Image

from engine.errors import GalleryError, Stopped, StoreError
from engine.gallery import find_picture, load_gallery, open_folder, recent, scan
from engine.settings import Settings


def draw(path, colour: str | tuple[int, int, int] = "red", size=(8, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "photos"
    draw(root / "cats" / "1.png", "red")
    draw(root / "cats" / "2.png", "green")
    draw(root / "dogs" / "big" / "1.png", "blue", (20, 10))
    return root


@pytest.fixture
def measured(monkeypatch):
    """Names of the files that were measured, as they come."""
    names, real = [], scan.measure

    def counted(path, max_pixels):
        names.append(path.name)
        return real(path, max_pixels)

    monkeypatch.setattr(scan, "measure", counted)
    return names


def unread(gallery):
    return {u.name: u.reason for u in gallery.unread}


def test_pictures_are_listed_by_name(folder, settings):
    gallery = open_folder(folder, settings)
    assert [p.name for p in gallery.pictures] == ["cats/1.png", "cats/2.png", "dogs/big/1.png"]
    assert [p.label for p in gallery.pictures] == ["cats", "cats", "dogs"]
    last = gallery.by_name["dogs/big/1.png"]
    assert (last.width, last.height) == (20, 10)
    assert last.path == folder / "dogs/big/1.png"
    assert (gallery.title, gallery.root, gallery.unread) == ("photos", str(folder), ())


def test_opening_again_measures_only_what_changed(folder, settings, measured):
    first = open_folder(folder, settings)
    assert len(measured) == 3
    again = open_folder(folder, settings)
    assert len(measured) == 3
    assert again == first
    assert again.fingerprint == first.fingerprint
    draw(folder / "cats" / "1.png", "yellow", (9, 9))
    (folder / "cats" / "2.png").unlink()
    changed = open_folder(folder, settings)
    assert measured[3:] == ["1.png"]
    assert len(changed) == 2
    assert changed.fingerprint != first.fingerprint
    with sqlite3.connect(settings.home / "index.sqlite") as db:
        assert db.execute("SELECT count(*) FROM files").fetchone() == (2,)


def test_labels_take_part_in_the_fingerprint(folder, settings, measured):
    prints = {open_folder(folder, settings, labels).fingerprint for labels in ("folder", "last", "none")}
    assert len(prints) == 3
    assert len(measured) == 3


def test_bad_files_are_listed_and_remembered(folder, settings, measured):
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "drawing.svg").write_text("<svg/>")
    os.mkfifo(folder / "pipe.png")
    expected = {
        "drawing.svg": "not an image",
        "empty.jpg": "empty",
        "pipe.png": "not a file",
        "text.jpg": "not an image",
    }
    assert unread(open_folder(folder, settings)) == expected
    seen = len(measured)
    assert unread(open_folder(folder, settings)) == expected
    assert len(measured) == seen


def test_another_pixel_limit_is_heeded(folder, settings):
    small = Settings(home=settings.home, max_pixels=100)
    assert unread(open_folder(folder, settings)) == {}
    assert unread(open_folder(folder, small)) == {"dogs/big/1.png": "too many pixels"}
    assert unread(open_folder(folder, settings)) == {}
    other = Settings(home=settings.home.with_name("other"), max_pixels=100)
    assert unread(open_folder(folder, other)) == {"dogs/big/1.png": "too many pixels"}
    assert unread(open_folder(folder, Settings(home=other.home))) == {}


def test_links_stay_within_the_folder(folder, settings, tmp_path):
    outside = draw(tmp_path / "elsewhere" / "secret.png")
    (folder / "in.png").symlink_to("cats/1.png")
    (folder / "out.png").symlink_to(outside)
    (folder / "out").symlink_to(outside.parent)
    (folder / "none.png").symlink_to("nowhere.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "cats" / "loop").symlink_to("..")
    (folder / "note").symlink_to(tmp_path / "nothing")
    (folder / "photos_of").symlink_to("dogs")
    sibling = draw(tmp_path / "photos-not" / "x.png")  # shares the root's first letters
    (folder / "near.png").symlink_to(sibling)
    gallery = open_folder(folder, settings)
    assert [p.name for p in gallery.pictures] == ["cats/1.png", "cats/2.png", "dogs/big/1.png", "in.png"]
    assert unread(gallery) == {
        "near.png": "outside the folder",
        "none.png": "broken link",
        "out": "outside the folder",
        "out.png": "outside the folder",
        "self.png": "broken link",
    }


def test_hidden_and_side_files_are_passed_over(folder, settings):
    for name in (".hidden/x.png", "cats/._1.png", ".x.png"):
        draw(folder / name)
    for name in ("Thumbs.db", ".DS_Store", "notes.txt", "a.json", "cats/list.csv", "1.png.txt"):
        (folder / name).write_text("x")
    draw(folder / "named.jpg" / "x.JPEG")
    gallery = open_folder(folder, settings)
    assert len(gallery) == 4
    assert gallery.by_name["named.jpg/x.JPEG"].label == "named.jpg"
    assert gallery.unread == ()


def test_the_workspace_is_no_part_of_a_gallery(folder):
    settings = Settings(home=folder / "workspace")
    draw(settings.home / "thumbs" / "x.png")
    assert len(open_folder(folder, settings)) == 3


def test_names_that_are_no_text(folder, settings, measured):
    odd = os.fsdecode(b"caf\xe9 \xff.png")
    os.rename(folder / "cats" / "1.png", os.path.join(folder, "cats", odd))
    gallery = open_folder(folder, settings)
    assert gallery.pictures[0].name == "cats/2.png"
    picture = gallery.by_name["cats/" + odd]
    assert picture.open().size == (8, 6)
    assert load_gallery(gallery.fingerprint, settings.home) == gallery
    assert find_picture(settings.home, picture.hash) == picture.path
    open_folder(folder, settings)
    assert len(measured) == 3


def test_progress_counts_and_stops(folder, settings, measured, monkeypatch):
    for i in range(40):
        draw(folder / f"{i:02}.png", (i, 0, 0))
    monkeypatch.setattr(scan.os, "cpu_count", lambda: 1)
    said = []
    gallery = open_folder(folder, settings, progress=lambda done, total: said.append((done, total)))
    assert said[0] == (0, 43)
    assert said[-1] == (43, 43)
    assert said == sorted(said)
    fresh = Settings(home=settings.home.with_name("fresh"))

    def stop(done, total):
        if done >= 16:
            raise Stopped

    measured.clear()
    with pytest.raises(Stopped):
        open_folder(folder, fresh, progress=stop)
    said.clear()
    again = open_folder(folder, fresh, progress=lambda done, total: said.append((done, total)))
    assert said[0] == (16, 43)  # what was measured before the stop was kept
    assert again == gallery


def test_a_bug_in_measuring_is_not_hidden(folder, settings, monkeypatch):
    monkeypatch.setattr(scan, "measure", lambda path, max_pixels: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        open_folder(folder, settings)


def test_folders_that_are_no_gallery(settings, tmp_path):
    for make, words in (
        (lambda p: None, "no folder"),
        (lambda p: p.touch(), "not a folder"),
        (lambda p: p.mkdir(), "no picture"),
    ):
        path = tmp_path / words.replace(" ", "_")
        make(path)
        with pytest.raises(GalleryError, match=words) as said:
            open_folder(path, settings)
        assert said.value.hint
    bad = tmp_path / "bad"
    bad.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (bad / name).touch()
    (bad / "c.jpg").write_text("x")
    with pytest.raises(GalleryError, match=r"None of the 3 .* empty \(2\)"):
        open_folder(bad, settings)
    assert recent(settings.home) == []


def test_a_closed_folder_within_is_listed(folder, settings, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).rstrip("/").endswith("cats"):
            raise PermissionError(13, "denied")
        return real(path)

    monkeypatch.setattr(scan.os, "scandir", scandir)
    gallery = open_folder(folder, settings)
    assert unread(gallery) == {"cats": "no permission"}
    assert len(gallery) == 1


def test_a_workspace_that_cannot_be_written(folder, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError) as said:
        open_folder(folder, Settings(home=tmp_path / "file"))
    assert "VITRINE_HOME" in said.value.hint
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "index.sqlite").write_bytes(b"not a database, and long enough to be seen as one" * 50)
    with pytest.raises(StoreError):
        open_folder(folder, Settings(home=broken))


def test_a_picture_is_found_by_its_content(folder, settings):
    Image.new("RGB", (8, 6), "red").save(folder / "copy.png")
    gallery = open_folder(folder, settings)
    first, copy = gallery.by_name["cats/1.png"], gallery.by_name["copy.png"]
    assert first.hash == copy.hash
    assert find_picture(settings.home, first.hash) in (first.path, copy.path)
    first.path.unlink()
    assert find_picture(settings.home, first.hash) == copy.path
    draw(copy.path, "black", (9, 9))
    assert find_picture(settings.home, first.hash) is None
    for wrong in ("", "0" * 64, "../../etc/passwd", first.hash.upper(), first.hash + "\n"):
        assert find_picture(settings.home, wrong) is None


def test_galleries_are_kept(folder, settings):
    (folder / "bad.jpg").touch()
    (folder / "metadata.csv").write_text("file,year\ncats/1.png,1999\n")
    first = open_folder(folder, settings)
    second = open_folder(folder, settings, "none")
    for gallery in (first, second):
        loaded = load_gallery(gallery.fingerprint, settings.home)
        assert loaded == gallery
        assert loaded.fingerprint == gallery.fingerprint
    assert load_gallery(first.fingerprint, settings.home).pictures[0].metadata == {"year": "1999"}
    cards = recent(settings.home)
    assert [c.fingerprint for c in cards] == [second.fingerprint, first.fingerprint]
    assert (cards[1].title, cards[1].root, cards[1].labels) == ("photos", str(folder), "folder")
    assert (cards[1].count, cards[1].unread) == (3, 1)
    assert cards[0].opened >= cards[1].opened > 1e9
    assert not list((settings.home / "galleries").glob("*.new"))


def test_a_table_that_cannot_be_used_is_listed(folder, settings):
    (folder / "metadata.csv").write_bytes(b"file,kind\n\xff,x\n")
    assert unread(open_folder(folder, settings)) == {"metadata.csv": "not UTF-8 text"}
    with pytest.raises(GalleryError, match="not UTF-8"):
        open_folder(folder, settings, "kind")


def test_unknown_galleries(settings, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    for wrong in ("0" * 32, "../../secret", "", "A" * 32, "0" * 32 + "\n"):
        with pytest.raises(GalleryError) as said:
            load_gallery(wrong, settings.home)
        assert said.value.hint
    (settings.home / "galleries").mkdir(parents=True)
    (settings.home / "galleries" / f"{'1' * 32}.json").write_text('{"root": 1')
    with pytest.raises(GalleryError):
        load_gallery("1" * 32, settings.home)
