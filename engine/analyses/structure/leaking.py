"""Words of a label in descriptions: a model that was told the label writes it down, and all then goes with it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from engine.analyses.structure.result import Leak
from engine.models.keywords.words import singular, tokens

_INSIDE, _OUTSIDE = 0.5, 0.05  # shares of own and of other descriptions from which, and up to which, a word leaks
_HIDDEN = "thing"


def leaks(texts: Sequence[str], labels: Sequence[str]) -> tuple[Leak, ...]:
    """Words of labels that stand in more than half of their own descriptions and in hardly any other one.

    Only words that the label itself is made of: what merely goes with a label, such as a dog's frisbee, is a finding.
    """
    words = [{singular(word) for word in tokens(text)} for text in texts]
    everywhere = Counter(word for some in words for word in some)
    sizes, held = Counter(labels), defaultdict[str, Counter[str]](Counter)
    for some, label in zip(words, labels, strict=True):
        held[label].update(some)
    found = []
    for label in sorted(set(labels) - {""}):
        n, others = sizes[label], len(texts) - sizes[label]
        if not others:
            continue
        for word in dict.fromkeys([*map(singular, tokens(label)), singular("".join(tokens(label)))]):
            inside, outside = held[label][word] / n, (everywhere[word] - held[label][word]) / others
            if inside > _INSIDE and outside < _OUTSIDE:
                found.append(Leak(word, label, inside, outside))
    return tuple(found)


def masked(text: str, words: Sequence[str]) -> str:
    """A description with these words, and their plurals, hidden."""
    if not words:
        return text
    hidden = set(words)
    return re.sub(r"[^\W_]+", lambda m: _HIDDEN if singular(m[0].casefold()) in hidden else m[0], text)
