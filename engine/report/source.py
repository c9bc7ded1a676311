"""What findings are made of: a finished run's result as the page shows it, with all that says where it comes from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.analyses.typicality.patches import Box
from engine.gallery import Gallery
from engine.models.roles import ModelSpec
from engine.report.finding import Shown
from engine.store.runs import Request, Status


@dataclass(frozen=True)
class Source:
    """A finished run.

    Args:
        run: its id.
        request: what was asked.
        status: how it ended, and what it cost.
        result: the analysis' Result, with a person's changes.
        gallery: all of it.
        edits: the changes that are in the result.
        maps: of a typicality run, (h, w) by file; empty elsewhere.
        wrong: by file, whether a model's prediction is wrong, where somebody said so.
        boxes: by file, kinds and boxes that somebody drew.
        folder: where what a run made lies.
    """

    run: str
    request: Request
    status: Status
    result: Any
    gallery: Gallery
    edits: Sequence[Mapping[str, Any]] = ()
    maps: Mapping[str, np.ndarray] = field(default_factory=dict)
    wrong: Mapping[str, bool] = field(default_factory=dict)
    boxes: Mapping[str, Sequence[tuple[str, Box]]] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def models(self) -> str:
        """Who answered."""
        return ", ".join(f"{role} {_short(spec)}" for role, spec in self.request.models.items())

    def short(self, words: str) -> str:
        """Words in which this run's models are called as people know them."""
        for spec in self.request.models.values():
            words = words.replace(spec.label, _short(spec))
        return words

    @property
    def date(self) -> str:
        """When it ended."""
        return time.strftime("%Y-%m-%d", time.localtime(self.status.ended or self.status.queued or time.time()))

    def about(self, names: bool = True) -> str:
        """Where it comes from, in a line: gallery, set, models, date, run, a person's changes.

        Args:
            names: say what gallery and set are called.
        """
        members = self.request.members
        n = len(self.gallery.pictures) if members is None else len(members)
        if self.request.analysis == "typicality":  # of some labels
            n = len(self.result.rows)
        title = self.gallery.title if names else "a gallery"
        part = f", {self.request.selection}" if names and self.request.selection != "everything" else ""
        said = [f"{title}{part}", f"{n:,} pictures", self.models, self.date, f"run\u00a0{self.run[:8]}"]
        if self.status.revision > 1:
            said.append(f"revision\u00a0{self.status.revision}")
        if k := len(self.edits):
            said.append(f"with {k} change{'s' * (k != 1)} by hand")
        return " · ".join(said)

    def shown(self, files: Sequence[str], most: int = 0, captions: Mapping[str, str] | None = None) -> list[Shown]:
        """Pictures of these names, as far as they are here; of more than `most`, so many spread over all of them."""
        here = [file for file in files if file in self.gallery.by_name]
        if most and len(here) > most:
            here = [here[i * len(here) // most] for i in range(most)]
        words = captions or {}
        return [Shown(self.gallery.by_name[file], words.get(file, "")) for file in here]


def _short(spec: ModelSpec) -> str:
    """A model as people know it: a hub's name whole, of a folder on this machine the last part, then who runs it."""
    is_folder = spec.name.count("/") > 1 or spec.name.startswith(("/", "~", "."))
    name = spec.name.rstrip("/").rpartition("/")[2] if is_folder else spec.name
    return name if name == spec.backend else f"{name} ({spec.backend})"
