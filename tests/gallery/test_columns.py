"""Columns: numbers or texts, sorted, cut into sections, filtered; small enough to check by eye."""

import numpy as np
import pytest

from engine.gallery import columns, open_folder
from tests.planted import many, paint

NUMBERS = columns.typed(["3", "", "1", "2", "10"])
WORDS = columns.typed(["b", "", "a", "b", "10"])
ALL = np.arange(5)


def test_numbers_are_numbers_only_where_all_are():
    assert columns.is_number(NUMBERS)
    assert np.isnan(NUMBERS[1])
    assert not columns.is_number(WORDS)
    assert not columns.is_number(columns.typed(["", ""]))


def test_order_with_what_says_nothing_last():
    assert columns.in_order(NUMBERS, ALL).tolist() == [2, 3, 0, 4, 1]
    assert columns.in_order(NUMBERS, ALL, descending=True).tolist() == [4, 0, 3, 2, 1]
    assert columns.in_order(WORDS, ALL).tolist() == [4, 2, 0, 3, 1]
    assert columns.in_order(WORDS, ALL, descending=True).tolist() == [0, 3, 2, 4, 1]  # equal ones as they were
    assert columns.in_order(NUMBERS, np.array([4, 1, 0])).tolist() == [0, 4, 1]


def test_sections_of_words_largest_first():
    order, titles = columns.sections(WORDS, ALL)
    assert titles == [("b", 2), ("10", 1), ("a", 1), ("nothing said", 1)]
    assert order.tolist() == [0, 3, 4, 2, 1]


def test_sections_of_numbers_are_quarters():
    values = np.array([5.0, 1, 2, 3, 4, 6, 7, 8, np.nan])
    order, titles = columns.sections(values, np.arange(9))
    assert [n for _, n in titles] == [2, 2, 2, 2, 1]
    assert values[order][:8].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert titles[0][0].startswith("1 to ")
    assert columns.sections(np.full(3, 2.0), np.arange(3))[1] == [("2", 3)]
    assert columns.sections(np.full(3, np.nan), np.arange(3))[1] == [("nothing said", 3)]
    assert columns.sections(WORDS, ALL[:0])[1] == []


def test_among():
    assert columns.among(WORDS, ALL, "b").tolist() == [0, 3]
    assert columns.among(NUMBERS, ALL, "top quarter").tolist() == [4]
    assert columns.among(NUMBERS, ALL, "bottom quarter").tolist() == [2]
    assert columns.choices(WORDS, ALL) == ["b", "10", "a"]
    assert columns.choices(WORDS, ALL, most=2) == []
    assert columns.choices(NUMBERS, ALL) == ["top quarter", "bottom quarter"]


@pytest.mark.parametrize("name", columns.OWN)
def test_a_gallery_s_own_columns(tmp_path, settings, name):
    folder = paint(tmp_path / "own", many(4) | {"in/deep/x.png": "red"})
    (folder / "metadata.csv").write_text("file,score\n000.png,1\n")
    gallery = open_folder(folder, settings)
    assert columns.names(gallery) == [*columns.OWN, "score"]
    values = columns.column(gallery, name)
    assert len(values) == len(gallery)
    wanted = {"name": "in/deep/x.png", "label": "in", "folder": "in/deep", "pixels": 256, "aspect ratio": 1}
    assert values[-1] == wanted.get(name, 16)
    assert columns.column(gallery, "score")[0] == 1


def test_labels_that_are_digits_are_categories(tmp_path, settings):
    gallery = open_folder(paint(tmp_path / "own", {"0/a.png": "red", "1/b.png": "red"}), settings)
    assert columns.column(gallery, "label").tolist() == ["0", "1"]
    assert columns.choices(columns.column(gallery, "label"), np.arange(2)) == ["0", "1"]


def test_a_hundred_thousand_are_sorted_and_cut_alike():
    rng = np.random.default_rng(0)
    values = rng.normal(size=100_000)
    order = columns.in_order(values, np.arange(100_000))
    assert (np.diff(values[order]) >= 0).all()
    assert sorted(columns.sections(values, np.arange(100_000))[0].tolist()) == list(range(100_000))
