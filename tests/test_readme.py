"""The README's example runs as it is printed, and what it says of the command line is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.__main__ import _parser
from tests.fake_endpoint import FakeEndpoint
from tests.planted import many, paint

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_ten_line_example_runs(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(example.strip().splitlines()) <= 10
    paint(tmp_path / "photos", many(8))
    with FakeEndpoint() as server:
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "VITRINE_HOME": str(tmp_path / "home"),
            "VITRINE_ENDPOINT_URL": server.url,
            "VITRINE_VISION_MODEL": "eye",
            "VITRINE_CHAT_MODEL": "mouth",
        }
        done = subprocess.run(
            [sys.executable, "-c", example], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    # 8 pictures of 4 colours: 4 clusters of 2.
    assert sorted(done.stdout.splitlines()) == [f"{c} 2 ['{c}']" for c in ("blue", "green", "red", "yellow")]


@pytest.mark.parametrize("word", sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README.split("## In Python")[0]))))
def test_every_word_of_the_command_line_exists(word, capsys):
    for command in (
        "clusters",
        "structure",
        "differences",
        "diversity",
        "typicality",
        "translate",
        "finetune",
        "warm",
        "export",
        "import",
        "diff",
        "criteria",
    ):
        with pytest.raises(SystemExit):
            _parser().parse_args([command, "--help"])
    assert re.search(rf"{word}\b(?!-)", capsys.readouterr().out)


def test_every_file_the_tree_names_exists():
    tree = README.split("## How it is built")[1].split("A question goes")[0]
    for name in re.findall(r"^    ((?:  )?)([\w.]+/?)(?: ([\w.]+\.py) ([\w.]+\.py) ([\w.]+\.py))?", tree, re.MULTILINE):
        inside = [part for part in name[1:] if part]
        for part in inside:
            places = [ROOT / part, ROOT / "engine" / part, ROOT / "pages" / part]
            assert any(place.exists() for place in places), part
