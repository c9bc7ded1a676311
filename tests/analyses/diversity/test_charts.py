"""Charts are functions of a result: what they draw, in colours that both themes can show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.analyses.diversity import Params, Part, of_vectors
from engine.analyses.diversity.doubt import Figure, Figures
from engine.charts.diversity import coreset, parts, rarefaction, spectrum

ROWS = np.random.default_rng(0).standard_normal((300, 16)) * np.exp(-np.arange(16) / 5)


@pytest.fixture(scope="module")
def result():
    return of_vectors(ROWS, Params(coreset=10))


def drawn(figure: Any) -> Any:
    """As it is: plotly's types do not know what a figure holds."""
    return figure


def words_of(figure):
    return " ".join(str(a.text) for a in figure.layout.annotations)


def test_spectrum_shows_shares_sums_and_ranks(result):
    figure = drawn(spectrum({"mine <b>": result.eigenvalues, "other": np.ones(16).tolist()}))
    shares, summed, rank = figure.data[:3]
    assert sum(shares.y) == pytest.approx(1)
    assert summed.y[-1] == pytest.approx(1)
    assert rank.x[0] == pytest.approx(result.whole.effective_rank.value, rel=1e-5)
    assert shares.name == "mine ‹b›"
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert drawn(spectrum({"mine": result.eigenvalues}, log=False)).layout.yaxis.type == "linear"
    assert "FineVision" not in words_of(figure)


def test_published_ranks_are_lines_for_sscd_only(result):
    said = words_of(spectrum({"mine": result.eigenvalues}, is_sscd=True))
    for name in ("FineVision 359, score 0.500", "Cambrian-7M 360, score 0.458", "Cauldron 324", "LLaVA-Vision 268"):
        assert name in said
    banded = rarefaction({"mine": result.rarefaction}, result.gaussian, is_sscd=True)
    assert "severe redundancy" not in words_of(banded)  # everything below the last line
    assert "strong bias suspected" in words_of(banded)
    assert not words_of(rarefaction({"mine": result.rarefaction}, result.gaussian))
    assert not words_of(rarefaction({"mine": result.rarefaction}, result.gaussian, "effective_rank", True))


def test_numbers_of_pictures_are_written_out(result):
    for figure in (rarefaction({"mine": result.rarefaction}, result.gaussian), coreset(result.coreset)):
        assert list(drawn(figure).layout.xaxis.ticktext)[:6] == ["1", "2", "5", "10", "20", "50"]
    many = [Figures(100_000, 4, Figure(2), Figure(2), Figure(0.5))]
    assert drawn(rarefaction({}, many)).layout.xaxis.ticktext[-1] == "100,000"


def test_nothing_that_varies_can_be_drawn():
    same = of_vectors(np.ones((5, 4)))
    assert len(drawn(spectrum({"mine": same.eigenvalues})).data) == 2
    assert rarefaction({"mine": same.rarefaction}, same.gaussian)


def test_rarefaction_holds_every_size_with_its_interval(result):
    figure = drawn(rarefaction({"mine": result.rarefaction}, result.gaussian, "participation_ratio"))
    normal, band, line = figure.data
    assert list(line.x) == list(normal.x) == [10, 20, 50, 100, 200, 300]
    assert line.y[-1] == result.whole.participation_ratio.value
    assert len(band.x) == 12
    assert "participation ratio" in figure.layout.yaxis.title.text


def test_parts_are_dots_with_intervals_and_those_too_small_are_out():
    def part(name, value, equal=True):
        told = Figures(50, 16, Figure(5), Figure(4), Figure(value, value - 0.01, value + 0.02))
        return Part(name, told, told if equal else None)

    figure = drawn(parts([part("b", 0.3), part("a", 0.2), part("few", 0.1, equal=False)]))
    (dots,) = figure.data
    assert (list(dots.y), list(dots.x)) == (["a", "b"], [0.2, 0.3])  # plotly draws from the bottom up
    assert list(dots.error_x.array) == pytest.approx([0.02, 0.02])
    assert "50 pictures each" in figure.layout.xaxis.title.text
    assert len(drawn(parts([])).data[0].y) == 0


@pytest.mark.parametrize("what", ["coverage", "farthest", "effective_rank"])
def test_core_set_beside_chance(result, what):
    figure = drawn(coreset(result.coreset, what))
    chance, chosen = figure.data[-2:]
    assert list(chosen.x) == list(chance.x) == [1, 2, 4, 8, 10]
    assert "at random" in chance.name


def test_every_word_has_the_ink_that_themes_turn(result):
    for figure in map(drawn, (spectrum({"a": result.eigenvalues}, True), coreset(result.coreset))):
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            assert axis.tickfont.color == axis.title.font.color == "#000037"
        assert {a.font.color for a in figure.layout.annotations} <= {"#000037"}
