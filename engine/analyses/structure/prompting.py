"""Prompts for what is missing: a text-to-image model, or a person with a camera, can fill the cells.

A chat model writes them; without one, or where it fails, they are plain sentences of the cell's words. A cell that it
has no prompt for is impossible to it: it is listed, with no prompt and n 0, as are those that a person said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.analyses.structure.deficits import Cell
from engine.errors import RunError
from engine.steps.answers import Remembered
from engine.steps.tasks import WRITE_PROMPTS


def prompts(
    cells: Sequence[Cell],
    names: tuple[str, str],
    others: Mapping[str, Sequence[str]],
    n: int,
    seed: int = 0,
    chat: Remembered | None = None,
) -> list[dict[str, Any]]:
    """Rows prompt, n, cell, seed: at most `n` prompts for each cell that lacks pictures, in their order.

    Args:
        cells: with their deficits.
        names: what rows and columns are called.
        others: attributes of further dimensions, among which prompts vary.
        n: prompts of a cell, at most.
        seed: of the first prompt; each has the next one.
        chat: who writes; None: plain sentences.
    """
    found: list[dict[str, Any]] = []
    for cell in cells:
        count = min(n, cell.deficit)
        where = {names[0]: cell.row, names[1]: cell.column}
        written = _asked(chat, cell, names, others, count) if chat and count else None
        if cell.impossible or written == []:
            found.append({"prompt": "", "n": 0, "cell": where, "seed": seed + len(found)})
            continue
        written, plain = written or [], [_plain(cell, others, k) for k in range(count)]
        for k, text in enumerate((written + plain)[:count]):
            share = cell.deficit // count + (k < cell.deficit % count)  # pictures wanted of this prompt
            found.append({"prompt": text, "n": share, "cell": where, "seed": seed + len(found)})
    return found


def _asked(
    chat: Remembered, cell: Cell, names: tuple[str, str], others: Mapping[str, Sequence[str]], n: int
) -> list[str] | None:
    """Prompts; none where it says that there can be no such picture; None where it does not answer."""
    ask = {
        "cell": [{"dimension": d, "attribute": a} for d, a in zip(names, (cell.row, cell.column), strict=True)],
        "others": [{"dimension": name, "attributes": list(some)} for name, some in others.items()],
        "n": n,
    }
    try:
        answer, _ = chat.one(WRITE_PROMPTS, ask)
    except RunError:
        return None
    return list(dict.fromkeys(text for said in answer["prompts"] if (text := " ".join(said.split()))))


def _plain(cell: Cell, others: Mapping[str, Sequence[str]], k: int) -> str:
    """Both words of the cell and one of each further dimension, other ones each time."""
    more = [some[(k + i) % len(some)] for i, some in enumerate(others.values()) if some]
    return f"A picture of {', '.join(dict.fromkeys((cell.row, cell.column, *more)))}."
