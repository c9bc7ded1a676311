"""Which devices a wish names."""

from __future__ import annotations

import pytest
import torch

from engine.errors import SettingsError
from engine.models.machine import device_for, devices_for


@pytest.fixture
def gpus(monkeypatch):
    return lambda n: monkeypatch.setattr(torch.cuda, "device_count", lambda: n)


@pytest.mark.parametrize(
    ("wish", "here", "named"),
    [
        ("auto", 0, ["cpu"]),
        ("auto", 1, ["cuda:0"]),
        ("auto", 3, ["cuda:0", "cuda:1", "cuda:2"]),
        ("cpu", 3, ["cpu"]),
        ("cuda", 2, ["cuda:0", "cuda:1"]),
        ("cuda:1", 2, ["cuda:1"]),
        ("cuda:2,0", 3, ["cuda:2", "cuda:0"]),
        ("cuda:1,1", 2, ["cuda:1"]),
    ],
)
def test_wishes(gpus, wish, here, named):
    gpus(here)
    assert devices_for(wish) == named
    assert device_for(wish) == torch.device(named[0])


@pytest.mark.parametrize(("wish", "here"), [("cuda", 0), ("cuda:1", 1), ("cuda:0,4", 4), ("cuda:0", 0)])
def test_gpus_that_are_not_there(gpus, wish, here):
    gpus(here)
    with pytest.raises(SettingsError, match="no GPU"):
        devices_for(wish)


@pytest.mark.parametrize("wish", ["", "tpu", "cuda:", "cuda:0,", "cuda:a", "cuda:0 1", "CPU"])
def test_words_that_name_no_device(wish):
    with pytest.raises(SettingsError, match="no device"):
        devices_for(wish)
