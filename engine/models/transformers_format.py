"""A Request as a checkpoint of transformers wants it: messages for a chat template, or one plain prompt. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from engine.models.roles import Request


def conversation(
    request: Request,
    pictures: Sequence[Image.Image],
    control: re.Pattern[str],
    folded: bool = False,
    parts: bool = True,
) -> list[dict[str, Any]]:
    """The request as the messages of a chat template.

    Args:
        request: what is asked.
        pictures: the request's pictures, opened.
        control: the model's control words (`control_words`).
        folded: the instructions go before the user's words, for templates that know no system role.
        parts: content is a list of parts, as processors want it; tokenizers want a string.
    """
    told, asked = shielded(request.instructions, control), _object(request, control)
    if request.prose:
        told, asked = "", shielded(_plain_wish(request.payload), control)
    if told and folded:
        told, asked = "", f"{told}\n\n{asked}"

    def content(text: str, shown: Sequence[Image.Image] = ()) -> Any:  # noqa: ANN401
        seen = [{"type": "image", "image": picture} for picture in shown]
        return [*seen, {"type": "text", "text": text}] if parts else text

    system = [{"role": "system", "content": content(told)}] if told else []
    return [*system, {"role": "user", "content": content(asked, pictures)}]


def plain_prompt(request: Request, control: re.Pattern[str]) -> str:
    """The request for a model without a chat template: a question about the picture, or instructions and JSON."""
    if request.task == "describe":
        about = " ".join(str(request.payload.get("criterion") or "").split())
        asks = f"What does this picture show about its {about}?" if about else "What does this picture show?"
        asks = about if about.endswith("?") else asks
        return shielded(f"Question: {asks}{_limits(request.payload)} Answer:", control)
    return f"{shielded(request.instructions, control)}\n\n{_object(request, control)}\n\nAnswer:"


def shielded(text: str, control: re.Pattern[str]) -> str:
    """The text with each control word of the model ("<image>", "</s>") broken by a space, so that it is only a word."""
    return control.sub(lambda found: found[0] + " ", text)


def control_words(processor: Any, tokens: Any) -> re.Pattern[str]:  # noqa: ANN401
    """Matches the first character of every special token of a processor and its tokenizer."""
    words = {added.content for added in tokens.added_tokens_decoder.values() if added.special}
    named = [getattr(processor, f"{kind}_token", None) for kind in ("image", "video", "audio")]
    words |= {getattr(token, "content", token) for token in named if token} | {"<image>"}
    # found by looking ahead: a word that begins inside another is found as well
    return re.compile(rf"(?=(?:{'|'.join(map(re.escape, sorted(w for w in words if len(w) > 1)))})).", re.DOTALL)


def _object(request: Request, control: re.Pattern[str]) -> str:
    """The JSON object of the wire; control words lose their first character to an escape, which reads the same."""
    whole = json.dumps({"task": request.task, **request.payload}, ensure_ascii=False)
    return control.sub(lambda found: f"\\u{ord(found[0]):04x}", whole)


def _plain_wish(payload: Mapping[str, Any]) -> str:
    about = str(payload.get("criterion") or "")
    matters = f", as far as it matters for this question: {about}." if about else "."
    return f"Describe in two or three plain sentences what this picture shows{matters}{_limits(payload)}"


def _limits(payload: Mapping[str, Any]) -> str:
    pairs = (("Look at", payload.get("look_at")), ("Ignore", payload.get("ignore")))
    return "".join(f" {verb} {str(what).rstrip('.')}." for verb, what in pairs if what)
