"""Denoiser through diffusers: Stable Diffusion and its like, from a local folder or the hub.

Latent diffusion as in Rombach et al. (CVPR 2022, arXiv 2112.10752). A picture's noise is drawn on the processor from
its content and the seed, so that losses depend on no batch, order or device. Latents and noise stay float32, as
diffusers adds noise in the latents' own precision; the autoencoder stays float32, too.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import diffusers
import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor

from engine.errors import ModelError, VitrineError
from engine.models.machine import BatchSize, device_for, dtype_for
from engine.models.roles import Check, ModelSpec, Shown
from engine.settings import Settings

diffusers.utils.logging.set_verbosity_error()
diffusers.utils.logging.disable_progress_bar()  # of loading; downloads keep theirs
ROOT = Path(__file__).resolve().parents[2]
_LOADING = (OSError, ValueError, ImportError, RuntimeError, LookupError, TypeError, AttributeError, SafetensorError)


def load(role: str, spec: ModelSpec, settings: Settings) -> Diffusion:
    """A pipeline in Stable Diffusion's format on its device; weights are safetensors, nothing pickled is opened.

    Options: `batch` (evaluations at a time), `side` (pixels; pictures are fitted to side x side pixels in area).

    Raises:
        ModelError: no such model, weights that are missing, or a model that predicts neither noise nor velocity.
    """
    del role
    device = device_for(settings.device)
    folder = next((p for p in (Path(spec.name).expanduser(), ROOT / spec.name) if p.is_dir()), None)
    how = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    try:
        pipeline = StableDiffusionPipeline.from_pretrained(
            str(folder or spec.name),
            revision=spec.revision or "main",
            local_files_only=folder is not None,
            use_safetensors=True,
            dtype=torch.float32,
            **how,
        )
        kind = pipeline.scheduler.config.get("prediction_type", "epsilon")
        if kind not in _NOISE:
            raise ModelError(f"{spec.label} predicts {kind!r}.", "Use a model that predicts epsilon or v_prediction.")
        size = int(spec.options.get("batch", 0)) or (64 if device.type == "cuda" else 16)
        return Diffusion(spec, pipeline, BatchSize(spec.label, size)).to(device)
    except torch.OutOfMemoryError:
        raise ModelError(f"{spec.label} does not fit into the memory of {device}.", "Use --device cpu.") from None
    except _LOADING as problem:
        why = " ".join(str(problem).split())[:160]
        raise ModelError(f"{spec.label} cannot be loaded: {why}.", "Check the name or the folder.") from None


@dataclass
class Diffusion:
    """One pipeline; plays denoiser."""

    spec: ModelSpec
    pipeline: StableDiffusionPipeline
    _batch: BatchSize

    def to(self, device: torch.device) -> Diffusion:
        """Move it to a device, in that device's precision, and hand it back; what 16 bits round stays rounded."""
        dtype = dtype_for("auto", device)
        self.pipeline.vae.to(device)
        self.pipeline.text_encoder.to(device, dtype)
        self.pipeline.unet.to(device, dtype)
        return self

    def losses(
        self, pictures: Sequence[Shown], prompts: Sequence[str], steps: Sequence[int], seed: int, check: Check
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Squared error of the noise told from each prompt, mean over channels.

        Args:
            pictures: those that cannot be read are left out.
            prompts: P conditions; they share the noise of each draw.
            steps: S time steps, one draw each; the same step twice is two draws.
            seed: of the noise, with the picture's content.
            check: called before each picture and batch.

        Yields:
            The picture's index and (P, S, h, w) float32, h and w in latent pixels.

        Raises:
            ModelError: a step the model does not know, or too little memory.
        """
        known, times = self._told(prompts), self._times(steps)
        for place, picture in enumerate(pictures):
            check()
            try:
                image = picture.open()
            except VitrineError:
                continue
            latent = self._latent(image)
            noise = torch.randn(len(steps), *latent.shape, generator=_dice(picture.hash, seed)).to(latent.device)
            noisy = self.pipeline.scheduler.add_noise(latent.expand_as(noise), noise, times)
            # Row i of P x S belongs to prompt i // S and draw i % S.
            rows = torch.arange(len(prompts) * len(steps), device=latent.device)

            def work(some: Tensor, noisy: Tensor = noisy, noise: Tensor = noise) -> Tensor:
                check()
                told, draw = known[some // len(steps)], some % len(steps)
                return (self._noise_in(noisy[draw], times[draw], told) - noise[draw]).square().mean(dim=1).cpu()

            errors = torch.stack(self._batch.run(rows, work))
            yield place, errors.unflatten(0, (len(prompts), len(steps))).numpy()

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], check: Check) -> Iterator[tuple[int, Image.Image]]:
        """A picture for each prompt, one at a time; options `steps` (40), `guidance` (5) and `side` (pixels).

        Raises:
            ModelError: too little memory, or it draws nothing.
        """
        options = self.spec.options
        side = self._side()
        self.pipeline.set_progress_bar_config(disable=True)
        for i, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True)):
            check()
            try:
                drawn: Any = self.pipeline(
                    prompt, num_inference_steps=int(options.get("steps", 40)), height=side, width=side,
                    guidance_scale=float(options.get("guidance", 5.0)), generator=torch.Generator().manual_seed(seed),
                )  # fmt: skip
            except torch.OutOfMemoryError:
                raise ModelError(f"{self.spec.label} lacks memory to draw.", "Set a smaller side.") from None
            except (RuntimeError, ValueError) as problem:
                why = " ".join(str(problem).split())[:160]
                raise ModelError(
                    f"{self.spec.label} cannot draw: {why}.", "Try another side, or another model."
                ) from None
            yield i, drawn.images[0].convert("RGB")

    def _side(self) -> int:
        size = self.pipeline.unet.config["sample_size"] * self.pipeline.vae_scale_factor
        return int(self.spec.options.get("side", 0)) or size

    @torch.inference_mode()
    def _noise_in(self, noisy: Tensor, times: Tensor, told: Tensor) -> Tensor:
        """The noise that the network sees in noisy latents; B x 4 x h x w, B and B x n x d to B x 4 x h x w."""
        unet, scheduler = self.pipeline.unet, self.pipeline.scheduler
        said = unet(noisy.to(unet.dtype), times, told, return_dict=False)[0].float()
        kept = scheduler.alphas_cumprod.to(times.device)[times].view(-1, 1, 1, 1)
        return _NOISE[scheduler.config.get("prediction_type", "epsilon")](said, noisy, kept)

    @torch.inference_mode()
    def _told(self, prompts: Sequence[str]) -> Tensor:
        """Text encodings; P x tokens x d."""
        tokenizer, encoder = self.pipeline.tokenizer, self.pipeline.text_encoder
        ids = tokenizer(
            list(prompts),
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        return encoder(ids.to(encoder.device))[0]

    def _times(self, steps: Sequence[int]) -> Tensor:
        last = self.pipeline.scheduler.config["num_train_timesteps"]
        if wrong := [step for step in steps if not 0 <= step < last]:
            raise ModelError(f"{self.spec.label} has no step {wrong[0]}.", f"Use steps from 0 to {last - 1}.")
        return torch.tensor(list(steps), dtype=torch.long, device=self.pipeline.unet.device)

    @torch.inference_mode()
    def _latent(self, image: Image.Image) -> Tensor:
        """The scaled mode of the autoencoder's latents; 4 x h x w float32."""
        vae = self.pipeline.vae
        pixels = np.asarray(self._fitted(image), np.float32) / 127.5 - 1
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(vae.device)
        return vae.encode(x).latent_dist.mode()[0] * vae.config.scaling_factor

    def _fitted(self, image: Image.Image) -> Image.Image:
        """The whole picture with the model's number of pixels, sides rounded to what the network can halve."""
        unet, shrinks = self.pipeline.unet.config, self.pipeline.vae_scale_factor
        side = self._side()
        step = shrinks * 2 ** (len(unet["block_out_channels"]) - 1)
        scale = side / math.sqrt(image.width * image.height)
        width, height = (max(1, round(n * scale / step)) * step for n in image.size)
        return image.resize((width, height), Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC)


def _dice(hash: str, seed: int) -> torch.Generator:
    digest = hashlib.sha256(f"{hash}\0{seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def _from_velocity(said: Tensor, noisy: Tensor, kept: Tensor) -> Tensor:
    """Noise from velocity (Salimans and Ho, ICLR 2022): sqrt(a) v + sqrt(1 - a) x."""
    return kept.sqrt() * said + (1 - kept).sqrt() * noisy


_NOISE: dict[str, Any] = {"epsilon": lambda said, noisy, kept: said, "v_prediction": _from_velocity}
