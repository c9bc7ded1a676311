"""One question a picture, and labels for descriptions that came without one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.analyses.clusters.naming import normal
from engine.analyses.clusters.result import Params, Row
from engine.errors import RunError
from engine.gallery import Picture
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import DESCRIBE, LABEL


def describe_ask(params: Params) -> dict[str, Any]:
    """What the questions about pictures share."""
    c = params.criterion
    return {"criterion": c.name, "look_at": c.look_at, "ignore": c.ignore}


def most_common_reason(rows: Sequence[Row]) -> str:
    """Why rows say nothing, in a word."""
    reasons = Counter(r.why for r in rows if r.why).most_common(1)
    return reasons[0][0] if reasons else "every label was empty"


def nothing_said(params: Params, rows: Sequence[Row]) -> RunError:
    """What to say where no label says anything."""
    return RunError(
        f"No picture says anything about {params.criterion.name!r}: {most_common_reason(rows)}.",
        "Reword the criterion or try another vision model.",
    )


def tally(rows: Iterable[Row]) -> Counter[str]:
    """How many rows have each label that says something."""
    return Counter(label for row in rows if (label := normal(row.raw_label)))


@dataclass
class Describer:
    """Describes pictures, all at once or some at a time, and lets people watch."""

    params: Params
    vision: Remembered
    chat: Remembered
    progress: Progress
    _done: int = 0
    _files: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _counts: Counter[str] = field(default_factory=Counter)

    def rows(self, pictures: Sequence[Picture], total: int) -> list[Row]:
        """Pictures as rows that are not placed yet: `how` is unassigned, or unanswered with the reason.

        Args:
            pictures: to be described now.
            total: how many will be in the end, these and others.

        Raises:
            RunError: not one of the first ones could be described. ModelError, Stopped, StoreError as the models do.
        """
        rows = [Row(p.name, p.label) for p in pictures]
        self.progress.start("describing", total, self._done)
        for i, answer in self.vision.each(DESCRIBE, describe_ask(self.params), pictures):
            if isinstance(answer, AnswerError):
                rows[i] = replace(rows[i], why=answer.reason)
            else:
                said = answer["description"] or answer["label"]
                rows[i] = replace(
                    rows[i], description=said, raw_label=answer["label"], how="unassigned", cut="cut" in answer
                )
                self._show(rows[i])
            self.progress.advance()
        if not self._done and rows and not any(row.description for row in rows):
            raise RunError(
                f"{self.vision.spec.label} described none of {len(rows)} pictures: {most_common_reason(rows)}.",
                "Try one picture on the Models page, or another model.",
            )
        self._done += len(rows)
        return self._labelled(rows)

    def _labelled(self, rows: list[Row]) -> list[Row]:
        """Labels for descriptions that came without one (prose models)."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for i, row in enumerate(rows):
            if row.description and not row.raw_label:
                places[row.description].append(i)
        texts = list(places)
        self.progress.start("labelling", len(texts))
        for n, answer in self.chat.each(LABEL, describe_ask(self.params), texts):
            for i in places[texts[n]]:
                if isinstance(answer, AnswerError):
                    rows[i] = replace(rows[i], how="unanswered", why=f"no label: {answer.reason}")
                else:
                    rows[i] = replace(rows[i], raw_label=answer["label"])
                    self._show(rows[i])
            self.progress.advance()
        return rows

    def _show(self, row: Row) -> None:
        """One more description or label: clusters can be watched before they are named."""
        label = normal(row.raw_label)
        if label:
            self._counts[label] += 1
            if len(self._files[label]) < 6:
                self._files[label].append(row.file)
        last = {"file": row.file, "description": row.description, "raw_label": row.raw_label}
        kept = [last, *self.progress.partial.get("latest", [])][:4]
        top = [{"name": name, "size": n, "files": self._files[name]} for name, n in self._counts.most_common(12)]
        self.progress.partial = {"latest": kept, "clusters": top, "distinct": len(self._counts)}
