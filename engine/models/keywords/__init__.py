"""The chat role without a model: text statistics and a word list of our own (engine/models/words), nothing else.

It answers label, name_clusters, assign, tidy, propose_dimensions, propose_attributes, assign_attributes,
refine_dimension and propose_differences. What it cannot do: understand. It knows the words of its list, some 1,200
terms of plain English, tells the subject from the background by prepositions and verbs, and climbs from poodle to dog
to pet. It follows no pronoun ("it", "its"), irony or metaphor, knows no other language, and tells two senses of a word
apart only where the criterion's family does. A word outside the list is an answer only where it is the subject's head
noun. Where a text says nothing, so does the answer; a criterion outside the list is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.models.keywords import proposing
from engine.models.keywords.assigning import assigned
from engine.models.keywords.labels import labels
from engine.models.keywords.naming import clusters
from engine.models.keywords.questions import understood
from engine.models.roles import Check, ModelSpec, Reply, Request
from engine.settings import Settings

_Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Keywords:
    """Plays chat; the same question has the same answer for ever."""

    spec: ModelSpec

    def ask(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Answers at once, in order; a task it has no answer for fails with a word."""
        for i, request in enumerate(requests):
            check()
            answer = _ANSWERS.get(request.task)
            if answer is None:
                yield i, Reply(failure=f"keywords cannot answer {request.task}")
            else:
                text = json.dumps(answer(request.payload), ensure_ascii=False)
                yield i, Reply(text.encode("utf-8", "replace").decode())  # half a surrogate pair is no text


def refusal(criterion: str, look_at: str = "") -> str:
    """Why this criterion cannot be answered, in a sentence; empty where it can."""
    if understood(criterion, look_at).kind != "statistics":
        return ""
    return f"Keywords, which sort answers without a language model, do not know what {criterion[:60]!r} asks for."


def load(role: str, spec: ModelSpec, settings: Settings) -> Keywords:
    """The word list, for chat."""
    del role, settings
    return Keywords(spec)


def _label(asked: _Payload) -> dict[str, Any]:
    said = labels(_texts(asked), asked["criterion"], asked.get("look_at", ""), asked.get("ignore", ""))
    return _answers(asked, "label", said)


def _assign(asked: _Payload) -> dict[str, Any]:
    return _answers(asked, "cluster", assigned(asked["criterion"], asked["names"], _texts(asked)))


def _name_clusters(asked: _Payload) -> dict[str, Any]:
    found = clusters(asked["criterion"], asked["labels"], asked["k"], asked.get("keep", []), asked.get("avoid", []))
    return {"clusters": found}


def _texts(asked: _Payload) -> list[str]:
    return [item["text"] for item in asked["items"]]


def _answers(asked: _Payload, field: str, said: Sequence[Any]) -> dict[str, Any]:
    pairs = zip(asked["items"], said, strict=True)
    return {"answers": [{"item": item["item"], field: value} for item, value in pairs]}


_ANSWERS: dict[str, Callable[[_Payload], dict[str, Any]]] = {
    "label": _label,
    "name_clusters": _name_clusters,
    "assign": _assign,
    "tidy": lambda asked: {"groups": proposing.tidied(asked["names"], asked.get("dimension") or "", asked["k"])},
    "propose_dimensions": lambda asked: {
        "dimensions": proposing.dimensions(asked["texts"], asked.get("goal", ""), asked.get("known", []))
    },
    "propose_attributes": lambda asked: {
        "attributes": proposing.attributes(asked["texts"], asked["dimension"], asked.get("known", []))
    },
    "assign_attributes": lambda asked: _answers(asked, "values", proposing.values(_texts(asked), asked["dimensions"])),
    "refine_dimension": lambda asked: {
        "changes": proposing.refined(_texts(asked), asked["dimension"], asked["attributes"])
    },
    "propose_differences": lambda asked: {
        "differences": proposing.differences(asked["a"], asked["b"], asked.get("known", []), asked.get("goal", ""))
    },
}
