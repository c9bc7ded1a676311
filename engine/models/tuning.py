"""Training a pipeline in Stable Diffusion's format on latents and prompts; ../finetuning says when and what.

Noise prediction (or velocity) as the scheduler says, AdamW, a running mean of the weights (diffusers' EMAModel), which
is what is measured and saved. Weights stay float32; GPUs that have bfloat16 multiply in it. The text encoder learns,
too: words it has never seen lie so close together that the U-Net alone can hardly tell them apart.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from diffusers.training_utils import EMAModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import ModelError, StoreError
from engine.models import diffusion, low_rank
from engine.models.diffusion import Diffusion
from engine.models.machine import BatchSize, device_for
from engine.models.roles import Check, Latent, ModelSpec
from engine.settings import Settings

Lesson = tuple[Latent, str]
"""A picture's latent, and the prompt with its label."""

_RATES = {(True, False): 1e-5, (False, False): 1e-4, (True, True): 1e-3, (False, True): 3e-3}  # is full, is small
_SMALL = 100e6  # weights of a U-Net; larger ones take the rates of diffusers' own examples, which are not measured here
_DROP, _WARM_UP, _MEAN = 0.1, 50, 0.999
_OFTEN = (80, 760), 0.85  # most times lie where typicality looks, as shares of 1,000
_LOOKED_AT, _TIMES = 64, (137, 212, 287, 362, 437, 512, 587, 662)  # held-out pictures, and times of 1,000 a look


def load(spec: ModelSpec, settings: Settings) -> Diffusion:
    """The model in float32 on its device.

    Raises:
        ModelError: it cannot be loaded, or does not fit.
    """
    device = device_for(settings.device)
    model = diffusion.load("denoiser", spec, replace(settings, device="cpu"))  # on a GPU it would be rounded
    with _memory(spec):
        for part in (model.pipeline.vae, model.pipeline.text_encoder, model.pipeline.unet):
            part.to(device)
    return model


class Tuner:
    """A pipeline that learns.

    Args:
        model: float32, on its device; it is changed.
        learned: what is trained on.
        held_out: what is only measured.
        null: the prompt without a label.
        is_full: train U-Net and text encoder, instead of low-rank additions to both.
        rate: of AdamW; 0 for the usual one.
        batch: pictures a step.
        seed: of batches, times and noise.
    """

    def __init__(
        self,
        model: Diffusion,
        learned: Sequence[Lesson],
        held_out: Sequence[Lesson],
        *,
        null: str,
        is_full: bool,
        rate: float,
        batch: int,
        seed: int,
    ) -> None:
        self.model, self.pipeline, self.device = model, model.pipeline, model.pipeline.unet.device
        self.learned, self.batch, self.seed, self.is_full = learned, batch, seed, is_full
        self.held_out = sorted(held_out, key=lambda lesson: lesson[0].hash)[:_LOOKED_AT]
        self.prompts = [null, *sorted({prompt for _, prompt in (*learned, *held_out)})]
        self._codes = np.array([self.prompts.index(prompt) for _, prompt in learned])
        self._rows_of: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)  # pictures of a shape
        for i, (latent, _) in enumerate(learned):
            self._rows_of[latent.values.shape].append(i)
        is_small = sum(weight.numel() for weight in self.pipeline.unet.parameters()) < _SMALL
        self.rate = rate or _RATES[is_full, is_small]
        with _memory(model.spec):
            self.weights = _trainable(self.pipeline, is_full)
            params = list(self.weights.values())
            self.optimizer = torch.optim.AdamW(params, self.rate, weight_decay=1e-2, fused=True)
            self.mean = EMAModel(params, decay=_MEAN)
            self._ids = self._tokens()

    def learn(self, step: int) -> None:
        """Step `step`, which depends on the seed and its number alone.

        Raises:
            ModelError: too little memory, or a loss that is no number.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * min(1.0, (step + 1) / _WARM_UP)
        z, noise, times, codes = self._drawn(step)
        with _memory(self.model.spec):
            with self._precision():
                loss = self._loss(z, noise, times, codes)
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
            self.optimizer.step()
            self.mean.step(self.weights.values())
        if step % 50 == 0 and not torch.isfinite(loss):
            raise ModelError(f"At step {step:,} the loss is no number any more.", "Begin anew with a smaller rate.")

    def gap(self, check: Check) -> float:
        """Mean over held-out pictures of loss(null) - loss(label), of the running mean, by noise that never changes."""
        of: defaultdict[str, list[Latent]] = defaultdict(list)
        for latent, prompt in self.held_out:
            of[prompt].append(latent)
        last = self.pipeline.scheduler.config["num_train_timesteps"]
        times, gaps = np.array(_TIMES) * last // 1000, []
        model = Diffusion(self.model.spec, self.pipeline, BatchSize(self.model.spec.label, self.batch))
        with self._averaged(), self._precision():
            for prompt, latents in of.items():
                told = (self.prompts[0], prompt)
                for _, errors in model.losses(latents, told, np.tile(times, (len(latents), 1)), 0, 0, check):
                    gaps.append(float((errors[0] - errors[1]).mean(dtype=np.float64)))
        return float(np.mean(gaps))

    def write(self, path: Path, step: int, history: Sequence[tuple[int, float]]) -> None:
        """A checkpoint; raises OSError where it cannot be written."""
        state = {
            "step": step,
            "history": [list(look) for look in history],
            "weights": {name: weight.detach() for name, weight in self.weights.items()},
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean.state_dict(),
        }
        with _disk(), path.open("wb") as file:
            torch.save(state, file)

    def read(self, path: Path) -> tuple[int, list[tuple[int, float]]]:
        """Go on from a checkpoint; its step, and step and gap of each look before.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            state = torch.load(path, self.device, weights_only=True)
            self._take(state["weights"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.mean.load_state_dict(state["mean"])
        except (OSError, RuntimeError, ValueError, KeyError, EOFError) as problem:
            why = " ".join(str(problem).split())[:160]
            raise StoreError(f"{path} cannot be read: {why}.", "Remove it: it then begins anew.") from None
        return state["step"], [(int(at), float(gap)) for at, gap in state["history"]]

    def keep(self, path: Path) -> None:
        """Write the running mean of what is trained; raises OSError where it cannot be written."""
        mean = {name: m.cpu().contiguous() for name, m in zip(self.weights, self.mean.shadow_params, strict=True)}
        with _disk():
            save_file(mean, path)

    def save(self, folder: Path, kept: Path) -> None:
        """Write the whole pipeline, with the weights of `keep`; raises OSError where it cannot be written."""
        self._take(load_file(kept))
        if not self.is_full:
            for part in (self.pipeline.unet, self.pipeline.text_encoder):
                low_rank.merge(part)
        transformers.utils.logging.disable_progress_bar()  # all is loaded: downloads had theirs
        with _disk():
            self.pipeline.save_pretrained(folder, safe_serialization=True)

    def _take(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(values[name])

    def _drawn(self, step: int) -> tuple[Tensor, Tensor, Tensor, np.ndarray]:
        """Latents of one shape, noise, times and places of prompts: B x 4 x h x w, the same, B, B."""
        dice = np.random.default_rng([self.seed, step])
        first = self.learned[int(dice.integers(len(self.learned)))][0]
        rows = dice.choice(self._rows_of[first.values.shape], self.batch)
        z = np.stack([self.learned[i][0].values for i in rows])
        noise = dice.standard_normal(z.shape, np.float32)
        last = self.pipeline.scheduler.config["num_train_timesteps"]
        (low, high), often = _OFTEN
        usual = dice.integers(low * last // 1000, high * last // 1000, self.batch)
        times = np.where(dice.random(self.batch) < often, usual, dice.integers(0, last, self.batch))
        codes = np.where(dice.random(self.batch) < _DROP, 0, self._codes[rows])
        return (
            torch.from_numpy(z).to(self.device),
            torch.from_numpy(noise).to(self.device),
            torch.from_numpy(times).to(self.device),
            codes,
        )

    def _loss(self, z: Tensor, noise: Tensor, times: Tensor, codes: np.ndarray) -> Tensor:
        scheduler = self.pipeline.scheduler
        kept = scheduler.alphas_cumprod.to(self.device)[times].view(-1, 1, 1, 1)
        noisy = kept.sqrt() * z + (1 - kept).sqrt() * noise
        is_velocity = scheduler.config.get("prediction_type") == "v_prediction"
        target = kept.sqrt() * noise - (1 - kept).sqrt() * z if is_velocity else noise
        said = self.pipeline.unet(noisy, times, self._told(codes), return_dict=False)[0]
        return (said.float() - target).square().mean()

    def _told(self, codes: np.ndarray) -> Tensor:
        """Encodings of prompts, each said once; B x tokens x d."""
        each, places = np.unique(codes, return_inverse=True)
        return self.pipeline.text_encoder(self._ids[each])[0][torch.from_numpy(places)]

    def _tokens(self) -> Tensor:
        words = self.pipeline.tokenizer
        how: dict[str, Any] = {"padding": "max_length", "max_length": words.model_max_length, "truncation": True}
        return words(self.prompts, **how, return_tensors="pt").input_ids.to(self.device)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The running mean in place of the weights."""
        weights = list(self.weights.values())
        self.mean.store(weights)
        self.mean.copy_to(weights)
        try:
            yield
        finally:
            self.mean.restore(weights)

    def _precision(self) -> AbstractContextManager[Any]:
        if self.device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()


def _trainable(pipeline: Any, is_full: bool) -> dict[str, nn.Parameter]:  # noqa: ANN401
    """The weights that learn, by name; all others are frozen."""
    for part in (pipeline.vae, pipeline.text_encoder, pipeline.unet):
        part.requires_grad_(False)
        part.eval()
    parts = {"unet": pipeline.unet, "text_encoder": pipeline.text_encoder}
    for name, part in parts.items():
        if is_full:
            part.requires_grad_(True)
        else:
            low_rank.add(part, name)
    return {f"{n}.{name}": w for n, part in parts.items() for name, w in part.named_parameters() if w.requires_grad}


@contextmanager
def _memory(spec: ModelSpec) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise ModelError(
            f"The GPU's memory is too small to train {spec.label}.", "Use a smaller batch, or lora."
        ) from None


@contextmanager
def _disk() -> Iterator[None]:
    """What torch and safetensors say of a disk becomes the OSError that they met."""
    try:
        yield
    except (RuntimeError, SafetensorError) as problem:
        text, met = " ".join(str(problem).split())[:160], problem.__context__
        told = re.search(r"os error (\d+)", text)  # safetensors hands on no more than words
        if isinstance(met, OSError) and met.errno:
            raise met from None
        raise (OSError(int(told[1]), os.strerror(int(told[1]))) if told else OSError(text)) from None
