"""Statements as words: refused, the same, cut."""

from __future__ import annotations

import pytest

from engine.analyses.differences.wording import bare, cleaned, content, ladder, says_the_same, stem


@pytest.mark.parametrize(
    "said",
    ["", "  ", '""', "the of a", "images of dogs", "a photo of a dog", "pictures that show snow", "group A has dogs",
     "more dogs than cats", "captions with the word yoga", "stock photo of yoga", "x" * 200],
)  # fmt: skip
def test_what_is_no_statement_is_refused(said):
    assert cleaned(said)[1]


@pytest.mark.parametrize(
    ("said", "clean"),
    [('* "a red car" ', "a red car"), ("- snow.", "snow"), ("people  in\na group", "people in a group"),
     ("“Yoga poses”", "Yoga poses"), ("a picture frame on a wall", "a picture frame on a wall")],
)  # fmt: skip
def test_what_surrounds_a_statement_goes(said, clean):
    assert cleaned(said) == (clean, "")


def test_words_of_one_stem():
    assert len({stem(w) for w in ("meditate", "meditates", "meditating", "meditation", "meditations")}) == 1
    assert stem("mountains") == stem("mountain")
    assert content("an automobile by the sea") == content("cars on a sea")
    assert content("two cats") != content("cats")


def test_what_says_the_same():
    assert says_the_same("yoga in the mountains", "Mountain yoga")
    assert says_the_same("an azure car", "a blue automobile")
    assert not says_the_same("yoga in the mountains", "yoga")
    assert not says_the_same("red car", "blue car")


def test_a_ladder_has_the_parts_that_can_be_left():
    one = ladder("Yoga on a wooden deck in winter")
    assert (one.head, one.modifiers) == ("Yoga", ("on a wooden deck", "in winter"))
    assert set(one.parts) == {
        "Yoga on a wooden deck in winter", "Yoga", "wooden deck", "winter", "Yoga on a wooden deck", "Yoga in winter",
    }  # fmt: skip
    assert one.without(frozenset(("winter",))) == "Yoga on a wooden deck"
    assert one.without(frozenset(("winter", "wooden deck"))) == "Yoga"
    assert one.without(frozenset(("Yoga", "winter"))) == "wooden deck"
    assert one.without(frozenset(("Yoga", "winter", "wooden deck"))) == ""
    assert one.without(frozenset()) == one.whole
    for dropped in ((), ("winter",), ("wooden deck",), ("winter", "wooden deck"), ("Yoga", "winter")):
        assert one.without(frozenset(dropped)) in one.parts


def test_what_has_no_modifier_has_one_part():
    assert ladder("a red car").parts == ("a red car",)
    assert ladder("in the snow").parts == ("in the snow",)
    many = ladder("a cat on a mat in a house near a lake")
    assert many.modifiers == ("on a mat", "in a house near a lake")
    assert bare("in front of the house") == "front of the house" or bare("in front of the house")
