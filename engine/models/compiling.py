"""A network that is compiled once that pays: on a GPU, when evaluating one shape has taken as long as compiling does.

So nobody waits for a compiler in a short run, and a long one takes at most twice what the better way would (ski rental:
Karlin et al. 1988). On an H100, Stable Diffusion 1.5's shape compiles in about a minute and is then 1.5 times as fast.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

_log = logging.getLogger("vitrine")
_COMPILING = 60.0  # seconds it takes, about
_LARGE = 100e6  # weights from which the network, and not its launching, takes the time


@dataclass
class Compiling:
    """Which of a network's two forms to call.

    Args:
        network: as it is.
        label: the model's name, for people.
    """

    network: torch.nn.Module
    label: str
    _seconds: defaultdict[tuple[int, ...], float] = field(
        default_factory=lambda: defaultdict(float)
    )  # of full batches, by their shape
    _compiled: Callable[..., Any] | None = None
    _fails: bool = False

    def spent(self, shape: tuple[int, ...], seconds: float) -> None:
        """Evaluating a batch of this shape took so long."""
        self._seconds[shape] += seconds

    def __call__(self, noisy: torch.Tensor, *others: torch.Tensor) -> Any:  # noqa: ANN401
        """What the network says, compiled or not; results differ by what 16 bits round."""
        if not self._pays(noisy):
            return self.network(noisy, *others, return_dict=False)
        if self._compiled is None:
            _log.info("%s is being compiled for batches of %s.", self.label, tuple(noisy.shape))
            self._compiled = torch.compile(self.network, dynamic=False)
        try:
            return self._compiled(noisy, *others, return_dict=False)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, OSError, ImportError) as problem:  # no compiler, or one that does not know this network
            self._fails = True
            _log.warning("%s goes on without compiling: %s.", self.label, str(problem).splitlines()[0][:200])
            return self.network(noisy, *others, return_dict=False)

    def _pays(self, noisy: torch.Tensor) -> bool:
        if self._fails or not _can(noisy.device) or self._seconds[tuple(noisy.shape)] < _COMPILING:
            return False
        return sum(weight.numel() for weight in self.network.parameters()) >= _LARGE


def _can(device: torch.device) -> bool:
    return device.type == "cuda"
