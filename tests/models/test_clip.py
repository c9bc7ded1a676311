"""open_clip models, on the bundled CoCa and on tiny random ones saved as open_clip saves them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine.errors import ModelError, Stopped
from engine.gallery import open_folder
from engine.models import load
from engine.models.profiles import POSTCARDS, ROOT
from engine.models.roles import ModelSpec, Request

pytestmark = pytest.mark.usefixtures("one_thread")
COCA = ROOT / "assets" / "models" / "coca"
TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "layers": 1, "width": 16, "head_width": 8},
    "text_cfg": {"context_length": 24, "vocab_size": 722, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder with a random CLIP that is no CoCa, and the bundled tokenizer."""
    folder = tmp_path_factory.mktemp("clip")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(COCA / name, folder)
    said = json.loads((COCA / "open_clip_config.json").read_text())
    config = {**TINY, "text_cfg": {**TINY["text_cfg"], "hf_tokenizer_name": "postcards"}}
    whole = {"model_cfg": config, "preprocess_cfg": said["preprocess_cfg"]}
    (folder / "open_clip_config.json").write_text(json.dumps(whole))
    torch.manual_seed(0)
    model, *_ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture
def postcards(settings):
    return open_folder(POSTCARDS, settings).pictures


def asked(pictures):
    return [Request("describe", "", {"criterion": "place"}, {}, [p], prose=True) for p in pictures]


def test_the_bundled_coca_describes_its_postcards(settings, postcards):
    model = load("vision", ModelSpec("clip", "assets/models/coca", options={"batch": 8}), settings)
    some = postcards[::60]  # 10 pictures, all six places among them
    said = dict(model.describe(asked(some), lambda: None))
    assert sorted(said) == list(range(len(some)))
    times = {"sunny": ("sun", "day"), "night": ("night", "moon", "star"), "foggy": ("fog", "mist", "haze")}
    judged = [(p, said[i].text.lower()) for i, p in enumerate(some) if p.metadata["time"] in times]
    right = [any(word in text for word in times[p.metadata["time"]]) for p, text in judged]
    assert len(right) >= 4
    assert np.mean(right) >= 0.75


def test_captions_do_not_depend_on_their_batch(settings, postcards):
    some = postcards[:6]
    by_batch = [
        dict(load("vision", ModelSpec("clip", str(COCA), options={"batch": n}), settings).describe(asked(some), int))
        for n in (1, 6)
    ]
    assert by_batch[0] == by_batch[1]


def test_pictures_and_texts_share_a_space(settings, postcards):
    model = load("matcher", ModelSpec("clip", str(COCA)), settings)
    some = [p for p in postcards if p.metadata["time"] in ("night", "sunny")][:40]
    vectors = dict(model.pictures(some, lambda: None))
    texts = model.texts(["a picture at night", "a picture on a sunny day"])
    assert texts.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    right = [(vectors[i] @ texts.T).argmax() == (p.metadata["time"] == "sunny") for i, p in enumerate(some)]
    assert np.mean(right) >= 0.9


def test_pixels_reach_the_network_as_open_clip_prepares_them(settings, postcards, tiny):
    for folder in (COCA, tiny):
        model = load("matcher", ModelSpec("clip", str(folder)), settings)
        _, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{folder}", require_pretrained=True)
        ours = model._normalised(torch.stack([model._prepared(p) for p in postcards[:3]]))
        theirs = torch.stack([prepare(p.open()) for p in postcards[:3]])  # type: ignore[operator]
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-5)


def test_many_texts_are_what_each_is_alone(settings, tiny):
    model = load("matcher", ModelSpec("clip", str(tiny), options={"batch": 4}), settings)
    texts = [f"number {i}" for i in range(10)]
    np.testing.assert_allclose(model.texts(texts), np.concatenate([model.texts([t]) for t in texts]), atol=1e-5)


def test_a_picture_that_cannot_be_read_harms_no_other(settings, tmp_path):
    for i in range(3):
        Image.new("RGB", (20, 20), (90 * i, 0, 0)).save(tmp_path / f"{i}.png")
    pictures = list(open_folder(tmp_path, settings).pictures)
    Path(tmp_path / "1.png").unlink()
    said = dict(load("vision", ModelSpec("clip", str(COCA)), settings).describe(asked(pictures), lambda: None))
    assert said[1].failure
    assert said[0].text
    assert said[2].text
    seen = dict(load("matcher", ModelSpec("clip", str(COCA)), settings).pictures(pictures, lambda: None))
    assert sorted(seen) == [0, 2]


def test_it_stops_between_batches(settings, postcards):
    model = load("vision", ModelSpec("clip", str(COCA), options={"batch": 2}), settings)
    left = [3]

    def check():
        left[0] -= 1
        if not left[0]:
            raise Stopped

    got = []
    with pytest.raises(Stopped):
        got.extend(model.describe(asked(postcards[:20]), check))
    landed = model.describe(asked(postcards[:4]), lambda: None)
    assert len(list(landed)) == 4


def test_a_model_that_is_no_coca_matches_but_cannot_describe(settings, tiny):
    assert load("matcher", ModelSpec("clip", str(tiny)), settings).texts(["a"]).shape == (1, 16)
    with pytest.raises(ModelError, match="writes none"):
        load("vision", ModelSpec("clip", str(tiny)), settings)


def test_missing_weights_are_never_replaced_by_random_ones(settings, tiny, tmp_path):
    bare = shutil.copytree(tiny, tmp_path / "bare")
    (bare / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        load("matcher", ModelSpec("clip", str(bare)), settings)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load("matcher", ModelSpec("clip", "no-such-model"), settings)
