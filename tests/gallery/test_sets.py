"""Sets: saved by name, found again, combined; a value or a quarter of a column is one, too."""

import dataclasses

import pytest

from engine.errors import GalleryError, StoreError
from engine.gallery import open_folder, sets
from tests.planted import gallery_of, many, paint


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings)


def save(gallery, settings, name="reds", members=("red/3.png", "red/1.png"), origin="by hand"):
    return sets.save(gallery, name, members, origin, settings.home)


def test_a_set_is_kept_in_the_gallery_s_order_and_found_by_name(gallery, settings):
    made = save(gallery, settings, members=["red/3.png", "red/1.png", "red/3.png", "not there.png"])
    assert made.members == ("red/1.png", "red/3.png")
    (found,) = sets.sets_of(gallery, settings.home)
    assert found == made
    assert sets.find(gallery, "reds", settings.home) == made
    assert found.origin == "by hand"


def test_a_taken_name_no_name_and_no_picture_are_refused(gallery, settings):
    save(gallery, settings)
    with pytest.raises(GalleryError, match="already"):
        save(gallery, settings, members=["blue/1.png"])
    for name, members in (("  ", ["red/1.png"]), ("x" * 121, ["red/1.png"]), ("none", []), ("none", ["gone.png"])):
        with pytest.raises(GalleryError):
            save(gallery, settings, name, members)
    assert len(sets.sets_of(gallery, settings.home)) == 1


def test_a_name_is_never_a_path(gallery, settings):
    save(gallery, settings, name="../../evil")
    assert [path.parent for path in sets.files(settings.home)] == [settings.home / "sets"]
    sets.delete("../../evil", settings.home)
    assert len(sets.sets_of(gallery, settings.home)) == 1


def test_sets_outlive_a_change_of_the_folder(tmp_path, gallery, settings):
    save(gallery, settings)
    (tmp_path / "pictures" / "red" / "3.png").unlink()
    paint(tmp_path / "pictures", {"red/9.png": "red"})
    again = open_folder(tmp_path / "pictures", settings)
    (found,) = sets.sets_of(again, settings.home)
    assert sets.in_order(again, found.members) == ("red/1.png",)


def test_another_folder_s_sets_and_damaged_files_are_passed_over(tmp_path, gallery, settings):
    made = save(gallery, settings)
    other = open_folder(paint(tmp_path / "other", many(3)), settings)
    assert sets.sets_of(other, settings.home) == []
    (settings.home / "sets" / f"{made.id}.json").write_text("{")
    assert sets.sets_of(gallery, settings.home) == []


def test_deleted_it_is_gone(gallery, settings):
    made = save(gallery, settings)
    sets.delete(made.id, settings.home)
    assert sets.sets_of(gallery, settings.home) == []
    sets.delete(made.id, settings.home)


def test_a_workspace_that_cannot_be_written_is_said(gallery, settings, tmp_path):
    full = tmp_path / "file"
    full.write_text("")
    with pytest.raises(StoreError, match="cannot be kept"):
        sets.save(gallery, "reds", ["red/1.png"], "", full)


def test_algebra():
    a, b = ["1", "2", "3"], ["3", "4"]
    assert sets.union(a, b) == {"1", "2", "3", "4"}
    assert sets.intersection(a, b) == {"3"}
    assert sets.difference(a, b) == {"1", "2"}
    assert sets.difference(b, a) == {"4"}


def test_a_sample_is_drawn_by_its_seed_whatever_the_order():
    names = [str(i) for i in range(100)]
    drawn = sets.sample(names, 10, seed=1)
    assert len(drawn) == 10
    assert drawn == sets.sample(names[::-1], 10, seed=1)
    assert drawn != sets.sample(names, 10, seed=2)
    assert sets.sample(names, 1000) == set(names)


def test_a_value_or_a_quarter_of_a_column_is_a_set(tmp_path, settings):
    folder = paint(tmp_path / "own", many(8))
    rows = [f"{i:03}.png,{score},{kind}" for i, (score, kind) in enumerate(zip("84261753", "aabbccdd", strict=True))]
    (folder / "metadata.csv").write_text("file,score,kind\n" + "\n".join(rows) + "\n")
    gallery = open_folder(folder, settings)
    members = lambda said: sets.find(gallery, said, settings.home).members  # noqa: E731
    assert members("kind=b") == ("002.png", "003.png")
    assert members("score=8") == ("000.png",)
    assert members("score=top quarter") == ("000.png", "005.png")  # 8 and 7
    assert members("score=bottom quarter") == ("002.png", "004.png")  # 2 and 1
    with pytest.raises(GalleryError, match="kind"):
        members("kind=z")
    with pytest.raises(GalleryError, match="no set"):
        members("nonsense")
    assert sets.sets_of(gallery, settings.home) == []


def test_a_set_is_frozen(gallery, settings):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(save(gallery, settings), "name", "other")  # noqa: B010  pyright knows that it cannot be
