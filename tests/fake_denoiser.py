"""A denoiser that reads colours: told a label that is a colour, it tells noise better exactly where that colour is.

Its losses are plain arithmetic of latents, prompt, seed, time and number of draw, so that a test knows T beforehand.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import Stopped, VitrineError
from engine.models.roles import Check, Latent, ModelSpec, Shown

SPEC = ModelSpec("fake", "fake denoiser")
COLOURS = ("red", "green", "blue")
SIDE, GRAIN = 64, 4  # pixels of a painted picture, and of a latent one

Gain = Callable[[Latent, str, np.ndarray], np.ndarray]
"""From a latent, a prompt and times (S,): how much smaller the loss is, (S, h, w) or what becomes it."""


def by_colour(latent: Latent, prompt: str, times: np.ndarray) -> np.ndarray:
    """How much more a pixel has of the colour the prompt ends with than of the others: 1 in it, 0 in grey."""
    del times
    word = prompt.rpartition(" ")[2]
    if word not in COLOURS:
        return np.zeros(1)
    own = COLOURS.index(word)
    return latent.values[own] - np.delete(latent.values[:3], own, 0).max(0)


@dataclass
class FakeDenoiser:
    """What it says depends on content only; it counts what it is asked, and may be stopped.

    Args:
        spec: the model.
        gain: what a prompt helps.
        noise: standard deviation of what each prompt's loss has of its own in each draw.
        most: evaluations after which it is stopped; the picture in work is lost.
    """

    spec: ModelSpec = SPEC
    gain: Gain = by_colour
    noise: float = 0.0
    most: float = float("inf")
    asked: Counter[str] = field(default_factory=Counter)

    def latents(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """Red, green, blue and grey, 0 to 1."""
        for i, picture in enumerate(pictures):
            check()
            self.asked["latents"] += 1
            with suppress(VitrineError):
                image = picture.open()
                size = image.width // GRAIN, image.height // GRAIN
                rgb = np.asarray(image.resize(size, Image.Resampling.BOX), np.float32).transpose(2, 0, 1) / 255
                yield i, np.concatenate([rgb, rgb.mean(0, keepdims=True)])

    def losses(
        self, latents: Sequence[Latent], prompts: Sequence[str], times: np.ndarray, first: int, seed: int, check: Check
    ) -> Iterator[tuple[int, np.ndarray]]:
        """What all prompts share, less what each helps, with noise."""
        for i, one in enumerate(latents):
            check()
            shape = (times.shape[1], *one.values.shape[1:])
            shared = np.stack([noise(shape[1:], one.hash, seed, first + s) for s in range(len(times[i]))])
            found = []
            for prompt in prompts:
                own = [noise(shape[1:], one.hash, seed, first + s, prompt) for s in range(len(times[i]))]
                found.append(10 + shared - self.gain(one, prompt, times[i]) + self.noise * np.stack(own))
            if self.asked["evaluations"] + len(prompts) * len(times[i]) > self.most:
                raise Stopped
            self.asked["evaluations"] += len(prompts) * len(times[i])
            yield i, np.stack(found).astype(np.float32)

    def features(
        self, latents: Sequence[Latent], prompt: str, step: int, noises: int, seed: int, check: Check
    ) -> Iterator[tuple[int, np.ndarray]]:
        """The latents themselves, with a little noise."""
        del prompt, step, noises
        for i, one in enumerate(latents):
            check()
            self.asked["features"] += 1
            yield i, one.values - 0.3 + 0.01 * noise(one.values.shape, one.hash, seed, -1)

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], check: Check) -> Iterator[tuple[int, Image.Image]]:
        """It draws nothing."""
        raise NotImplementedError


def noise(shape: tuple[int, ...], *parts: object) -> np.ndarray:
    """Standard normal numbers that depend on these words only; float32."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(list(digest)).standard_normal(shape, np.float32)


def square(at: tuple[int, int], colour: str, i: int, side: int = 16, is_striped: bool = True) -> Image.Image:
    """Grey grain, and a square of a colour in it, at a left and top corner in pixels."""
    rng = np.random.default_rng(i)
    pixels = np.repeat(rng.integers(60, 190, (SIDE, SIDE, 1), dtype=np.uint8), 3, 2)
    left, top = at
    inside = np.zeros((side, side, 3), np.uint8)
    if colour in COLOURS:
        inside[..., COLOURS.index(colour)] = 255
    else:
        inside[:] = 255
    if is_striped:
        inside[:, ::2] //= 2
    pixels[top : top + side, left : left + side] = inside
    return Image.fromarray(pixels)


def paint_squares(folder: Path, counts: dict[str, int], is_striped: bool = True) -> dict[str, tuple[int, int]]:
    """Pictures `<colour>/<n>.png` with a square of their colour anywhere; where each one is, by name."""
    rng = np.random.default_rng(5)
    found = {}
    for colour, n in counts.items():
        (folder / colour).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            left, top = (int(x) * GRAIN for x in rng.integers(1, (SIDE - 16) // GRAIN, 2))
            square((left, top), colour, len(found), is_striped=is_striped).save(folder / colour / f"{i:02}.png")
            found[f"{colour}/{i:02}.png"] = (left, top)
    return found
