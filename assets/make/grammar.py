"""How a postcard is said: captions from a small grammar, and the factors read back from a caption.

Every value of a factor has several wordings and no wording belongs to two values, so that reading is exact.
"""

import random
import re
from typing import NamedTuple

from .scene import FACTORS, Scene

COUNT_WORDS: dict[int, tuple[str, ...]] = {
    1: ("a", "one", "a single"),
    2: ("two", "a pair of", "a couple of"),
    3: ("three", "a trio of", "a group of three"),
}
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "bright red", "crimson"),
    "blue": ("blue", "bright blue", "azure"),
    "green": ("green", "bright green", "emerald"),
    "yellow": ("yellow", "bright yellow", "lemon"),
    "purple": ("purple", "deep purple", "violet"),
    "white": ("white", "pure white", "ivory"),
}
SUBJECT_WORDS: dict[str, tuple[tuple[str, str], ...]] = {  # singular and plural
    "house": (("house", "houses"), ("cottage", "cottages"), ("little home", "little homes")),
    "car": (("car", "cars"), ("automobile", "automobiles"), ("motor car", "motor cars")),
    "balloon": (("balloon", "balloons"), ("hot-air balloon", "hot-air balloons"), ("air balloon", "air balloons")),
    "umbrella": (("umbrella", "umbrellas"), ("parasol", "parasols"), ("brolly", "brollies")),
    "cat": (("cat", "cats"), ("kitten", "kittens"), ("pussycat", "pussycats")),
    "rocket": (("rocket", "rockets"), ("rocket ship", "rocket ships"), ("spaceship", "spaceships")),
}
PLACE_WORDS: dict[str, tuple[tuple[str, str], ...]] = {  # preposition and place
    "beach": (("on", "a beach"), ("on", "the beach"), ("by", "the seaside")),
    "forest": (("in", "a forest"), ("in", "the woods"), ("among", "forest trees")),
    "city": (("in", "a city"), ("in", "the city"), ("on", "a street downtown")),
    "desert": (("in", "a desert"), ("in", "the desert"), ("among", "desert dunes")),
    "mountains": (("in", "the mountains"), ("among", "snowy mountains"), ("below", "snowy peaks")),
    "harbour": (("in", "a harbour"), ("at", "the harbour"), ("on", "a quay")),
}
TIME_WORDS: dict[str, tuple[str, ...]] = {
    "sunny": ("on a sunny day", "in bright sunshine", "under a sunny sky"),
    "sunset": ("at sunset", "in the evening glow", "as the sun goes down"),
    "night": ("at night", "by moonlight", "under the stars"),
    "foggy": ("in the fog", "on a foggy day", "in thick mist"),
}
_POSTURES = {
    "house": ("stands", "stand"),
    "car": ("is parked", "are parked"),
    "balloon": ("floats", "float"),
    "umbrella": ("stands open", "stand open"),
    "cat": ("sits", "sit"),
    "rocket": ("flies", "fly"),
}
_KINDS = ("a picture", "a postcard", "a drawing", "an image")


class Caption(NamedTuple):
    """A sentence, the factors it names, and whether it speaks of several things without counting them."""

    text: str
    factors: tuple[str, ...]
    several: bool | None = None  # None where it says nothing of the kind, or counts

    def holds(self, own: Scene, other: Scene) -> bool:
        """True if the sentence, said of `own`, is true of `other`: what makes a positive pair in training."""
        if self.several is not None and self.several != (other.count > 1):
            return False
        return all(getattr(own, factor) == getattr(other, factor) for factor in self.factors)


def full_caption(scene: Scene, rng: random.Random) -> Caption:
    """A sentence that names all five factors."""
    thing, where, when = _thing(scene, rng, tuple(FACTORS)), _where(scene, rng), rng.choice(TIME_WORDS[scene.time])
    posture = _POSTURES[scene.subject][scene.count > 1]
    forms = (
        f"{thing} {where} {when}",
        f"{thing} {when} {where}",
        f"{when}, {thing} {posture} {where}",
        f"{where}, {thing} {posture} {when}",
        f"{rng.choice(_KINDS)} of {thing} {where} {when}",
    )
    return Caption(_sentence(rng.choice(forms)), tuple(FACTORS))


def partial_caption(scene: Scene, rng: random.Random, factors: tuple[str, ...]) -> Caption:
    """A sentence that names only the factors given: one, or several."""
    words = []
    if {"count", "colour", "subject"} & set(factors):
        words.append(_thing(scene, rng, factors))
    if "place" in factors:
        words.append(_where(scene, rng) if words else rng.choice(PLACE_WORDS[scene.place])[1])
    if "time" in factors:
        words += [rng.choice(TIME_WORDS[scene.time])] if words else ["a scene", rng.choice(TIME_WORDS[scene.time])]
    text = " ".join(words)
    if rng.random() < 0.5 and words[0] != "a scene":
        text = f"{rng.choice(_KINDS)} of {text}"
    uncounted = "subject" in factors and "count" not in factors
    named = tuple(factor for factor in FACTORS if factor in factors)
    return Caption(_sentence(text), named, scene.count > 1 if uncounted else None)


def captions(scene: Scene, rng: random.Random, partial: int = 4) -> list[Caption]:
    """One full caption, then `partial` ones that name one or two factors each, chosen at random."""
    factors = tuple(FACTORS)
    return [
        full_caption(scene, rng),
        *(partial_caption(scene, rng, tuple(rng.sample(factors, rng.choice((1, 1, 2))))) for _ in range(partial)),
    ]


def read(text: str) -> dict[str, str | int]:
    """The factors that a caption names, with their values; empty if it names none.

    Tells how well a model's caption fits. A subject in the singular counts as one.
    """
    words = f" {' '.join(re.findall(r'[a-z-]+', text.lower()))} "
    found: dict[str, str | int] = {}
    for factor, wordings in _LEXICON.items():
        values = [value for wording, value in wordings if f" {wording} " in words]
        if values:
            found[factor] = values[0]
    if "count" not in found and re.search(_SINGULAR, words) and not re.search(_PLURAL, words):
        found["count"] = 1
    return {factor: found[factor] for factor in FACTORS if factor in found}


def _thing(scene: Scene, rng: random.Random, factors: tuple[str, ...]) -> str:
    colour = rng.choice(COLOUR_WORDS[scene.colour]) if "colour" in factors else ""
    if "subject" not in factors and "count" not in factors:
        return f"something {colour}"
    several = scene.count > 1
    noun = rng.choice(SUBJECT_WORDS[scene.subject])[several] if "subject" in factors else ("thing", "things")[several]
    described = f"{colour} {noun}".strip()
    articles = ("",) if several else ("a",)
    number = rng.choice(COUNT_WORDS[scene.count] if "count" in factors else articles)
    if number == "a" and described[0] in "aeiou":
        number = "an"
    return f"{number} {described}".strip()


def _where(scene: Scene, rng: random.Random) -> str:
    preposition, place = rng.choice(PLACE_WORDS[scene.place])
    if scene.subject in ("balloon", "rocket"):
        preposition = rng.choice(("over", "above"))
    return f"{preposition} {place}"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _bare(wording: str) -> str:
    """The wording without its leading articles and prepositions: what is left tells the value."""
    return re.sub(r"^((a|an|the|in|on|at|by|under|as) )+", "", wording)


_LEXICON: dict[str, list[tuple[str, str | int]]] = {
    "count": [("one", 1), ("single", 1), ("two", 2), ("pair", 2), ("couple", 2), ("three", 3), ("trio", 3)],
    "colour": [(w, colour) for colour, wordings in COLOUR_WORDS.items() for w in wordings],
    "subject": [(w, subject) for subject, nouns in SUBJECT_WORDS.items() for pair in nouns for w in pair],
    "place": [(_bare(w), place) for place, wordings in PLACE_WORDS.items() for _, w in wordings],
    "time": [(_bare(w), time) for time, wordings in TIME_WORDS.items() for w in wordings],
}
_SINGULAR, _PLURAL = (
    rf"\b({'|'.join([thing, *(nouns[i] for wordings in SUBJECT_WORDS.values() for nouns in wordings)])})\b"
    for i, thing in enumerate(("thing", "things"))
)
