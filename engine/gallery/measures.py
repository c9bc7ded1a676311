"""What can be told of a picture without any model: light, contrast, colours, sharpness, format. Pure.

All is measured on the picture at a fixed size (longest side SIDE pixels; a smaller one stays as it is), so that the
same photo tells much the same at any resolution. Sources, and where we depart from them:

* lightness and contrast: CIE 1976 L* (0 black, 100 white), its mean, percentiles and standard deviation (RMS contrast:
  Peli, Contrast in complex images, JOSA A 1990);
* colour names: the eleven basic terms of Berlin and Kay (Basic Color Terms, 1969) and beige, bounded by hand in OKLCh
  (Ottosson, A perceptual color space for image processing, 2020), whose hues hold where CIELAB's blue turns purple;
  the dominant one is by area, weighed towards the centre and towards strong colours;
* colourfulness: Hasler and Süsstrunk, Measuring colorfulness in natural images, SPIE 2003, with their scale;
* sharpness: variance of the Laplacian (Pech-Pacheco et al., ICPR 2000; LAP4 of Pertuz et al., Pattern Recognition
  2013) over the variance of the lightness, so that low contrast is not taken for blur. At this size only blur that
  shows in a preview counts: most photos lie between 0.15 and 2; a Gaussian blur of 2 pixels in one of 640 leaves about
  0.05, one of 4 pixels 0.01. Large smooth things (fruit, fog, sky) look soft to it, too;
* blur: Crete et al., The blur effect, SPIE 2007: how much of the steps between neighbours is left when the picture is
  blurred once more, along rows or columns, whichever is worse (motion). We weigh each step by its size, or a smooth sky
  behind a sharp figure would count as blurred. Real photos reach 0.31; 5 pixels of Gaussian blur in 640 leave 0.47;
* entropy: Shannon's, of the grey levels.

The bounds between words are ours, set by looking at photographs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

SIDE = 256  # pixels
COLOURS = ("black", "grey", "white", "beige", "brown", "red", "orange", "yellow", "green", "blue", "purple", "pink")
_STRONG = frozenset(("red", "orange", "yellow", "green", "blue", "purple", "pink"))
_PERCENTS = (1, 5, 25, 50, 75, 95, 99)
_ASPECTS = {"1:1": 1.0, "5:4": 1.25, "4:3": 4 / 3, "3:2": 1.5, "16:10": 1.6, "16:9": 16 / 9, "2:1": 2.0, "3:1": 3.0}
LINEAR = np.array([v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255])
_BITS = 5  # a channel, for colour names
_WINDOW = 11  # pixels over which `blur` blurs once more


@dataclass(frozen=True)
class Colour:
    """A named colour: its share of the area, and its share of what strikes the eye; both 0 to 1."""

    name: str
    area: float
    weight: float


@dataclass(frozen=True)
class Measures:
    """A picture in numbers, and what people would call them.

    Args:
        lightness: mean CIE L*, 0 to 100.
        percentiles: L* that so many percent of the pixels do not exceed: 1, 5, 25, 50, 75, 95, 99.
        contrast: standard deviation of L*.
        colours: all that occur, the most striking first.
        grey: there is no colour in it.
        colourfulness: Hasler and Süsstrunk's M; 0 grey, 109 extremely colourful.
        sharpness: 0 where all is blurred or plain; from about 0.15 on where it is sharp, 20 for pure noise.
        burnt: share of the pixels at the end of a channel, as in what was exposed too long; 0 where these are white.
        blur: 0 where nothing is left of edges when blurred once more, 1 where all is: it was blurred before.
        entropy: of the grey levels, 0 to 8 bits.
        width: in pixels, as given.
        height: in pixels, as given.
    """

    lightness: float
    percentiles: tuple[float, ...]
    contrast: float
    colours: tuple[Colour, ...]
    grey: bool
    colourfulness: float
    burnt: float
    sharpness: float
    blur: float
    entropy: float
    width: int
    height: int

    @property
    def brightness(self) -> str:
        """Dark, dim, medium or bright."""
        return _word(self.lightness, ((36, "dark"), (40, "dim"), (60, "medium")), "bright")

    @property
    def contrast_word(self) -> str:
        """Low, medium or high contrast."""
        return _word(self.contrast, ((15, "low contrast"), (27, "medium contrast")), "high contrast")

    @property
    def lighting(self) -> str:
        """Dark, dim or bright; else high contrast where deep shadows stand beside strong lights, or even.

        Where the light comes from cannot be told so: a black motorbike before a white door looks like one in backlight.
        """
        word = self.brightness
        least = {"medium": 25, "dim": 30, "dark": 30}.get(word)  # one lamp gives a dark picture much
        if least and self.contrast >= least and self.percentiles[5] >= 90:
            return "high contrast"
        return "even" if word == "medium" else word

    @property
    def colour(self) -> str:
        """The most striking colour; black and white where that is all there is; colourful where none of many leads."""
        if self.grey and self.percentiles[5] - self.percentiles[1] > 30:
            return "black and white"
        strong = [c for c in self.colours if c.name in _STRONG and c.weight >= 0.08]
        if self.colours[0].weight < 0.28 and len(strong) > 2 and self.colourfulness >= 60:
            return "colourful"
        return self.colours[0].name

    @property
    def second_colour(self) -> str:
        """The next one that fills at least a twentieth of the picture; empty where there is none."""
        return next((c.name for c in self.colours[1:] if c.area >= 0.05), "")

    @property
    def vividness(self) -> str:
        """Black and white, muted, moderate or vivid; bounds from Hasler and Süsstrunk's scale."""
        if self.grey:
            return "black and white"
        return _word(self.colourfulness, ((33, "muted"), (59, "moderate")), "vivid")

    @property
    def focus(self) -> str:
        """Sharp, soft or blurred; plain where there is nothing that could be sharp."""
        if self.contrast < 2:
            return "plain"
        return _word(self.sharpness, ((0.02, "blurred"), (0.12, "soft")), "sharp")

    @property
    def orientation(self) -> str:
        """Landscape, portrait, square, or panorama from two to one on."""
        ratio = self.aspect
        if max(ratio, 1 / ratio) >= 2:
            return "panorama" if ratio > 1 else "tall panorama"
        return "square" if max(ratio, 1 / ratio) < 1.025 else "landscape" if ratio > 1 else "portrait"

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def aspect_word(self) -> str:
        """The usual ratio that is nearest, such as 4:3, or 3:4 where upright; over 3:1 where none is near."""
        ratio = max(self.aspect, 1 / self.aspect)
        word = min(_ASPECTS, key=lambda name: abs(math.log(_ASPECTS[name] / ratio)))
        word = word if self.aspect >= 1 else ":".join(reversed(word.split(":")))
        return f"over {word}" if ratio > 3.5 else word


def measure(picture: Image.Image) -> Measures:
    """All measures of a picture in RGB; about 5 ms."""
    width, height = picture.size
    small = picture
    if max(picture.size) > SIDE:
        scale = SIDE / max(picture.size)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = picture.resize(size, Image.Resampling.BOX, reducing_gap=2)
    rgb = np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1))  # (3, h, w) uint8
    light = _lightness(rgb)  # (h, w)
    percentiles = tuple(float(p) for p in np.percentile(light, _PERCENTS))
    return Measures(
        lightness=float(light.mean(dtype=np.float64)),
        percentiles=percentiles,
        contrast=float(light.std(dtype=np.float64)),
        colours=_shares(rgb),
        grey=_is_grey(rgb),
        colourfulness=_colourfulness(rgb),
        burnt=_burnt(rgb),
        sharpness=_sharpness(light),
        blur=max(_blur(light[:, ::2]), _blur(light[::2].T)),  # every other line tells as much
        entropy=small.convert("L").entropy(),
        width=width,
        height=height,
    )


def _word(value: float, bounds: tuple[tuple[float, str], ...], above: str) -> str:
    """The word of the first bound that the value stays below."""
    return next((word for bound, word in bounds if value < bound), above)


def _lightness(rgb: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB, (h, w) float32."""
    red, green, blue = _luminances()
    y = red[rgb[0]] + green[rgb[1]] + blue[rgb[2]]
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * np.float32(24389 / 27))


@cache
def _luminances() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each value of each channel adds to the luminance Y."""
    red, green, blue = (LINEAR.astype(np.float32) * np.float32(part) for part in (0.2126, 0.7152, 0.0722))
    return red, green, blue


@cache
def _names() -> tuple[np.ndarray, np.ndarray]:
    """For each colour of _BITS bits a channel, the index of its name in COLOURS and how much it strikes the eye.

    Both (32768,). The weight is 1 for grey and grows with OKLCh chroma to 7 for a strong colour.
    """
    values = (np.arange(1 << _BITS) * 255 / ((1 << _BITS) - 1)).round().astype(int)
    r, g, b = (v.ravel() for v in np.meshgrid(LINEAR[values], LINEAR[values], LINEAR[values], indexing="ij"))
    long = np.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    mid = np.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = np.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    light = 0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    return _named(light, chroma, hue), (1 + 6 * np.minimum(chroma / 0.16, 1) ** 1.5).astype(np.float32)


def _named(light: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Index in COLOURS by OKLCh; the first line that fits counts."""
    warm, cool = (hue > 35) & (hue < 112), (hue > 215) & (hue < 290)
    neutral = np.select([warm, cool], [0.032, 0.024], 0.03) * np.clip(light / 0.5, 0.6, 1)
    reddish = (hue < 25) | (hue >= 345)
    rules = (
        ("black", (light < 0.18) | (light < 0.28) & (chroma < 0.055)),
        ("white", (light > 0.88) & (chroma < 0.028)),
        ("grey", chroma < neutral),
        ("beige", warm & ((light > 0.72) & (chroma < 0.085) | (light > 0.58) & (chroma < 0.052))),
        ("brown", warm & (chroma < 0.075) & (hue < 105)),
        ("pink", reddish & (light > np.where((hue < 10) | (hue >= 345), 0.6, 0.7))),
        ("purple", (hue >= 345) & (light < 0.45)),
        ("red", reddish),
        ("brown", (hue < 38) & (light < 0.5) & (chroma < 0.11)),
        ("pink", (hue < 32) & (light > 0.7) & (chroma < 0.16)),
        ("red", hue < 38),
        ("brown", (hue < 100) & (light + chroma < 0.67)),
        ("orange", hue < 82),
        ("yellow", (hue < 100) | (hue < 115) & (light > 0.8)),
        ("green", hue < 190),
        ("blue", hue < 288),
        ("purple", (hue < 318) | (light < 0.66)),
    )
    indices = [np.uint8(COLOURS.index(name)) for name, _ in rules]
    return np.select([fits for _, fits in rules], indices, COLOURS.index("pink")).astype(np.uint8)


def _shares(rgb: np.ndarray) -> tuple[Colour, ...]:
    """Colours in the order of what strikes the eye.

    A pixel in the middle counts up to three times one at the rim, one of a strong colour up to seven times a grey one:
    a red car on grey asphalt makes a red picture once it fills about a tenth of it.
    """
    _, h, w = rgb.shape
    table, strength = _names()
    r, g, b = (rgb >> (8 - _BITS)).astype(np.int32)
    bins = r << 2 * _BITS | g << _BITS | b
    names = table[bins]
    across, down = (np.exp(-2 * np.linspace(-1, 1, n, dtype=np.float32) ** 2) if n > 1 else np.ones(1) for n in (w, h))
    weight = (0.4 + down[:, None] * across[None, :]) * strength[bins]
    striking = np.bincount(names.ravel(), weight.ravel(), len(COLOURS))
    striking /= striking.sum()
    area = np.bincount(names.ravel(), minlength=len(COLOURS)) / names.size
    order = sorted(np.flatnonzero(area), key=lambda i: (-striking[i], i))
    return tuple(Colour(COLOURS[i], float(area[i]), float(striking[i])) for i in order)


def _is_grey(rgb: np.ndarray) -> bool:
    """Whether no more than a hundredth of the pixels have a colour: channels differ by more than JPEG makes them."""
    return bool(np.count_nonzero(rgb.max(0) - rgb.min(0) > 12) <= 0.01 * rgb[0].size)


def _burnt(rgb: np.ndarray) -> float:
    """Light that is too much reaches the end in one channel after the other, so some of it keeps a false colour."""
    is_burnt = rgb.max(0) >= 250
    return float(is_burnt.mean()) if (is_burnt & (rgb.min(0) < 240)).mean() >= 0.03 else 0.0


def _colourfulness(rgb: np.ndarray) -> float:
    r, g, b = rgb.astype(np.float32)
    rg, yb = r - g, (r + g) / 2 - b
    spread = np.hypot(rg.std(dtype=np.float64), yb.std(dtype=np.float64))
    return float(spread + 0.3 * np.hypot(rg.mean(dtype=np.float64), yb.mean(dtype=np.float64)))


def _sharpness(light: np.ndarray) -> float:
    """Variance of the Laplacian over the variance of L*; the 1 keeps noise in a plain picture from counting."""
    if min(light.shape) < 3:
        return 0.0
    inner = light[1:-1, 1:-1]
    laplacian = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:] - 4 * inner
    return float(laplacian.var(dtype=np.float64) / (inner.var(dtype=np.float64) + 1))


def _blur(light: np.ndarray) -> float:
    """The blur effect down the columns of L*; what hardly changes in this direction cannot be blurred in it."""
    if len(light) < 2 * _WINDOW:
        return 0.0
    light = np.ascontiguousarray(light)
    sums = np.cumsum(light, axis=0)
    again = (sums[_WINDOW:] - sums[:-_WINDOW]) / _WINDOW  # its row i is the mean of rows i + 1 to i + _WINDOW
    first = _WINDOW // 2 + 1
    steps = np.abs(np.diff(light[first : first + len(again)], axis=0)).ravel()
    left = np.minimum(steps, np.abs(np.diff(again, axis=0)).ravel())
    return float(np.vdot(steps, left) / (np.vdot(steps, steps) + 0.01 * steps.size))
