"""Real photos: VisDiff's own example with its recorded descriptions and hypotheses, through a small adapter.

No model is asked: descriptions are looked up by file, GPT-4's hypotheses are handed on, and descriptions score.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.analyses.differences import Params, Side, run
from engine.analyses.differences.judging import grade
from engine.analyses.differences.wording import content
from engine.gallery import open_folder
from engine.jobs.asking import Copies
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.answers import AnswerError

pytestmark = pytest.mark.shared


@dataclass
class Recorded:
    """BLIP-2's captions by file: a captioner, which verifies nothing."""

    said: dict[str, str]
    spec: ModelSpec = field(default=ModelSpec("fake", "blip-2", options={"captioner": True}))
    writes_prose: bool = True

    def each(self, task, payload, pictures):
        for i, picture in enumerate(pictures):
            said = self.said.get(picture.name)
            yield i, {"description": said, "label": ""} if said else AnswerError("not recorded")


@dataclass
class Proposed:
    """GPT-4's three rounds of ten, all of them for A; nothing for B."""

    rounds: list[list[str]]
    says_a: str
    spec: ModelSpec = field(default=ModelSpec("fake", "gpt-4"))
    only_counts: bool = False

    def one(self, task, payload):
        is_a = sum(self.says_a in t for t in payload["a"]) > sum(self.says_a in t for t in payload["b"])
        return {"differences": self.rounds.pop(0) if is_a and self.rounds else []}, ""


@pytest.fixture
def say(capsys):
    """Print figures that people should see although the test passes."""

    def said(text):
        with capsys.disabled():
            print(f"\n{text}", end="")  # noqa: T201

    return said


@pytest.fixture
def yoga(shared, settings):
    folder = shared / "data" / "visdiff_yoga"
    with (folder / "records.csv").open() as file:
        rows = list(csv.DictReader(file))
    gallery = open_folder(folder / "images", settings)
    said = {row["file"].removeprefix("images/"): row["blip2_caption"] for row in rows if row["blip2_caption"]}
    recorded = json.loads((folder / "gpt4_recorded.json").read_text())["proposals"]
    rounds = [[line.strip().lstrip("* ") for line in one["output"].splitlines()] for one in recorded]
    return gallery, said, rounds, settings


def compare(yoga, proposers):
    gallery, said, rounds, settings = yoga
    files = [tuple(p.name for p in gallery.pictures if p.name.startswith(f"set_{x}")) for x in "ab"]
    chat = Proposed([list(one) for one in rounds], "yoga")
    params = Params(Side("yoga", files[0]), Side("meditation", files[1]), proposers=proposers)
    copies = Copies(settings, Progress())
    given: dict[str, Any] = {"vision": Recorded(said), "chat": chat}
    result = run(gallery, params, **given, copies=copies, progress=Progress(), seed=0)
    return result, result.comparisons[0]


def test_word_statistics_alone_tell_the_sides(yoga, say):
    _, one = compare(yoga, ("words",))
    for f in one.findings:
        say(f"yoga, word statistics: {f.statement} {f.direction} {f.auroc:.2f} q {f.q:.2g} {f.verdict}")
    sides = {word: f.direction for f in one.findings for word in content(f.statement)}
    assert sides[next(iter(content("yoga")))] == "a"
    assert sides[next(iter(content("meditation")))] == "b"


def test_recorded_hypotheses_without_winter_decks_or_snow(yoga, say):
    _, one = compare(yoga, ("chat",))
    confirmed = [f for f in one.findings if f.verdict == "confirmed"]
    for f in one.findings:
        say(f"yoga, GPT-4's hypotheses: {f.statement} {f.direction} {f.auroc:.2f} q {f.q:.2g} {f.verdict} {f.fold}")
    assert any("yoga" in f.statement.casefold() and f.direction == "a" for f in confirmed)
    for f in confirmed:
        assert not content(f.statement) & content("winter deck snow"), f.statement


def test_recorded_grades_through_the_judges_question(shared):
    said = json.loads((shared / "data" / "visdiff_yoga" / "gpt4_recorded.json").read_text())["evaluations"]
    recorded = {one["hypothesis"].strip('"'): int(one["answer"]) for one in said}

    class Judge:
        def one(self, task, payload):
            assert (task.name, payload["truth_a"], payload["truth_b"]) == ("judge", "yoga", "meditation")
            return {"score": recorded[payload["statement"]], "why": ""}, ""

    judge: Any = Judge()
    grades = {statement: grade(judge, "yoga", "meditation", statement) for statement in recorded}
    assert grades.pop("Yoga poses") == 1
    assert set(grades.values()) == {0.5}


def test_what_stands_in_both_sets_and_near_copies_are_reported(yoga, say):
    _, one = compare(yoga, ("words",))
    say(f"yoga: in both {one.in_both}, near copies across {one.copied}; {one.warnings}")
    assert one.in_both
    assert any("both sets" in w for w in one.warnings)
    assert any("near copies" in w for w in one.warnings)
