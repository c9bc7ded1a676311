"""Killed, stopped, out of money, asked twice at once, out of room: what was paid for is kept, the result the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from engine.store.runs import Status
from tests.acceptance.programs import (
    CONCURRENCY,
    OBJECT,
    ROOT,
    children,
    ended,
    is_alive,
    kill,
    result,
    wait_for,
)

pytestmark = pytest.mark.shared

LATENCY = ("--latency-ms", "100")
PRICES = "[prices]\ninput_per_million = 1.0\noutput_per_million = 3.0\n"


@pytest.fixture
def worker():
    """Starts a worker; none outlives its test."""
    started = []

    def start(home):
        started.append(home.start("work"))
        return started[-1]

    yield start
    for program in started:
        kill(program)
        for pipe in (program.stdout, program.stderr):
            pipe.close()


@pytest.mark.slow
def test_a_worker_killed_ten_times(serve, place, worker, undisturbed):
    endpoint = serve(*LATENCY)
    home = place(endpoint)
    run, running = home.submit(sample=300), worker(home)
    # Ten instants: before the first question, all through the 300 descriptions, among the 8 language questions.
    draw, kills = random.Random(5), 0
    for at in (0, 5, 30, 70, 110, 160, 200, 250, 299, 303):
        endpoint.until(at)
        time.sleep(draw.uniform(0, 0.15))
        assert run.status.state in ("queued", "running"), "it was still at work"
        kill(running)
        kills += 1
        running = worker(home)
    wait_for(lambda: run.status.state not in ("queued", "running"), 120)
    assert run.status.state == "done", run.status.error
    assert endpoint.stats["repeated"] <= kills * CONCURRENCY
    assert endpoint.stats["distinct"] == 308, "nothing else was asked than in an undisturbed run"
    assert result(run.path) == result(undisturbed(300))


@pytest.mark.slow
def test_an_app_killed_once(serve, place, undisturbed, app):
    endpoint = serve(*LATENCY)
    home = place(endpoint)
    first = app(home)
    run = home.submit(sample=300)
    endpoint.until(100)
    started = children(first.pid)
    kill(first)
    assert any(words.endswith("engine work") for words in started.values())
    wait_for(lambda: not any(map(is_alive, started)), 10)
    assert run.status.state in ("queued", "running")
    asked = endpoint.stats["distinct"]
    assert asked < 300

    app(home)
    wait_for(lambda: run.status.state not in ("queued", "running"), 120)
    assert run.status.state == "done", run.status.error
    assert endpoint.stats["repeated"] <= CONCURRENCY
    assert result(run.path) == result(undisturbed(300))


@pytest.mark.slow
def test_a_worker_that_the_app_lost_is_started_again_and_the_app_ends_with_both(place, app):
    home = place("http://127.0.0.1:9/v1")
    program = app(home)
    (worker,) = [pid for pid, words in children(program.pid).items() if words.endswith("engine work")]
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: set(children(program.pid)) - {worker} and len(working(program)) == 1, 20)
    both = children(program.pid)
    program.terminate()
    wait_for(lambda: not any(map(is_alive, both)), 20)


@pytest.mark.slow
def test_two_live_processes_in_one_workspace(place):
    """The second waits for the first, whose socket it must neither take nor remove."""
    from engine.jobs import live

    home = place("http://127.0.0.1:9/v1")
    first, second = home.start("live"), None
    try:
        wait_for(lambda: answers(live, home), 20)
        second = home.start("live")
        time.sleep(3)
        assert second.poll() is None
        second.terminate()
        second.wait(20)
        assert answers(live, home), "the first is still heard"
        second = home.start("live")
        time.sleep(3)
        kill(first)
        wait_for(lambda: answers(live, home), 20)
    finally:
        for program in (first, second):
            if program:
                kill(program)


@pytest.mark.slow
@pytest.mark.parametrize("latency", ["100", "1500"])
def test_a_run_stops_within_two_seconds_and_goes_on(serve, place, worker, undisturbed, latency):
    endpoint = serve("--latency-ms", latency)
    home = place(endpoint)
    run, running = home.submit(sample=100), worker(home)
    endpoint.until(9 if latency == "1500" else 33)
    run.stop()
    assert wait_for(lambda: run.status.state == "stopped") < 2
    paid = run.status.asked["describe"]
    assert paid >= 9
    assert paid <= endpoint.asked[0] < 100
    kill(running)
    if latency == "1500":  # slow enough, and the same again
        return
    again = worker(home)
    time.sleep(1)
    assert run.status.state == "stopped", "it stays so until somebody wants it"
    home.submit(sample=100)
    wait_for(lambda: run.status.state not in ("queued", "running"))
    assert again.poll() is None
    assert run.status.state == "done", run.status.error
    assert endpoint.stats["repeated"] <= CONCURRENCY
    assert result(run.path) == result(undisturbed(100))


@pytest.mark.slow
def test_a_budget_stops_and_goes_on_when_raised(serve, place, undisturbed, tmp_path):
    endpoint, out = serve(*LATENCY), tmp_path / "out"
    free = place(endpoint, "free")
    prices(free)
    clean = status(free.inside("clusters", *OBJECT, *SAMPLE, "--json").worked())
    before = endpoint.asked
    assert sum(clean.asked.values()) == sum(before)
    assert clean.money
    assert clean.money == pytest.approx((clean.tokens_in + 3 * clean.tokens_out) / 1e6)

    home = place(serve(*LATENCY))
    prices(home)
    half = round(clean.money / 2, 6)
    said = home.vitrine("clusters", *OBJECT, *SAMPLE, "--budget", half)
    assert said.code == 130
    assert "The budget of" in said.complaint
    assert "Raise it and run again" in said.complaint
    stopped = only(home).status
    assert stopped.money
    one = clean.money / 300  # a describe question's price, or a little more
    assert half <= stopped.money <= half + 2 * CONCURRENCY * one

    said = home.inside("clusters", *OBJECT, *SAMPLE, "--budget", half)
    assert said.code == 130, "the same budget is still spent"

    spent = status(home.inside("clusters", *OBJECT, *SAMPLE, "--budget", 10, "--json", "--out", out).worked())
    assert result(out) == result(undisturbed(300))
    assert spent.money
    assert sum(spent.asked.values()) <= sum(clean.asked.values()) + CONCURRENCY
    assert clean.money <= spent.money <= clean.money + CONCURRENCY * one


def test_a_budget_without_prices_is_refused(serve, place):
    endpoint = serve()
    said = place(endpoint).inside("clusters", *OBJECT, "--k", "10", "--sample", 20, "--budget", "0.5")
    assert said.code in (1, 2)
    assert "price" in said.complaint
    assert endpoint.stats["tasks"] == {}


@pytest.mark.slow
@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_command_line_interrupted(serve, place, undisturbed, tmp_path, word):
    endpoint, out = serve(*LATENCY), tmp_path / "out"
    home = place(endpoint)
    program = home.start("clusters", *OBJECT, *SAMPLE)
    endpoint.until(60, program)
    program.send_signal(word)
    began = time.monotonic()
    said = ended(program)
    assert time.monotonic() - began < 15
    assert said.code == 130
    assert said.complaint.startswith("vitrine: Stopped.")
    home.inside("clusters", *OBJECT, *SAMPLE, "--out", out).worked()
    assert endpoint.stats["repeated"] <= CONCURRENCY
    assert result(out) == result(undisturbed(300))


@pytest.mark.slow
def test_a_command_line_killed(serve, place, undisturbed, tmp_path):
    endpoint, out = serve(*LATENCY), tmp_path / "out"
    home = place(endpoint)
    program = home.start("clusters", *OBJECT, *SAMPLE)
    endpoint.until(60, program)
    kill(program)
    home.inside("clusters", *OBJECT, *SAMPLE, "--out", out).worked()
    assert endpoint.stats["repeated"] <= CONCURRENCY
    assert result(out) == result(undisturbed(300))


@pytest.mark.slow
def test_two_command_lines_ask_the_same_thing(serve, place, undisturbed, tmp_path):
    endpoint = serve(*LATENCY)
    home = place(endpoint)
    ask = ["clusters", *OBJECT, *SAMPLE]
    both = [home.start(*ask, "--out", tmp_path / str(i)) for i in range(2)]
    said = [ended(program).worked() for program in both]
    assert sum("waiting for it" in one.err for one in said) == 1
    assert sum("describing" in one.err for one in said) == 1
    assert endpoint.stats["repeated"] == 0
    assert [result(tmp_path / str(i)) for i in range(2)] == [result(undisturbed(300))] * 2


@pytest.mark.slow
def test_what_somebody_stopped_is_not_begun_again_by_who_waited(serve, place, worker):
    endpoint = serve("--latency-ms", "1000")  # ten seconds for 300 pictures
    home = place(endpoint)
    run = home.submit(sample=300)
    worker(home)
    endpoint.until(1)
    waiting = home.start("clusters", *OBJECT, *SAMPLE)
    assert waiting.stderr
    assert "waiting for it" in waiting.stderr.readline()
    run.stop()
    said = ended(waiting)
    assert said.code == 130
    assert said.complaint.startswith("vitrine: Stopped.")
    assert endpoint.stats["distinct"] < 300


@pytest.mark.slow
def test_runs_over_the_same_pictures_at_once(serve, place, whole, undisturbed, tmp_path):
    """In a workspace that none of them has made yet."""
    endpoint = serve()
    home = place(endpoint)
    few = ["--sample", 100, "--seed", 1]
    asks = [("10", "10"), ("5", "5"), ("auto", "auto")]
    all_ = [home.start("clusters", *OBJECT, "--k", k, *few, "--out", tmp_path / name) for k, name in asks]
    for program in all_:
        ended(program).worked()
    assert result(tmp_path / "10") == result(undisturbed(100))
    _, quiet, _, _ = whole
    for k, name in asks[1:]:
        quiet.inside("clusters", *OBJECT, "--k", k, *few, "--out", tmp_path / f"quiet{name}").worked()
        assert result(tmp_path / name) == result(tmp_path / f"quiet{name}")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own where the workspace lies."""
    folder = tmp_path / "home"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a full disk was not tested: only root may mount one here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # see the next test
def test_a_full_disk(serve, place, undisturbed, small_disk, tmp_path):
    endpoint, out = serve(), tmp_path / "out"
    home = place(endpoint)
    ask = ["clusters", *OBJECT, "--k", "10", "--sample", 100, "--seed", 1, "--out", out]
    # From no room at all, over too little for the answers, to just too little for the result.
    for room in (0, 20, 100, 200, 300, 400):
        fill(small_disk, room)
        said = home.inside(*ask)
        if said.code == 0:
            assert room >= 300
            break
        assert said.code == 1, said.err
        assert "full" in said.complaint or "No space left" in said.complaint
        assert "Make room on the disk" in said.complaint or "free space" in said.complaint
    assert endpoint.asked[0] > 0, "some answers were asked for and could not be kept"
    fill(small_disk)
    home.inside(*ask).worked()
    assert result(out) == result(undisturbed(100))


@pytest.mark.slow
def test_a_full_disk_is_one_line(serve, place, small_disk):
    home = place(serve())
    home.inside("clusters", *OBJECT, "--k", "10", "--sample", 20).worked()
    fill(small_disk, 150)
    said = home.vitrine("clusters", *OBJECT, "--k", "10", "--sample", 300)
    assert said.code == 1
    assert "Make room on the disk" in said.complaint


@pytest.mark.slow
def test_a_worker_on_a_full_disk_asks_nothing_in_vain_and_goes_on(serve, place, worker, undisturbed, small_disk):
    endpoint = serve()
    home = place(endpoint)
    run = home.submit(sample=100)
    fill(small_disk, 200)
    running = worker(home)
    endpoint.until(5)
    time.sleep(3)
    before = endpoint.stats["tasks"]
    time.sleep(2)
    assert endpoint.stats["tasks"] == before, "it asks nothing while it can keep nothing"
    assert running.poll() is None
    fill(small_disk)
    wait_for(lambda: run.status.state == "done")
    assert endpoint.stats["repeated"] <= 3 * CONCURRENCY
    assert result(run.path) == result(undisturbed(100))


def fill(disk, room=None):
    """Leave so many KiB of room; all of it by default."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    if room is not None:
        left = os.statvfs(disk)
        ballast.write_bytes(bytes(max(0, left.f_bavail * left.f_frsize - room * 1024)))


@pytest.fixture
def app(tmp_path):
    """Starts the app on a free port; it and what it started end with the test."""
    started, left = [], set()

    def start(home):
        home.home.mkdir(exist_ok=True)
        with (tmp_path / "app.log").open("ab") as log:
            words = ["-m", "streamlit", "run", "app.py", "--server.port", str(free_port())]
            program = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=home.environ, stdout=log, stderr=log)
        started.append(program)
        wait_for(lambda: len(children(program.pid)) == 2 and len(working(program)) == 1)
        left.update(children(program.pid))
        return program

    yield start
    for program in started:
        left.update(children(program.pid))
        kill(program)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


SAMPLE = ("--k", "10", "--sample", 300, "--seed", 1)


def working(program):
    return [pid for pid, words in children(program.pid).items() if words.endswith("engine work") and is_alive(pid)]


def answers(live, home):
    return live.ask(home.home, "nothing").get("error") == "There is no operation 'nothing'."


def free_port():
    import socket

    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def prices(home):
    home.home.mkdir(parents=True, exist_ok=True)
    (home.home / "vitrine.toml").write_text(PRICES)


def status(said):
    return Status(**json.loads(said.out)["status"])


def only(home):
    from engine.store.runs import Runs

    ((run, _),) = Runs(home.home).all()
    return run
