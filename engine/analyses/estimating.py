"""What a run will cost, before it runs: questions by role, tokens, money, time, and what the store knows already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.models.roles import ModelSpec
from engine.settings import Prices
from engine.steps.answers import Remembered
from engine.steps.tasks import Task

# Tokens in and out, and seconds, a request: for tasks that this model was never asked. A 768-pixel picture is about
# 800 tokens; a batch of 50 descriptions about 2,500.
_GUESS = {
    "describe": (1100, 80, 0.3),
    "label": (1500, 300, 3.0),
    "name_clusters": (900, 500, 5.0),
    "assign": (2500, 600, 4.0),
    "propose_differences": (1500, 150, 3.0),
    "verify": (1000, 15, 0.2),
    "judge": (200, 10, 1.0),
    "propose_dimensions": (1800, 60, 3.0),
    "propose_attributes": (3400, 120, 4.0),
    "tidy": (400, 200, 4.0),
    "assign_attributes": (2200, 900, 6.0),
    "refine_dimension": (1200, 150, 3.0),
    "write_prompts": (600, 600, 5.0),
}


# Seconds a request, of models on this machine: they count no tokens.
_LOCAL = {"clip": 0.05, "keywords": 0.02, "measured": 0.02, "fake": 0.001}
_LOCAL_LANGUAGE_MODEL = 5.0


@dataclass(frozen=True)
class RoleEstimate:
    """One role's share: requests to come, items known already, tokens, seconds; whether rates were measured here."""

    role: str
    model: ModelSpec
    questions: int
    known: int
    tokens_in: float
    tokens_out: float
    seconds: float
    measured: bool
    at_most: bool = False  # it may come to fewer


@dataclass(frozen=True)
class Estimate:
    """The whole run's price."""

    pictures: int
    roles: tuple[RoleEstimate, ...]

    @property
    def questions(self) -> int:
        """Requests to come, all roles."""
        return sum(r.questions for r in self.roles)

    @property
    def seconds(self) -> float:
        """Wall time; roles follow one another."""
        return sum(r.seconds for r in self.roles)

    @property
    def tokens(self) -> float:
        """In and out, all roles."""
        return sum(r.tokens_in + r.tokens_out for r in self.roles)

    def money(self, prices: Prices) -> float | None:
        """What the tokens cost; None where no prices are set."""
        return prices.money(sum(r.tokens_in for r in self.roles), sum(r.tokens_out for r in self.roles))


def role_estimate(role: str, asker: Remembered, asks: Mapping[Task, int], known: int) -> RoleEstimate:
    """One role's share, from rates measured in this workspace where there are some.

    Args:
        role: its name.
        asker: who would be asked.
        asks: requests by task.
        known: items that the store answers.
    """
    tokens_in = tokens_out = seconds = 0.0
    measured = True
    for task, n in asks.items():
        rate = asker.rate(task)
        a, b, s = (rate.tokens_in, rate.tokens_out, rate.seconds) if rate else _guess(asker.spec, task)
        tokens_in, tokens_out, seconds = tokens_in + n * a, tokens_out + n * b, seconds + n * s
        measured = measured and (rate is not None or not n)
    return RoleEstimate(role, asker.spec, sum(asks.values()), known, tokens_in, tokens_out, seconds, measured)


def _guess(spec: ModelSpec, task: Task) -> tuple[float, float, float]:
    """Tokens in and out, and seconds, a request, for a model that was never timed here."""
    if spec.backend == "openai_endpoint":
        return _GUESS[task.name]
    return 0.0, 0.0, _LOCAL.get(spec.backend, _LOCAL_LANGUAGE_MODEL)
