"""The slider of how many pictures to describe, and a finished run in which likeness told the rest."""

from dataclasses import replace

import pytest

import tests.pages.test_pages as states
from engine.jobs.execute import execute, read_result
from engine.settings import Endpoint, Prices, save_endpoint
from pages.parts.clusters_economy import with_share
from tests.pages.test_pages import buttons, connect, press, texts
from tests.planted import COLOUR, gallery_of, many, submitted

page = states.page


@pytest.fixture
def gallery(tmp_path, settings):
    return gallery_of(tmp_path, settings, many(120))


def finished(gallery, settings, share):
    run = submitted(gallery, settings, replace(COLOUR, share=share))
    with run.hold():
        status = execute(run, settings)
    assert status.state == "done", status.error
    return run


def slider(test, label="Pictures to describe"):
    return next(s for s in test.select_slider if s.label == label)


def asked(test, share):
    """The page after a criterion was typed and the slider was moved."""
    test.text_input(key="criterion").input("colour").run()
    slider(test).set_value(share).run()
    assert not test.exception, test.exception
    return test


def test_the_price_follows_the_slider(page, gallery, settings):
    connect(settings)
    test = page("clusters", gallery=gallery.fingerprint)
    assert slider(test).value == 1.0
    assert "120 of 120 pictures to describe" in texts(asked(test, 1.0))
    assert "up to 60 of 120 pictures to describe" in texts(asked(test, 0.5))
    assert "up to 20 of 120 pictures to describe" in texts(asked(test, 0.05))  # so many in any case


def test_consent_names_the_part_that_is_sent_and_is_asked_again_for_more(page, gallery, settings):
    save_endpoint(settings, Endpoint("https://api.far.example/v1", "", "eye", "mouth"), Prices())
    test = asked(page("clusters", gallery=gallery.fingerprint), 0.05)
    assert test.checkbox[0].label.startswith("up to 20 of 120 pictures will be sent to")
    test.checkbox[0].check().run()
    assert not asked(test, 0.1).checkbox  # 20, too
    assert asked(test, 0.5).checkbox[0].label.startswith("up to 60 of 120 pictures will be sent to")
    assert asked(test, 1.0).checkbox[0].label.startswith("120 pictures will be sent to")
    assert not test.checkbox[0].value


def test_what_is_compared_without_a_matcher_is_said(page, gallery, settings):
    connect(settings)
    test = page("clusters", gallery=gallery.fingerprint)
    assert "No matcher plays here" not in texts(asked(test, 1.0))
    assert "No matcher plays here" in texts(asked(test, 0.3))


def test_a_finished_run_says_what_was_described_and_how_right_the_rest_is(page, gallery, settings):
    run = finished(gallery, settings, 0.5)
    economy = read_result(run).economy
    test = page("clusters", run=run.id)
    said = texts(test)
    assert f"described **{economy.described}** of 120 · {economy.spread} by likeness" in said
    assert (
        f"**{economy.agreement:.2f}** [{economy.low:.2f}, {economy.high:.2f}], audited on {len(economy.audit)}" in said
    )
    assert "vectors of colours and edges" in said
    assert slider(test).value == 0.5
    assert "described 50% at most" in " ".join(buttons(test))
    table = next(frame.value for frame in test.dataframe if "guess" in frame.value)
    assert len(table) == len(economy.audit)


def test_a_guess_is_shown_as_one(page, gallery, settings):
    run = finished(gallery, settings, 0.5)
    row = next(r for r in read_result(run).rows if r.how == "spread")
    said = texts(page("clusters", run=run.id, cluster=row.cluster, picture=row.file))
    assert f"by likeness, {row.confidence:.0%}; not described" in said


def test_a_share_that_only_a_script_would_choose_is_on_the_slider(page, gallery, settings):
    assert slider(page("clusters", run=finished(gallery, settings, 0.43).id)).value == 0.43


def test_undecided_pictures_lead_to_describing_more(page, gallery, settings, monkeypatch):
    monkeypatch.setattr("engine.analyses.clusters.economical.LIKELY", 0.995)
    run = finished(gallery, settings, 0.3)
    undecided = read_result(run).economy.undecided
    assert undecided > 20
    test = page("clusters", run=run.id)
    assert f"{undecided} undecided" in texts(test)
    press(test, "Describe more")
    assert slider(test, "Pictures to describe, at most").value == 0.5
    assert "up to 24 of 120 pictures to describe (36 known already)" in texts(test)
    assert "run_more" in [b.key for b in test.button]


def test_describing_every_picture_after_all_is_the_plain_run(gallery, settings):
    run = submitted(gallery, settings, replace(COLOUR, share=0.3))
    assert with_share(run, 1.0)[0].id == submitted(gallery, settings).id
    half = submitted(gallery, settings, replace(COLOUR, share=0.5))
    assert with_share(run, 0.5)[0].id == half.id
