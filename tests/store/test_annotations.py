"""What people know of a run's pictures stays with it, goes along in its file, and is refused where it is nonsense."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

import pytest

from engine.errors import RunError
from engine.gallery import load_gallery
from engine.store.annotations import FILES, Boxes, Predictions, annotate, annotation, annotations_of, forget
from engine.store.annotations import read_annotation as read
from engine.store.arriving import clashes, take_in
from engine.store.parcels import pack
from engine.store.remarks import remark
from engine.store.runs import Run, Runs
from engine.store.unpacking import unpack
from tests.planted import gallery_of, many
from tests.report.sources import structure_run
from tests.store.test_parcels import forged, put

BOXES = Boxes("b.csv", {"a \udcff.png": [("palm <b>", (0.0, 0.25, 0.5, 0.5)), ("sea", (0.0, 0.0, 1.0, 0.1))]})
WRONG = Predictions("p.csv", {"a \udcff.png": True, "b.png": False})


def test_what_is_kept_is_there_until_it_is_forgotten(tmp_path):
    run = Run(tmp_path)
    assert annotations_of(run) == {}
    for said in (BOXES, WRONG):
        annotate(run, said)
    assert annotation(run, Boxes) == BOXES
    assert annotation(run, Predictions) == WRONG
    forget(run, Boxes)
    forget(run, Boxes)
    assert annotations_of(run) == {"predictions.json": WRONG}
    (tmp_path / "predictions.json").write_text('{"source": "p.csv"')
    assert annotations_of(run) == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("predictions.json", []),
        ("predictions.json", {"source": "s", "wrong": {"a": "perhaps"}}),
        ("predictions.json", {"source": "s" * 201, "wrong": {}}),
        ("boxes.json", {"source": "s", "boxes": {"a": [["palm", [0, 0, 1]]]}}),
        ("boxes.json", {"source": "s", "boxes": {"a": [["palm", [0, 0, float("nan"), 1]]]}}),
        ("boxes.json", {"source": "s", "boxes": {"a": [["palm", [0, 0, 0, 1]]]}}),
    ],
)
def test_nonsense_is_refused(name, said):
    with pytest.raises(RunError, match="These are no"):
        read(FILES[name], json.dumps(said).encode())


@pytest.fixture
def run(tmp_path, settings):
    done = structure_run(gallery_of(tmp_path, settings, many(8)), settings)
    forget(done, Predictions)
    return done


def test_predictions_go_along_in_the_file_of_a_run(run, settings, tmp_path):
    gallery, home = load_gallery(run.request.gallery, settings.home), tmp_path / "elsewhere"
    before = pack(run, gallery)
    remark(run, ["x"], "")
    annotate(run, Predictions("p.csv", {"000.png": True}))
    parcel = unpack(io.BytesIO(pack(run, gallery)))
    taken = take_in(unpack(io.BytesIO(before)), home).run
    assert annotations_of(taken) == {}
    assert set(take_in(parcel, home).took) == {"remarks", "known"}
    assert annotation(taken, Predictions) == annotation(run, Predictions)
    annotate(Runs(home).get(run.id), Predictions("other.csv", {"000.png": False}))
    assert clashes(parcel, home) == ("known",)
    with pytest.raises(RunError, match="other predictions or boxes"):
        take_in(parcel, home)
    assert take_in(parcel, home, "mine").took == ()
    assert take_in(parcel, home, "theirs").took == ("known",)
    assert annotation(taken, Predictions) == annotation(run, Predictions)
    assert list(taken.path.glob("predictions.before-*.json"))


def test_what_is_not_asked_for_or_damaged_refuses_the_file(run, settings):
    packed = pack(run, load_gallery(run.request.gallery, settings.home))
    boxes = json.dumps(asdict(BOXES)).encode()
    for name, data, why in (("boxes.json", boxes, "does not ask"), ("predictions.json", boxes, "damaged")):
        with pytest.raises(RunError, match=why):
            unpack(io.BytesIO(forged(packed, put(name, data))))
