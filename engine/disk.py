"""Writing files: whole or not at all, and the disk's troubles in our words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import StoreError


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path to write to, which then takes the place of `path` at once."""
    new = path.with_name(f"{path.name}.new")
    with writing(path.parent):
        yield new
        new.replace(path)


@contextmanager
def writing(to: Path) -> Iterator[None]:
    """What the disk does not take is a StoreError."""
    try:
        yield
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else f"it cannot be written ({problem.strerror or problem})"
        hint = "Make room and ask the same again: it goes on." if full else "Choose another folder, or mend this one."
        raise StoreError(f"{to}: {why}.", hint) from None
