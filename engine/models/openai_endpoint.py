"""Vision and chat through any OpenAI-compatible server: a hosted one, vLLM, Ollama, llama.cpp.

Bounded concurrency, retries with back-off and Retry-After, a time-out a request. What a server will not take
(response_format, temperature, seed, max_tokens, the system role) is found out once and remembered beside the store.
Translation lives in openai_format.py, tested without a network.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import itertools
import json
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import openai

from engine.errors import ModelError, Stopped, VitrineError
from engine.models.openai_format import Dialect, NotAnAnswerError, body, narrower, reply_from
from engine.models.roles import Check, ModelSpec, Reply, Request
from engine.settings import Endpoint, Settings, public_url

_TRIES = 6  # of one request, on errors that pass
_GRACE = 1.0  # seconds that what is in flight gets to land after a stop
_LONGEST_WAIT = 20.0  # seconds between two tries, unless the server asks for more
_PATIENCE = 300.0  # seconds without any answer from a server that only says "later"
_IN_VAIN = 8  # requests, of many, given up before any is answered: the others would be asked in vain, too


class OpenAIEndpoint:
    """One model of one server.

    Args:
        spec: its name and the server's public URL.
        endpoint: the URL asked (which may hold a user and a query), key, concurrency and time-out.
        profile: file that remembers what the server will not take.
    """

    def __init__(self, spec: ModelSpec, endpoint: Endpoint, profile: Path) -> None:
        self.spec, self._endpoint, self._profile = spec, endpoint, profile
        self._kept = _recall(profile)  # what is known to work
        self._dialect = self._kept or Dialect()
        self._url = spec.options.get("url", "")
        self._last_answer = time.monotonic()
        self._not_before = 0.0  # no request is sent earlier: the server said so
        self._answered = self._given_up = 0
        self._many = False  # whether this is asked a lot, so that it pays to find out early that nothing works

    def describe(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Replies as they complete; see roles.Vision."""
        return self.ask(requests, check)

    def ask(self, requests: Sequence[Request], check: Check) -> Iterator[tuple[int, Reply]]:
        """Replies as they complete; see roles.Chat."""
        landed: queue.SimpleQueue[tuple[int, Reply] | BaseException | None] = queue.SimpleQueue()
        stop = threading.Event()
        threading.Thread(target=self._loop, args=(requests, landed.put, stop), daemon=True).start()
        stopped: Stopped | None = None
        until = float("inf")
        try:
            while time.monotonic() < until:
                with contextlib.suppress(queue.Empty):
                    item = landed.get(timeout=0.05)
                    if item is None:
                        break
                    if isinstance(item, BaseException):
                        raise item
                    yield item
                try:
                    check()
                except Stopped as said:
                    if stopped is None:
                        stopped, until = said, time.monotonic() + _GRACE
                    stop.set()
            if stopped:
                raise stopped
        finally:
            stop.set()

    def _loop(self, requests: Sequence[Request], put: Any, stop: threading.Event) -> None:  # noqa: ANN401
        """Everything asynchronous, in a thread of its own; ends with None or the error that ended it."""
        try:
            asyncio.run(self._all(requests, put, stop))
            put(None)
        except BaseException as problem:  # noqa: BLE001  handed to the caller's thread, raised there
            put(problem)

    async def _all(self, requests: Sequence[Request], put: Any, stop: threading.Event) -> None:  # noqa: ANN401
        """Ask the first alone while the server is unknown, then up to `concurrency` at once."""
        order = iter(range(len(requests)))
        self._given_up, self._many = 0, len(requests) > 4 * _IN_VAIN
        self._last_answer = time.monotonic()
        async with openai.AsyncOpenAI(
            **_address(self._endpoint), max_retries=0, timeout=self._endpoint.timeout
        ) as client:

            async def work(some: Iterator[int]) -> None:
                for i in some:
                    if stop.is_set():
                        return
                    put((i, await self._one(client, requests[i])))

            async def until_stopped() -> None:
                while not stop.is_set():
                    await asyncio.sleep(0.05)
                await asyncio.sleep(_GRACE)

            watch = asyncio.create_task(until_stopped())
            try:
                if self._kept is None:
                    await _first(work(itertools.islice(order, 1)), watch)
                width = min(self._endpoint.concurrency, len(requests))
                await _first(_together([work(order) for _ in range(width)]), watch)
            finally:
                watch.cancel()

    async def _one(self, client: openai.AsyncOpenAI, request: Request) -> Reply:
        """One request, tried again while that may help."""
        failures = 0
        while True:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            dialect = self._dialect
            try:
                made = await asyncio.to_thread(body, request, self.spec.name, dialect, self.spec.options)
            except VitrineError as problem:
                return Reply(failure=problem.message.rstrip("."))
            try:
                # Not client.chat.completions.create: its checks of typed dicts cost 7 ms of processor time a request.
                answer = client.post("/chat/completions", body=made, cast_to=str)
                reply = reply_from(await asyncio.wait_for(answer, self._endpoint.timeout))
                self._heard(dialect)
                return reply
            except (openai.BadRequestError, openai.UnprocessableEntityError) as problem:
                less = narrower(dialect, problem.message, made)
                if less is None:
                    return Reply(failure=f"the server refused the question: {self._short(problem.message)}")
                if self._dialect == dialect:
                    self._dialect = less
            except openai.RateLimitError as problem:
                self._slow_down(problem)
            except (TimeoutError, openai.OpenAIError, NotAnAnswerError) as problem:
                failures += 1
                why = self._what_passes(problem, failures)
                if failures >= _TRIES or (failures > 1 and not self._answered and _is_late(problem)):
                    self._give_up(why)
                    return Reply(failure=f"{why}, {failures} times")
                await asyncio.sleep(random.uniform(0.5, 1) * min(_LONGEST_WAIT, 0.5 * 2**failures))

    def _what_passes(self, problem: Exception, failures: int) -> str:
        """What went wrong in a few words, where another try may help.

        Raises:
            ModelError: none will.
        """
        if isinstance(problem, NotAnAnswerError):
            if self._answered:  # a gateway whose upstream is out of order
                return "what came was no answer"
            raise ModelError(f"{self._url} does not answer as an OpenAI-compatible server does.", _NO_SERVER) from None
        if _is_late(problem):
            return f"no answer within {self._endpoint.timeout:g} s"
        if isinstance(problem, openai.APIConnectionError):
            silent = time.monotonic() - self._last_answer
            if (not self._answered and failures > 1) or silent > _PATIENCE / 5:
                raise ModelError(
                    f"Nobody answers at {self._url}.",
                    "Start the server or correct the address on the Models page, then run again: nothing is lost.",
                )
            return "the connection was lost"
        if isinstance(problem, openai.APIStatusError) and problem.status_code not in _NO_USE:
            return f"the server failed ({problem.status_code})"
        raise self._no_use(problem)

    def _give_up(self, why: str) -> None:
        """Count a request that stays without an answer.

        Raises:
            ModelError: several of many did, and none was ever answered.
        """
        self._given_up += 1
        if self._many and not self._answered and self._given_up >= _IN_VAIN:
            mend = "Look at the server's log, or raise VITRINE_TIMEOUT for a slow model; then run again."
            raise ModelError(f"{self._url} answered none of {self._given_up} questions: {why}.", mend)

    def _no_use(self, problem: Exception) -> ModelError:
        """Why this server cannot be asked at all."""
        if isinstance(problem, openai.AuthenticationError | openai.PermissionDeniedError):
            mend = "Set VITRINE_ENDPOINT_KEY to a key of this server and start again."
            return ModelError(f"{self._url} does not accept the key.", mend)
        if isinstance(problem, openai.NotFoundError) and "model" in str(problem.body or problem.message).lower():
            return ModelError(f"{self._url} has no model named {self.spec.name!r}.", "Name one that this server lists.")
        return ModelError(f"{self._url} has no chat completions.", _NO_SERVER)

    def _short(self, text: str) -> str:
        """What a server said, in one line; some repeat what they were sent."""
        for secret in _secrets(self._endpoint):
            text = text.replace(secret, "(secret)")
        return " ".join(text.split())[:200]

    def _slow_down(self, problem: openai.RateLimitError) -> None:
        """Hold every request back for as long as the server asks.

        Raises:
            ModelError: the server has had enough of us.
        """
        exhausted = "insufficient_quota" in str(problem.body)
        if exhausted or time.monotonic() - self._last_answer > _PATIENCE:
            why = (
                "says that the quota is used up" if exhausted else f"only says 'too many requests', for {_PATIENCE:g} s"
            )
            mend = "Check the quota or lower VITRINE_CONCURRENCY, and run again: nothing is lost."
            raise ModelError(f"{self._url} {why}.", mend)
        try:
            asked = float(problem.response.headers.get("retry-after", ""))
        except ValueError:
            asked = 1.0
        wait = min(max(asked, 0.05), _PATIENCE) * random.uniform(1, 1.2)
        self._not_before = max(self._not_before, time.monotonic() + wait)

    def _heard(self, dialect: Dialect) -> None:
        """A proper answer came: what was asked this way works."""
        self._last_answer = time.monotonic()
        self._answered += 1
        if self._dialect == dialect != self._kept:
            self._kept = dialect
            _remember(self._profile, dialect)


_NO_USE = (401, 403, 404, 405, 410, 501)
_NO_SERVER = "The address should end in /v1 and belong to vLLM, Ollama, llama.cpp, or a hosted service."


async def _first(work: Any, watch: asyncio.Task) -> None:  # noqa: ANN401
    """Run `work` until it is done, raises, or the watch ends; nothing is left running."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        task.result()


async def _together(jobs: list[Any]) -> None:
    """All jobs at once; the first error cancels the others and is raised as it is."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _is_late(problem: Exception) -> bool:
    return isinstance(problem, TimeoutError | openai.APITimeoutError)


def _address(endpoint: Endpoint) -> dict[str, Any]:
    """Where to ask and with which key; the client would put a query before the path's end."""
    parts = urlsplit(endpoint.url)
    base = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return {"base_url": base, "default_query": dict(parse_qsl(parts.query)), "api_key": endpoint.key or "none"}


def _secrets(endpoint: Endpoint) -> list[str]:
    """What must be shown nowhere: the key, and what the URL holds of user, password and query."""
    parts = urlsplit(endpoint.url)
    user = parts.netloc.rpartition("@")[0]
    basic = base64.b64encode(unquote(user).encode()).decode()
    return [secret for secret in (endpoint.key, user, basic, parts.password, parts.query) if secret]


def _recall(profile: Path) -> Dialect | None:
    try:
        return Dialect(**json.loads(profile.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _remember(profile: Path, dialect: Dialect) -> None:
    try:
        profile.parent.mkdir(parents=True, exist_ok=True)
        beside = profile.with_suffix(f".{threading.get_ident()}.new")
        beside.write_text(json.dumps(asdict(dialect)))
        beside.replace(profile)
    except OSError:  # it will be found out again
        pass


def profile_path(spec: ModelSpec, home: Path) -> Path:
    """Where it is remembered what this server and model will not take."""
    name = hashlib.sha256(f"{spec.options.get('url')}\0{spec.name}".encode()).hexdigest()[:16]
    return home / "servers" / f"{name}.json"


def load(role: str, spec: ModelSpec, settings: Settings) -> OpenAIEndpoint:
    """The endpoint's model. Nothing is sent yet.

    Key, user and query of the settings go to their own server only.
    """
    del role
    endpoint, url = settings.endpoint, str(spec.options.get("url", ""))
    if url and public_url(endpoint.url) != url:
        endpoint = replace(endpoint, url=url, key="" if endpoint.url else endpoint.key)
    return OpenAIEndpoint(spec, endpoint, profile_path(spec, settings.home))


def list_models(endpoint: Endpoint) -> list[str]:
    """The names a server lists, in its order.

    Raises:
        ModelError: nobody answers, the key is wrong, or it is no OpenAI-compatible server.
    """
    spec = ModelSpec("openai_endpoint", "", options={"url": public_url(endpoint.url)})
    if not public_url(endpoint.url).startswith(("http://", "https://")):
        raise ModelError("This is no web address.", "It should look like http://127.0.0.1:8000/v1.")
    asked = OpenAIEndpoint(spec, endpoint, Path())
    try:
        with openai.OpenAI(**_address(endpoint), max_retries=1, timeout=min(endpoint.timeout, 15)) as client:
            return [model.id for model in client.models.list().data]
    except openai.OpenAIError as problem:
        asked._what_passes(problem, 2)
        raise ModelError(f"{asked._url} did not list its models.", _NO_SERVER) from None
    except (AttributeError, TypeError, ValueError):
        raise ModelError(f"{asked._url} does not answer as an OpenAI-compatible server does.", _NO_SERVER) from None
