"""Trains the CoCa that describes and matches postcards: `python -m assets.make.train_coca` writes assets/models/coca/.

CoCa: Contrastive Captioners are Image-Text Foundation Models (Yu et al. 2022, arXiv 2205.01917), in open_clip's form.
Departures, since the truth about every training picture is known: a caption may be true of several pictures of a batch
and all of them are positives; prompts of one factor compete with each other, which is the question asked later; and
while it learns, the model also says for each patch whether a subject is there, without which counting comes late.

Killed and started again, it goes on from its last checkpoint under out/training/ and ends the same.
"""

import argparse
import json
import math
import random
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from open_clip import CoCa, create_model
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from .grammar import Caption, captions, full_caption, partial_caption
from .pictures import FOLDER as WORK
from .pictures import N_TRAINING, SIZE, TRAINING, Pictures, painted
from .prompts import loosened, prompts
from .scene import COLOURS, FACTORS, SUBJECTS, Scene
from .tokens import PAD, learn_tokenizer, save_tokenizer

FOLDER = Path(__file__).parents[1] / "models" / "coca"
STEPS, BATCH, PARTIAL = 3600, 32, 12
RATE, WARM_UP, DECAY, WEIGHT_DECAY = 1e-3, 300, 0.3, 0.05  # the rate falls in the last 30 % of the steps
LENGTH, WIDTH, PATCH = 24, 128, 16
CHECKPOINT_EVERY = 250
_FACTOR_WEIGHTS = {"place": 0.5, "subject": 1.0, "colour": 1.0, "time": 0.5, "count": 1.5}


class Batch(NamedTuple):
    """What one step sees: B pictures, N texts of which the first B are full captions of the pictures."""

    pictures: Tensor  # B x 3 x 128 x 128
    texts: Tensor  # N x LENGTH, token ids
    holds: Tensor  # B x N, true where the text is true of the picture
    prompts: Tensor  # P x LENGTH, one text for each value of each factor, in the order of FACTORS
    values: Tensor  # B x 5, which value of each factor the picture has
    patches: Tensor  # B x 3 x 64: subject's middle is here, its index or -1, its colour's index or -1


class PatchHead(nn.Module):
    """Says of each patch whether the middle of a subject lies there, which subject covers it and in which colour."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, 1 + len(SUBJECTS) + 1 + len(COLOURS) + 1)

    def loss(self, tokens: Tensor, patches: Tensor) -> Tensor:
        """Cross entropies, averaged over patches; nothing covered is a class of its own."""
        middle, subject, colour = self.layer(tokens).split([1, len(SUBJECTS) + 1, len(COLOURS) + 1], dim=-1)
        here, which, paint = patches.unbind(dim=1)
        weight = 1 + 7 * here.float()
        return (
            functional.binary_cross_entropy_with_logits(middle[..., 0], here.float(), weight)
            + functional.cross_entropy(subject.flatten(0, 1), which.flatten() % (len(SUBJECTS) + 1))
            + functional.cross_entropy(colour.flatten(0, 1), paint.flatten() % (len(COLOURS) + 1))
        )


def model_config(vocabulary: int) -> dict[str, object]:
    """open_clip_config.json: the smallest CoCa that does it, and how pictures are prepared."""
    heads = {"width": WIDTH, "heads": WIDTH // 32, "layers": 2, "context_length": LENGTH, "vocab_size": vocabulary}
    return {
        "model_cfg": {
            "embed_dim": WIDTH,
            "custom_text": True,
            "vision_cfg": {
                **{"image_size": SIZE, "patch_size": PATCH, "layers": 4, "width": WIDTH, "head_width": 32},
                "output_tokens": True,
            },
            "text_cfg": {**heads, "hf_tokenizer_name": "postcards", "embed_cls": True, "output_tokens": True},
            "multimodal_cfg": {**heads, "mlp_ratio": 4},
        },
        "preprocess_cfg": {
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "interpolation": "bicubic",
            "resize_mode": "squash",
        },
    }


def new_model(folder: Path, tokenizer: Tokenizer) -> CoCa:
    """Write the folder's configuration and build the model from it, with what the library leaves uninitialised."""
    save_tokenizer(tokenizer, folder, LENGTH)
    config = model_config(tokenizer.get_vocab_size())
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "open_clip_model.safetensors").unlink(missing_ok=True)
    model = create_model(f"local-dir:{folder}")
    assert isinstance(model, CoCa)
    decoder = model.text_decoder
    nn.init.normal_(decoder.text_projection, std=WIDTH**-0.5)
    for name, weight in decoder.named_parameters():
        if name.endswith(("attn.out_proj.weight", "mlp.c_proj.weight")):
            nn.init.normal_(weight, std=WIDTH**-0.5 / 2)
    return model


def save_model(model: CoCa, folder: Path) -> None:
    """Write the weights in half precision; the library casts them when it loads."""
    save_file({k: v.half().contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")


class Batches:
    """Batch number i of a training, a function of i alone."""

    def __init__(self, pictures: Pictures, tokenizer: Tokenizer) -> None:
        self.pictures, self.tokenizer = pictures, tokenizer
        self.values = np.array(
            [[values.index(getattr(s, f)) for f, values in FACTORS.items()] for s in pictures.scenes]
        )

    def __getitem__(self, step: int) -> Batch:
        dice, rng = np.random.default_rng([11, step]), random.Random(f"coca {step}")
        rows = np.sort(dice.choice(len(self.values), BATCH, replace=False))
        scenes, values = [self.pictures.scenes[i] for i in rows], self.values[rows]
        said = [full_caption(scene, rng) for scene in scenes]
        owners = [*range(BATCH), *rng.sample(range(BATCH), PARTIAL)]
        said += [_partial(scenes[i], rng) for i in owners[BATCH:]]
        texts = [c.text if i < BATCH else loosened(c.text, rng) for i, c in enumerate(said)]
        pixels, boxes = _augmented(self.pictures.pixels[rows], self.pictures.subjects[rows], dice)
        return Batch(
            torch.from_numpy(pixels).permute(0, 3, 1, 2).float().mul_(1 / 127.5).sub_(1).contiguous(),
            self.encode(texts),
            torch.from_numpy(_holds(said, np.array(owners), values)),
            self.encode([text for factor in FACTORS for text in prompts(factor, rng)]),
            torch.from_numpy(values),
            torch.from_numpy(_patches(boxes, values)),
        )

    def encode(self, texts: list[str]) -> Tensor:
        """Token ids, padded; n x LENGTH."""
        ids = np.full((len(texts), LENGTH), PAD)
        for row, encoding in zip(ids, self.tokenizer.encode_batch(texts), strict=True):
            row[: min(LENGTH, len(encoding.ids))] = encoding.ids[:LENGTH]
        return torch.from_numpy(ids)


def loss_of(
    model: CoCa, head: PatchHead, batch: Batch, token_weights: Tensor, patch_weight: float
) -> dict[str, Tensor]:
    """The parts of the loss, weighted: contrast, factors, caption and patches."""
    n = len(batch.texts)
    latent, tokens = model.visual(batch.pictures)
    text_latent, text_tokens = model.text(torch.cat([batch.texts, batch.prompts]))
    similar = (
        model.logit_scale.exp() * functional.normalize(latent, dim=-1) @ functional.normalize(text_latent, dim=-1).T
    )
    words = int((batch.texts[:BATCH] != PAD).sum(1).max())
    said = model.text_decoder(tokens, text_tokens[:BATCH, : words - 1]).flatten(0, 1)
    wanted = batch.texts[:BATCH, 1:words].flatten()
    factors = torch.zeros(())
    for i, (factor, scores) in enumerate(
        zip(FACTORS, similar[:, n:].split([len(v) for v in FACTORS.values()], 1), strict=True)
    ):
        factors = factors + _FACTOR_WEIGHTS[factor] * functional.cross_entropy(scores, batch.values[:, i])
    return {
        "contrast": 0.5 * _contrast(similar[:, :n], batch.holds),
        "factors": factors,
        "caption": 2 * functional.cross_entropy(said, wanted, token_weights),
        "patches": patch_weight * head.loss(tokens, batch.patches),
    }


def train(folder: Path, steps: int) -> None:
    """Train from the start or the last checkpoint; weights are written at every checkpoint."""
    torch.manual_seed(0)
    tokenizer = learn_tokenizer()
    model, head = new_model(folder, tokenizer), PatchHead()
    batches = Batches(painted(TRAINING, N_TRAINING), tokenizer)
    weights = _token_weights(tokenizer)
    both = [*model.named_parameters(), *head.named_parameters()]
    decayed = [p for _, p in both if p.ndim > 1]
    plain = [p for _, p in both if p.ndim <= 1]
    groups = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, RATE, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, fused=True)
    kept, first, seconds = WORK / "coca.pt", 0, 0.0
    if kept.exists():
        state = torch.load(kept)
        model.load_state_dict(state["model"])
        head.load_state_dict(state["head"])
        optimizer.load_state_dict(state["optimizer"])
        first, seconds = state["step"], state["seconds"]
    began = time.process_time() - seconds
    sums: dict[str, float] = {}
    for step in range(first, steps):
        left = (1 - step / steps) / DECAY
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / WARM_UP, left, 1)
        parts = loss_of(model, head, batches[step], weights, min(left, 1))
        optimizer.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_([p for _, p in both], 1.0)
        optimizer.step()
        model.logit_scale.data.clamp_(max=math.log(100))
        for name, part in parts.items():
            sums[name] = sums.get(name, 0.0) + part.item() / 100
        if (step + 1) % 100 == 0:
            line = ", ".join(f"{name} {value:.3f}" for name, value in sums.items())
            sys.stderr.write(f"{step + 1}: {line}; {time.process_time() - began:.0f} CPU-s\n")
            sums = {}
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            save_model(model, folder)
            state = {"model": model.state_dict(), "head": head.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "step": step + 1, "seconds": time.process_time() - began}, kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)
    save_model(model, folder)


def _partial(scene: Scene, rng: random.Random) -> Caption:
    if rng.random() < 0.5:
        return captions(scene, rng, partial=1)[1]
    return partial_caption(scene, rng, tuple(rng.sample(tuple(FACTORS), rng.choice((2, 3)))))


def _holds(said: list[Caption], owners: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`Caption.holds` for all pictures and texts at once; B x N."""
    named = np.array([[factor in caption.factors for factor in FACTORS] for caption in said])
    same = values[:, None] == values[owners][None]
    count = list(FACTORS).index("count")
    several = np.array([caption.several if caption.several is not None else -1 for caption in said])
    agree = (several == -1) | (several == (values[:, count] > 0)[:, None])
    return (same | ~named).all(axis=2) & agree


def _contrast(similar: Tensor, holds: Tensor) -> Tensor:
    """Both ways; the share of the softmax that falls on true pairs, of which there may be several."""
    true = similar.masked_fill(~holds, -math.inf)
    by_picture = similar.logsumexp(1) - true.logsumexp(1)
    by_text = similar.logsumexp(0) - true.logsumexp(0)
    return by_picture.mean() + by_text.mean()


def _augmented(pixels: np.ndarray, boxes: np.ndarray, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mirror half, shift all by up to 10 pixels, vary brightness, blur some; boxes go along."""
    pixels, boxes = pixels.copy(), boxes.astype(np.int64)
    for i in range(len(pixels)):
        dx, dy = dice.integers(-10, 11, 2)
        columns, rows = (np.clip(np.arange(SIZE) - d, 0, SIZE - 1) for d in (dx, dy))
        there = boxes[i, :, 2] >= 0
        boxes[i, there] += (dx, dy, dx, dy)
        if dice.random() < 0.5:
            columns = columns[::-1]
            boxes[i, there] = np.stack(
                [SIZE - boxes[i, there, 2], boxes[i, there, 1], SIZE - boxes[i, there, 0], boxes[i, there, 3]], 1
            )
        picture = pixels[i][rows[:, None], columns[None]].astype(np.float32) * dice.uniform(0.92, 1.08)
        if dice.random() < 0.25:
            picture[1:-1] = (picture[:-2] + 2 * picture[1:-1] + picture[2:]) / 4
            picture[:, 1:-1] = (picture[:, :-2] + 2 * picture[:, 1:-1] + picture[:, 2:]) / 4
        pixels[i] = picture.clip(0, 255)
    return pixels, boxes


def _patches(boxes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What `PatchHead` is to say; B x 3 x 64."""
    grid = SIZE // PATCH
    wanted = np.full((len(boxes), 3, grid, grid), -1)
    wanted[:, 0] = 0
    subject, colour = list(FACTORS).index("subject"), list(FACTORS).index("colour")
    for i, k in zip(*np.nonzero(boxes[:, :, 2] >= 0), strict=True):
        left, top, right, bottom = boxes[i, k]
        covered = (
            slice(max(0, top // PATCH), max(1, -(-bottom // PATCH))),
            slice(max(0, left // PATCH), max(1, -(-right // PATCH))),
        )
        wanted[i, 1][covered], wanted[i, 2][covered] = values[i, subject], values[i, colour]
        x, y = (np.clip((a + b) // 2 // PATCH, 0, grid - 1) for a, b in ((left, right), (top, bottom)))
        wanted[i, 0, y, x] = 1
    return wanted.reshape(len(boxes), 3, -1) % np.array([2, len(SUBJECTS) + 1, len(COLOURS) + 1])[:, None]


def _token_weights(tokenizer: Tokenizer) -> Tensor:
    """Words that count weigh three times, glue a half and padding nothing."""
    weights = torch.ones(tokenizer.get_vocab_size())
    for text, weight in (
        ("a an of the in on at by A An. , picture postcard drawing image", 0.5),
        ("one One single two Two pair couple three Three trio group", 3.0),
    ):
        weights[tokenizer.encode(text, add_special_tokens=False).ids] = weight
    weights[PAD] = 0
    return weights


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
