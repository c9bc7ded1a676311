"""Figures of eigenvalues: sums that can be done by hand, the published table, the Vendi score of small kernels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analyses.diversity import figures
from engine.analyses.diversity.published import BANDS, DIMENSION, REFERENCES, band


@pytest.mark.parametrize("k", [1, 2, 7, 512])
def test_k_equal_eigenvalues_count_k(k):
    values = np.concatenate([np.full(k, 3.0), np.zeros(512 - k)])
    for order in (0.5, 1, 2, 5, math.inf):
        assert figures.hill(values, order) == pytest.approx(k)


def test_two_unequal_ones_by_hand():
    values = np.array([3.0, 1.0])  # p = 3/4, 1/4
    assert figures.participation_ratio(values) == pytest.approx(16 / 10)  # (3 + 1)^2 / (9 + 1)
    assert figures.effective_rank(values) == pytest.approx(4 / 3**0.75)  # exp(ln 4 - 3/4 ln 3)
    assert figures.hill(values, math.inf) == pytest.approx(4 / 3)
    assert figures.isotropy(values) == pytest.approx(0.6)  # (1.6 - 1) / (2 - 1)
    assert figures.log_determinant(values) == pytest.approx(math.log(1.5 * 0.5))


def test_nothing_varies():
    nothing = np.zeros(4)
    assert figures.effective_rank(nothing) == figures.participation_ratio(nothing) == 0
    assert figures.score(0, 0, 4) == 0
    assert figures.isotropy(nothing) == 0
    assert figures.log_determinant(nothing) is None


def test_scale_and_order_change_nothing():
    values = np.random.default_rng(0).random(64)
    for other in (values * 1e6, values[::-1], values * 1e-9):
        assert figures.effective_rank(other) == pytest.approx(figures.effective_rank(values))
        assert figures.isotropy(other) == pytest.approx(figures.isotropy(values))


def test_the_published_scores_follow_from_the_published_ranks():
    whole = [r for r in REFERENCES if r.effective_rank and r.participation_ratio]
    assert {r.name: round(r.score, 3) for r in whole} == {
        "FineVision": 0.5,
        "Cambrian-7M": 0.458,
        "Cauldron": 0.4,
        "LLaVA-Vision": 0.298,
    }
    for r in whole:
        found = figures.score(r.effective_rank or 0, r.participation_ratio or 0, DIMENSION)
        assert found == pytest.approx(r.score, abs=5e-4), r.name


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.9, "FineVision-like"),
        (0.5, "FineVision-like"),
        (0.4999, "fit for multimodal training"),
        (0.35, "augment"),
        (0.2, "strong bias suspected"),
        (0.1999, "severe redundancy"),
        (0.0, "severe redundancy"),
    ],
)
def test_bands(score, words):
    assert band(score) == words


def test_bands_go_down():
    assert [least for least, _ in BANDS] == sorted((least for least, _ in BANDS), reverse=True)


@pytest.mark.parametrize("order", [1, 2, math.inf])
@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (np.eye(5), 5),
        (np.ones((5, 5)), 1),
        (np.kron(np.eye(2), np.ones((3, 3))), 2),  # two equal blocks
        (np.kron(np.eye(3), np.ones((2, 2))), 3),
    ],
    ids=["identity", "ones", "two blocks", "three blocks"],
)
def test_vendi_score_of_kernels(kernel, expected, order):
    assert figures.hill(np.linalg.eigvalsh(kernel).clip(0), order) == pytest.approx(expected)
