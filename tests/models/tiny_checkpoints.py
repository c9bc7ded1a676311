"""Tiny checkpoints of real classes with random weights: `python tests/models/tiny_checkpoints.py DIR` writes them.

They say nothing sensible, but everything a real checkpoint does to code happens: placeholders, padding, EOS, templates.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    Blip2QFormerConfig,
    Blip2VisionConfig,
    BlipImageProcessor,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    OPTConfig,
    PreTrainedTokenizerFast,
)

WORDS = """Describe in plain sentences what this picture shows. Question: Answer: Look at ignore criterion the a of and
to task describe label items text answers item description you with one question in mind report what you see JSON"""
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
PARTS_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SIZES: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_LOUD = 0.3  # a wide spread of weights, so that different pictures and words get different answers


def tokenizer(*placeholders: str, chat_template: str | None = None) -> PreTrainedTokenizerFast:
    """Byte-level BPE over a few words, so that any text can be written."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", *placeholders]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        [WORDS], trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    )
    bpe.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<pad>", bos_token="<s>", eos_token="</s>", chat_template=chat_template
    )


def save_llama(folder: Path, chat_template: str | None = CHAT_TEMPLATE) -> Path:
    """A language model with a chat template."""
    words = tokenizer(chat_template=chat_template)
    torch.manual_seed(3)
    return _saved(folder, LlamaForCausalLM(_llama(words)), words)


def save_llava(folder: Path, chat_template: str | None = PARTS_TEMPLATE) -> Path:
    """LLaVA: CLIP's vision tower, 16 patches of 8 pixels, before a Llama."""
    words = tokenizer("<image>")
    vision = CLIPVisionConfig(**_SIZES, intermediate_size=64, image_size=32, patch_size=8, initializer_factor=3.0)
    config = LlavaConfig(
        vision_config=vision,
        text_config=_llama(words),
        image_token_index=words.encode("<image>", add_special_tokens=False)[0],
        vision_feature_layer=-1,
        image_seq_length=16,
    )
    look = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor = LlavaProcessor(
        look,
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        chat_template=chat_template,
        num_additional_image_tokens=1,
    )
    torch.manual_seed(1)
    return _saved(folder, LlavaForConditionalGeneration(config), processor)


def save_blip2(folder: Path) -> Path:
    """BLIP-2: a Q-Former with four queries before an OPT, no chat template."""
    words = tokenizer("<image>")
    text = OPTConfig(
        vocab_size=len(words),
        **_SIZES,
        ffn_dim=64,
        word_embed_proj_dim=32,
        max_position_embeddings=512,
        init_std=_LOUD,
        **_ends(words),
    )
    config = Blip2Config(
        vision_config=Blip2VisionConfig(
            **_SIZES, intermediate_size=64, image_size=32, patch_size=8, initializer_range=_LOUD
        ).to_dict(),
        qformer_config=Blip2QFormerConfig(
            **_SIZES, intermediate_size=64, encoder_hidden_size=32, initializer_range=_LOUD
        ).to_dict(),
        text_config=text.to_dict(),
        num_query_tokens=4,
        image_token_index=words.encode("<image>", add_special_tokens=False)[0],
    )
    look = BlipImageProcessor(size={"height": 32, "width": 32})
    torch.manual_seed(2)
    model = Blip2ForConditionalGeneration(config)
    torch.nn.init.normal_(model.query_tokens)
    torch.nn.init.normal_(model.language_projection.weight)
    return _saved(folder, model, Blip2Processor(look, words, num_query_tokens=4))


def save_diffusion(folder: Path) -> Path:
    """Stable Diffusion's parts: latents of 8 x 8 for 32 x 32 pixels, a U-Net that halves twice, PNDM."""
    words = tokenizer()
    words.model_max_length = 12
    text = CLIPTextConfig(**_SIZES, intermediate_size=64, vocab_size=len(words), **_ends(words), initializer_factor=3.0)
    torch.manual_seed(4)
    down, up, widths = ("DownEncoderBlock2D",) * 3, ("UpDecoderBlock2D",) * 3, (8, 8, 8)
    config = {"down_block_types": down, "up_block_types": up, "block_out_channels": widths, "norm_num_groups": 4}
    vae: Any = AutoencoderKL.from_config({**config, "sample_size": 32, "scaling_factor": 0.5})
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=widths,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=32,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    scheduler: Any = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    pipeline = StableDiffusionPipeline(
        vae.eval(),
        CLIPTextModel(text).eval(),
        words,  # type: ignore[arg-type]
        unet.eval(),
        scheduler,
        safety_checker=None,  # type: ignore[arg-type]
        feature_extractor=None,  # type: ignore[arg-type]
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def _llama(words: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(words),
        **_SIZES,
        intermediate_size=64,
        max_position_embeddings=4096,
        initializer_range=_LOUD,
        **_ends(words),
    )


def _ends(words: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {"bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id}


def _saved(folder: Path, model: Any, *others: Any) -> Path:
    for part in (model.eval(), *others):
        part.save_pretrained(folder)
    return folder


def main(argv: Sequence[str]) -> None:
    to = Path(argv[0])
    for name, save in (
        ("llava", save_llava),
        ("blip2", save_blip2),
        ("llama", save_llama),
        ("diffusion", save_diffusion),
    ):
        print(save(to / name))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
