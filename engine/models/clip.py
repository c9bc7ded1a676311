"""Matcher through open_clip: any of its models by name or local folder; a CoCa also plays vision.

A folder holds open_clip_config.json, open_clip_model.safetensors and the tokenizer; a name with a revision is fetched
on first use. CoCa's own `generate` fails with transformers 5, so captions are written greedily here, over any CoCa's
forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.coca_model import CoCa
from PIL import Image
from torchvision.transforms import Compose

from engine.errors import ModelError, VitrineError
from engine.models.batches import ON_GPU, ON_PROCESSOR, each
from engine.models.machine import BatchSize, device_for, dtype_for
from engine.models.roles import Check, ModelSpec, Reply, Request, Shown
from engine.settings import Settings

_LONGEST = 30  # tokens of a caption
_LOADING = (RuntimeError, OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError)
ROOT = Path(__file__).resolve().parents[2]


def load(role: str, spec: ModelSpec, settings: Settings) -> OpenClip:
    """A model of open_clip, ready to be asked.

    Raises:
        ModelError: no such model, no weights, or a model that cannot write captions asked to play vision.
    """
    device = device_for(settings.device)
    folder = _folder(spec.name)
    # Without require_pretrained, missing weights would give a silently random model.
    name = f"local-dir:{folder}" if folder else spec.name
    tag = None if folder else spec.revision or None
    try:
        model, _, prepare = open_clip.create_model_and_transforms(
            name,
            pretrained=tag,
            device=device,
            precision=_PRECISION[dtype_for("auto", device)],
            require_pretrained=True,
        )
        tokenizer = open_clip.get_tokenizer(name)
    except _LOADING as problem:
        why = " ".join(str(problem).split())[:160]
        raise ModelError(
            f"{spec.label} cannot be loaded: {why}.", "Check the name and revision, or the folder."
        ) from None
    if role == "vision" and not isinstance(model, CoCa):
        raise ModelError(f"{spec.label} matches pictures and texts but writes none.", "A CoCa model can play vision.")
    size = int(spec.options.get("batch", 0)) or (ON_GPU if device.type == "cuda" else ON_PROCESSOR)
    return OpenClip(spec, model.eval(), prepare, tokenizer, device, BatchSize(spec.label, size))


@dataclass
class OpenClip:
    """One model; plays matcher, and vision where it is a CoCa."""

    spec: ModelSpec
    _model: Any
    _prepare: Any
    _tokenizer: Any
    _device: torch.device
    _batch: BatchSize

    def __post_init__(self) -> None:
        *scale, _, normal = self._prepare.transforms  # the two before the last make a tensor and normalise it
        self._scale, self._normal = Compose(scale), (normal.mean, normal.std)
        self._side = max(self._scale(Image.new("RGB", (64, 64))).size)

    @property
    def notes(self) -> Sequence[str]:
        """What people should know of how it went so far."""
        return self._batch.notes

    def pictures(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """Unit vectors (d,) float32; pictures that cannot be read are left out."""
        return self._each(pictures, self._vectors, check)

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, d) float32."""
        tokens = lambda text: self._tokenizer([text])[0]  # noqa: E731
        found = each(texts, tokens, self._text_vectors, self._batch, self._device, lambda: None)
        return np.stack([vector for _, vector in found])

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """A caption for each request's one picture, in prose, whatever was asked of it."""
        shown = [request.pictures[0] for request in requests]
        done = set()
        for place, caption in self._each(shown, self._captions, check):
            done.add(place)
            yield place, Reply(caption)
        for place in sorted(set(range(len(requests))) - done):
            yield place, Reply(failure=_why_unread(shown[place]))

    @torch.inference_mode()
    def _vectors(self, batch: torch.Tensor) -> np.ndarray:
        return self._model.encode_image(batch, normalize=True).float().cpu().numpy()

    @torch.inference_mode()
    def _text_vectors(self, tokens: torch.Tensor) -> np.ndarray:
        return self._model.encode_text(tokens, normalize=True).float().cpu().numpy()

    @torch.inference_mode()
    def _captions(self, batch: torch.Tensor) -> list[str]:
        """Greedy captions of n x 3 x h x w prepared pictures."""
        start, end = (int(t) for t in self._tokenizer([""])[0][:2])
        seen = self._model(batch)
        texts = torch.full((len(batch), 1), start, device=self._device)
        ended = torch.zeros(len(batch), dtype=torch.bool, device=self._device)
        while texts.shape[1] < min(_LONGEST, self._model.context_length) and not ended.all():
            known = {"image_latent": seen["image_features"], "image_embs": seen["image_embs"]}
            logits = self._model(None, texts, output_labels=False, **known)["logits"][:, -1]
            chosen = logits.argmax(-1).where(~ended, end)
            texts = torch.cat([texts, chosen[:, None]], 1)
            ended |= chosen == end
        return [self._decoded([t for t in row if t not in (start, end)]) for row in texts.tolist()]

    def _decoded(self, tokens: list[int]) -> str:
        inner = getattr(self._tokenizer, "tokenizer", self._tokenizer)  # the model's own, not open_clip.decode
        return " ".join(inner.decode(tokens).split())

    def _each(self, pictures: Sequence[Shown], work: Callable, check: Check) -> Iterator[tuple[int, Any]]:
        return each(pictures, self._prepared, lambda x: work(self._normalised(x)), self._batch, self._device, check)

    def _prepared(self, picture: Shown) -> torch.Tensor:
        """Height x width x 3 bytes, scaled and cut as the model wants it."""
        image: Image.Image = picture.open(2 * self._side)  # twice: what a JPEG comes smaller by is not to be seen
        return torch.from_numpy(np.array(self._scale(image)))

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """N x 3 x h x w in the model's precision; much cheaper for a batch, where the model is, than a picture each."""
        mean, deviation = (255 * torch.tensor(x, device=pixels.device).view(3, 1, 1) for x in self._normal)
        x = pixels.permute(0, 3, 1, 2).float().sub_(mean).div_(deviation)
        return x.to(next(self._model.parameters()).dtype)


_PRECISION = {torch.float32: "fp32", torch.bfloat16: "pure_bf16", torch.float16: "pure_fp16"}


def _folder(name: str) -> Path | None:
    """The local folder that a name means: as it stands, or below the program (the bundled models); None for a name."""
    for path in (Path(name).expanduser(), ROOT / name):
        if (path / "open_clip_config.json").is_file():
            return path.resolve()
    return None


def _why_unread(picture: Shown) -> str:
    try:
        picture.open()
    except VitrineError as problem:
        return problem.message
    return "the picture could not be prepared"
