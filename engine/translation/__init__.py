"""Pictures of one label told anew as others, looked at by the same model before and after, and marked as synthetic.

How typical a picture is of a label is T(x|c), the mean over noise and place of how much better the noise is told when
the label is said (Siglidis et al., ECCV 2024, arXiv 2408.02752). Before and after share steps and noise, so that their
difference is of the picture alone. A row of the table is written with its picture: what is stopped half way is marked,
too, and goes on after the pictures whose rows are whole.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.errors import SettingsError
from engine.gallery import Gallery, Picture, Unreadable
from engine.gallery.marking import synthetic_mark
from engine.models.roles import Check, Latent
from engine.models.templates import Template
from engine.progress import Progress

STEPS = 50
TABLE = "metadata.csv"
DRAWS, FROM, BEFORE = 32, 100, 700  # steps of a thousand: earlier ones see no content, later ones no picture


@dataclass(frozen=True)
class Translation:
    """One picture as another label, and how typical it is of both, before and after.

    Args:
        file: what was written.
        source: the picture's name.
        label: which it had.
        to: which it was translated to.
        t_from_before: T(x|label) of the picture.
        t_to_before: T(x|to) of the picture.
        t_from_after: T(x|label) of the translation, as the autoencoder reads it from what is written.
        t_to_after: T(x|to) of the translation.

    T is told to six digits, as in the table.
    """

    file: str
    source: str
    label: str
    to: str
    t_from_before: float
    t_to_before: float
    t_from_after: float
    t_to_after: float


def chosen(gallery: Gallery, label: str, to: Sequence[str], sample: int | None, seed: int) -> list[Picture]:
    """The pictures of a label, or so many of them at random, by name.

    Raises:
        SettingsError: a label that is not there, or one that is said twice.
    """
    there = sorted({p.label for p in gallery.pictures} - {""})
    for one in (label, *to):
        if one not in there:
            raise SettingsError(f"No picture has the label {one!r}.", f"Labels are: {', '.join(there) or 'none'}.")
    if not to or len({label, *to}) <= len(to):
        raise SettingsError("A label is translated to itself, or twice to the same.", "Name each label once.")
    if sample is not None and sample < 1:
        raise SettingsError(f"A sample of {sample} is none.", "Say how many pictures, at least 1.")
    found = [p for p in gallery.pictures if p.label == label]
    if sample is not None and sample < len(found):
        found = sorted(random.Random(seed).sample(found, sample), key=lambda p: p.name)
    return found


def translate(
    pictures: Sequence[Picture],
    to_labels: Sequence[str],
    model: Any,  # noqa: ANN401  a denoiser that translates
    template: Template,
    to: Path,
    progress: Progress,
    seed: int = 0,
) -> Iterator[Translation]:
    """Write each picture as each label into a folder, and a table of them; nothing is kept elsewhere.

    Pictures that the folder's table has as all these labels are handed on as they are.

    Args:
        pictures: of one label, as `chosen` gives them; what cannot be read is left out, with a note.
        to_labels: what they are translated to.
        model: its options say how much of a picture is held on to (plug_and_play.hold_of).
        template: the words it is asked in.
        to: the folder: empty, or one in which the same was begun.
        progress: counts pictures, says when to stop.
        seed: of the noise by which typicality is measured; translation itself has none.

    Raises:
        OSError: the folder cannot be written; ModelError: the model cannot translate.
    """
    made = _made(to, to_labels)
    table = _Table(to, [one for some in made.values() for one in some])
    progress.start("translating", len(pictures), sum(p.name in made for p in pictures))
    for picture in pictures:
        if picture.name in made:
            yield from made[picture.name]
            continue
        if seen := _seen(model, template, picture, to_labels, progress):
            typical = _typicality(model, template, seen, (picture.label, *to_labels), seed, progress.check)
            for k, label in enumerate(to_labels, 1):
                name = table.free(f"{safe(picture.name.rpartition('.')[0])}--to-{safe(label)}")
                seen[k].image.save(to / name, pnginfo=synthetic_mark())
                told = (float(f"{t:.6g}") for t in (*typical[0, [0, k]], *typical[k, [0, k]]))
                one = Translation(name, picture.name, picture.label, label, *told)
                table.add(one)
                progress.cost.asked["translations"] += 1
                yield one
        progress.advance()


def _seen(
    model: Any,  # noqa: ANN401
    template: Template,
    picture: Picture,
    to_labels: Sequence[str],
    progress: Progress,
) -> list[_Seen]:
    """The picture, then its translations; none where it cannot be read."""
    try:
        seen = _Seen(picture, picture.open())
    except Unreadable as problem:
        progress.note(f"not read: {picture.name}: {problem.reason}")
        return []
    prompts = [template.of(label) for label in to_labels]
    images = model.translate(seen, template.of(picture.label), template.null, prompts, STEPS, progress.check)
    return [seen, *(_Seen(picture, image) for image in images)]


def _typicality(
    model: Any,  # noqa: ANN401
    template: Template,
    seen: Sequence[_Seen],
    labels: Sequence[str],
    seed: int,
    check: Check,
) -> np.ndarray:
    """T of the picture and its translations, by label: (1 + B) x (1 + B)."""
    latents = [Latent(seen[i].hash, values) for i, values in model.latents(seen, check)]
    times = np.rint(FROM + (np.arange(DRAWS) + 0.5) * (BEFORE - FROM) / DRAWS).astype(int)
    prompts = [template.null, *map(template.of, labels)]
    losses = dict(model.losses(latents, prompts, np.tile(times, (len(latents), 1)), 0, seed, check))
    return np.array([(losses[i][:1] - losses[i][1:]).mean(axis=(1, 2, 3)) for i in range(len(latents))])


@dataclass(frozen=True)
class _Seen:
    """An image in memory as a back-end needs a picture; a translation has its source's noise."""

    source: Picture
    image: Image.Image

    @property
    def hash(self) -> str:
        return self.source.hash

    @property
    def path(self) -> Path:
        return self.source.path

    def open(self, shorter: int = 0) -> Image.Image:
        del shorter
        return self.image


_END = "\r\n"
_COLUMNS = ("file", "source", "from", "to", "synthetic", *(f.name for f in fields(Translation)[4:]))


def _made(folder: Path, to_labels: Sequence[str]) -> dict[str, list[Translation]]:
    """Translations by their picture, of those that are there as all these labels."""
    try:
        text = (folder / TABLE).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return {}
    whole = text[: text.rfind(_END) + len(_END)]  # the last row may be torn
    found: defaultdict[str, list[Translation]] = defaultdict(list)
    for row in list(csv.reader(io.StringIO(whole, newline="")))[1:]:
        if len(row) == len(_COLUMNS) and (folder / row[0]).is_file():
            file, source, label, to, _, *typical = row
            found[source].append(Translation(file, source, label, to, *map(float, typical)))
    return {source: some for source, some in found.items() if [one.to for one in some] == list(to_labels)}


class _Table:
    """The table of a folder, a row at a time; it begins anew with these."""

    def __init__(self, folder: Path, rows: Sequence[Translation]) -> None:
        self._path, self._names = folder / TABLE, {one.file.casefold() for one in rows}
        new = folder / f"{TABLE}.new"
        new.write_text(_line(_COLUMNS) + "".join(map(_row, rows)), "utf-8", "surrogateescape", newline="")
        new.replace(self._path)

    def free(self, stem: str) -> str:
        """A name for a PNG that no other row has, however a file system takes case."""
        name, n = f"{stem}.png", 1
        while name.casefold() in self._names:
            n += 1
            name = f"{stem}-{n}.png"
        self._names.add(name.casefold())
        return name

    def add(self, one: Translation) -> None:
        """Its row, on disk."""
        with self._path.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file:
            file.write(_row(one))


def _row(one: Translation) -> str:
    file, source, label, to, *typical = asdict(one).values()
    return _line([file, source, label, to, "yes", *(f"{t:.6g}" for t in typical)])


def _line(values: Sequence[str]) -> str:
    """Values as a line of CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=_END).writerow(values)
    return text.getvalue()


def safe(text: str) -> str:
    """Letters, digits and a few signs of a text, the rest as _, short enough for a file's name on any system."""
    return re.sub(r"[^\w-]+", "_", text).encode()[:100].decode(errors="ignore").strip("_") or "_"
