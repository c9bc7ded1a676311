"""A back-end for tests and for scripts that try things out: its answers are functions of the content, nothing else.

As vision it says the picture's dominant colour. As chat it groups labels by their last word, and tells sets apart by
colour. It never fails unless options say so: {"fail": "red"} refuses every picture whose colour is red, {"prose": true}
writes no JSON, {"seconds": 0.01} takes that long for each answer.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import VitrineError
from engine.models.roles import Check, ModelSpec, Reply, Request, Shown
from engine.settings import Settings

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 70, 200),
    "yellow": (240, 220, 60),
    "white": (245, 245, 245),
    "black": (15, 15, 15),
    "grey": (128, 128, 128),
}


@dataclass(frozen=True)
class Fake:
    """Plays vision and chat."""

    spec: ModelSpec

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Each picture's colour, as description and label."""
        for i, request in enumerate(requests):
            yield i, self._answered(request, check)

    def ask(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Labels are last words; clusters are labels; a text goes to the cluster whose name it contains."""
        yield from self.describe(requests, check)

    def _answered(self, request: Request, check: Check) -> Reply:
        check()
        time.sleep(self.spec.options.get("seconds", 0))
        try:
            said = _ANSWERS[request.task](request.payload, request.pictures)
        except VitrineError as problem:
            return Reply(failure=problem.message)
        text = json.dumps(said)
        if self.spec.options.get("fail", "\0") in text and request.pictures:
            return Reply("I cannot help with that.", refused=True, tokens_in=10, tokens_out=5)
        if self.spec.options.get("prose") and request.pictures:
            text = said["answers"][0]["description"]
        return Reply(text, tokens_in=100, tokens_out=len(text) // 4)


def colour_of(picture: Shown) -> str:
    """The name in COLOURS nearest to the picture's mean colour."""
    mean = np.asarray(picture.open().resize((8, 8)), dtype=float).reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda name: float(np.abs(mean - COLOURS[name]).sum()))


def _describe(payload: Mapping[str, Any], pictures: Sequence[Shown]) -> dict[str, Any]:
    del payload
    colours = [colour_of(p) for p in pictures]
    return {
        "answers": [{"item": i, "description": f"A picture that is {c}.", "label": c} for i, c in enumerate(colours)]
    }


def _label(payload: Mapping[str, Any], _: Sequence[Shown]) -> dict[str, Any]:
    return {"answers": [{"item": t["item"], "label": t["text"].strip(" .").split(" ")[-1]} for t in payload["items"]]}


def _name_clusters(payload: Mapping[str, Any], _: Sequence[Shown]) -> dict[str, Any]:
    """One cluster a label, most frequent first; past k, the rest joins the last."""
    labels = [name for name in payload["labels"] if name not in payload["avoid"]]
    names = list(dict.fromkeys([*payload["keep"], *labels]))[: payload["k"]]
    members = defaultdict(list, {name: [name] for name in names if name in payload["labels"]})
    for label in payload["labels"]:
        if label not in names and payload["k"]:
            members[names[-1]].append(label)
    return {"clusters": [{"name": name, "members": members[name]} for name in names]}


def _assign(payload: Mapping[str, Any], _: Sequence[Shown]) -> dict[str, Any]:
    def where(text: str) -> int | None:
        return next((i for i, name in enumerate(payload["names"]) if name in text), None)

    return {"answers": [{"item": t["item"], "cluster": where(t["text"])} for t in payload["items"]]}


def _propose_differences(payload: Mapping[str, Any], _: Sequence[Shown]) -> dict[str, Any]:
    """Colours that more descriptions of a than of b name."""
    count = {c: [sum(c in text for text in payload[side]) for side in "ab"] for c in COLOURS}
    said = [f"a {colour} surface" for colour, (a, b) in count.items() if a > b]
    return {"differences": [one for one in said if one not in payload["known"]]}


def _verify(payload: Mapping[str, Any], pictures: Sequence[Shown]) -> dict[str, Any]:
    """Whether a statement names the picture's colour."""
    said = ["yes" if colour_of(p) in payload["statement"] else "no" for p in pictures]
    return {"answers": [{"item": i, "verdict": verdict} for i, verdict in enumerate(said)]}


_ANSWERS = {
    "describe": _describe,
    "label": _label,
    "name_clusters": _name_clusters,
    "assign": _assign,
    "propose_differences": _propose_differences,
    "verify": _verify,
}


def load(role: str, spec: ModelSpec, settings: Settings) -> Fake:
    """The fake, for vision or chat."""
    del role, settings
    return Fake(spec)
