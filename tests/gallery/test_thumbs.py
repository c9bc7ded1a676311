from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from engine.errors import GalleryError, StoreError
from engine.gallery import Unreadable, open_folder, thumbs
from engine.gallery.thumbs import full, keep_thumbnail, thumbnail


@pytest.fixture
def gallery(tmp_path, settings):
    """wide.jpg is shown 400 wide and 800 high, white on top: stored lying on its side."""
    root = tmp_path / "photos"
    root.mkdir()
    stored = np.zeros((400, 800, 3), np.uint8)
    stored[:, :100] = 255  # orientation 6: the left edge becomes the top
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(root / "turned.jpg", exif=exif)
    Image.new("RGB", (3000, 1500), "red").save(root / "large.png")
    Image.new("RGBA", (4, 2), (0, 0, 0, 0)).save(root / "tiny.png")
    Image.new("RGB", (4000, 3), "blue").save(root / "ribbon.png")
    return open_folder(root, settings)


def shown(path):
    with Image.open(path) as picture:
        assert picture.format == "WEBP"
        return picture.convert("RGB")


def test_thumbnails_are_small_and_upright(gallery, settings):
    def small(name):
        return shown(thumbnail(settings.home, gallery.by_name[name].hash, settings.max_pixels))

    turned = small("turned.jpg")
    assert turned.size == (128, 256)
    values = np.asarray(turned)
    assert values[:20].mean() > 240
    assert values[60:].mean() < 15
    assert small("large.png").size == (256, 128)
    assert small("ribbon.png").size == (256, 1)
    assert small("tiny.png").size == (4, 2)
    assert small("tiny.png").getpixel((1, 1)) == (255, 255, 255)


def test_full_pictures(gallery, settings):
    def large(name):
        return shown(full(settings.home, gallery.by_name[name].hash, settings.max_pixels))

    assert large("turned.jpg").size == (400, 800)
    assert np.asarray(large("turned.jpg"))[:60].mean() > 240
    assert large("large.png").size == (1600, 800)


def test_they_are_made_once(gallery, settings, monkeypatch):
    picture = gallery.by_name["large.png"]
    path = thumbnail(settings.home, picture.hash)
    assert path == settings.home / "thumbs" / picture.hash[:2] / f"{picture.hash}.webp"
    assert full(settings.home, picture.hash).name == f"{picture.hash}.full.webp"
    monkeypatch.setattr(thumbs, "read_picture", None)
    picture.path.unlink()
    assert thumbnail(settings.home, picture.hash) == path
    assert full(settings.home, picture.hash).is_file()


def test_many_at_once(gallery, settings):
    digest = gallery.by_name["large.png"].hash
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: thumbnail(settings.home, digest), range(16)))
    assert [shown(path).size for path in paths] == [(256, 128)]
    assert list(paths.pop().parent.glob("*.new")) == []


def test_what_has_no_thumbnail(gallery, settings):
    for wrong in ("0" * 64, "../../etc/passwd", "", "0" * 64 + "\n"):
        with pytest.raises(GalleryError) as said:
            thumbnail(settings.home, wrong)
        assert said.value.hint
    with pytest.raises(Unreadable) as unreadable:
        thumbnail(settings.home, gallery.by_name["large.png"].hash, max_pixels=100)
    assert unreadable.value.reason == "too many pixels"
    gallery.by_name["tiny.png"].path.unlink()
    with pytest.raises(GalleryError, match="not where it was"):
        thumbnail(settings.home, gallery.by_name["tiny.png"].hash)


def test_one_of_a_picture_that_is_open_anyway(gallery, settings, monkeypatch):
    turned, large = (gallery.by_name[name] for name in ("turned.jpg", "large.png"))
    picture = large.open()
    keep_thumbnail(settings.home, large.hash, picture)
    assert picture.size == (3000, 1500)
    keep_thumbnail(settings.home, turned.hash, turned.open())
    monkeypatch.setattr(thumbs, "read_picture", None)
    assert shown(thumbnail(settings.home, large.hash)).size == (256, 128)
    assert shown(thumbnail(settings.home, turned.hash)).size == (128, 256)
    keep_thumbnail(settings.home, large.hash, turned.open())
    assert shown(thumbnail(settings.home, large.hash)).size == (256, 128)  # what is there stays


def test_a_workspace_that_cannot_be_written(gallery, settings):
    (settings.home / "thumbs").write_text("in the way")
    with pytest.raises(StoreError, match="thumbnail cannot be written"):
        keep_thumbnail(settings.home, gallery.by_name["tiny.png"].hash, gallery.by_name["tiny.png"].open())
