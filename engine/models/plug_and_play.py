"""A picture told anew with other words, its layout kept: plug-and-play (Tumanyan et al., CVPR 2023, arXiv 2211.12572).

The picture is turned into noise by deterministic steps (DDIM, Song et al., ICLR 2021). From that noise it is drawn
with other prompts, while one block's features and the self-attention of those after it are those of the picture's own
way back. Where we depart: 50 steps instead of 999; each step into the noise is mended by fixed-point iteration (Pan et
al., ICCV 2023), so that the way back is the way there; and the features of the source come from the latents of the way
there, so that it is not drawn again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddim_inverse import DDIMInverseScheduler
from PIL import Image
from torch import Tensor, nn

from engine.errors import ModelError, SettingsError
from engine.models.roles import Check, Shown

if TYPE_CHECKING:
    from engine.models.diffusion import Diffusion

_MENDS = 1  # evaluations more of each step into the noise: from 43 to 56 dB on the way back of the bundled model


@dataclass(frozen=True)
class Hold:
    """How much of the picture is held on to.

    Args:
        guidance: how far to go from the null prompt to the wanted one, and beyond it; 1 is without guidance.
        features: share of the steps, from the noisy end, in which features are the picture's.
        attention: the same for queries and keys of self-attention.

    Raises:
        SettingsError: a share or a guidance that cannot be.
    """

    guidance: float
    features: float
    attention: float

    def __post_init__(self) -> None:
        if not (0 <= self.features <= 1 and 0 <= self.attention <= 1 and 0 <= self.guidance < float("inf")):
            raise SettingsError(f"{self} cannot be.", "Shares are from 0 to 1, and guidance is not below 0.")


PUBLISHED = Hold(guidance=7.5, features=0.8, attention=0.5)
SMALL = Hold(guidance=1.5, features=0.8, attention=0.5)


def hold_of(model: Diffusion) -> Hold:
    """What its options `guidance`, `features` and `attention` say, and for what they do not, the usual.

    That is as published for Stable Diffusion's size, and as tuned for networks of two blocks, such as the bundled one.
    """
    unet, options = model.pipeline.unet, model.spec.options
    usual = asdict(PUBLISHED if len(unet.up_blocks) > 2 else SMALL)
    return Hold(**{name: float(options.get(name, value)) for name, value in usual.items()})


def translate(
    model: Diffusion,
    picture: Shown,
    source: str,
    null: str,
    prompts: Sequence[str],
    steps: int,
    check: Check,
    hold: Hold | None = None,
) -> list[Image.Image]:
    """The picture as each prompt says, at the model's size; the same every time.

    Prompts go together through the network; one at a time where its memory does not hold them together.

    Args:
        model: a pipeline in Stable Diffusion's format, of either prediction type.
        picture: to be translated.
        source: the prompt that says the picture as it is.
        null: the prompt that says nothing, for guidance.
        prompts: what it is to become.
        steps: there, and as many back.
        check: called before each evaluation of the network.
        hold: on to how much; `hold_of(model)` where it is not said.

    Raises:
        ModelError: a number of steps that cannot be, or too little memory.
        VitrineError: the picture cannot be read.
    """
    last = model.pipeline.scheduler.config["num_train_timesteps"]
    if not 1 <= steps <= last:
        raise ModelError(f"{model.spec.label} cannot go {steps} steps.", f"Use 1 to {last}.")
    image, hold = picture.open(), hold or hold_of(model)
    try:
        way = inverted(model, model._latent(image), source, steps, check)
        try:
            found = drawn(model, way, source, null, prompts, hold, check)
        except torch.OutOfMemoryError:
            found = torch.cat([drawn(model, way, source, null, [prompt], hold, check) for prompt in prompts])
        return decoded(model, found)
    except torch.OutOfMemoryError:
        raise ModelError(f"{model.spec.label} lacks memory to translate.", "Use --device cpu.") from None


def inverted(model: Diffusion, latent: Tensor, source: str, steps: int, check: Check) -> list[Tensor]:
    """The way into the noise: steps + 1 latents, each 4 x h x w float32, the picture's first.

    Each step asks for the noise in the latent that it leads to, which is not known yet: so it is asked again there.
    """
    scheduler, told = _scheduler(DDIMInverseScheduler, model, steps), model._told([source])
    way = [latent]
    for time in scheduler.timesteps.tolist():
        there = way[-1]
        for _ in range(1 + _MENDS):
            check()
            noise = model._noise_in(there[None], torch.tensor([time], device=there.device), told)[0]
            there = scheduler.step(noise, time, way[-1]).prev_sample
        way.append(there)
    return way


def drawn(
    model: Diffusion, way: Sequence[Tensor], source: str, null: str, prompts: Sequence[str], hold: Hold, check: Check
) -> Tensor:
    """The way back as each prompt says, B x 4 x h x w; batches are [source, null x B, prompt x B]."""
    n, steps = len(prompts), len(way) - 1
    scheduler = _scheduler(DDIMScheduler, model, steps)
    told = model._told([source, *[null] * n, *prompts])
    latents = way[-1].expand(n, *way[-1].shape)
    kept = {"features": round(hold.features * steps), "attention": round(hold.attention * steps)}
    done = 0
    with _held(model.pipeline.unet, lambda what: done < kept[what]):
        for done, time in enumerate(scheduler.timesteps.tolist()):
            check()
            rows = torch.cat([way[steps - done][None], latents, latents])
            noise = model._noise_in(rows, torch.full((len(rows),), time, device=rows.device), told)
            nothing, wanted = noise[1:].chunk(2)
            latents = scheduler.step(nothing + hold.guidance * (wanted - nothing), time, latents).prev_sample
    return latents


@torch.inference_mode()
def decoded(model: Diffusion, latents: Tensor) -> list[Image.Image]:
    """Latents, B x 4 x h x w, as pictures, one at a time through the decoder."""
    vae = model.pipeline.vae
    images = []
    for latent in latents:
        pixels = vae.decode(latent[None] / vae.config.scaling_factor).sample[0].float().cpu().permute(1, 2, 0).numpy()
        images.append(Image.fromarray(((pixels + 1) * 127.5).round().clip(0, 255).astype(np.uint8)))
    return images


def _scheduler(kind: Any, model: Diffusion, steps: int) -> Any:  # noqa: ANN401  either direction of DDIM
    """DDIM with the model's own noise; of noise, as `_noise_in` tells it, whatever the network predicts.

    The rest must be said: another scheduler's config may lack it, and the usual would clip latents as if they were
    pixels, or space steps as the way into the noise cannot.
    """
    same = {"clip_sample": False, "thresholding": False, "set_alpha_to_one": False, "timestep_spacing": "leading"}
    scheduler = kind.from_config(model.pipeline.scheduler.config, prediction_type="epsilon", **same)
    scheduler.set_timesteps(steps)
    return scheduler


@contextmanager
def _held(unet: nn.Module, holds: Callable[[str], bool]) -> Iterator[None]:
    """While it lasts, rows of this thread's batches get the first one's features, queries and keys, if `holds` says."""
    mine = threading.get_ident()

    def hook(what: str) -> Callable[[object, object, Tensor], Tensor | None]:
        def same(module: object, given: object, out: Tensor) -> Tensor | None:
            del module, given
            if threading.get_ident() != mine or not holds(what):
                return None
            return out[:1].expand_as(out).contiguous()

        return same

    block, attentions = _places(unet)
    handles = [block.register_forward_hook(hook("features"))]
    try:
        for attention in attentions:
            handles += [part.register_forward_hook(hook("attention")) for part in (attention.to_q, attention.to_k)]
        yield
    finally:
        for handle in handles:
            handle.remove()


def _places(unet: Any) -> tuple[nn.Module, list[Any]]:  # noqa: ANN401
    """Where features are held, and the self-attentions from there on.

    up_blocks[1].resnets[1].conv2 and 1.1 to 3.2 in Stable Diffusion; the first block of two, or the only residual
    block of one, in others.
    """
    blocks = unet.up_blocks
    first = 1 if len(blocks) > 2 else 0
    second = min(1, len(blocks[first].resnets) - 1)
    after = [*getattr(blocks[first], "attentions", [])][second:]
    after += [one for block in blocks[first + 1 :] for one in getattr(block, "attentions", [])]
    return blocks[first].resnets[second].conv2, [part.attn1 for one in after for part in one.transformer_blocks]
