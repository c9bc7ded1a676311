"""Denoiser through diffusers: Stable Diffusion and its like, from a local folder or the hub.

Latent diffusion as in Rombach et al. (CVPR 2022, arXiv 2112.10752). A picture's noise is drawn on the processor from
its content and the seed, so that losses depend on no batch, order or device. Latents and noise stay float32, as
diffusers adds noise in the latents' own precision; the autoencoder stays float32, too.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
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
from engine.models import plug_and_play
from engine.models.batches import in_batches
from engine.models.compiling import Compiling
from engine.models.machine import BatchSize, device_for, dtype_for
from engine.models.roles import Check, Latent, ModelSpec, Shown
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
        model = Diffusion(spec, pipeline, BatchSize(spec.label, 16))
        model._batch.size = int(spec.options.get("batch", 0)) or (model._fits() if device.type == "cuda" else 16)
        return model.to(device)
    except torch.OutOfMemoryError:
        raise ModelError(f"{spec.label} does not fit into the memory of {device}.", "Use --device cpu.") from None
    except _LOADING as problem:
        why = shorten(" ".join(str(problem).split()), 200, placeholder=" …").rstrip(".")
        raise ModelError(f"{spec.label} cannot be loaded: {why}.", "Check the name or the folder.") from None


@dataclass
class Diffusion:
    """One pipeline; plays denoiser."""

    spec: ModelSpec
    pipeline: StableDiffusionPipeline
    _batch: BatchSize
    _known: dict[str, Tensor] = field(default_factory=dict)  # text encodings by prompt
    _network: Compiling = field(init=False)

    def __post_init__(self) -> None:
        self._network = Compiling(self.pipeline.unet, self.spec.label)

    def to(self, device: torch.device) -> Diffusion:
        """Move it to a device, in that device's precision, and hand it back; what 16 bits round stays rounded."""
        dtype = dtype_for("auto", device)
        self.pipeline.vae.to(device)
        self.pipeline.text_encoder.to(device, dtype)
        self.pipeline.unet.to(device, dtype)
        self._known.clear()
        return self

    def latents(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """The scaled mode of the autoencoder's latents, (4, h, w) float32; unreadable pictures are left out."""
        for place, picture in enumerate(pictures):
            check()
            with suppress(VitrineError):
                yield place, self._latent(picture.open()).cpu().numpy()

    def losses(
        self,
        latents: Sequence[Latent],
        prompts: Sequence[str],
        times: np.ndarray,
        first: int,
        seed: int,
        check: Check,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Squared error of the noise told from each prompt, mean over channels.

        Batches go across prompts, draws and pictures of one shape: ceil(n P S / B) calls of the network for n of them.

        Args:
            latents: of n pictures, as `latents` gave them, each with the picture's hash.
            prompts: P conditions; they share the noise of each draw.
            times: (n, S) time steps, one draw each; the same step twice is two draws.
            first: number of the first of these draws; the noise belongs to picture, seed and number.
            seed: of the noise.
            check: called before each batch.

        Yields:
            The picture's place and (P, S, h, w) float32, h and w in latent pixels.

        Raises:
            ModelError: a step the model does not know, or too little memory.
        """
        told, steps = self._told(prompts), self._times(times)
        by_shape: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for i, one in enumerate(latents):
            by_shape[one.values.shape].append(i)
        for places in by_shape.values():
            rows = _Rows(self, [latents[i] for i in places], told, steps[places], first, seed, check)
            for k, errors in rows.errors(self._batch):
                yield places[k], errors

    def features(
        self, latents: Sequence[Latent], prompt: str, step: int, noises: int, seed: int, check: Check
    ) -> Iterator[tuple[int, np.ndarray]]:
        """What the network makes of noisy latents on its way up, mean over noises: (c, h', w') float32 for each.

        Diffusion features (Tang et al., NeurIPS 2023, arXiv 2306.03881), the second block of those going up, or the
        first where there are only two. A hook ends the network there.

        Raises:
            ModelError: a step the model does not know, or too little memory.
        """
        told, steps = self._told([prompt]), self._times(np.full((1, noises), step))[0]
        blocks = self.pipeline.unet.up_blocks
        block = blocks[0 if len(blocks) < 3 else 1]
        for place, one in enumerate(latents):
            check()
            z, noise = self._noised(one, range(noises), seed)
            noisy = self.pipeline.scheduler.add_noise(z.expand_as(noise), noise, steps)

            def work(some: Tensor, noisy: Tensor = noisy) -> Tensor:
                check()
                return self._until(block, noisy[some], steps[some], told[[0] * len(some)])

            found = [one for part in in_batches(torch.arange(noises), work, self._batch, z.device) for one in part]
            yield place, torch.stack(found).mean(dim=0).numpy()

    def _until(self, block: torch.nn.Module, noisy: Tensor, times: Tensor, told: Tensor) -> Tensor:
        """What a block gives, without what comes after it."""
        mine, seen = threading.get_ident(), list[Tensor]()

        def hook(module: object, given: object, out: Any) -> None:  # noqa: ANN401
            del module, given
            if threading.get_ident() == mine:  # another thread's hook is not for this one
                seen.append(out[0] if isinstance(out, tuple) else out)
                raise _Enough

        handle = block.register_forward_hook(hook)
        try:
            self._noise_in(noisy, times, told)
        except _Enough:
            pass
        finally:
            handle.remove()
        return seen[0].float()

    def _noised(self, one: Latent, numbers: Iterable[int], seed: int) -> tuple[Tensor, Tensor]:
        """A latent, 4 x h x w, and its noise of each number, S x 4 x h x w, on the device."""
        z, device = torch.from_numpy(one.values), self.pipeline.unet.device
        noise = [torch.randn(z.shape, generator=_dice(one.hash, seed, number)) for number in numbers]
        return _moved(z, device), _moved(torch.stack(noise), device)

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
                why = shorten(" ".join(str(problem).split()), 200, placeholder=" …").rstrip(".")
                raise ModelError(
                    f"{self.spec.label} cannot draw: {why}.", "Try another side, or another model."
                ) from None
            yield i, drawn.images[0].convert("RGB")

    def translate(
        self,
        picture: Shown,
        source: str,
        null: str,
        prompts: Sequence[str],
        steps: int,
        check: Check,
    ) -> list[Image.Image]:
        """The picture as each prompt says, its layout kept: plug_and_play.translate."""
        return plug_and_play.translate(self, picture, source, null, prompts, steps, check)

    def _fits(self) -> int:
        """Evaluations at a time on a GPU: 64 of 64 x 64 latents in a network as wide as Stable Diffusion's."""
        width, side = self.pipeline.unet.config["block_out_channels"][0], self._side() / self.pipeline.vae_scale_factor
        return int(np.clip(64 * (320 * 64 * 64) / (width * side * side), 8, 1024))

    def _side(self) -> int:
        size = self.pipeline.unet.config["sample_size"] * self.pipeline.vae_scale_factor
        return int(self.spec.options.get("side", 0)) or size

    @torch.inference_mode()
    def _noise_in(self, noisy: Tensor, times: Tensor, told: Tensor) -> Tensor:
        """The noise that the network sees in noisy latents; B x 4 x h x w, B and B x n x d to B x 4 x h x w."""
        scheduler = self.pipeline.scheduler
        said = self._network(noisy.to(self.pipeline.unet.dtype), times, told)[0].float()
        kept = scheduler.alphas_cumprod.to(times.device)[times].view(-1, 1, 1, 1)
        return _NOISE[scheduler.config.get("prediction_type", "epsilon")](said, noisy, kept)

    @torch.inference_mode()
    def _told(self, prompts: Sequence[str]) -> Tensor:
        """Text encodings, each computed once; P x tokens x d."""
        for prompt in prompts:
            if prompt not in self._known:
                self._known[prompt] = self._encoded(prompt)
        return torch.cat([self._known[prompt] for prompt in prompts])

    def _encoded(self, prompt: str) -> Tensor:
        tokenizer, encoder = self.pipeline.tokenizer, self.pipeline.text_encoder
        ids = tokenizer(
            [prompt],
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        return encoder(ids.to(encoder.device))[0]

    def _times(self, times: np.ndarray) -> Tensor:
        last = self.pipeline.scheduler.config["num_train_timesteps"]
        if (wrong := times[(times < 0) | (times >= last)]).size:
            raise ModelError(f"{self.spec.label} has no step {wrong[0]}.", f"Use steps from 0 to {last - 1}.")
        return torch.from_numpy(times.astype(np.int64)).to(self.pipeline.unet.device)

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


@dataclass
class _Rows:
    """All evaluations for pictures of one shape: row (i S + s) P + p is picture i, draw s, prompt p."""

    model: Diffusion
    latents: Sequence[Latent]
    told: Tensor
    steps: Tensor
    first: int
    seed: int
    check: Check
    _noisy: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def errors(self, batch: BatchSize) -> Iterator[tuple[int, np.ndarray]]:
        """(P, S, h, w) of each picture, in order, as soon as it is whole."""
        each = len(self.told) * self.steps.shape[1]
        total, done, waiting = each * len(self.latents), 0, list[Tensor]()
        began = time.monotonic()
        for errors in in_batches(torch.arange(total), self._work, batch, self.steps.device):
            waiting += errors
            self.model._network.spent((len(errors), *self.latents[0].values.shape), time.monotonic() - began)
            while len(waiting) >= each:
                mine, waiting = torch.stack(waiting[:each]), waiting[each:]
                self._noisy.pop(done, None)
                yield done, mine.unflatten(0, (self.steps.shape[1], len(self.told))).transpose(0, 1).numpy()
                done += 1
            began = time.monotonic()

    def _work(self, rows: Tensor) -> Tensor:
        self.check()
        n_prompts, n_draws = len(self.told), self.steps.shape[1]
        prompts, draws = rows % n_prompts, rows // n_prompts
        pictures, draws = draws // n_draws, draws % n_draws
        there = [int(i) for i in pictures.unique()]  # in order
        noisy, noise = (torch.cat(some) for some in zip(*map(self._pairs, there), strict=True))
        places = torch.searchsorted(torch.tensor(there), pictures) * n_draws + draws
        pictures, draws, prompts, places = (_moved(some, noisy.device) for some in (pictures, draws, prompts, places))
        said = self.model._noise_in(noisy[places], self.steps[pictures, draws], self.told[prompts])
        return (said - noise[places]).square().mean(dim=1)

    def _pairs(self, i: int) -> tuple[Tensor, Tensor]:
        """The noisy latents of a picture's draws and their noise; S x 4 x h x w each."""
        found = self._noisy.get(i)  # two threads may both make it: it is the same
        if found is None:
            numbers = range(self.first, self.first + self.steps.shape[1])
            z, noise = self.model._noised(self.latents[i], numbers, self.seed)
            noisy = self.model.pipeline.scheduler.add_noise(z.expand_as(noise), noise, self.steps[i])
            found = self._noisy[i] = noisy, noise
        return found


class _Enough(Exception):  # noqa: N818  no error
    """The network got as far as it was wanted."""


def _moved(values: Tensor, device: torch.device) -> Tensor:
    """The same on the device; a GPU goes on computing meanwhile, which it does not while memory is not pinned."""
    return values if device.type == "cpu" else values.pin_memory().to(device, non_blocking=True)


def _dice(hash: str, seed: int, number: int) -> torch.Generator:
    digest = hashlib.sha256(f"{hash}\0{seed}\0{number}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def _from_velocity(said: Tensor, noisy: Tensor, kept: Tensor) -> Tensor:
    """Noise from velocity (Salimans and Ho, ICLR 2022): sqrt(a) v + sqrt(1 - a) x."""
    return kept.sqrt() * said + (1 - kept).sqrt() * noisy


_NOISE: dict[str, Any] = {"epsilon": lambda said, noisy, kept: said, "v_prediction": _from_velocity}
