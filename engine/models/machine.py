"""Device, precision and batch size for models that run on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from engine.errors import ModelError, SettingsError
from engine.settings import DEVICES

_log = logging.getLogger("vitrine")

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def device_for(wish: str) -> torch.device:
    """The device that `wish` (auto, cpu, cuda or cuda:N) names on this machine.

    Raises:
        SettingsError: there is none of that name.
    """
    if not DEVICES.fullmatch(wish):
        raise SettingsError(f"There is no device {wish!r}.", "Use auto, cpu, cuda or cuda:0.")
    if wish in ("auto", "cpu"):
        return torch.device("cuda" if wish == "auto" and torch.cuda.is_available() else "cpu")
    device = torch.device(wish)
    if (device.index or 0) >= torch.cuda.device_count():
        raise SettingsError(f"There is no GPU {wish} on this machine.", "Use auto or cpu, or look at nvidia-smi.")
    return device


def dtype_for(wish: str, device: torch.device) -> torch.dtype:
    """The precision that `wish` names; for auto float32 on a processor, else the best 16 bits the device has."""
    if wish != "auto":
        return DTYPES[wish]
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


@dataclass
class BatchSize:
    """How many things a model takes at a time: half as many once its memory ran out, and it says so.

    Args:
        label: the model's name, for people.
        size: to begin with.
    """

    label: str
    size: int
    halved: bool = False

    def run(self, items: Any, work: Callable[[Any], Iterable[Any]]) -> list[Any]:  # noqa: ANN401  a list or a tensor
        """What `work` makes of all items, in their order, a batch at a time.

        Raises:
            ModelError: half of a batch, or a single item, is still too much.
        """
        done: list[Any] = []
        while len(done) < len(items):
            try:
                done.extend(work(items[len(done) : len(done) + self.size]))
            except torch.OutOfMemoryError:
                if self.halved or self.size == 1:
                    mend = "Use --device cpu, or a smaller options.batch."
                    raise ModelError(f"The GPU's memory is too small for {self.label}.", mend) from None
                self.halved, self.size = True, self.size // 2
                _log.warning("%s ran out of the GPU's memory; it now takes %d at a time.", self.label, self.size)
        return done
