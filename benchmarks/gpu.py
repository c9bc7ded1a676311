"""A denoiser of Stable Diffusion 1.5's shape, random weights, on one GPU: evaluations a second, share of the peak.

python -m benchmarks.gpu [--pictures 64] [--tiny]

The peak is that of a large matrix product, measured first. Beside ours stands the way of the published code: a picture
at a time, ten draws a batch, with and without its label in passes of their own. The bundled denoiser then tells what
16 bits change. `--tiny` tries the program out where there is no GPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoTokenizer, CLIPTextConfig, CLIPTextModel

from engine.finetuning import HOWS
from engine.gallery import Picture, open_folder
from engine.models import load, tuning
from engine.models.profiles import POSTCARDS
from engine.models.roles import Latent, ModelSpec
from engine.models.templates import template_of
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.denoising import Denoising

GPU = torch.cuda.is_available()
BUNDLED = ModelSpec("diffusion", "assets/models/diffusion")
Network = Callable[..., Any]


def pipeline(folder: Path, is_tiny: bool) -> ModelSpec:
    """Saved as a pipeline's folder."""
    words = AutoTokenizer.from_pretrained("assets/models/diffusion/tokenizer")
    words.model_max_length = 77
    widths, wide, deep, side = ((64, 64, 64, 64), 64, 1, 16) if is_tiny else ((320, 640, 1280, 1280), 768, 12, 64)
    ends: dict[str, Any] = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    text = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=wide,
        intermediate_size=4 * wide,
        num_hidden_layers=deep,
        num_attention_heads=wide // 64,
        **ends,
    )
    torch.manual_seed(0)
    with torch.device("cuda" if GPU else "cpu"):
        unet = UNet2DConditionModel(side, block_out_channels=widths, cross_attention_dim=wide, attention_head_dim=8)
        shape: dict[str, Any] = {
            "down_block_types": ("DownEncoderBlock2D",) * 4,
            "up_block_types": ("UpDecoderBlock2D",) * 4,
            "block_out_channels": (32, 32, 32, 32) if is_tiny else (128, 256, 512, 512),
            "layers_per_block": 2,
            "sample_size": 8 * side,
        }
        vae = AutoencoderKL(**shape)
        encoder = CLIPTextModel(text)
    scheduler: Any = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    none: dict[str, Any] = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    StableDiffusionPipeline(vae.eval(), encoder.eval(), words, unet.eval(), scheduler, **none).save_pretrained(folder)
    return ModelSpec("diffusion", str(folder))


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """What it takes, after once without looking."""
    work()
    done()
    began = time.perf_counter()
    for _ in range(times):
        work()
    done()
    return (time.perf_counter() - began) / times


def done() -> None:
    """Wait for what the GPU was given."""
    if GPU:
        torch.cuda.synchronize()


def peak() -> float:
    """Operations a second of a product of 8,192 x 8,192 matrices of bfloat16."""
    n = 8192 if GPU else 512
    a, b = (torch.randn(n, n, device="cuda" if GPU else "cpu", dtype=torch.bfloat16) for _ in range(2))
    return 2 * n**3 / seconds(lambda: a @ b, 20)


@torch.inference_mode()
def published(unet: Network, latents: Sequence[Latent], told: torch.Tensor, dtype: torch.dtype) -> None:
    """A picture at a time, ten draws a batch, two passes."""
    for one in latents:
        z = torch.from_numpy(one.values).to(told.device)
        noise = torch.randn(10, *z.shape, device=told.device)
        times = torch.randint(100, 700, (10,), device=told.device)
        noisy = (0.5 * z + 0.8 * noise).to(dtype)
        errors = [(unet(noisy, times, row.expand(10, -1, -1))[0] - noise).square().mean(1) for row in told]
        (errors[0] - errors[1]).cpu()


def evaluations(spec: ModelSpec, settings: Settings, pictures: Sequence[Picture], most: float, is_tiny: bool) -> None:
    """The table of ways."""
    model = load("denoiser", spec, settings)
    unet, dtype = model.pipeline.unet, model.pipeline.unet.dtype
    shape = (4, *(unet.config["sample_size"],) * 2)
    rng = np.random.default_rng(0)
    latents = [Latent(f"{i:032x}", rng.standard_normal(shape).astype(np.float32)) for i in range(len(pictures))]
    prompts = ("", "An image of beach")
    told = model._told(prompts)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        z = torch.zeros(1, *shape, device=told.device, dtype=dtype)
        unet(z, torch.tensor([300], device=told.device), told[:1])
    each = counter.get_total_flops()
    print(f"\nAn evaluation at {8 * shape[1]} pixels: {each / 1e12:.3f} TFLOP; batches of {model._batch.size}.\n")
    print("| way | evaluations a second | TFLOP/s | of the matrix product's |\n|---|---|---|---|")

    def tell(name: str, n: int, took: float) -> None:
        rate = each * n / took
        print(f"| {name} | {n / took:,.1f} | {rate / 1e12:,.0f} | {rate / most:.0%} |", flush=True)

    few = latents[: 2 if is_tiny else 8]
    tell(f"picture by picture, {dtype}", 20 * len(few), seconds(lambda: published(unet, few, told, dtype)))
    if GPU:
        unet.float()
        tell("the same, float32", 20 * len(few), seconds(lambda: published(unet, few, told.float(), torch.float32)))
        unet.to(dtype)
    times = rng.integers(100, 700, (len(latents), 16))

    def ours() -> None:
        for _ in model.losses(latents, prompts, times, 0, 0, lambda: None):
            pass

    n = times.size * len(prompts)
    tell("ours", n, seconds(ours))
    if GPU:
        model._network.spent((model._batch.size, *shape), 1e6)
        began = time.perf_counter()
        ours()
        took = time.perf_counter() - began
        whole = seconds(ours)
        tell(f"ours, compiled (which took {took - whole:.0f} s)", n, whole)
        print(f"\nMemory at most {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB.")


def whole(spec: ModelSpec, settings: Settings, pictures: Sequence[Picture]) -> None:
    """From files to stored maps and features."""
    model = load("denoiser", spec, settings)
    progress = Progress()
    denoising = Denoising(spec, settings, progress, lambda: model)
    began = time.perf_counter()
    for _ in denoising.maps(pictures, [(p.label,) for p in pictures], 32, 0):
        pass
    took, n = time.perf_counter() - began, progress.cost.asked["evaluations"]
    began = time.perf_counter()
    denoising.features(pictures, 0)
    print(
        f"\nFrom {len(pictures)} files to stored maps, 32 draws, encoding and the pilot included: {took:.1f} s, "
        f"{n / took:,.0f} evaluations a second; features {time.perf_counter() - began:.1f} s.",
        flush=True,
    )
    shown, steps = pictures[0], 50 if GPU else 2
    told = seconds(lambda: model.translate(shown, "An image of beach", "", ["An image of city"], steps, lambda: None))
    print(f"Translated in {steps} steps there and back: {told:.1f} s a picture.", flush=True)


def learning(how: str, spec: ModelSpec, settings: Settings, is_tiny: bool) -> None:
    """Steps of fine-tuning."""
    model, batch = tuning.load(spec, settings), 2 if is_tiny else 16
    shape, rng = (4, *(model.pipeline.unet.config["sample_size"],) * 2), np.random.default_rng(0)
    drawn = [rng.standard_normal(shape).astype(np.float32) for _ in range(32)]
    lessons = [(Latent(f"{i:032x}", values), f"An image of {'ab'[i % 2]}") for i, values in enumerate(drawn)]
    full = how == "full"
    tuner = tuning.Tuner(model, lessons, lessons[:2], null="", is_full=full, rate=0, batch=batch, seed=0)
    steps = iter(range(1000))
    took = seconds(lambda: tuner.learn(next(steps)), 2 if is_tiny else 10)
    print(f"Fine-tuning, {how}, {batch} pictures a step: {took:.2f} s a step.", flush=True)


def agreement(settings: Settings, pictures: Sequence[Picture]) -> None:
    """The bundled denoiser's maps on the processor and on the GPU."""
    template, labels = template_of(BUNDLED), sorted({p.label for p in pictures})
    prompts = (template.null, *map(template.of, labels))
    times = np.tile(np.linspace(100, 700, 16, endpoint=False).astype(int), (len(pictures), 1))
    by_device: dict[str, np.ndarray] = {}
    print("\n| bundled denoiser | evaluations a second | place right | correlation of maps | relative error |")
    print("|---|---|---|---|---|")
    for device in ("cpu", "cuda") if GPU else ("cpu",):
        model = load("denoiser", BUNDLED, Settings(settings.home, device=device))
        latents = [Latent(pictures[i].hash, values) for i, values in model.latents(pictures, lambda: None)]
        if GPU:
            dict(model.losses(latents[:8], prompts, times[:8], 0, 0, lambda: None))
        began = time.perf_counter()
        found = dict(model.losses(latents, prompts, times, 0, 0, lambda: None))
        took = time.perf_counter() - began
        maps = np.stack([found[i][0] - found[i][1:] for i in range(len(pictures))]).mean(2)
        by_device[device] = maps
        right = np.mean([labels[int(maps[i].mean((1, 2)).argmax())] == p.label for i, p in enumerate(pictures)])
        cpu = by_device["cpu"]
        alike = np.corrcoef(maps.ravel(), cpu.ravel())[0, 1]
        error = np.linalg.norm(maps - cpu) / np.linalg.norm(cpu)
        rate = times.size * len(prompts) / took
        dtype = str(model.pipeline.unet.dtype).removeprefix("torch.")
        print(f"| {device}, {dtype} | {rate:,.0f} | {right:.3f} | {alike:.5f} | {error:.4f} |", flush=True)


def main() -> None:
    """Print it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    name = torch.cuda.get_device_name() if GPU else "no GPU"
    most = peak()
    print(
        f"{time.strftime('%Y-%m-%d')} · {name} · torch {torch.__version__} · matrix product {most / 1e12:.3g} TFLOP/s"
    )
    with tempfile.TemporaryDirectory() as there:
        settings = Settings(Path(there, "home"))
        cards = open_folder(POSTCARDS, settings).pictures
        spec = pipeline(Path(there, "model"), args.tiny)
        pictures = cards[:: max(1, len(cards) // args.pictures)][: args.pictures]
        evaluations(spec, settings, pictures, most, args.tiny)
        whole(spec, settings, pictures)
        for how in HOWS:
            learning(how, spec, settings, args.tiny)
        agreement(settings, cards[:: len(cards) // (12 if args.tiny else 60)])


if __name__ == "__main__":
    main()
