"""Two runs of a kind side by side: joined by picture, with or without a person's changes, and what each cost."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.analyses import ANALYSES
from engine.analyses.matching import Twins
from engine.errors import RunError
from engine.gallery import Gallery, Picture, shared_gallery
from engine.jobs.asking import chosen
from engine.jobs.execute import read_result
from engine.settings import load
from engine.store.runs import Run, Status


@dataclass(frozen=True)
class SideBySide:
    """Two runs and what differs.

    Args:
        a: the first.
        b: the second.
        costs: how both stand, with what they asked and spent.
        changes: how many changes of a person each was taken with.
        twins: B's names of A's pictures that both looked at; None: all by their names.
        diff: the analysis' own Diff.
        notes: what to keep in mind.
    """

    a: Run
    b: Run
    costs: tuple[Status, Status]
    changes: tuple[int, int]
    twins: Twins
    diff: Any
    notes: tuple[str, ...]

    @property
    def module(self) -> ModuleType:
        """The analysis' diff, which tells this in words and tables."""
        return diff_of(self.a.request.analysis)


def diff_of(analysis: str) -> ModuleType:
    """How two runs of an analysis are set side by side.

    Raises:
        RunError: there is no way.
    """
    try:
        return importlib.import_module(f"{ANALYSES[analysis]}.diff")
    except (KeyError, ModuleNotFoundError):
        raise RunError(f"Two {analysis} runs cannot be set side by side.", "Open one after the other.") from None


def side_by_side(a: Run, b: Run, home: Path, with_changes: bool = True) -> SideBySide:
    """Set two finished runs of one analysis side by side.

    Args:
        a: the first.
        b: the second.
        home: the workspace.
        with_changes: take both with what a person changed.

    Raises:
        RunError: they are not of a kind, are not done, or share no picture. GalleryError: a gallery is gone.
    """
    one, other = a.request, b.request
    if one.analysis != other.analysis:
        raise RunError(f"One is a {one.analysis} run, the other a {other.analysis} run.", "Choose two of a kind.")
    if a.id == b.id:
        raise RunError("This is the same run twice.", "Choose another one.")
    module = diff_of(one.analysis)
    twins = twins_of(a, b, home)
    logs = [run.edits() if with_changes else [] for run in (a, b)]
    told = module.diff(*(_result(run, log, home) for run, log in zip((a, b), logs, strict=True)), twins)
    pictures = getattr(told, "pictures", None)
    if pictures is not None and not pictures.both:
        raise RunError("These two runs share no picture.", "Choose two that looked at some of the same pictures.")
    notes = tuple(_notes(a, b))
    return SideBySide(a, b, (a.status, b.status), (len(logs[0]), len(logs[1])), twins, told, notes)


def _result(run: Run, changes: Sequence[Mapping[str, Any]], home: Path) -> Any:  # noqa: ANN401  the analysis' Result
    if changes and run.request.analysis == "typicality":  # its changes are told anew from stored maps
        from engine.jobs.typical import with_changes

        return with_changes(run, read_result(run), replace(load(), home=home))[0]
    return result_of(run, changes)


def result_of(run: Run, changes: Sequence[Mapping[str, Any]] = ()) -> Any:  # noqa: ANN401  the analysis' Result
    """A finished run's result with these changes.

    Raises:
        RunError: it has none.
    """
    result = read_result(run)
    edited = getattr(diff_of(run.request.analysis), "edited", None)
    return edited(result, changes) if edited and changes else result


def twins_of(a: Run, b: Run, home: Path) -> Twins:
    """B's names of A's pictures that both looked at; by content where the galleries differ; None: all by their names.

    Raises:
        GalleryError: a gallery is gone.
    """
    one, other = a.request, b.request
    if one.gallery == other.gallery:
        if one.members == other.members:
            return None
        if one.members is None or other.members is None:
            return {name: name for name in one.members or other.members or ()}
        there = set(other.members)
        return {name: name for name in one.members if name in there}
    return twins(*(_looked_at(run, home).pictures for run in (a, b)))


def twins(a: Iterable[Picture], b: Iterable[Picture]) -> dict[str, str]:
    """Names in B of A's pictures of the same content; of copies, those of one name first, then in order, one to one."""
    theirs: defaultdict[str, list[str]] = defaultdict(list)
    for picture in b:
        theirs[picture.hash].append(picture.name)
    mine: defaultdict[str, list[str]] = defaultdict(list)
    for picture in a:
        mine[picture.hash].append(picture.name)
    found = {}
    for content, names in mine.items():
        others = theirs.get(content, [])
        alike = set(names) & set(others)
        found |= {name: name for name in alike}
        rest = [[name for name in some if name not in alike] for some in (names, others)]
        found |= dict(zip(*rest, strict=False))
    return found


def lines(told: SideBySide) -> Iterator[str]:
    """What to print, line by line."""
    for which, run, status, changes in zip("AB", (told.a, told.b), told.costs, told.changes, strict=True):
        yield f"{which}: run {run.id}, {_about(run)}" + (f", with {changes} changes" if changes else "")
        yield f"   {cost(status)}"
    yield from told.notes
    if (pictures := getattr(told.diff, "pictures", None)) is not None:
        yield f"{pictures.both:,} pictures in both, {pictures.only_a:,} only in A, {pictures.only_b:,} only in B"
    yield from told.module.lines(told.diff)


def cost(status: Status) -> str:
    """What a run asked and spent, in one line."""
    asked, known = sum(status.asked.values()), sum(status.known.values())
    tokens = status.tokens_in + status.tokens_out
    money = "" if status.money is None else f" · {status.money:.4g} money"
    return f"{asked:,} asked · {known:,} known before · {tokens:,} tokens{money} · {status.seconds:.1f} s"


def _looked_at(run: Run, home: Path) -> Gallery:
    request = run.request
    return chosen(shared_gallery(request.gallery, home), request.members)


def _about(run: Run) -> str:
    said = run.request
    name = said.params.get("criterion", {}).get("name", said.analysis)
    return f"{name} ({said.selection})"


def _notes(a: Run, b: Run) -> Iterator[str]:
    one, other = a.request, b.request
    if one.gallery != other.gallery:
        yield "Two galleries: pictures are joined by content, whatever they are called."
    if one.models != other.models:
        roles = sorted(role for role in {*one.models, *other.models} if one.models.get(role) != other.models.get(role))
        yield f"Other models: {', '.join(roles)}."
    if (one.version, one.prompts) != (other.version, other.prompts):
        yield "One was asked by an older version or with other instructions."
