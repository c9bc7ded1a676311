"""WIRE.md as chat completions: a Request becomes a request body, a body becomes a Reply. Pure, no network."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.models.roles import Reply, Request, Shown

MAX_SIDE = 768  # pixels; the longest side of a picture sent, unless options.max_side says otherwise
_FORMAT = re.compile(r"response.format|json.schema|json.object|grammar|guided|structured output")


@dataclass(frozen=True)
class Dialect:
    """What a server takes."""

    schema: str = "json_schema"  # then json_object, then none (the schema goes into the instructions)
    temperature: bool = True
    seed: bool = True
    max_tokens: str = "max_tokens"  # then max_completion_tokens, then empty
    system: bool = True


class NotAnAnswerError(Exception):
    """The body is no chat completion."""


def body(request: Request, model: str, dialect: Dialect, options: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of one chat-completions call.

    Raises:
        VitrineError: a picture cannot be read (gallery.Unreadable).
    """
    told, said = request.instructions, json.dumps({"task": request.task, **request.payload}, ensure_ascii=False)
    asks_json = not request.prose
    if asks_json and dialect.schema == "none":
        told += "\n\nThe JSON schema of the answer:\n" + json.dumps(request.schema)
    if not dialect.system:
        said = f"{told}\n\n{said}"
    content: str | list[dict[str, Any]] = said
    if request.pictures:
        side = int(options.get("max_side", MAX_SIDE))
        shown = [{"type": "image_url", "image_url": {"url": data_url(p, side)}} for p in request.pictures]
        content = [{"type": "text", "text": said}, *shown]
    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    if dialect.system:
        messages.insert(0, {"role": "system", "content": told})
    made: dict[str, Any] = {"model": model, "messages": messages}
    if asks_json and dialect.schema == "json_schema":
        form = {"name": request.task, "schema": request.schema, "strict": True}
        made["response_format"] = {"type": "json_schema", "json_schema": form}
    elif asks_json and dialect.schema == "json_object":
        made["response_format"] = {"type": "json_object"}
    if dialect.temperature:
        made["temperature"] = 0.7 if request.draw else 0
    if dialect.seed:
        made["seed"] = request.draw
    if dialect.max_tokens:
        made[dialect.max_tokens] = request.max_tokens
    return made


def data_url(picture: Shown, side: int) -> str:
    """The picture as a JPEG data URL (PNG where it is small, as JPEG hurts small pictures), `side` at most."""
    image = picture.open()
    image.thumbnail((side, side))
    small = max(image.size) <= 128
    out = io.BytesIO()
    image.save(out, "PNG") if small else image.save(out, "JPEG", quality=90)
    return f"data:image/{'png' if small else 'jpeg'};base64,{base64.b64encode(out.getvalue()).decode()}"


def narrower(dialect: Dialect, complaint: str, sent: Mapping[str, Any]) -> Dialect | None:
    """The dialect less what the server complains of; None where it complains of something else."""
    said = complaint.lower()
    named = [
        word for word in ("temperature", "seed") if word in sent and re.search(rf"parameter:? ['\"`]?{word}", said)
    ]
    if named:  # before the schema, which such a complaint may mention in passing
        return replace(dialect, **{named[0]: False})
    if "response_format" in sent and _FORMAT.search(said):
        kind = sent["response_format"]["type"]
        return replace(dialect, schema="json_object" if kind == "json_schema" else "none")
    if "temperature" in sent and "temperature" in said:
        return replace(dialect, temperature=False)
    room = "maximum context length" in said  # an older vLLM does not say which parameter asks for too much
    if "max_tokens" in sent and ("max_tokens" in said or room):
        return replace(dialect, max_tokens="max_completion_tokens")
    if "max_completion_tokens" in sent and ("max_completion_tokens" in said or room):
        return replace(dialect, max_tokens="")
    if "seed" in sent and "seed" in said:
        return replace(dialect, seed=False)
    if sent["messages"][0]["role"] == "system" and re.search(r"\b(system|roles?)\b", said):
        return replace(dialect, system=False)
    return None


def reply_from(text: str) -> Reply:
    """The Reply in a response's body.

    Raises:
        NotAnAnswerError: it is no chat completion.
    """
    try:
        answer = json.loads(text)
        choice = answer["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise NotAnAnswerError from None
    if isinstance(content, list):  # some servers answer in parts
        content = "".join(str(p.get("text") or "") for p in content if isinstance(p, dict))
    used = answer.get("usage") if isinstance(answer.get("usage"), dict) else {}
    ended = choice.get("finish_reason")
    refused = bool(refusal) or ended == "content_filter"
    return Reply(
        text=str(refusal if refused and refusal else content or ""),
        refused=refused,
        cut=ended == "length",
        tokens_in=_count(used.get("prompt_tokens")),
        tokens_out=_count(used.get("completion_tokens")),
    )


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e12 else 0
