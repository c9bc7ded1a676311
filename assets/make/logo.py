"""Writes the mark, a showcase with one half open to the light: `python -m assets.make.logo`.

One list of shapes gives both assets/logo.svg and assets/icon.png.
"""

from pathlib import Path

from PIL import Image, ImageDraw

ASSETS = Path(__file__).parents[1]
TEAL, TEAL_IN_THE_DARK = "#0b6e6e", "#56c3b8"
_FONTS = "Inter, Segoe UI, Helvetica Neue, DejaVu Sans, sans-serif"
_FRAME = ((4, 4, 60, 60), 11, 4)  # box, corner radius and stroke of a case 64 wide
_HALF = (4, 4, 32, 60)  # the filled side
_SHELF = (32, 42, 58, 45)
_EXHIBIT = (37, 26, 53, 42)  # a disc stands on the shelf


def svg() -> str:
    """The mark and the name as SVG, lighter where the system is dark."""
    (left, top, right, bottom), radius, stroke = _FRAME
    inset = stroke / 2
    frame = (
        f'<rect x="{left + inset:g}" y="{top + inset:g}" width="{right - left - stroke}" '
        f'height="{bottom - top - stroke}" rx="{radius - inset:g}" '
        f'fill="none" stroke="currentColor" stroke-width="{stroke}"/>'
    )
    split = _HALF[2]
    half = (
        f'<path d="M{split} {top}H{left + radius}A{radius} {radius} 0 0 0 {left} {top + radius}V{bottom - radius}'
        f'A{radius} {radius} 0 0 0 {left + radius} {bottom}H{split}Z"/>'
    )
    x0, y0, x1, y1 = _SHELF
    shelf = f'<path d="M{x0} {y0}H{x1}V{y1}H{x0}Z"/>'
    x0, y0, x1, y1 = _EXHIBIT
    exhibit = f'<circle cx="{(x0 + x1) / 2:g}" cy="{(y0 + y1) / 2:g}" r="{(x1 - x0) / 2:g}"/>'
    name = f'<text x="78" y="47" font-size="42" font-weight="600" font-family="{_FONTS}">Vitrine</text>'
    dark = f"@media(prefers-color-scheme:dark){{:root{{color:{TEAL_IN_THE_DARK}}}}}"
    style = f"<style>:root{{color:{TEAL}}}{dark}</style>"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 64" role="img" aria-label="Vitrine">'
        f'{style}{frame}<g fill="currentColor">{half}{shelf}{exhibit}{name}</g></svg>\n'
    )


def icon(size: int = 256) -> Image.Image:
    """The mark on nothing, `size` pixels wide."""
    scale = size * 4 / 64
    mask = Image.new("L", (size * 4, size * 4))
    pencil = ImageDraw.Draw(mask)

    def scaled(box: tuple[int, int, int, int]) -> tuple[float, ...]:
        return box[0] * scale, box[1] * scale, box[2] * scale - 1, box[3] * scale - 1

    box, radius, stroke = _FRAME
    pencil.rounded_rectangle(scaled(box), radius * scale, outline=255, width=round(stroke * scale))
    pencil.rounded_rectangle(scaled(_HALF), radius * scale, fill=255, corners=(True, False, False, True))
    pencil.rectangle(scaled(_SHELF), fill=255)
    pencil.ellipse(scaled(_EXHIBIT), fill=255)
    picture = Image.new("RGBA", (size, size), TEAL)
    picture.putalpha(mask.reduce(4))
    return picture


def main() -> None:
    """Write both files."""
    (ASSETS / "logo.svg").write_text(svg(), encoding="utf-8")
    icon().save(ASSETS / "icon.png", optimize=True)


if __name__ == "__main__":
    main()
