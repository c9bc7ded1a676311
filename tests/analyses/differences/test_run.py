"""The whole analysis on made-up galleries: fakes hand out vectors and descriptions; nothing is asked of a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from engine.analyses.differences import Params, Result, Side, explored, run, tables
from engine.analyses.differences.wording import content
from engine.errors import RunError, SettingsError
from engine.gallery import open_folder
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.steps.answers import AnswerError
from engine.steps.embeddings import Embedded

WORDS = ("beach", "forest", "red", "blue", "cat", "dog", "night", "snow")


@dataclass
class Matcher:
    """A space whose axes are WORDS; a picture lies along the words that its name holds, with noise by its name."""

    noise: float = 0.2
    spec: ModelSpec = field(default=ModelSpec("fake", "matcher"))

    def embed(self, pictures):
        rows = [self.vector(p.name, crc32(p.name.encode("utf-8", "surrogateescape"))) for p in pictures]
        return Embedded(np.array(rows, np.float32), np.arange(len(rows)), {})

    def texts(self, texts):
        return np.array([self.vector(text) for text in texts], np.float32)

    def known(self, pictures):
        return len(pictures), 0

    def vector(self, text, seed=None):
        x = np.array([float(w in text) for w in WORDS]) + 1e-3
        if seed is not None:
            x = x + np.random.default_rng(seed).normal(0, self.noise, len(WORDS))
        return x / np.linalg.norm(x)


@dataclass
class Vision:
    """Describes a picture by its name; verifies a statement by its words; fails where told to."""

    fail: tuple[str, ...] = ()
    spec: ModelSpec = field(default=ModelSpec("fake", "vision"))
    writes_prose: bool = False
    asked: list[str] = field(default_factory=list)

    def each(self, task, payload, pictures):
        self.asked += [task.name] * len(pictures)
        for i, picture in enumerate(pictures):
            words = picture.name.rpartition("/")[2].rpartition(".")[0].replace("_", " ")
            words = words.rpartition(" ")[0]
            if task.name in self.fail:
                yield i, AnswerError("the server is down")
            elif task.name == "describe":
                yield i, {"description": f"There is {words}.", "label": ""}
            else:
                yield i, {"verdict": "yes" if content(payload["statement"]) <= content(words) else "no"}


@dataclass
class Chat:
    """Proposes what it was told to; remembers what it was asked."""

    says: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spec: ModelSpec = field(default=ModelSpec("fake", "chat"))
    only_counts: bool = False
    asked: list[dict] = field(default_factory=list)

    def one(self, task, payload):
        self.asked.append(payload)
        said = " ".join(payload["a"])
        found = [s for word, some in self.says.items() if word in said for s in some]
        return {"differences": found}, ""


class NoCopies:
    def groups(self, pictures):
        return np.arange(len(pictures))


@pytest.fixture
def make(tmp_path, settings):
    """A gallery of so many pictures of each name, every one of other content."""

    def made(**names):
        k = 0
        for name, n in names.items():
            for i in range(n):
                k += 1
                path = tmp_path / "pictures" / name.split("__")[0] / f"{name.replace('__', '_')}_{i:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (2, 2), (k % 256, k // 256, 7)).save(path)
        return open_folder(tmp_path / "pictures", settings)

    return made


def asked(gallery, a, b, seed=0, **words):
    given = {name: words.pop(name) for name in ("matcher", "vision", "chat", "copies") if name in words}
    files = [tuple(p.name for p in gallery.pictures if part in p.name) for part in (a, b)]
    params = Params(Side(a, files[0]), Side(b, files[1]), **words)
    return run(gallery, params, **{"copies": NoCopies(), **given}, progress=Progress(), seed=seed)


def found(result, verdict="confirmed"):
    return {(f.statement, f.direction) for f in result.comparisons[0].findings if f.verdict == verdict}


def test_a_result_is_told_whole_and_read_back(make):
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", matcher=Matcher(), vision=Vision())
    assert TypeAdapter(Result).validate_python(json.loads(json.dumps(asdict(result)))) == result
    assert found(result) == {("beach", "a"), ("forest", "b")}
    (one,) = result.comparisons
    beach = next(f for f in one.findings if f.statement == "beach")
    assert beach.auroc == 1
    assert beach.prevalence_a
    assert beach.prevalence_b
    assert (beach.prevalence_a.share, beach.prevalence_b.share) == (1, 0)
    assert {"concepts", "word statistics"} <= set(beach.proposers)
    assert len(beach.scores) == len(one.files) == 80
    assert one.of_a == 40
    row = next(r for r in tables(result)["differences"] if r["statement"] == "beach")
    assert (row["direction"], row["auroc"], row["verdict"]) == ("a", 1, "confirmed")


def test_exchanging_the_sides_mirrors_every_finding_exactly(make):
    gallery = make(beach__red=35, beach__blue=25, forest__red=20, forest__blue=33)
    given = {"matcher": Matcher(0.6), "vision": Vision(), "chat": Chat({"beach": ("red things on a beach", "sand")})}
    one = asked(gallery, "beach", "forest", statements=("a dog",), **given).comparisons[0]
    other = asked(gallery, "forest", "beach", statements=("a dog",), **given).comparisons[0]
    assert len(one.findings) >= 3
    mirrored = {f.statement: f for f in other.findings}
    for f in one.findings:
        g = mirrored.pop(f.statement)
        assert g.direction != f.direction
        assert (g.auroc, g.low, g.high) == (1 - f.auroc, 1 - f.high, 1 - f.low)
        assert (g.p, g.q, g.verdict, g.fold, g.proposers) == (f.p, f.q, f.verdict, f.fold, f.proposers)
        assert (g.prevalence_a, g.prevalence_b, g.threshold) == (f.prevalence_b, f.prevalence_a, f.threshold)
    assert not mirrored
    assert (one.chance, one.detectable) == (other.chance, other.detectable)


def test_the_order_of_files_does_not_matter(make, tmp_path, settings):
    gallery = make(beach__red=25, beach__blue=25, forest__red=20, forest__blue=33)
    given = {"matcher": Matcher(0.6), "vision": Vision()}
    turned = replace(gallery, pictures=gallery.pictures[::-1])
    assert asked(gallery, "beach", "forest", **given) == asked(turned, "beach", "forest", **given)


def test_two_samples_of_one_set_show_no_reliable_difference(make):
    gallery = make(beach__cat=60, beach__dog=60)
    confirmed = 0
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(120)
        names = [p.name for p in gallery.pictures]
        sides = [Side(x, tuple(names[i] for i in some)) for x, some in (("A", order[:60]), ("B", order[60:]))]
        params = Params(sides[0], sides[1])
        given: dict[str, Any] = {"matcher": Matcher(0.5), "vision": Vision(), "copies": NoCopies()}
        result = run(gallery, params, **given, progress=Progress(), seed=seed)
        confirmed += bool(found(result))
    assert confirmed <= 4  # 5 % of 30, and chance


def test_a_detail_without_an_effect_is_dropped(make):
    chat = Chat({"beach": ("a beach at night in snow", "the sand"), "forest": ()})
    given = {"matcher": Matcher(), "vision": Vision(), "chat": chat, "proposers": ("chat",)}
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", **given)
    finding = next(f for f in result.comparisons[0].findings if "beach" in f.statement)
    assert finding.statement == "a beach"
    assert "a beach at night in snow" in finding.fold
    assert not any("night" in statement or "snow" in statement for statement, _ in found(result))


def test_a_detail_with_an_effect_stays(make):
    chat = Chat({"beach": ("a beach at night",)})
    given = {"matcher": Matcher(), "vision": Vision(), "chat": chat, "proposers": ("chat",)}
    gallery = make(beach__night=40, forest__cat=40)
    assert found(asked(gallery, "beach", "forest", **given)) == {("a beach at night", "a")}


def test_wordings_of_one_thing_are_one_finding(make):
    chat = Chat({"beach": ("beach", "beaches", "a beach", "the beach")})
    given = {"matcher": Matcher(), "vision": Vision(), "chat": chat, "proposers": ("chat",)}
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", **given)
    (finding,) = result.comparisons[0].findings
    assert len({finding.statement, *finding.fold}) == 4


def test_caption_talk_is_refused_and_said(make):
    chat = Chat({"beach": ("photos of a beach", "", "more cats than dogs")})
    given = {"matcher": Matcher(), "vision": Vision(), "chat": chat, "proposers": ("chat",)}
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", **given)
    assert not result.comparisons[0].findings
    assert {t.statement for t in result.comparisons[0].tried} == {"photos of a beach", "", "more cats than dogs"}


def test_a_chat_model_is_asked_both_ways_and_told_what_is_known(make):
    chat = Chat({"beach": ("beach",), "forest": ("forest",)})
    given = {"matcher": Matcher(), "vision": Vision(), "chat": chat}
    gallery = make(beach__cat=30, beach__dog=30, forest__cat=60)
    asked(gallery, "beach", "forest", rounds=2, goal="places", **given)
    assert [q["known"] for q in chat.asked] == [[], ["beach"], [], ["forest"]]
    assert all(len(q["a"]) == len(q["b"]) == 20 and q["goal"] == "places" for q in chat.asked)
    assert chat.asked[0]["a"] != chat.asked[1]["a"]


def test_without_a_matcher_the_vision_model_verifies(make):
    vision = Vision()
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", vision=vision)
    assert found(result) == {("beach", "a"), ("forest", "b")}
    finding = result.comparisons[0].findings[0]
    assert finding.scored == "verify"
    assert finding.is_verified
    assert vision.asked.count("describe") == 80
    assert 0 < vision.asked.count("verify") <= 8 * 80


def test_with_a_captioner_alone_descriptions_score(make):
    vision = Vision(spec=ModelSpec("fake", "captioner", options={"captioner": True}))
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", vision=vision)
    assert found(result) == {("beach", "a"), ("forest", "b")}
    assert {f.scored for f in result.comparisons[0].findings} == {"descriptions"}
    assert "verify" not in vision.asked


def test_a_model_that_only_fails_verifies_nothing(make):
    vision = Vision(fail=("verify",))
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", vision=vision)
    assert result.comparisons[0].findings
    for f in result.comparisons[0].findings:
        assert f.verdict == "not verified", f
        assert f.prevalence_a is None
        assert f.prevalence_b is None
    given = {"matcher": Matcher(), "vision": Vision(fail=("verify",)), "verify": 20}
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", **given)
    verdicts = {f.statement: f.verdict for f in result.comparisons[0].findings}
    assert (verdicts["beach"], verdicts["forest"]) == ("not verified", "not verified")
    assert "confirmed" not in verdicts.values()  # which other words are proposed hangs on the last digit


def test_prevalences_are_verified_where_asked_for(make):
    given = {"matcher": Matcher(), "vision": Vision(), "verify": 20}
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", **given)
    beach = next(f for f in result.comparisons[0].findings if f.statement == "beach")
    assert beach.is_verified
    assert beach.prevalence_a
    assert (beach.prevalence_a.share, beach.prevalence_a.n) == (1, 20)


def test_nothing_can_be_said_without_a_word_or_a_matcher(make):
    with pytest.raises(RunError, match="no matcher"):
        asked(make(beach__cat=9, forest__cat=9), "beach", "forest", vision=Vision(fail=("describe",)))


def test_typed_statements_are_always_told(make):
    result = asked(make(beach__cat=40, forest__cat=40), "beach", "forest", matcher=Matcher(), statements=("a dog",))
    typed = next(f for f in result.comparisons[0].findings if "typed" in f.proposers)
    assert typed.statement == "a dog"
    assert typed.verdict == "no reliable difference"


def test_what_stands_in_both_sets_and_small_sets_are_said(make):
    gallery = make(beach__cat=10, forest__cat=10)
    params = Params(Side("A", tuple(p.name for p in gallery.pictures[:11])),
                    Side("B", tuple(p.name for p in gallery.pictures[10:])))  # fmt: skip
    result = run(gallery, params, matcher=Matcher(), copies=NoCopies(), progress=Progress(), seed=0)
    (one,) = result.comparisons
    assert one.in_both == (gallery.pictures[10].name,)
    assert any("both sets" in w for w in one.warnings)
    assert any("only 10" in w for w in one.warnings)


def test_every_value_of_a_column_against_the_rest(make):
    gallery = make(beach__cat=40, forest__cat=40, snow__cat=40)
    params = Params(by="label")
    given = {"matcher": Matcher(), "vision": Vision(), "copies": NoCopies()}
    result = run(gallery, params, **given, progress=Progress(), seed=0)
    assert [(c.a, c.b) for c in result.comparisons] == [
        ("label: beach", "all others"), ("label: forest", "all others"), ("label: snow", "all others"),
    ]  # fmt: skip
    for c, name in zip(result.comparisons, ("beach", "forest", "snow"), strict=True):
        assert (name, "a") in {(f.statement, f.direction) for f in c.findings if f.verdict == "confirmed"}
    assert set(tables(result)["differences"][0]) >= {"a", "b", "statement"}
    for by, why in (("nothing", "no column"), ("name", "values to compare")):
        with pytest.raises(SettingsError, match=why):
            run(gallery, Params(by=by), **given, progress=Progress(), seed=0)


def test_pairs_of_one_name(make, tmp_path, settings):
    for i in range(40):
        for side, extra in (("one", "cat"), ("two", "cat_red" if i % 8 else "cat")):
            path = tmp_path / "pairs" / side / extra / f"{i:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (2, 2), (i, 0 if side == "one" else 9, 3)).save(path)
    gallery = open_folder(tmp_path / "pairs", settings)
    given = {"matcher": Matcher(0.05), "copies": NoCopies()}
    files = [tuple(p.name for p in gallery.pictures if p.name.startswith(s)) for s in ("one", "two")]
    params = Params(Side("one", files[0]), Side("two", files[1]), paired=True, statements=("red",))
    result = run(gallery, params, **given, progress=Progress(), seed=0)
    red = next(f for f in result.comparisons[0].findings if f.statement == "red")
    assert (red.direction, red.verdict) == ("b", "confirmed")
    assert any("40 pairs" in w for w in result.comparisons[0].warnings)


def test_another_mix_of_labels_is_said(make):
    gallery = make(beach__cat=60, forest__cat=60)
    beach, forest = ([p.name for p in gallery.pictures if p.label == x] for x in ("beach", "forest"))
    a, b = (*beach[:45], *forest[:15]), (*beach[45:], *forest[15:])
    params = Params(Side("A", tuple(a)), Side("B", tuple(b)), statements=("beach",))
    result = run(gallery, params, matcher=Matcher(), copies=NoCopies(), progress=Progress(), seed=0)
    (one,) = result.comparisons
    beach_finding = next(f for f in one.findings if f.statement == "beach")
    assert beach_finding.within == pytest.approx(0.5, abs=0.2)
    assert any("other shares" in w for w in one.warnings)


def test_an_explored_statement_is_told_from_scores(make):
    gallery = make(beach__cat=40, forest__cat=40)
    one = asked(gallery, "beach", "forest", matcher=Matcher()).comparisons[0]
    scores = np.array([float("beach" in p.name) for p in gallery.pictures], np.float32)
    finding = explored(scores, one, gallery)
    assert finding
    assert (finding.auroc, finding.direction) == (1, "a")
    assert finding.prevalence_a
    assert finding.prevalence_a.share == 1
    assert explored(np.full(80, np.nan, np.float32), one, gallery) is None


@pytest.mark.parametrize(
    "words",
    [{}, {"a": Side("A", ("x",))}, {"by": "label", "a": Side("A", ()), "b": Side("B", ())},
     {"by": "label", "paired": True}, {"by": "label", "rounds": -1}, {"by": "label", "proposers": ("oracle",)}],
)  # fmt: skip
def test_params_that_cannot_be(words):
    with pytest.raises(SettingsError):
        Params(**words)
