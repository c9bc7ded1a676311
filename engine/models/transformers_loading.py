"""Checkpoints of transformers, from a folder or the hub: their options, their parts, what can be wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"  # else the hub is told of every model without safetensors

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

from engine.errors import ModelError, SettingsError
from engine.models.machine import DTYPES
from engine.models.roles import ModelSpec

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()  # of loading; downloads keep theirs

SMALLER = "Use a smaller model, options.batch = 1, a smaller max_side, or dtype bfloat16."
_LOADING = (OSError, ValueError, ImportError, RuntimeError, LookupError, TypeError, AttributeError, SafetensorError)

# What transformers says when a model cannot be had: (a part of it, what happened, the mend).
_REASONS = (
    ("gated repo", "needs its owner's permission", "Ask for it on the model's page, then run `hf auth login`."),
    ("couldn't connect", "is not on this machine, and the model hub cannot be reached", "Give a local folder's path."),
    ("offline mode", "is not on this machine, and the model hub is switched off", "Give a local folder's path."),
    ("valid git identifier", "has no such revision", "Leave revision empty for the newest."),
    ("valid model identifier", "is no model of the hub", "Check the name, or give a local folder's path."),
    ("Repo id must", "is neither a folder nor a name on the hub", "Check the name, or give a local folder's path."),
    ("deserializing header", "has damaged weights", "Fetch or copy it again."),
    ("ignore_mismatched_sizes", "has weights of other shapes than its config.json says", "Fetch or save it again."),
    ("safetensors", "has no safetensors weights", "Pickled weights are never opened: convert them."),
    ("trust_remote_code", "needs program code of its own, which is never run here", "Use a model transformers knows."),
    ("model type", "is of a kind this transformers does not know", "Use another model, or a newer transformers."),
    ("valid JSON", "has a config.json that is no JSON", "Fetch or copy it again."),
    ("preprocessor_config", "lacks its picture processor", "Save the processor beside the model."),
    ("backend tokenizer", "lacks its tokenizer, or the library to read it", "Save the tokenizer beside the model."),
    ("config.json", "is no model: config.json is missing", "Give the folder that holds config.json and the weights."),
)


@dataclass(frozen=True)
class Options:
    """What a spec's options may say.

    Args:
        json: False has every description asked in prose.
        batch: requests answered together; 0 for the device's default.
        dtype: auto, float32, bfloat16 or float16.
        max_side: pixels; larger pictures are shown smaller.
        max_new_tokens: the longest reply whatever a request allows; 0 for no such limit.
    """

    json: bool | None = None
    batch: int = 0
    dtype: str = "auto"
    max_side: int = 768
    max_new_tokens: int = 0


def options_of(spec: ModelSpec) -> Options:
    """What a spec's options say.

    Raises:
        SettingsError: one that is not known, or a value that cannot be.
    """
    try:
        options = Options(**spec.options)
    except TypeError:
        known = ", ".join(Options.__dataclass_fields__)
        raise SettingsError(f"{spec.label} has an unknown option.", f"There are: {known}.") from None
    for name, least in (("batch", 0), ("max_side", 16), ("max_new_tokens", 0)):
        value = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise SettingsError(f"The option {name} is {value!r}.", f"Give a whole number of at least {least}.")
    if options.dtype not in ("auto", *DTYPES):
        raise SettingsError(f"The option dtype is {options.dtype!r}.", f"Use auto, {', '.join(DTYPES)}.")
    return options


def checkpoint(role: str, spec: ModelSpec, dtype: torch.dtype) -> tuple[Any, Any]:
    """The model and its processor or tokenizer; what is on this machine already is asked of no server.

    Raises:
        ModelError: there is no such folder, or it cannot play this role. What transformers raises: see `explained`.
    """
    folder = Path(spec.name).expanduser()
    local = folder.is_dir()
    if not local and (folder.is_absolute() or spec.name.startswith((".", "~"))):
        raise ModelError(f"There is no folder {spec.name}.", "Check the path, or give a model's name on the hub.")
    where = {"pretrained_model_name_or_path": str(folder) if local else spec.name, "revision": spec.revision or "main"}
    try:
        return _parts(role, spec, where, dtype, local_files_only=True)
    except OSError:
        if local:
            raise
        return _parts(role, spec, where, dtype, local_files_only=False)


@contextmanager
def explained(spec: ModelSpec, device: torch.device) -> Iterator[None]:
    """What goes wrong while a checkpoint is loaded to a device, in words that tell the mend.

    Raises:
        ModelError: for whatever transformers, torch or a file raise.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise ModelError(f"{spec.label} does not fit into the memory of {device}.", SMALLER) from None
    except _LOADING as problem:
        raise _unloadable(spec, problem) from problem


def first_line(problem: BaseException) -> str:
    """The first line of a foreign error, short enough to show."""
    lines = str(problem).strip().splitlines()
    return lines[0][:200].rstrip(". ") if lines else type(problem).__name__


def _parts(
    role: str, spec: ModelSpec, where: Mapping[str, str], dtype: torch.dtype, local_files_only: bool
) -> tuple[Any, Any]:
    """The model and its processor or tokenizer; words first, so that who has the weights has all."""
    how: dict[str, Any] = {**where, "trust_remote_code": False, "local_files_only": local_files_only}
    config = AutoConfig.from_pretrained(**how)
    sees, writes = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING, type(config) in MODEL_FOR_CAUSAL_LM_MAPPING
    if not sees and (role == "vision" or not writes):
        wanted = "take pictures and write text" if role == "vision" else "write text"
        raise ModelError(f"{spec.label} is a {config.model_type} model, which does not {wanted}.", "Use another model.")
    sees = role == "vision" or not writes  # a model for pictures can chat as well
    processor = (AutoProcessor if sees else AutoTokenizer).from_pretrained(**how)
    if sees and not (hasattr(processor, "image_processor") and hasattr(processor, "tokenizer")):
        raise ModelError(f"{spec.label} lacks its picture processor.", "Save the processor beside the model.")
    kind: Any = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    model, found = kind.from_pretrained(
        **how, config=config, dtype=dtype, use_safetensors=True, output_loading_info=True
    )
    if missing := sorted(found["missing_keys"]):  # transformers would fill them at random
        raise ModelError(
            f"{spec.label} lacks {len(missing)} of its weights, such as {missing[0]}.", "Fetch or save the model again."
        )
    return model, processor


def _unloadable(spec: ModelSpec, problem: BaseException) -> ModelError:
    for part, happened, mend in _REASONS:
        if part.lower() in str(problem).lower():
            return ModelError(f"{spec.label} {happened}.", mend)
    return ModelError(
        f"{spec.label} cannot be loaded: {first_line(problem)}.", "Look at the model's page, or use another."
    )
