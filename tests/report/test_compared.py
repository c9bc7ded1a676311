"""Two runs, and two criteria, as pictures to share; a flow of any sizes."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.analyses import criteria
from engine.analyses.clusters.diff import diff
from engine.analyses.criteria import Reading
from engine.charts import flow as charts
from engine.report import compared
from engine.report.canvas import Svg
from engine.report.finding import Finding, Flow, Stage
from engine.report.flows import draw_flow, flow_height
from engine.report.sheet import sheet
from tests.report.sources import HOSTILE, hostile_gallery, sources


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    from engine.settings import Settings

    root = tmp_path_factory.mktemp("compared")
    settings = Settings(home=root / "home")
    return sources(hostile_gallery(root, settings), settings)["clusters"]


def test_what_moved_between_two_runs(source):
    after = source.result
    before = replace(after, rows=tuple(replace(r, cluster="blue" if i % 7 == 0 else r.cluster)
                                       for i, r in enumerate(after.rows)))  # fmt: skip
    found = compared.clusters(source, diff(before, after), ("A · before <b>", "B · after"), "a" * 16)
    assert found.lines[0].startswith("8 of 56 pictures moved") or "pictures moved" in found.lines[0]
    assert found.kind == "compare/clusters"
    picture = Image.open(io.BytesIO(sheet(found, source.about())))
    assert picture.width == 1920


def test_two_criteria(source):
    values = tuple([("red",), ("blue",)][i % 2] for i in range(40))
    others = tuple([("warm",), ("cold",), ()][i % 3] for i in range(40))
    (one,) = criteria.pairs([Reading("colour <b>", values), Reading("mood", others)])
    stages = [charts.Stage("colour", ("red", "blue"), (20.0, 20.0)), charts.Stage("mood", ("warm", ""), (30.0, 10.0))]
    found = compared.criteria(source, one, stages, [np.array([[15.0, 5.0], [15.0, 5.0]])])
    assert found.title == "colour <b> and mood"
    assert sheet(found, "about").startswith(b"\x89PNG")
    assert sheet(compared.criteria(source, one, [], []), "about").startswith(b"\x89PNG")


def test_flows_of_any_size():
    many = [f"{HOSTILE} {i}" for i in range(40)]
    flows = [
        Flow("", [Stage("a", ["x"], [0.0]), Stage("b", ["y"], [0.0])], [[[0.0]]]),
        Flow("", [Stage("a", many, [1.0] * 40), Stage("b", many, [1.0] * 40), Stage("c", ["y"], [40.0])],
             [np.eye(40).tolist(), [[1.0]] * 40]),
    ]  # fmt: skip
    for flow in flows:
        assert sheet(Finding("a/b", "c", (), [flow]), "", "dark").startswith(b"\x89PNG")
        svg = Svg(560, flow_height(flow), "flow")
        draw_flow(svg, flow, 0, 0, 560)
        assert "<script" not in svg.markup
        assert "nan" not in svg.markup
