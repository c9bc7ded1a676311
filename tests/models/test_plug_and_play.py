"""Plug-and-play on a tiny pipeline of Stable Diffusion's shape, and on the bundled one of two blocks."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from PIL import Image

from engine.errors import ModelError, SettingsError, Stopped
from engine.gallery import open_folder
from engine.models import load, plug_and_play
from engine.models.plug_and_play import Hold, decoded, drawn, inverted, translate
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec
from tests.models.tiny_checkpoints import save_diffusion

pytestmark = pytest.mark.usefixtures("one_thread")
STEPS, FREE = 8, Hold(guidance=1, features=0, attention=0)
SOURCE, LABELS = "a beach", ["a city", "a forest"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_diffusion(tmp_path_factory.mktemp("diffusion"))


@pytest.fixture
def model(folder, settings):
    return load("denoiser", ModelSpec("diffusion", str(folder)), settings)


@pytest.fixture
def picture(tmp_path, settings):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "0.png")
    return open_folder(tmp_path, settings).pictures[0]


def no() -> None:
    """Nobody stops it."""


def way_of(model, picture, steps=STEPS) -> list[torch.Tensor]:
    return inverted(model, model._latent(picture.open()), SOURCE, steps, no)


def hooks(model) -> int:
    return sum(len(part._forward_hooks) for part in model.pipeline.unet.modules())


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_the_same_prompt_gives_the_picture_back(folder, settings, tmp_path, picture, kind, monkeypatch):
    other = shutil.copytree(folder, tmp_path / "other")
    config = other / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace('"epsilon"', f'"{kind}"'))
    model = load("denoiser", ModelSpec("diffusion", str(other)), settings)
    errors, steps = [], 40
    for mends in (0, 8):  # random weights need more of them than a picture's model
        monkeypatch.setattr(plug_and_play, "_MENDS", mends)
        way = way_of(model, picture, steps)
        assert len(way) == steps + 1
        for hold in (FREE, Hold(7.5, 0.8, 0.5)) if mends else (FREE,):
            # the null prompt says the same as the label: any guidance is none
            back = drawn(model, way, SOURCE, SOURCE, [SOURCE], hold, no)[0]
            errors.append(float((back - way[0]).square().mean() / way[0].square().mean()))
    assert (way[-1] - way[0]).square().mean() > 0.05  # it went somewhere
    assert max(errors[1:]) < 1e-4
    assert errors[0] > 100 * errors[1]  # without mending, the way back is another


def test_two_labels_at_once_are_as_one_at_a_time_and_the_same_again(model, picture):
    way, hold = way_of(model, picture), Hold(3, 0.8, 0.5)
    both = drawn(model, way, SOURCE, "", LABELS, hold, no)
    for k, label in enumerate(LABELS):
        one = drawn(model, way, SOURCE, "", [label], hold, no)[0]
        torch.testing.assert_close(one, both[k], rtol=1e-3, atol=1e-3)
    assert not torch.allclose(both[0], both[1], atol=1e-2)
    assert torch.equal(drawn(model, way, SOURCE, "", LABELS, hold, no), both)
    first, second = (translate(model, picture, SOURCE, "", LABELS, STEPS, no) for _ in range(2))
    assert [np.asarray(image).tolist() for image in first] == [np.asarray(image).tolist() for image in second]
    assert first[0].size == (32, 32)


def test_what_is_held_is_the_sources_and_only_while_it_is_held(model):
    """Features of the second residual block of block 1; queries and keys of 1.1 and after."""
    unet = model.pipeline.unet
    block, attentions = plug_and_play._places(unet)
    assert block is unet.up_blocks[1].resnets[1].conv2
    assert attentions == [
        unet.up_blocks[b].attentions[i].transformer_blocks[0].attn1 for b, i in ((1, 1), (2, 0), (2, 1))
    ]
    seen: list[torch.Tensor] = []
    told, rows = model._told([SOURCE, *LABELS]), torch.randn(3, 4, 8, 8)
    for held in (True, False):
        with plug_and_play._held(unet, lambda what, held=held: held):
            watches = [part.register_forward_hook(lambda module, given, out: seen.append(out))
                       for part in (block, attentions[0].to_q, attentions[0].to_k, attentions[0].to_v)]  # fmt: skip
            model._noise_in(rows, torch.full((3,), 400), told)
            for watch in watches:
                watch.remove()
        same = [torch.equal(out[0], out[1]) and torch.equal(out[0], out[2]) for out in seen]
        assert same == [held, held, held, False]
        seen.clear()


def test_places_in_stable_diffusion_are_the_published_ones():
    with torch.device("meta"):  # its shape, no weights
        unet: Any = UNet2DConditionModel(cross_attention_dim=768)
    block, attentions = plug_and_play._places(unet)
    assert block is unet.up_blocks[1].resnets[1].conv2
    places = [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0), (3, 1), (3, 2)]
    assert attentions == [unet.up_blocks[b].attentions[i].transformer_blocks[0].attn1 for b, i in places]


def test_another_threads_batches_are_left_alone(model):
    free = model._noise_in
    rows, times, told = torch.randn(2, 4, 8, 8), torch.full((2,), 400), model._told(LABELS)
    wanted = free(rows, times, told)
    with plug_and_play._held(model.pipeline.unet, lambda what: True), ThreadPoolExecutor(1) as other:
        assert torch.equal(other.submit(free, rows, times, told).result(), wanted)
        assert not torch.allclose(free(rows, times, told)[1], wanted[1], atol=1e-3)


def test_holding_more_changes_less(model, picture):
    way = way_of(model, picture)
    far = [
        float((drawn(model, way, SOURCE, "", LABELS[:1], Hold(5, share, share), no)[0] - way[0]).square().mean())
        for share in (0, 1)
    ]
    assert far[1] < far[0]


def test_nothing_is_left_behind_also_when_it_is_stopped(model, picture):
    before = model.pipeline.unet.attn_processors
    calls = []

    def stop() -> None:
        calls.append(hooks(model))
        if len(calls) > 2 * STEPS + 3:  # two for each step there, then on the way back
            raise Stopped

    with pytest.raises(Stopped):
        translate(model, picture, SOURCE, "", LABELS, STEPS, stop)
    assert calls[-1] == 7  # one block, and queries and keys of three attentions
    assert hooks(model) == 0
    assert model.pipeline.unet.attn_processors == before


def test_labels_go_one_at_a_time_where_memory_is_small(model, picture, monkeypatch):
    wanted = translate(model, picture, SOURCE, "", LABELS, STEPS, no)
    real = model._noise_in

    def small(noisy, times, told):
        if len(noisy) > 3:
            raise torch.OutOfMemoryError
        return real(noisy, times, told)

    monkeypatch.setattr(model, "_noise_in", small)
    for one, other in zip(translate(model, picture, SOURCE, "", LABELS, STEPS, no), wanted, strict=True):
        assert np.abs(np.asarray(one, int) - np.asarray(other, int)).max() <= 2
    monkeypatch.setattr(model, "_noise_in", lambda noisy, times, told: small(noisy.repeat(9, 1, 1, 1), times, told))
    with pytest.raises(ModelError, match="lacks memory"):
        translate(model, picture, SOURCE, "", LABELS, STEPS, no)
    assert hooks(model) == 0


def test_what_cannot_be_is_said(model, picture, folder, settings):
    for steps in (0, 1001):
        with pytest.raises(ModelError, match="steps"):
            translate(model, picture, SOURCE, "", LABELS, steps, no)
    odd = load("denoiser", ModelSpec("diffusion", str(folder), options={"features": 1.5}), settings)
    with pytest.raises(SettingsError, match=r"features=1\.5"):
        odd.translate(picture, SOURCE, "", LABELS, STEPS, no)


def test_the_bundled_model_gives_its_postcards_back(settings):
    model = load("denoiser", ModelSpec("diffusion", "assets/models/diffusion"), settings)
    assert plug_and_play.hold_of(model) == plug_and_play.SMALL
    assert len(plug_and_play._places(model.pipeline.unet)[1]) == 1
    picture = open_folder(POSTCARDS, settings).pictures[0]
    prompt = f"An image of {picture.label}"
    way = inverted(model, model._latent(picture.open()), prompt, 25, no)
    back = drawn(model, way, prompt, "", [prompt], FREE, no)
    one, other = (np.asarray(decoded(model, z)[0], float) for z in (back, way[0][None]))
    assert 10 * np.log10(255**2 / np.square(one - other).mean()) > 45  # dB; the autoencoder itself has 29
