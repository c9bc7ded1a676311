"""Times in strata: no bias whatever their bounds, sums that go on bit by bit, bounds where the losses differ."""

from __future__ import annotations

import numpy as np
import pytest

from engine.steps import draws
from engine.steps.draws import BLOCK, EVEN, FIRST, GROUPS, LAST

UNEVEN = (100, 130, 180, 400, 700)
HASH = "ab" * 32


def test_rounds_double_up_to_all():
    assert draws.rounds(16) == [16]
    assert draws.rounds(32) == [16, 32]
    assert draws.rounds(96) == [16, 32, 64, 96]


def test_draws_are_rounded_so_that_all_groups_are_full():
    assert [draws.rounded(n) for n in (1, 16, 17, 32, 33, 100, 128)] == [16, 16, 32, 32, 64, 128, 128]
    for n in range(1, 300):
        blocks = draws.rounded(n) // BLOCK
        assert draws.rounded(n) >= n
        assert blocks % min(blocks, GROUPS) == 0


def test_a_run_may_have_ended_at_any_of_these():
    assert draws.ends(16) == [16]
    assert draws.ends(128) == [128, 96, 64, 32, 16]
    for n in range(1, 300):
        assert draws.rounded(n) in draws.ends(512)
        assert set(draws.rounds(draws.rounded(n))) <= set(draws.ends(draws.rounded(n)))


def test_times_depend_on_picture_seed_and_block_only():
    whole = draws.times_of(HASH, 3, UNEVEN, 0, 64)
    assert whole.shape == (64,)
    assert whole.dtype == np.int64
    parts = [draws.times_of(HASH, 3, UNEVEN, first, last) for first, last in ((0, 16), (16, 20), (20, 64))]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert draws.times_of(HASH, 4, UNEVEN, 0, 64).tolist() != whole.tolist()
    assert draws.times_of("cd" * 32, 3, UNEVEN, 0, 64).tolist() != whole.tolist()


@pytest.mark.parametrize("edges", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_each_draw_lies_in_its_stratum(edges):
    times = draws.times_of(HASH, 0, edges, 0, 4000).reshape(-1, BLOCK)
    for k in range(BLOCK):
        assert (times[:, k].min(), times[:, k].max()) == pytest.approx((edges[k], edges[k + 1] - 1), abs=3)


@pytest.mark.parametrize("edges", [EVEN, UNEVEN], ids=["even", "uneven"])
@pytest.mark.parametrize(
    "of", [lambda t: t * 1.0, lambda t: np.exp(-t / 90), lambda t: (t % 2) * 1.0], ids=["linear", "steep", "odd"]
)
def test_a_weighted_block_is_the_plain_mean(edges, of):
    blocks = of(draws.times_of(HASH, 0, edges, 0, 20_000)).reshape(-1, BLOCK) @ draws.weights(edges)
    error = blocks.std() / len(blocks) ** 0.5
    assert blocks.mean() == pytest.approx(of(np.arange(FIRST, LAST)).mean(), abs=4 * error)


def test_weights_sum_to_one():
    assert draws.weights(EVEN).tolist() == [0.25] * 4
    assert draws.weights(UNEVEN) == pytest.approx([30 / 600, 50 / 600, 220 / 600, 300 / 600])


@pytest.mark.parametrize("n", [16, 32, 96])
def test_sums_are_the_formula_draw_by_draw(n):
    gains = np.random.default_rng(0).standard_normal((2, n, 3, 5)).astype(np.float32)
    g = min(n // BLOCK, GROUPS)
    expected = np.zeros((2, g, 3, 5))
    for draw in range(n):
        block, stratum = divmod(draw, BLOCK)
        expected[:, block % g] += gains[:, draw] * (UNEVEN[stratum + 1] - UNEVEN[stratum]) / (LAST - FIRST)
    found = draws.grouped(gains, UNEVEN, 0, None)
    assert (found.dtype, found.shape) == (np.float32, (2, g, 3, 5))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    per_group = n // BLOCK / g
    np.testing.assert_allclose(draws.means(found, n), expected / per_group, atol=1e-5)
    plain = (gains.reshape(2, -1, BLOCK, 3, 5) * draws.weights(UNEVEN)[:, None, None]).sum(2).mean(1)
    np.testing.assert_allclose(draws.means(found, n).mean(1), plain, atol=1e-5)


@pytest.mark.parametrize("parts", [(16, 32), (16, 32, 64, 96, 128), (32, 128)])
def test_going_on_gives_the_same_bits(parts):
    gains = np.random.default_rng(1).standard_normal((2, parts[-1], 4, 4)).astype(np.float32)
    sums, first = None, 0
    for last in parts:
        sums, first = draws.grouped(gains[:, first:last], UNEVEN, first, sums), last
    assert sums is not None
    assert sums.tobytes() == draws.grouped(gains, UNEVEN, 0, None).tobytes()


def test_a_pilot_looks_at_each_part_once():
    times = draws.pilot_times(3)
    assert times.shape == (3, 24)
    assert (np.diff(times) == 25).all()
    assert (times[:, 0].tolist(), times[0, -1]) == ([112] * 3, 687)


def pilot(spread, n=200):
    """Gains (24, 8, 8) of `n` pictures whose standard deviation at each time is `spread`."""
    rng = np.random.default_rng(0)
    return [(rng.standard_normal((24, 8, 8)) * np.array(spread)[:, None, None]).astype(np.float32) for _ in range(n)]


def test_equal_spread_gives_even_strata():
    assert draws.edges_of(pilot([1.0] * 24)) == pytest.approx(EVEN, abs=10)


def test_strata_are_narrow_where_losses_differ():
    early = draws.edges_of(pilot([4.0] * 6 + [1.0] * 18))
    late = draws.edges_of(pilot([1.0] * 18 + [4.0] * 6))
    # 6 parts of weight 4 and 18 of weight 1 make 42: half of it is reached after 5.25 parts of 25
    assert early[2] == pytest.approx(FIRST + 5.25 * 25, abs=20)
    assert late[2] == pytest.approx(LAST - 5.25 * 25, abs=20)
    for edges in (early, late):
        assert (edges[0], edges[-1]) == (FIRST, LAST)
        assert min(np.diff(edges)) > 0


def test_no_time_is_left_out():
    edges = draws.edges_of(pilot([1000.0] + [0.0] * 23))
    assert min(np.diff(edges)) > 0
    assert draws.weights(edges).sum() == pytest.approx(1)


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_a_pilot_that_tells_nothing_gives_even_strata(wrong):
    assert draws.edges_of([np.full((24, 8, 8), wrong, np.float32)]) == EVEN


def test_small_maps_make_a_pilot_too():
    assert len(draws.edges_of([np.random.default_rng(0).standard_normal((24, 2, 3))])) == BLOCK + 1
