"""How large a report becomes: of a thousand pictures that hardly compress, below ten megabytes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.analyses.clusters import Cluster, Criterion, Result, Row
from engine.gallery import Gallery, Picture
from engine.models.roles import ModelSpec
from engine.report.document import report
from engine.report.embedded import Embedded
from engine.report.finding import Card, Cards, Finding, Pictures, Shown
from engine.report.source import Source
from engine.store.runs import Request, Status

N, GROUPS = 1000, 10


@pytest.fixture(scope="module")
def source():
    """A thousand pictures of noise in ten clusters; nothing is on disk."""
    pictures = [Picture(f"{i:04}.jpg", f"{i:064x}", 640, 480, "/nowhere") for i in range(N)]
    gallery = Gallery("/nowhere", "noise", "none", pictures)
    rows = tuple(Row(p.name, cluster=f"group {i % GROUPS}", how="label") for i, p in enumerate(pictures))
    clusters = tuple(Cluster(f"group {k}", N // GROUPS) for k in range(GROUPS))
    result = Result(Criterion("noise"), clusters, rows, ())
    spec = ModelSpec("fake", "fake")
    request = Request("clusters", 1, "", gallery.fingerprint, {}, {"vision": spec})
    return Source("0" * 16, request, Status("done", ended=1.0), result, gallery)


def noise(picture, side):
    """What hardly compresses: blocks of random colours."""
    rng = np.random.default_rng(int(picture.name[:4]))
    return Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).resize((256, 256), Image.Resampling.BICUBIC)


def test_a_report_of_a_thousand_pictures_is_below_ten_megabytes(source, record_property):
    text = report([source], noise)
    size = len(text.encode()) / 1e6
    shown = text.count("data:image/webp")
    record_property("megabytes", size)
    assert size < 10
    assert shown >= N  # each of them, some of them also among the first of its cluster
    assert all(f'alt="{i:04}.jpg"' in text for i in range(N))


def test_pictures_are_as_large_as_they_fit():
    shown = [Shown(Picture(f"{i:04}.jpg", "0" * 64, 9, 9, "")) for i in range(60)]
    finding = Finding("a/b", "c", (), [Pictures("", shown, is_ordered=False), Cards([Card("d", shown=shown[:9])])])
    large, small = Embedded([finding], noise), Embedded([finding], noise, 150_000)
    assert large.side > small.side
    assert sum(len(small.address(one)) for one in shown) <= 150_000
    assert all(large.address(one).startswith("data:image/webp;base64,") for one in shown)
    nothing = Embedded([finding], noise, 0)
    assert not any(nothing.address(one) for one in shown)
