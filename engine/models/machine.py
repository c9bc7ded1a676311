"""Device, precision and batch size for models that run on this machine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from engine.errors import ModelError, SettingsError
from engine.settings import DEVICES

_log = logging.getLogger("vitrine")

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def device_for(wish: str) -> torch.device:
    """The device that `wish` names on this machine, the first one where it names several; raises as `devices_for`."""
    return torch.device(devices_for(wish)[0])


def devices_for(wish: str) -> list[str]:
    """All devices that `wish` names: auto, cpu, cuda (every GPU), cuda:N or cuda:N,M.

    Raises:
        SettingsError: there is none of that name.
    """
    if not DEVICES.fullmatch(wish):
        raise SettingsError(f"There is no device {wish!r}.", "Use auto, cpu, cuda, cuda:0 or cuda:0,1.")
    here = torch.cuda.device_count() if wish != "cpu" else 0
    numbers = [int(n) for n in wish.partition(":")[2].split(",") if n] or list(range(here))
    if wish == "cpu" or (wish == "auto" and not here):
        return ["cpu"]
    if not numbers or max(numbers) >= here:
        raise SettingsError(f"There is no GPU {wish} on this machine.", "Use auto or cpu, or look at nvidia-smi.")
    return [f"cuda:{n}" for n in dict.fromkeys(numbers)]


def dtype_for(wish: str, device: torch.device) -> torch.dtype:
    """The precision that `wish` names; for auto float32 on a processor, else the best 16 bits the device has."""
    if wish != "auto":
        return DTYPES[wish]
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


@dataclass
class BatchSize:
    """How many things a model takes at a time: half as many once its memory ran out, and it says so. For all threads.

    Args:
        label: the model's name, for people.
        size: to begin with.
    """

    label: str
    size: int
    notes: list[str] = field(default_factory=list)  # what was said, for people
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def run(self, items: Any, work: Callable[[Any], Iterable[Any]]) -> list[Any]:  # noqa: ANN401  a list or a tensor
        """What `work` makes of all items, in their order, a batch at a time.

        Raises:
            ModelError: half of a batch, or a single item, is still too much.
        """
        done: list[Any] = []
        while len(done) < len(items):
            size = self.size
            try:
                done.extend(work(items[len(done) : len(done) + size]))
            except torch.OutOfMemoryError:
                self._halve(size)
        return done

    def _halve(self, size: int) -> None:
        with self._lock:
            if self.size < size:  # another thread did
                return
            if self.notes or size == 1:
                mend = "Use --device cpu, or a smaller options.batch."
                raise ModelError(f"The GPU's memory is too small for {self.label}.", mend) from None
            self.size = size // 2
            self.notes.append(f"{self.label} ran out of the GPU's memory; it now takes {self.size} at a time.")
            _log.warning(self.notes[-1])
