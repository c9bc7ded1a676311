"""Vision and chat on this machine: any image-text-to-text or text-generation checkpoint that transformers can load.

Translation is apart from the call, in transformers_format.py, and so is what can be wrong with a checkpoint, in
transformers_loading.py. A checkpoint with a chat template is asked as WIRE.md says; a captioner without one (BLIP-2)
gets a question in plain words. Where prose is wanted, the instructions are left out: models that write no JSON follow
one short sentence better than a page.

An answer never depends on what else is in its batch: rows are padded on the left and masked, captioners share a batch
only where the prompt is the same (some count positions through the padding), and samples are drawn one by one.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jinja2
import torch
from PIL import Image

from engine.errors import ModelError, VitrineError
from engine.models.machine import device_for, dtype_for
from engine.models.roles import Check, ModelSpec, Reply, Request
from engine.models.transformers_format import control_words, conversation, plain_prompt
from engine.models.transformers_loading import SMALLER, Options, checkpoint, explained, first_line, options_of
from engine.settings import Settings

_log = logging.getLogger("vitrine")

_LOOK = 0.2  # seconds between two looks at `check` while a model computes
_ASKING = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, jinja2.TemplateError)
_TEMPLATE = (jinja2.TemplateError, ValueError, TypeError, LookupError)


def load(role: str, spec: ModelSpec, settings: Settings) -> LocalModel:
    """Load a checkpoint for `role`, vision or chat, from a local folder or the hub.

    Raises:
        SettingsError: an option or a device that cannot be used.
        ModelError: the checkpoint cannot be had, or cannot play this role.
    """
    options, device = options_of(spec), device_for(settings.device)
    with explained(spec, device):
        model, processor = checkpoint(role, spec, dtype_for(options.dtype, device))
        loaded = LocalModel(spec, options, model.eval().to(device), processor)
    if role == "chat" and loaded.captions_only:
        raise ModelError(f"{spec.label} writes captions and cannot chat.", "Use a model with a chat template.")
    return loaded


class LocalModel:
    """A checkpoint on this machine; plays vision or chat."""

    def __init__(self, spec: ModelSpec, options: Options, model: Any, processor: Any) -> None:  # noqa: ANN401
        self.spec, self._options = spec, options
        self._model, self._processor = model, processor
        self._tokens = getattr(processor, "tokenizer", processor)
        self._tokens.padding_side = "left"
        if self._tokens.pad_token is None:
            self._tokens.pad_token = self._tokens.eos_token or self._tokens.unk_token
        self._batch = options.batch or (8 if model.device.type == "cuda" else 4)
        self._sees = hasattr(processor, "image_processor")
        self._control = control_words(processor, self._tokens)
        self._folded = self._template_style()
        self._plain = self._folded is None
        self.captions_only = self._plain and self._sees
        self._placeholder = _placeholder(processor) if self.captions_only else ""
        self._ends = _ends(model, self._tokens)

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Replies to requests with pictures, as roles.Vision says."""
        if self._options.json is False:
            requests = [replace(r, prose=True) if r.task == "describe" else r for r in requests]
        yield from self._replies(requests, check)

    def ask(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Replies to requests without pictures, as roles.Chat says."""
        yield from self._replies(requests, check)

    def _replies(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        alike: defaultdict[object, list[int]] = defaultdict(list)
        for i, request in enumerate(requests):
            prompt = plain_prompt(request, self._control) if self.captions_only else ""
            alike[(request.max_tokens, prompt) if request.draw == 0 else i].append(i)
        for numbers in alike.values():
            while numbers:
                check()
                batch = numbers[: self._batch]
                del numbers[: self._batch]
                seen: list[tuple[int, Request, list[Image.Image]]] = []
                for i in batch:
                    try:
                        seen.append((i, requests[i], self._look(requests[i])))
                    except VitrineError as problem:
                        yield i, Reply(failure=problem.message.rstrip("."))
                yield from self._answers(seen, check)

    def _look(self, request: Request) -> list[Image.Image]:
        """The request's pictures, small enough."""
        if self.captions_only and len(request.pictures) != 1:
            raise VitrineError("This captioner looks at one picture a question.")
        side = self._options.max_side
        pictures = [shown.open() for shown in request.pictures]
        for picture in pictures:
            picture.thumbnail((side, side))
        return pictures

    def _answers(
        self, batch: Sequence[tuple[int, Request, list[Image.Image]]], check: Check
    ) -> Iterator[tuple[int, Reply]]:
        """Answer a batch; a batch that fails is taken apart, so that one request harms no other."""
        if not batch:
            return
        numbers, requests, pictures = zip(*batch, strict=True)
        size = 1
        try:
            replies = self._generate(requests, pictures, check)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise ModelError(f"{self.spec.label} runs out of the GPU's memory.", SMALLER) from None
            size = self._batch = (len(batch) + 1) // 2
            _log.warning("%s ran out of the GPU's memory; it now answers %d at a time.", self.spec.label, size)
        except torch.AcceleratorError as problem:  # nothing computes after it in this process
            raise ModelError(f"The GPU failed: {first_line(problem)}.", "Start again.", retryable=True) from problem
        except _ASKING as problem:
            if len(batch) == 1:
                yield numbers[0], Reply(failure=f"the model failed on it ({first_line(problem)})")
                return
            _log.info(
                "%s failed on a batch (%s); its requests are asked one by one.", self.spec.label, first_line(problem)
            )
        else:
            yield from zip(numbers, replies, strict=True)
            return
        for start in range(0, len(batch), size):
            check()
            yield from self._answers(batch[start : start + size], check)

    def _generate(
        self, requests: Sequence[Request], pictures: Sequence[list[Image.Image]], check: Check
    ) -> list[Reply]:
        """Replies to requests of the same length and draw, in their order."""
        inputs, draw = self._inputs(requests, pictures), requests[0].draw
        prompt = inputs["input_ids"]  # (requests, tokens), padded on the left
        limit = self._length(requests[0], prompt.shape)
        devices = [self._model.device] if self._model.device.type == "cuda" else []
        with torch.inference_mode(), torch.random.fork_rng(devices, enabled=draw != 0), _watched(self._model, check):
            if draw:
                torch.manual_seed(draw)
            how = {"do_sample": True, "temperature": 0.7} if draw else {"do_sample": False}
            told: torch.Tensor = self._model.generate(**inputs, **how, num_beams=1, max_new_tokens=limit)
        widths = (prompt.shape[1], prompt.shape[1] - 1)  # BLIP leaves out the prompt's last token
        begins = next((w for w in widths if told[:, :w].equal(prompt[:, :w])), 0)
        if getattr(self._model.config.get_text_config(), "is_encoder_decoder", False):
            begins = 1  # the decoder's start
        told = told[:, begins:]
        rows = zip(told.tolist(), inputs["attention_mask"].sum(1).tolist(), strict=True)
        return [self._reply(row, tokens_in, limit) for row, tokens_in in rows]

    def _reply(self, row: list[int], tokens_in: int, limit: int) -> Reply:
        end = next((n for n, token in enumerate(row) if token in self._ends), None)
        text = self._tokens.decode(row[:end], skip_special_tokens=True).strip()
        tokens_out = len(row) if end is None else end + 1
        return Reply(text, cut=end is None and len(row) >= limit, tokens_in=int(tokens_in), tokens_out=tokens_out)

    def _length(self, request: Request, shape: tuple[int, ...]) -> int:
        """The longest reply that is allowed and fits behind the prompt."""
        wanted = min(request.max_tokens, self._options.max_new_tokens or request.max_tokens)
        most = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        room = wanted if most is None else most - shape[1]
        if room < 1 or (room < wanted and shape[0] > 1):  # alone, a shorter row has more room
            raise ValueError(f"the question has {shape[1]} tokens, the model takes {most}")
        return min(wanted, room)

    def _inputs(self, requests: Sequence[Request], pictures: Sequence[list[Image.Image]]) -> dict[str, Any]:
        """What the model is called with, on its device."""
        if self._plain:
            texts = [self._placeholder + plain_prompt(request, self._control) for request in requests]
            images = {"images": [shown[0] for shown in pictures]} if self._sees else {}
            inputs = self._processor(text=texts, padding=True, return_tensors="pt", **images)
        else:
            pairs = zip(requests, pictures, strict=True)
            told = [conversation(r, shown, self._control, bool(self._folded), self._sees) for r, shown in pairs]
            inputs = self._render(told, tokenize=True, return_dict=True, return_tensors="pt")
        if "token_type_ids" not in inspect.signature(self._model.forward).parameters:  # not every tokenizer knows
            inputs.pop("token_type_ids", None)
        device, dtype = self._model.device, self._model.dtype
        return {
            name: value.to(device, dtype if value.is_floating_point() else None)
            for name, value in inputs.items()
            if isinstance(value, torch.Tensor)
        }

    def _render(self, told: list[list[dict[str, Any]]], **how: Any) -> Any:  # noqa: ANN401  text, or tensors by name
        padding: dict[str, Any] = {"processor_kwargs": {"padding": True}} if self._sees else {"padding": True}
        return self._processor.apply_chat_template(told, add_generation_prompt=True, **how, **padding)

    def _template_style(self) -> bool | None:
        """Whether the template wants the instructions folded into the user's words; None where there is no template."""
        if not getattr(self._processor, "chat_template", None):
            return None
        probe = Request("probe", "be brief and kind", {}, {})
        for folded in (False, True):
            try:
                text = self._render([conversation(probe, (), self._control, folded, self._sees)], tokenize=False)[0]
            except _TEMPLATE:
                continue
            if probe.instructions in text and probe.task in text:
                return folded
        return None


def _placeholder(processor: Any) -> str:  # noqa: ANN401
    """What stands for the picture in a plain prompt: nothing where the processor puts it there itself (BLIP-2)."""
    token = getattr(processor, "image_token", None)
    if not token:
        return ""
    try:
        processor(images=Image.new("RGB", (64, 64)), text="a", return_tensors="pt")
    except ValueError:
        return getattr(token, "content", token)
    return ""


def _ends(model: Any, tokens: Any) -> list[int]:  # noqa: ANN401
    """Have every token that ends a reply, whoever knows it, end generation; returns them."""
    said = (model.generation_config.eos_token_id, model.config.get_text_config().eos_token_id, tokens.eos_token_id)
    ends = sorted({end for some in said for end in (some if isinstance(some, list) else [some]) if end is not None})
    for part in model.modules():  # BLIP-2 generates by the language model inside it
        if config := getattr(part, "generation_config", None):
            config.eos_token_id, config.pad_token_id = ends or None, tokens.pad_token_id
    return ends


@contextmanager
def _watched(model: torch.nn.Module, check: Check) -> Iterator[None]:
    """Call `check` between layers: one token of a large model on a CPU may take longer than a person waits."""
    looked = time.monotonic()

    def look(*_: object) -> None:
        nonlocal looked
        if time.monotonic() - looked > _LOOK:
            check()
            looked = time.monotonic()

    hooks = [part.register_forward_pre_hook(look) for part in model.modules() if not any(part.children())]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
