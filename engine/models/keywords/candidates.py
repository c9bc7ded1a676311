"""What a text offers as an answer to a question, best first: one reader a family, since each is said in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.models.keywords.questions import Question
from engine.models.keywords.sentences import BEHIND, MAIN, OBJECT, PART, Mention, Scan, heads, scan
from engine.models.keywords.words import Term, lexicon, singular, tokens


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer: lower cost first; `words` where the list has no term for it."""

    cost: float
    at: int
    term: Term | None
    words: str = ""


def candidates(text: str, question: Question) -> list[Candidate]:
    """All answers a text offers, best first."""
    read = scan(text)
    return sorted(_READERS.get(question.family, _in_family)(read, question), key=lambda c: (c.cost, c.at))


def spoken(answer: Candidate, question: Question) -> str:
    """The candidate as people would say it."""
    if answer.words or answer.term is None:
        return answer.words
    root = question.roots[0] if question.kind == "terms" else None
    return answer.term.usual(root).name


def _things(read: Scan, question: Question) -> Iterator[Candidate]:
    """Subjects: first of all what the first sentence is about; under "object", people come after things."""
    best = PART
    found: list[Candidate] = []
    for m in read.mentions:
        term = _able(m, question, "object") if m.thing else None
        if term is None or term.family.name == "scenery":
            continue
        cost = m.rank + 2 * min(m.sentence, 2)
        if question.kind == "object" and "person" in term.tags:
            cost += 3.1
        if "worn" in term.tags:
            cost += 1
        found.append(Candidate(cost, m.start, term))
        best = min(best, cost)
    if best >= PART:
        unknown = heads(read.tokens)
        if unknown:
            found.append(Candidate(MAIN, -1, None, unknown[0]))
    yield from _refined(found)


def _refined(found: list[Candidate]) -> list[Candidate]:
    """What is said first in general ("an animal, likely a moose") and then in particular."""
    if not found:
        return found
    first = min(found, key=lambda c: (c.cost, c.at))
    if first.term is None or first.term.basic or not first.term.children:
        return found
    for other in sorted(found, key=lambda c: (c.cost, c.at)):
        if other.term and other.term is not first.term and other.term.under(first.term) and other.cost < BEHIND:
            return [Candidate(first.cost, first.at - 1, other.term), *found]
    return found


def _in_family(read: Scan, question: Question) -> Iterator[Candidate]:
    """Anything of the family, most telling first."""
    found = []
    things = bool(question.roots and "object" in question.roots[0].tags)
    for m in read.mentions:
        term = _able(m, question)
        if term is None or (term in question.roots and "object" not in term.tags):
            continue
        cost = (m.rank if things else 0.0) + min(m.sentence, 2) + (2.5 if "weak" in term.tags else 0)
        found.append(Candidate(cost, m.start, term))
    general = [c for c in found if c.term in question.roots]
    found = [c for c in found if c.term not in question.roots]
    return iter(_refined(found) or general)


def _places(read: Scan, question: Question) -> Iterator[Candidate]:
    """Where it is: a place of its own before sky, water and ground, which are everywhere."""
    found = []
    for m in read.mentions:
        term = _able(m, question)
        if term is None or term.parent is None:
            continue
        cost = min(m.sentence, 2) + (2.5 if "weak" in term.tags else 0)
        if question.whose == "background" and m.rank < BEHIND:
            cost += 1
        if term.children:
            cost += 2
        if m.rank < BEHIND and m.rank != MAIN:
            cost += 0.5
        if term is not m.terms[0] or _follows_noun(read, m):
            cost += 1
        found.append(Candidate(cost, m.start, term))
    if not found:  # in front of a church: a building says where, too
        near = ((m, t) for m in read.mentions if m.rank >= BEHIND and (t := _able(m, _BUILDINGS, "")))
        found = [Candidate(BEHIND + min(m.sentence, 2), m.start, term) for m, term in near if term.parent]
    return iter(found)


_BUILDINGS = Question("terms", (lexicon().families["structure"],))


def _follows_noun(read: Scan, m: Mention) -> bool:
    """Whether the place only tells which thing is meant ("kitchen table", "street sign")."""
    return any(o.start == m.end and "object" in o.terms[0].tags for o in read.mentions)


def _colours(read: Scan, question: Question) -> Iterator[Candidate]:
    """Colours of the subject, or of the thing asked about; "red and white" stays together."""
    of = [m for m in read.mentions if _able(m, question)]
    at = _named_at(read, question.whose) if question.whose else None
    taken = -1
    for n, m in enumerate(of):
        if m.start < taken:
            continue
        term = _able(m, question)
        if term is None or term in question.roots:
            continue
        name, end = term.usual().name, m.end
        following = of[n + 1] if n + 1 < len(of) else None
        if following and read.tokens[end : following.start] == ["and"] and following.rank == m.rank:
            other = _able(following, question)
            if other and other.name != name:
                name, end = f"{name} and {other.usual().name}", following.end
        taken = end
        if at is not None:
            if not any(_belongs(read, m.start, end, place) for place in at):
                continue
            yield Candidate(0, m.start, None, name)
        elif _is_photo(read, end):
            continue
        else:
            cost = m.rank + 1.5 * min(m.sentence, 2)
            yield Candidate(cost, m.start, None if " and " in name else term, name if " and " in name else "")


def _named_at(read: Scan, whose: str) -> list[tuple[int, int]]:
    """Where the thing asked about stands."""
    wanted = {t for w in (whose, singular(whose)) for t in lexicon().named(w)}
    found = [(m.start, m.end) for m in read.mentions if any(t.under(w) for t in m.terms for w in wanted)]
    words = {singular(w) for w in tokens(whose)[-1:]}
    return found or [(i, i + 1) for i, token in enumerate(read.tokens) if singular(token) in words]


def _belongs(read: Scan, start: int, end: int, thing: tuple[int, int]) -> bool:
    between = read.tokens[end : thing[0]]
    if 0 <= thing[0] - end <= 2 and not any(t in ".,;:!?" or t in _CUTS for t in between):
        return True
    after = read.tokens[thing[1] : start]
    return (
        0 < len(after) <= 3
        and after[0] in ("is", "are", "was", "were", "that", "which", "appears")
        and "," not in after
    )


_CUTS = frozenset(("in", "on", "at", "with", "of", "and", "by", "near", "is", "are"))


def _is_photo(read: Scan, end: int) -> bool:
    return end < len(read.tokens) and read.tokens[end] in ("photo", "photograph", "image", "picture", "photos", "film")


def _counts(read: Scan, question: Question) -> Iterator[Candidate]:
    """The number said of the subject; the article counts as one."""
    family = question.roots[0]
    wanted = _named_at(read, question.whose) if question.whose else None
    things = [m for m in read.mentions if any("object" in t.tags for t in m.terms) and not m.negated]
    for m in read.mentions:
        term = _able(m, question)
        if term is None or term is family or m.rank > PART:
            continue
        if wanted is not None and not any(_belongs(read, m.start, m.end, at) for at in wanted):
            continue
        generic = term.name in ("many", "several")
        exact = 0 if any(0 <= t.start - m.end <= 3 for t in things) else 1
        nothing = "person" in term.tags
        yield Candidate(2 * min(m.sentence, 2) + m.rank + exact + generic + nothing, m.start, term)
    subject = next((m for m in things if m.rank <= OBJECT or (m.rank <= PART and m.sentence == 0)), None)
    if wanted is not None:
        subject = next((m for m in things if (m.start, m.end) in wanted), None)
    if subject is None:
        return
    if subject.plural:
        yield Candidate(2.5, subject.start, None, "several")
    elif any(t in ("a", "an") for t in read.tokens[max(0, subject.start - 4) : subject.start]):
        yield Candidate(1.5, subject.start, None, "one")


def _times(read: Scan, question: Question) -> Iterator[Candidate]:
    """The hour; where a text only says "day" or nothing, sun, fog and rain tell what there is to tell."""
    words = lexicon().families
    hours = list(_in_family(read, question))
    if any(c.term and c.term.name != "day" for c in hours):
        yield from (c for c in hours if c.term and c.term.name != "day")
    elif question.roots == (words["time of day"],):
        sky = list(_in_family(read, Question("terms", (words["weather"],), ignored=question.ignored)))
        clear = [c for c in sky if c.term and c.term.name in ("sunny", "fog", "rain", "storm")]
        yield from clear or hours
    else:
        yield from hours


def _styles(read: Scan, question: Question) -> Iterator[Candidate]:
    """How the picture is made: said of the picture, not of something in it."""
    for m in read.mentions:
        term = _able(m, question)
        if term is None or term in question.roots or m.rank == BEHIND:
            continue
        weak = 3 if term.name == "photograph" else 0
        yield Candidate(min(m.sentence, 2) + weak + m.rank / 4, m.start, term)


def _able(m: Mention, question: Question, tag: str = "") -> Term | None:
    """The sense of a mention that may answer."""
    if m.negated:
        return None
    for term in m.terms:
        if question.ignored and any(term.under(t) for t in question.ignored):
            continue
        if tag:
            if tag in term.tags:
                return term
            continue
        for root in question.roots:
            if root in term.chain:
                return term
    return None


_READERS = {
    "object": _things,
    "subject": _things,
    "place": _places,
    "colour": _colours,
    "count": _counts,
    "time of day": _times,
    "style": _styles,
}
