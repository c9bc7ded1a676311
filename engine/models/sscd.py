"""Embedder through TorchScript: SSCD's interface, n x 3 x h x w to n x 512 (Pizzi et al., CVPR 2022, arXiv 2202.10261).

TorchScript is a program: it is opened only if its sha256 is that of the bundled detector, or one that the person wrote
into the spec's options. Whether it is SSCD itself is known by the same hash; figures published for SSCD hold for no
other vectors.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.errors import ModelError, VitrineError
from engine.models.machine import BatchSize, device_for
from engine.models.roles import Check, ModelSpec, Shown
from engine.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Known:
    """A checkpoint known by its sha256: whether it is SSCD, and the cosine above which two pictures are copies."""

    name: str
    is_sscd: bool
    threshold: float


# The bundled detector's card is assets/models/copies.md. The published checkpoint's hash is the one that several
# projects pin it by, its threshold the authors' (precision .9 on their validation set); it could not be run here.
KNOWN = {
    "7f3b2197ff26030d1e8b5c309bac74c9136c1f0d8e3584ca3c1d2f7d2cf5ea88": Known("bundled", False, 0.80),
    "9f26bd4c848cc19b73d2ae92eea6e04886f61a7b764ceb7a13aeee62e6a6db56": Known("sscd_disc_mixup", True, 0.75),
}
SIDE = 320  # pixels; plain resize, as SSCD's authors do for square input
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def load(role: str, spec: ModelSpec, settings: Settings) -> CopyDetector:
    """A checked TorchScript model on its device.

    Raises:
        ModelError: no such file, a hash nobody vouches for, or a file that is no such model.
    """
    del role
    path = next((p for p in (Path(spec.name).expanduser(), ROOT / spec.name) if p.is_file()), None)
    if path is None:
        raise ModelError(f"There is no file {spec.name}.", "Give the path of a TorchScript checkpoint.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest not in KNOWN and digest != str(spec.options.get("sha256", "")).lower():
        raise ModelError(
            f"{path.name} is not known (sha256 {digest}).",
            "TorchScript is a program. If you trust its source, write this sha256 into the model's options.",
        )
    device = device_for(settings.device)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            model = torch.jit.load(path, map_location=device).eval()
    except (RuntimeError, ValueError) as problem:
        raise ModelError(f"{path.name} is no TorchScript model: {str(problem)[:120]}.", "Fetch it again.") from None
    size = int(spec.options.get("batch", 0)) or (128 if device.type == "cuda" else 16)
    return CopyDetector(spec, model, device, BatchSize(spec.label, size), int(spec.options.get("side", SIDE)))


@dataclass
class CopyDetector:
    """One model; plays embedder."""

    spec: ModelSpec
    _model: Any
    _device: torch.device
    _batch: BatchSize
    _side: int
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "decode"))

    def pictures(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """Vectors (512,) float32 as the model gives them; pictures that cannot be read are left out."""
        size = self._batch.size
        for start in range(0, len(pictures), size):
            check()
            prepared = self._pool.map(self._prepared, pictures[start : start + size])
            ready = [(start + n, x) for n, x in enumerate(prepared) if x is not None]
            vectors = self._batch.run([x for _, x in ready], self._vectors)
            yield from ((place, vector) for (place, _), vector in zip(ready, vectors, strict=True))

    @torch.inference_mode()
    def _vectors(self, ready: list[np.ndarray]) -> np.ndarray:
        return self._model(torch.from_numpy(np.stack(ready)).to(self._device)).float().cpu().numpy()

    def _prepared(self, picture: Shown) -> np.ndarray | None:
        """3 x side x side float32, normalised as ImageNet is; None where the picture cannot be read."""
        try:
            image = picture.open().resize((self._side, self._side))
        except VitrineError:
            return None
        return ((np.asarray(image, np.float32) / 255 - _MEAN) / _DEVIATION).transpose(2, 0, 1)
