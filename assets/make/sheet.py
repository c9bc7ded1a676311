"""A contact sheet, to look at what the painter paints: `python -m assets.make.sheet OUT.png --seed 1`."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw

from .painter import Scene, paint
from .scene import scenes


def sheet(wanted: Iterable[Scene], columns: int = 10, size: int = 128, boxes: bool = False) -> Image.Image:
    """Paint scenes side by side, if asked with their boxes."""
    tiles = []
    for scene in wanted:
        picture, found = paint(scene, size)
        if boxes:
            pencil = ImageDraw.Draw(picture)
            for box in found:
                colour = "magenta" if box.role == "subject" else "cyan"
                pencil.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=colour)
        tiles.append(picture)
    rows = -(-len(tiles) // columns)
    page = Image.new("RGB", (columns * (size + 2), rows * (size + 2)), "white")
    for i, tile in enumerate(tiles):
        page.paste(tile, (i % columns * (size + 2), i // columns * (size + 2)))
    return page


def main() -> None:
    """Write one sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--boxes", action="store_true")
    args = parser.parse_args()
    sheet(scenes(args.seed, args.pictures), args.columns, args.size, args.boxes).save(args.out)


if __name__ == "__main__":
    main()
