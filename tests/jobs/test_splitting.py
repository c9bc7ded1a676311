"""A cluster of a finished run, as a person left it, is split by the run's own chat model."""

from dataclasses import replace

import pytest

from engine.analyses.clusters import Criterion, Params
from engine.errors import RunError
from engine.jobs.execute import execute
from engine.jobs.splitting import parts
from engine.settings import Prices
from engine.store.runs import Status
from tests.planted import gallery_of, many, submitted


@pytest.fixture
def run(tmp_path, settings):
    """Two clusters of four colours: the fake keeps blue and joins the others to green."""
    made = submitted(gallery_of(tmp_path, settings, many(12)), settings, Params(Criterion("colour"), "2"))
    with made.hold():
        assert execute(made, settings).state == "done"
    return made


def test_a_cluster_as_a_person_named_it(run, settings):
    run.add_edit({"kind": "rename", "cluster": "green", "to": "rest"})
    found = parts(run, "rest", None, settings)
    assert found == {"green": ("green",), "red": ("red",), "yellow": ("yellow",)}


def test_what_it_cost_is_kept_beside_the_run(run, settings):
    own = run.status
    assert run.asked_since() == Status()
    priced = replace(settings, prices=Prices(1e6, 1e6))  # a token costs 1
    parts(run, "green", None, priced)
    since = run.asked_since()
    assert since.asked == {"name_clusters": 1}
    assert since.money == since.tokens_in + since.tokens_out > 0
    parts(run, "green", None, priced)
    assert run.asked_since() == since  # it was known
    parts(run, "green", 2, settings)
    more = run.asked_since()
    assert (more.asked, more.money) == ({"name_clusters": 2}, since.money)
    assert more.tokens_in > since.tokens_in
    assert run.status == own


def test_a_cluster_that_is_gone(run, settings):
    with pytest.raises(RunError, match="There is no cluster 'pink' any more"):
        parts(run, "pink", None, settings)
    with pytest.raises(RunError, match="the same short answer"):
        parts(run, "blue", None, settings)
