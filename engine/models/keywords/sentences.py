"""Who does what in a description, read word by word: what is the subject, what is held, what is only behind it.

No grammar is parsed. A noun keeps the rank of the last word that opened its place: nothing (MAIN), a verb (OBJECT),
"with" (PART) or a preposition (BEHIND); verbs of showing and the ends of clauses take the rank back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from engine.models.keywords.words import Found, Term, grammar, lexicon, singular

MAIN, OBJECT, PART, BEHIND = 0.0, 1.0, 2.0, 3.0
_LONGEST = 8000  # characters read of a text
_TOKEN = re.compile(r"[^\W_]+(?:['’][a-z]+)?|[.!?;,:]")

_PREPOSITIONS, _WITH, _SHOWING, _AGAIN = (grammar()[name] for name in ("preposition", "with", "showing", "again"))
_NO, _DETERMINERS, _META = (grammar()[name] for name in ("no", "determiner", "picture"))
_CARRIERS, _LIKENESS, _VAGUE = (grammar()[name] for name in ("carrier", "likeness", "vague"))
_SMALL = _PREPOSITIONS | _WITH | _SHOWING | _AGAIN | _NO | _DETERMINERS | _META | {*".,;:!?", "of", "but", "and"}
_NOUN_COMES = _DETERMINERS | _PREPOSITIONS | {"of", "with"}
_STOPS = _PREPOSITIONS | _WITH | _SHOWING | _AGAIN | _NO | grammar()["stop"]


@dataclass(slots=True)
class Mention:
    """Words of the list in a text: tokens `start` to `end` (exclusive)."""

    start: int
    end: int
    terms: tuple[Term, ...]
    rank: float
    sentence: int
    negated: bool = False
    plural: bool = False
    thing: bool = False


@dataclass(slots=True)
class Scan:
    """A text's tokens and what was found in them, in order."""

    tokens: list[str]
    mentions: list[Mention]


@lru_cache(maxsize=2048)
def scan(text: str) -> Scan:
    """Find every word of the list, with its place in its sentence."""
    said = _TOKEN.findall(text[:_LONGEST].casefold())
    return Scan(said, _Reader(said).read())


class _Reader:
    def __init__(self, said: list[str]) -> None:
        self.said, self.mentions = said, []
        self.rank, self.sentence, self.negated = MAIN, 0, False
        self.leading = False  # the sentence began with a preposition
        self.open = False  # inside a noun phrase whose noun has not come

    def read(self) -> list[Mention]:
        """One pass."""
        surfaces, n, said, i = lexicon().surfaces, len(self.said), self.said, 0
        while i < n:
            token = said[i]
            phrases = surfaces.get(token)
            if phrases is not None:
                i += self._found(i, token, phrases)
                continue
            if len(token) > 2 and token[-2] in "'’" and (phrases := surfaces.get(token[:-2])) and not phrases[-1].rest:
                self._mention(i, phrases[-1])
                self.mentions[-1].rank += 0.5
            else:
                self._word(i, token)
            i += 1
        return self.mentions

    def _found(self, i: int, token: str, phrases: tuple[Found, ...]) -> int:
        """Read the longest phrase that stands at `i`; how many tokens it took."""
        said = self.said
        after = said[i + 1] if i + 1 < len(said) else ""
        for found in phrases:
            if found.rest and (found.rest[0] != after or tuple(said[i + 1 : i + found.size]) != found.rest):
                continue
            if found.verb and i and said[i - 1] in _NOUN_COMES:  # "in a park", "the building"
                if found.noun is None:
                    continue
                found = found.noun
            self._mention(i, found)
            # The horse in "riding a horse" counts, too.
            return 1 if found.verb and found.noun is None else found.size
        self._word(i, token)
        return 1

    def _mention(self, start: int, found: Found) -> None:
        said, end = self.said, start + found.size
        token = said[start]
        rank = BEHIND if found.rest and token in _PREPOSITIONS else self.rank  # such as "under the stars"
        mention = Mention(start, end, found.terms, rank, self.sentence, self.negated, found.plural, found.thing)
        last = self.mentions[-1] if self.mentions else None
        if found.thing and last and last.thing and last.end == start:
            last.rank += PART if said[last.start] in _LIKENESS else 0.5  # the last noun is the head
        self.mentions.append(mention)
        if found.verb:
            if self.leading:  # "on the table lies a book"
                self.rank, self.leading = MAIN, False
            elif self.rank == MAIN and not self.open:
                self.rank = OBJECT
        elif not found.adjective:
            self.open = False
        if end < len(said) and said[end] == "of" and said[end - 1] in _CARRIERS:
            mention.rank += PART
        if token in _WITH:
            self.rank = max(self.rank, PART)

    def _word(self, i: int, token: str) -> None:
        if token in _SMALL or token.endswith("ing") or "'" in token or "’" in token:
            self._small(i, token)

    def _small(self, i: int, token: str) -> None:  # noqa: C901  one branch a kind of word
        if token in _DETERMINERS:
            self.open = True
            if token == "no":
                self.negated = True
        elif token in _PREPOSITIONS:
            if i == 0 or self.said[i - 1] in ".!?;":
                self.leading = True
            self.rank, self.negated, self.open = BEHIND, False, False
        elif token in ".!?;":
            self.rank, self.negated, self.open, self.leading = MAIN, False, False, False
            self.sentence += 1
        elif token in ",:":
            self._pause(self.said[i + 1] if i + 1 < len(self.said) else "")
        elif token in _SHOWING:
            self.rank, self.open, self.leading = MAIN, False, False
            if not (i and self.said[i - 1] in ("no", "not")):
                self.negated = False
        elif token == "of":
            if not (i and self.said[i - 1] in _CARRIERS):
                self.rank = max(self.rank, OBJECT)
            self.open = False
        elif token in _WITH:
            self.rank, self.negated, self.open = max(self.rank, PART), token == "without", False
        elif token in _META:
            if self.rank == BEHIND and self.leading:
                self.rank, self.leading = MAIN, False
        elif token in _NO or token.endswith(("n't", "n’t")):
            self.negated = not (i + 1 < len(self.said) and self.said[i + 1] == "only")
        elif token == "but":
            self.negated = False
        elif token == "and":  # "no people and a boat", but "no people and boats"
            self.negated = self.negated and not (i + 1 < len(self.said) and self.said[i + 1] in _DETERMINERS)
        elif token.endswith("ing") and self.rank == MAIN and not self.open and i:
            self.rank = OBJECT
        elif token in _AGAIN:
            self.rank = MAIN

    def _pause(self, after: str) -> None:
        self.open = False
        if self.leading or after in _AGAIN:
            self.rank, self.leading = MAIN, False
        elif after.endswith("ing") and self.rank == BEHIND:
            self.rank = OBJECT


def heads(said: list[str], first_only: bool = True) -> list[str]:
    """The head nouns of noun phrases whose words the list does not know, in order; only the subject's if asked."""
    found, i, n = [], 0, len(said)
    surfaces = lexicon().surfaces
    while i < n:
        if said[i] in _PREPOSITIONS and first_only:
            i += 1
            if found:
                break
            while i < n and said[i] not in ".,;:!?" and said[i] not in _SHOWING:  # over the whole phrase
                i += 1
            continue
        if said[i] in _DETERMINERS or (i == 0 and said[i].isalpha()):
            j = i + (said[i] in _DETERMINERS)
            start = j
            while j < n and said[j].isalpha() and said[j] not in _STOPS and said[j] not in _DETERMINERS:
                if j > start and said[j].endswith(("ing", "ed", "ly")):
                    break
                j += 1
            if (
                j > start
                and said[j - 1] not in _VAGUE
                and not said[j - 1].endswith("ing")
                and said[j - 1] not in surfaces
                and len(said[j - 1]) > 2
            ):
                found.append(singular(said[j - 1]))
            i = max(j, i + 1)
        else:
            i += 1
        if first_only and found:
            break
    return found
