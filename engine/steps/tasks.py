"""The tasks of WIRE.md: what each asks, the schema of its answer, and what makes an answer wrong.

A task with items is asked for many at once and remembered one by one; `describe`'s items are pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Wrong = str
"""A complaint in our words, fit to be sent back to the model; empty where nothing is wrong."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Described(_Answer):
    item: int
    description: str
    label: str


class _Labelled(_Answer):
    item: int
    label: str


class _Assigned(_Answer):
    item: int
    cluster: int | None


class _Named(_Answer):
    name: str
    members: list[str]


class _Clusters(_Answer):
    clusters: list[_Named]


class _Differences(_Answer):
    differences: list[str]


class _Verified(_Answer):
    item: int
    verdict: Literal["yes", "no", "unsure"]


class _Dimensions(_Answer):
    dimensions: list[str]


class _Attributes(_Answer):
    attributes: list[str]


class _Tidied(_Answer):
    groups: list[_Named]


class _Value(_Answer):
    dimension: str
    attributes: list[str]


class _Valued(_Answer):
    item: int
    values: list[_Value]


class _Change(_Answer):
    kind: Literal["add", "merge", "split", "rename", "drop"]
    names: list[str]
    into: str
    why: str


class _Changes(_Answer):
    changes: list[_Change]


class _Prompts(_Answer):
    prompts: list[str]


class _Judged(_Answer):
    score: Literal[0, 1, 2]
    why: str


def _nothing_wrong(payload: Mapping[str, Any], answer: Mapping[str, Any]) -> Wrong:
    del payload, answer
    return ""


def _described(payload: Mapping[str, Any], answer: Mapping[str, Any]) -> Wrong:
    del payload
    return "" if answer["description"] or answer["label"] else "description and label were both empty"


def _on_the_list(payload: Mapping[str, Any], answer: Mapping[str, Any]) -> Wrong:
    asked = {one["name"]: {*one["attributes"], "other"} for one in payload["dimensions"]}
    for value in answer["values"]:
        if value["dimension"] not in asked:
            return f"dimension must be one of {', '.join(asked)}"
        if not set(value["attributes"]) <= asked[value["dimension"]]:
            return f"attributes of {value['dimension']} must be from its list, or other"
    missing = set(asked) - {value["dimension"] for value in answer["values"]}
    return f"values must hold every dimension; {min(missing)} is missing" if missing else ""


def _in_names(payload: Mapping[str, Any], answer: Mapping[str, Any]) -> Wrong:
    index, n = answer["cluster"], len(payload["names"])
    return "" if index is None or 0 <= index < n else f"cluster must be null or an index from 0 to {n - 1}"


@dataclass(frozen=True)
class Task:
    """One kind of question.

    Args:
        name: as WIRE.md says.
        entry: the answer to one item, or to the whole question where there are no items.
        items: pictures, texts, or empty where the question is one whole.
        wrong: what is wrong with one entry under this payload.
        batch: items a request.
        tokens: tokens allowed for the reply, fixed part and for each item.
    """

    name: str
    entry: type[BaseModel]
    items: str = ""
    wrong: Callable[[Mapping[str, Any], Mapping[str, Any]], Wrong] = _nothing_wrong
    batch: int = 1
    tokens: tuple[int, int] = (1024, 0)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of a reply: no free keys, every field required."""
        if not self.items:
            return self.entry.model_json_schema()
        answers = {"type": "array", "items": self.entry.model_json_schema()}
        properties = {"answers": answers}
        return {"type": "object", "properties": properties, "required": ["answers"], "additionalProperties": False}


DESCRIBE = Task("describe", _Described, "pictures", _described)
LABEL = Task("label", _Labelled, "texts", batch=25, tokens=(512, 40))
NAME_CLUSTERS = Task("name_clusters", _Clusters, tokens=(4096, 0))
ASSIGN = Task("assign", _Assigned, "texts", _in_names, batch=50, tokens=(512, 30))
PROPOSE_DIFFERENCES = Task("propose_differences", _Differences)
VERIFY = Task("verify", _Verified, "pictures", tokens=(256, 0))
JUDGE = Task("judge", _Judged, tokens=(512, 0))
PROPOSE_DIMENSIONS = Task("propose_dimensions", _Dimensions)
PROPOSE_ATTRIBUTES = Task("propose_attributes", _Attributes, tokens=(2048, 0))
TIDY = Task("tidy", _Tidied, tokens=(4096, 0))
ASSIGN_ATTRIBUTES = Task("assign_attributes", _Valued, "texts", _on_the_list, batch=20, tokens=(512, 120))
REFINE_DIMENSION = Task("refine_dimension", _Changes, tokens=(2048, 0))
WRITE_PROMPTS = Task("write_prompts", _Prompts, tokens=(2048, 0))
TASKS = {
    task.name: task
    for task in (
        *(DESCRIBE, LABEL, NAME_CLUSTERS, ASSIGN),
        *(PROPOSE_DIFFERENCES, VERIFY, JUDGE),
        *(PROPOSE_DIMENSIONS, PROPOSE_ATTRIBUTES, TIDY, ASSIGN_ATTRIBUTES, REFINE_DIMENSION, WRITE_PROMPTS),
    )
}
