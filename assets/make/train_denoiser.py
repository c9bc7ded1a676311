"""Trains the denoiser on the autoencoder's latents: `python -m assets.make.train_denoiser` writes models/diffusion/.

Latent diffusion (Rombach et al., CVPR 2022, arXiv 2112.10752) in diffusers' Stable-Diffusion format: tokenizer, text
encoder, UNet and scheduler beside the autoencoder. What it is for is typicality, so most prompts name the place alone,
a tenth is empty, and most times lie where typicality looks. What is saved is the running mean of the weights.
"""

import argparse
import copy
import json
import random
import sys
import time
from pathlib import Path
from typing import cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.training_utils import EMAModel
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from .grammar import PLACE_WORDS, full_caption
from .pictures import FOLDER as WORK
from .pictures import N_TRAINING, TRAINING, painted
from .scene import Scene
from .tokens import END, PAD, START, learn_tokenizer, save_tokenizer
from .train_autoencoder import distribution, halved

FOLDER = Path(__file__).parents[1] / "models" / "diffusion"
STEPS, BATCH, N_LATENTS = 5000, 32, 20_000
RATE, WARM_UP, DECAY = 1e-3, 100, 0.4  # the rate falls in the last 40 % of the steps
LENGTH, WIDTH = 24, 64
CHECKPOINT_EVERY = 250
_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


class Denoiser(nn.Module):
    """What is trained together."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=vocabulary,
                hidden_size=WIDTH,
                intermediate_size=4 * WIDTH,
                num_hidden_layers=2,
                num_attention_heads=4,
                max_position_embeddings=LENGTH,
                projection_dim=WIDTH,
                pad_token_id=PAD,
                bos_token_id=START,
                eos_token_id=END,
            )
        )
        self.unet = UNet2DConditionModel(
            sample_size=16,
            block_out_channels=(48, 96),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            cross_attention_dim=WIDTH,
            attention_head_dim=4,  # diffusers reads this as the number of heads
            norm_num_groups=16,
        )

    def forward(self, noisy: Tensor, times: Tensor, texts: Tensor) -> Tensor:
        """The noise in noisy latents; B x 4 x 16 x 16, B and B x LENGTH to B x 4 x 16 x 16."""
        known = self.text_encoder(texts)[0]
        return self.unet(noisy, times, known).sample


def new_scheduler() -> DDIMScheduler:
    """Stable Diffusion's noise."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def prompt(scene: Scene, rng: random.Random) -> str:
    """Seven of ten name the place, two say everything, one says nothing."""
    kind = rng.random()
    if kind < 0.1:
        return ""
    if kind < 0.3:
        return full_caption(scene, rng).text
    word = scene.place if kind < 0.8 else rng.choice(PLACE_WORDS[scene.place])[1]
    return rng.choice(("An image of {}", "An image of {}", "{}", "a picture of {}", "A photo of {}.")).format(word)


@torch.inference_mode()
def latents_of(vae: AutoencoderKL, pixels: np.ndarray) -> Tensor:
    """Scaled latents of pictures of 128 x 128; n x 4 x 16 x 16."""
    parts = [distribution(vae, halved(pixels[i : i + 50])).mode() for i in range(0, len(pixels), 50)]
    return torch.cat(parts) * vae.config["scaling_factor"]


def train(folder: Path, steps: int) -> None:
    """Train from the start or the last checkpoint; the folder is written at every checkpoint."""
    torch.manual_seed(0)
    tokenizer, scheduler = learn_tokenizer(), new_scheduler()
    vae = AutoencoderKL.from_pretrained(folder / "vae")
    pictures = painted(TRAINING, N_TRAINING)
    seen = _both_ways(vae, pictures.pixels[:N_LATENTS])
    model = Denoiser(tokenizer.get_vocab_size())
    mean = EMAModel(model.parameters(), decay=0.998)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=1e-3, fused=True)
    kept, first, seconds = WORK / "denoiser.pt", 0, 0.0
    if kept.exists():
        state = torch.load(kept)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        first, seconds = state["step"], state["seconds"]
    began, sums = time.process_time() - seconds, 0.0
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / WARM_UP, (1 - step / steps) / DECAY, 1)
        dice, rng = np.random.default_rng([41, step]), random.Random(f"denoiser {step}")
        rows = dice.choice(N_LATENTS, BATCH, replace=False)
        latents = seen[torch.from_numpy(dice.integers(0, 2, BATCH)), torch.from_numpy(rows)]
        noise = torch.from_numpy(dice.standard_normal(latents.shape).astype(np.float32))
        times = torch.from_numpy(
            np.where(dice.random(BATCH) < 0.85, dice.integers(80, 760, BATCH), dice.integers(0, 1000, BATCH))
        )
        texts = encode(tokenizer, [prompt(pictures.scenes[i], rng) for i in rows])
        noisy = scheduler.add_noise(latents, noise, cast("torch.IntTensor", times))
        loss = (model(noisy, times, texts) - noise).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean.step(model.parameters())
        sums += loss.item() / 100
        if (step + 1) % 100 == 0:
            sys.stderr.write(f"{step + 1}: {sums:.4f}; {time.process_time() - began:.0f} CPU-s\n")
            sums = 0.0
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            _save(model, mean, tokenizer, folder)
            state = {"model": model.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "step": step + 1, "seconds": time.process_time() - began}, kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)
    _save(model, mean, tokenizer, folder)


def encode(tokenizer: Tokenizer, texts: list[str]) -> Tensor:
    """Token ids, padded; n x LENGTH."""
    ids = np.full((len(texts), LENGTH), PAD)
    for row, encoding in zip(ids, tokenizer.encode_batch(texts), strict=True):
        row[: min(LENGTH, len(encoding.ids))] = encoding.ids[:LENGTH]
    return torch.from_numpy(ids)


def _both_ways(vae: AutoencoderKL, pixels: np.ndarray) -> Tensor:
    """Latents of the pictures and of their mirror images; 2 x n x 4 x 16 x 16."""
    path = WORK / "latents.pt"
    if not path.exists():
        torch.save(torch.stack([latents_of(vae, pixels), latents_of(vae, pixels[:, :, ::-1])]), path)
    return torch.load(path)


def _save(model: Denoiser, mean: EMAModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write everything but the autoencoder, which lies there already; half precision except for the text encoder."""
    mean.store(model.parameters())
    mean.copy_to(model.parameters())
    model.text_encoder.save_pretrained(folder / "text_encoder")
    copy.deepcopy(model.unet).half().save_pretrained(folder / "unet")
    mean.restore(model.parameters())
    new_scheduler().save_pretrained(folder / "scheduler")
    save_tokenizer(tokenizer, folder / "tokenizer", LENGTH)
    (folder / "model_index.json").write_text(json.dumps(_INDEX, indent=2) + "\n", encoding="utf-8")
    (folder / "template.json").write_text(json.dumps({"label": "An image of {}", "null": ""}) + "\n", encoding="utf-8")


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
