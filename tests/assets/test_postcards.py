"""The shipped gallery: re-created picture by picture, balanced where it says so, complete."""

import csv
import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assets.make.grammar import read
from assets.make.postcards import COLUMNS, FOLDER, SIZE, Card, gallery
from assets.make.scene import FACTORS, PLACES

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture(scope="module")
def cards() -> list[Card]:
    return gallery()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (FOLDER / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_folder_and_table_are_the_planned_gallery(cards: list[Card], rows: list[dict[str, str]]) -> None:
    on_disk = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*"))
    assert on_disk == [card.file_name for card in cards] == [row["file_name"] for row in rows]
    assert len(rows) == 600
    assert tuple(rows[0]) == COLUMNS
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 12e6


def test_a_sample_is_painted_again(cards: list[Card], rows: list[dict[str, str]]) -> None:
    """Decoded pixels: WebP is lossless, so another encoder cannot matter; JPEG and fonts may differ by a trace."""
    edited = list({card.edit: card for card in cards if card.edit}.values())
    table = {row["file_name"]: row for row in rows}
    for card in [*cards[::40], *edited]:
        picture, boxes = card.painted()
        shipped = np.asarray(Image.open(FOLDER / card.file_name).convert("RGB"), np.int16)
        off = np.abs(shipped - np.asarray(picture, np.int16))
        assert off.mean() < 3 if card.edit else off.max() == 0, card
        assert {key: str(value) for key, value in card.row(boxes).items()} == table[card.file_name]


def test_pictures_open_at_their_size_and_boxes_lie_inside(rows: list[dict[str, str]]) -> None:
    for row in rows:
        with Image.open(FOLDER / row["file_name"]) as picture:
            assert picture.size == (SIZE, SIZE)
        boxes = json.loads(row["boxes"])
        assert {"subject", "element"} >= {box["role"] for box in boxes}
        assert any(box["role"] == "subject" for box in boxes)
        if "crop" not in row["edit"] and row["edit"] != "combined":
            assert sum(box["name"] == row["subject"] for box in boxes) == int(row["count"])
        for box in boxes:
            left, top, right, bottom = box["box"]
            assert 0 <= left < right <= SIZE
            assert 0 <= top < bottom <= SIZE


def test_rows_are_complete_and_captions_name_every_factor(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert all(row[column] for column in COLUMNS if column not in ("copy_of", "edit"))
        assert row["file_name"].startswith(f"{row['place']}/")
        assert row["split"] in ("train", "test")
        assert {factor: str(value) for factor, value in read(row["caption"]).items()} == {f: row[f] for f in FACTORS}


def test_factors_are_balanced_but_for_purple_cats(cards: list[Card]) -> None:
    scenes = [card.scene for card in cards if not card.edit]
    assert len(scenes) == len(set(scenes)) == 576
    assert set(Counter((s.place, s.time, s.subject) for s in scenes).values()) == {4}
    for factor, values in FACTORS.items():
        counts = Counter(getattr(scene, factor) for scene in scenes)
        assert all(abs(counts[value] - 576 / len(values)) <= 2 for value in values), counts
    cats = [scene for scene in scenes if scene.subject == "cat"]
    assert sum(scene.colour == "purple" for scene in cats) == 67  # of 96: 69.8 %
    # every other pair of factors: largest cell at most a third above the mean
    for a, b in itertools.combinations(FACTORS, 2):
        if {a, b} == {"subject", "colour"}:
            continue
        mean = 576 / len(FACTORS[a]) / len(FACTORS[b])
        cells = Counter((getattr(s, a), getattr(s, b)) for s in scenes)
        assert len(cells) == len(FACTORS[a]) * len(FACTORS[b])
        assert max(abs(n - mean) for n in cells.values()) <= mean / 3, (a, b, cells)


def test_copies_are_planted_over_places_and_across_the_split(cards: list[Card]) -> None:
    named = {card.file_name: card for card in cards}
    copies = [card for card in cards if card.edit]
    assert Counter(card.edit for card in copies) == dict.fromkeys(
        ("crop", "jpeg", "colour", "flip", "text", "combined"), 4
    )
    assert Counter(card.scene.place for card in copies) == dict.fromkeys(PLACES, 4)
    assert len({card.copy_of for card in copies}) == 24
    for card in copies:
        original = named[card.copy_of]
        assert not original.edit
        assert original.scene == card.scene
    assert sum(named[card.copy_of].split != card.split for card in copies) == 12


def test_copies_are_nearer_to_their_originals_than_to_others(cards: list[Card]) -> None:
    """In grey at 8 x 8, mirrored if need be; cropped ones are let off."""

    def small(card: Card) -> np.ndarray:
        with Image.open(FOLDER / card.file_name) as picture:
            grey = np.asarray(picture.convert("L").resize((8, 8), Image.Resampling.BOX), np.float32)
        return (grey - grey.mean()) / grey.std()

    others = {card.file_name: small(card) for card in cards[::3]} | {
        card.copy_of: small(next(c for c in cards if c.file_name == card.copy_of)) for card in cards if card.edit
    }
    for card in cards:
        if card.edit in ("jpeg", "colour", "flip", "text"):
            own = small(card)
            own = own[:, ::-1] if card.edit == "flip" else own
            away = {name: float(np.abs(own - other).mean()) for name, other in others.items() if name != card.file_name}
            assert min(away, key=lambda name: away[name]) == card.copy_of


def test_logo_and_icon_are_there() -> None:
    svg = (ASSETS / "logo.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "#0b6e6e" in svg
    with Image.open(ASSETS / "icon.png") as icon:
        assert icon.size == (256, 256)
        assert icon.mode == "RGBA"
