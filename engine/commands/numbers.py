"""Numbers that are typed, each checked where it is read, so that the error names the option."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers within bounds, as argparse wants it."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number from {least} " + ("on" if most is None else f"to {most}")
            )
        return value

    return read


def shares(text: str) -> tuple[float, ...]:
    """One or several shares of a side, with commas between."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or not all(0.05 <= one <= 0.9 for one in found):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no share of a side from 0.05 to 0.9, or several such as 0.12,0.2"
        )
    return found
