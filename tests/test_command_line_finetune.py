"""The finetune command: a model for a folder, notes and figures where they belong, exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from engine.__main__ import main
from engine.models.roles import ModelSpec
from engine.models.templates import Template, template_of
from tests.models.tiny_checkpoints import save_diffusion
from tests.planted import ROOT


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_diffusion(tmp_path_factory.mktemp("diffusion"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Twelve pictures of two labels, and one that is none; the workspace lies beside them."""
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for i in range(12):
        path = tmp_path / "pictures" / ("zorblat" if i < 6 else "quimby") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(path)
    (tmp_path / "pictures" / "quimby" / "torn.png").write_bytes(b"no picture")
    return tmp_path / "pictures"


@pytest.fixture
def ask(capsys):
    def run(*words):
        torch.set_num_threads(1)
        try:
            code = main(["finetune", *map(str, words)])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_model_for_a_folder(ask, folder, tiny, tmp_path):
    words = (folder, "--model", tiny, "--to", tmp_path / "new", "--steps", 3, "--batch", 2, "--template", "A {}.")
    code, out, err = ask(*words)
    assert code == 0, err
    assert out.startswith("12 pictures of 2 labels, ")
    assert "of them held out\n3 steps, kept: step " in out
    assert "held-out gap, loss(null) - loss(label): " in out
    assert "not read: quimby/torn.png" in err
    assert "training (held-out gap " in err
    assert template_of(ModelSpec("diffusion", str(tmp_path / "new"))) == Template("A {}.", "", is_known=True)
    assert ask(*words)[:2] == (0, out)  # it is there already
    code, _, err = ask(
        folder, "--model", tmp_path / "new", "--to", tmp_path / "third", "--steps", 1, "--template", "{}"
    )
    assert code == 0
    assert "was trained on 'A {}.', not on '{}'" in err


def test_wrong_words(ask, folder, tiny, tmp_path):
    to = ("--to", tmp_path / "new")
    assert ask(folder, *to)[0] == 2  # no --model
    code, _, err = ask(folder, "--model", tiny, "--to", folder / "new")
    assert (code, "lies in FOLDER" in err) == (2, True)
    for words in (("--how", "half"), ("--steps", 0), ("--template", "thing"), ("--device", "toaster"), ("--seed", -1)):
        assert ask(folder, "--model", tiny, *to, *words)[0] == 2, words
    code, _, err = ask(folder, "--model", tiny, *to, "--labels", "none")
    assert (code, "No picture has a label" in err) == (1, True)
    code, _, err = ask(folder, "--model", tmp_path, *to)
    assert (code, "cannot be loaded" in err) == (1, True)
    assert not (tmp_path / "new" / "model_index.json").exists()


def test_an_interrupt_says_how_to_go_on(folder, tiny, tmp_path):
    words = ["finetune", folder, "--model", tiny, "--to", tmp_path / "new", "--batch", "1", "--steps", "100000"]
    child = subprocess.Popen(
        [sys.executable, "-m", "engine", *map(str, words)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr
    for line in child.stderr:
        if line.startswith("training (held-out"):
            break
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    said = child.stderr.read()
    child.stderr.close()
    assert child.wait() == 130
    assert "vitrine: Stopped. Asked again, it goes on at step " in said
    assert (tmp_path / "new" / "training" / "checkpoint.pt").exists()
