import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from engine.errors import Stopped, StoreError
from engine.gallery import lookers, looking, open_folder
from engine.gallery.lookers import CHANGED
from engine.gallery.looking import look_over, looks
from engine.gallery.measures import measure
from tests.planted import ROOT

CARDS = sorted((ROOT / "assets" / "postcards" / "harbour").glob("*.webp"))
MOST = 10_000_000  # pixels


def folder_of(tmp_path, n=6):
    """A few cards, and one of them twice."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for card in CARDS[:n]:
        shutil.copy(card, folder)
    shutil.copy(CARDS[0], folder / "again.webp")
    return folder


@pytest.fixture
def gallery(tmp_path, settings):
    return open_folder(folder_of(tmp_path), settings)


@pytest.fixture
def seen(gallery, settings):
    look_over(gallery.pictures, settings.home, MOST)
    return looks(gallery.pictures, settings.home)


def test_everything_is_measured_as_it_is(gallery, seen):
    assert seen.known.all()
    assert not seen.unread
    for i, picture in enumerate(gallery.pictures):
        expected = measure(picture.open())
        for name in ("lightness", "burnt", "contrast", "sharpness", "blur", "colourfulness", "entropy"):
            assert getattr(seen, name)[i] == pytest.approx(getattr(expected, name), rel=1e-6), name
        assert (seen.colour[i], seen.grey[i]) == (expected.colour, expected.grey)
        assert (seen.width[i], seen.height[i]) == (256, 256)
        assert seen.darkest[i] == pytest.approx(expected.percentiles[1], abs=1e-4)
        assert seen.lightest[i] == pytest.approx(expected.percentiles[5], abs=1e-4)


def test_columns_are_in_the_gallerys_order_and_of_its_length(gallery, seen, settings):
    assert len(seen) == len(gallery) == 7
    backwards = looks(gallery.pictures[::-1], settings.home)
    assert backwards.lightness.tolist() == seen.lightness[::-1].tolist()
    assert backwards.hash.tolist() == seen.hash[::-1].tolist()
    same = [i for i, p in enumerate(gallery.pictures) if p.name in ("again.webp", CARDS[0].name)]
    assert len(same) == 2
    for name in ("lightness", "hash", "sketch", "features"):
        assert (getattr(seen, name)[same[0]] == getattr(seen, name)[same[1]]).all(), name


def test_types(seen):
    assert seen.features.shape == (7, 60)
    assert seen.features.dtype == np.float32
    assert seen.sketch.shape == (7, 256)
    assert (seen.hash.dtype, seen.mirrored.dtype) == (np.uint64, np.uint64)
    assert {seen.lightness.dtype, seen.width.dtype} == {np.dtype(float)}
    assert seen.colour.dtype == object


def test_thumbnails_are_made(gallery, seen, settings):
    for picture in gallery.pictures:
        with Image.open(settings.home / "thumbs" / picture.hash[:2] / f"{picture.hash}.webp") as small:
            assert small.size == (256, 256)


def test_nothing_is_known_before(gallery, settings):
    nothing = looks(gallery.pictures, settings.home)
    assert not nothing.known.any()
    assert np.isnan(nothing.lightness).all()
    assert np.isnan(nothing.features).all()
    assert set(nothing.colour) == {""}
    assert not nothing.hash.any()
    assert nothing.width.tolist() == [256] * 7


def test_what_is_known_is_not_looked_at_again(gallery, seen, settings, monkeypatch):
    monkeypatch.setattr(lookers, "read_picture", None)
    told = []
    look_over(gallery.pictures, settings.home, MOST, lambda done, total: told.append((done, total)))
    assert told == [(6, 6)]  # distinct pictures
    assert looks(gallery.pictures, settings.home).lightness.tolist() == seen.lightness.tolist()


def test_a_new_method_looks_again(gallery, seen, settings, monkeypatch):
    monkeypatch.setattr(looking, "METHOD", looking.METHOD + 1)
    assert not looks(gallery.pictures, settings.home).known.any()
    look_over(gallery.pictures, settings.home, MOST)
    assert looks(gallery.pictures, settings.home).known.all()
    monkeypatch.undo()
    assert not looks(gallery.pictures, settings.home).known.any()  # what nobody reads any more is gone


def test_other_galleries_share_what_was_seen(gallery, seen, settings, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for card in [*CARDS[3:6], CARDS[20]]:
        shutil.copy(card, other)
    more = open_folder(other, settings)
    assert looks(more.pictures, settings.home).known.tolist() == [True, True, True, False]
    look_over(more.pictures, settings.home, MOST)
    assert looks(more.pictures, settings.home).known.all()
    assert looks(gallery.pictures, settings.home).lightness.tolist() == seen.lightness.tolist()


def test_progress(gallery, settings):
    told = []
    look_over(gallery.pictures, settings.home, MOST, lambda done, total: told.append((done, total)))
    assert told[0] == (0, 6)
    assert told[-1] == (6, 6)
    assert told == sorted(told)


def test_what_was_seen_before_a_stop_is_kept(tmp_path, settings):
    gallery = open_folder(folder_of(tmp_path, 60), settings)

    def stop(done, total):
        if done >= 8:
            raise Stopped

    with pytest.raises(Stopped):
        look_over(gallery.pictures, settings.home, MOST, stop)
    assert 8 <= looks(gallery.pictures, settings.home).known.sum() < 61
    look_over(gallery.pictures, settings.home, MOST)
    assert looks(gallery.pictures, settings.home).known.all()


def test_a_pass_that_is_killed_is_taken_up_again(tmp_path, settings):
    """kill -9 once something was committed; whatever is left behind, the next pass finishes and finds it right."""
    gallery = open_folder(folder_of(tmp_path, 90), settings)
    code = (
        "from pathlib import Path\nfrom engine.gallery import load_gallery, looking\n"
        f"looking._COMMIT_SECONDS = 0.05\nhome = Path({str(settings.home)!r})\n"
        f"looking.look_over(load_gallery({gallery.fingerprint!r}, home).pictures, home, {MOST})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    ends = time.monotonic() + 60
    while not looks(gallery.pictures, settings.home).known.any():
        assert time.monotonic() < ends
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = looks(gallery.pictures, settings.home)
    assert before.known.sum() > 0
    look_over(gallery.pictures, settings.home, MOST)
    after = looks(gallery.pictures, settings.home)
    assert after.known.all()
    assert (after.lightness[before.known] == before.lightness[before.known]).all()
    assert after.lightness[-1] == pytest.approx(measure(gallery.pictures[-1].open()).lightness, rel=1e-6)


def test_two_passes_at_once(tmp_path, settings):
    gallery = open_folder(folder_of(tmp_path, 20), settings)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: look_over(gallery.pictures, settings.home, MOST), range(2)))
    assert looks(gallery.pictures, settings.home).known.all()


def test_what_cannot_be_looked_at_is_passed_over_with_the_reason(gallery, settings):
    first, second, third = gallery.pictures[2:5]
    kept = third.path.read_bytes()
    first.path.unlink()
    second.path.write_bytes(b"no picture")
    shutil.copy(CARDS[30], third.path)
    look_over(gallery.pictures, settings.home, MOST)
    some = looks(gallery.pictures, settings.home)
    assert some.unread == {first.name: "vanished", second.name: "not an image", third.name: CHANGED}
    assert some.known.sum() == 4
    third.path.write_bytes(kept)
    look_over(gallery.pictures, settings.home, MOST)
    again = looks(gallery.pictures, settings.home)
    assert again.unread == {first.name: "vanished", second.name: "not an image"}
    assert again.known.sum() == 5


def test_too_many_pixels(gallery, settings):
    look_over(gallery.pictures, settings.home, 1000)
    assert set(looks(gallery.pictures, settings.home).unread.values()) == {"too many pixels"}
    look_over(gallery.pictures, settings.home, MOST)
    assert looks(gallery.pictures, settings.home).known.all()


def test_a_copy_stands_in_for_a_file_that_is_gone(gallery, settings):
    gallery.by_name["again.webp"].path.unlink()
    look_over(gallery.pictures, settings.home, MOST)
    assert looks(gallery.pictures, settings.home).known.all()


def test_no_pictures(settings):
    look_over([], settings.home, MOST)
    nothing = looks([], settings.home)
    assert len(nothing) == 0
    assert nothing.features.shape == (0, 60)


def test_a_workspace_that_cannot_be_used(gallery, settings):
    settings.home.mkdir(exist_ok=True)
    (settings.home / "looks.sqlite").write_bytes(b"no database, but a long enough text to be taken for one" * 9)
    with pytest.raises(StoreError, match="cannot be kept"):
        look_over(gallery.pictures, settings.home, MOST)
    with pytest.raises(StoreError) as said:
        looks(gallery.pictures, settings.home)
    assert "looks.sqlite" in said.value.hint


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (16, 16), (5000, 2), (2, 5000), (4000, 3000)])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16"])
def test_odd_pictures_are_looked_at_without_a_word(tmp_path, settings, size, mode):
    folder = tmp_path / "odd"
    folder.mkdir()
    Image.new(mode, size).save(folder / "odd.png")
    gallery = open_folder(folder, settings)
    look_over(gallery.pictures, settings.home, 100_000_000)
    one = looks(gallery.pictures, settings.home)
    assert one.known.all()
    assert np.isfinite(one.features).all()
    assert (one.width[0], one.height[0]) == size
