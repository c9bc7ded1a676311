"""Maps by a denoiser whose answers are known: sign, bits, what is evaluated and kept, and how often intervals hold."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.analyses.typicality.patches import interval
from engine.errors import Stopped, VitrineError
from engine.models.roles import ModelSpec
from engine.models.templates import Template, write_template
from engine.progress import Progress
from engine.steps.denoising import CHANNELS, Denoising
from engine.steps.draws import EVEN
from engine.store.arrays import Arrays
from tests.fake_denoiser import FakeDenoiser, noise

PILOT = 8 * 24 * 2  # pictures, times, prompts
RED, BOTH = ("red",), ("red", "green")


@dataclass(frozen=True)
class Card:
    """A picture of 64 x 64 pixels, red where it is, grey elsewhere; unreadable where it says so."""

    hash: str
    is_readable: bool = True
    path: Path = Path("nowhere")

    def open(self, shorter=0):
        if not self.is_readable:
            raise VitrineError("It cannot be read.")
        pixels = np.full((64, 64, 3), 128, np.uint8)
        pixels[8:24, 16:48] = (255, 0, 0)
        return Image.fromarray(pixels)


def cards(n, first=0):
    return [Card(f"{i:02}" * 32) for i in range(first, first + n)]


def never():
    raise AssertionError("no model is wanted")


@pytest.fixture
def ask(settings, tmp_path):
    """A Denoising on a fresh workspace, or on one that is named."""

    def made(model, home="home", spec=None, progress=None, **words):
        config = replace(settings, home=tmp_path / home)
        return Denoising(spec or model.spec, config, progress or Progress(), words.get("load", lambda: model))

    return made


def last(found):
    """Maps after the last round, by place, and draws."""
    told = list(found)
    return {i: groups for _, i, groups in told}, {i: n for n, i, _ in told}


def bits(maps):
    return {i: groups.tobytes() for i, groups in maps.items()}


# What T is


@pytest.mark.parametrize("draws", [16, 32])
def test_better_inside_a_mask_is_positive_there_and_zero_elsewhere(ask, draws):
    maps, _ = last(ask(FakeDenoiser()).maps(cards(3), [RED] * 3, draws, 0))
    mask = np.zeros((16, 16))
    mask[2:6, 4:12] = 1
    for groups in maps.values():
        assert (groups.shape, groups.dtype) == ((1, draws // 4, 16, 16), np.float32)
        np.testing.assert_allclose(groups[0], np.broadcast_to(mask, groups[0].shape), atol=1e-5)
        assert (groups.mean(1)[0][mask == 1] > 0).all()


def test_label_and_null_swapped_flip_the_sign(ask, tmp_path):
    maps = []
    for label, template in (("red", Template("{}", "none")), ("none", Template("{}", "red"))):
        folder = tmp_path / label
        folder.mkdir()
        write_template(template, folder)
        model = FakeDenoiser(ModelSpec("fake", str(folder)), noise=0.5)
        denoiser = ask(model)
        assert denoiser.template.is_known
        maps.append(last(denoiser.maps(cards(2), [(label,)] * 2, 32, 0))[0])
    for i in range(2):
        np.testing.assert_allclose(maps[0][i], -maps[1][i], atol=1e-5)
        assert maps[0][i].mean() > 0.05


def test_times_are_those_of_the_strata_and_their_mean_is_the_plain_one(ask):
    """A gain that grows with the time: T is its mean over 100 to 700, whatever the strata."""
    model = FakeDenoiser(gain=lambda one, prompt, times: (times / 400)[:, None, None] * bool(prompt))
    maps, _ = last(ask(model).maps(cards(60), [RED] * 60, 32, 0))
    told = np.array([groups.mean() for groups in maps.values()])
    assert told.mean() == pytest.approx(399.5 / 400, abs=4 * float(told.std()) / 60**0.5)
    assert told.std() < 0.5 * np.arange(100, 700).std() / 400 / 32**0.5  # of as many draws without strata


def test_several_labels_are_asked_with_the_same_noise(ask):
    model = FakeDenoiser(noise=0.5)
    maps, _ = last(ask(model).maps(cards(2), [BOTH] * 2, 16, 0))
    assert maps[0].shape == (2, 4, 16, 16)
    alone, _ = last(ask(FakeDenoiser(noise=0.5), "other").maps(cards(2), [RED] * 2, 16, 0))
    np.testing.assert_array_equal(maps[0][:1], alone[0])
    assert maps[0][1].mean() < 0 < maps[0][0].mean()  # red is less green than grey is


# The same again


def test_order_changes_nothing(ask):
    some = cards(12)
    one, _ = last(ask(FakeDenoiser(noise=1), "one").maps(some, [RED] * 12, 32, 0))
    other, _ = last(ask(FakeDenoiser(noise=1), "other").maps(some[::-1], [RED] * 12, 32, 0))
    assert bits(one) == {11 - i: told for i, told in bits(other).items()}


def test_another_seed_changes_everything(ask):
    denoiser = ask(FakeDenoiser(noise=1))
    one, other = (last(denoiser.maps(cards(2), [RED] * 2, 16, seed))[0] for seed in (0, 1))
    assert not np.isclose(one[0], other[0]).any()


def test_rounds_are_breadth_first(ask):
    told = [(n, i) for n, i, _ in ask(FakeDenoiser()).maps(cards(3), [RED] * 3, 64, 0)]
    assert told == [(n, i) for n in (16, 32, 64) for i in range(3)]


@pytest.mark.parametrize("steps", [(16, 64), (32, 64), (16, 32, 64), (96, 128)])
def test_more_draws_go_on_from_the_first(ask, steps):
    model, some, before, maps = FakeDenoiser(noise=1), cards(10), 0, {}
    for draws in steps:
        denoiser = ask(model)
        model.asked.clear()
        maps, _ = last(denoiser.maps(some, [RED] * 10, draws, 0))
        assert model.asked["evaluations"] == 2 * 10 * (draws - before) + (0 if before else PILOT)
        assert model.asked["latents"] == (0 if before else 10)
        before = draws
    whole, _ = last(ask(FakeDenoiser(noise=1), "other").maps(some, [RED] * 10, steps[-1], 0))
    assert bits(maps) == bits(whole)


# What is kept


def test_a_second_run_evaluates_nothing_and_loads_nothing(ask):
    some, first = cards(3), FakeDenoiser(noise=1)
    one, _ = last(ask(first).maps(some, [BOTH] * 3, 32, 0))
    features = ask(first).features(some, 0)
    again, draws = last(ask(first, load=never).maps(some, [BOTH] * 3, 32, 0))
    assert bits(again) == bits(one)
    assert set(draws.values()) == {32}
    assert bits(ask(first, load=never).features(some, 0)) == bits(features)
    fewer, _ = last(ask(first, load=never).maps(some, [RED] * 3, 16, 0))
    assert fewer[0].shape == (1, 4, 16, 16)


def test_equal_pictures_are_evaluated_once(ask):
    model, (a, b, c) = FakeDenoiser(noise=1), cards(3)
    denoiser = ask(model)
    last(denoiser.maps([a], [RED], 16, 0))
    model.asked.clear()
    maps, _ = last(denoiser.maps([b, c, b, b], [RED, RED, RED, BOTH], 16, 0))
    assert model.asked["evaluations"] == 16 * (2 + 2 + 3)
    assert bits(maps)[0] == bits(maps)[2] != bits(maps)[1]
    np.testing.assert_array_equal(maps[0], maps[3][:1])
    model.asked.clear()
    assert set(denoiser.features([b, c, b], 0)) == {0, 1, 2}
    assert (model.asked["features"], model.asked["latents"]) == (2, 0)


def test_unreadable_pictures_are_left_out(ask):
    some = cards(4)
    some[1] = Card("ff" * 32, is_readable=False)
    model = FakeDenoiser()
    maps, _ = last(ask(model).maps(some, [RED] * 4, 32, 0))
    assert set(maps) == {0, 2, 3}
    assert set(ask(model).features(some, 0)) == {0, 2, 3}
    assert set(ask(model, load=never).stored(some, [RED] * 4, 32, 0)) == {0, 2, 3}
    nothing, _ = last(ask(FakeDenoiser(), "other").maps([some[1]], [RED], 16, 0))
    assert nothing == {}


def test_a_pilot_passes_over_what_cannot_be_read(ask):
    """However many come first: the bounds of the strata are kept, and so are the maps."""
    some = [Card(f"{i:02}" * 32, is_readable=i >= 20) for i in range(24)]
    denoiser = ask(FakeDenoiser(noise=1))
    maps, _ = last(denoiser.maps(some, [RED] * 24, 16, 0))
    assert bits(denoiser.stored(some, [RED] * 24, 16, 0)) == bits(maps)
    assert set(maps) == {20, 21, 22, 23}


def test_what_is_left_is_known_beforehand(ask):
    model = FakeDenoiser(noise=1)
    some = [*cards(9), *cards(2)]  # the last two are copies
    labels = [RED] * 5 + [BOTH] * 4 + [RED] * 2
    pilot = PILOT
    for draws in (16, 64, 64, 96, 128):
        denoiser = ask(model)
        left = ask(model, load=never).known(some, labels, draws, 0)
        model.asked.clear()
        last(denoiser.maps(some, labels, draws, 0))
        assert model.asked["evaluations"] == left + pilot == denoiser.progress.cost.asked["evaluations"]
        pilot = 0
    assert ask(model, load=never).known([*some, *cards(1, first=20)], [*labels, RED], 32, 0) == 2 * 32


@pytest.mark.parametrize("draws", [16, 32, 96])
def test_what_is_stored_is_the_last_round(ask, draws):
    some, model = cards(3), FakeDenoiser(noise=1)
    assert ask(model, load=never).stored(some, [BOTH] * 3, draws, 0) == {}
    maps, _ = last(ask(model).maps(some, [BOTH] * 3, draws, 0))
    denoiser = ask(model, load=never)
    assert bits(denoiser.stored(some, [BOTH] * 3, draws, 0)) == bits(maps)
    other = denoiser.stored([*cards(1, first=7), some[0]], [RED, RED], draws, 0)
    np.testing.assert_array_equal(other[1], maps[0][:1])
    assert set(other) == {1}


def test_another_model_or_seed_shares_nothing(ask, tmp_path):
    last(ask(FakeDenoiser()).maps(cards(2), [RED] * 2, 16, 0))
    other = FakeDenoiser(ModelSpec("fake", "another"))
    assert ask(other, load=never).stored(cards(2), [RED] * 2, 16, 0) == {}
    assert ask(FakeDenoiser(), load=never).stored(cards(2), [RED] * 2, 16, 1) == {}
    assert ask(other, load=never).known(cards(2), [RED] * 2, 16, 0) == 64


# Stopped


@pytest.mark.parametrize("most", [100, PILOT, PILOT + 1, PILOT + 100, PILOT + 12 * 32 + 200])
def test_stopped_in_the_middle_goes_on_with_the_rest(ask, most):
    some, model = cards(12), FakeDenoiser(noise=1, most=most)
    with pytest.raises(Stopped):
        last(ask(model).maps(some, [RED] * 12, 64, 0))
    made = model.asked["evaluations"] - PILOT
    model.most = float("inf")
    maps, _ = last(ask(model).maps(some, [RED] * 12, 64, 0))
    again = model.asked["evaluations"] - PILOT - made
    if made >= 0:  # the pilot was whole
        assert made + again == 12 * 2 * 64
    whole, _ = last(ask(FakeDenoiser(noise=1), "other").maps(some, [RED] * 12, 64, 0))
    assert bits(maps) == bits(whole)


def test_whoever_stops_it_is_heard_within_a_picture(ask):
    said = []
    progress = Progress(stop=lambda: "Enough." if said else "")
    model, some = FakeDenoiser(), cards(12)
    told = ask(model, progress=progress).maps(some, [RED] * 12, 16, 0)
    next(told)
    said.append(True)
    progress._looked = 0  # a tenth of a second later
    with pytest.raises(Stopped, match="Enough"):
        next(told)
    assert set(ask(model, load=never).stored(some, [RED] * 12, 16, 0)) == {0}


def test_features_go_on_where_they_were_stopped(ask):
    some, model = cards(10), FakeDenoiser()

    class Tired(FakeDenoiser):
        def features(self, latents, prompt, step, noises, seed, check):
            for k, one in enumerate(super().features(latents, prompt, step, noises, seed, check)):
                if k == 4:
                    raise Stopped
                yield one

    with pytest.raises(Stopped):
        ask(Tired()).features(some, 0)
    assert set(ask(model, load=never).features(some, 0, ask=False)) == {0, 1, 2, 3}
    assert set(ask(model).features(some, 0)) == set(range(10))
    assert model.asked["features"] == 6


# Features


class Deep(FakeDenoiser):
    """Features of many channels."""

    channels = 640

    def features(self, latents, prompt, step, noises, seed, check):
        for i, one in enumerate(latents):
            yield i, noise((self.channels, 4, 4), one.hash) + noise((self.channels, 4, 4), one.hash[:1])


@pytest.mark.parametrize("channels", [8, CHANNELS, 640])
def test_features_have_few_channels_and_keep_their_angles(ask, channels):
    model = Deep()
    model.channels = channels
    some = cards(20)
    found = ask(model).features(some, 0)
    full = dict(model.features(some, "", 0, 0, 0, None))  # type: ignore[arg-type]
    assert all((one.shape[0], one.dtype) == (min(channels, CHANNELS), np.float16) for one in found.values())
    error = cosines(found) - cosines(full)
    if channels <= CHANNELS:
        assert np.abs(error).max() < 0.01
    else:  # a random projection to d numbers errs by less than 1 / sqrt(d)
        assert error.std() < CHANNELS**-0.5
        assert abs(error.mean()) < 0.02


def cosines(found):
    rows = np.concatenate([one.astype(np.float64).reshape(len(one), -1).T for one in found.values()])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


def test_features_are_asked_without_a_label(ask):
    prompts = []

    class Listens(FakeDenoiser):
        def features(self, latents, prompt, step, noises, seed, check):
            prompts.append(prompt)
            return super().features(latents, prompt, step, noises, seed, check)

    ask(Listens()).features(cards(2), 0)
    assert prompts == [""]
    assert ask(FakeDenoiser(), "other", load=None).features(cards(2), 0, ask=False) == {}


# Doubt


@pytest.mark.parametrize("draws", [32, 64])
def test_intervals_hold_the_truth(ask, draws, capsys):
    """Of patches of 2 x 2 latent pixels: the truth is known, each draw has noise of its own, times matter, too."""
    truth, n = np.linspace(-0.5, 0.5, 256).reshape(16, 16), 60

    def gain(one, prompt, times):
        return (truth * 1.0 * bool(prompt))[None] * (1 + (times[:, None, None] - 399.5) / 600)

    model = FakeDenoiser(gain=gain, noise=1.0)
    maps, _ = last(ask(model).maps(cards(n), [RED] * n, draws, 0))
    patches = np.stack([one[0].reshape(-1, 8, 2, 8, 2).mean((2, 4)) for one in maps.values()], 1)  # (G, n, 8, 8)
    wanted = truth.reshape(8, 2, 8, 2).mean((1, 3))
    mean, low, high = interval(patches)
    held = (low <= wanted) & (wanted <= high)
    with capsys.disabled():
        print(f"\n95 % intervals at {draws} draws hold the truth in {held.mean():.3f} of {held.size:,} patches")  # noqa: T201
    assert held.size >= 2000
    assert 0.93 <= held.mean() <= 0.97
    assert (mean - wanted).mean() == pytest.approx(0, abs=0.01)


def test_strata_follow_the_pilot(ask):
    early = FakeDenoiser(gain=lambda one, prompt, times: bool(prompt) * (5.0 * (times < 250))[:, None, None] + 0.1)
    denoiser = ask(early)
    last(denoiser.maps(cards(8), [RED] * 8, 16, 0))
    with closing(Arrays(denoiser.settings.home)) as store:
        (edges,) = store.get([denoiser._edges_key(0)]).values()
    assert edges[2] < 300 < EVEN[2]
    assert (edges[0], edges[-1]) == (100, 700)


def test_seconds_are_measured_once_it_ran(ask):
    denoiser = ask(FakeDenoiser())
    assert denoiser.seconds() == (3.0, False)
    last(denoiser.maps(cards(2), [RED] * 2, 16, 0))
    seconds, is_measured = denoiser.seconds()
    assert is_measured
    assert 0 < seconds < 0.1
    bundled = ModelSpec("diffusion", "assets/models/diffusion")
    assert ask(FakeDenoiser(), spec=bundled).seconds() == (0.004, False)
