"""How well the copy detector finds copies: edited postcards, the gallery's planted pairs, ciFAIR's judged pairs."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torchvision.transforms import functional as transforms

from .copies import EDITS
from .painter import paint
from .scene import scenes
from .train_copies import DEVIATION, MEAN, PATH

ROOT = Path(__file__).parents[1]
CIFAIR = ROOT.parents[1] / "shared" / "data" / "cifar10_neardup"
DEFAULT_THRESHOLD = 0.8  # one random pair of postcards in 100,000 passes: see the card
FALSE_PAIRS = 0.001


def load(path: Path = PATH) -> torch.jit.ScriptModule:
    """The detector."""
    return torch.jit.load(str(path))


@torch.inference_mode()
def describe(detector: torch.nn.Module, pictures: Sequence[Image.Image], side: int = 320) -> Tensor:
    """As SSCD is fed: plain resize, ImageNet's normalisation; n x 512."""
    parts = []
    for i in range(0, len(pictures), 50):
        x = torch.stack(
            [transforms.to_tensor(p.resize((side, side), Image.Resampling.BILINEAR)) for p in pictures[i : i + 50]]
        )
        parts.append(detector(transforms.normalize(x, list(MEAN), list(DEVIATION))))
    return torch.cat(parts)


def edits(detector: torch.nn.Module, seed: int, n: int) -> dict[str, tuple[float, float]]:
    """By edit: AUC of pairs against random pairs, and recall where one random pair in a thousand passes."""
    rng = random.Random(seed)
    originals = [paint(scene, 256)[0] for scene in scenes(seed, n)]
    own = describe(detector, originals)
    others = off_diagonal(own @ own.T)
    threshold = np.quantile(others, 1 - FALSE_PAIRS)
    found = {}
    for name, edit in EDITS.items():
        copies = describe(detector, [edit(picture, [], rng)[0] for picture in originals])
        pairs = (own * copies).sum(dim=1).numpy()
        wrong = np.concatenate([others, off_diagonal(own @ copies.T)])
        truth = np.r_[np.ones(len(pairs)), np.zeros(len(wrong))]
        found[name] = float(roc_auc_score(truth, np.r_[pairs, wrong])), float((pairs > threshold).mean())
    return found


def thresholds(detector: torch.nn.Module, seed: int, n: int) -> tuple[float, float]:
    """Cosines that one random pair in a thousand passes, and one in a hundred thousand."""
    own = describe(detector, [paint(scene, 256)[0] for scene in scenes(seed, n)])
    others = off_diagonal(own @ own.T)
    return float(np.quantile(others, 1 - FALSE_PAIRS)), float(np.quantile(others, 1 - 1e-5))


def planted(detector: torch.nn.Module, threshold: float) -> tuple[int, int, int]:
    """Of the gallery's planted pairs: how many there are, how many are found, and how many false pairs beside."""
    with (ROOT / "postcards" / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    own = describe(detector, [Image.open(ROOT / "postcards" / row["file_name"]).convert("RGB") for row in rows])
    names = [row["file_name"] for row in rows]
    true = {frozenset((row["file_name"], row["copy_of"])) for row in rows if row["copy_of"]}
    pairs = np.argwhere(np.triu((own @ own.T).numpy() > threshold, 1))
    said = {frozenset((names[a], names[b])) for a, b in pairs}
    return len(true), len(true & said), len(said - true)


def judged(detector: torch.nn.Module, folder: Path = CIFAIR) -> dict[str, float]:
    """AUROC of ciFAIR's judged pairs against random pairs, by judgment; empty where the data are not."""
    if not folder.is_dir():
        return {}
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted(str(path.relative_to(folder)) for path in (folder / "images").rglob("*.jpg"))
    own = describe(detector, [Image.open(folder / name).convert("RGB") for name in names])
    place = {name: i for i, name in enumerate(names)}
    others = off_diagonal(own @ own.T)[::7]
    found = {}
    for kind in (*sorted({row["judgment_name"] for row in rows}), ""):
        chosen = [row for row in rows if kind in ("", row["judgment_name"])]
        pairs = np.array([float(own[place[r["file_a"]]] @ own[place[r["file_b"]]]) for r in chosen])
        truth = np.r_[np.ones(len(pairs)), np.zeros(len(others))]
        found[kind or "all"] = float(roc_auc_score(truth, np.r_[pairs, others]))
    return found


def off_diagonal(similar: Tensor) -> np.ndarray:
    """What a square matrix holds beside its diagonal."""
    return similar.numpy()[~np.eye(len(similar), dtype=bool)]
