"""The four shifts: each planted one is named, an even set has none."""

from __future__ import annotations

import numpy as np

from engine.analyses.structure import Dimension, Result, Row
from engine.analyses.structure.telling import recounted
from engine.analyses.structure.verdicts import verdicts


def made(labels, values, names):
    rows = tuple(Row(f"{i}.png", label, "text", {"place": (v,)}) for i, (label, v) in
                 enumerate(zip(labels, values, strict=True)))  # fmt: skip
    one = recounted(Dimension("place", (), 3, 10, 1.0, 0, 0), names, [r.values for r in rows])
    return Result((one,), (), rows)


def shifts(result):
    return {v.shift for v in verdicts(result)}


def test_an_even_set_has_none():
    rng = np.random.default_rng(0)
    labels, values = rng.choice(["cat", "dog"], 400), rng.choice(["in", "out"], 400)
    assert shifts(made(labels.tolist(), values.tolist(), ["in", "out"])) == set()


def test_a_spurious_correlation_and_a_missing_attribute():
    labels = ["cat"] * 100 + ["dog"] * 100
    values = ["in"] * 80 + ["out"] * 20 + ["in"] * 30 + ["out"] * 70
    told = verdicts(made(labels, values, ["in", "out"]))
    assert [v.shift for v in told] == ["spurious correlation"]
    assert "in goes with cat" in told[0].sentence or "out goes with dog" in told[0].sentence
    values = ["in"] * 80 + ["out"] * 20 + ["in"] * 50 + ["out"] * 20 + ["water"] * 30
    told = verdicts(made(labels, values, ["in", "out", "water"]))
    assert any(v.shift == "attribute missing" and "No cat is water" in v.sentence for v in told)


def test_imbalances():
    rng = np.random.default_rng(0)
    assert shifts(made(["cat"] * 380 + ["dog"] * 20, rng.choice(["in", "out"], 400).tolist(), ["in", "out"])) == {
        "class imbalance"
    }
    assert shifts(made([""] * 400, ["in"] * 390 + ["out"] * 10, ["in", "out"])) == {"attribute imbalance"}
    assert shifts(made([], [], ["in"])) == set()
