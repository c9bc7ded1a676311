"""Embedder through TorchScript: SSCD's interface, n x 3 x h x w to n x 512 (Pizzi et al., CVPR 2022, arXiv 2202.10261).

TorchScript is a program: it is opened only if its sha256 is the one that the person wrote into the spec's options or,
where none is written, that of a known checkpoint. Whether it is SSCD itself is known by the same hash; figures
published for SSCD hold for no other vectors.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from engine.errors import ModelError
from engine.models.batches import ON_GPU, ON_PROCESSOR, each
from engine.models.checkpoints import KNOWN, digest, file_of
from engine.models.machine import BatchSize, device_for
from engine.models.roles import Check, ModelSpec, Shown
from engine.settings import Settings

SIDE = 320  # pixels; plain resize, as SSCD's authors do for square input
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load(role: str, spec: ModelSpec, settings: Settings) -> CopyDetector:
    """A checked TorchScript model on its device.

    Raises:
        ModelError: no such file, a hash nobody vouches for, or a file that is no such model.
    """
    del role
    path = file_of(spec.name)
    if path is None:
        raise ModelError(f"There is no file {spec.name}.", "Give the path of a TorchScript checkpoint.")
    sha256 = digest(path)
    said = str(spec.options.get("sha256", "")).lower()
    if said and sha256 != said:  # vectors are remembered by the spec, so they must be those of this file
        raise ModelError(
            f"{path.name} has another sha256 than the model's options say: {sha256}.",
            "Fetch it again, or write this one if you trust its source: TorchScript is a program.",
        )
    if not said and sha256 not in KNOWN:
        raise ModelError(
            f"{path.name} is not known (sha256 {sha256}).",
            "TorchScript is a program. If you trust its source, write this sha256 into the model's options.",
        )
    device = device_for(settings.device)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            model = torch.jit.load(path, map_location=device).eval().to(memory_format=torch.channels_last)
    except (RuntimeError, ValueError) as problem:
        raise ModelError(f"{path.name} is no TorchScript model: {str(problem)[:120]}.", "Fetch it again.") from None
    size = int(spec.options.get("batch", 0)) or (ON_GPU if device.type == "cuda" else ON_PROCESSOR)
    return CopyDetector(spec, model, device, BatchSize(spec.label, size), int(spec.options.get("side", SIDE)))


@dataclass
class CopyDetector:
    """One model; plays embedder."""

    spec: ModelSpec
    _model: Any
    _device: torch.device
    _batch: BatchSize
    _side: int

    @property
    def notes(self) -> Sequence[str]:
        """What people should know of how it went so far."""
        return self._batch.notes

    def pictures(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """Vectors (512,) float32 as the model gives them; pictures that cannot be read are left out."""
        return each(pictures, self._prepared, self._vectors, self._batch, self._device, check)

    @torch.inference_mode()
    def _vectors(self, pixels: torch.Tensor) -> np.ndarray:
        return self._model(_normalised(pixels)).float().cpu().numpy()

    def _prepared(self, picture: Shown) -> torch.Tensor:
        """Side x side x 3 bytes."""
        image = picture.open(2 * self._side)  # twice: what a JPEG comes smaller by is not to be seen
        return torch.from_numpy(np.array(image.resize((self._side, self._side))))


def _normalised(pixels: torch.Tensor) -> torch.Tensor:
    """N x h x w x 3 bytes to N x 3 x h x w float32, as ImageNet is; the channels stay innermost, as GPUs like them."""
    mean, deviation = (255 * torch.tensor(x, device=pixels.device).view(3, 1, 1) for x in (_MEAN, _DEVIATION))
    return pixels.permute(0, 3, 1, 2).float().sub_(mean).div_(deviation)
