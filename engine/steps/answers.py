"""Ask each thing once. The one place that sends questions and reads what models say.

`Remembered` wraps a back-end: every item is looked up by content first (model, instructions, payload, item, draw), only
unknown ones are sent, each reply is validated item by item, valid answers are committed before they are handed on, and
what failed is asked once more with a complaint. What is still missing is an AnswerError, never a guess.

It wraps with an interface of its own rather than the back-end's: only valid answers may be stored, whether one is valid
is known only where it is read, and items are remembered one by one however they were batched.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, cast

from engine.errors import ModelError, RunError, StoreError
from engine.models.roles import Chat, ModelSpec, Request, Shown, Vision
from engine.progress import Progress
from engine.prompts import instructions
from engine.steps.reading import Read, read
from engine.steps.tasks import Task, Wrong
from engine.store.answers import Rate, Store

VERSION = 1  # raised when the meaning of stored answers changes
_PROBE = 8  # answers that tell whether a vision model writes prose


@dataclass(frozen=True)
class AnswerError:
    """An item that stayed without an answer."""

    reason: str  # for people
    raw: str = ""  # what the model said, if anything


@dataclass
class _Open:
    """One distinct item that is not known yet."""

    key: bytes
    at: list[int]  # its places among the items asked
    item: Any
    complaint: str = ""
    error: AnswerError | None = None
    answered: bool = False
    tokens: int = 1  # times the usual allowance


class Remembered:
    """A vision or chat model that never answers the same thing twice.

    Args:
        spec: who answers.
        load: makes the back-end ready; called when the first question has to be asked, so that a run whose answers
            are all known loads no model. None: nothing is ever asked, only counted (estimates): what is unknown
            stays without an answer.
        store: where answers live.
        progress: told of every request, token and answer; says when to stop.
    """

    def __init__(
        self, spec: ModelSpec, load: Callable[[], Vision | Chat] | None, store: Store, progress: Progress
    ) -> None:
        self.spec, self._load, self._store, self._progress = spec, load, store, progress
        said = json.dumps(asdict(spec), sort_keys=True, default=str)
        self._name = hashlib.sha256(said.encode()).hexdigest()[:16]

    @cached_property
    def _model(self) -> Vision | Chat:
        assert self._load is not None
        return self._load()

    def key(self, task: Task, payload: Mapping[str, Any], item: Any = None, draw: int = 0) -> bytes:  # noqa: ANN401
        """The name of one question by all that can change its answer; 32 bytes."""
        return self._keys(task, payload, draw)(item)

    def known(self, task: Task, payload: Mapping[str, Any], items: Sequence[Any]) -> tuple[int, int]:
        """How many distinct items there are, and how many of them are known already."""
        name = self._keys(task, payload, 0)
        keys = {name(item) for item in items}
        return len(keys), self._store.count(keys)

    def rate(self, task: Task) -> Rate | None:
        """What a request of `task` cost this model so far."""
        return self._store.rate(self._name, task.name)

    def found(self, what: str) -> str:
        """What was remembered of this model under a name; empty where nothing was."""
        return self._store.found(self._name, what)

    def set_found(self, what: str, value: str) -> None:
        """Remember something of this model that is no answer."""
        self._store.set_found(self._name, what, value)

    def stored(
        self, task: Task, payload: Mapping[str, Any], items: Sequence[Any], draw: int = 0
    ) -> Iterator[tuple[int, dict]]:
        """Answers that the store has, each with its place; asks nothing and counts nothing."""
        name = self._keys(task, payload, draw)
        at: defaultdict[bytes, list[int]] = defaultdict(list)
        for i, item in enumerate(items):
            at[name(item)].append(i)
        for key, answer in self._store.get(at):
            yield from ((i, answer) for i in at[key])

    def keep(
        self, task: Task, payload: Mapping[str, Any], answers: Mapping[Any, dict[str, Any]], draw: int = 0
    ) -> None:
        """Keep answers by item that follow from others: a part of a longer question."""
        name = self._keys(task, payload, draw)
        self._store.put({name(item): answer for item, answer in answers.items()}, task.name, self._name)

    def each(
        self, task: Task, payload: Mapping[str, Any], items: Sequence[Any], draw: int = 0
    ) -> Iterator[tuple[int, dict[str, Any] | AnswerError]]:
        """Answers to every item, as they come, each with its place; equal items are asked once.

        Args:
            task: one that has items.
            payload: the part all items share.
            items: pictures (Shown) or texts, as the task says.
            draw: number of the sample; 0 for the deterministic answer.

        Raises:
            ModelError: the model cannot be used; Stopped: the run should end; StoreError: nothing can be kept.
        """
        name = self._keys(task, payload, draw)
        waiting: dict[bytes, _Open] = {}
        for i, item in enumerate(items):
            key = name(item)
            waiting.setdefault(key, _Open(key, [], item)).at.append(i)
        distinct = len(waiting)
        for key, answer in self._store.get(waiting):
            self._progress.cost.known[task.name] += 1
            self._progress.check()
            for i in waiting.pop(key).at:
                yield i, answer
        left = list(waiting.values())
        if self._load is None:
            self._progress.cost.asked[task.name] += -(-len(left) // task.batch)
            yield from ((i, AnswerError("not asked")) for one in left for i in one.at)
        else:
            yield from self._asked(task, payload, left, draw, proven=len(left) < distinct)

    def one(
        self,
        task: Task,
        payload: Mapping[str, Any],
        wrong: Callable[[dict[str, Any]], Wrong] = lambda _: "",
        tries: int = 3,
    ) -> tuple[dict[str, Any], Wrong]:
        """The answer to one whole question, asked again with the complaint while something is wrong with it.

        Returns:
            The answer, and what is still wrong with it after the last try (kept in the store all the same: asked
            again, it would be as wrong).

        Raises:
            RunError: no valid answer after `tries` tries.
        """
        key = self.key(task, payload)
        for _, answer in self._store.get([key]):
            self._progress.cost.known[task.name] += 1
            return answer, wrong(answer)
        if self._load is None:
            self._progress.cost.asked[task.name] += 1
            raise RunError("This is not known yet.")
        asked, best, reason = _Open(key, [0], None), None, ""
        for _ in range(tries):
            before = asked.complaint
            got = self._ask_whole(task, payload, asked)
            if answer := got.answers.get(0):
                best, asked.complaint = answer, wrong(answer)
                if not asked.complaint:
                    break
            else:
                reason, asked.complaint = got.reason, got.complaint or before
        if best is None:
            raise RunError(f"{self.spec.label} gave no usable answer to {task.name}: {reason}.", "Try another model.")
        self._store.put({key: best}, task.name, self._name)
        return best, wrong(best)

    @property
    def only_counts(self) -> bool:
        """Whether it asks nothing and only counts, for an estimate."""
        return self._load is None

    @property
    def writes_prose(self) -> bool:
        """Whether this vision model is to be taken by its whole reply."""
        said = self.spec.options.get("json")
        return self._store.found(self._name, "prose") == "yes" if said is None else not said

    def _asked(
        self, task: Task, payload: Mapping[str, Any], items: list[_Open], draw: int, proven: bool
    ) -> Iterator[tuple[int, dict[str, Any] | AnswerError]]:
        """Ask for unknown items, once more for those that failed; what still fails is handed on as such.

        A `proven` model has answered others of these items before: what is left may well be what it refuses.
        """
        yield from self._probe(task, payload, items, draw)
        prose = task.name == "describe" and self.writes_prose
        for again in (False, True):
            some = [one for one in items if (one.error is not None) is again and not one.answered]
            yield from self._send(task, payload, some, draw, prose)
            if not again and not proven:
                self._believe_in_failure(items, task.batch)
        for one in items:
            if one.error:
                self._progress.cost.failed += 1
                yield from ((i, one.error) for i in one.at)

    def _keys(self, task: Task, payload: Mapping[str, Any], draw: int) -> Callable[[Any], bytes]:
        # A captioner writes the same whatever is asked of it: a second criterion asks it nothing.
        asked = None if task.name == "describe" and self.spec.options.get("captioner") else payload
        told = None if asked is None else self._instructions(task)
        shared = json.dumps([VERSION, asdict(self.spec), task.name, told, asked, draw], sort_keys=True, default=str)
        digest = hashlib.sha256(shared.encode())

        def name(item: Any) -> bytes:  # noqa: ANN401
            own = digest.copy()
            if item is not None:
                own.update(b"\0" + (item.hash if task.items == "pictures" else item).encode("utf-8", "surrogateescape"))
            return own.digest()

        return name

    def _instructions(self, task: Task) -> str:
        told_prose = task.name == "describe" and self.spec.options.get("json") is False
        return instructions("describe_prose" if told_prose else task.name)

    def _probe(
        self, task: Task, payload: Mapping[str, Any], items: list[_Open], draw: int
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Ask the first few pictures; if most come back as prose and none as JSON, that is how this model answers."""
        if task.name != "describe" or self.writes_prose or self._store.found(self._name, "json"):
            return
        first = items[:_PROBE]
        spoken: dict[bytes, str] = {}
        for batch, got in self._replies(task, payload, [[one] for one in first], draw, prose=False):
            if got.prose:
                spoken[batch[0].key] = got.prose
            yield from self._keep(task, batch, got)
        if any(one.answered for one in first):
            self._store.set_found(self._name, "json", "yes")
        elif 2 * len(spoken) > sum(bool(one.error and one.error.raw) for one in first):  # the rest was refused or cut
            self._store.set_found(self._name, "prose", "yes")
            self._progress.note(f"{self.spec.label} writes prose: its whole replies are taken as descriptions.")
            for one in first:
                if one.key in spoken:
                    answer = {"description": spoken[one.key], "label": ""}
                    yield from self._keep(task, [one], Read({0: answer}))

    def _send(
        self, task: Task, payload: Mapping[str, Any], items: list[_Open], draw: int, prose: bool
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Batches of items with the same complaint, one request each."""
        alike: defaultdict[tuple[str, int], list[_Open]] = defaultdict(list)
        for one in items:
            alike[one.complaint, one.tokens].append(one)
        size = task.batch
        batches = [some[i : i + size] for some in alike.values() for i in range(0, len(some), size)]
        for batch, got in self._replies(task, payload, batches, draw, prose):
            yield from self._keep(task, batch, got)

    def _keep(self, task: Task, batch: list[_Open], got: Read) -> Iterator[tuple[int, dict[str, Any]]]:
        self._store.put({batch[n].key: answer for n, answer in got.answers.items()}, task.name, self._name)
        for n, answer in got.answers.items():
            self._progress.unanswered -= batch[n].error is not None
            batch[n].error, batch[n].answered = None, True
            for i in batch[n].at:
                yield i, answer

    def _replies(
        self, task: Task, payload: Mapping[str, Any], batches: list[list[_Open]], draw: int, prose: bool
    ) -> Iterator[tuple[list[_Open], Read]]:
        """Send, count, read; failed items carry their complaint and error afterwards."""
        if not batches:
            return
        requests = [self._request(task, payload, batch, draw, prose) for batch in batches]
        cost, began, replies, answered, tokens_in, tokens_out = self._progress.cost, time.monotonic(), 0, 0, 0, 0
        send = cast(Vision, self._model).describe if task.items == "pictures" else cast(Chat, self._model).ask
        try:
            for number, reply in send(requests, self._progress.check):
                replies += 1
                cost.asked[task.name] += 1
                cost.tokens_in += reply.tokens_in
                cost.tokens_out += reply.tokens_out
                batch = batches[number]
                got = read(reply, task, dict(payload), len(batch), prose)
                if got.answers:
                    answered += 1
                    tokens_in, tokens_out = tokens_in + reply.tokens_in, tokens_out + reply.tokens_out
                if prose and reply.cut and batch[0].tokens == 1:
                    got = Read(reason="the answer was cut off")
                for n, one in enumerate(batch):
                    if n not in got.answers:
                        self._progress.unanswered += one.error is None
                        one.error, one.complaint = AnswerError(got.reason, reply.text), got.complaint
                        one.tokens = 2 if reply.cut else 1
                yield batch, got
        finally:
            with suppress(StoreError):  # a full disk has been said already
                took = (time.monotonic() - began) * answered / max(replies, 1)  # a refusal tells no answer's price
                self._store.add_rate(self._name, task.name, answered, took, tokens_in, tokens_out)

    def _request(self, task: Task, payload: Mapping[str, Any], batch: list[_Open], draw: int, prose: bool) -> Request:
        said = dict(payload)
        pictures: list[Shown] = []
        if task.items == "pictures":
            pictures = [one.item for one in batch]
        elif task.items:
            said["items"] = [{"item": n, "text": one.item} for n, one in enumerate(batch)]
        if batch[0].complaint and not prose:
            said["complaint"] = batch[0].complaint
        fixed, each = task.tokens
        tokens = (fixed + each * len(batch)) * batch[0].tokens
        told = self._instructions(task)
        return Request(task.name, told, said, task.schema, pictures, prose, tokens, draw)

    def _ask_whole(self, task: Task, payload: Mapping[str, Any], asked: _Open) -> Read:
        for _, got in self._replies(task, payload, [[asked]], 0, prose=False):
            return got
        return Read(reason="the model did not answer")

    def _believe_in_failure(self, left: list[_Open], batch: int) -> None:
        """End early where a whole first pass of many requests brought nothing: the second would not either."""
        failed = [one for one in left if one.error]
        said_something = any(one.error.raw for one in failed if one.error)  # one bad reply is a whole batch of items
        if (
            len(left) > 4 * _PROBE * (batch if said_something else 1)
            and len(failed) == len(left)
            and len({re.sub(r"\d+", "", o.error.reason) for o in failed if o.error}) == 1
        ):
            reason = failed[0].error.reason if failed[0].error else ""
            raise ModelError(
                f"{self.spec.label} answered none of {len(left)} questions: {reason}.", "Try another model."
            )
