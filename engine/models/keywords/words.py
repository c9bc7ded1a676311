"""The word list (engine/models/words): terms in families, the forms of their words, what they say of places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parents[1] / "words"
_PLACE_WEIGHTS = {"indoor": 1, "indoor2": 3, "outdoor": -1, "outdoor2": -3, "neutral": 0}


@dataclass(eq=False)
class Term:
    """One entry. `place` is above 0 where the term speaks for indoors, below 0 for outdoors."""

    name: str
    parent: Term | None
    words: list[str] = field(default_factory=list)
    tags: frozenset[str] = frozenset()
    basic: bool = False
    place: int = 0
    children: list[Term] = field(default_factory=list)
    chain: tuple[Term, ...] = field(init=False)  # itself, its parent, and so on up to the family

    def __post_init__(self) -> None:
        self.chain = (self, *(self.parent.chain if self.parent else ()))

    @property
    def family(self) -> Term:
        """The root it belongs to."""
        return self.chain[-1]

    def usual(self, within: Term | None = None) -> Term:
        """The word most people would use: the highest basic term above it, but below `within`."""
        found = self
        for term in self.chain:
            if term is within:
                break
            if term.basic:
                found = term
        return found

    def under(self, other: Term) -> bool:
        """Whether it is `other` or a kind of it."""
        return other in self.chain


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase as it may stand in a text: its tokens after the first, its senses, and what kind of word it is."""

    rest: tuple[str, ...]
    terms: tuple[Term, ...]
    plural: bool
    verb: bool  # in one sense at least
    thing: bool
    adjective: bool
    size: int  # in tokens
    noun: Found | None = None  # the senses that are no verb, where there are both


@dataclass(frozen=True)
class Lexicon:
    """All terms.

    Args:
        families: roots by name.
        surfaces: first token -> the phrases that begin so, longest first.
        phrases: tokens of a phrase -> what it may mean.
        asked: how people ask -> the names of what they mean.
    """

    families: Mapping[str, Term]
    surfaces: Mapping[str, tuple[Found, ...]]
    phrases: Mapping[tuple[str, ...], tuple[Term, ...]]
    asked: Mapping[str, tuple[str, ...]]

    def terms(self) -> Iterator[Term]:
        """Every term, families first."""
        return _all(self.families.values())

    def named(self, words: str) -> tuple[Term, ...]:
        """The terms that `words` is a form of."""
        return self.phrases.get(tuple(tokens(words)), ())


def tokens(text: str) -> list[str]:
    """Words in lower case; hyphens separate."""
    return re.findall(r"[^\W_]+", text.casefold())


@cache
def lexicon() -> Lexicon:
    """The list as shipped, read once."""
    families: dict[str, Term] = {}
    for path in sorted(WORDS.glob("*.txt")):
        if path.name not in ("criteria.txt", "grammar.txt"):
            _read(path.read_text(encoding="utf-8"), families)
    forms: defaultdict[tuple[str, ...], dict[Term, bool]] = defaultdict(dict)  # to whether it is a plural
    for term in _all(families.values()):
        for word in term.words if "group" not in term.tags else ():
            for said, many in _forms(tuple(tokens(word)), term.tags):
                forms[said].setdefault(term, many)
    surfaces: defaultdict[str, list[Found]] = defaultdict(list)
    for said, terms in sorted(forms.items(), key=lambda one: -len(one[0])):
        parts = [forms.get((word,), {}) for word in said] if said[1:] else []
        within = [term for senses in parts for term in senses if {"adj", "inner"} & term.tags]
        surfaces[said[0]].append(_found(said, terms, within))
    return Lexicon(
        families,
        {first: tuple(found) for first, found in surfaces.items()},
        {said: tuple(terms) for said, terms in forms.items()},
        _asked(),
    )


@cache
def grammar() -> dict[str, frozenset[str]]:
    """Small words by what they do (words/grammar.txt)."""
    lines = (WORDS / "grammar.txt").read_text(encoding="utf-8").splitlines()
    parts = (line.split(":", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {name: frozenset(words.split()) for name, words in parts}


def _all(families: Iterable[Term]) -> Iterator[Term]:
    waiting = list(families)
    for term in waiting:
        yield term
        waiting.extend(term.children)


def _forms(said: tuple[str, ...], tags: frozenset[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """A phrase and its inflections, each with whether it is a plural."""
    yield said, said[-1] in grammar()["plural"]
    if "verb" in tags:
        if len(said) == 1 and not said[0].endswith("ing"):
            yield from (((form,), False) for form in verb_forms(said[0]))
    elif "adj" not in tags and plural(said[-1]) != said[-1]:
        yield (*said[:-1], plural(said[-1])), True


def _found(said: tuple[str, ...], terms: Mapping[Term, bool], within: Iterable[Term] = ()) -> Found:
    """`within` are qualities that a part of the phrase names: a stone wall is of stone, too."""
    nouns = {term: many for term, many in terms.items() if "verb" not in term.tags}
    return Found(
        said[1:],
        (*terms, *(term for term in within if term not in terms)),
        plural=all(terms.values()),
        verb=len(nouns) < len(terms),
        thing=any("object" in term.tags for term in terms),
        size=len(said),
        adjective=all("adj" in term.tags for term in terms),
        noun=_found(said, nouns, within) if nouns and len(nouns) < len(terms) else None,
    )


def plural(word: str) -> str:
    """The regular plural; a word that looks like one already stays."""
    if word in grammar()["plural"] or (word.endswith("s") and not word.endswith(("ss", "us", "is"))):
        return word
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if word.endswith(("leaf", "calf", "loaf", "shelf", "wolf", "scarf")):
        return word[:-1] + "ves"
    return word + ("es" if word in ("tomato", "potato", "mango", "buffalo", "mosquito", "volcano", "tornado") else "s")


def singular(word: str) -> str:
    """Back from a plural, for words outside the list."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes")) else word[:-1]


def third(verb: str) -> str:
    """He does."""
    return verb + "es" if verb.endswith(("s", "x", "ch", "sh")) else plural(verb)


def verb_forms(verb: str) -> tuple[str, ...]:
    """Regular -s, -ing and -ed."""
    stem = verb
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", verb):
        stem = verb + verb[-1]
    if verb.endswith("e") and not verb.endswith("ee"):
        return third(verb), verb[:-1] + "ing", verb + "d"
    past = verb[:-1] + "ied" if re.search(r"[^aeiou]y$", verb) else stem + "ed"
    return third(verb), stem + "ing", past


def _read(text: str, families: dict[str, Term]) -> None:
    here: dict[str, Term] = {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        said, *tags = [part.strip() for part in line.split("@")]
        parent = None
        if ">" in said:
            above, said = (part.strip() for part in said.split(">"))
            parent = here[above]
        for entry in said.split(","):
            names = [name.strip() for name in entry.split("/") if name.strip()]
            term = _term(names, parent, tags)
            here[term.name] = term
            if parent is None:
                families[term.name] = term


def _term(names: list[str], parent: Term | None, tags: list[str]) -> Term:
    basic = names[0].endswith("!")
    names[0] = names[0].rstrip("!")
    term = next((t for t in parent.children if t.name == names[0]), None) if parent else None
    if term is None:
        term = Term(names[0], parent)
        if parent:
            parent.children.append(term)
    term.words = list(dict.fromkeys([*term.words, *names]))
    term.basic = term.basic or basic
    own = [_PLACE_WEIGHTS[tag] for tag in tags if tag in _PLACE_WEIGHTS]
    term.place = own[0] if own else parent.place if parent else 0
    inherited = parent.tags - {"weak", "group", "inner"} if parent else frozenset()
    term.tags = term.tags | inherited | {tag for tag in tags if tag not in _PLACE_WEIGHTS}
    return term


def _asked() -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in (WORDS / "criteria.txt").read_text(encoding="utf-8").splitlines():
        if line.split("#")[0].strip():
            name, ways = line.split(":")
            for way in [name, *ways.split(",")]:
                found[" ".join(tokens(way))].append(name.strip())
    return {way: tuple(names) for way, names in found.items()}
