import functools
import json
import socket
import ssl
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import ModelError, Stopped
from engine.gallery import Unreadable
from engine.models import load, openai_endpoint
from engine.models.openai_endpoint import OpenAIEndpoint, list_models, profile_path
from engine.models.openai_format import Dialect
from engine.models.profiles import specs
from engine.models.roles import Reply, Request
from engine.prompts import instructions
from engine.settings import Endpoint, Settings
from engine.steps.tasks import DESCRIBE, LABEL
from tests.fake_endpoint import FakeEndpoint

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server():
    with FakeEndpoint() as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def _certificates_once():
    """Each client reads all certificates of this machine, 0.1 s; here they are read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture
def quick(monkeypatch):
    """No waiting between two tries."""
    monkeypatch.setattr(openai_endpoint, "_LONGEST_WAIT", 0.02)


def settings_for(url, home, **words) -> Settings:
    return Settings(home, endpoint=Endpoint(url, KEY, "seer", "talker", **words))


def model(server, home, role="chat", sure=True, **words) -> OpenAIEndpoint:
    """One endpoint's model; `sure` skips finding out what the server takes."""
    settings = settings_for(server if isinstance(server, str) else server.url, home, **words)
    spec = specs("endpoint", settings)[role]
    if sure:
        path = profile_path(spec, home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return load(role, spec, settings)


def asking(*texts) -> list[Request]:
    """One label question a text; the fake answers its last word."""
    told = instructions("label")
    return [Request("label", told, {"items": [{"item": 0, "text": text}]}, LABEL.schema) for text in texts]


def numbered(n) -> list[Request]:
    return asking(*(f"number {i}" for i in range(n)))


def label(reply: Reply) -> str:
    return json.loads(reply.text)["answers"][0]["label"] if reply.text else reply.failure


def replies(asked, requests, check=lambda: None) -> dict[int, str]:
    came = list(asked.ask(requests, check))
    found = {i: label(reply) for i, reply in came}
    assert len(found) == len(came)
    return found


def text_of(asked) -> str:
    return asked.payload["items"][0]["text"]


def fails(asked, requests) -> ModelError:
    """The error it ends with, long before all time-outs and patience are used up."""
    began = time.monotonic()
    with pytest.raises(ModelError) as said:
        list(asked.ask(requests, lambda: None))
    assert time.monotonic() - began < 20
    assert said.value.hint
    assert KEY not in f"{said.value} {said.value!r} {said.value.__cause__}"
    return said.value


class Shown:
    hash, path = "0" * 64, Path("x.png")

    def __init__(self, colour="red") -> None:
        self.colour = colour

    def open(self, shorter: int = 0) -> Image.Image:
        if self.colour == "broken":
            raise Unreadable("x.png", "cut off")
        return Image.new("RGB", (32, 32), self.colour)


# Plain sailing


def test_pictures_and_texts(server, tmp_path):
    request = Request("describe", instructions("describe"), {"criterion": "colour"}, DESCRIBE.schema, [Shown("blue")])
    ((at, reply),) = model(server, tmp_path, "vision").describe([request], lambda: None)
    assert (at, label(reply)) == (0, "blue")
    assert (reply.tokens_in, reply.tokens_out) == (100, 10)
    assert replies(model(server, tmp_path), asking("is red", "is green")) == {0: "red", 1: "green"}
    assert [asked.body["model"] for asked in server.asked] == ["seer", "talker", "talker"]
    assert f"Bearer {KEY}" in server.asked[0].headers.values()
    assert replies(model(server, tmp_path), []) == {}


def test_replies_come_as_they_are_ready(server, tmp_path):
    """The first is held back until all others were handed on."""
    others_done = threading.Event()

    def play(asked):
        if text_of(asked) == "number 0":
            assert others_done.wait(10)
        return ""

    server.play = play
    order = []
    for i, reply in model(server, tmp_path).ask(numbered(12), lambda: None):
        order.append(i)
        assert label(reply) == str(i)
        if len(order) == 11:
            others_done.set()
    assert order[-1] == 0
    assert sorted(order) == list(range(12))


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_concurrency_is_used_and_bounded(server, tmp_path, concurrency):
    server.seconds = 0.05
    n = 3 * concurrency
    assert len(replies(model(server, tmp_path, concurrency=concurrency), numbered(n))) == n
    assert server.most_in_flight <= concurrency
    assert server.most_in_flight >= concurrency * 2 // 3


def test_an_unknown_server_is_asked_one_thing_first(server, tmp_path):
    in_flight_at_first = []
    server.play = lambda asked: (in_flight_at_first.append(server._in_flight) if asked.number == 1 else None) or ""
    server.seconds = 0.1
    assert len(replies(model(server, tmp_path, sure=False), numbered(9))) == 9
    first, *others = server.asked
    assert in_flight_at_first == [1]
    assert min(o.at for o in others) - first.at >= 0.1


def test_a_picture_that_cannot_be_read_is_one_failure(server, tmp_path):
    requests = [
        Request("describe", "JSON", {"criterion": "colour"}, DESCRIBE.schema, [Shown(colour)])
        for colour in ("red", "broken", "blue")
    ]
    found = dict(model(server, tmp_path, "vision", sure=False).describe(requests, lambda: None))
    assert [label(found[0]), label(found[2])] == ["red", "blue"]
    assert found[1] == Reply(failure="x.png cannot be read: cut off")
    assert len(server.asked) == 2


# What a server will not take


@pytest.mark.parametrize(
    "refuses",
    [
        ("json_schema",),
        ("json_schema", "json_object"),
        ("temperature",),
        ("seed",),
        ("max_tokens",),
        ("max_tokens", "max_completion_tokens"),
        ("system",),
        ("json_schema", "json_object", "temperature", "seed", "max_tokens", "max_completion_tokens", "system"),
    ],
)
def test_what_a_server_refuses_is_found_out_once_and_remembered(server, tmp_path, refuses):
    server.refuses = refuses
    assert replies(model(server, tmp_path, sure=False), numbered(10)) == {i: str(i) for i in range(10)}
    assert server.refused == dict.fromkeys(refuses, 1)
    assert replies(model(server, tmp_path, sure=False), numbered(10)) == {i: str(i) for i in range(10)}
    assert server.refused == dict.fromkeys(refuses, 1)  # another process knows


def test_another_model_of_the_server_is_another_matter(server, tmp_path):
    server.refuses = ("seed",)
    replies(model(server, tmp_path, sure=False), numbered(1))
    request = Request("describe", "JSON", {"criterion": "colour"}, DESCRIBE.schema, [Shown()])
    list(model(server, tmp_path, "vision", sure=False).describe([request], lambda: None))
    assert server.refused == {"seed": 2}


def test_what_is_found_out_late_is_remembered_too(server, tmp_path):
    asked = model(server, tmp_path, sure=False)
    replies(asked, numbered(2))
    server.refuses = ("max_tokens",)  # such as for the one question that needs many
    replies(asked, asking("b"))
    replies(model(server, tmp_path, sure=False), asking("c"))
    assert server.refused == {"max_tokens": 1}


def test_a_damaged_profile_is_found_out_again(server, tmp_path):
    server.refuses = ("seed",)
    asked = model(server, tmp_path, sure=False)
    path = profile_path(asked.spec, tmp_path)
    path.parent.mkdir()
    for junk in ("", "{", "[1]", '{"mood": 1}'):
        path.write_text(junk)
        assert replies(model(server, tmp_path, sure=False), numbered(2)) == {0: "0", 1: "1"}
        assert json.loads(path.read_text())["seed"] is False


def test_422_is_like_400(server, tmp_path):
    server.play = lambda asked: "422" if text_of(asked) == "number 1" else ""
    assert replies(model(server, tmp_path), numbered(3)) == {
        0: "0",
        1: "the server refused the question: Error code: 422 - Out of order",
        2: "2",
    }


def test_a_400_about_one_question_is_that_ones_failure(server, tmp_path):
    server.play = lambda asked: "400" if text_of(asked) == "number 0" else ""
    found = replies(model(server, tmp_path, sure=False), numbered(4))
    assert "This picture is not for us." in found.pop(0)
    assert found == {1: "1", 2: "2", 3: "3"}
    assert len(server.asked) == 4


# What passes


@pytest.mark.parametrize("fault", ["500", "502", "503", "529", "408", "drop", "429:0.01"])
def test_what_passes_is_asked_again(server, tmp_path, quick, fault):
    server.play = lambda asked: fault if asked.nth <= 2 else ""
    asked = model(server, tmp_path)
    asked._answered = 1  # as in the middle of a run; before any answer two drops mean that nobody is there
    assert replies(asked, numbered(6)) == {i: str(i) for i in range(6)}
    assert len(server.asked) == 18


@pytest.mark.parametrize("fault", ["garbage", "error_body"])
def test_a_gateway_that_stumbles_is_asked_again(server, tmp_path, quick, fault):
    server.play = lambda asked: fault if asked.number > 1 and asked.nth == 1 else ""
    assert replies(model(server, tmp_path, sure=False), numbered(6)) == {i: str(i) for i in range(6)}
    assert len(server.asked) == 11


def test_what_never_passes_is_a_failure_with_its_reason(server, tmp_path, quick):
    server.play = lambda asked: "500" if text_of(asked) == "number 1" else ""
    asked = model(server, tmp_path, sure=False)
    assert replies(asked, numbered(3)) == {0: "0", 1: "the server failed (500), 6 times", 2: "2"}
    assert len(server.asked) == 2 + 6


def test_retry_after_holds_everything_back(server, tmp_path):
    server.play = lambda asked: "429:0.6" if asked.number == 1 else ""
    assert replies(model(server, tmp_path, sure=False), numbered(5)) == {i: str(i) for i in range(5)}
    first, second, *_ = server.asked
    assert 0.6 <= second.at - first.at < 2
    assert len(server.asked) == 6


def test_retry_after_that_is_no_number(server, tmp_path, monkeypatch):
    monkeypatch.setattr(openai_endpoint.random, "uniform", lambda a, b: a)
    server.play = lambda asked: "429:Wed, 21 Oct 2015 07:28:00 GMT" if asked.number == 1 else ""
    assert replies(model(server, tmp_path), numbered(1)) == {0: "0"}
    assert server.asked[1].at - server.asked[0].at >= 0.9  # a second, unless told otherwise


def test_a_server_that_only_says_later(server, tmp_path, monkeypatch):
    monkeypatch.setattr(openai_endpoint, "_PATIENCE", 0.5)
    server.play = lambda asked: "429:0.05"
    said = fails(model(server, tmp_path), numbered(3))
    assert "too many requests" in said.message
    assert "VITRINE_CONCURRENCY" in said.hint


def test_a_quota_that_is_used_up_ends_at_once(server, tmp_path, monkeypatch):
    import tests.fake_endpoint as fake

    monkeypatch.setattr(fake, "_error", lambda message: '{"error": {"code": "insufficient_quota"}}')
    server.play = lambda asked: "429:9"
    assert "quota" in fails(model(server, tmp_path), numbered(3)).message


def test_the_time_out_holds(server, tmp_path, quick):
    server.play = lambda asked: "hang" if text_of(asked) == "number 1" and asked.nth == 1 else ""
    asked = model(server, tmp_path, timeout=1.0)
    began = time.monotonic()
    assert replies(asked, numbered(3)) == {0: "0", 1: "1", 2: "2"}
    assert 1 <= time.monotonic() - began < 10


def test_a_trickling_server_is_late_too(tmp_path, quick, monkeypatch):
    """One byte every 0.1 s never trips the client's own time-out, which counts from byte to byte."""
    monkeypatch.setattr(openai_endpoint, "_TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle():
            line, _ = listener.accept()
            with line:
                line.recv(1 << 16)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(50):
                    try:
                        line.sendall(b" ")
                    except OSError:
                        return
                    time.sleep(0.1)

        threading.Thread(target=trickle, daemon=True).start()
        asked = model(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", tmp_path, timeout=0.4)
        began = time.monotonic()
        assert replies(asked, numbered(1)) == {0: "no answer within 0.4 s, 1 times"}
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("fault", ["500", "hang"])
def test_a_server_that_answers_nothing_is_given_up(server, tmp_path, quick, fault):
    server.play = lambda asked: fault
    said = fails(model(server, tmp_path, timeout=0.3, concurrency=4), numbered(200))
    assert "none" in said.message
    # Four questions are open when the eighth is given up; each was tried six times at most.
    assert len({asked.payload["items"][0]["text"] for asked in server.asked}) <= openai_endpoint._IN_VAIN + 4 - 1


# What cannot be used at all


def test_a_wrong_key(server, tmp_path):
    server.key = "another"
    said = fails(model(server, tmp_path), numbered(9))
    assert "does not accept the key" in said.message
    assert "VITRINE_ENDPOINT_KEY" in said.hint


def test_an_unknown_model(server, tmp_path):
    server.models = ("seer",)
    said = fails(model(server, tmp_path), numbered(9))
    assert said.message == f"{server.url} has no model named 'talker'."


def test_nobody_listens(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    said = fails(model(url, tmp_path), numbered(9))
    assert said.message == f"Nobody answers at {url}."
    assert "Start the server" in said.hint


@pytest.mark.parametrize("status", [403, 404, 405, 410, 501])
def test_a_server_without_chat_completions(server, tmp_path, status):
    server.no_chat = status
    assert server.url in fails(model(server, tmp_path), numbered(9)).message


def test_a_web_server_of_another_kind(server, tmp_path):
    server.html = True
    said = fails(model(server, tmp_path), numbered(9))
    assert "does not answer as an OpenAI-compatible server" in said.message
    assert "/v1" in said.hint


def test_a_server_that_goes_away_in_the_middle(tmp_path, quick, monkeypatch):
    monkeypatch.setattr(openai_endpoint, "_TRIES", 3)
    with FakeEndpoint(seconds=0.02) as server:
        asked = model(server, tmp_path, concurrency=2)
        found = {}
        for i, reply in asked.ask(numbered(8), lambda: None):
            found[i] = label(reply)
            if len(found) == 2:
                server.__exit__()
                server.play = lambda asked: "drop"
    assert len(found) == 8
    assert {v for i, v in found.items() if v != str(i)} == {"the connection was lost, 3 times"}


# Stopping


@pytest.mark.parametrize("fault", ["hang", "429:30"])
def test_stopped_ends_soon_and_hands_on_what_landed(server, tmp_path, fault):
    server.play = lambda asked: fault if asked.number > 10 else ""
    stop_at = [float("inf")]

    def check():
        if time.monotonic() > stop_at[0]:
            raise Stopped

    found = []
    came = model(server, tmp_path, concurrency=4).ask(numbered(50), check)
    for _ in range(10):
        found.append(next(came)[0])
    stop_at[0] = began = time.monotonic()
    with pytest.raises(Stopped):
        next(came)
    assert time.monotonic() - began < 6
    asked = len(server.asked)
    time.sleep(0.3)
    assert len(server.asked) == asked  # and nothing is asked any more


def test_what_is_in_flight_at_a_stop_lands(server, tmp_path):
    server.seconds = 0.5

    def check():
        if len(server.asked) >= 5:
            raise Stopped

    came = model(server, tmp_path, concurrency=5).ask(numbered(50), check)
    assert sorted(next(came)[0] for _ in range(5)) == [0, 1, 2, 3, 4]
    with pytest.raises(Stopped):
        next(came)
    assert len(server.asked) == 5


def test_stopped_before_anything_is_asked(server, tmp_path):
    def check():
        raise Stopped

    server.play = lambda asked: "hang"
    began = time.monotonic()
    with pytest.raises(Stopped):
        list(model(server, tmp_path, sure=False).ask(numbered(50), check))
    assert time.monotonic() - began < 6
    assert len(server.asked) <= 1


# Addresses and keys


def test_user_and_query_of_the_address_are_used_and_never_shown(server, tmp_path):
    url = f"http://ann:pass-word@{server.host}/v1?api-version=7&tenant=x"
    asked = model(url, tmp_path, sure=False)
    assert replies(asked, numbered(2)) == {0: "0", 1: "1"}
    assert server.asked[0].path == "/v1/chat/completions?api-version=7&tenant=x"
    assert asked.spec.options == {"url": server.url}
    server.no_chat = 501
    said = fails(model(url, tmp_path), numbered(1))
    assert "pass-word" not in f"{said}{said.__cause__}"
    assert_nowhere(tmp_path, "pass-word", "api-version")


def test_a_server_that_repeats_the_key(server, tmp_path):
    server.play = lambda asked: "echo_key"
    ((_, reply),) = model(server, tmp_path).ask(numbered(1), lambda: None)
    assert "What is this?" in reply.failure
    assert KEY not in reply.failure


def assert_nowhere(home, *secrets):
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in data, path


# Listing models


def endpoint(server, **words) -> Any:
    return replace(Endpoint(server.url, KEY), **words)


def test_models_are_listed_in_the_servers_order(server):
    server.models = ("zebra", "ant")
    assert list_models(endpoint(server)) == ["zebra", "ant"]
    assert list_models(Endpoint(f"{server.url}?api-version=1", KEY)) == ["zebra", "ant"]


def test_lists_that_cannot_be_had(server):
    server.key = "another"
    with pytest.raises(ModelError, match="does not accept the key") as said:
        list_models(endpoint(server))
    assert KEY not in str(said.value)
    server.html = True
    with pytest.raises(ModelError, match="OpenAI-compatible"):
        list_models(endpoint(server))


@pytest.mark.parametrize("url", ["", "no address", "ftp://h/v1", "http://", "http://h:99999/v1", "ann:pw@h/v1"])
def test_addresses_that_are_none(url):
    with pytest.raises(ModelError) as said:
        list_models(Endpoint(url, KEY))
    assert "pw" not in str(said.value)
    assert said.value.hint


def test_the_profile_is_named_by_server_and_model(tmp_path):
    one = specs("endpoint", settings_for("http://h/v1", tmp_path))["chat"]
    paths = {
        profile_path(one, tmp_path),
        profile_path(replace(one, name="other"), tmp_path),
        profile_path(replace(one, options={"url": "http://other/v1"}), tmp_path),
    }
    assert len(paths) == 3
    assert Dialect().schema == "json_schema"
