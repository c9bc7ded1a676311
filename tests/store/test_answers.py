import json
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from engine.errors import StoreError
from engine.store.answers import Rate, Store, refuse_network
from tests.planted import ROOT


def key(i):
    return i.to_bytes(32, "big")


def test_put_and_get(tmp_path):
    store = Store(tmp_path)
    store.put({key(1): {"label": "dög"}, key(2): {"label": ""}}, "label", "m")
    assert dict(store.get([key(1), key(2), key(3)])) == {key(1): {"label": "dög"}, key(2): {"label": ""}}
    assert store.count([key(1), key(3)]) == 1
    store.close()
    assert dict(Store(tmp_path).get([key(1)])) == {key(1): {"label": "dög"}}


def test_wal(tmp_path):
    Store(tmp_path)
    with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("n", [0, 1, 499, 500, 501, 1234])
def test_many_keys(tmp_path, n):
    store = Store(tmp_path)
    store.put({key(i): {"n": i} for i in range(n)}, "label", "m")
    asked = [key(i) for i in range(2 * n)]
    assert dict(store.get(asked)) == {key(i): {"n": i} for i in range(n)}
    assert store.count(asked) == n
    assert store.count(iter(asked)) == n


def test_put_is_idempotent_and_the_first_answer_stays(tmp_path):
    store = Store(tmp_path)
    store.put({key(1): {"label": "dog"}}, "label", "m")
    store.put({key(1): {"label": "cat"}, key(2): {"label": "cat"}}, "label", "m")
    store.put({}, "label", "m")
    assert dict(store.get([key(1), key(2)])) == {key(1): {"label": "dog"}, key(2): {"label": "cat"}}


def test_what_is_put_is_seen_by_others_at_once(tmp_path):
    one, other = Store(tmp_path), Store(tmp_path)
    one.put({key(1): {"n": 1}}, "label", "m")
    assert other.count([key(1)]) == 1


def test_many_writers(tmp_path):
    def write(first):
        store = Store(tmp_path)
        for i in range(first, first + 50):
            store.put({key(i): {"n": i}}, "label", "m")
            store.add_rate("m", "label", 1, 1.0, 10, 1)
        store.close()

    threads = [threading.Thread(target=write, args=(50 * i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = Store(tmp_path)
    assert store.count([key(i) for i in range(300)]) == 300
    assert store.rate("m", "label") == Rate(1.0, 10.0, 1.0)


def test_rates_are_means_over_requests(tmp_path):
    store = Store(tmp_path)
    assert store.rate("m", "label") is None
    store.add_rate("m", "label", 2, 3.0, 100, 20)
    store.add_rate("m", "label", 6, 1.0, 300, 20)
    store.add_rate("m", "label", 0, 99.0, 0, 0)  # nothing came back: nothing was measured
    store.add_rate("m", "assign", 1, 7.0, 1, 1)
    store.add_rate("other", "label", 1, 7.0, 1, 1)
    # 4 s, 400 and 40 tokens over 8 requests
    assert Store(tmp_path).rate("m", "label") == Rate(0.5, 50.0, 5.0)


def test_found(tmp_path):
    store = Store(tmp_path)
    assert store.found("m", "prose") == ""
    store.set_found("m", "prose", "no")
    store.set_found("m", "prose", "yes")
    assert Store(tmp_path).found("m", "prose") == "yes"
    assert store.found("other", "prose") == ""


WRITER = """
import sys
from pathlib import Path
from engine.store.answers import Store
store = Store(Path(sys.argv[1]))
for i in range(10**6):
    store.put({i.to_bytes(32, "big"): {"n": i}}, "label", "m")
    print(i, flush=True)
"""


@pytest.mark.parametrize("after", [1, 57, 400])
def test_a_killed_process_loses_nothing_that_was_handed_on(tmp_path, after):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert writer.stdout
    for _ in range(after):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    said = writer.stdout.read().split("\n")[:-1]  # the last one may be torn
    writer.wait()
    last = int(said[-1]) if said else after - 1
    assert last >= after - 1
    store = Store(tmp_path)
    assert dict(store.get([key(i) for i in range(last + 1)])) == {key(i): {"n": i} for i in range(last + 1)}
    store.put({key(10**7): {"n": 0}}, "label", "m")  # and it can be written


def test_a_full_disk_is_said_and_keeps_what_was_there(tmp_path):
    store = Store(tmp_path)
    store.put({key(1): {"n": 1}}, "label", "m")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages + 2}")  # as if the disk had room for two more pages
    with pytest.raises(StoreError, match="full") as said:
        store.put({key(i): {"text": "x" * 1000} for i in range(2, 100)}, "label", "m")
    assert "room" in said.value.hint
    assert store.count([key(i) for i in range(100)]) == 1  # all or nothing
    store._db.execute(f"PRAGMA max_page_count={pages + 1000}")
    store.put({key(2): {"n": 2}}, "label", "m")
    assert store.count([key(2)]) == 1


def test_a_read_only_workspace_is_said(tmp_path):
    store = Store(tmp_path)
    store._db.execute("PRAGMA query_only=1")  # files' modes do not bind root
    with pytest.raises(StoreError, match="cannot be used") as said:
        store.put({key(1): {}}, "label", "m")
    assert "VITRINE_HOME" in said.value.hint


@pytest.mark.parametrize("what", ["a file as home", "a file above", "a folder as file", "no database"])
def test_workspaces_that_cannot_be_used(tmp_path, what):
    home = tmp_path / "home"
    if what == "a file as home":
        home.write_text("")
    elif what == "a file above":
        home.write_text("")
        home = home / "below"
    else:
        home.mkdir()
        if what == "a folder as file":
            (home / "answers.sqlite").mkdir()
        else:
            (home / "answers.sqlite").write_text("this is no database " * 100)
    with pytest.raises(StoreError) as said:
        Store(home)
    assert str(home) in said.value.message
    assert said.value.hint


def mounts(tmp_path, *lines):
    path = tmp_path / "mounts"
    path.write_text("".join(f"{line} rw 0 0\n" for line in ("/dev/sda / ext4", *lines)))
    return path


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph"])
def test_network_file_systems_are_refused(tmp_path, kind):
    with pytest.raises(StoreError, match="network file system") as said:
        refuse_network(tmp_path / "home", mounts(tmp_path, f"host:/x {tmp_path} {kind}"))
    assert said.value.hint == "Set VITRINE_HOME to a local folder."


def test_local_ones_are_not(tmp_path):
    home = tmp_path / "home"
    refuse_network(home, mounts(tmp_path))
    refuse_network(home, mounts(tmp_path, f"host:/x {tmp_path}/other nfs", f"host:/x {tmp_path}/hom nfs"))
    refuse_network(home, mounts(tmp_path, f"host:/x {tmp_path} nfs", f"/dev/sdb {tmp_path}/home xfs"))  # the inner one
    refuse_network(home, tmp_path / "no such list")


def test_links_into_network_file_systems_are_seen_through(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "far")
    with pytest.raises(StoreError):
        refuse_network(tmp_path / "home", mounts(tmp_path, f"host:/x {tmp_path}/far nfs4"))


def test_a_bug_of_ours_is_no_full_disk(tmp_path):
    store = Store(tmp_path)
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.count([key(1)])


def test_answers_are_kept_as_readable_json(tmp_path):
    Store(tmp_path).put({key(1): {"label": "dog"}}, "label", "model")
    with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as db:
        task, model, answer = db.execute("SELECT task, model, answer FROM answers").fetchone()
    assert (task, model, json.loads(answer)) == ("label", "model", {"label": "dog"})
