"""What a criterion asks for: families of the word list, named options, or words the list does not know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from engine.models.keywords.sentences import scan
from engine.models.keywords.words import Term, grammar, lexicon, tokens


@dataclass(frozen=True)
class Question:
    """A criterion as understood.

    Args:
        kind: object, subject, terms (kinds of `roots`), options, or statistics where nothing is known.
        roots: the terms asked about; for object and subject all families of things.
        options: the named answers, as spelled.
        whose: the thing whose quality is asked ("colour of the car"); empty for the subject's.
        ignored: terms that must not answer.
    """

    kind: str
    roots: tuple[Term, ...] = ()
    options: tuple[str, ...] = ()
    whose: str = ""
    ignored: tuple[Term, ...] = ()

    @property
    def family(self) -> str:
        """The one family asked about, where it is one."""
        return self.roots[0].name if self.kind == "terms" else self.kind


@lru_cache(maxsize=256)
def understood(criterion: str, look_at: str = "", ignore: str = "") -> Question:
    """Read a criterion; `look_at` helps where it says nothing known."""
    if inner := re.fullmatch(r"(.*?)\s*\((?:look at (.*?))?(?:;\s*)?(?:ignore (.*?))?\)", criterion.strip(), re.DOTALL):
        criterion, look_at, ignore = inner[1], look_at or inner[2] or "", ignore or inner[3] or ""
    ignored = tuple(t for m in scan(ignore).mentions for t in m.terms) if ignore else ()
    options = _options(criterion)
    if options:
        head = criterion.split(":")[0] if ":" in criterion else ""
        roots = _plain(head).roots if head else ()
        return Question("options", roots, options, "", ignored)
    found = _plain(criterion)
    if found.kind == "statistics" and look_at:
        found = _plain(look_at)
    whose = found.whose
    if look_at and not whose and found.family in _QUALITIES:  # "colour", looking at "the car"
        things = [m for m in scan(look_at).mentions if m.thing]
        whose = " ".join(scan(look_at).tokens[things[-1].start : things[-1].end]) if things else ""
    return Question(found.kind, found.roots, (), whose, ignored)


def _options(criterion: str) -> tuple[str, ...]:
    said = criterion.split(":", 1)[-1] if ":" in criterion else criterion
    said = said.strip().rstrip("?.")
    if re.fullmatch(r"[\w-]+\s*/\s*[\w-]+", said):
        return tuple(part.strip() for part in said.split("/"))
    if ":" in criterion:
        parts = re.split(r"\s*(?:,\s*or\s|\bor\b|\bvs\.?|\bversus\b|/|,|;|\|)\s*", said)
    else:
        parts = re.split(r"\s*(?:,\s*or\s|\bor\b|\bvs\.?|\bversus\b)\s*", said)
        if len(parts) > 1:
            parts = [p for part in parts for p in re.split(r"\s*,\s*", part)]
            parts[0] = re.sub(r"^(?:is (?:it|this|there)|whether|either)\s+", "", parts[0], flags=re.I)
    parts = [re.sub(r"^(?:an?|the)\s+", "", p.strip(), flags=re.I) for p in parts]
    parts = list(dict.fromkeys(p for p in parts if p))
    return tuple(parts) if len(parts) > 1 and all(len(p) < 60 for p in parts) else ()


def _plain(criterion: str) -> Question:
    said = tokens(criterion)
    words = lexicon()
    if " ".join(said) in words.asked:
        return _asked(words.asked[" ".join(said)])
    if owned := re.fullmatch(
        r"(?:the )?(?:main )?(.+?) (?:of|on|in) (?:an?|the|its|their|his|her)? ?(.+)", " ".join(said)
    ):
        quality, whose = _plain(owned[1]), owned[2]
        if quality.kind == "terms":
            return quality if whose in _WHOLE else Question("terms", quality.roots, (), whose)
        if owned[1].split()[-1] in ("kind", "type", "sort", "breed", "species", "class", "name"):
            return _plain(whose)
    for size in range(min(len(said), 4), 0, -1):
        for start in range(len(said) - size, -1, -1):
            if found := _within(said, start, start + size):
                return found
    return Question("statistics")


def _within(said: list[str], start: int, end: int) -> Question | None:
    """What the words from `start` to `end` ask for; the words around them may say of what."""
    words = lexicon()
    phrase = " ".join(said[start:end])
    names = words.asked.get(phrase) or words.asked.get(phrase.removesuffix("s"))
    if not names:
        parents = tuple(t for t in words.named(phrase) if t.children)
        return Question("terms", parents[:1]) if parents else None
    found = _asked(names)
    after = [w for w in said[end:] if w not in _FILLER]
    before = [w for w in said[:start] if w not in _FILLER and len(w) > 1]
    if phrase == "how many" and after:
        return Question("terms", found.roots, (), after[0])
    if found.family in _QUALITIES and before and (words.named(before[-1]) or before[-1] in grammar()["part"]):
        return Question("terms", found.roots, (), before[-1])
    return found


_WHOLE = frozenset(("image", "picture", "photo", "scene", "day", "object", "subject", "photograph"))
_FILLER = frozenset(
    ("main", "dominant", "the", "of", "kind", "type", "sort", "what", "which", "is", "primary", "overall", "general")
)
_QUALITIES = frozenset(("colour", "material", "pattern", "size", "shape", "condition", "count", "style", "activity"))


def _asked(names: tuple[str, ...]) -> Question:
    words = lexicon()
    if names[0] in ("object", "subject"):
        return Question(names[0], tuple(t for t in words.families.values() if "object" in t.tags))
    if names[0] == "background":
        return Question("terms", (words.families["place"],), (), "background")
    if names[0] == "activity":
        return Question("terms", (words.families["activity"], words.families["sport"]))
    return Question("terms", (_term(names[0]),))


@lru_cache(maxsize=128)
def _term(name: str) -> Term:
    words = lexicon()
    if name in words.families:
        return words.families[name]
    return next(t for t in words.terms() if t.name == name and t.children)
