"""Searching: by stored vectors, by a picture of the gallery, and by descriptions where there is no matcher."""

import numpy as np
import pytest

from engine.errors import SettingsError
from engine.jobs.execute import execute
from engine.jobs.searching import Matchers, search
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.store.vectors import Vectors, text_key
from tests.planted import gallery_of, many, submitted

MATCHER = ModelSpec("clip", "nowhere")
WITHOUT = 3  # the place of the picture that has no vector: those after it must not slip
OTHERS = np.array([i for i in range(12) if i != WITHOUT])


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings, many(12))


@pytest.fixture
def with_vectors(gallery, settings, monkeypatch):
    """Eleven of twelve pictures have a vector: that of their colour; the words "red" and "green" have one, too."""
    monkeypatch.setattr(profiles, "specs", lambda *_: {"matcher": MATCHER})
    axes = np.eye(4, dtype=np.float32)
    vectors = Vectors(settings.home, MATCHER)
    vectors.add([p.hash for i, p in enumerate(gallery.pictures) if i != WITHOUT], axes[OTHERS % 4])
    vectors.add([text_key("red"), text_key("green")], axes[:2])
    vectors.close()
    return gallery


def test_words_are_compared_with_stored_vectors(with_vectors, settings):
    found = search(with_vectors, "red", "", settings, Matchers())
    assert np.flatnonzero(np.isnan(found.scores)).tolist() == [WITHOUT]
    assert found.known == 11
    assert np.flatnonzero(found.scores == 1).tolist() == [0, 4, 8]
    assert "nowhere" in found.by
    assert np.flatnonzero(search(with_vectors, "green", "", settings, Matchers()).scores == 1).tolist() == [1, 5, 9]


def test_a_picture_finds_its_like_and_itself(with_vectors, settings):
    found = search(with_vectors, "", "002.png", settings, Matchers())
    assert np.flatnonzero(found.scores == 1).tolist() == [2, 6, 10]


def test_new_vectors_are_seen(with_vectors, settings):
    assert search(with_vectors, "red", "", settings, Matchers()).known == 11
    vectors = Vectors(settings.home, MATCHER)
    vectors.add([with_vectors.pictures[WITHOUT].hash], np.eye(4, dtype=np.float32)[:1])
    vectors.close()
    found = search(with_vectors, "red", "", settings, Matchers())
    assert (found.known, found.scores[WITHOUT]) == (12, 1)


@pytest.mark.parametrize(("picture", "why"), [("003.png", "has no vector yet"), ("../x.png", "no such picture")])
def test_pictures_that_cannot_be_searched_by(with_vectors, settings, picture, why):
    with pytest.raises(SettingsError, match=why):
        search(with_vectors, "", picture, settings, Matchers())


def test_without_vectors_the_mend_is_said(gallery, settings, monkeypatch):
    monkeypatch.setattr(profiles, "specs", lambda *_: {"matcher": MATCHER})
    with pytest.raises(SettingsError, match="no vectors yet"):
        search(gallery, "red", "", settings, Matchers())


def test_without_a_matcher_descriptions_are_searched(gallery, settings):
    with pytest.raises(SettingsError, match="Nothing is known yet"):
        search(gallery, "red", "", settings, Matchers())
    run = submitted(gallery, settings)
    with run.hold():
        assert execute(run, settings).state == "done"
    found = search(gallery, "Reds", "", settings, Matchers())  # another ending and case
    assert np.flatnonzero(found.scores > 0).tolist() == [0, 4, 8]
    assert (found.by, found.known) == ("descriptions of earlier runs", 12)
    assert not search(gallery, "submarine", "", settings, Matchers()).scores.any()
