"""Names in one line, and back."""

import pytest

from engine.typed import read_names, written_names


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", ()),
        (" , ,", ()),
        ("dog,cat", ("dog", "cat")),
        (" dog ,  black  cat ", ("dog", "black cat")),
        ('dog, "Rome, at night"', ("dog", "Rome, at night")),
        ('5" pipe, dog', ('5" pipe', "dog")),
        ('"Rome, at night', ("Rome, at night",)),  # a quote that was forgotten
        ("one\ntwo", ("one two",)),
    ],
)
def test_read(line, names):
    assert read_names(line) == names


def test_what_was_read_is_written_as_before():
    assert written_names(("dog", "Rome, at night")) == 'dog, "Rome, at night"'
    for names in ((), ("dog", "Rome, at night"), ('"best"', '5" pipe', "a,", ",", '","')):
        assert read_names(written_names(names)) == names
