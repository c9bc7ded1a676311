"""Which times a picture's typicality is measured at: random, spread over strata, and drawn where it matters most.

T is a mean over times from 100 to 700 of 1,000 and over noise. Four draws make a block, one in each of four strata; a
stratum's draw counts by the stratum's width, so that the mean stays the plain one whatever the strata are. A pilot sets
their bounds: times at which the two losses differ more are drawn more often (Neyman allocation). Blocks are
independent, and kept in up to eight groups, whose spread is the doubt of any mean over any part of the map.
"""

from __future__ import annotations

import hashlib

import numpy as np

FIRST, LAST = 100, 700  # times of 1,000, as the method has them
BLOCK, GROUPS = 4, 8
LEAST = 16  # draws of the first round
EVEN = (100, 250, 400, 550, 700)
_BINS = 24  # of the pilot
_FLOOR = 0.25  # of the mean weight: no time is left out


def rounds(draws: int) -> list[int]:
    """After how many draws something is told: 16, 32, 64 ... and all of them."""
    found, n = [], LEAST
    while n < draws:
        found.append(n)
        n *= 2
    return [*found, draws]


def rounded(draws: int) -> int:
    """So many draws that all groups have as many: 16, or a multiple of 32."""
    whole = BLOCK * GROUPS
    return LEAST if draws <= LEAST else -(-draws // whole) * whole


def ends(draws: int) -> list[int]:
    """After how many draws, up to so many, some run or other may have ended; the most first."""
    whole = BLOCK * GROUPS
    return [*range(draws // whole * whole, 0, -whole), *([LEAST] if draws >= LEAST else [])]


def times_of(hash: str, seed: int, edges: tuple[int, ...], first: int, last: int) -> np.ndarray:
    """Times of a picture's draws from `first` up to `last`, multiples of four; (last - first,) int64."""
    found = []
    for block in range(first // BLOCK, last // BLOCK):
        digest = hashlib.sha256(f"times\0{hash}\0{seed}\0{block}".encode()).digest()
        u = np.random.default_rng(list(digest)).random(BLOCK)
        low, high = np.array(edges[:-1]), np.array(edges[1:])
        found.append(low + np.floor(u * (high - low)).astype(np.int64))
    return np.concatenate(found)


def weights(edges: tuple[int, ...]) -> np.ndarray:
    """Of the draws of a block; they sum to 1."""
    return np.diff(edges) / (edges[-1] - edges[0])


def grouped(gains: np.ndarray, edges: tuple[int, ...], first: int, before: np.ndarray | None) -> np.ndarray:
    """Sums of blocks by group, (P, G, h, w) float32, G up to eight.

    Args:
        gains: (P, S, h, w) of the draws from `first` on.
        edges: of the strata.
        first: number of the first of them.
        before: sums of the draws before, (P, G', h, w).
    """
    p, s, h, w = gains.shape
    blocks = np.einsum("pbkhw,k->pbhw", gains.reshape(p, s // BLOCK, BLOCK, h, w), weights(edges).astype(np.float32))
    n = (first + s) // BLOCK
    found = np.zeros((p, min(n, GROUPS), h, w), np.float32)
    if before is not None:
        found[:, : before.shape[1]] = before
    for b in range(s // BLOCK):  # one after another, so that a resumed sum is the same
        found[:, (first // BLOCK + b) % GROUPS] += blocks[:, b]
    return found


def means(sums: np.ndarray, draws: int) -> np.ndarray:
    """Mean of each group after so many draws; the mean of these is T."""
    return sums / np.float32(draws // BLOCK / sums.shape[1])


def pilot_times(n: int) -> np.ndarray:
    """(n, bins) times of a pilot: the middle of each of as many equal parts."""
    middles = FIRST + (np.arange(_BINS) + 0.5) * (LAST - FIRST) / _BINS
    return np.tile(middles.astype(np.int64), (n, 1))


def edges_of(gains: list[np.ndarray]) -> tuple[int, ...]:
    """Bounds of the strata from a pilot's gains, each (S, h, w): parts between them have the same spread in sum."""
    spread = np.zeros(_BINS)
    for one in gains:
        size = max(1, one.shape[1] // 4), max(1, one.shape[2] // 4)
        h, w = one.shape[1] // size[0] * size[0], one.shape[2] // size[1] * size[1]
        patches = one[:, :h, :w].reshape(len(one), h // size[0], size[0], w // size[1], size[1]).mean((2, 4))
        spread += np.square(patches.astype(np.float64)).mean((1, 2))
    density = np.sqrt(np.convolve(np.pad(spread, 2, mode="edge"), np.ones(5) / 5, mode="valid"))
    if not density.sum() or not np.isfinite(density).all():
        return EVEN
    density = np.maximum(density / density.mean(), _FLOOR)
    mass = np.concatenate([[0.0], np.cumsum(density) / density.sum()])
    inner = np.interp(np.arange(1, BLOCK) / BLOCK, mass, np.linspace(FIRST, LAST, _BINS + 1))
    return (FIRST, *(round(float(x)) for x in inner), LAST)
