import threading
import time

import pytest

from engine.errors import GalleryError
from engine.gallery import load_gallery, open_folder, shared_gallery, shelf
from tests.planted import gallery_of, paint


def test_all_who_ask_share_one_gallery_that_is_loaded_once(tmp_path, settings, monkeypatch):
    gallery = gallery_of(tmp_path, settings)
    loads, found = [], []

    def slow(*which):
        loads.append(which)
        time.sleep(0.2)
        return load_gallery(*which)

    monkeypatch.setattr(shelf, "load_gallery", slow)
    ask = lambda: found.append(shared_gallery(gallery.fingerprint, settings.home))  # noqa: E731
    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(loads) == 1
    assert len(found) == 4
    assert found[0] == gallery
    assert all(one is found[0] for one in found)


def test_the_same_pictures_opened_elsewhere_are_found_there(tmp_path, settings):
    first = open_folder(paint(tmp_path / "here"), settings)
    assert shared_gallery(first.fingerprint, settings.home).root == str(tmp_path / "here")
    second = open_folder(paint(tmp_path / "there"), settings)
    assert second.fingerprint == first.fingerprint
    assert shared_gallery(first.fingerprint, settings.home).root == str(tmp_path / "there")


@pytest.mark.parametrize("wrong", ["0" * 32, "..", "../index", "\0", "x" * 5000])
def test_no_other_file_is_a_gallery(settings, wrong):
    with pytest.raises(GalleryError):
        shared_gallery(wrong, settings.home)


def test_places_of_names(tmp_path, settings):
    gallery = gallery_of(tmp_path, settings)
    assert [gallery.index[p.name] for p in gallery.pictures] == [0, 1, 2, 3, 4]
