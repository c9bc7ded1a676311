"""The whole run on pictures by a checkpoint of SSCD's shape, as jobs do it: when published bands are shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from engine.analyses.diversity import Params
from engine.charts import diversity as charts
from engine.gallery import open_folder
from engine.jobs.asking import make_request
from engine.jobs.execute import execute, read_result
from engine.models import checkpoints
from engine.models.checkpoints import Known, digest
from engine.models.profiles import specs
from engine.models.roles import ModelSpec
from engine.store.runs import Runs

CORESET = Params(coreset=3)


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A ResNet-50 with 512 outputs and random weights, as TorchScript."""
    torch.manual_seed(0)
    model = torchvision.models.resnet50(num_classes=512).eval()
    path = tmp_path_factory.mktemp("sscd") / "sscd_disc_mixup.torchscript.pt"
    torch.jit.trace(model, torch.zeros(1, 3, 64, 64)).save(str(path))  # type: ignore[union-attr]
    return path


@pytest.fixture
def checkpoint(traced, tmp_path):
    """A copy that a test may change."""
    path = tmp_path / traced.name
    path.write_bytes(traced.read_bytes())
    return path


@pytest.fixture
def gallery(tmp_path, settings):
    """Twelve pictures of noise, the last one the first again, of another size and saved coarsely."""
    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for i in range(11):
        noise = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)).resize((90, 60))
        noise.save(tmp_path / "pictures" / f"{i:02}.png")
        if i == 0:
            noise.resize((80, 60)).save(tmp_path / "pictures" / "11.jpg", quality=60)
    return open_folder(tmp_path / "pictures", settings)


def spec_of(path, **options):
    return ModelSpec("sscd", str(path), options={"sha256": digest(path), "side": 64, **options})


def asked(gallery, settings, spec, params):
    """A run carried out as a job is, and how it ended."""
    run = Runs(settings.home).submit(make_request("diversity", gallery, params, {"embedder": spec}))
    with run.hold():
        return run, execute(run, settings)


def told(gallery, settings, spec, params=CORESET):
    run, status = asked(gallery, settings, spec, params)
    assert status.state == "done", status.error
    return status, read_result(run)


def lines(result):
    """The published data sets that the spectrum chart draws."""
    chart = charts.spectrum({"everything": result.eigenvalues}, result.is_sscd)
    return {name for name in ("FineVision", "Cambrian-7M", "Cauldron") if name in str(chart)}


@pytest.fixture
def is_sscd(checkpoint, monkeypatch):
    """The made checkpoint passes for the published one."""
    monkeypatch.setitem(checkpoints.KNOWN, digest(checkpoint), Known("sscd_disc_mixup", True, 0.75))


@pytest.mark.usefixtures("is_sscd")
def test_a_known_checkpoint_gets_bands_lines_and_its_threshold(gallery, settings, checkpoint):
    status, result = told(gallery, settings, spec_of(checkpoint))
    assert status.asked["embed"] == 12
    assert (result.whole.n, result.whole.dimension) == (12, 512)
    assert (result.is_sscd, result.band) == (True, "severe redundancy")  # 12 pictures span 11 of 512 directions
    assert (result.duplicates.threshold, result.duplicates.is_own) == (0.75, True)
    assert lines(result) == {"FineVision", "Cambrian-7M", "Cauldron"}
    assert not any("is not SSCD" in note for note in result.notes)


def test_a_checkpoint_that_a_person_vouches_for_gets_none(gallery, settings, checkpoint):
    _, result = told(gallery, settings, spec_of(checkpoint))
    assert (result.whole.n, result.whole.dimension) == (12, 512)
    assert (result.is_sscd, result.band, result.duplicates.threshold) == (False, "", None)
    assert not lines(result)
    assert any("is not SSCD" in note for note in result.notes)


@pytest.mark.usefixtures("is_sscd")
def test_a_changed_file_under_a_known_name_gets_none(gallery, settings, checkpoint):
    old = spec_of(checkpoint)
    told(gallery, settings, old)
    with checkpoint.open("ab") as file:
        file.write(b"\0")
    _, result = told(gallery, settings, spec_of(checkpoint))
    assert (result.is_sscd, result.band) == (False, "")
    # Under the old hash vectors are remembered, but nobody can say any more that they are this file's.
    _, result = told(gallery, settings, old, Params(threshold=0.9))
    assert (result.is_sscd, result.band) == (False, "")


@pytest.mark.usefixtures("is_sscd")
def test_a_changed_file_is_not_opened_under_the_old_hash(gallery, settings, checkpoint):
    old = spec_of(checkpoint)
    with checkpoint.open("ab") as file:
        file.write(b"\0")
    _, status = asked(gallery, settings, old, CORESET)
    assert status.state == "failed"
    assert "has another sha256" in status.error


@pytest.mark.usefixtures("is_sscd")
def test_a_file_of_models_ties_vectors_to_what_the_checkpoint_is_now(settings, checkpoint, tmp_path):
    models = tmp_path / "models.toml"
    models.write_text(f'[embedder]\nbackend = "sscd"\nname = "{checkpoint}"\n')
    assert specs(str(models), settings)["embedder"].options == {"sha256": digest(checkpoint)}
    checkpoint.write_bytes(b"another")
    assert specs(str(models), settings)["embedder"].options == {}  # and so it will not be opened
