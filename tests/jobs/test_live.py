import fcntl
import json
import socket
import socketserver
import threading
import time
from dataclasses import replace

import pytest

from engine.analyses.clusters import Criterion, Params
from engine.errors import SettingsError
from engine.gallery import load_gallery
from engine.gallery.looking import looks
from engine.jobs import live
from engine.jobs.execute import execute
from engine.settings import Endpoint
from tests.fake_endpoint import FakeEndpoint
from tests.planted import gallery_of, many, paint, submitted


@pytest.fixture
def serving(settings):
    """The live process as a thread; yields its settings, which a test may change."""
    held = {"settings": settings, "end": ""}
    thread = threading.Thread(target=live.serve, args=(lambda: held["settings"], lambda: held["end"]))
    thread.start()
    wait_for(lambda: live.address(settings.home).exists())
    yield held
    held["end"] = "the test is over"
    thread.join(5)
    assert not thread.is_alive()
    assert not live.address(settings.home).exists()


def wait_for(what, seconds=5.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def ask(held, op, wait=4.0, **words):
    """Asked until it is no longer at work, as pages do."""
    end = time.monotonic() + 20
    while (said := live.ask(held["settings"].home, op, wait, **words))["state"] == "working":
        assert time.monotonic() < end
    return said


def connected(held, server, **words):
    end = Endpoint(server.url, "secret", "seer", "talker", **words)
    held["settings"] = replace(held["settings"], models="endpoint", endpoint=end)


def test_nobody_serves(settings):
    said = live.ask(settings.home, "open", path="x", labels="folder")
    assert said["state"] == "away"
    assert said["hint"]


def test_open(serving, tmp_path):
    folder = paint(tmp_path / "pictures")
    said = ask(serving, "open", path=str(folder), labels="folder")
    assert said["state"] == "done"
    gallery = load_gallery(said["fingerprint"], serving["settings"].home)
    assert [p.label for p in gallery.pictures] == ["blue", "blue", "red", "red", "red"]


def test_what_cannot_be_opened(serving, tmp_path):
    said = ask(serving, "open", path=str(tmp_path / "none"), labels="folder")
    assert (said["state"], said["hint"]) == ("failed", "Check the path, and that its drive is mounted.")


def test_try(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"])
    with FakeEndpoint() as server:
        connected(serving, server)
        for _ in range(2):  # asked anew each time, whatever the store knows
            said = ask(serving, "try", gallery=gallery.fingerprint, name="red/1.png", criterion="colour")
            assert (said["state"], said["label"], said["prose"]) == ("done", "red", False)
            assert said["description"] == "A picture that is red."
            assert said["tokens"] == 220  # 110 a question
        assert [asked.task for asked in server.asked] == ["describe", "label"] * 2


def test_try_with_a_model_that_writes_prose(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"])
    with FakeEndpoint(prose=True) as server:
        connected(serving, server)
        said = ask(serving, "try", gallery=gallery.fingerprint, name="blue/1.png", criterion="colour")
    assert (said["label"], said["prose"]) == ("blue", True)


def test_try_finds_out_anew_what_the_server_takes(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"])
    with FakeEndpoint(refuses=("seed",)) as server:
        connected(serving, server)
        for times in (1, 2):
            ask(serving, "try", gallery=gallery.fingerprint, name="red/1.png", criterion="colour")
            assert server.refused["seed"] == 2 * times


def test_what_cannot_be_tried(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"])
    with FakeEndpoint(play=lambda asked: "sorry") as server:
        connected(serving, server)
        said = ask(serving, "try", gallery=gallery.fingerprint, name="red/1.png", criterion="colour")
        assert (said["state"], said["error"]) == ("failed", "seer (openai_endpoint): the model refused.")
        said = ask(serving, "try", gallery=gallery.fingerprint, name="none.png", criterion="colour")
        assert "no such picture" in said["error"]
    said = ask(serving, "try", gallery="0" * 32, name="red/1.png", criterion="colour")
    assert "not known here" in said["error"]


def test_list_models(serving):
    with FakeEndpoint(models=("b", "a"), key="secret") as server:
        connected(serving, server)
        assert ask(serving, "list_models", url=server.url) == {"state": "done", "models": ["b", "a"]}
        server.key = "another"
        said = ask(serving, "list_models", url=server.url)
    assert said["state"] == "failed"
    assert "secret" not in str(said)


def test_addresses_that_are_none(serving):
    for url in ("", "nonsense", "http://h:99999/v1"):
        assert ask(serving, "list_models", url=url)["error"] == "This is no web address."


def test_unknown_operations_and_wrong_words(serving):
    assert "no operation 'dance'" in ask(serving, "dance")["error"]
    assert "wrong words" in ask(serving, "open", folder="x")["error"]


@pytest.mark.parametrize(
    "line", [b"\n", b"{}\n", b"[]\n", b'{"op": "open"}\n', b"\xff\n", b'{"op": [], "words": {}, "wait": 1}\n']
)
def test_what_is_no_request(serving, line):
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(live.address(serving["settings"].home)))
        caller.sendall(line)
        said = json.loads(caller.makefile("rb").readline())
    assert (said["state"], said["error"]) == ("failed", "That was no request.")


def test_slow_things_are_waited_for_by_asking_again(serving, monkeypatch):
    go_on = threading.Event()
    calls = []

    def slow(settings, job, name):
        calls.append(name)
        job.count(3, 10)
        assert go_on.wait(10)
        return {"said": name}

    monkeypatch.setitem(live.OPERATIONS, "slow", slow)
    home = serving["settings"].home
    began = time.monotonic()
    said = live.ask(home, "slow", 0.1, name="x")
    assert said in (
        {"state": "working", "step": "", "done": 3, "total": 10},
        {"state": "working", "step": "", "done": 0, "total": 0},
    )
    assert time.monotonic() - began < 5
    assert live.ask(home, "slow", 0.1, name="x") == {"state": "working", "step": "", "done": 3, "total": 10}
    go_on.set()
    assert ask(serving, "slow", name="x") == {"state": "done", "said": "x"}
    assert calls == ["x"]


def test_a_bug_is_said_and_survived(serving, monkeypatch):
    def broken(settings, job):
        raise SettingsError("known") if serving.get("known") else ZeroDivisionError

    monkeypatch.setitem(live.OPERATIONS, "broken", broken)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # it goes to the log
    said = ask(serving, "broken")
    assert (said["state"], said["error"]) == ("failed", "An error in the program.")
    serving["known"] = True
    assert ask(serving, "broken")["error"] == "known"


def test_a_socket_that_is_there_is_listened_to(settings, monkeypatch):
    begin = socketserver.UnixStreamServer.server_activate
    monkeypatch.setattr(socketserver.UnixStreamServer, "server_activate", lambda self: (time.sleep(0.5), begin(self)))
    end = [""]
    thread = threading.Thread(target=live.serve, args=(lambda: settings, lambda: end[0]))
    thread.start()
    wait_for(lambda: live.address(settings.home).exists())
    said = live.ask(settings.home, "dance")
    end[0] = "over"
    thread.join(5)
    assert "no operation" in said["error"]


def test_the_socket_is_for_its_owner(serving):
    assert live.address(serving["settings"].home).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["x" * 120, "漢" * 40])  # 120 bytes both
def test_a_long_workspace_gets_a_short_socket(settings, tmp_path_factory, name):
    short = tmp_path_factory.mktemp("s")
    home = short / name
    home.mkdir()
    assert len(str(live.address(home)).encode()) < 108
    assert live.address(home) == live.address(home) != live.address(short / f"{name}x")
    end = [""]
    thread = threading.Thread(target=live.serve, args=(lambda: replace(settings, home=home), lambda: end[0]))
    thread.start()
    wait_for(lambda: live.address(home).exists())
    assert "no operation" in live.ask(home, "dance")["error"]
    end[0] = "over"
    thread.join(5)


@pytest.mark.timeout(120)
def test_looks_are_made_by_a_process_of_its_own(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"])
    said = ask(serving, "prepare", gallery=gallery.fingerprint, what="looks")
    assert said == {"state": "done"}
    assert looks(gallery.pictures, serving["settings"].home).known.all()
    assert ask(serving, "prepare", gallery=gallery.fingerprint, what="nonsense")["state"] == "failed"
    assert "not known here" in ask(serving, "prepare", gallery="0" * 32, what="looks")["error"]


@pytest.mark.timeout(120)
def test_what_is_prepared_can_be_stopped(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"])
    with (serving["settings"].home / "looking.lock").open("a") as lock:  # somebody else looks at pictures
        fcntl.flock(lock, fcntl.LOCK_EX)
        home, one = serving["settings"].home, gallery.fingerprint
        wait_for(lambda: "waiting" in live.ask(home, "prepare", 0.1, gallery=one, what="looks").get("step", ""), 60)
        assert live.ask(home, "stop", gallery=one, what="looks") == {"state": "done"}
        assert ask(serving, "prepare", gallery=one, what="looks")["state"] == "failed"


def test_a_search_that_cannot_be_answered_says_why(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"])
    said = ask(serving, "search", gallery=gallery.fingerprint, words="a dog", picture="")
    assert said["state"] == "failed"
    assert "Nothing is known yet" in said["error"]


def test_split(serving, tmp_path):
    gallery = gallery_of(tmp_path, serving["settings"], many(12))
    run = submitted(gallery, serving["settings"], Params(Criterion("colour"), "2"))
    with run.hold():
        assert execute(run, serving["settings"]).state == "done"
    said = ask(serving, "split", run=run.id, cluster="green", k="")
    assert (said["state"], said["by"]) == ("done", "fake (fake)")
    assert said["parts"] == {"green": ["green"], "red": ["red"], "yellow": ["yellow"]}
    assert "no cluster 'pink'" in ask(serving, "split", run=run.id, cluster="pink", k="2")["error"]
