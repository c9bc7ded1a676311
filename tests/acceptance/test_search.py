"""Search on Postcards with the bundled matcher, as the live process answers it: words, pictures, how long it takes."""

import base64
import threading
import time
from collections import Counter

import numpy as np
import pytest

from engine.gallery import open_folder
from engine.jobs import live
from engine.models import profiles
from engine.progress import Progress
from engine.settings import Settings
from engine.steps import embeddings

ALIKE = ("place", "subject", "colour")


@pytest.fixture(scope="module")
def postcards(tmp_path_factory):
    """Postcards with their vectors, and a live process (as a thread) that answers about them."""
    settings = Settings(home=tmp_path_factory.mktemp("search") / "home")
    gallery = open_folder(profiles.POSTCARDS, settings)
    spec = profiles.specs("bundled", settings, gallery.root)["matcher"]
    assert len(embeddings.embed(gallery.pictures, spec, settings, Progress()).places) == 600
    ends: list[str] = []
    thread = threading.Thread(target=live.serve, args=(lambda: settings, lambda: "".join(ends)))
    thread.start()
    while not live.address(settings.home).exists():
        time.sleep(0.02)

    def search(words="", picture=""):
        end = time.monotonic() + 120
        asked = {"gallery": gallery.fingerprint, "words": words, "picture": picture}
        while (said := live.ask(settings.home, "search", 4.0, **asked))["state"] == "working":
            assert said["step"]
            assert time.monotonic() < end
        assert said["state"] == "done", said
        scores = np.frombuffer(base64.b64decode(said["scores"]), np.float32)
        assert not np.isnan(scores).any()
        return [gallery.pictures[i] for i in np.argsort(-scores, kind="stable")]

    yield gallery, search
    ends.append("the tests are over")
    thread.join(5)


def is_one(picture, **wanted):
    return all(picture.metadata[name] == value for name, value in wanted.items())


def test_a_red_umbrella_on_a_beach(postcards, capsys):
    gallery, search = postcards
    wanted = {"place": "beach", "subject": "umbrella", "colour": "red"}
    there = sum(is_one(p, **wanted) for p in gallery.pictures)
    first = search("a red umbrella on a beach")[:10]
    hits = sum(is_one(p, **wanted) for p in first)
    with capsys.disabled():
        print(f"\na red umbrella on a beach: {hits} of the {there} there are among the first ten", end="")  # noqa: T201
    assert hits == min(there, 10)
    assert is_one(first[0], **wanted)
    assert sum(is_one(p, colour="red") for p in first) >= 8


def test_whatever_is_asked_for_comes_first(postcards, capsys):
    """R-precision over every combination of place, subject and colour that three cards or more show."""
    gallery, search = postcards
    counts = Counter(tuple(p.metadata[name] for name in ALIKE) for p in gallery.pictures)
    precision = []
    for combination, n in counts.items():
        if n >= 3:
            place, subject, colour = combination
            wanted = dict(zip(ALIKE, combination, strict=True))
            said = search(f"a {colour} {subject}, {place}")
            precision.append(sum(is_one(p, **wanted) for p in said[:n]) / n)
    with capsys.disabled():
        print(f"\nR-precision over {len(precision)} questions: {np.mean(precision):.3f}", end="")  # noqa: T201
    assert len(precision) > 20
    assert np.mean(precision) > 0.5


def test_by_picture(postcards, capsys):
    gallery, search = postcards
    shares = []
    for picture in gallery.pictures[::20]:
        first = search(picture=picture.name)
        assert first[0] == picture
        shares.append([np.mean([p.metadata[name] == picture.metadata[name] for p in first[1:11]]) for name in ALIKE])
    said = dict(zip(ALIKE, map(float, np.mean(shares, axis=0).round(3)), strict=True))
    with capsys.disabled():
        print(f"\nof ten pictures like one, as many share its: {said}", end="")  # noqa: T201
    assert min(said.values()) > 0.4
