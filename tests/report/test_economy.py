"""What is shared of clusters says where likeness told what was not described."""

from dataclasses import replace

import pytest

from engine.jobs.execute import execute
from engine.jobs.sharing import source_of
from engine.report import clusters
from engine.report.datasets import UNDECIDED, _kind
from engine.report.finding import Cards
from pages.parts import clusters_economy
from tests.planted import COLOUR, gallery_of, many, submitted


@pytest.fixture
def source(tmp_path, settings, monkeypatch):
    monkeypatch.setattr("engine.analyses.clusters.economical.LIKELY", 0.995)
    run = submitted(gallery_of(tmp_path, settings, many(120)), settings, replace(COLOUR, share=0.3))
    with run.hold():
        assert execute(run, settings).state == "done", run.status.error
    return source_of(run, settings)


def test_the_overview_says_how_much_was_described_and_how_right_the_rest_is(source):
    e = source.result.economy
    assert e.undecided
    placed = replace(source, result=replace(source.result, economy=replace(e, spread=4, undecided=e.undecided - 4)))
    assert f"{e.low:.2f}, {e.high:.2f}], 95 %, audited on 0" in " ".join(clusters.overview(placed).lines)
    found = clusters.overview(source)
    lines = " ".join(found.lines)
    assert f"Described: {e.described} of 120; nothing of the rest was alike enough" in lines
    assert "audited on" not in lines
    assert "the rest is undecided or fits nowhere" in lines
    (cards,) = [part for part in found.parts if isinstance(part, Cards)]
    undecided = next(card for card in cards.cards if card.title == UNDECIDED)
    assert undecided.words.startswith(f"{e.undecided} ·")
    assert "unassigned" not in [card.title for card in cards.cards]


def test_where_nothing_was_placed_the_page_tells_no_estimate(source):
    e = source.result.economy
    assert "audited on" not in clusters_economy.line(e, False)
    assert "audited on 0" in clusters_economy.line(replace(e, spread=4), False)


def test_the_rest_says_how_many_are_undecided(source):
    found = clusters.unassigned(source)
    assert f"{source.result.economy.undecided} more were not described and are undecided." in found.lines


def test_undecided_pictures_have_a_folder_of_their_own():
    assert _kind({"cluster": "", "how": "undecided"}, "cluster") == (False, "undecided")
    assert _kind({"cluster": "", "how": "unassigned"}, "cluster") == (False, "unassigned")
