"""From a model's raw text to a JSON object, a piece of prose, or the reason why it is neither. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from engine.models.roles import Reply
from engine.steps.tasks import Task

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_REFUSAL = re.compile(
    r"^\W*(i(['’]?m| am) ((very |so |really )?sorry|unable|not able)|sorry\b|i (can ?not|can['’]t|won['’]t|will not)"
    r"|as an ai\b|unfortunately,? i (can ?not|can['’]t|am))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Read:
    """What a reply held: answers by item (item 0 for a whole question), and what is wrong with the rest."""

    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    reason: str = ""  # for people
    complaint: str = ""  # for the model, in our words
    prose: str = ""  # the text, where it holds no JSON and is no refusal


def read(reply: Reply, task: Task, payload: dict[str, Any], n: int, prose: bool) -> Read:
    """Read a reply to `n` items of `task`.

    Args:
        reply: what came back.
        task: what was asked.
        payload: what the items shared.
        n: how many items; 1 for a whole question.
        prose: the whole text is the description (prose form of `describe`).
    """
    if reply.failure:
        return Read(reason=reply.failure)
    text = _spoken(_whole_letters(reply.text))
    found = None if reply.refused else _json_object(text)
    if found is None:
        if reply.refused or _REFUSAL.match(text):
            return Read(reason="the model refused", complaint="That was no answer. Reply with the JSON object only.")
        if reply.cut and not prose:
            return Read(reason="the answer was cut off", complaint="The answer was too long. Be brief.")
        if prose and text:
            return Read({0: {"description": text, "label": ""} | ({"cut": True} if reply.cut else {})})
        if not text:
            return Read(reason="the answer was empty", complaint="That was empty. Reply with the JSON object only.")
        looks = "{" in text
        return Read(
            reason="the answer was malformed" if looks else "the answer was no JSON",
            complaint="That was not one whole JSON object. Reply with the JSON object only.",
            prose="" if looks else text,
        )
    return _entries(found, task, payload, n) if task.items else _whole(found, task, payload)


def _whole_letters(text: str) -> str:
    """The text with half surrogate pairs replaced: they cannot be written anywhere."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole(found: dict[str, Any], task: Task, payload: dict[str, Any]) -> Read:
    try:
        answer = task.entry.model_validate(found).model_dump()
    except ValidationError as problem:
        return _malformed(problem)
    wrong = task.wrong(payload, answer)
    return Read(reason=wrong, complaint=wrong) if wrong else Read({0: answer})


def _entries(found: dict[str, Any], task: Task, payload: dict[str, Any], n: int) -> Read:
    """One by one, so that a bad entry does not cost the good ones."""
    entries = found.get("answers")
    if not isinstance(entries, list):
        return Read(reason="the answer was malformed", complaint='The object needs a list called "answers".')
    good: dict[int, dict[str, Any]] = {}
    torn: set[int] = set()  # said twice and differently: neither can be believed
    problem = Read()
    for entry in entries:
        try:
            answer = task.entry.model_validate(entry).model_dump()
        except ValidationError as wrong:
            problem = _malformed(wrong)
            continue
        item = answer.pop("item")
        wrong = task.wrong(payload, answer)
        if not 0 <= item < n or item in torn or good.get(item, answer) != answer:
            wrong = f"item must be a number from 0 to {n - 1}, each once"
            good.pop(item, None)
            torn.add(item)
        if wrong:
            problem = Read(reason=wrong, complaint=wrong)
        else:
            good[item] = answer
    if len(good) == n:
        return Read(good)
    missing = "some items were missing from the answer"
    return Read(good, problem.reason or missing, problem.complaint or "Answer every item, each once.")


def _malformed(problem: ValidationError) -> Read:
    first = problem.errors()[0]
    where = ".".join(str(p) for p in first["loc"]) if first["type"] != "extra_forbidden" else "a field nobody asked for"
    return Read(reason="the answer was malformed", complaint=f"Wrong in the JSON object: {where}: {first['type']}.")


def _spoken(text: str) -> str:
    """The text less reasoning and code fences."""
    text = _THOUGHT.sub("", text).strip()
    if not text.startswith("{"):  # opened in the server's template, so only its end is seen
        text = _THOUGHT_END.split(text)[-1].strip()
    if re.match(r"<(think|thinking|reasoning)>", text, re.IGNORECASE):  # never closed: it was cut while thinking
        return ""
    fenced = re.search(r"```[a-zA-Z]*[ \t]*\n(.*?)(?:^\s*```|\Z)", text, re.DOTALL | re.MULTILINE)
    return fenced.group(1).strip() if fenced else text


def _json_object(text: str) -> dict[str, Any] | None:
    decoder = json.JSONDecoder()
    for start in [0, *(m.start() for m in re.finditer(r"\{", text))][:50]:
        try:
            found, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and ("answers" in found or "clusters" in found or start == 0):
            return found
    return None
