"""Matcher through open_clip: any of its models by name or local folder; a CoCa also plays vision.

A folder holds open_clip_config.json, open_clip_model.safetensors and the tokenizer; a name with a revision is fetched
on first use. CoCa's own `generate` fails with transformers 5, so captions are written greedily here, over any CoCa's
forward pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.coca_model import CoCa
from PIL import Image

from engine.errors import ModelError, VitrineError
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
    size = int(spec.options.get("batch", 0)) or (128 if device.type == "cuda" else 32)
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
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "decode"))

    def pictures(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """Unit vectors (d,) float32; pictures that cannot be read are left out."""
        for places, batch in self._batches(pictures, check):
            yield from zip(places, self._batch.run(batch, self._vectors), strict=True)

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, d) float32."""
        tokens = self._tokenizer(list(texts)).to(self._device)
        return self._model.encode_text(tokens, normalize=True).float().cpu().numpy()

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """A caption for each request's one picture, in prose, whatever was asked of it."""
        shown = [request.pictures[0] for request in requests]
        done = set()
        for places, batch in self._batches(shown, check):
            for place, caption in zip(places, self._batch.run(batch, self._captions), strict=True):
                done.add(place)
                yield place, Reply(caption)
        for place in sorted(set(range(len(requests))) - done):
            yield place, Reply(failure=_why_unread(shown[place]))

    @torch.inference_mode()
    def _vectors(self, batch: torch.Tensor) -> np.ndarray:
        return self._model.encode_image(batch, normalize=True).float().cpu().numpy()

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

    def _batches(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Prepared batches with the places of their pictures; the next one is decoded meanwhile."""
        size = self._batch.size
        starts = list(range(0, len(pictures), size))
        decode = lambda start: self._pool.map(self._prepared, pictures[start : start + size])  # noqa: E731
        coming = decode(starts[0]) if starts else iter(())
        for i, start in enumerate(starts):
            check()
            here = [(start + n, tensor) for n, tensor in enumerate(coming) if tensor is not None]
            coming = decode(starts[i + 1]) if i + 1 < len(starts) else iter(())
            if here:
                dtype = next(self._model.parameters()).dtype
                yield [place for place, _ in here], torch.stack([t for _, t in here]).to(self._device, dtype)

    def _prepared(self, picture: Shown) -> torch.Tensor | None:
        try:
            image: Image.Image = picture.open()
        except VitrineError:
            return None
        return self._prepare(image)


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
