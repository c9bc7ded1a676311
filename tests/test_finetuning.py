"""A tiny pipeline learns two labels: what comes out, what is kept when it is killed, and what is refused."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from PIL import Image

from engine.errors import GalleryError, ModelError, SettingsError, Stopped, StoreError
from engine.finetuning import Params, _held_out, finetune, labelled
from engine.gallery import open_folder
from engine.models import load, tuning
from engine.models.roles import Latent, ModelSpec
from engine.models.templates import Template, template_of
from engine.progress import Progress
from engine.settings import Settings
from tests.models.tiny_checkpoints import save_diffusion
from tests.planted import ROOT

pytestmark = pytest.mark.usefixtures("one_thread")
FEW = Params(steps=12, batch=3, every=4, rate=1e-3, template=Template("A {} thing", "A thing"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return save_diffusion(tmp_path_factory.mktemp("diffusion"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return painted(tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="module")
def whole(tiny, folder, tmp_path_factory):
    """An unbroken run: its folder, and how it went."""
    to = tmp_path_factory.mktemp("whole")
    return to, taught(tiny, folder, to, Settings(tmp_path_factory.mktemp("home")))


def painted(to: Path, n: int = 12) -> Path:
    """Two labels, warm and cold noise; every third picture is wide."""
    rng = np.random.default_rng(0)
    for i in range(2 * n):
        name, colour = (("zorblat", (250, 180, 60)), ("quimby", (60, 120, 250)))[i % 2]
        path = to / name / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, colour, (40, 80 if i % 3 == 0 else 40, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return to


def taught(tiny, folder, to, settings, params=FEW, progress=None):
    spec = ModelSpec("diffusion", str(tiny))
    return finetune(open_folder(folder, settings), spec, to, params, settings, progress or Progress())


def weights(to: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(to)): p.read_bytes() for p in sorted(to.rglob("*.safetensors"))}
    assert len(found) == 3  # autoencoder, text encoder, U-Net
    return found


@pytest.mark.parametrize("how", ["full", "lora"])
def test_what_comes_out_is_an_ordinary_pipeline(how, tiny, folder, settings, tmp_path):
    to, steps = tmp_path / "new", []
    params = Params(12, how, FEW.template, 1e-2, 3, 4, 9)
    progress = Progress(lambda p: steps.append(p.step), every=0)
    result = taught(tiny, folder, to, settings, params, progress)
    assert [step for step, _ in result.history] == [0, 4, 8, 12]
    assert (result.steps, result.labels) == (12, {"zorblat": 12, "quimby": 12})
    assert result.gap == max(gap for _, gap in result.history) == dict(result.history)[result.kept]
    assert result.kept  # it learned
    assert any("held-out gap +" in step or "held-out gap -" in step for step in steps)

    spec = ModelSpec("diffusion", str(to))
    assert template_of(spec) == Template("A {} thing", "A thing", is_known=True)
    assert {p.name for p in to.iterdir()} == {
        *("README.md", "finetuning.json", "model_index.json", "scheduler", "template.json", "text_encoder"),
        *("tokenizer", "unet", "vae"),
    }
    assert not list(to.rglob("*.bin"))
    assert "zorblat (12)" in (to / "README.md").read_text()
    StableDiffusionPipeline.from_pretrained(to, safety_checker=None)
    before = StableDiffusionPipeline.from_pretrained(tiny, safety_checker=None)
    model = load("denoiser", spec, settings)
    assert model.pipeline.unet.state_dict().keys() == before.unet.state_dict().keys()
    # The gap by the saved model, asked in the ordinary way, is the one that was told.
    pictures = labelled(open_folder(folder, settings).pictures, Progress())
    pictures = [p for p in pictures if p.hash in _held_out(pictures)]
    latents = dict(model.latents(pictures, lambda: None))
    gaps, times = [], np.array([tuning._TIMES])
    for i, p in enumerate(pictures):
        prompts = ("A thing", f"A {p.label} thing")
        ((_, errors),) = model.losses([Latent(p.hash, latents[i])], prompts, times, 0, 0, lambda: None)
        gaps.append((errors[0] - errors[1]).mean())
    assert len(gaps) == result.held_out
    assert np.mean(gaps) == pytest.approx(result.gap, rel=1e-3, abs=1e-6)


def test_killed_and_gone_on_with_it_ends_equal(tiny, folder, settings, tmp_path, whole):
    code = (
        "import sys; from pathlib import Path; from engine.gallery import open_folder\n"
        "from engine.finetuning import *; from engine.settings import Settings\n"
        "tiny, folder, to, settings = *map(Path, sys.argv[1:4]), Settings(Path(sys.argv[4]))\n"
        "params = Params(12, batch=3, every=4, rate=1e-3, template=Template('A {} thing', 'A thing'))\n"
        "progress = Progress(lambda p: print(p.step.split()[0], p.done, flush=True), every=0)\n"
        "gallery, spec = open_folder(folder, settings), ModelSpec('diffusion', str(tiny))\n"
        "finetune(gallery, spec, to, params, settings, progress, kept_every=1e-9)\n"
    )
    to = tmp_path / "killed"
    words, alone = [sys.executable, "-c", code, tiny, folder, to, settings.home], {"OMP_NUM_THREADS": "1"}
    child = subprocess.Popen(words, cwd=ROOT, env=os.environ | alone, stdout=subprocess.PIPE)
    assert child.stdout
    assert any(line.strip() == b"training 7" for line in child.stdout)
    child.kill()
    child.wait()
    child.stdout.close()
    assert (to / "training" / "checkpoint.pt").exists()
    assert not (to / "model_index.json").exists()
    seen: list[int] = []
    gone_on = taught(tiny, folder, to, settings, progress=Progress(lambda p: seen.append(p.done), every=0))
    assert seen[2] >= 6  # it did not begin anew
    assert weights(to) == weights(whole[0])
    assert gone_on == whole[1]
    assert not (to / "training").exists()


def test_stopped_it_says_how_to_go_on_and_ends_equal(tiny, folder, settings, tmp_path, whole):
    to = tmp_path / "stopped"
    progress = Progress()

    def check():
        if progress.done >= 5 and progress.total == 12:
            raise Stopped("Enough.")

    progress.check = check
    with pytest.raises(Stopped, match=r"Enough. Asked again, it goes on at step 5 of 12."):
        taught(tiny, folder, to, settings, progress=progress)
    with pytest.raises(StoreError, match="something else was begun: it differs in steps, seed"):
        taught(tiny, folder, to, settings, Params(13, "full", FEW.template, 1e-3, 3, 4, seed=1))
    first = taught(tiny, folder, to, settings)
    assert first == whole[1]
    assert weights(to) == weights(whole[0])
    began = time.monotonic()
    again = taught(tiny, folder, to, settings)  # it is there already
    assert again == first
    assert time.monotonic() - began < 1
    with pytest.raises(StoreError, match="holds a model already"):
        taught(tiny, folder, to, settings, replace(FEW, seed=1))


def test_killed_while_it_moves_the_model_to_its_place(tiny, folder, settings, tmp_path, monkeypatch, whole):
    real = Path.replace

    def torn(self, target):
        if self.name == "unet":
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", torn)
        with pytest.raises(KeyboardInterrupt):
            taught(tiny, folder, tmp_path / "torn", settings)
    assert (tmp_path / "torn" / "text_encoder").exists()
    taught(tiny, folder, tmp_path / "torn", settings)
    assert weights(tmp_path / "torn") == weights(whole[0])


def test_it_ends_where_the_gap_no_longer_rises(tiny, folder, settings, tmp_path, monkeypatch):
    gaps = iter([0.0, 0.2, 0.1, 0.15, 0.9])
    monkeypatch.setattr(tuning.Tuner, "gap", lambda self, check: next(gaps))
    result = taught(tiny, folder, tmp_path / "new", settings, Params(12, batch=2, every=1, patience=2))
    assert (result.steps, result.kept, result.gap, result.before) == (3, 1, 0.2, 0.0)


def test_a_model_that_learned_nothing_is_kept_as_it_was(tiny, folder, settings, tmp_path, monkeypatch):
    gaps = iter([0.3, 0.2, 0.1])
    monkeypatch.setattr(tuning.Tuner, "gap", lambda self, check: next(gaps))
    progress = Progress()
    result = taught(tiny, folder, tmp_path / "new", settings, Params(2, batch=2, every=1), progress)
    assert result.kept == 0
    assert "kept as it was" in progress.notes[-1]
    assert weights(tmp_path / "new") == weights(tiny)


def test_a_full_disk_is_said_and_gone_on_from(tiny, folder, settings, tmp_path, monkeypatch, whole):
    gallery, spec, full = open_folder(folder, settings), ModelSpec("diffusion", str(tiny)), tmp_path / "new"
    monkeypatch.setattr(errno, "ENOSPC", errno.EFBIG)  # what a limit on files gives in place of a full disk
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    # the latents, the best weights, the checkpoint: 31 kB, 322 kB, 1.3 MB
    for most, lacks in ((20_000, "latents.npz"), (100_000, "best.safetensors"), (1_000_000, "checkpoint.pt")):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, usual[1]))
        try:
            with pytest.raises(StoreError, match=r"the disk is full\. Make room and ask the same again"):
                finetune(gallery, spec, full, FEW, settings, Progress())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        assert not (full / "training" / lacks).exists()
    taught(tiny, folder, full, settings)
    assert weights(full) == weights(whole[0])


def test_folders_with_something_else_are_refused(tiny, folder, settings, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds other files"):
        taught(tiny, folder, tmp_path / "mine", settings)
    with pytest.raises(StoreError, match="cannot be written"):
        taught(tiny, folder, tmp_path / "mine" / "thesis.txt" / "new", settings)
    with pytest.raises(StoreError, match="holds a model already"):
        taught(tiny, folder, shutil.copytree(tiny, tmp_path / "other"), settings)


def test_bad_input_is_refused_before_a_model_is_loaded(tiny, folder, settings, tmp_path):
    to = tmp_path / "new"
    for labels, n, why in (("none", 12, "No picture has a label"), ("folder", 3, "Fewer than two labels have 5")):
        gallery = open_folder(painted(tmp_path / f"g{n}", n), settings, labels)
        with pytest.raises(GalleryError, match=why):
            finetune(gallery, ModelSpec("diffusion", "nowhere"), to, FEW, settings, Progress())
    shutil.rmtree(tmp_path / "g12" / "quimby")
    with pytest.raises(GalleryError, match="All pictures have the label 'zorblat'"):
        taught(tiny, tmp_path / "g12", to, settings)
    with pytest.raises(ModelError, match="cannot be loaded"):
        taught(tmp_path / "g12", folder, to, settings)
    for name, value in (("how", "half"), ("steps", 0), ("rate", -1.0), ("seed", -1)):
        with pytest.raises(SettingsError):
            replace(FEW, **{name: value})


def test_pictures_that_cannot_be_read_and_rare_labels_are_left_out_with_a_word(tiny, settings, tmp_path):
    folder, progress = painted(tmp_path / "some"), Progress()
    (folder / "rare").mkdir()
    Image.new("RGB", (40, 40)).save(folder / "rare" / "1.png")
    gallery = open_folder(folder, settings)
    (folder / "quimby" / "03.png").write_bytes(b"no picture any more")
    params = Params(1, batch=2)
    result = finetune(gallery, ModelSpec("diffusion", str(tiny)), tmp_path / "new", params, settings, progress)
    assert result.labels == {"zorblat": 12, "quimby": 11}
    assert progress.notes[:2] == ["left out, with fewer than 5 pictures: rare", "not read: quimby/03.png"]


@pytest.fixture
def tuner(tiny, settings):
    rng = np.random.default_rng(0)
    shapes = [(4, 8, 8)] * 8 + [(4, 4, 12)] * 8
    lessons = [
        (Latent(f"{i:064x}", rng.standard_normal(shape).astype(np.float32)), ("warm", "cold")[i % 2])
        for i, shape in enumerate(shapes)
    ]
    model = tuning.load(ModelSpec("diffusion", str(tiny)), settings)
    return tuning.Tuner(model, lessons, lessons[:2], null="", is_full=True, rate=0, batch=8, seed=0)


def test_what_a_step_draws_belongs_to_its_number(tuner):
    drawn = [tuner._drawn(step) for step in range(400)]
    again = tuner._drawn(7)
    assert all(np.array_equal(a, b) for a, b in zip(again, drawn[7], strict=True))
    shapes = Counter(tuple(z.shape) for z, *_ in drawn)
    assert set(shapes) == {(8, 4, 8, 8), (8, 4, 4, 12)}
    assert min(shapes.values()) > 150  # half of the pictures have each
    codes = np.concatenate([codes for *_, codes in drawn])
    # 3,200 draws: a tenth is null, standard error .005; of the others each label has a half
    assert np.mean(codes == 0) == pytest.approx(0.1, abs=0.02)
    assert np.mean(codes == 1) == pytest.approx(0.45, abs=0.04)
    times = torch.cat([times for _, _, times, _ in drawn]).numpy()
    assert (times.min() >= 0, times.max() < 1000) == (True, True)
    assert np.mean((times >= 80) & (times < 760)) == pytest.approx(0.85 + 0.15 * 0.68, abs=0.03)


def test_the_loss_is_of_noise_or_of_velocity(tuner, monkeypatch):
    z, noise, times, codes = tuner._drawn(0)
    kept = tuner.pipeline.scheduler.alphas_cumprod[times].view(-1, 1, 1, 1)
    wanted = {"epsilon": noise, "v_prediction": kept.sqrt() * noise - (1 - kept).sqrt() * z}
    for kind, target in wanted.items():
        tuner.pipeline.scheduler.register_to_config(prediction_type=kind)
        monkeypatch.setattr(tuner.pipeline.unet, "forward", lambda *_, target=target, **__: (target + 2,))
        assert tuner._loss(z, noise, times, codes).item() == pytest.approx(4, rel=1e-5)


def test_a_loss_that_is_no_number_ends_it(tuner):
    with torch.no_grad():
        tuner.weights["unet.conv_in.weight"].fill_(float("nan"))
    with pytest.raises(ModelError, match="no number any more"):
        tuner.learn(0)
