"""Writes the Postcards gallery: `python -m assets.make.postcards` re-creates assets/postcards/.

What is planted, and nothing else: place x time x subject in equal numbers, the other factors balanced over them; seven
of ten cats are purple and as few other things as make both colours and subjects equally frequent; 24 near-duplicates,
half of them on the other side of the split.
"""

import argparse
import csv
import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from .copies import EDITS
from .grammar import full_caption
from .painter import Box, paint
from .scene import COLOURS, PLACES, SUBJECTS, TIMES, Scene

FOLDER = Path(__file__).parents[1] / "postcards"
SIZE = 256
COLUMNS = (
    *("file_name", "place", "subject", "colour", "time", "count"),
    *("caption", "boxes", "split", "copy_of", "edit", "seed"),
)
_PER_CELL = 4  # pictures of each place, time and subject
_PER_EDIT = 4


@dataclass(frozen=True)
class Card:
    """One picture of the gallery before it is painted."""

    file_name: str
    scene: Scene
    caption: str
    split: str
    copy_of: str = ""
    edit: str = ""

    def painted(self) -> tuple[Image.Image, list[Box]]:
        """The picture and its boxes; a copy is painted like its original and then edited."""
        picture, boxes = paint(self.scene, SIZE)
        if not self.edit:
            return picture, boxes
        return EDITS[self.edit](picture, boxes, random.Random(f"copy of {self.copy_of}: {self.edit}"))

    def row(self, boxes: Sequence[Box]) -> dict[str, str | int]:
        """The picture's line in metadata.csv."""
        found = [{"name": b.name, "role": b.role, "box": [b.left, b.top, b.right, b.bottom]} for b in boxes]
        own = {"file_name": self.file_name, "caption": self.caption, "split": self.split, "copy_of": self.copy_of}
        return {**own, **asdict(self.scene), "edit": self.edit, "boxes": json.dumps(found, separators=(",", ":"))}


def gallery() -> list[Card]:
    """All cards in the order of their names."""
    rng = random.Random("postcards")
    scenes = _scenes()
    tests = _tests(scenes, rng)
    originals = {place: rng.sample([s for s in scenes if s.place == place], 4) for place in PLACES}
    copies: list[tuple[Scene, str]] = []
    for i, edit in enumerate(edit for edit in EDITS for _ in range(_PER_EDIT)):
        copies.append((originals[PLACES[i % len(PLACES)]].pop(), edit))

    names: dict[tuple[Scene, str], str] = {}
    for place in PLACES:
        mine = [card for card in [*((s, "") for s in scenes), *copies] if card[0].place == place]
        rng.shuffle(mine)  # a copy's number says nothing
        for i, (scene, edit) in enumerate(mine, 1):
            suffix = "jpg" if edit in ("jpeg", "combined") else "webp"
            names[scene, edit] = f"{place}/{place}_{i:03}.{suffix}"

    cards = [Card(names[s, ""], s, full_caption(s, rng).text, "test" if s in tests else "train") for s in scenes]
    for i, (scene, edit) in enumerate(copies):
        in_test = (scene in tests) != (i % 2 == 0)  # every other copy leaks across the split
        split = "test" if in_test else "train"
        cards.append(Card(names[scene, edit], scene, full_caption(scene, rng).text, split, names[scene, ""], edit))
    return sorted(cards, key=lambda card: card.file_name)


def write(folder: Path) -> None:
    """Paint the gallery into a folder, in place of what is there."""
    for place in PLACES:
        shutil.rmtree(folder / place, ignore_errors=True)
        (folder / place).mkdir(parents=True)
    rows = []
    for card in gallery():
        picture, boxes = card.painted()
        if card.file_name.endswith(".jpg"):
            picture.save(folder / card.file_name, "JPEG", quality=88)
        else:
            picture.save(folder / card.file_name, "WEBP", lossless=True, quality=80, method=6)
        rows.append(card.row(boxes))
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    """Write the gallery where it is shipped, or elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    write(parser.parse_args().folder)


def _scenes() -> list[Scene]:
    """Scenes of the originals: every place, time and subject four times, colours and counts dealt evenly."""
    scenes = []
    for p, place in enumerate(PLACES):
        for s, subject in enumerate(SUBJECTS):
            for slot, colour in enumerate(_colours(p, s)):
                k, t = divmod(slot, len(TIMES))
                t = (t + s + p) % len(TIMES)
                scenes.append(Scene(place, subject, colour, TIMES[t], 1 + (p + s + t + k) % 3, len(scenes) + 1))
    return scenes


def _colours(p: int, s: int) -> list[str]:
    """Colours of the 16 pictures of one subject in one place.

    Cats: 11 or 12 purple, 67 of 96 in all. Others: one purple and three of each other colour, so that each colour is
    as frequent as the next over the gallery.
    """
    others = [colour for colour in COLOURS if colour != "purple"]
    turn = (2 * p + s) % len(others)
    others = others[turn:] + others[:turn]
    if SUBJECTS[s] != "cat":
        return [*(colour for colour in others for _ in range(3)), "purple"]
    if p == 0:
        others = others[1:]
    dealt = ["purple"] * (len(TIMES) * _PER_CELL)
    for i, colour in enumerate(others):
        dealt[3 * i + p % 2] = colour
    return dealt


def _tests(scenes: Sequence[Scene], rng: random.Random) -> set[Scene]:
    """A fifth of the scenes, the same number from each place and time."""
    chosen: set[Scene] = set()
    for place in PLACES:
        for time in TIMES:
            chosen.update(rng.sample([s for s in scenes if (s.place, s.time) == (place, time)], 5))
    return chosen


if __name__ == "__main__":
    main()
