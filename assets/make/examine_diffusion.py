"""How well the diffusion model knows postcards: its autoencoder against PCA, places told by typicality, and where."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from torch import Tensor

from .painter import paint
from .scene import PLACES, Scene
from .train_autoencoder import halved, signal_to_noise
from .train_denoiser import latents_of

FOLDER = Path(__file__).parents[1] / "models" / "diffusion"
_CELLS, _PATCH = 16, 4


def load(folder: Path = FOLDER) -> StableDiffusionPipeline:
    """The pipeline as the engine loads it."""
    return StableDiffusionPipeline.from_pretrained(
        folder, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )


@torch.inference_mode()
def autoencoder(pipeline: StableDiffusionPipeline, pixels: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Signal-to-noise ratio on pictures, of the autoencoder and of as many principal components of others' patches."""
    x, vae = halved(pixels), pipeline.vae
    back = torch.cat([vae.decode(vae.encode(part).latent_dist.mode()).sample for part in x.split(50)])
    learned = _patches(halved(others))
    middle = learned.mean(dim=0)
    axes = torch.linalg.eigh(torch.cov((learned - middle).T)).eigenvectors[:, -vae.config.latent_channels :]
    linear = _pictures((_patches(x) - middle) @ axes @ axes.T + middle)
    return signal_to_noise(back.clamp(-1, 1), x), signal_to_noise(linear.clamp(-1, 1), x)


@torch.inference_mode()
def typicality(pipeline: StableDiffusionPipeline, latents: Tensor, names: Sequence[str], draws: int) -> Tensor:
    """T(x|place) for each picture and place; n x 6 x 16 x 16. Noise and times belong to the picture."""
    texts = ["", *(f"An image of {place}" for place in PLACES)]
    ids = pipeline.tokenizer(
        texts, padding="max_length", max_length=pipeline.tokenizer.model_max_length, return_tensors="pt"
    )
    known = pipeline.text_encoder(ids.input_ids)[0]
    maps = []
    for latent, name in zip(latents, names, strict=True):
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
        dice = torch.Generator().manual_seed(seed)
        noise = torch.randn(draws, *latent.shape, generator=dice)
        times = (100 + 600 * (torch.arange(draws) + torch.rand(draws, generator=dice)) / draws).long()
        noisy = pipeline.scheduler.add_noise(latent.expand_as(noise), noise, times)
        k = len(texts)
        guess = pipeline.unet(
            noisy.repeat_interleave(k, 0), times.repeat_interleave(k), known.repeat(draws, 1, 1)
        ).sample
        error = (guess.unflatten(0, (draws, k)) - noise[:, None]).square().mean(dim=2)
        maps.append((error[:, :1] - error[:, 1:]).mean(dim=0))
    return torch.stack(maps)


def places(
    pipeline: StableDiffusionPipeline, pixels: np.ndarray, scenes: Sequence[Scene], draws: int = 16
) -> tuple[float, dict[str, tuple[float, float]]]:
    """Share of pictures whose place has the largest T, and localisation for true and wrong place.

    Localisation: how often T in a cell covered by a typical element exceeds T in the same cell of other pictures of
    the place where nothing typical stands; mean over pictures and its standard error, .5 being chance.
    """
    n, latents = len(scenes), latents_of(pipeline.vae, pixels)
    maps = typicality(pipeline, latents, [str(scene.seed) for scene in scenes], draws)
    own = np.array([PLACES.index(scene.place) for scene in scenes])
    right = maps.mean(dim=(2, 3)).argmax(dim=1).numpy() == own
    covered = np.stack([_covered(scene) for scene in scenes])
    wrong = (own + 1 + np.arange(n) % (len(PLACES) - 1)) % len(PLACES)
    return float(right.mean()), {
        "true place": _localised(maps.numpy(), own, own, covered),
        "wrong place": _localised(maps.numpy(), own, wrong, covered),
    }


def _localised(maps: np.ndarray, own: np.ndarray, asked: np.ndarray, covered: np.ndarray) -> tuple[float, float]:
    shares = []
    for i in range(len(maps)):
        wins = []
        for j in np.flatnonzero(own == own[i]):
            if i != j:
                cells = covered[i] & ~covered[j]
                wins.append(maps[i, asked[i]][cells] > maps[j, asked[i]][cells])
        if wins and len(joined := np.concatenate(wins)):
            shares.append(joined.mean())
    return float(np.mean(shares)), float(np.std(shares) / len(shares) ** 0.5)


def _covered(scene: Scene) -> np.ndarray:
    """Which cells of the latent lie in the box of a typical element; 16 x 16."""
    cells = np.zeros((_CELLS, _CELLS), bool)
    for box in paint(scene, _CELLS * 8)[1]:
        if box.role == "element":
            cells[box.top // 8 : -(-box.bottom // 8), box.left // 8 : -(-box.right // 8)] = True
    return cells


def _patches(x: Tensor) -> Tensor:
    """Pictures n x 3 x 64 x 64 to patches of 4 x 4; n 256 x 48."""
    return x.unfold(2, _PATCH, _PATCH).unfold(3, _PATCH, _PATCH).permute(0, 2, 3, 1, 4, 5).reshape(-1, 48)


def _pictures(patches: Tensor) -> Tensor:
    x = patches.reshape(-1, _CELLS, _CELLS, 3, _PATCH, _PATCH).permute(0, 3, 1, 4, 2, 5)
    return x.reshape(-1, 3, _CELLS * _PATCH, _CELLS * _PATCH)
