"""Checkpoints of real classes on this machine, tiny and random, through the command line."""

import re
import sqlite3

import numpy as np
import pytest
from PIL import Image

from tests.acceptance.programs import Place

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """LLaVA, BLIP-2 and a Llama with random weights."""
    from tests.models.tiny_checkpoints import save_blip2, save_llama, save_llava

    folder = tmp_path_factory.mktemp("checkpoints")
    for name, save in (("llava", save_llava), ("blip2", save_blip2), ("llama", save_llama)):
        save(folder / name)
    return folder


@pytest.fixture
def photos(tmp_path):
    """Twenty small pictures of noise."""
    folder = tmp_path / "photos"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for i in range(20):
        Image.fromarray(draw.integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(folder / f"{i:02}.png")
    return folder


@pytest.mark.parametrize("name", ["llava", "blip2"])
def test_twenty_pictures_are_described_in_prose(checkpoints, photos, tmp_path, name):
    models = tmp_path / "models.toml"
    models.write_text(f"""
        [vision]
        backend = "transformers_vlm"
        name = "{checkpoints / name}"
        options = {{json = false, max_new_tokens = 12}}
        [chat]
        backend = "transformers_vlm"
        name = "{checkpoints / "llama"}"
        options = {{max_new_tokens = 12}}
    """)
    home = Place(tmp_path / "home")
    ask = ["clusters", photos, "--criterion", "object", "--models", models, "--device", "cpu"]
    said = home.inside(*ask)
    described = answers(home.home)
    assert len(described) == 20
    assert all('"description": "' in answer for answer in described)
    assert len(set(described)) > 1, "different pictures, different words"
    # What a random language model says is no answer: the run fails with one sentence, after all was kept.
    if said.code:
        assert said.code == 1
        assert re.match(r"vitrine: .+\. .+", said.complaint)
    else:
        assert "clusters of 20 pictures" in said.out


def answers(home):
    with sqlite3.connect(home / "answers.sqlite") as store:
        return [answer for (answer,) in store.execute("SELECT answer FROM answers WHERE task = 'describe'")]
