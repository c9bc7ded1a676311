"""What is known of a matcher's words without loading it. Known checkpoints: tests/analyses/diversity/test_sscd.py."""

from __future__ import annotations

import json
import os

import pytest

from engine.models.checkpoints import vocabulary
from engine.models.profiles import BUNDLED


def write(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(text)
    return str(folder)


def test_whole_words_begin_with_a_space(tmp_path):
    name = write(tmp_path / "m", json.dumps({"model": {"vocab": {"Ġbeach": 0, "ĠSea": 1, "ing": 2, "a": 3}}}))
    assert vocabulary(name) == {"beach", "sea"}


def test_a_large_vocabulary_knows_every_word(tmp_path):
    some = {f"Ġ{i}": i for i in range(5_000)}
    assert vocabulary(write(tmp_path / "m", json.dumps({"model": {"vocab": some}}))) is None


def test_a_folder_that_changes_is_read_anew(tmp_path):
    name = write(tmp_path / "m", json.dumps({"model": {"vocab": {"Ġone": 0}}}))
    assert vocabulary(name) == {"one"}
    write(tmp_path / "m", json.dumps({"model": {"vocab": {"Ġtwo": 0}}}))
    os.utime(tmp_path / "m" / "tokenizer.json", ns=(1, 1))
    assert vocabulary(name) == {"two"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": 1}', '{"model": {"vocab": 7}}', '{"model": {"vocab": ['])
def test_a_damaged_tokenizer_says_nothing(tmp_path, text):
    assert vocabulary(write(tmp_path / "m", text)) is None


@pytest.mark.parametrize("name", ["", "no/such", "org/model", "\0"])
def test_what_is_no_folder_has_no_vocabulary(name):
    assert vocabulary(name) is None


def test_the_bundled_matcher_knows_its_few_words():
    known = vocabulary(f"{BUNDLED}/coca")
    assert known
    assert {"beach", "mountain", "red"} <= known
    assert "guitar" not in known
