"""The shipped weights load through their libraries alone and know pictures that nobody trained or tuned on."""

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from PIL import Image

from assets.make import examine_coca, examine_copies, examine_diffusion, train_autoencoder, train_coca, train_denoiser
from assets.make.grammar import captions, read
from assets.make.painter import paint
from assets.make.pictures import HELD_OUT, TUNING, Pictures
from assets.make.scene import FACTORS, Scene, scenes

MODELS = Path(__file__).parents[2] / "assets" / "models"


@pytest.fixture(scope="module")
def postcards() -> tuple[list[Image.Image], list[Scene]]:
    own = list(scenes(HELD_OUT, 80))
    return [paint(scene, 128)[0] for scene in own], own


@pytest.fixture(scope="module")
def coca() -> examine_coca.Examinee:
    return examine_coca.Examinee()


@pytest.fixture(scope="module")
def detector() -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return examine_copies.load()


@pytest.fixture(scope="module")
def diffusion() -> StableDiffusionPipeline:
    return examine_diffusion.load()


def test_all_weights_together_are_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*")) < 40e6


def test_coca_tells_and_says_every_factor(coca, postcards) -> None:
    pictures, own = postcards
    truth = [{factor: getattr(scene, factor) for factor in FACTORS} for scene in own]
    found = examine_coca.figures(coca, pictures, truth)
    floors = {"place": 0.93, "subject": 0.88, "colour": 0.93, "time": 0.93, "count": 0.5}
    for kind in ("plain prompts", "captions"):
        assert {f: v for f, v in found[kind].items() if v < floors[f]} == {}, found


def test_coca_captions_are_sentences(coca, postcards) -> None:
    captions = coca.describe(coca.prepared(postcards[0][:12]))
    assert all(caption.endswith(".") and set(read(caption)) == set(FACTORS) for caption in captions), captions


def test_tokenizer_gives_back_any_text(coca) -> None:
    text = "Zürich: 12 dogs & a 猫"
    ids = coca.tokenize.tokenizer(text).input_ids
    assert coca.tokenize.tokenizer.decode(ids, skip_special_tokens=True).strip() == text


@pytest.mark.parametrize("shape", [(2, 3, 320, 320), (1, 3, 32, 50), (3, 3, 224, 200)])
def test_detector_takes_any_size(detector, shape) -> None:
    described = detector(torch.rand(shape))
    assert described.shape == (shape[0], 512)
    assert torch.allclose(described.norm(dim=1), torch.ones(shape[0]), atol=1e-4)


def test_detector_does_not_mind_mirrors_and_company(detector) -> None:
    pictures = torch.rand(3, 3, 96, 96)
    described = detector(pictures)
    assert torch.allclose(described, detector(pictures.flip(3)), atol=1e-3)
    assert torch.allclose(described[1:2], detector(pictures[1:2]), atol=1e-4)


def test_detector_tells_copies_from_look_alikes(detector) -> None:
    found = examine_copies.edits(detector, HELD_OUT, 24)
    assert min(auc for name, (auc, _) in found.items() if name != "combined") > 0.998, found
    assert found["combined"][0] > 0.985, found


def test_detector_finds_the_gallerys_copies(detector) -> None:
    there, found, false = examine_copies.planted(detector, examine_copies.DEFAULT_THRESHOLD)
    assert there == 24
    assert found >= 20
    assert false <= 3


def test_the_autoencoder_keeps_more_than_components_of_equal_size(diffusion, postcards) -> None:
    pictures, _ = postcards
    others = np.stack([np.asarray(paint(scene, 128)[0]) for scene in scenes(TUNING, 60)])
    learned, linear = examine_diffusion.autoencoder(diffusion, np.stack([np.asarray(p) for p in pictures]), others)
    assert learned > linear + 2, (learned, linear)


def test_the_denoiser_tells_places(diffusion, postcards) -> None:
    pictures, own = postcards
    pixels = np.stack([np.asarray(p) for p in pictures[:48]])
    right, localised = examine_diffusion.places(diffusion, pixels, own[:48], draws=8)
    assert right >= 0.9
    assert localised["true place"][0] > max(0.5, localised["wrong place"][0]), localised


def test_training_pairs_are_those_that_hold() -> None:
    rng, own = random.Random(5), list(scenes(7, 40))
    said = [(i, caption) for i, scene in enumerate(own) for caption in captions(scene, rng)]
    values = np.array([[choices.index(getattr(scene, f)) for f, choices in FACTORS.items()] for scene in own])
    found = train_coca._holds([caption for _, caption in said], np.array([i for i, _ in said]), values)
    wanted = [[caption.holds(own[i], other) for i, caption in said] for other in own]
    assert np.array_equal(found, np.array(wanted))


@pytest.mark.slow
def test_diffusion_trains_stops_goes_on_and_loads(tmp_path, monkeypatch) -> None:
    own = list(scenes(8, 40))
    pixels = np.stack([np.asarray(paint(scene, 128)[0]) for scene in own])
    pictures = Pictures(pixels, np.zeros((40, 3, 4), np.int16), own)
    for module in (train_autoencoder, train_denoiser):
        monkeypatch.setattr(module, "WORK", tmp_path)
        monkeypatch.setattr(module, "painted", lambda seed, n: pictures)
    monkeypatch.setattr(train_denoiser, "N_LATENTS", 40)
    train_autoencoder.train(tmp_path / "model" / "vae", 2)
    train_denoiser.train(tmp_path / "model", 1)
    train_denoiser.train(tmp_path / "model", 2)
    pipeline = examine_diffusion.load(tmp_path / "model")
    drawn = pipeline("An image of beach", num_inference_steps=2, output_type="np", return_dict=False)
    assert np.shape(drawn[0]) == (1, 64, 64, 3)
    right, localised = examine_diffusion.places(pipeline, pixels[:12], own[:12], draws=2)
    assert 0 <= right <= 1
    assert set(localised) == {"true place", "wrong place"}
