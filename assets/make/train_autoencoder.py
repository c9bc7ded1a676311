"""Trains the autoencoder of the diffusion model: `python -m assets.make.train_autoencoder` writes diffusion/vae/.

64 x 64 pixels to 16 x 16 latents of four channels and back. The loss is the logarithm of each picture's mean squared
error, which is its signal-to-noise ratio in other units, and a trace of KL divergence; no attention anywhere, so any
size works. Run before `train_denoiser`.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor, nn
from torch.nn import functional

from .pictures import FOLDER as WORK
from .pictures import N_TRAINING, TRAINING, painted

FOLDER = Path(__file__).parents[1] / "models" / "diffusion" / "vae"
STEPS, BATCH = 10_000, 8
RATE, WARM_UP, DECAY = 2e-3, 100, 0.4  # the rate falls in the last 40 % of the steps
DIVERGENCE = 1e-4
SIZE, CHANNELS = 64, (16, 32, 64)
CHECKPOINT_EVERY = 250


def new_autoencoder() -> AutoencoderKL:
    """The untrained model."""
    config = {
        "down_block_types": ["DownEncoderBlock2D"] * 3,
        "up_block_types": ["UpDecoderBlock2D"] * 3,
        "block_out_channels": CHANNELS,
        "norm_num_groups": 8,
        "sample_size": SIZE,
        "mid_block_add_attention": False,
        "force_upcast": False,
    }
    model = AutoencoderKL.from_config(config)
    assert isinstance(model, AutoencoderKL)
    return model


def halved(pixels: np.ndarray) -> Tensor:
    """Pictures of 128 x 128 as the model takes them; n x 3 x 64 x 64 from -1 to 1."""
    x = torch.from_numpy(pixels.astype(np.float32)).permute(0, 3, 1, 2)
    return functional.avg_pool2d(x, 2).mul_(1 / 127.5).sub_(1)


def train(folder: Path, steps: int) -> None:
    """Train from the start or the last checkpoint; at the end measure the latents' scale and write the folder."""
    torch.manual_seed(0)
    pixels = painted(TRAINING, N_TRAINING).pixels
    model = new_autoencoder().to(memory_format=torch.channels_last)  # type: ignore[call-arg]
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=1e-4, fused=True)
    kept, first, seconds = WORK / "autoencoder.pt", 0, 0.0
    if kept.exists():
        state = torch.load(kept)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, seconds = state["step"], state["seconds"]
    began, ratio = time.process_time() - seconds, 0.0
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / WARM_UP, (1 - step / steps) / DECAY, 1)
        dice = np.random.default_rng([31, step])
        x = halved(pixels[np.sort(dice.choice(len(pixels), BATCH, replace=False))])
        x = torch.where(torch.from_numpy(dice.random((BATCH, 1, 1, 1)) < 0.5), x, x.flip(3))
        x = x.contiguous(memory_format=torch.channels_last)
        latent = distribution(model, x)
        noise = torch.from_numpy(dice.standard_normal(latent.mean.shape).astype(np.float32))
        error = (model.decode(latent.mean + latent.std * noise).sample - x).square().mean(dim=(1, 2, 3))
        loss = error.log().mean() + DIVERGENCE * latent.kl().mean() / 1024
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ratio += float((4 / error.detach()).log10().mean()) / 10
        if (step + 1) % 100 == 0:
            sys.stderr.write(f"{step + 1}: {ratio:.2f} dB; {time.process_time() - began:.0f} CPU-s\n")
            ratio = 0.0
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save({**state, "seconds": time.process_time() - began}, kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)
    save(model, folder, pixels)


@torch.inference_mode()
def save(model: AutoencoderKL, folder: Path, pixels: np.ndarray) -> None:
    """Write the folder in half precision, with the factor that brings latents to unit deviation."""
    latents = torch.cat(
        [distribution(model, halved(pixels[i : i + 50])).mode() for i in range(0, min(1000, len(pixels)), 50)]
    )
    model.register_to_config(scaling_factor=1 / latents.std().item())
    model.half().save_pretrained(folder)


def distribution(model: AutoencoderKL, x: Tensor) -> DiagonalGaussianDistribution:
    """Latents of pictures n x 3 x h x w, n x 4 x h/4 x w/4, with their uncertainty."""
    (found,) = model.encode(x, return_dict=False)
    return found


def signal_to_noise(a: Tensor, b: Tensor) -> float:
    """Mean over pictures, in decibel, of pictures from -1 to 1; the higher, the closer."""
    return float((10 * (4 / (a - b).square().mean(dim=(1, 2, 3))).log10()).mean())


def main() -> None:
    """Train, or go on training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    train(args.folder, args.steps)


if __name__ == "__main__":
    main()
