"""A small OpenAI-compatible server on loopback: the fake back-end's answers by the picture's colour, and bad manners.

with FakeEndpoint() as server:
    server.play = lambda asked: "500" if asked.number == 1 else ""
    ... server.url, server.asked, server.most_in_flight
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from PIL import Image

from engine.models.fake import _ANSWERS, COLOURS

PROSE = "The picture shows a surface that is {}."


@dataclass(frozen=True)
class Asked:
    """One request as it came. `number` counts all from 1, `nth` those of the same question from 1."""

    number: int
    nth: int
    task: str
    payload: dict[str, Any]
    colours: list[str]
    body: dict[str, Any]
    headers: dict[str, str]
    path: str
    at: float  # monotonic seconds


@dataclass
class _Sent:
    """A picture as it arrived, in the fake back-end's eyes."""

    image: Image.Image

    def open(self, shorter: int = 0) -> Image.Image:
        return self.image.convert("RGB")


@dataclass
class FakeEndpoint:
    """The server and how it behaves; everything may be changed while it runs.

    Args:
        refuses: parameters it answers with 400: json_schema, json_object, temperature, seed, max_tokens,
            max_completion_tokens, system.
        key: the only one accepted; empty for any.
        models: names it knows; empty for any.
        seconds: how long each answer takes.
        prose: describe answers without JSON.
        wrap: think or fence around the JSON.
        html: it is a web server of another kind.
        answers: by task, what it says instead of the fake back-end: from the payload, a text or what becomes JSON.
        no_chat: what it answers to chat completions instead of doing them, such as 501.
        play: the fault of one request: a status such as 500, 429:0.2 (Retry-After), drop, hang, malformed, refusal,
            sorry, empty, cut, garbage, error_body, echo_key (400 that repeats the key), 400; empty for none.
    """

    refuses: tuple[str, ...] = ()
    key: str = ""
    models: tuple[str, ...] = ()
    seconds: float = 0.0
    prose: bool = False
    wrap: str = ""
    html: bool = False
    answers: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    no_chat: int = 0
    play: Callable[[Asked], str] = lambda asked: ""
    asked: list[Asked] = field(default_factory=list)
    most_in_flight: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._lock, self._closing, self._in_flight = threading.Lock(), threading.Event(), 0
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"to": self}))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"

    def count(self, task: str) -> int:
        return sum(asked.task == task for asked in self.asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    to: FakeEndpoint
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet: no 40 ms wait for an acknowledgement

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""

    def do_GET(self) -> None:
        if self.to.html:
            self._send(200, "<!doctype html><title>A model railway</title>", "text/html")
        elif self.path.partition("?")[0].endswith("/models"):
            if self.to.key and self.headers["Authorization"] != f"Bearer {self.to.key}":
                self._send(401, _error(f"Incorrect API key provided: {self.headers['Authorization']}"))
                return
            self._send(200, json.dumps({"object": "list", "data": [{"id": name} for name in self.to.models]}))
        else:
            self._send(404, "not here")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.to._lock:
            self.to._in_flight += 1
            self.to.most_in_flight = max(self.to.most_in_flight, self.to._in_flight)
        try:
            self._answer(json.loads(body))
        finally:
            with self.to._lock:
                self.to._in_flight -= 1

    def _answer(self, body: dict[str, Any]) -> None:
        if self.to.html:
            self._send(200, "<!doctype html><title>A model railway</title>", "text/html")
            return
        if self.to.no_chat:
            self._send(self.to.no_chat, "<h1>no</h1>", "text/html")
            return
        if self.to.key and self.headers["Authorization"] != f"Bearer {self.to.key}":
            self._send(401, _error(f"Incorrect API key provided: {self.headers['Authorization']}"))
            return
        if self.to.models and body["model"] not in self.to.models:
            self._send(404, _error(f"The model `{body['model']}` does not exist."))
            return
        if bad := next((what for what in self.to.refuses if _uses(body, what)), None):
            with self.to._lock:
                self.to.refused[bad] += 1
            self._send(400, _error(_COMPLAINTS[bad]))
            return
        asked = self._counted(body)
        time.sleep(self.to.seconds)
        self._play(asked, self.to.play(asked))

    def _counted(self, body: dict[str, Any]) -> Asked:
        payload, pictures = _question(body)
        colours = [_ANSWERS["describe"]({}, [p])["answers"][0]["label"] for p in pictures]  # type: ignore[list-item]
        with self.to._lock:
            same = sum(a.payload == payload and a.colours == colours for a in self.to.asked)
            asked = Asked(
                len(self.to.asked) + 1,
                same + 1,
                payload["task"],
                payload,
                colours,
                body,
                dict(self.headers),
                self.path,
                time.monotonic(),
            )
            self.to.asked.append(asked)
        return asked

    def _play(self, asked: Asked, fault: str) -> None:
        text = _text(self.to, asked)
        if fault == "drop":
            self.close_connection = True
            self.connection.close()
        elif fault == "hang":
            self.to._closing.wait(60)
            self.close_connection = True
        elif fault.startswith("429"):
            self._send(429, _error("Too many requests"), more={"Retry-After": fault.partition(":")[2] or "0.1"})
        elif fault == "echo_key":
            self._send(400, _error(f"What is this? {self.headers['Authorization']}"))
        elif fault.isdigit():
            self._send(int(fault), _error("This picture is not for us." if fault == "400" else "Out of order"))
        elif fault == "garbage":
            self._send(200, "\x00\x01 no JSON at all")
        elif fault == "error_body":
            self._send(200, _error("the upstream is tired"))
        else:
            self._complete(*_bad_text(fault, text))

    def _complete(self, text: str, ended: str, refusal: str | None) -> None:
        message = {"role": "assistant", "content": text or None, "refusal": refusal}
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        self._send(
            200,
            json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": ended}], "usage": usage}),
        )

    def _send(self, status: int, text: str, kind: str = "application/json", more: Any = None) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


_COMPLAINTS = {
    "json_schema": "response_format type json_schema is not supported, use json_object",
    "json_object": "response_format type json_object is not supported",
    "temperature": "Unsupported value: 'temperature' does not support 0 with this model.",
    "seed": "Unknown parameter: seed",
    "max_tokens": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
    "max_completion_tokens": "Unknown parameter: max_completion_tokens",
    "system": "System role not supported",
}


def _uses(body: dict[str, Any], what: str) -> bool:
    if what.startswith("json_"):
        return body.get("response_format", {}).get("type") == what
    return body["messages"][0]["role"] == "system" if what == "system" else what in body


def _question(body: dict[str, Any]) -> tuple[dict[str, Any], list[_Sent]]:
    content = body["messages"][-1]["content"]
    parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    if body["messages"][0]["role"] != "system":
        text = text[text.index('{"task"') :]
    pictures = []
    for part in parts:
        if part["type"] == "image_url":
            data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
            pictures.append(_Sent(Image.open(io.BytesIO(data))))
    return json.loads(text), pictures


def _text(to: FakeEndpoint, asked: Asked) -> str:
    pictures = [_Sent(Image.new("RGB", (8, 8), COLOURS[colour])) for colour in asked.colours]
    own = to.answers.get(asked.task)
    said = own(asked.payload) if own else _ANSWERS[asked.task](asked.payload, pictures)  # type: ignore[arg-type]
    text = said if isinstance(said, str) else json.dumps(said)
    if to.prose and asked.task == "describe":
        return PROSE.format(asked.colours[0])
    if to.wrap == "think":
        return f"<think>Is it {{red}}? Perhaps.</think>\n{text}"
    return f"Here you are:\n```json\n{text}\n```" if to.wrap == "fence" else text


def _bad_text(fault: str, text: str) -> tuple[str, str, str | None]:
    """Text, finish reason and refusal."""
    if fault == "malformed":
        return text[: len(text) // 2], "stop", None
    if fault == "cut":
        return text[: len(text) // 2], "length", None
    if fault == "refusal":
        return "", "stop", "I cannot look at this."
    if fault == "sorry":
        return "I'm sorry, but I can't help with that.", "stop", None
    return ("" if fault == "empty" else text), "stop", None


def _error(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error"}})
