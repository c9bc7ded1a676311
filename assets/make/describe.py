"""Greedy captions by any CoCa of open_clip, whose own `generate` fails with transformers 5."""

import torch
from open_clip import CoCa
from transformers import PreTrainedTokenizerBase

from .tokens import END, START


@torch.inference_mode()
def describe(model: CoCa, tokenizer: PreTrainedTokenizerBase, pictures: torch.Tensor, longest: int = 30) -> list[str]:
    """One caption a picture; `pictures` n x 3 x h x w as the model's preprocessing leaves them."""
    features = model(pictures)
    latent, embedded = features["image_features"], features["image_embs"]
    texts = torch.full((len(pictures), 1), START)
    done = torch.zeros(len(pictures), dtype=torch.bool)
    while texts.shape[1] < longest and not done.all():
        logits = model(None, texts, image_latent=latent, image_embs=embedded, output_labels=False)["logits"][:, -1]
        chosen = logits.argmax(dim=-1).where(~done, END)
        texts = torch.cat([texts, chosen[:, None]], dim=1)
        done |= chosen == END
    return [text.strip() for text in tokenizer.batch_decode(texts.tolist(), skip_special_tokens=True)]
