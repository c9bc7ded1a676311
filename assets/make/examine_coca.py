"""How well the CoCa knows postcards: zero-shot by plain prompts and bare words, and its captions read back."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import open_clip
import torch
from open_clip.tokenizer import HFTokenizer
from PIL import Image
from torch import Tensor

from .describe import describe
from .grammar import read
from .pictures import HELD_OUT, N_HELD_OUT, painted
from .prompts import PLAIN_PROMPTS, WORD_PROMPTS
from .scene import FACTORS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "models" / "coca"
_BARE = {factor: {value: words[0] for value, words in WORD_PROMPTS[factor].items()} for factor in FACTORS}


class Examinee:
    """A CoCa with its tokenizer and what prepares its pictures."""

    def __init__(self, folder: Path = FOLDER) -> None:
        name = f"local-dir:{folder}"
        model, _, self.prepare = open_clip.create_model_and_transforms(name, require_pretrained=True)
        tokenize = open_clip.get_tokenizer(name)
        assert isinstance(model, open_clip.CoCa)
        assert isinstance(tokenize, HFTokenizer)
        self.model, self.tokenize = model.eval(), tokenize

    def prepared(self, pictures: Sequence[Image.Image]) -> Tensor:
        """The pictures as the model takes them; n x 3 x 128 x 128."""
        prepare = cast("Callable[[Image.Image], Tensor]", self.prepare)
        return torch.stack([prepare(picture) for picture in pictures])

    @torch.inference_mode()
    def embed(self, pictures: Tensor) -> Tensor:
        """Unit vectors; n x 128."""
        return torch.cat([self.model.encode_image(part) for part in pictures.split(100)])

    @torch.inference_mode()
    def match(self, embedded: Tensor, texts: Sequence[str]) -> Tensor:
        """Cosines of embedded pictures with texts; n x texts."""
        return embedded @ self.model.encode_text(self.tokenize(list(texts))).T

    def describe(self, pictures: Tensor) -> list[str]:
        """One caption a picture."""
        return [text for part in pictures.split(100) for text in describe(self.model, self.tokenize.tokenizer, part)]


Truth = Sequence[dict[str, str | int]]


def zero_shot(
    examinee: Examinee, embedded: Tensor, truth: Truth, asked: dict[str, dict[str | int, str]]
) -> dict[str, float]:
    """Share of pictures whose best prompt is the true value, by factor."""
    found = {}
    for factor, texts in asked.items():
        chosen = examinee.match(embedded, list(texts.values())).argmax(dim=1).tolist()
        values = list(texts)
        found[factor] = float(np.mean([values[i] == t[factor] for i, t in zip(chosen, truth, strict=True)]))
    return found


def captioned(captions: Sequence[str], truth: Truth) -> dict[str, float]:
    """Share of captions that name the true value, by factor; naming none is wrong."""
    said = [read(caption) for caption in captions]
    return {f: float(np.mean([s.get(f) == t[f] for s, t in zip(said, truth, strict=True)])) for f in FACTORS}


def held_out(n: int = N_HELD_OUT) -> tuple[list[Image.Image], Truth]:
    """Pictures that no training and no tuning saw."""
    pictures = painted(HELD_OUT, N_HELD_OUT)
    truth = [{factor: getattr(scene, factor) for factor in FACTORS} for scene in pictures.scenes[:n]]
    return [Image.fromarray(pixels) for pixels in pictures.pixels[:n]], truth


def shipped() -> tuple[list[Image.Image], Truth]:
    """The originals of the Postcards gallery, at their 256 pixels."""
    with (ROOT / "postcards" / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["copy_of"]]
    truth = [{f: int(row[f]) if f == "count" else row[f] for f in FACTORS} for row in rows]
    return [Image.open(ROOT / "postcards" / row["file_name"]).convert("RGB") for row in rows], truth


def figures(examinee: Examinee, pictures: Sequence[Image.Image], truth: Truth) -> dict[str, dict[str, float]]:
    """Everything the card says about these pictures."""
    x = examinee.prepared(pictures)
    embedded = examinee.embed(x)
    return {
        "plain prompts": zero_shot(examinee, embedded, truth, PLAIN_PROMPTS),
        "bare words": zero_shot(examinee, embedded, truth, _BARE),
        "captions": captioned(examinee.describe(x), truth),
    }
