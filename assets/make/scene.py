"""What a postcard is of: five independent factors and a seed for everything else."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

PLACES = ("beach", "forest", "city", "desert", "mountains", "harbour")
SUBJECTS = ("house", "car", "balloon", "umbrella", "cat", "rocket")
COLOURS = ("red", "blue", "green", "yellow", "purple", "white")
TIMES = ("sunny", "sunset", "night", "foggy")
COUNTS = (1, 2, 3)

FACTORS: dict[str, tuple[str, ...] | tuple[int, ...]] = {
    "place": PLACES,
    "subject": SUBJECTS,
    "colour": COLOURS,
    "time": TIMES,
    "count": COUNTS,
}


@dataclass(frozen=True)
class Scene:
    """One postcard before it is painted; equal scenes give equal pictures."""

    place: str
    subject: str
    colour: str
    time: str
    count: int
    seed: int

    def stream(self, purpose: str) -> random.Random:
        """Random numbers for one purpose, which depend on the seed alone.

        The factors stay out of it, so two scenes of one seed differ only in what their factors change: the same
        postcard with the cat in another colour. Strings are hashed by SHA-512 here, never by `hash`.
        """
        return random.Random(f"postcard {self.seed} {purpose}")


def scenes(seed: int, n: int | None = None) -> Iterator[Scene]:
    """`n` scenes, endless if None, with uniform and independent factors: training pictures.

    Their seeds lie above 2**32, those of the shipped gallery below: the two never share a picture.
    """
    rng = random.Random(f"scenes {seed}")
    for _ in itertools.count() if n is None else range(n):
        yield Scene(
            rng.choice(PLACES),
            rng.choice(SUBJECTS),
            rng.choice(COLOURS),
            rng.choice(TIMES),
            rng.choice(COUNTS),
            2**32 + rng.getrandbits(60),
        )
