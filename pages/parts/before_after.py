"""Pictures beside what became of them: one over the other, with a slider on each; or side by side (`?plain=1`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from pages.parts.workspace import plain

_HERE = Path(__file__).parent
_PAIRS = component(
    "vitrine_before_after",
    html=(_HERE / "before_after.html").read_text("utf-8"),
    css=(_HERE / "before_after.css").read_text("utf-8"),
    js=(_HERE / "before_after.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class Pair:
    """One picture and what became of it.

    Args:
        before: its address.
        after: the address of the other.
        name: of the picture; with `right`, the other's alt text.
        left: what the picture is, in a word.
        right: what the other is.
        lines: below them.
        ratio: width by height.
    """

    before: str
    after: str
    name: str
    left: str
    right: str
    lines: tuple[str, ...]
    ratio: float


def before_after(pairs: Sequence[Pair], key: str, side: int = 210) -> None:
    """Draw a few of them.

    Args:
        pairs: a screenful or two.
        key: of the widget.
        side: least width in pixels.
    """
    if "plain" in st.query_params:
        for one in pairs:
            st.image([one.before, one.after], [plain(one.left), plain(one.right)], width=side)
            st.caption(plain(" · ".join((one.name, *one.lines))))
        return
    _PAIRS(key=key, data={"pairs": [asdict(one) for one in pairs], "side": side, "words": "Before to after, of all"})
