import base64
import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engine import settings
from engine.__main__ import main
from engine.gallery import open_folder, sets
from engine.gallery.looking import looks
from engine.jobs.preparing import COLOURS
from engine.steps import layout
from engine.store.runs import Runs
from tests.fake_endpoint import FakeEndpoint
from tests.planted import ROOT, TWO_COLOURS, many, paint

KEY = "sk-very-secret-0123456789"
COLUMNS = ["file", "label", "description", "raw_label", "cluster", "how"]  # DESIGN.md, section 5


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workspace of its own and no setting of this machine's."""
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def pictures(tmp_path):
    return paint(tmp_path / "pictures")


def fake(tmp_path, **options) -> str:
    """A file that names the fake back-end for both roles."""
    said = ", ".join(f"{name} = {json.dumps(value)}" for name, value in options.items())
    path = tmp_path / "fake.toml"
    path.write_text("".join(f'[{r}]\nbackend = "fake"\nname = "f"\noptions = {{{said}}}\n' for r in ("vision", "chat")))
    return str(path)


@pytest.fixture
def clusters(tmp_path, home, pictures, capsys):
    """Runs `clusters` on the pictures; returns exit code, stdout, stderr."""

    def run(*words, folder=pictures, models=None, criterion="colour"):
        asked = ["clusters", str(folder), "--criterion", criterion, "--models", models or fake(tmp_path), *words]
        try:
            code = main(asked)
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def rows_of(path) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# What it prints and writes


def test_figures_go_to_stdout_and_the_rest_to_stderr(clusters, home):
    code, out, err = clusters()
    (run, _), *_ = Runs(home).all()
    assert code == 0
    assert out.splitlines() == [
        "2 clusters of 5 pictures by 'colour'",
        "  red              3   60.0%  red",
        "  blue             2   40.0%  blue",
        "agreement with the labels: 1.000 [1.000, 1.000]  NMI 1.000  ARI 1.000",
        "to review: 0 pictures (0.0%)",
        out.splitlines()[5],
        f"run {run.id}",
    ]
    assert out.splitlines()[5].startswith("asked: 5 vision, 2 chat questions · from the store: 0 answers")
    assert "describing (5)" in err


def test_asked_again_it_is_the_same_run_from_the_store(clusters):
    _, first, _ = clusters()
    code, out, err = clusters()
    assert code == 0
    assert "asked: 0 vision, 0 chat questions · answered before for 5 vision, 2 chat questions" in out
    assert unasked(out) == unasked(first)
    assert "describing" not in err


def unasked(out):
    """What was printed, less what it cost."""
    return [line for line in out.splitlines() if not line.startswith("asked:")]


def test_json(clusters, home):
    code, out, _ = clusters("--json")
    said = json.loads(out)
    (run, status), *_ = Runs(home).all()
    assert code == 0
    assert said["run"] == run.id
    assert said["status"]["asked"] == status.asked == {"describe": 5, "name_clusters": 1, "assign": 1}
    assert {c["name"]: c["size"] for c in said["result"]["clusters"]} == {"red": 3, "blue": 2}


def test_out_writes_the_promised_files(clusters, tmp_path):
    code, _, _ = clusters("--out", str(tmp_path / "made" / "here"))
    assert code == 0
    assert {p.name for p in (tmp_path / "made" / "here").iterdir()} == {"result.json", "clusters.csv"}
    rows = rows_of(tmp_path / "made" / "here" / "clusters.csv")
    assert list(rows[0]) == COLUMNS
    assert rows[0] == {
        "file": "blue/1.png",
        "label": "blue",
        "description": "A picture that is blue.",
        "raw_label": "blue",
        "cluster": "blue",
        "how": "label",
    }
    assert [r["file"] for r in rows] == sorted(TWO_COLOURS)
    said = json.loads((tmp_path / "made" / "here" / "result.json").read_text())
    assert len(said["rows"]) == 5
    assert said["prompts"]["describe"]


def test_names_that_are_no_text_go_the_whole_way(clusters, tmp_path):
    folder = paint(tmp_path / "odd", {'a\udcff, "b".png': "red", "c\nd.png": "blue", "é.png": "blue"})
    code, out, _ = clusters("--out", str(tmp_path / "out"), "--json", folder=folder)
    assert code == 0
    names = [r["file"] for r in json.loads(out)["result"]["rows"]]
    assert sorted(names) == sorted(['a\udcff, "b".png', "c\nd.png", "é.png"])
    data = (tmp_path / "out" / "clusters.csv").read_bytes()
    assert b"a\xff" in data
    read = csv.reader(data.decode("utf-8", "surrogateescape").splitlines(keepends=True))
    assert [row[0] for row in read] == ["file", *names]


def test_a_folder_that_cannot_be_written(clusters, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = clusters("--out", str(tmp_path / "file" / "out"))
    assert code == 1
    assert "cannot be written" in err


# Words


def test_wrong_words_exit_with_2(clusters, home, capsys):
    for words in (["--k", "1"], ["--k", "ten"], ["--keep", "a", "--avoid", "a"], ["--seed", "x"], ["--what"]):
        code, out, err = clusters(*words)
        assert (code, out) == (2, ""), words
        assert err.startswith("vitrine: ")
        assert len(err.splitlines()) == 1
    assert clusters(criterion="  ")[0] == 2
    assert clusters(models="magic")[0] == 2
    for words in ([], ["dance"], ["clusters"], ["clusters", "x"], ["export", "abc"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert not (home / "runs").exists()
    capsys.readouterr()


def test_a_damaged_settings_file_is_wrong_words(clusters, home):
    home.mkdir()
    (home / "vitrine.toml").write_text("[endpoint")
    code, _, err = clusters()
    assert code == 2
    assert "Mend or remove the file." in err


def test_folders_without_pictures_exit_with_1(clusters, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("no picture")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_text("no picture")
    for name, said in (
        ("none", "There is no folder"),
        ("empty", "There is no picture in"),
        ("other", "There is no picture in"),
        ("other/notes.txt", "is not a folder"),
        ("broken", "None of the 1 pictures"),
    ):
        code, out, err = clusters(folder=tmp_path / name)
        assert (code, out) == (1, ""), name
        assert said in err
        assert len(err.splitlines()) == 1


def test_unreadable_and_unanswered_pictures_are_listed_and_do_not_fail(clusters, pictures, tmp_path):
    (pictures / "broken.png").write_text("no picture")
    code, out, err = clusters("--out", str(tmp_path / "out"), models=fake(tmp_path, fail="blue"))
    assert code == 0
    assert "not read: broken.png: " in err
    assert "unanswered: blue/1.png: the model refused" in err
    assert "  unanswered       2   40.0%" in out
    assert [r["how"] for r in rows_of(tmp_path / "out" / "clusters.csv")] == ["unanswered"] * 2 + ["label"] * 3


def test_nothing_answered_exits_with_1(clusters, tmp_path):
    code, out, err = clusters(models=fake(tmp_path, fail="red"), folder=paint(tmp_path / "reds", {"1.png": "red"}))
    assert (code, out) == (1, "")
    assert "described none of 1 pictures: the model refused. Try one picture" in err.splitlines()[-1]


def test_k_keep_and_avoid(clusters, tmp_path):
    folder = paint(tmp_path / "many", many(12))
    assert clusters("--k", "2", folder=folder)[1].startswith("2 clusters of 12 pictures")
    assert clusters("--k", "2-3", folder=folder)[1].startswith("3 clusters of 12 pictures")
    out = clusters("--keep", 'pink, "Rome, at night"', folder=folder)[1]
    assert "  Rome, at night       0" in out
    out = clusters("--keep", "pink, mauve", "--avoid", "red", folder=folder)[1]
    assert "  pink             0" in out
    assert "  mauve            0" in out
    assert "  unassigned       3" in out
    assert "perhaps missing: red (3)" in out


def test_a_part_is_described_and_the_rest_follows(clusters, tmp_path):
    """36 of 120: 10 of these are the audit, and colours and edges tell four colours apart."""
    folder = paint(tmp_path / "more", many(120))
    code, said, _ = clusters("--describe", "30%", "--out", str(tmp_path / "out"), folder=folder)
    assert code == 0
    assert "described 36 of 120, 84 by likeness (colours and edges (pixels)), 0 undecided" in said
    assert "estimated agreement with describing every picture: 1.000 [0." in said
    assert "audited on 10" in said
    rows = rows_of(tmp_path / "out" / "clusters.csv")
    assert list(rows[0]) == [*COLUMNS, "confidence"]
    guesses = [row for row in rows if row["how"] == "spread"]
    assert len(guesses) == 84
    assert all(0.5 <= float(row["confidence"]) < 1 and not row["description"] for row in guesses)
    economy = json.loads((tmp_path / "out" / "result.json").read_text())["economy"]
    assert (economy["described"], economy["spread"], len(economy["audit"])) == (36, 84, 10)
    assert "asked: 0 vision" in clusters("--describe", "0.3", folder=folder)[1]  # the same run
    assert "asked: 24 vision" in clusters("--describe", "0.5", folder=folder)[1]


@pytest.mark.parametrize("share", ["0", "120%", "many"])
def test_a_share_that_is_none_is_wrong_words(clusters, share):
    code, _, noted = clusters("--describe", share)
    assert code == 2
    assert "share" in noted


def test_sample_and_seed(clusters, tmp_path):
    folder = paint(tmp_path / "many", many(40))
    _, one, _ = clusters("--sample", "10", folder=folder)
    assert "by 'colour'" in one
    assert " of 10 pictures" in one
    assert unasked(clusters("--sample", "10", folder=folder)[1]) == unasked(one)
    assert unasked(clusters("--sample", "10", "--seed", "1", folder=folder)[1]) != unasked(one)
    assert " of 40 pictures" in clusters("--sample", "400", folder=folder)[1]
    assert clusters("--sample", "0", folder=folder)[0] == 2
    assert clusters("--seed", "-1", folder=folder)[0] == 2


def test_a_set_by_its_name_or_by_a_value(clusters, pictures, home):
    gallery = open_folder(pictures, settings.load())
    sets.save(gallery, "two", ["red/2.png", "blue/1.png"], "by hand", home)
    assert clusters("--set", "two")[1].startswith("2 clusters of 2 pictures")
    assert clusters("--set", "label=red")[1].startswith("1 clusters of 3 pictures")
    code, out, err = clusters("--set", "three")
    assert (code, out) == (1, "")
    assert "There is no set 'three'. Saved are: two." in err
    assert "No picture's label is 'green'. Ask for one of: red, blue." in clusters("--set", "label=green")[2]


@pytest.mark.timeout(200)
def test_warm_makes_looks_and_map_and_says_how_far_it_is(pictures, home):
    def warm(what, *words):
        said = [sys.executable, "-m", "engine", "warm", str(what), *words]
        return subprocess.run(
            said, cwd=ROOT, env={**os.environ, "VITRINE_HOME": str(home)}, capture_output=True, text=True
        )

    first = warm(pictures, "--json")
    assert (first.returncode, first.stderr) == (0, "")
    steps = [json.loads(line) for line in first.stdout.splitlines()]
    assert ("looking at the pictures", 5) in {(said["step"], said["total"]) for said in steps}
    gallery = open_folder(pictures, settings.load())
    assert looks(gallery.pictures, home).known.all()
    for method in layout.METHODS:
        points = layout.load(home, gallery.fingerprint, COLOURS, method)
        assert points is not None
        assert np.isfinite(points).all()
    assert warm(gallery.fingerprint).returncode == 0  # as the live process calls it
    assert warm("0" * 32).returncode == 1


@pytest.mark.parametrize(
    ("policy", "labels"),
    [
        ("folder", ["blue", "blue", "red", "red", "red"]),
        ("last", ["blue", "blue", "red", "red", "red"]),
        ("none", [""] * 5),
        ("kind", ["cold", "", "", "warm", "warm"]),
        ("{label}.png", ["1", "2", "1", "2", "3"]),
    ],
)
def test_labels(clusters, pictures, tmp_path, policy, labels):
    (pictures / "metadata.csv").write_text("file,kind\nblue/1.png,cold\nred/2.png,warm\nred/3.png,warm\n")
    code, out, _ = clusters("--labels", policy, "--out", str(tmp_path / "out"))
    assert code == 0
    assert [r["label"] for r in rows_of(tmp_path / "out" / "clusters.csv")] == labels
    assert ("agreement with the labels" in out) is (policy != "none")


@pytest.mark.parametrize("policy", ["colour", "{label}+{number}"])
def test_labels_that_are_not_there(clusters, policy):
    code, _, err = clusters("--labels", policy)
    assert code == 1
    assert err.startswith("vitrine: ")


# Prices


def test_dry_run_asks_nothing(clusters, home):
    code, out, _ = clusters("--dry-run")
    assert code == 0
    assert out.startswith("5 pictures: 5 vision, about 3 chat questions (0 known already)")
    assert "not yet measured here" in out
    assert not (home / "runs").exists()
    with sqlite3.connect(home / "answers.sqlite") as db:
        assert db.execute("SELECT COUNT(*) FROM answers").fetchone() == (0,)


def test_dry_run_as_json_says_what_is_then_asked(clusters, home, monkeypatch):
    home.mkdir()
    (home / "vitrine.toml").write_text("[prices]\ninput_per_million = 1\noutput_per_million = 2\n")
    with FakeEndpoint() as server:
        connect(monkeypatch, server)
        price = json.loads(clusters("--dry-run", "--json", models="endpoint")[1])
        assert not server.asked
        assert set(price) == {"pictures", "questions", "known", "tokens", "money", "seconds"}
        assert (price["pictures"], price["questions"]["vision"], price["known"]) == (5, 5, 0)
        assert price["money"] > 0
        clusters(models="endpoint")
        assert server.count("describe") == 5
        price = json.loads(clusters("--dry-run", "--json", models="endpoint")[1])
    assert price["questions"] == {"vision": 0, "chat": 0}
    assert (price["known"], price["money"]) == (5, 0)


def test_the_budget_stops_with_130_and_a_larger_one_goes_on(clusters, home, tmp_path):
    home.mkdir()
    (home / "vitrine.toml").write_text("[prices]\ninput_per_million = 1000\noutput_per_million = 0\n")
    slow = fake(tmp_path, seconds=0.03)
    folder = paint(tmp_path / "many", many(40))
    code, out, err = clusters("--budget", "1", folder=folder, models=slow)  # 0.1 a question
    assert (code, out) == (130, "")
    assert "The budget of 1 is spent" in err
    assert "Raise it and run again" in err
    code, out, _ = clusters("--budget", "100", folder=folder, models=slow)
    assert code == 0
    assert "asked: 40 vision, 2 chat questions" in out  # both tries together
    assert "4.2 money" in out


# Again, runs, export


def test_again_asks_what_stayed_unanswered(clusters, tmp_path, home):
    refusing = fake(tmp_path, fail="blue")
    clusters(models=refusing)
    assert "revision" not in clusters(models=refusing)[1]
    code, out, _ = clusters("--again", models=refusing)
    assert code == 0
    assert out.splitlines()[-1].endswith(", revision 2")
    (_, status), *_ = Runs(home).all()
    assert status.asked["describe"] == 5 + 2 + 4  # 5, the 2 refused once more; then those 2 twice


def test_runs_and_export(clusters, home, tmp_path, capsys):
    assert main(["runs"]) == 0
    assert capsys.readouterr().out == ""
    clusters()
    (run, _), *_ = Runs(home).all()
    assert main(["runs"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(run.id)
    assert "done" in line
    assert "clusters" in line
    assert "colour" in line
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == run.id
    assert main(["export", run.id[:6], "--to", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "out" / n) for n in ("result.json", "clusters.csv")]
    assert list(rows_of(tmp_path / "out" / "clusters.csv")[0]) == COLUMNS
    assert main(["export", "0" * 16, "--to", str(tmp_path / "out")]) == 1
    assert "no run" in capsys.readouterr().err


def test_a_failed_run_is_listed_and_cannot_be_exported(clusters, home, tmp_path, capsys):
    clusters(models=fake(tmp_path, fail="red"), folder=paint(tmp_path / "reds", {"1.png": "red"}))
    (run, status), *_ = Runs(home).all()
    assert status.state == "failed"
    main(["runs"])
    assert "described none" in capsys.readouterr().out
    assert main(["export", run.id, "--to", str(tmp_path / "out")]) == 1
    assert "no result: it failed" in capsys.readouterr().err


# Stopping and waiting


def started(home, pictures, models, tmp_path):
    words = [sys.executable, "-m", "engine", "clusters", str(pictures), "--criterion", "colour", "--models", models]
    env = os.environ | {"VITRINE_HOME": str(home)}
    return subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def describing(home):
    """Waits until the only run has a few descriptions."""
    end = time.monotonic() + 30
    while not (found := Runs(home).all()) or found[0][1].done < 3:
        assert time.monotonic() < end
        time.sleep(0.05)
    return found[0][0]


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_with_130_and_keeps_what_was_paid_for(home, tmp_path, capsys, told):
    folder = paint(tmp_path / "many", many(60))
    slow = fake(tmp_path, seconds=0.05)
    process = started(home, folder, slow, tmp_path)
    run = describing(home)
    process.send_signal(told)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert (out, err.splitlines()[-1]) == ("", "vitrine: Stopped. Run it again to go on where it stopped.")
    status = run.status
    assert status.state == "stopped"
    with sqlite3.connect(home / "answers.sqlite") as db:
        (kept,) = db.execute("SELECT COUNT(*) FROM answers").fetchone()
    assert kept == status.asked["describe"] >= 3


def test_a_second_command_waits_for_the_first(home, tmp_path, capsys, monkeypatch):
    folder = paint(tmp_path / "many", many(30))
    slow = fake(tmp_path, seconds=0.05)
    process = started(home, folder, slow, tmp_path)
    run = describing(home)
    assert main(["clusters", str(folder), "--criterion", "colour", "--models", slow]) == 0
    out, err = capsys.readouterr()
    assert f"run {run.id} is being carried out by process {process.pid}; waiting for it" in err
    first, _ = process.communicate(timeout=20)
    assert out == first
    assert run.status.asked["describe"] == 30


def test_a_signal_handler_is_given_back(clusters):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    clusters()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


# With an endpoint


def connect(monkeypatch, server, url=""):
    monkeypatch.setenv("VITRINE_ENDPOINT_URL", url or server.url)
    monkeypatch.setenv("VITRINE_ENDPOINT_KEY", KEY)
    monkeypatch.setenv("VITRINE_VISION_MODEL", "seer")
    monkeypatch.setenv("VITRINE_CHAT_MODEL", "talker")


def assert_nowhere(home, said, *secrets):
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "result.json" for path in files)
    for secret in secrets:
        assert secret not in said
        for path in files:
            assert secret.encode() not in path.read_bytes(), path


def test_neither_key_nor_password_is_kept_or_said(clusters, home, monkeypatch):
    with FakeEndpoint(refuses=("seed",)) as server:
        server.play = lambda asked: "echo_key" if asked.colours == ["blue"] else ""
        url = f"http://ann:pass-word@{server.host}/v1?token=hidden-token"
        connect(monkeypatch, server, url)
        code, out, err = clusters("--json", models="endpoint")
        assert code == 0
        assert "unanswered: blue/1.png: the server refused the question" in err
        assert all(asked.path.endswith("?token=hidden-token") for asked in server.asked)
    basic = base64.b64encode(b"ann:pass-word").decode()
    assert "What is this? Basic (secret)" in err
    assert_nowhere(home, out + err, KEY, "pass-word", "ann:", "hidden-token", basic)


@pytest.mark.parametrize("trouble", ["key", "model", "nobody", "html", "501"])
def test_an_endpoint_that_cannot_be_asked_is_one_line_and_1(clusters, home, monkeypatch, trouble):
    with FakeEndpoint() as server:
        connect(monkeypatch, server)
        if trouble == "key":
            server.key = "another"
        elif trouble == "model":
            server.models = ("other",)
        elif trouble == "nobody":
            server.__exit__()
        elif trouble == "html":
            server.html = True
        else:
            server.no_chat = 501
        began = time.monotonic()
        code, out, err = clusters(models="endpoint")
    assert (code, out) == (1, "")
    assert time.monotonic() - began < 20
    assert err.splitlines()[-1].startswith("vitrine: ")
    assert "Traceback" not in err
    assert KEY not in err


def test_no_endpoint_is_connected(clusters):
    code, _, err = clusters(models="endpoint")
    assert code == 2
    assert "No endpoint is connected. Connect one on the Models page" in err


@pytest.mark.parametrize(
    "manners",
    [{"prose": True}, {"wrap": "think"}, {"wrap": "fence"}, {"refuses": ("json_schema", "json_object", "system")}],
    ids=str,
)
def test_awkward_servers_give_the_same_answer(clusters, monkeypatch, tmp_path, manners):
    folder = paint(tmp_path / "many", many(16))
    wanted = [line for line in clusters(folder=folder)[1].splitlines() if line.startswith("  ")]
    with FakeEndpoint(**manners) as server:
        connect(monkeypatch, server)
        code, out, _ = clusters(models="endpoint", folder=folder)
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("  ")] == wanted


def test_faults_change_only_what_stays_unanswered(clusters, monkeypatch, tmp_path):
    """Every third question fails the first time, each in another way; one picture is refused for good."""
    monkeypatch.setattr("engine.models.openai_endpoint._LONGEST_WAIT", 0.02)
    folder = paint(tmp_path / "many", many(40))
    faults = ["500", "drop", "malformed", "sorry", "429:0.01", "refusal", "empty", "cut", "error_body", "garbage"]
    numbers: dict[str, int] = {}
    stubborn = 7  # the number of a picture
    lock = threading.Lock()

    def play(asked):
        """By what is asked about, so that the second pass with its complaint counts as the same."""
        about = (
            asked.payload | {"complaint": ""} if asked.task != "describe" else asked.body["messages"][1]["content"][1:]
        )
        with lock:
            number = numbers.setdefault(str(about), len(numbers))
            first = number not in failed
            failed.add(number)
        if number == stubborn and asked.task == "describe":
            return "sorry"
        return faults[number // 3 % len(faults)] if number > 8 and number % 3 == 0 and first else ""

    failed: set[int] = set()
    with FakeEndpoint(play=play) as server:
        connect(monkeypatch, server)
        code, out, err = clusters("--json", models="endpoint", folder=folder)
    assert code == 0
    rows = json.loads(out)["result"]["rows"]
    (lost,) = [r["file"] for r in rows if r["how"] == "unanswered"]
    assert [line for line in err.splitlines() if line.startswith("unanswered")] == [
        f"unanswered: {lost}: the model refused"
    ]
    clean = json.loads(clusters("--json", folder=folder)[1])["result"]["rows"]
    for row, wanted in zip(rows, clean, strict=True):
        assert row["file"] == wanted["file"]
        assert row["file"] == lost or row["cluster"] == wanted["cluster"]


def test_what_leaves_the_machine_is_said(clusters, home, monkeypatch):
    monkeypatch.setattr("engine.jobs.asking.is_loopback", lambda url: False)
    with FakeEndpoint() as server:
        connect(monkeypatch, server)
        _, _, err = clusters(models="endpoint")
    assert f"5 pictures will be sent to {server.host}" in err
    assert "will be sent" not in clusters()[2]


def test_importing_the_program_reads_no_model_library():
    code = "import sys, engine.__main__; print(sorted(set(sys.modules) & {'torch', 'openai', 'sklearn', 'streamlit'}))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_what_was_not_read_is_part_of_the_result(clusters, pictures, tmp_path):
    (pictures / "broken.png").write_text("no picture")
    code, out, _ = clusters("--out", str(tmp_path / "out"), "--json")
    assert code == 0
    kept = json.loads((tmp_path / "out" / "result.json").read_text())
    assert [said["name"] for said in kept["unread"]] == ["broken.png"]
    assert json.loads(out)["result"]["unread"] == kept["unread"]


def test_an_archive_is_as_good_as_a_folder(clusters, pictures, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", pictures)
    code, out, _ = clusters(folder=archive)
    assert code == 0
    assert " of 5 pictures" in out


def test_words_that_are_wrong(clusters, pictures):
    for words in (
        ("--budget", "nan"),
        ("--budget", "-1"),
        ("--device", "tpu"),
        ("--crit", "x"),
        ("--out", str(pictures)),
    ):
        code, out, err = clusters(*words)
        assert (code, out) == (2, ""), words
        assert len(err.splitlines()) == 1
    assert clusters(folder="")[0] == 2
    assert clusters(criterion="a\nb")[0] == 2


def test_a_damaged_run_does_not_hide_the_others(clusters, home, capsys):
    assert clusters()[0] == 0
    assert clusters(criterion="mood")[0] == 0
    first = next(iter(sorted((home / "runs").iterdir())))
    (first / "request.json").write_text("{}")
    assert main(["runs"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert sum("damaged" in line for line in said) == 1


def test_a_run_whose_process_is_gone_is_not_said_to_run(clusters, home, capsys):
    assert clusters()[0] == 0
    ((run, status),) = Runs(home).all()
    status.state = "running"
    run.set_status(status)
    assert main(["runs"]) == 0
    assert "interrupted" in capsys.readouterr().out
    with run.hold():
        assert main(["runs"]) == 0
    assert "interrupted" not in capsys.readouterr().out
