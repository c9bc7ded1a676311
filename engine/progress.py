"""How far a run has come, what it cost so far, and whether it should end. One object a run; sinks show it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.errors import Stopped
from engine.settings import Prices

_LATELY = 20.0  # seconds over which a rate is told


@dataclass
class Cost:
    """What was asked and spent. Requests and tokens count everything sent, answered or not."""

    asked: Counter[str] = field(default_factory=Counter)  # requests, by task
    known: Counter[str] = field(default_factory=Counter)  # items answered from the store, by task
    failed: int = 0  # items without an answer
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


class Progress:
    """Steps, counts and costs of one run.

    Args:
        sink: called at most every `every` seconds with this object, and at each new step.
        stop: says why the run should end, or an empty string; asked at most ten times a second.
        prices: to turn tokens into money.
        budget: money after which the run stops; None for no limit. Questions already sent are still paid for.
        spent: what earlier tries of the same run cost; counts against the budget.
    """

    def __init__(
        self,
        sink: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], str] = lambda: "",
        prices: Prices | None = None,
        budget: float | None = None,
        spent: Cost | None = None,
        every: float = 0.3,
    ) -> None:
        self.cost = spent or Cost()
        self.step, self.done, self.total = "starting", 0, 0
        self.unanswered = 0  # items without an answer so far; asked once more before they count as failed
        self.partial: dict[str, Any] = {}
        self.notes: list[str] = []
        self._sink, self._stop, self._every = sink, stop, every
        self._prices, self._budget = prices or Prices(), budget
        self._began, self._before = time.monotonic(), self.cost.seconds
        self._lately: deque[tuple[float, int]] = deque([(self._began, 0)])
        self._shown = self._looked = 0.0

    def start(self, step: str, total: int, done: int = 0) -> None:
        """Begin a step of `total` items, `done` of which were known already."""
        self.step, self.total, self.done = step, total, done
        self._lately = deque([(time.monotonic(), done)])
        self.show(now=True)

    @contextmanager
    def interlude(self, step: str) -> Iterator[None]:
        """Show another step while something without a count is done, then the one before again."""
        before = self.step, self.total, self.done
        self.start(step, 0)
        yield
        self.start(*before)

    def advance(self, n: int = 1) -> None:
        """Count `n` more items of this step."""
        self.done += n
        at = time.monotonic()
        if at - self._lately[-1][0] > _LATELY / 20:
            self._lately.append((at, self.done))
        self.show()

    def note(self, text: str) -> None:
        """Say something people should know, once."""
        if text not in self.notes:
            self.notes.append(text)

    def show(self, now: bool = False) -> None:
        """Let the sink see this object, if it is time."""
        at = time.monotonic()
        self.cost.seconds = self._before + at - self._began
        if now or at - self._shown >= self._every:
            self._shown = at
            self._sink(self)

    def check(self) -> None:
        """End the work if it should end; cheap enough to be called anywhere.

        Raises:
            Stopped: a person or the budget said so.
        """
        at = time.monotonic()
        if at - self._looked < 0.1:
            return
        self._looked = at
        self.show()
        if why := self._stop():
            raise Stopped(why)
        if self._budget is not None and self.money and self.money >= self._budget:
            raise Stopped(
                f"The budget of {self._budget:g} is spent ({self.money:.4g}).",
                "Raise it and run again: what was paid for is kept.",
            )

    @property
    def money(self) -> float | None:
        """What was spent so far, or None where no prices are set."""
        return self._prices.money(self.cost.tokens_in, self.cost.tokens_out)

    @property
    def rate(self) -> float:
        """Items a second lately in this step, known ones left out; falls while nothing comes."""
        at = time.monotonic()
        while len(self._lately) > 1 and at - self._lately[1][0] > _LATELY:
            self._lately.popleft()
        since, done = self._lately[0]
        return (self.done - done) / (at - since) if at > since else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until the end of this step, at its rate so far; None while that is unknown."""
        return (self.total - self.done) / self.rate if self.rate > 0 and self.total else None
