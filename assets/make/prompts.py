"""Texts about one factor: what the models learn to tell apart beyond the grammar, and what they are examined with."""

import random
from dataclasses import replace

from .grammar import COUNT_WORDS, PLACE_WORDS, SUBJECT_WORDS, TIME_WORDS, partial_caption
from .scene import FACTORS, Scene

# One plain prompt a value: the examination.
PLAIN_PROMPTS: dict[str, dict[str | int, str]] = {
    "place": {place: f"A picture of {wordings[0][1]}." for place, wordings in PLACE_WORDS.items()},
    "subject": {
        subject: f"A picture of a {nouns[0][0]}.".replace("a u", "an u") for subject, nouns in SUBJECT_WORDS.items()
    },
    "colour": {colour: f"A picture of something {colour}." for colour in FACTORS["colour"]},
    "time": {time: f"A scene {wordings[0]}." for time, wordings in TIME_WORDS.items()},
    "count": {1: "A picture of one thing.", 2: "A picture of two things.", 3: "A picture of three things."},
}

# Bare words and short phrases, as an analysis may ask for them.
WORD_PROMPTS: dict[str, dict[str | int, tuple[str, ...]]] = {
    "place": {
        "beach": ("beach", "seaside", "a beach", "sandy beach", "by the sea"),
        "forest": ("forest", "woods", "a forest", "woodland", "in the forest"),
        "city": ("city", "downtown", "a city", "urban", "city street"),
        "desert": ("desert", "dunes", "a desert", "desert dunes", "in the desert"),
        "mountains": ("mountains", "mountain", "snowy mountains", "snowy peaks", "in the mountains"),
        "harbour": ("harbour", "harbor", "a harbour", "port", "quay"),
    },
    "subject": {
        subject: tuple(word for pair in nouns for word in (*pair, f"a {pair[0]}"))
        for subject, nouns in SUBJECT_WORDS.items()
    },
    "colour": {
        colour: (f"{colour}", f"{colour} colour", f"something {colour}", f"a {colour} thing", f"{colour} things")
        for colour in ("red", "blue", "green", "yellow", "purple", "white")
    },
    "time": {
        "sunny": ("sunny", "sunny day", "sunshine", "daytime", "bright sunny day"),
        "sunset": ("sunset", "at sunset", "evening", "dusk", "evening glow"),
        "night": ("night", "at night", "nighttime", "moonlight", "dark night"),
        "foggy": ("foggy", "fog", "mist", "foggy day", "misty"),
    },
    "count": {
        1: ("one", "1", "one object", "a single object", "one thing", "single", *COUNT_WORDS[1][1:]),
        2: ("two", "2", "two objects", "a pair of objects", "two things", "pair", *COUNT_WORDS[2]),
        3: ("three", "3", "three objects", "a group of three objects", "three things", "trio", *COUNT_WORDS[3]),
    },
}
_FRAMES = ("{}", "a photo of {}", "a picture of {}", "an image of {}", "{}, a picture", "this is {}")


def prompts(factor: str, rng: random.Random) -> list[str]:
    """One text for each value of a factor: from the grammar, or the bare word in some frame, the same for all."""
    frame = rng.choice(_FRAMES)
    from_grammar = rng.random() < 0.5
    texts = []
    for value in FACTORS[factor]:
        if from_grammar:
            other = Scene("beach", "cat", "red", "night", rng.choice((1, 2, 3)), 0)
            text = partial_caption(replace(other, **{factor: value}), rng, (factor,)).text
        else:
            text = frame.format(rng.choice(WORD_PROMPTS[factor][value]))
        texts.append(loosened(text, rng))
    return texts


def loosened(text: str, rng: random.Random) -> str:
    """The text as people type it: often in lower case and without a full stop."""
    if rng.random() < 0.5:
        text = text.removesuffix(".")
    return text.lower() if rng.random() < 0.5 else text[0].upper() + text[1:]
