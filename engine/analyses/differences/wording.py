"""Statements as words: what is refused, what says the same, and what a longer one can be cut to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from engine.models.keywords.words import grammar, lexicon, tokens

LONGEST = 120  # letters of a statement
_QUOTES = "\"'`“”‘’«»*-•· "
_CAPTION_TALK = re.compile(
    r"\b(images?|pictures?|photos?|photographs?|captions?|descriptions?|groups?|sets?|datasets?)\b"
    r"(?= (of|from|in|with|that|which|show|a|b)\b)|\b(set|group|side) [ab]\b|\bstock (photo|image)|\bcaptioned\b"
    r"|\b(more|less|fewer|often|mostly|frequently|compared)\b.*\bthan\b",
    re.IGNORECASE,
)
_ENDINGS = re.compile(r"(?<=\w{3})(ations?|ating|ated|ates?|ings?|ies|ed|es|e|y|s)$")


def cleaned(statement: str) -> tuple[str, str]:
    """A statement without what surrounds it, and why it is refused (empty where it is not)."""
    said = " ".join(statement.split()).strip(_QUOTES + ".;,:")
    if not content(said):
        return said, "it says nothing"
    if len(said) > LONGEST:
        return said, "it is too long"
    if _CAPTION_TALK.search(said):
        return said, "it speaks of pictures or sets, not of what is in them"
    return said, ""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word without the endings of plurals and verbs: meditates, meditating and meditation are one."""
    return _ENDINGS.sub("", word)


def in_one_form(sides: Sequence[Sequence[str]]) -> list[list[str]]:
    """Texts in which every word stands in the form that is most frequent in all of them, such as meditating."""
    words = [[tokens(text) for text in side] for side in sides]
    counts = Counter(word for side in words for text in side for word in text if word not in _small())
    best: dict[str, str] = {}
    for word, _ in sorted(counts.items(), key=lambda c: (-c[1], c[0])):
        best.setdefault(stem(word), word)
    form = {word: best[stem(word)] for word in counts}
    return [[" ".join(form.get(word, word) for word in text) for text in side] for side in words]


@lru_cache(maxsize=16384)
def content(text: str) -> frozenset[str]:
    """Stems of the words that say something; of several words for one thing, the usual one's."""
    said = (word for word in tokens(text) if word not in _small() and len(word) > 1)
    return frozenset(stem(_usual(word)) for word in said)


@lru_cache(maxsize=16384)
def _usual(word: str) -> str:
    """Azure is blue, an automobile a car; what has several senses stays as it is."""
    terms = lexicon().named(word)
    return terms[0].name if len(terms) == 1 and " " not in terms[0].name else word


def says_the_same(one: str, other: str) -> bool:
    """Whether two statements share nearly all their words."""
    a, b = content(one), content(other)
    return len(a & b) >= 0.75 * len(a | b) if a and b else one == other


@dataclass(frozen=True)
class Ladder:
    """A compound statement and its parts.

    Args:
        whole: as proposed.
        head: what stands before the first modifier.
        modifiers: one or two that begin with a preposition or "with".
    """

    whole: str
    head: str
    modifiers: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """What has to be scored to know which part has an effect, the whole among it."""
        return tuple(dict.fromkeys((self.whole, self.head, *map(bare, self.modifiers), *self._shorter)))

    @property
    def _shorter(self) -> tuple[str, ...]:
        return tuple(f"{self.head} {one}" for one in self.modifiers) if len(self.modifiers) > 1 else ()

    def without(self, dropped: frozenset[str]) -> str:
        """The whole less these parts; what is left of it is one of `parts`, or empty."""
        kept = [one for one in self.modifiers if bare(one) not in dropped]
        if len(kept) == len(self.modifiers) and self.head not in dropped:
            return self.whole
        if self.head in dropped:
            return bare(kept[0]) if kept else ""
        return " ".join((self.head, *kept))


def ladder(statement: str) -> Ladder:
    """Split a statement at its prepositions; of more than two modifiers, the second is all that follow."""
    words = statement.split()
    starts = [
        i
        for i, word in enumerate(words)
        if i and word.casefold().strip(",") in _openers() and content(" ".join(words[:i]))
    ]
    ends = [*starts, len(words)][1:]
    starts = [i for i, end in zip(starts, ends, strict=True) if content(" ".join(words[i:end]))]
    if not starts:
        return Ladder(statement, statement, ())
    cuts = [*starts[:2], len(words)]
    said = [" ".join(words[i:j]).strip(",") for i, j in pairwise(cuts)]
    return Ladder(statement, " ".join(words[: starts[0]]).strip(","), tuple(said))


def bare(modifier: str) -> str:
    """A modifier without its preposition and article: "on a wooden deck" is "wooden deck"."""
    words = modifier.split()
    while len(words) > 1 and words[0].casefold() in _openers() | grammar()["determiner"] | {"of"}:
        words = words[1:]
    return " ".join(words)


def _openers() -> frozenset[str]:
    return grammar()["preposition"] | grammar()["with"]


@lru_cache(maxsize=1)
def _small() -> frozenset[str]:
    names = ("preposition", "with", "determiner", "common", "showing")
    numbers = {"one", "two", "three", "four", "five", "six", "several", "many", "few"}
    return frozenset().union(*(grammar()[name] for name in names)) - numbers | {"of", "and", "or"}
