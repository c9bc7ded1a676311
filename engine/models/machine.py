"""Device and precision for models that run on this machine."""

from __future__ import annotations

import re

import torch

from engine.errors import SettingsError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def device_for(wish: str) -> torch.device:
    """The device that `wish` (auto, cpu, cuda or cuda:N) names on this machine.

    Raises:
        SettingsError: there is none of that name.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wish):
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
