"""Pictures, or texts, through a network, several batches at once: neither decoding nor the network waits for the other.

Each of a few threads takes a batch, prepares it item by item and hands it to the network. On a processor each thread
computes alone: a team of threads for a batch waits, at every layer, for the one that lost its core to a decoder or to
another process (measured: many times slower on two busy cores, one text, too). On a GPU two batches at a time, each on
its own stream: one is copied while the other is computed, and its memory holds no more.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from queue import SimpleQueue
from typing import Any, TypeVar

import torch

from engine.errors import VitrineError
from engine.models.machine import BatchSize
from engine.models.roles import Check

Item = TypeVar("Item")
ON_GPU, ON_PROCESSOR = 128, 8  # items a batch; a processor gains nothing from more
_LEAST_DECODERS = 4  # beside a GPU


def each(
    items: Sequence[Item],
    prepare: Callable[[Item], torch.Tensor],
    work: Callable[[torch.Tensor], Iterable[Any]],
    batch: BatchSize,
    device: torch.device,
    check: Check,
) -> Generator[tuple[int, Any]]:
    """What `work` makes of each item, with its place, in order; those that cannot be read are left out.

    Args:
        items: pictures or texts.
        prepare: an item to a tensor, all of one shape; a VitrineError says that it cannot be read.
        work: a row for each of b prepared items, b x ... on the device; called in several threads at once.
        batch: how many at a time.
        device: where `work` wants them.
        check: called here, at least four times a second.

    Raises:
        ModelError: the memory is too small. Stopped: `check` said so; what is being decoded then is dropped.
    """
    before = torch.get_num_threads()
    alone = device.type == "cpu"
    threads = before if alone else max(_LEAST_DECODERS, before)
    size = max(1, min(batch.size, -(-len(items) // threads)))
    ended = threading.Event()
    if not alone:
        torch.cuda.synchronize(device)  # the weights may still be on their way, and the streams would not wait

    def one(start: int) -> list[tuple[int, Any]]:
        ready: dict[int, torch.Tensor] = {}
        for place in range(start, min(start + size, len(items))):
            if ended.is_set():
                return []
            with suppress(VitrineError):
                ready[place] = prepare(items[place])
        if not ready:
            return []
        stacked = torch.stack(list(ready.values()))
        with _turn(device):
            there = stacked if alone else stacked.pin_memory().to(device, non_blocking=True)
            return list(zip(ready, batch.run(there, work), strict=True))

    pool = ThreadPoolExecutor(threads, "batches", initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from _in_order(pool, one, range(0, len(items), size), 2 * threads, check)
    finally:
        ended.set()
        pool.shutdown(wait=False, cancel_futures=True)
        torch.set_num_threads(before)  # it is partly of the whole process


def _in_order(
    pool: ThreadPoolExecutor,
    one: Callable[[int], list[tuple[int, Any]]],
    starts: Iterable[int],
    ahead: int,
    check: Check,
) -> Generator[tuple[int, Any]]:
    coming = iter(starts)
    under_way: deque[Future[list[tuple[int, Any]]]] = deque()
    while True:
        while len(under_way) < ahead and (start := next(coming, None)) is not None:
            under_way.append(pool.submit(one, start))
        if not under_way:
            return
        first = under_way.popleft()
        check()
        while not wait([first], timeout=0.2).done:
            check()
        yield from first.result()


@contextmanager
def _turn(device: torch.device) -> Iterator[None]:
    """On a GPU, work on a stream of one's own, once one is free."""
    if device.type == "cpu":
        yield
        return
    free = _streams(device)
    stream = free.get()
    try:
        with torch.cuda.stream(stream):
            yield
    finally:
        free.put(stream)


@cache
def _streams(device: torch.device) -> SimpleQueue[torch.cuda.Stream]:
    """Two for each device, whoever asks: memory is kept for each stream ever used."""
    free: SimpleQueue[torch.cuda.Stream] = SimpleQueue()
    for _ in range(2):
        free.put(torch.cuda.Stream(device))
    return free


def in_batches(
    items: torch.Tensor, work: Callable[[torch.Tensor], Iterable[Any]], batch: BatchSize, device: torch.device
) -> Generator[list[Any]]:
    """What `work` makes of a tensor's rows, a batch at a time, in order, on the processor.

    There each thread computes alone; a GPU is given the next batch before the one before is fetched.

    Raises:
        ModelError: the memory is too small; whatever `work` raises.
    """
    size = batch.size
    if device.type != "cpu":
        yield from _one_ahead(items.split(size), work, batch)
        return
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(before, "batches", initializer=torch.set_num_threads, initargs=(1,))
    under_way: deque[Future[list[Any]]] = deque()
    try:
        for part in items.split(size):
            under_way.append(pool.submit(batch.run, part, work))
            if len(under_way) > 2 * before:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(before)


def _one_ahead(
    parts: Sequence[torch.Tensor], work: Callable[[torch.Tensor], Any], batch: BatchSize
) -> Generator[list[Any]]:
    """What a GPU makes of each part; it computes while the next one is made ready."""
    before: tuple[list[Any], torch.cuda.Event] | None = None
    for part in parts:
        rows = batch.run(part, lambda some: work(some).to("cpu", non_blocking=True))  # into pinned memory
        there = torch.cuda.Event()
        there.record()
        if before:
            before[1].synchronize()
            yield before[0]
        before = rows, there
    if before:
        before[1].synchronize()
        yield before[0]
