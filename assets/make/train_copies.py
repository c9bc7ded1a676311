"""Trains the copy detector: `python -m assets.make.train_copies` writes assets/models/copies.pt.

After "A Self-Supervised Descriptor for Image Copy Detection" (Pizzi et al., CVPR 2022, arXiv 2202.10261): SimCLR's
contrast of two edited views, and KoLeo's push away from the nearest other picture. The interface is SSCD's too: n x 3
x h x w, normalised by ImageNet's mean and deviation, gives n x 512 of unit length. Departures: a network of a
hundredth of the size that looks at 64 x 64 pixels, whatever it is given, and at the mirrored picture as well;
drawn pictures instead of photos; half of a batch are look-alikes, since postcards of one place and time are.
"""

import argparse
import io
import math
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn
from torch.nn import functional

from .pictures import FOLDER as WORK
from .pictures import N_TRAINING, SIZE, TRAINING, painted
from .scene import PLACES, TIMES
from .textures import ALIKE, textures

PATH = Path(__file__).parents[1] / "models" / "copies.pt"
STEPS, GROUPS, N_TEXTURES = 1000, 20, 6_000
RATE, WARM_UP, DECAY, WEIGHT_DECAY = 2e-3, 100, 0.4, 1e-3  # the rate falls in the last 40 % of the steps
TEMPERATURE, KOLEO = 0.05, 2.0
LOOKS_AT, WIDE = 64, 512
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CHECKPOINT_EVERY = 250


class Descriptor(nn.Module):
    """Pictures of any size to 512 numbers of unit length."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_layer(3, 32, 2),
            *_layer(32, 48, 2),
            _Residual(48),
            *_layer(48, 128, 2),
            _Residual(128),
        )
        self.spread = nn.Sequential(*_layer(128, 64, 1), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.out = nn.Linear(64 * 16 + 128, WIDE)

    def describe(self, x: Tensor) -> Tensor:
        """Unnormalised description of pictures of 64 x 64."""
        seen = self.body(x)
        strongest = seen.clamp(min=1e-4).pow(3).mean(dim=(2, 3)).pow(1 / 3)  # generalised mean, as SSCD pools
        return self.out(torch.cat([self.spread(seen), strongest], dim=1))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures normalised as for ImageNet, n x 3 x h x w, to n x 512."""
        x = functional.interpolate(x, [64, 64], mode="bilinear", antialias=True, align_corners=False)
        return functional.normalize(self.describe(x) + self.describe(x.flip(3)), dim=1)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            *_layer(width, width, 1), nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.inner(x))


def _layer(inside: int, outside: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]


class Views:
    """Batch number i of a training, a function of i alone: pictures twice, each time edited differently."""

    def __init__(self) -> None:
        self.postcards = painted(TRAINING, N_TRAINING)
        self.textures = textures(N_TEXTURES)
        self.alike = {(p, t): [] for p in PLACES for t in TIMES}
        for i, scene in enumerate(self.postcards.scenes):
            self.alike[scene.place, scene.time].append(i)
        self.fonts = [ImageFont.load_default(size) for size in (8, 10, 12, 15)]

    def __getitem__(self, step: int) -> Tensor:
        """2 x B x 3 x 64 x 64, normalised."""
        rng = random.Random(f"copies {step}")
        pixels: list[np.ndarray] = []
        for _ in range(GROUPS):
            alike = self.alike[rng.choice(PLACES), rng.choice(TIMES)] if rng.random() < 0.6 else None
            first = ALIKE * rng.randrange(N_TEXTURES // ALIKE)
            if alike is None:
                pixels += [self.textures[i] for i in range(first, first + ALIKE)]
            else:
                pixels += [self.postcards.pixels[i] for i in rng.sample(alike, ALIKE)]
        views = [self._edited(Image.fromarray(p), rng, gently=k == 0) for k in range(2) for p in pixels]
        x = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).float().div_(255).contiguous()
        return normalised(_recoloured(x, step)).unflatten(0, (2, -1))

    def _edited(self, picture: Image.Image, rng: random.Random, gently: bool) -> np.ndarray:
        if rng.random() < 0.3:
            picture = picture.copy()
            self._write(picture, rng)
        window = (0.0, 0.0, float(SIZE), float(SIZE))
        if rng.random() < (0.4 if gently else 0.85):
            wide, high = (SIZE * v for v in _sides(rng))
            left, top = rng.uniform(0, SIZE - wide), rng.uniform(0, SIZE - high)
            window = (left, top, left + wide, top + high)
        side = LOOKS_AT if rng.random() < 0.75 else rng.choice((48, 96, 128))
        picture = picture.resize(
            (side, side), rng.choice((Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)), window
        )
        if rng.random() < 0.25:
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=rng.randint(15, 60))
            picture = Image.open(buffer)
        if side != LOOKS_AT:
            picture = picture.resize((LOOKS_AT, LOOKS_AT), Image.Resampling.BILINEAR)
        pixels = np.asarray(picture)
        return pixels[:, ::-1] if rng.random() < 0.5 else pixels

    def _write(self, picture: Image.Image, rng: random.Random) -> None:
        words = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz   ABCDEFGHIJ!", k=rng.randint(5, 20)))
        place = SIZE * rng.uniform(0.3, 0.7), SIZE * rng.choice((0.09, 0.91, rng.random()))
        fill, edge = rng.choice((("white", "black"), ("white", (40, 36, 48)), ("black", "white"), ("yellow", "black")))
        ImageDraw.Draw(picture).text(
            place, words, fill, rng.choice(self.fonts), "mm", stroke_width=rng.choice((0, 1, 2)), stroke_fill=edge
        )


def normalised(x: Tensor) -> Tensor:
    """Pictures from 0 to 1, n x 3 x h x w, as the detector takes them."""
    return (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]


def loss_of(described: Tensor) -> tuple[Tensor, Tensor]:
    """Contrast over all 2B views, and KoLeo over each view; `described` 2 x B x 512 of unit length."""
    n = described.shape[1]
    flat = described.flatten(0, 1)
    similar = flat @ flat.T
    similar = similar.masked_fill(torch.eye(2 * n, dtype=torch.bool), -math.inf)
    partner = torch.arange(2 * n).roll(n)
    others = similar.masked_fill(torch.eye(n, dtype=torch.bool).repeat(2, 2), -1).amax(dim=1)
    apart = (2 - 2 * others).clamp(min=1e-4).sqrt()
    return functional.cross_entropy(similar / TEMPERATURE, partner), -apart.log().mean()


def train(path: Path, steps: int) -> None:
    """Train from the start or the last checkpoint; the detector is written at every checkpoint."""
    torch.manual_seed(0)
    model, views = Descriptor(), Views()
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=WEIGHT_DECAY, fused=True)
    kept, first, seconds = WORK / "copies.pt", 0, 0.0
    if kept.exists():
        state = torch.load(kept)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, seconds = state["step"], state["seconds"]
    began = time.process_time() - seconds
    sums = [0.0, 0.0]
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / WARM_UP, (1 - step / steps) / DECAY, 1)
        x = views[step].flatten(0, 1).contiguous(memory_format=torch.channels_last)
        contrast, crowding = loss_of(functional.normalize(model.describe(x), dim=1).unflatten(0, (2, -1)))
        optimizer.zero_grad()
        (contrast + KOLEO * crowding).backward()
        optimizer.step()
        sums = [sums[0] + contrast.item() / 50, sums[1] + crowding.item() / 50]
        if (step + 1) % 50 == 0:
            line = f"{step + 1}: contrast {sums[0]:.3f}, crowding {sums[1]:.3f}"
            sys.stderr.write(f"{line}; {time.process_time() - began:.0f} CPU-s\n")
            sums = [0.0, 0.0]
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save({**state, "seconds": time.process_time() - began}, kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)
            save_model(model, path)
    save_model(model, path)


def save_model(model: Descriptor, path: Path) -> None:
    """Write the detector as TorchScript."""
    copy = Descriptor()
    copy.load_state_dict(model.state_dict())
    copy.requires_grad_(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.jit.save(torch.jit.trace(copy.eval(), torch.rand(2, 3, 320, 320)), str(path))


def _sides(rng: random.Random) -> Sequence[float]:
    side = rng.uniform(0.62, 1.0)
    return [min(1.0, side * rng.uniform(0.93, 1.07)) for _ in range(2)]


def _recoloured(x: Tensor, step: int) -> Tensor:
    """Other brightness, contrast, saturation and tint for most views."""
    dice = torch.Generator().manual_seed(step)

    def factor(low: float, high: float) -> Tensor:
        drawn = low + (high - low) * torch.rand(len(x), 1, 1, 1, generator=dice)
        return drawn.where(torch.rand(len(x), 1, 1, 1, generator=dice) < 0.7, torch.ones(()))

    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * factor(0.3, 1.6)
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    x = (middle + (x - middle) * factor(0.7, 1.35)) * factor(0.7, 1.3)
    tint = 1 + 0.06 * torch.randn(len(x), 3, 1, 1, generator=dice)
    return (x * tint).clamp(0, 1)


def main() -> None:
    """Train, or go on training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, default=PATH)
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    train(args.path, args.steps)


if __name__ == "__main__":
    main()
