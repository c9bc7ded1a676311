import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.errors import Stopped, StoreError
from engine.gallery import lookers, open_folder
from engine.gallery.lookers import CRASHED, look_at
from engine.gallery.looking import look_over, looks
from tests.planted import ROOT

CARDS = sorted((ROOT / "assets" / "postcards" / "forest").glob("*.webp"))
MOST = 10_000_000  # pixels
PROGRAM = """
import time
from engine.gallery import lookers
real = lookers._look
def look(hash, paths, *rest):
    {}
    return real(hash, paths, *rest)
lookers._look = look
lookers.main()
"""


@pytest.fixture
def gallery(tmp_path, settings):
    """More pictures than are looked at without processes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for card in CARDS[:40]:
        shutil.copy(card, folder)
    return open_folder(folder, settings)


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def tasks_of(gallery):
    return [(p.hash, [p.path]) for p in gallery.pictures]


def looker_that(monkeypatch, does):
    """Lookers do something of their own before each picture; `paths` are its files."""
    monkeypatch.setattr(lookers, "_COMMAND", (sys.executable, "-c", PROGRAM.format(does)))


def children():
    pid = os.getpid()
    return [int(p) for task in Path(f"/proc/{pid}/task").iterdir() for p in (task / "children").read_text().split()]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true, seconds=60):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_processes_see_what_one_would_see(gallery, settings, two, monkeypatch):
    by_many = {row for seen in look_at(tasks_of(gallery), settings.home, MOST) for row in seen}
    monkeypatch.setattr(lookers, "_FEW", 1000)
    by_one = {row for seen in look_at(tasks_of(gallery), settings.home, MOST) for row in seen}
    assert by_many == by_one
    assert len(by_many) == 40


def test_a_picture_that_crashes_its_decoder_is_left_out(gallery, settings, two, monkeypatch):
    looker_that(monkeypatch, "if '_017' in paths[0].name: import os; os.abort()")
    look_over(gallery.pictures, settings.home, MOST)
    some = looks(gallery.pictures, settings.home)
    assert some.unread == {CARDS[16].name: CRASHED}
    assert some.known.sum() == 39
    monkeypatch.undo()
    look_over(gallery.pictures, settings.home, MOST)  # it is tried again
    assert looks(gallery.pictures, settings.home).known.all()


def test_killed_lookers_lose_nothing(gallery, settings, two, monkeypatch):
    looker_that(monkeypatch, "time.sleep(0.05)")
    before, killed = set(children()), []

    def kill_all():
        for _ in range(2):
            wait_until(lambda: set(children()) - before - set(killed))
            time.sleep(0.3)
            for pid in set(children()) - before - set(killed):
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_all)
    killer.start()
    look_over(gallery.pictures, settings.home, MOST)
    killer.join()
    assert len(killed) >= 2
    seen = looks(gallery.pictures, settings.home)
    assert seen.known.sum() >= 38  # at most what two had in hand alone
    look_over(gallery.pictures, settings.home, MOST)
    assert looks(gallery.pictures, settings.home).known.all()


def test_nobody_works_on_after_a_stop(gallery, settings, two, monkeypatch):
    looker_that(monkeypatch, "time.sleep(0.05)")
    before = set(children())

    def stop(done, total):
        if done > 8:
            raise Stopped

    with pytest.raises(Stopped):
        look_over(gallery.pictures, settings.home, MOST, stop)
    assert not {pid for pid in set(children()) - before if is_alive(pid)}


def test_nobody_works_on_when_who_asked_was_killed(gallery, settings):
    code = (
        "from pathlib import Path\nfrom engine.gallery import load_gallery, looking\n"
        f"home = Path({str(settings.home)!r})\n"
        "def told(done, total):\n"
        "    tasks = Path('/proc/self/task').iterdir()\n"
        "    print(*(child for t in tasks for child in (t / 'children').read_text().split()), flush=True)\n"
        f"looking.look_over(load_gallery({gallery.fingerprint!r}, home).pictures, home, {MOST}, told)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    pids = next([int(pid) for pid in line.split()] for line in process.stdout if line.strip())
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_full_disk_ends_it(gallery, settings, two):
    shutil.rmtree(settings.home / "thumbs", ignore_errors=True)
    (settings.home / "thumbs").write_text("in the way")
    with pytest.raises(StoreError, match="thumbnail cannot be written"):
        look_over(gallery.pictures, settings.home, MOST)


def test_no_process_can_be_started(gallery, settings, two, monkeypatch):
    monkeypatch.setattr(lookers, "_COMMAND", ("/no/such/program",))
    with pytest.raises(StoreError, match="No process can be started"):
        look_over(gallery.pictures, settings.home, MOST)


def test_what_a_library_prints_is_no_answer(gallery, settings, two, monkeypatch):
    looker_that(monkeypatch, "print('a library says something')")
    look_over(gallery.pictures, settings.home, MOST)
    assert looks(gallery.pictures, settings.home).known.all()
