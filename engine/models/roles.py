"""The five roles a model can play, and what travels between them and the rest of the engine.

Vision and chat answer Requests (../prompts, WIRE format) with Replies: raw text, never read here. They hand replies
on as they complete, each with the number of its request, so that a slow answer never holds back finished ones from
being stored. Batching, concurrency and retries stay inside a back-end's file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

DOES = {
    "vision": "describes pictures",
    "chat": "names and sorts descriptions",
    "matcher": "compares pictures with words",
    "embedder": "finds copies",
    "denoiser": "tells what is typical",
}
ROLES = tuple(DOES)


@dataclass(frozen=True)
class ModelSpec:
    """All that can change an answer, and no secret.

    Args:
        backend: a name of models.BACKENDS.
        name: the model's name or local folder, as the back-end understands it.
        revision: which version of it; empty where the back-end has none.
        options: plain values; `json: false` asks a vision model for prose, `captioner: true` says that it writes the
            same whatever is asked, `exact: true` that its labels are words of a fixed list, to be taken as they are,
            `url` is an endpoint's address.
    """

    backend: str
    name: str
    revision: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What people are shown."""
        return f"{self.name} ({self.backend})"


class Shown(Protocol):
    """A picture as a back-end needs it (gallery.Picture is one)."""

    @property
    def hash(self) -> str:
        """Sha256 of the file's bytes, in hex."""
        ...

    @property
    def path(self) -> Path:
        """Where the file lies."""
        ...

    def open(self, shorter: int = 0) -> Image.Image:
        """The picture as RGB, turned as its EXIF data says; raises VitrineError where it cannot be read.

        Args:
            shorter: 0 for the whole picture; else one whose shorter side has at least so many pixels will do, which
                large JPEGs give much sooner.
        """
        ...


@dataclass(frozen=True)
class Request:
    """One question on the wire: instructions, one JSON object, pictures, the schema of the answer.

    Args:
        task: the task's name in WIRE.md.
        instructions: the filled-in prompt, sent as the system's words.
        payload: the JSON object less `task`.
        schema: JSON schema of the answer.
        pictures: what to look at, in the order of the items.
        prose: the whole reply is wanted as the description; no JSON is asked for.
        max_tokens: the longest reply, in tokens.
        draw: 0 for the one deterministic answer; others are samples, each its own seed.
    """

    task: str
    instructions: str
    payload: Mapping[str, Any]
    schema: Mapping[str, Any]
    pictures: Sequence[Shown] = ()
    prose: bool = False
    max_tokens: int = 1024
    draw: int = 0


@dataclass(frozen=True)
class Reply:
    """What a model said to one request.

    Args:
        text: the reply's content; empty where there is a failure.
        failure: why there is none, in a word people understand; the request may be asked again later.
        refused: the server marked the reply as a refusal.
        cut: it ended at max_tokens.
        tokens_in: prompt tokens, as counted by the server (0 where it does not say).
        tokens_out: completion tokens.
    """

    text: str = ""
    failure: str = ""
    refused: bool = False
    cut: bool = False
    tokens_in: int = 0
    tokens_out: int = 0


Check = Callable[[], None]
"""Called at least four times a second while waiting; raises Stopped when the work should end."""


class Vision(Protocol):
    """A vision-language model, or a captioner."""

    @property
    def spec(self) -> ModelSpec:
        """Who answers."""
        ...

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Replies to requests that hold pictures, as they complete, each with its request's index.

        Raises:
            ModelError: the model cannot be used at all.
            Stopped: `check` said so; replies that landed meanwhile were handed on before.
        """
        ...


class Chat(Protocol):
    """A language model."""

    @property
    def spec(self) -> ModelSpec:
        """Who answers."""
        ...

    def ask(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Replies to requests without pictures; else as Vision.describe."""
        ...


class Matcher(Protocol):
    """CLIP-like: text and pictures in one space."""

    @property
    def spec(self) -> ModelSpec:
        """Who answers."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What people should know of how it went so far."""
        ...

    def pictures(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """One unit vector (d,) float32 a picture, each with its index."""
        ...

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, d) float32."""
        ...


class Embedder(Protocol):
    """A copy-detection space, such as SSCD's."""

    @property
    def spec(self) -> ModelSpec:
        """Who answers."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What people should know of how it went so far."""
        ...

    def pictures(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """One vector (d,) float32 a picture, each with its index."""
        ...


@dataclass(frozen=True)
class Latent:
    """What an autoencoder makes of a picture: its hash, and (4, h, w) float32."""

    hash: str
    values: np.ndarray


class Denoiser(Protocol):
    """Stable Diffusion and its like."""

    @property
    def spec(self) -> ModelSpec:
        """Who answers."""
        ...

    def latents(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """Latents (4, h, w) float32 of each picture that can be read, with its index."""
        ...

    def losses(
        self,
        latents: Sequence[Latent],
        prompts: Sequence[str],
        times: np.ndarray,
        first: int,
        seed: int,
        check: Check,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Denoising losses (prompts, draws, h, w) float32 in latent pixels for each latent, with its index."""
        ...

    def features(
        self, latents: Sequence[Latent], prompt: str, step: int, noises: int, seed: int, check: Check
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Features (c, h, w) float32 of each latent, with its index."""
        ...

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], check: Check) -> Iterator[tuple[int, Image.Image]]:
        """A picture for each prompt, with its index."""
        ...
