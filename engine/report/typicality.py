"""Findings of a typicality run: the wall of pictures under their maps, elements of a label, how well maps localise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image

from engine.analyses.typicality import Element, Result
from engine.analyses.typicality import Row as Told
from engine.analyses.typicality.localising import Found, localised
from engine.analyses.typicality.patches import Box
from engine.charts.typicality import overlay, scale_of
from engine.report.finding import Bar, Finding, Pictures, Shown, Table
from engine.report.source import Source

_OPACITY, _SIDE = 0.7, 320  # of a map, and pixels of what lies under it
_ENDS, _MANY = 12, 60
_PATCHES, _ELEMENTS = 10, 6


def wall(source: Source, label: str) -> Finding:
    """The most and the least typical pictures of a label, under their maps."""
    result: Result = source.result
    rows = [row for row in result.rows if row.label == label and not row.why]
    sure = sum(row.low > 0 for row in rows)
    words = result.template.replace("{}", label)
    lines = [
        f"{sure:,} of {len(rows):,} pictures are surely typical: “{words}” helps to tell their noise, 95 %",
        f"Teal where the words help, orange where they mislead; below each T, the mean, of {result.draws} draws.",
    ]
    if result.accuracy is not None:
        lines.append(f"The own label has the largest T in {result.accuracy:.1%} of the pictures.")
    scale = scale_of(list(source.maps.values())) if source.maps else 1.0
    seen = lambda some: [one for row in some if (one := _shown(source, row, scale))]  # noqa: E731
    first, last = rows[: max(1, len(rows) // 2)], rows[::-1][: len(rows) // 2]
    blocks = [
        Pictures("most typical", seen(first[:_MANY]), len(rows), 6, 2),
        Pictures("least typical", seen(last[:_ENDS]), len(rows), 6, 1),
    ]
    alt = f"What is typical of {label}: {lines[0]}. Pictures with maps of where."
    return Finding("typicality/wall", f"What is typical of {label}", lines, blocks, alt)


def elements(source: Source, label: str, found: Sequence[Element] | None = None) -> Finding:
    """Elements of a label, the most typical first: strips of patches with their figures.

    Args:
        source: the run.
        label: whose.
        found: those to show; by default the run's that are confirmed, or all where none is.
    """
    every = [one for one in source.result.elements if one.label == label and not one.is_hidden]
    shown = found or [one for one in every if one.is_confirmed] or every
    every = found or every
    confirmed = sum(one.is_confirmed for one in every)
    lines = [
        f"Patches that look alike to the model, from several pictures, where “{label}” helps most",
        f"{confirmed} of {len(every)} elements are seen more often in held-out pictures of {label} than elsewhere, "
        "corrected p at most .05.",
    ]
    blocks = [_strip(source, one) for one in shown[:_ELEMENTS]]
    return Finding("typicality/elements", f"Elements of {label}", lines, blocks)


def localisation(source: Source, found: Sequence[Found] | None = None) -> Finding:
    """How well maps find what somebody has boxed, beside chance; some of these pictures under map and boxes.

    Args:
        source: the run, with its boxes.
        found: what came of them, where it is known already.
    """
    found = localised(source.maps, source.boxes) if found is None else found
    rows = [
        (f.kind, Bar(f.precision, f"{f.precision:.2f}", "accent", f.low, f.high), f"{f.chance:.2f}",
         f"{f.precision / f.chance:.1f} ×" if f.chance else "–", f"{f.pictures:,}")
        for f in found
    ]  # fmt: skip
    lines = [
        "Average precision of the maps for boxes that somebody drew, with 95 % (pictures resampled)",
        "By chance: the share of pixels in a box.",
    ]
    table = Table(("boxes of", "average precision", "chance", "times chance", "pictures"), rows)
    title = f"Do the maps find it? {len(found)} kind{'s' * (len(found) != 1)} of box"
    files = [file for file in source.boxes if file in source.maps and file in source.gallery.by_name]
    scale = scale_of(list(source.maps.values())) if files else 1.0
    shown = [
        Shown(source.gallery.by_name[file], "", f"boxes of {', '.join(dict.fromkeys(kind for kind, _ in boxes))}",
              _under(source.maps[file], scale, [box for _, box in boxes]))
        for file in files for boxes in [source.boxes[file]]
    ]  # fmt: skip
    blocks = [Pictures("Boxes and maps", shown, len(shown), 6, 2, is_ordered=False)] if shown else []
    return Finding("typicality/localisation", title, lines, [table, *blocks])


KINDS = {"wall": wall, "elements": elements, "localisation": localisation}


def sections(source: Source) -> Iterator[Finding]:
    """What a report holds, in order: of each label its wall and its elements."""
    result: Result = source.result
    for label in dict.fromkeys(row.label for row in result.rows):
        yield wall(source, label)
        if any(one.label == label for one in result.elements):
            yield elements(source, label)
    if source.boxes.keys() & source.maps.keys():
        yield localisation(source)


def _shown(source: Source, row: Told, scale: float) -> Shown | None:
    picture, told = source.gallery.by_name.get(row.file), source.maps.get(row.file)
    if picture is None:
        return None
    caption = f"{row.typicality:+.4f}" + ("" if row.low > 0 or row.high < 0 else " unsure")
    said = f"T {row.typicality:+.4f}, 95 % from {row.low:+.4f} to {row.high:+.4f}"
    return Shown(picture, caption, said, None if told is None else _under(told, scale))


def _under(told: np.ndarray, scale: float, boxes: Sequence[Box] = ()) -> Callable[[Image.Image], Image.Image]:
    return lambda image: overlay(image, told, scale, _OPACITY, boxes, _SIDE)


def _strip(source: Source, one: Element) -> Pictures:
    """One patch a picture, the nearest to the middle first."""
    patches = {patch.file: patch for patch in reversed(one.patches)}
    shown = [
        Shown(source.gallery.by_name[file], "", f"T {patch.t:+.4f}", cut(patch.box))
        for file, patch in list(patches.items())[::-1]
        if file in source.gallery.by_name
    ]
    note = (
        f"median T {one.median:.4f} [{one.low:.4f}, {one.high:.4f}] · in {one.share:.0%} of the pictures · "
        f"held out {one.rate:.0%}, elsewhere {one.rate_elsewhere:.0%}"
        + (f", corrected p {one.q:.1g}" if one.q <= 0.05 else "")
    )
    said = [one.by_hand and f"{one.by_hand}, by hand", *one.marks]
    marks = f" ({', '.join(filter(None, said))})" if any(said) else ""
    name = f" · {one.name}" if one.name else ""
    return Pictures(f"Element {one.number}{name}{marks}", shown[:_PATCHES], one.pictures, _PATCHES, 1, note)


def cut(box: Box) -> Callable[[Image.Image], Image.Image]:
    """Cuts a patch out of a picture of any size."""
    left, top, width, height = box
    return lambda image: image.crop(
        (
            round(left * image.width),
            round(top * image.height),
            max(round(left * image.width) + 1, round((left + width) * image.width)),
            max(round(top * image.height) + 1, round((top + height) * image.height)),
        )
    )
