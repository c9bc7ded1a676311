"""The embedder on a ResNet-50 of SSCD's shape with random weights, and on what must never be opened."""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from engine.errors import ModelError, Stopped
from engine.gallery import open_folder
from engine.models import load, sscd
from engine.models.profiles import POSTCARDS, ROOT
from engine.models.roles import ModelSpec


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    model = torchvision.models.resnet50(num_classes=512).eval()
    path = tmp_path_factory.mktemp("sscd") / "model.torchscript.pt"
    torch.jit.trace(model, torch.zeros(1, 3, 64, 64)).save(str(path))  # type: ignore[union-attr]
    return path


@pytest.fixture
def pictures(tmp_path, settings):
    rng = np.random.default_rng(0)
    for i in range(5):
        Image.fromarray(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    return list(open_folder(tmp_path, settings).pictures)


def spec_of(path, **options):
    return ModelSpec("sscd", str(path), options={"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **options})


def test_a_resnet_of_sscds_shape_embeds(checkpoint, pictures, settings):
    model = load("embedder", spec_of(checkpoint, side=64, batch=2), settings)
    found = dict(model.pictures(pictures, lambda: None))
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert {v.shape for v in found.values()} == {(512,)}
    whole = dict(load("embedder", spec_of(checkpoint, side=64, batch=5), settings).pictures(pictures, lambda: None))
    np.testing.assert_allclose(found[3], whole[3], rtol=1e-3, atol=1e-4)  # not a matter of batch mates


def test_preprocessing_is_as_published(checkpoint, pictures, settings):
    model = load("embedder", spec_of(checkpoint), settings)
    (ready,) = sscd._normalised(model._prepared(pictures[0])[None])
    assert ready.shape == (3, 320, 320)
    image = pictures[0].open().resize((320, 320))
    as_torchvision = torchvision.transforms.Compose(
        [
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    np.testing.assert_allclose(ready.numpy(), as_torchvision(image).numpy(), atol=1e-5)


def test_a_large_jpeg_that_is_decoded_smaller_keeps_its_vector(settings, tmp_path):
    with Image.open(POSTCARDS / "beach" / "beach_001.webp") as image:
        image.convert("RGB").resize((2000, 1500)).save(tmp_path / "1.jpg", quality=90)
    (picture,) = open_folder(tmp_path, settings).pictures
    assert picture.open(640).size == (1000, 750)
    model = load("embedder", ModelSpec("sscd", "assets/models/copies.pt"), settings)
    ((_, vector),) = model.pictures([picture], lambda: None)
    whole = torch.from_numpy(np.array(picture.open().resize((320, 320))))
    (exact,) = model._vectors(whole[None])
    assert vector @ exact / np.linalg.norm(vector) / np.linalg.norm(exact) > 0.999


def test_programs_nobody_vouches_for_are_not_opened(checkpoint, settings):
    with pytest.raises(ModelError, match="is not known"):
        load("embedder", ModelSpec("sscd", str(checkpoint)), settings)
    with pytest.raises(ModelError, match="has another sha256"):
        load("embedder", ModelSpec("sscd", str(checkpoint), options={"sha256": "0" * 64}), settings)


def test_a_hash_that_is_said_holds_for_known_checkpoints_too(settings):
    """Vectors are remembered by the spec: under one hash there must be those of one file only."""
    with pytest.raises(ModelError, match="has another sha256"):
        load("embedder", ModelSpec("sscd", "assets/models/copies.pt", options={"sha256": "0" * 64}), settings)


def test_the_bundled_detector_is_known_and_is_not_sscd(settings, tmp_path):
    bundled = ROOT / "assets" / "models" / "copies.pt"
    known = sscd.KNOWN[hashlib.sha256(bundled.read_bytes()).hexdigest()]
    assert (known.name, known.is_sscd) == ("bundled", False)
    model = load("embedder", ModelSpec("sscd", "assets/models/copies.pt"), settings)
    pair = ["beach_001.webp", "beach_002.webp"]
    for name in pair:
        shutil.copy(POSTCARDS / "beach" / name, tmp_path / name)
    with Image.open(tmp_path / pair[0]) as image:
        image.convert("RGB").resize((200, 200)).save(tmp_path / "copy.jpg", quality=60)
    by_name = {p.name: p for p in open_folder(tmp_path, settings).pictures}
    found = dict(model.pictures([by_name[n] for n in (*pair, "copy.jpg")], lambda: None))
    assert found[0] @ found[2] > known.threshold > found[0] @ found[1]


def test_files_that_are_no_models(tmp_path, settings):
    junk = tmp_path / "junk.pt"
    junk.write_bytes(b"no program")
    with pytest.raises(ModelError, match="no TorchScript"):
        load("embedder", spec_of(junk), settings)
    with pytest.raises(ModelError, match="no file"):
        load("embedder", ModelSpec("sscd", str(tmp_path / "none.pt")), settings)


def test_unreadable_pictures_are_left_out_and_it_stops(checkpoint, pictures, settings):
    pictures[1].path.unlink()
    model = load("embedder", spec_of(checkpoint, side=32, batch=2), settings)
    assert sorted(i for i, _ in model.pictures(pictures, lambda: None)) == [0, 2, 3, 4]

    def check():
        raise Stopped

    with pytest.raises(Stopped):
        list(model.pictures(pictures, check))


def test_out_of_memory_halves_once_then_says_so(checkpoint, pictures, settings, monkeypatch, caplog):
    model = load("embedder", spec_of(checkpoint, side=32, batch=4), settings)
    real = sscd.CopyDetector._vectors

    def small(self, pixels):
        if len(pixels) > 2:
            raise torch.OutOfMemoryError
        return real(self, pixels)

    monkeypatch.setattr(sscd.CopyDetector, "_vectors", small)
    assert sorted(i for i, _ in model.pictures(pictures, lambda: None)) == [0, 1, 2, 3, 4]
    assert "takes 2 at a time" in caplog.text
    assert "takes 2 at a time" in model.notes[0]

    def never(self, pixels):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(sscd.CopyDetector, "_vectors", never)
    with pytest.raises(ModelError, match="memory is too small for"):
        list(load("embedder", spec_of(checkpoint, side=32, batch=4), settings).pictures(pictures, lambda: None))
