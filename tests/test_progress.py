import time
from collections import Counter

import pytest

from engine.errors import Stopped
from engine.progress import Cost, Progress
from engine.settings import Prices


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when told to."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def pass_by(seconds):
        now[0] += seconds

    return pass_by


def test_an_interlude_gives_the_step_back():
    seen = []
    progress = Progress(lambda p: seen.append((p.step, p.done, p.total)))
    progress.start("describing", 9, 4)
    with progress.interlude("loading a model"):
        pass
    assert seen == [("describing", 4, 9), ("loading a model", 0, 0), ("describing", 4, 9)]


def test_rate_and_time_left_leave_out_what_was_known(clock):
    progress = Progress()
    progress.start("describing", 110, done=10)
    assert progress.seconds_left is None
    clock(4)
    progress.advance(20)
    # 20 new ones in 4 s are 5 a second; 110 - 30 = 80 are left, 16 s
    assert progress.rate == 5
    assert progress.seconds_left == 16
    progress.start("naming", 0)
    assert (progress.done, progress.rate, progress.seconds_left) == (0, 0, None)


def test_the_sink_is_called_at_each_step_and_else_now_and_then(clock):
    seen = []
    progress = Progress(lambda p: seen.append((p.step, p.done)), every=0.3)
    progress.start("a", 100)
    for _ in range(10):  # a second, 0.1 s each
        clock(0.1)
        progress.advance()
    progress.start("b", 0)
    assert seen[0] == ("a", 0)
    assert seen[-1] == ("b", 0)
    assert 3 <= len(seen) - 2 <= 4  # 1 s at every 0.3 s


def test_check_looks_ten_times_a_second_at_most(clock):
    asked = []
    progress = Progress(stop=lambda: asked.append(1) or "")
    for _ in range(1000):
        clock(0.001)
        progress.check()
    assert 9 <= len(asked) <= 10


def test_cancel(clock):
    why = [""]
    progress = Progress(stop=lambda: why[0])
    clock(1)
    progress.check()
    why[0] = "Stopped by a person."
    clock(1)
    with pytest.raises(Stopped, match="Stopped by a person"):
        progress.check()


def test_the_budget_stops(clock):
    progress = Progress(prices=Prices(1, 10), budget=2.0)
    progress.cost.tokens_in, progress.cost.tokens_out = 900_000, 100_000  # .9 + 1.0 = 1.9
    clock(1)
    progress.check()
    assert progress.money == pytest.approx(1.9)
    progress.cost.tokens_in = 1_000_000
    clock(1)
    with pytest.raises(Stopped, match=r"budget of 2 is spent \(2\)") as said:
        progress.check()
    assert "Raise it" in said.value.hint


def test_without_prices_there_is_no_money_to_stop_at(clock):
    progress = Progress(budget=0.0)
    progress.cost.tokens_in = 10**9
    clock(1)
    progress.check()
    assert progress.money is None


def test_earlier_tries_count(clock):
    before = Cost(Counter(describe=3), tokens_in=1_000_000, seconds=60)
    progress = Progress(prices=Prices(1, 1), budget=1.0, spent=before)
    clock(5)
    progress.show()
    assert progress.cost.seconds == 65
    with pytest.raises(Stopped):
        progress.check()


def test_notes_are_said_once():
    progress = Progress()
    for _ in range(2):
        progress.note("This model writes prose.")
    assert progress.notes == ["This model writes prose."]
