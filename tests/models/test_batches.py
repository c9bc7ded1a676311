"""Batches: everything in order, several at once, never far ahead, and quick to stop."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import ModelError, Stopped, VitrineError
from engine.models import load
from engine.models.batches import each
from engine.models.machine import BatchSize
from engine.models.roles import ModelSpec
from engine.settings import Settings
from tests.planted import ROOT

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Number:
    """A picture that is its number; a negative one cannot be read."""

    n: int

    @property
    def hash(self):
        return str(self.n)

    @property
    def path(self):
        return ROOT / self.hash

    def open(self, shorter=0):
        if self.n < 0:
            raise VitrineError("It cannot be read.")
        noise = np.random.default_rng(self.n).integers(0, 255, (40, 40, 3), np.uint8)
        return Image.fromarray(noise)


def number(picture):
    picture.open()
    return torch.tensor([picture.n])


def numbers(*ns):
    return [Number(n) for n in ns]


def double(batch):
    return (2 * batch[:, 0]).numpy()


@pytest.fixture(autouse=True)
def _two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    assert torch.get_num_threads() == 2  # what runs pictures leaves the rest of the process as it was
    torch.set_num_threads(before)


def run(pictures, work=double, prepare=number, size=4, check=lambda: None):
    return each(pictures, prepare, work, BatchSize("the model", size), CPU, check)


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_every_readable_picture_has_its_own_in_order(size):
    shown = numbers(*range(10), -1, *range(10, 31), -1, -1)
    found = list(run(shown, size=size))
    assert [place for place, _ in found] == [place for place, p in enumerate(shown) if p.n >= 0]
    assert all(value == 2 * shown[place].n for place, value in found)


def test_nothing_and_nothing_readable():
    assert list(run([])) == []
    assert list(run(numbers(-1, -1, -1))) == []


def test_batches_are_small_where_there_are_few_pictures():
    """So that every thread has one: 5 pictures are 3 and 2."""
    sizes = []
    list(run(numbers(*range(5)), lambda batch: sizes.append(len(batch)) or double(batch), size=100))
    assert sorted(sizes) == [2, 3]


def test_as_many_batches_at_once_as_threads_each_computing_alone():
    together, inner = threading.Barrier(2, timeout=20), set()

    def work(batch):
        together.wait()  # breaks unless two are here at the same time
        inner.add(torch.get_num_threads())
        return double(batch)

    assert len(list(run(numbers(*range(16)), work))) == 16
    assert inner == {1}


def test_it_does_not_run_far_ahead_of_who_takes_the_results():
    prepared = []
    coming = run(numbers(*range(400)), prepare=lambda p: prepared.append(p.n) or number(p))
    next(coming)
    time.sleep(0.3)
    assert len(prepared) <= 4 * 5  # the first batch, and two for each of two threads
    coming.close()


def test_a_stop_is_heard_while_the_network_works():
    asked, begun, prepared = [0.0], threading.Event(), []

    def work(batch):
        begun.set()
        time.sleep(1)
        return double(batch)

    def check():
        if begun.is_set():
            asked[0] = asked[0] or time.monotonic()
            raise Stopped

    with pytest.raises(Stopped):
        list(run(numbers(*range(400)), work, lambda p: prepared.append(p) or number(p), check=check))
    assert time.monotonic() - asked[0] < 0.5
    time.sleep(1.2)
    assert len(prepared) < 30


def test_what_goes_wrong_in_a_thread_is_raised_here():
    def work(batch):
        raise ModelError("It broke.")

    with pytest.raises(ModelError, match="It broke"):
        list(run(numbers(*range(40)), work))


def test_memory_that_runs_out_in_two_threads_halves_once():
    together = threading.Barrier(2, timeout=20)

    def work(batch):
        if len(batch) > 2:
            together.wait()
            raise torch.OutOfMemoryError
        return double(batch)

    batch = BatchSize("the model", 4)
    found = list(each(numbers(*range(16)), number, work, batch, CPU, lambda: None))
    assert [value for _, value in found] == [2 * n for n in range(16)]
    assert batch.notes == ["the model ran out of the GPU's memory; it now takes 2 at a time."]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: streams and pinned memory were not tested")
def test_a_gpu_finds_what_a_processor_finds(tmp_path):
    shown = numbers(*range(300))
    by_device = []
    for device in ("cpu", "cuda"):
        model = load("matcher", ModelSpec("clip", "assets/models/coca"), Settings(home=tmp_path, device=device))
        by_device.append(np.stack([vector for _, vector in model.pictures(shown, lambda: None)]))
    assert ((by_device[0] * by_device[1]).sum(1) > 0.99).all()
