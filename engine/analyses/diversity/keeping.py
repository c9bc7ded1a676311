"""Which pictures of a group of duplicates stay: the proposal, and a person's word on it, picture by picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.analyses.diversity.result import Group


@dataclass(frozen=True)
class Decided:
    """A group of duplicates: what stays and what goes."""

    kept: tuple[str, ...]
    spare: tuple[str, ...]
    is_exact: bool


def decided(groups: Sequence[Group], changes: Sequence[Mapping[str, Any]]) -> list[Decided]:
    """By default the first picture of each group stays; the last word on a picture holds, whatever its group became.

    Args:
        groups: from duplicates.grouped, the one to keep first in each.
        changes: in order, each {"keep": whether they stay, "files": their names}.
    """
    said = {file: bool(change["keep"]) for change in changes for file in change["files"]}
    found = []
    for group in groups:
        keeps = [said.get(file, i == 0) for i, file in enumerate(group.files)]
        kept, spare = (
            tuple(file for file, keep in zip(group.files, keeps, strict=True) if keep == wanted)
            for wanted in (True, False)
        )
        found.append(Decided(kept, spare, group.is_exact))
    return found
