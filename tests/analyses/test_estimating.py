"""A price can be told of every task, also by a model that was never timed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine.analyses.estimating import role_estimate
from engine.models.roles import ModelSpec
from engine.steps.tasks import TASKS


@pytest.mark.parametrize("backend", ["openai_endpoint", "transformers_vlm"])
@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_every_task_has_a_price_before_it_was_timed(task, backend):
    untimed: Any = SimpleNamespace(spec=ModelSpec(backend, "new"), rate=lambda _: None)
    price = role_estimate("chat", untimed, {task: 3}, 0)
    assert price.questions == 3
    assert price.seconds > 0
    assert not price.measured
    assert (price.tokens_in > 0) == (backend == "openai_endpoint")
