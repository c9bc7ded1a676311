"""Columns: what pictures are sorted, grouped, filtered and coloured by. Pure: values in, places in a gallery out.

A column has one value a picture of the gallery, in its order: texts (empty where nothing is said) or float64 (NaN
there).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.gallery.pictures import Gallery

OWN = ("name", "label", "folder", "width", "height", "pixels", "aspect ratio")


def names(gallery: Gallery) -> list[str]:
    """The columns that a gallery has of itself: of its files, and of its metadata."""
    said = dict.fromkeys(column for p in gallery.pictures for column in p.metadata)
    return [*OWN, *(column for column in said if column not in OWN)]


def column(gallery: Gallery, name: str) -> np.ndarray:
    """The values of one of `names`; numbers where all that is said are numbers."""
    of = gallery.pictures
    if name == "name":
        return texts([p.name for p in of])
    if name == "folder":
        return texts([p.name.rpartition("/")[0] for p in of])
    if name in ("width", "height", "pixels", "aspect ratio"):
        width, height = (np.array([getattr(p, side) for p in of], float) for side in ("width", "height"))
        return {"width": width, "height": height, "pixels": width * height, "aspect ratio": width / height}[name]
    if name == "label":  # a category, also where its name is a digit
        return texts([p.label for p in of])
    return typed([p.metadata.get(name) or "" for p in of])


def texts(values: Sequence[str]) -> np.ndarray:
    """Texts as an array of objects: a gallery may have one long one."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def typed(values: Sequence[str]) -> np.ndarray:
    """Numbers where everything that is said is one, else texts."""
    distinct = {value: _number(value) for value in set(values) if value}
    if not distinct or None in distinct.values():
        return texts(values)
    return np.array([distinct.get(value) if value else np.nan for value in values], float)


def is_number(values: np.ndarray) -> bool:
    """Whether a column holds numbers."""
    return values.dtype.kind == "f"


def in_order(values: np.ndarray, places: np.ndarray, descending: bool = False) -> np.ndarray:
    """These places by their values; equal ones stay as they are, those without a value come last."""
    some = values[places]
    said = some == some if is_number(values) else some != ""
    known, unknown = places[said], places[~said]
    _, ranks = np.unique(values[known], return_inverse=True)
    return np.concatenate([known[np.argsort(-ranks if descending else ranks, kind="stable")], unknown])


def sections(values: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, list[tuple[str, int]]]:
    """These places in sections of equal values, each in the order given, with the sections' titles and counts.

    Texts: the largest section first. Numbers: in quarters of those here, the lowest first. What says nothing is last.
    """
    is_quarter = is_number(values)
    titles = quarters(values, places) if is_quarter else values[places]
    order, counts = np.unique(titles.astype(str), return_counts=True)
    rank = {title: (title == "", -n, title) for title, n in zip(order, counts, strict=True)}
    if is_quarter:
        lowest = {title: float(np.min(values[places][titles == title])) for title in order if title}
        rank = {title: (title == "", lowest.get(title, 0.0), title) for title in order}
    listed = sorted(order, key=lambda title: rank[title])
    parts = [places[titles == title] for title in listed]
    said = [(title or "nothing said", len(part)) for title, part in zip(listed, parts, strict=True)]
    return np.concatenate(parts) if parts else places, said


def quarters(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """In which quarter of the numbers here each one lies, as a text with its bounds; empty for NaN."""
    some = values[places]
    known = some[some == some]
    titles = np.full(len(places), "", object)
    if not len(known):
        return titles
    bounds = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
    at = np.clip(np.searchsorted(bounds, some, side="right") - 1, 0, max(0, len(bounds) - 2))
    for i in range(max(1, len(bounds) - 1)):
        low, high = bounds[i], bounds[min(i + 1, len(bounds) - 1)]
        titles[(at == i) & (some == some)] = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    return titles


def among(values: np.ndarray, places: np.ndarray, value: str) -> np.ndarray:
    """Those of these places that have this value; of a column of numbers also `top quarter` and `bottom quarter`."""
    if value not in ("top quarter", "bottom quarter") or not is_number(values):
        return places[values[places] == (_number(value) if is_number(values) else value)]
    ranked = in_order(values, places, descending=value == "top quarter")
    known = ranked[values[ranked] == values[ranked]]
    return np.sort(known[: -(-len(known) // 4)])


def choices(values: np.ndarray, places: np.ndarray, most: int = 200) -> list[str]:
    """What `among` can be asked for here, most frequent first; none where there are too many."""
    if is_number(values):
        return ["top quarter", "bottom quarter"]
    found, counts = np.unique(values[places].astype(str), return_counts=True)
    listed = sorted((-n, value) for value, n in zip(found, counts, strict=True) if value)
    return [value for _, value in listed] if len(listed) <= most else []


def _number(text: str) -> float | None:
    """The number that a text is, or None; neither nan nor infinity is one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
