"""Dimensions as people type them, a line each: `place: indoors, outdoors, water=sea+lake`.

A name before the equals sign is what an attribute is called; after it stands what it is made of.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.analyses.structure.result import Dimension, Given


def read_dimensions(text: str) -> tuple[Given, ...]:
    """The dimensions of a text; lines without a name say nothing."""
    found = []
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if not name.strip():
            continue
        attributes, asked = dict[str, None](), dict[str, tuple[str, ...]]()
        for part in rest.split(","):
            shown, sign, made_of = part.partition("=")
            if shown := shown.strip():
                attributes[shown] = None
                parts = tuple(dict.fromkeys(one.strip() for one in made_of.split("+") if one.strip()))
                if sign and parts and parts != (shown,):
                    asked[shown] = parts
        found.append(Given(name.strip(), tuple(attributes), asked))
    return tuple(found)


def written(dimensions: Sequence[Dimension | Given]) -> str:
    """Dimensions as `read_dimensions` reads them; what no line can hold is left out."""
    lines = []
    for one in dimensions:
        names = [a if isinstance(a, str) else a.name for a in one.attributes]
        can = [a for a in names if not any(set(name) & set(",=+\n") for name in (a, *one.asked.get(a, ())))]
        parts = [f"{a}={'+'.join(one.asked[a])}" if one.asked.get(a) else a for a in can]
        lines.append(f"{one.name.replace(':', ' ')}: {', '.join(parts)}".rstrip(": "))
    return "\n".join(lines)
