"""The tokenizer that the bundled models share: byte-complete BPE learned from captions, so that any text can be said.

Ids: 0 pads, 1 starts and 2 ends a text, then the 256 bytes, then merges. Case is kept; nothing is unknown.
"""

import json
import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from .grammar import captions
from .prompts import WORD_PROMPTS
from .scene import FACTORS, scenes

PAD, START, END = 0, 1, 2
SPECIAL = ("<pad>", "<start>", "<end>")
VOCABULARY = 760


def learn_tokenizer(n: int = 20_000) -> Tokenizer:
    """Learn the merges from the captions of `n` scenes; the same bytes every time."""
    rng = random.Random("tokens")
    texts = [caption.text for scene in scenes(404, n) for caption in captions(scene, rng)]
    texts += [text for factor in FACTORS for prompts in WORD_PROMPTS[factor].values() for text in prompts] * 20
    texts += [text.lower() for text in texts]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", START), ("<end>", END)]
    )
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, longest: int) -> None:
    """Write the two files from which `transformers.AutoTokenizer` loads it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": SPECIAL[PAD],
        "bos_token": SPECIAL[START],
        "eos_token": SPECIAL[END],
        "model_max_length": longest,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
