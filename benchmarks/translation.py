"""Translation by plug-and-play: what the way into the noise and back loses, how typicality moves, what layout stays.

python -m benchmarks.translation [--each 24] [--sheet SHEET.png] [--parallel]

Postcards and the bundled diffusion model. T is measured by the model that translated, so another one, the bundled
matcher, says which place it sees, too. Layout is the correlation of gradient magnitudes at 64 pixels between picture
and translation, beside that of a picture and another one's translation. What is shown beside plug-and-play: the same
guidance with nothing held, and the published 7.5 with nothing held.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.typicality import boxes_of
from engine import models
from engine.analyses.typicality import Patch
from engine.analyses.typicality.elements import purity
from engine.analyses.typicality.parallel import parallel
from engine.commands.translate import lines
from engine.gallery import Gallery, Picture, open_folder
from engine.models.plug_and_play import SMALL, Hold, decoded, drawn, inverted
from engine.models.profiles import BUNDLED, POSTCARDS
from engine.models.roles import ModelSpec
from engine.models.templates import template_of
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.denoising import Denoising
from engine.translation import STEPS, Translation, translate

MODEL = ModelSpec("diffusion", f"{BUNDLED}/diffusion")
FROM, TO = "beach", "mountains"
PARALLEL, PLACES = "forest", ("beach", "city", "mountains")
FREE = {"features": 0.0, "attention": 0.0}
HOLDS = {
    "plug-and-play": {},
    "nothing held": {"guidance": SMALL.guidance, **FREE},
    "nothing held, guidance 7.5": {"guidance": 7.5, **FREE},
    "held, guidance 7.5": {"guidance": 7.5},
}


@dataclass(frozen=True)
class Made:
    """Translations and their pictures, as they were written."""

    rows: list[Translation]
    images: list[Image.Image]


def made(pictures: Sequence[Picture], to: Sequence[str], options: dict[str, float], settings: Settings) -> Made:
    """Translations by the bundled model."""
    spec = ModelSpec(MODEL.backend, MODEL.name, options=options)
    model = models.load("denoiser", spec, settings)
    with tempfile.TemporaryDirectory() as scratch:
        rows = list(translate(pictures, to, model, template_of(spec), Path(scratch), Progress()))
        return Made(rows, [Image.open(Path(scratch) / row.file).convert("RGB") for row in rows])


def there_and_back(pictures: Sequence[Picture], settings: Settings) -> tuple[float, float]:
    """Decibels between the way back and the autoencoder's own round trip; between the round trip and the picture."""
    model, template = models.load("denoiser", MODEL, settings), template_of(MODEL)
    found = []
    for picture in pictures:
        prompt, latent = template.of(picture.label), model._latent(picture.open())
        way = inverted(model, latent, prompt, STEPS, lambda: None)
        back = drawn(model, way, prompt, template.null, [prompt], Hold(1, 0, 0), lambda: None)
        image, trip = decoded(model, back)[0], decoded(model, latent[None])[0]
        found.append((decibels(image, trip), decibels(trip, model._fitted(picture.open()))))
    there, own = np.mean(found, axis=0)
    return there, own


def decibels(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise."""
    error = np.square(np.asarray(one, float) - np.asarray(other, float)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def layout(pictures: Sequence[Picture], images: Sequence[Image.Image]) -> tuple[float, float]:
    """Mean correlation of edges of a picture and its translation; of a picture and others' translations."""
    n = len(pictures)
    all_of = np.corrcoef([edges(p.open()) for p in pictures], [edges(image) for image in images])[:n, n:]
    return float(np.diag(all_of).mean()), float(all_of[~np.eye(n, dtype=bool)].mean())


def edges(image: Image.Image) -> np.ndarray:
    """Gradient magnitudes at 64 pixels."""
    down, across = np.gradient(np.asarray(image.convert("L").resize((64, 64), Image.Resampling.BOX), float))
    return np.hypot(down, across).ravel()


def seen_as(images: Sequence[Image.Image], words: Sequence[str], settings: Settings) -> list[str]:
    """The word that the bundled matcher sees in each: a place or a subject, of all there are."""
    matcher = models.load("matcher", ModelSpec("clip", f"{BUNDLED}/coca"), settings)
    texts = matcher.texts([f"a picture of {word}" for word in words])
    with tempfile.TemporaryDirectory() as scratch:
        for i, image in enumerate(images):
            image.save(Path(scratch) / f"{i:04}.png")
        some = open_folder(Path(scratch), settings).pictures
        vectors = dict(matcher.pictures(some, lambda: None))
    return [words[int((texts @ vectors[i]).argmax())] for i in range(len(images))]


def save_sheet(pictures: Sequence[Picture], of: Sequence[Sequence[Image.Image]], to: Path) -> None:
    """Pictures in the first row, their translations below."""
    side = 128
    sheet = Image.new("RGB", (len(pictures) * (side + 2), (1 + len(of)) * (side + 2)), "white")
    for y, row in enumerate([[p.open() for p in pictures], *of]):
        for x, image in enumerate(row):
            sheet.paste(image.resize((side, side)), (x * (side + 2), y * (side + 2)))
    sheet.save(to)


def of_label(gallery: Gallery, label: str, n: int) -> list[Picture]:
    """So many pictures at random, copies left out; the first eight are those that it was tuned on."""
    found = [p for p in gallery.pictures if p.label == label and not p.metadata["copy_of"]][8:]
    return random.Random(0).sample(found, n)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=24, help="pictures for the first tables")
    parser.add_argument("--sheet", type=Path, help="where to put a contact sheet of both parts")
    parser.add_argument("--parallel", action="store_true", help="only the part about parallel elements")
    said = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), device="cpu")
        gallery = open_folder(POSTCARDS, settings)
        places = sorted({p.label for p in gallery.pictures})
        pictures = of_label(gallery, FROM, said.each)
        if said.parallel:
            _parallel(of_label(gallery, PARALLEL, 10), places, settings)
            return
        print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores, 1 thread · {SMALL}\n")
        there, own = there_and_back(pictures[:12], settings)
        print(f"Into the noise and back with the picture's own prompt, {STEPS} steps: {there:.1f} dB to the")
        print(f"autoencoder's own round trip, which itself has {own:.1f} dB to the picture.\n")
        sheet = _beach(pictures, places, sorted({p.metadata["subject"] for p in gallery.pictures}), settings)
        others = of_label(gallery, PARALLEL, 10)
        more = _parallel(others, places, settings)
        if said.sheet:
            save_sheet(pictures[:12], [row[:12] for row in sheet], said.sheet)
            save_sheet(others, more, said.sheet.with_stem(f"{said.sheet.stem}-parallel"))


def _beach(
    pictures: Sequence[Picture], places: Sequence[str], subjects: Sequence[str], settings: Settings
) -> list[list[Image.Image]]:
    """One label to another, beside what holds less; returns a row of images for each."""
    sheet = []
    small = [p.open().resize((64, 64), Image.Resampling.BOX) for p in pictures]

    def with_subject(images: Sequence[Image.Image]) -> int:
        seen = seen_as(images, subjects, settings)
        return sum(word == p.metadata["subject"] for word, p in zip(seen, pictures, strict=True))

    seen = seen_as(small, places, settings).count(FROM)
    print(f"{FROM} to {TO}, {len(pictures)} pictures; at 64 px the matcher sees {FROM} in {seen}, the subject in "
          f"{with_subject(small)}")  # fmt: skip
    for name, options in HOLDS.items():
        began = time.perf_counter()
        found = made(pictures, [TO], options, settings)
        took = (time.perf_counter() - began) / len(pictures)
        own, chance = layout(pictures, found.images)
        after = seen_as(found.images, places, settings)
        fell = sum(row.t_from_after < row.t_from_before for row in found.rows)
        print(f"\n{name}\n" + "\n".join(lines(found.rows)[:2]))
        print(f"T(from) fell {fell} of {len(pictures)} · the matcher sees {TO} in {after.count(TO)}, {FROM} in "
              f"{after.count(FROM)}, the subject in {with_subject(found.images)} · layout {own:.2f}, of others "
              f"{chance:.2f} · {took:.1f} s a picture")  # fmt: skip
        sheet.append(found.images)
    return sheet


def _parallel(pictures: Sequence[Picture], places: Sequence[str], settings: Settings) -> list[list[Image.Image]]:
    """The same pictures as several labels: what clusters of parallel elements are made from."""
    found = made(pictures, PLACES, {}, settings)
    print(f"\nparallel: {len(pictures)} pictures of {PARALLEL} as {', '.join(PLACES)}\n" + "\n".join(lines(found.rows)))
    sheet = [[image for row, image in zip(found.rows, found.images, strict=True) if row.to == to] for to in PLACES]
    print(f"\nthe matcher sees      {'  '.join(f'{place:>9}' for place in places)}  layout  of others")
    for to, images in zip(PLACES, sheet, strict=True):
        seen, (own, chance) = seen_as(images, places, settings), layout(pictures, images)
        print(f"as {to:<18} {'  '.join(f'{seen.count(place):>9}' for place in places)}  {own:>6.2f}  {chance:>9.2f}")
    print(f"\nT(to) after\n{'picture':<28}" + "".join(f"{to:>12}" for to in PLACES) + f"{'median':>12}")
    for picture in pictures:
        after = [row.t_to_after for row in found.rows if row.source == picture.name]
        print(f"{picture.name:<28}" + "".join(f"{t:>+12.4f}" for t in [*after, float(np.median(after))]))
    _elements(pictures, sheet, settings)
    return sheet


def _elements(pictures: Sequence[Picture], sheet: Sequence[Sequence[Image.Image]], settings: Settings) -> None:
    """Patches at one place of all translations of a picture, clustered, the most co-typical first."""
    with tempfile.TemporaryDirectory() as scratch:
        for to, images in zip(PLACES, sheet, strict=True):
            (Path(scratch) / to).mkdir()
            for picture, image in zip(pictures, images, strict=True):
                image.save(Path(scratch) / to / f"{Path(picture.name).stem}.png")
        some = open_folder(Path(scratch), settings).pictures
        denoiser = Denoising(MODEL, settings, Progress(), lambda: models.load("denoiser", MODEL, settings))
        maps = {i: told[0] for _, i, told in denoiser.maps(some, [(p.label,) for p in some], 32, 0)}
        features = denoiser.features(some, 0)

    def of(what: dict[int, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
        by_label: dict[str, dict[str, np.ndarray]] = {to: {} for to in PLACES}
        for i, one in what.items():
            by_label[some[i].label][Path(some[i].name).stem] = one
        return by_label

    found = parallel(of(maps), of(features), 0.25, 5, 6, 0)
    elements, subjects = boxes_of(pictures)
    kinds = {Path(p.name).stem: [*elements.get(p.name, ()), *subjects.get(p.name, ())] for p in pictures}
    print(f"\nparallel elements, co-typicality first\n{'':<4}{'median':>9}" + "".join(f"{to:>12}" for to in PLACES)
          + f"{'pictures':>10}  where in the pictures they came from")  # fmt: skip
    for k, one in enumerate(found, 1):
        kind, share = purity([Patch(source, box, 0.0) for source, box in one.patches], kinds)
        at = np.mean([(box[0] + box[2] / 2, box[1] + box[3] / 2) for _, box in one.patches], axis=0)
        told = "".join(f"{one.typicality[to]:>+12.4f}" for to in PLACES)
        place = f"{share:.0%} on {kind or 'nothing boxed'}; middle {at[0]:.2f}, {at[1]:.2f}"
        print(f"{k:<4}{one.co_typicality:>+9.4f}{told}{one.sources:>10}  {place}")


if __name__ == "__main__":
    main()
