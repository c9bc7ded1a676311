"""Fields of a form that stand in a popover, and what they are filled with.

A browser makes them when the popover is opened; shut again, it goes on telling what they said then, whatever they were
filled with meanwhile. So they are other fields, by their keys, each time they are filled, and what they are filled with
is what they say at first: of a value in the session's state a popover that is opened later hears nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

_Value = TypeVar("_Value")


def key(form: str, name: str) -> str:
    """The key of a field as it is now."""
    return f"{form}_{name}_{_filled(form)[0]}"


def first(form: str, name: str, usual: _Value) -> _Value:
    """What a field says at first: what it was filled with, else what is usual."""
    return _filled(form)[1].get(name, usual)


def fill(form: str, values: Mapping[str, object]) -> None:
    """Fill all fields of a form."""
    st.session_state[f"{form}_filled"] = _filled(form)[0] + 1, values


def _filled(form: str) -> tuple[int, Mapping]:
    """How often, and with what."""
    return st.session_state.get(f"{form}_filled", (0, {}))
