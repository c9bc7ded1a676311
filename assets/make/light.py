"""Times of day as light: how a colour chosen for noon looks at sunset, at night and in fog."""

from dataclasses import dataclass
from typing import TypeAlias

RGB: TypeAlias = tuple[int, int, int]


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """Colour on the way from `a` to `b`; `share` 0 gives `a`."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def darker(colour: RGB, share: float = 0.25) -> RGB:
    """Shade of a colour that leans to blue, as shadows do."""
    return mix(colour, (24, 18, 48), share)


def lighter(colour: RGB, share: float = 0.35) -> RGB:
    """Tint of a colour."""
    return mix(colour, (255, 255, 255), share)


@dataclass(frozen=True)
class Light:
    """Light on the land, and a fairer one on the subjects, whose colour must stay nameable."""

    sky: tuple[RGB, RGB, RGB]  # top, middle, horizon
    tint: tuple[float, float, float]  # multiplies every colour of the land
    haze: RGB  # what distance fades into
    fade: tuple[float, float]  # share of haze near and far
    subject_tint: tuple[float, float, float]
    subject_fade: float
    ink: RGB  # outlines
    lamps: bool  # windows, street lamps and the lighthouse are lit

    def on_land(self, colour: RGB, distance: float = 0.0) -> RGB:
        """Colour of the land at a distance, 0 at the feet of the viewer to 1 at the horizon."""
        return self.faded(_multiply(colour, self.tint), distance)

    def faded(self, colour: RGB, distance: float) -> RGB:
        """Colour behind the haze of a distance, whatever the light."""
        near, far = self.fade
        return mix(colour, self.haze, near + (far - near) * distance)

    def on_subject(self, colour: RGB) -> RGB:
        """Colour of a subject, the same at every distance."""
        return mix(_multiply(colour, self.subject_tint), self.haze, self.subject_fade)


def _multiply(colour: RGB, tint: tuple[float, float, float]) -> RGB:
    return (
        min(255, round(colour[0] * tint[0])),
        min(255, round(colour[1] * tint[1])),
        min(255, round(colour[2] * tint[2])),
    )


LIGHTS = {
    "sunny": Light(
        sky=((58, 142, 226), (112, 184, 242), (196, 230, 250)),
        tint=(1.0, 1.0, 1.0),
        haze=(190, 222, 244),
        fade=(0.0, 0.16),
        subject_tint=(1.0, 1.0, 1.0),
        subject_fade=0.0,
        ink=(44, 36, 48),
        lamps=False,
    ),
    "sunset": Light(
        sky=((84, 52, 132), (206, 92, 128), (255, 186, 108)),
        tint=(0.94, 0.68, 0.62),
        haze=(236, 132, 108),
        fade=(0.03, 0.26),
        subject_tint=(1.0, 0.93, 0.90),
        subject_fade=0.02,
        ink=(46, 24, 48),
        lamps=True,
    ),
    "night": Light(
        sky=((10, 14, 46), (22, 30, 80), (46, 60, 124)),
        tint=(0.47, 0.54, 0.78),
        haze=(36, 46, 104),
        fade=(0.04, 0.30),
        subject_tint=(0.94, 0.93, 0.97),
        subject_fade=0.0,
        ink=(10, 10, 32),
        lamps=True,
    ),
    "foggy": Light(
        sky=((166, 177, 186), (188, 198, 204), (206, 213, 216)),
        tint=(0.90, 0.93, 0.95),
        haze=(197, 206, 211),
        fade=(0.28, 0.66),
        subject_tint=(1.0, 1.0, 1.0),
        subject_fade=0.22,
        ink=(70, 72, 84),
        lamps=True,
    ),
}
