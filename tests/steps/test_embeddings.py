"""Vectors of galleries: computed once, whatever the order, however often stopped or killed, on any number of devices.

The model here gives a picture's mean colour, so that a test knows whose vector it sees.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import models
from engine.errors import ModelError, Stopped, StoreError, VitrineError
from engine.gallery import open_folder
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.embeddings import STEP, embed, embed_texts, known
from engine.store.vectors import Vectors
from tests.planted import ROOT


@dataclass
class Colours:
    """A matcher and embedder; options: seconds a picture, nan a level of red, dies a level of red, log a file."""

    spec: ModelSpec
    notes: list[str] = field(default_factory=list)

    def pictures(self, pictures, check):
        told = self.spec.options
        for place, picture in enumerate(pictures):
            check()
            time.sleep(told.get("seconds", 0))
            try:
                mean = np.asarray(picture.open(), np.float32).mean((0, 1))
            except VitrineError:
                continue
            if mean[0] == told.get("dies") and not (told["once"] and Path(told["log"]).with_suffix(".died").exists()):
                Path(told["log"]).with_suffix(".died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if mean[0] == told.get("nan"):
                mean[1] = np.nan
            self.note("pictures", picture.hash)
            yield place, mean

    def texts(self, texts):
        for text in texts:
            self.note("texts", text)
        return np.array([[len(text), 0, 0] for text in texts], np.float32)

    def note(self, *words):
        if "log" in self.spec.options:
            with Path(self.spec.options["log"]).open("a") as log:
                log.write(" ".join((str(os.getpid()), *words)) + "\n")


def load(role, spec, settings):
    model = Colours(spec)
    model.note("loads", role, settings.device)
    return model


def never(role, spec, settings):
    raise AssertionError("nothing was missing")


@pytest.fixture
def spec(tmp_path):
    return ModelSpec("fake", "colours", options={"log": str(tmp_path / "log")})


def log_of(spec, kind="pictures"):
    path = Path(spec.options["log"])
    lines = [line.split(" ", 2) for line in path.read_text().splitlines()] if path.exists() else []
    return [line[2] for line in lines if line[1] == kind]


def pids(spec):
    return {int(line.split()[0]) for line in Path(spec.options["log"]).read_text().splitlines()}


def painted(folder, n=12):
    """Picture i has red level i."""
    folder.mkdir()
    for i in range(n):
        Image.new("RGB", (8, 8), (i, 100, 200 - i)).save(folder / f"{i:03}.png")
    return folder


@pytest.fixture
def pictures(tmp_path, settings):
    return list(open_folder(painted(tmp_path / "pictures"), settings).pictures)


def reds(found):
    """Whose vector lies where: level of red, which is the picture's number, by place."""
    return dict(zip(found.places.tolist(), found.vectors[:, 0].tolist(), strict=True))


def test_vectors_come_in_order_and_are_computed_once(pictures, spec, settings):
    found = embed(pictures, spec, settings, Progress(), load=load)
    assert (found.vectors.dtype, found.places.dtype, found.unread) == (np.float32, np.int64, {})
    assert found.places.tolist() == list(range(12))
    assert reds(found) == {i: i for i in range(12)}
    assert log_of(spec, "loads") == ["matcher auto"]
    again = embed(pictures, spec, settings, Progress(), load=never)
    np.testing.assert_array_equal(again.vectors, found.vectors)
    assert len(log_of(spec)) == 12


def test_order_and_repetition_do_not_matter(pictures, spec, settings, tmp_path):
    order = [5, 3, 3, 11, 0, 5, 7]
    found = embed([pictures[i] for i in order], spec, settings, Progress(), "embedder", load)
    assert reds(found) == dict(enumerate(order))
    assert sorted(log_of(spec)) == sorted({pictures[i].hash for i in order})
    whole = embed(pictures[::-1], spec, settings, Progress(), load=load)
    assert reds(whole) == {i: 11 - i for i in range(12)}
    assert len(log_of(spec)) == 12


def test_progress_counts_different_pictures(pictures, spec, settings):
    embed(pictures[:4], spec, settings, Progress(), load=load)
    seen = []
    progress = Progress(lambda p: seen.append((p.step, p.done, p.total)), every=0)
    embed([*pictures, *pictures], spec, settings, progress, load=load)
    assert seen[0] == (STEP, 4, 12)
    assert ("loading colours", 0, 0) in seen
    assert seen[-1] == (STEP, 12, 12)


def test_nothing_at_all(spec, settings):
    found = embed([], spec, settings, Progress(), load=never)
    assert (len(found.vectors), len(found.places), found.unread) == (0, 0, {})


def test_what_is_known_is_counted_without_a_model(pictures, spec, settings):
    assert known(pictures, spec, settings.home) == (12, 0)
    embed(pictures[:5], spec, settings, Progress(), load=load)
    assert known([*pictures, *pictures], spec, settings.home) == (12, 5)


def test_a_picture_that_vanished_is_said_and_harms_no_other(pictures, spec, settings):
    pictures[3].path.unlink()
    found = embed([*pictures, pictures[3]], spec, settings, Progress(), load=load)
    assert found.unread == {3: "vanished", 12: "vanished"}
    assert reds(found) == {i: i for i in range(12) if i != 3}
    assert len(log_of(spec, "loads")) == 1


def test_where_one_file_vanished_its_copy_will_do(tmp_path, settings, spec):
    folder = painted(tmp_path / "pictures", 3)
    (folder / "copy.png").write_bytes((folder / "001.png").read_bytes())
    pictures = list(open_folder(folder, settings).pictures)
    pictures[1].path.unlink()
    found = embed(pictures, spec, settings, Progress(), load=load)
    assert reds(found) == {0: 0, 1: 1, 2: 2, 3: 1}
    assert not found.unread


def test_nan_is_unread_and_never_kept(pictures, spec, settings):
    odd = replace(spec, options={**spec.options, "nan": 4})
    for _ in range(2):  # it is tried again
        found = embed(pictures, odd, settings, Progress(), load=load)
        assert found.unread == {4: "its vector holds no numbers"}
        assert reds(found) == {i: i for i in range(12) if i != 4}
    assert len(log_of(odd)) == 12 + 1
    assert Vectors(settings.home, odd).size == 11


def test_another_dimension_than_before_is_refused(pictures, spec, settings):
    with closing(Vectors(settings.home, spec)) as vectors:
        vectors.add([pictures[0].hash], np.ones((1, 4)))
    with pytest.raises(StoreError, match="had 4 numbers, and now have 3"):
        embed(pictures, spec, settings, Progress(), load=load)


def test_what_was_computed_before_a_stop_is_kept(pictures, spec, settings):
    slow = replace(spec, options={**spec.options, "seconds": 0.05})
    progress = Progress(stop=lambda: "Stopped by a person." if progress.done >= 4 else "")
    with pytest.raises(Stopped, match="by a person"):
        embed(pictures, slow, settings, progress, load=load)
    kept = Vectors(settings.home, slow).size
    assert 4 <= kept < 12
    found = embed(pictures, slow, settings, Progress(), load=load)
    assert reds(found) == {i: i for i in range(12)}
    assert len(log_of(slow)) == 12  # nothing twice


def test_what_there_is_to_say_of_a_model_is_noted(pictures, spec, settings):
    progress = Progress()
    embed(pictures, spec, settings, progress, load=lambda *_: Colours(spec, ["It takes 4 at a time."]))
    assert progress.notes == ["It takes 4 at a time."]


SLOW = """
import sys
from pathlib import Path
from engine.gallery import open_folder
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.embeddings import embed
from tests.steps.test_embeddings import load
settings = Settings(home=Path(sys.argv[1]))
pictures = open_folder(Path(sys.argv[2]), settings).pictures
spec = ModelSpec("fake", "colours", options={"log": sys.argv[3], "seconds": 0.02})
embed(pictures, spec, settings, Progress(), load=load)
"""


def test_a_killed_process_goes_on_where_it_was(tmp_path, settings, spec):
    """And whoever waited for it goes on at once."""
    slow = replace(spec, options={**spec.options, "seconds": 0.02})
    folder = painted(tmp_path / "pictures", 250)
    pictures = list(open_folder(folder, settings).pictures)
    words = [sys.executable, "-c", SLOW, str(settings.home), str(folder), slow.options["log"]]
    with subprocess.Popen(words, cwd=ROOT) as process:
        vectors = Vectors(settings.home, slow)
        while not vectors.size:
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.5)  # in the middle of the next block
        process.send_signal(signal.SIGKILL)
    kept, computed = vectors.size, len(log_of(slow))
    assert 0 < kept < computed < 250
    found = embed(pictures, slow, settings, Progress(), load=load)
    assert reds(found) == {i: i for i in range(250)}
    assert len(log_of(slow)) == computed + 250 - kept


def test_one_process_computes_while_another_waits(pictures, spec, settings):
    progress, found = Progress(), []
    other = Vectors(settings.home, spec)
    with other.computing() as mine:
        assert mine
        waiting = threading.Thread(
            target=lambda: found.append(embed(pictures, spec, settings, progress, load=load)), daemon=True
        )
        waiting.start()
        while not progress.notes:
            time.sleep(0.01)
        other.add([p.hash for p in pictures[:9]], np.array([[i, 0, 0] for i in range(9)]))
        while progress.done < 9:
            time.sleep(0.01)
        assert not log_of(spec, "loads")
    waiting.join()
    assert "waited for it" in progress.notes[0]
    assert reds(found[0]) == {i: i for i in range(12)}
    assert len(log_of(spec)) == 3


def test_waiting_can_be_stopped(pictures, spec, settings):
    with Vectors(settings.home, spec).computing(), pytest.raises(Stopped):
        embed(pictures, spec, settings, Progress(stop=lambda: "Stopped."), load=never)


def test_texts_are_asked_once(pictures, spec, settings):
    embed(pictures, spec, settings, Progress(), load=load)
    ask = lambda: Colours(spec)  # noqa: E731
    assert embed_texts(["aa", "b", "aa"], spec, settings, ask)[:, 0].tolist() == [2, 1, 2]
    assert log_of(spec, "texts") == ["aa", "b"]
    assert embed_texts(["ccc", "b"], spec, settings, ask)[:, 0].tolist() == [3, 1]
    assert log_of(spec, "texts") == ["aa", "b", "ccc"]
    assert embed_texts(["b"], spec, settings, never).shape == (1, 3)  # type: ignore[arg-type]
    assert reds(embed(pictures, spec, settings, Progress(), load=never)) == {i: i for i in range(12)}


def test_a_text_without_a_vector_is_an_error(spec, settings):
    class Odd(Colours):
        def texts(self, texts):
            return np.full((len(texts), 3), np.nan)

    with pytest.raises(ModelError, match="no vector for some"):
        embed_texts(["a"], spec, settings, lambda: Odd(spec))
    assert Vectors(settings.home, spec).size == 0


# A process a device


@pytest.fixture
def more(tmp_path, settings):
    return list(open_folder(painted(tmp_path / "more", 100), settings).pictures)


def test_two_processes_find_what_one_finds(more, spec, settings):
    slow = replace(spec, options={**spec.options, "seconds": 0.01})
    more[7].path.unlink()
    found = embed(more, slow, settings, Progress(), load=load, devices=("cpu", "cpu"))
    assert reds(found) == {i: i for i in range(100) if i != 7}
    assert found.unread == {7: "vanished"}
    assert len(log_of(slow)) == 99
    assert len(pids(slow) - {os.getpid()}) == 2
    assert log_of(slow, "loads")[:2] == ["matcher cpu"] * 2
    one = embed(more, slow, replace(settings, home=settings.home / "2"), Progress(), load=load)
    np.testing.assert_array_equal(one.vectors, found.vectors)


def test_what_a_killed_process_had_in_hand_goes_to_another(more, spec, settings):
    deadly = replace(spec, options={**spec.options, "dies": 60, "once": True})
    progress = Progress()
    found = embed(more, deadly, settings, progress, load=load, devices=("cpu", "cpu"))
    assert reds(found) == {i: i for i in range(100)}
    assert "was left out" in progress.notes[0]
    assert "(-9)" in progress.notes[0]


def test_when_all_are_killed_it_says_so_and_keeps_what_it_has(more, spec, settings):
    deadly = replace(spec, options={**spec.options, "dies": 99, "once": False})
    with pytest.raises(ModelError, match=r"ended before its time \(-9\)") as said:
        embed(more, deadly, settings, Progress(), load=load, devices=("cpu", "cpu"))
    assert "Run it again" in said.value.hint
    assert 0 < Vectors(settings.home, deadly).size < 100


def test_a_stop_ends_the_processes_at_once(more, spec, settings):
    slow = replace(spec, options={**spec.options, "seconds": 0.2})
    said = [0.0]

    def stop():
        if progress.done and not said[0]:
            said[0] = time.monotonic()
        return "Stopped." if said[0] else ""

    progress = Progress(stop=stop)
    with pytest.raises(Stopped):
        embed(more, slow, settings, progress, load=load, devices=("cpu", "cpu"))
    assert time.monotonic() - said[0] < 1
    for pid in pids(slow):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert Vectors(settings.home, slow).size > 0


def no_model(role, spec, settings):
    raise ModelError("There is no such model.", "Look for another.")


def test_a_model_that_no_process_can_load(more, spec, settings):
    with pytest.raises(ModelError, match="no such model") as said:
        embed(more, spec, settings, Progress(), load=no_model, devices=("cpu", "cpu"))
    assert said.value.hint == "Look for another."


@pytest.mark.slow
def test_the_bundled_matcher_in_two_processes(settings):
    coca = ModelSpec("clip", "assets/models/coca")
    pictures = open_folder(POSTCARDS, settings).pictures[::12]
    one = embed(pictures, coca, settings, Progress(), load=models.load)
    elsewhere = Settings(home=settings.home / "2")
    two = embed(pictures, coca, elsewhere, Progress(), devices=("cpu", "cpu"))
    assert two.places.tolist() == one.places.tolist() == list(range(len(pictures)))
    np.testing.assert_allclose(two.vectors, one.vectors, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-5)
