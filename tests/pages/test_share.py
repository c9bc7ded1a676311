"""Share on every page: nothing is made before it is opened; then a preview, a PNG, the link."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tests.pages.test_pages as states
from engine.jobs.execute import execute
from engine.store.runs import Runs
from pages.parts.share import slug
from tests.report.sources import LABELS, hostile_gallery, sources

page = states.page

PLACES = [
    ("clusters", "clusters", {}),
    ("clusters", "cluster blue", {"cluster": "blue"}),
    ("clusters", "cluster ~unassigned", {"cluster": "~unassigned"}),
    ("clusters", "confusion", {}),
    ("structure", "dimensions", {}),
    ("structure", "cross label colour", {"part": "cross"}),
    ("structure", "missing label colour", {"part": "deficits"}),
    ("differences", "differences", {}),
    ("differences", f"statement {LABELS[1].split()[0]}", {"finding": LABELS[1].split()[0]}),
    ("typicality", f"typical {LABELS[0]}", {}),
    ("diversity", "score", {}),
    ("diversity", "spectrum", {}),
    ("diversity", "axes", {"part": "axes"}),
    ("diversity", "duplicates", {"part": "duplicates"}),
    ("diversity", "coreset", {"part": "coreset"}),
]


@pytest.fixture
def runs(tmp_path, settings):
    """The id of a finished run by analysis."""
    return {name: source.run for name, source in sources(hostile_gallery(tmp_path, settings), settings).items()}


@pytest.mark.parametrize(("file", "name", "words"), PLACES, ids=[name for _, name, _ in PLACES])
def test_share_shows_a_finding_once_it_is_opened(page, runs, file, name, words):
    test = page(file, run=runs[file], **words)
    key = f"share_{name}"
    assert key in test.session_state
    assert not [b for b in test.get("download_button") if "PNG" in b.label]
    test.session_state[key] = True
    test.run()
    assert not test.exception, test.exception
    (button,) = [b for b in test.get("download_button") if b.label == "Download PNG"]
    assert not button.disabled
    assert any(one.alt for image in test.image for one in image.proto.imgs)
    (link,) = [c.value for c in test.code if "run=" in c.value]
    assert runs[file] in link
    test.toggle(key=f"{key}_pictures").set_value(False).run()
    assert not test.exception


def test_two_runs_and_two_criteria_are_shared(page, runs, settings):
    first = Runs(settings.home).get(runs["clusters"])
    params = {**first.request.params, "k": "2"}
    second = Runs(settings.home).submit(replace(first.request, params=params))
    with second.hold():
        assert execute(second, settings).state == "done"
    for name, words in (
        ("share_compared", {"a": first.id, "b": second.id}),
        ("share_criteria", {"of": [first.id, "label"], "gallery": first.request.gallery}),
    ):
        test = page("compare", **words)
        assert name in test.session_state, name
        test.session_state[name] = True
        test.run()
        assert not test.exception, test.exception
        assert [b for b in test.get("download_button") if b.label == "Download PNG"]


def test_a_file_is_called_by_plain_letters():
    assert slug("clusters/cluster", "<b>../x</b>", "雪") == "clusters-cluster-b-x-b"
    assert len(slug("a" * 500)) == 100
