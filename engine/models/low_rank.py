"""Low-rank additions to a pipeline's networks, by peft: added, then merged, so that an ordinary pipeline comes out.

LoRA (Hu et al., ICLR 2022, arXiv 2106.09685), on the attention of U-Net and text encoder, and on the text encoder's
words: without these, labels that a model has never seen are hardly learned.
"""

from __future__ import annotations

import torch
from diffusers.utils.peft_utils import recurse_remove_peft_layers
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

_RANK = 16
_WHERE = {
    "unet": ["to_q", "to_k", "to_v", "to_out.0"],
    "text_encoder": ["q_proj", "k_proj", "v_proj", "out_proj", "token_embedding"],
}


def add(part: nn.Module, name: str) -> None:
    """Put additions into the unet or the text_encoder, which alone learn; they change nothing yet."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)  # they begin at random, and must begin alike
        inject_adapter_in_model(LoraConfig(r=_RANK, lora_alpha=_RANK, target_modules=_WHERE[name]), part)


def merge(part: nn.Module) -> None:
    """Make the additions part of the weights that they were added to."""
    for module in part.modules():
        if isinstance(module, BaseTunerLayer):
            module.merge()
    recurse_remove_peft_layers(part)
