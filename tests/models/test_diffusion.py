"""Pipelines of Stable Diffusion's shape with random weights, saved and loaded; losses against the formula."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from assets.make.scene import PLACES
from engine.errors import ModelError, Stopped
from engine.gallery import open_folder
from engine.models import diffusion, load
from engine.models.diffusion import Diffusion
from engine.models.profiles import POSTCARDS
from engine.models.roles import Latent, ModelSpec
from tests.models.tiny_checkpoints import save_diffusion

PROMPTS, STEPS = ("", "a beach", "a city"), (100, 400, 400, 700)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_diffusion(tmp_path_factory.mktemp("diffusion"))


@pytest.fixture
def pictures(tmp_path, settings):
    rng = np.random.default_rng(0)
    for i, size in enumerate([(40, 40), (80, 40), (40, 90)]):
        Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    return list(open_folder(tmp_path, settings).pictures)


def model(folder, settings, **options) -> Diffusion:
    return load("denoiser", ModelSpec("diffusion", str(folder), options=options), settings)


def latents(loaded, pictures) -> list[Latent]:
    return [Latent(pictures[i].hash, values) for i, values in loaded.latents(pictures, lambda: None)]


def losses(loaded, pictures, seed=0, steps=STEPS, first=0) -> dict[int, np.ndarray]:
    some = latents(loaded, pictures)
    times = np.tile(np.array(steps), (len(some), 1))
    return dict(loaded.losses(some, PROMPTS, times, first, seed, lambda: None))


def test_losses_are_the_formula(folder, pictures, settings):
    loaded = model(folder, settings, batch=5)
    pipe, seen = loaded.pipeline, losses(loaded, pictures[:1])[0]
    assert seen.shape == (3, 4, 8, 8)
    assert seen.dtype == np.float32
    with torch.inference_mode():
        x = torch.from_numpy(np.asarray(pictures[0].open().resize((32, 32), Image.Resampling.BICUBIC)) / 127.5 - 1)
        z = pipe.vae.encode(x.permute(2, 0, 1)[None].float()).latent_dist.mode() * pipe.vae.config.scaling_factor
        noise = [torch.randn(z.shape[1:], generator=diffusion._dice(pictures[0].hash, 0, n)) for n in range(4)]
        for p, prompt in enumerate(PROMPTS):
            known, _ = pipe.encode_prompt(prompt, "cpu", 1, False)
            for s, step in enumerate(STEPS):
                kept = pipe.scheduler.alphas_cumprod[step]
                noisy = kept.sqrt() * z + (1 - kept).sqrt() * noise[s]
                wanted = (pipe.unet(noisy, step, known).sample - noise[s]).square().mean(dim=1)[0]
                np.testing.assert_allclose(seen[p, s], wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_neither_batch_nor_order_matters_but_the_seed_does(folder, pictures, settings):
    whole = losses(model(folder, settings), pictures)
    for batch in (1, 7):
        again = losses(model(folder, settings, batch=batch), pictures[::-1])
        for i in range(3):
            np.testing.assert_allclose(again[2 - i], whole[i], rtol=1e-4, atol=1e-5)
    assert not np.allclose(losses(model(folder, settings), pictures, seed=1)[0], whole[0], atol=1e-3)


def test_each_picture_has_noise_of_its_own():
    of = (("a", 0, 0), ("a", 0, 0), ("b", 0, 0), ("a", 1, 0), ("a", 0, 1))
    noise = [torch.randn(4, generator=diffusion._dice(*one)) for one in of]
    assert torch.equal(noise[0], noise[1])
    assert not any(torch.equal(noise[0], other) for other in noise[2:])


def test_a_picture_keeps_its_shape(folder, pictures, settings):
    shapes = [found.shape[2:] for found in losses(model(folder, settings), pictures).values()]
    # 1,024 pixels in sides of 16: 40 x 40 to 32 x 32; 80 x 40 to 48 x 16 (45 x 23); 40 x 90 to 16 x 48. Latents: a 4th
    assert shapes == [(8, 8), (4, 12), (12, 4)]


def test_the_noise_told_from_velocity(folder, pictures, settings, tmp_path):
    other = shutil.copytree(folder, tmp_path / "velocity")
    config = other / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace('"epsilon"', '"v_prediction"'))
    plain, velocity = model(folder, settings), model(other, settings)
    latent, times = torch.randn(1, 4, 8, 8), torch.tensor([300])
    told = velocity._told(["a beach"])
    kept = plain.pipeline.scheduler.alphas_cumprod[300]
    # v = sqrt(a) e - sqrt(1 - a) x0, and x = sqrt(a) x0 + sqrt(1 - a) e: so e = sqrt(a) v + sqrt(1 - a) x
    said = plain._noise_in(latent, times, told)
    torch.testing.assert_close(
        velocity._noise_in(latent, times, told), kept.sqrt() * said + (1 - kept).sqrt() * latent, rtol=1e-4, atol=1e-5
    )
    config.write_text(config.read_text().replace('"v_prediction"', '"sample"'))
    with pytest.raises(ModelError, match="predicts 'sample'"):
        model(other, settings)


def test_it_moves_in_the_devices_precision(folder, pictures, settings, monkeypatch):
    loaded = model(folder, settings)
    before = losses(loaded, pictures[:1])[0]
    monkeypatch.setattr(diffusion, "dtype_for", lambda wish, device: torch.bfloat16)
    moved = loaded.to(torch.device("cpu"))
    assert {moved.pipeline.unet.dtype, moved.pipeline.text_encoder.dtype} == {torch.bfloat16}
    assert moved.pipeline.vae.dtype == torch.float32
    np.testing.assert_allclose(losses(moved, pictures[:1])[0], before, rtol=0.1, atol=0.05)


@pytest.mark.gpu
def test_a_gpu_tells_the_same(folder, pictures, settings):
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU: losses on a GPU were not compared")
    loaded = model(folder, settings).to(torch.device("cpu"))
    before = losses(loaded, pictures)
    after = losses(loaded.to(torch.device("cuda")), pictures)
    for i in range(3):
        np.testing.assert_allclose(after[i], before[i], rtol=0.1, atol=0.05)


def test_unreadable_pictures_are_left_out_and_it_stops(folder, pictures, settings):
    pictures[1].path.unlink()
    loaded = model(folder, settings)
    assert [i for i, _ in loaded.latents(pictures, lambda: None)] == [0, 2]

    def check():
        raise Stopped

    with pytest.raises(Stopped):
        list(loaded.losses(latents(loaded, pictures), PROMPTS, np.array([STEPS, STEPS]), 0, 0, check))


def test_out_of_memory_halves_once_then_says_so(folder, pictures, settings, monkeypatch, caplog):
    wanted = losses(model(folder, settings), pictures[:1])[0]
    real = Diffusion._noise_in

    def small(self, noisy, times, told):
        if len(noisy) > 4:
            raise torch.OutOfMemoryError
        return real(self, noisy, times, told)

    monkeypatch.setattr(Diffusion, "_noise_in", small)
    np.testing.assert_allclose(losses(model(folder, settings, batch=8), pictures[:1])[0], wanted, rtol=1e-4, atol=1e-5)
    assert "takes 4 at a time" in caplog.text
    with pytest.raises(ModelError, match="memory is too small for"):
        losses(model(folder, settings, batch=32), pictures[:1])


def test_what_cannot_be_loaded_says_why(folder, settings, tmp_path, pictures):
    with pytest.raises(ModelError, match="cannot be loaded"):
        model(tmp_path, settings)
    bare = shutil.copytree(folder, tmp_path / "bare")
    (bare / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        model(bare, settings)
    with pytest.raises(ModelError, match="no step 1000"):
        losses(model(folder, settings), pictures, steps=(1000,))


def test_the_bundled_denoiser_knows_where_its_postcards_are(settings):
    loaded = load("denoiser", ModelSpec("diffusion", "assets/models/diffusion"), settings)
    some = open_folder(POSTCARDS, settings).pictures[::50]  # 12, two a place
    prompts = ("", *(f"An image of {place}" for place in PLACES))
    times = np.tile(np.arange(100, 700, 75), (len(some), 1))
    found = dict(loaded.losses(latents(loaded, some), prompts, times, 0, 0, lambda: None))
    assert found[0].shape == (7, 8, 16, 16)
    typical = {i: (of[0] - of[1:]).mean(axis=(1, 2, 3)) for i, of in found.items()}  # T(x|place), larger is more so
    right = [PLACES[int(typical[i].argmax())] == picture.label for i, picture in enumerate(some)]
    assert np.mean(right) >= 0.9


def test_draws_go_on_where_they_ended_and_calls_are_counted(folder, pictures, settings, monkeypatch):
    calls, encoded, real = [], [], Diffusion._noise_in
    monkeypatch.setattr(Diffusion, "_noise_in", lambda self, x, t, c: calls.append(len(x)) or real(self, x, t, c))
    loaded = model(folder, settings, batch=5)
    told = loaded._encoded
    monkeypatch.setattr(Diffusion, "_encoded", lambda self, prompt: encoded.append(prompt) or told(prompt))
    square = [pictures[0]] * 3
    whole = losses(loaded, square)
    assert len(calls) == -(-3 * len(PROMPTS) * len(STEPS) // 5)  # ceil(n P S / B)
    late = losses(loaded, square, steps=STEPS[2:], first=2)
    for i in range(3):
        np.testing.assert_allclose(late[i], whole[i][:, 2:], rtol=1e-4, atol=1e-5)
    assert encoded == list(PROMPTS)


def test_features_end_early_and_leave_nothing_behind(folder, pictures, settings):
    loaded = model(folder, settings)
    some = latents(loaded, pictures[:2])
    found = dict(loaded.features(some, "", 161, 3, 0, lambda: None))
    assert found[0].shape == (8, 8, 8)  # channels, and latent pixels: half of them, doubled by the block
    again = dict(model(folder, settings, batch=2).features(some[::-1], "", 161, 3, 0, lambda: None))
    np.testing.assert_allclose(again[1], found[0], rtol=1e-4, atol=1e-5)
    assert not any(block._forward_hooks for block in loaded.pipeline.unet.up_blocks)
    assert losses(loaded, pictures[:1])[0].shape == (3, 4, 8, 8)


def test_every_path_at_64_latents(folder, pictures, settings):
    loaded = model(folder, settings, side=256, steps=1)  # a quarter of the pixels' side: as many latents as SD 1.5 has
    some = latents(loaded, pictures[:1])
    assert some[0].values.shape == (4, 64, 64)
    found = dict(loaded.losses(some, PROMPTS[:2], np.array([STEPS[:1]]), 0, 0, lambda: None))[0]
    assert found.shape == (2, 1, 64, 64)
    assert np.isfinite(found).all()
    assert dict(loaded.features(some, "", 161, 1, 0, lambda: None))[0].shape[1:] == (64, 64)
    (drawn,) = [image for _, image in loaded.draw(["a beach"], [0], lambda: None)]
    assert drawn.size == (256, 256)
    (told,) = loaded.translate(pictures[0], "a beach", "", ["a city"], 2, lambda: None)
    assert told.size == (256, 256)
