"""Questions that name their answers: "indoor or outdoor", "dog, cat or bird", "with people or without"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.models.keywords.candidates import candidates
from engine.models.keywords.questions import Question
from engine.models.keywords.sentences import BEHIND, Scan, scan
from engine.models.keywords.words import Term, lexicon, singular, tokens


def chosen(text: str, question: Question) -> str:
    """The one of the named options that a text speaks for, or empty."""
    sides = [_side(option) for option in question.options]
    if set(sides) == {"indoor", "outdoor"} and len(sides) == 2:
        weight = inside(text, question.ignored)
        return "" if not weight else question.options[sides.index("indoor" if weight > 0 else "outdoor")]
    if (there := _presence(scan(text), question.options)) is not None:
        return there
    if question.roots:
        plain = Question("terms", question.roots, ignored=question.ignored)
        for candidate in candidates(text, plain):
            if hit := nearest(candidate.term, candidate.words, question.options):
                return hit
    best: list[tuple[float, int, str]] = []
    read = scan(text)
    for option in question.options:
        wanted = _meant(option)
        stems = {singular(w) for w in tokens(option)}
        for m in read.mentions:
            if not m.negated and any(t.under(w) for t in m.terms for w in wanted):
                best.append((m.rank + 2 * min(m.sentence, 2), m.start, option))
                break
        else:
            said = [singular(t) for t in read.tokens]
            if not wanted and stems <= set(said):
                best.append((BEHIND, said.index(next(iter(sorted(stems)))), option))
    return min(best)[2] if best else ""


def _presence(read: Scan, options: Sequence[str]) -> str | None:
    """Where "with people or without" is asked: whether they are mentioned, or denied; None if that is not asked."""
    bare = [re.sub(r"^(?:with no|with|without|no|has|having)\s+", "", o, flags=re.IGNORECASE) for o in options]
    if len(options) != 2 or bare[0] != bare[1]:
        return None
    wanted = _meant(bare[0])
    said = [m.negated for m in read.mentions if any(t.under(w) for t in m.terms for w in wanted)]
    denies = [bool(re.match(r"with no|without|no\b", o, flags=re.IGNORECASE)) for o in options]
    if not said or denies[0] == denies[1]:
        return ""
    return options[denies.index(all(said))]


def nearest(term: Term | None, words: str, names: Sequence[str]) -> str:
    """The name that means the term or something above it, the nearest first; empty where none does."""
    if term is None:
        same = {singular(w) for w in tokens(words)}
        return next((n for n in names if {singular(w) for w in tokens(n)} == same), "")
    hits = [(term.chain.index(w), n) for n in names for w in _meant(n) if term.under(w)]
    return min(hits, key=lambda hit: hit[0])[1] if hits else ""


def _meant(name: str) -> tuple[Term, ...]:
    return lexicon().named(name) or lexicon().named(singular(name.strip()))


def _side(option: str) -> str:
    said = tokens(option)
    if any(w.startswith(("indoor", "inside", "interior")) for w in said):
        return "indoor"
    return "outdoor" if any(w.startswith(("outdoor", "outside", "exterior", "open")) for w in said) else ""


def inside(text: str, ignored: tuple[Term, ...] = ()) -> float:
    """Evidence for indoors (above 0) against outdoors (below 0): each term once, background or not."""
    seen: dict[Term, float] = {}
    for m in scan(text).mentions:
        if m.negated:
            continue
        weighty = max((t for t in m.terms if t not in ignored), key=lambda t: abs(t.place), default=None)
        if weighty is not None and (weighty.place or weighty.name == "window"):
            term = weighty.usual()
            seen[term] = max(seen.get(term, 0.0), abs(weighty.place)) * (1 if weighty.place >= 0 else -1)
    if any(t.name in ("window", "windowsill") for t in seen):
        seen = {t: w for t, w in seen.items() if t.name != "outdoors"}  # what is outside is seen from inside
    return sum(seen.values())
