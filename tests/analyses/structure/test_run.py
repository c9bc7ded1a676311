"""The whole analysis: on Postcards with the bundled models, on MetaShift's descriptions, on a scripted chat model."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from assets.make import grammar
from engine.analyses import structure
from engine.analyses.crossing import table
from engine.analyses.structure import Given, Params, Result, Row, of_descriptions, tables
from engine.analyses.structure.deficits import deficits
from engine.analyses.structure.descriptions import read_descriptions
from engine.analyses.structure.leaking import leaks, masked
from engine.analyses.structure.prompting import prompts
from engine.analyses.structure.telling import checks, values_of
from engine.analyses.structure.typed import read_dimensions, written
from engine.analyses.structure.words import lines
from engine.errors import GalleryError, RunError, SettingsError
from engine.gallery import open_folder
from engine.jobs.asking import askers
from engine.models import profiles
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec, Reply
from engine.progress import Progress
from engine.steps.answers import Remembered
from engine.store.answers import Store

KEYWORDS = ModelSpec("keywords", "keywords")


@pytest.fixture
def keywords(settings):
    store, progress = Store(settings.home), Progress()
    yield askers({"chat": KEYWORDS}, settings, store, progress)["chat"], progress
    store.close()


@pytest.fixture
def say(capsys):
    """Print figures that people should see although the test passes."""

    def said(text):
        with capsys.disabled():
            print(f"\n{text}", end="")  # noqa: T201

    return said


def rows_of(descriptions, labels=None):
    labels = labels or [""] * len(descriptions)
    return [Row(f"{i}.png", label, text) for i, (text, label) in enumerate(zip(descriptions, labels, strict=True))]


def test_the_planted_structure_of_postcards(settings, say):
    gallery = open_folder(POSTCARDS, settings)
    store, progress = Store(settings.home), Progress()
    specs = profiles.specs("bundled", settings, gallery.root)
    asks = askers({role: specs[role] for role in ("vision", "chat")}, settings, store, progress)
    result = structure.run(gallery, Params(), **asks, progress=progress, seed=0)
    found = {one.name: {a.name for a in one.attributes} for one in result.dimensions}
    assert {"place", "subject", "colour", "time of day", "count"} <= set(found)
    assert found["place"] == {"beach", "city", "desert", "forest", "harbour", "mountain"}
    assert found["subject"] == {"house", "car", "balloon", "umbrella", "cat", "rocket"}
    assert found["colour"] == {"red", "blue", "green", "yellow", "purple", "white"}
    assert len(found["time of day"]) == 4
    assert len(found["count"]) == 3
    truth = {"place": "place", "subject": "subject", "colour": "colour", "time of day": "time", "count": "count"}
    for name, column in truth.items():
        true = [str(p.metadata[column]) for p in gallery.pictures]
        read = [str(grammar.read(row.description).get(column, "")) for row in result.rows]
        described = sum(map(str.__eq__, read, true)) / len(true)
        said = [v[0] if v else "" for v in values_of(result, name)]
        pairs = Counter(zip(said, true, strict=True))
        best = {value: max((n, t) for (other, t), n in pairs.items() if other == value)[1] for value in set(said)}
        assigned = sum(n for (value, t), n in pairs.items() if best[value] == t) / len(true)
        say(f"Postcards, {name}: described right {described:.3f}, assigned right {assigned:.3f}")
        assert assigned >= described - 0.02
    again = structure.run(gallery, Params(), **asks, progress=(second := Progress()), seed=0)
    assert again == result
    assert not second.cost.asked
    store.close()


@pytest.mark.shared
def test_metashift_with_keywords(shared, keywords, say):
    chat, _ = keywords
    with (shared / "data" / "metashift" / "descriptions.csv").open() as file:
        rows = [Row(r["file"], r["label"], r["description"]) for r in csv.DictReader(file)]
    result = of_descriptions(rows, Params(count=8), chat=chat, progress=Progress(), seed=0)
    assert "place" in {one.name for one in result.dimensions}
    assert {(leak.word, leak.label) for leak in result.leaks} == {("cat", "cat"), ("dog", "dog")}
    params = Params(count=0, given=(Given("place", ("indoors", "outdoors")),))
    told = of_descriptions(rows, params, chat=chat, progress=Progress(), seed=0)
    cells = deficits(table([[r.label] for r in told.rows], values_of(told, "place"))).cells
    say(f"MetaShift, keywords: {[(c.row, c.column, c.count, c.deficit) for c in cells]}")
    assert (cells[0].row, cells[0].column) == ("cat", "outdoors")


def test_a_rare_attribute_is_found_in_19_of_20(keywords, say):
    chat, _ = keywords
    hits = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        colours = rng.choice(["red", "blue", "green"], 2000).tolist()
        for i in rng.permutation(2000)[:20].tolist():
            colours[i] = "purple"
        rows = rows_of([f"A {colour} car, number {i}, on a street." for i, colour in enumerate(colours)])
        params = Params(count=0, given=(Given("colour"),))
        result = of_descriptions(rows, params, chat=chat, progress=Progress(), seed=seed)
        hits += "purple" in {a.name for a in result.dimensions[0].attributes}
    say(f"a 1 % attribute among 2,000 descriptions: found in {hits} of 20")
    assert hits >= 19


@dataclass
class Scripted:
    """A chat model that says what a test wants, and counts what it is asked."""

    spec: ModelSpec = field(default=ModelSpec("fake", "scripted"))
    asked: Counter = field(default_factory=Counter)
    off_list: bool = False
    wavers: bool = False  # at random, it takes a car that is both for either
    changes: list[dict] = field(default_factory=list)

    def ask(self, requests, check):
        for i, request in enumerate(requests):
            self.asked[request.task] += 1
            payload = dict(request.payload) | ({"draw": request.draw} if self.wavers else {})
            yield i, Reply(json.dumps(getattr(self, request.task)(payload)))

    def propose_dimensions(self, payload):
        return {"dimensions": ["Colours", "size"] if "red" in payload["texts"][0] else ["colour", "Size", "rarely"][:2]}

    def propose_attributes(self, payload):
        words = {"colour": ("red", "blue"), "size": ("small", "large")}.get(payload["dimension"].rstrip("s"), ())
        return {"attributes": [w for w in words if any(w in t for t in payload["texts"]) and w not in payload["known"]]}

    def tidy(self, payload):
        return {"groups": [{"name": name, "members": [name]} for name in payload["names"]]}

    def refine_dimension(self, payload):
        return {"changes": self.changes if payload["dimension"] == "colour" else []}

    def assign_attributes(self, payload):
        def value(text, one):
            some = [a for a in one["attributes"] if a in text]
            if len(some) > 1 and payload.get("draw"):
                some = some[:1]
            if not some and "purple" in text and one["name"] == "colour":
                some = ["other"]
            return {"dimension": one["name"], "attributes": ["purple"] if self.off_list else some}

        return {
            "answers": [
                {"item": t["item"], "values": [value(t["text"], one) for one in payload["dimensions"]]}
                for t in payload["items"]
            ]
        }


@pytest.fixture
def scripted(settings):
    store, model = Store(settings.home), Scripted()
    chat = Remembered(model.spec, lambda: model, store, Progress())
    yield chat, model
    store.close()


DESCRIPTIONS = [f"A {size} {colour} car {i}." for i in range(50) for size in ("small", "large")
                for colour in ("red", "blue")]  # fmt: skip


def test_names_are_folded_before_votes_are_counted(scripted):
    chat, _ = scripted
    result = of_descriptions(rows_of(DESCRIPTIONS), Params(), chat=chat, progress=Progress(), seed=0)
    assert sorted(one.name.rstrip("s") for one in result.dimensions) == ["colour", "size"]
    assert [(one.votes, one.stability) for one in result.dimensions] == [(10, 1), (10, 1)]
    assert TypeAdapter(Result).validate_python(json.loads(json.dumps(asdict(result)))) == result
    assert {r["file"] for r in tables(result)["structure"]} == {f"{i}.png" for i in range(200)}


def test_an_attribute_more_asks_about_its_dimension_only_and_a_new_name_nothing(scripted):
    chat, model = scripted

    def asked(*given):
        model.asked.clear()
        params = Params(count=0, given=given)
        result = of_descriptions(rows_of(DESCRIPTIONS), params, chat=chat, progress=Progress(), seed=0)
        return result, model.asked["assign_attributes"]

    colour, size = Given("colour", ("red", "blue")), Given("size", ("small", "large"))
    first, n = asked(colour, size)
    assert n == 30  # 200 texts, 20 a question, both dimensions at once; twice more at random
    assert asked(colour, size)[1] == 0
    renamed, n = asked(Given("colour", ("crimson", "blue"), {"crimson": ("red",)}), size)
    assert n == 0
    assert {a.name: a.count for a in renamed.dimensions[0].attributes} == {"crimson": 100, "blue": 100}
    joined, n = asked(Given("colour", ("any",), {"any": ("blue", "red")}), size)
    assert n == 0
    assert [(a.name, a.count) for a in joined.dimensions[0].attributes] == [("any", 200)]
    _, n = asked(Given("colour", ("red", "blue", "green")), size)
    assert n == 30
    assert first.dimensions[1] == asked(size)[0].dimensions[0]


def test_what_is_off_the_list_is_never_stored(settings):
    store, model = Store(settings.home), Scripted(off_list=True)
    chat = Remembered(model.spec, lambda: model, store, Progress())
    params = Params(count=0, given=(Given("colour", ("red", "blue")),))
    result = of_descriptions(rows_of(DESCRIPTIONS), params, chat=chat, progress=Progress(), seed=0)
    assert all(row.why and not row.values.get("colour") for row in result.rows)
    assert any("not described or assigned" in note for note in result.notes)
    store.close()


def test_2000_descriptions_and_6_dimensions_ask_a_twentieth(settings, say):
    store, model = Store(settings.home), Scripted()
    chat = Remembered(model.spec, lambda: model, store, Progress())
    names = ("colour", "size")
    given = [Given(names[k] if k < 2 else f"{names[k % 2]} {k}", ("red", "blue") if k % 2 == 0 else ("small", "large"))
             for k in range(6)]  # fmt: skip
    texts = [f"A {s} {c} car {i}." for i in range(500) for s in ("small", "large") for c in ("red", "blue")]
    of_descriptions(rows_of(texts), Params(given=tuple(given)), chat=chat, progress=Progress(), seed=0)
    d, n = 6, len(texts)
    low, high = 11 + 41 * d + 60 * d + n * d, 11 + 41 * d + 101 * d + n * d
    ours = model.asked.total()
    say(f"2,000 descriptions, 6 dimensions: {ours} questions; the reference {low:,} to {high:,}")
    assert ours <= low / 20
    store.close()


def test_a_planted_label_word_leaks_and_a_true_noun_does_not():
    texts = [f"A landbird on a branch {i}." for i in range(40)] + [f"A dog with a frisbee {i}." for i in range(40)]
    labels = ["landbird"] * 40 + ["pet"] * 40
    (leak,) = leaks(texts, labels)
    assert (leak.word, leak.label, leak.inside, leak.outside) == ("landbird", "landbird", 1, 0)
    assert masked("A Landbird, two landbirds.", ["landbird"]) == "A thing, two thing."
    assert leaks(texts, [""] * 80) == leaks(texts[:40], labels[:40]) == ()


def test_masked_words_are_said_and_hidden(scripted):
    chat, _ = scripted
    texts = [f"A {c} {kind} {i}." for i in range(30) for kind, c in (("car", "red"), ("bus", "blue"))]
    labels = ["car", "bus"] * 30
    params = Params(count=0, given=(Given("colour", ("red", "blue")),), mask=True)
    result = of_descriptions(rows_of(texts, labels), params, chat=chat, progress=Progress(), seed=0)
    assert set(result.masked) == {"car", "bus"}
    assert any("Hidden" in note for note in result.notes)
    assert result.rows[0].description == texts[0]


def test_bad_input_has_a_clear_end(scripted, tmp_path):
    chat, _ = scripted
    run: Any = lambda rows, **words: of_descriptions(  # noqa: E731
        rows, Params(**words), chat=chat, progress=Progress(), seed=0
    )
    with pytest.raises(RunError, match="no description"):
        run([Row("a", "", why="blurred")])
    with pytest.raises(RunError, match="dimension"):
        run(rows_of(["nothing at all"]), count=0, given=(Given("mood"),))
    twice = (Given("a"), Given("A"))
    wrong: list[dict[str, Any]] = [
        {"count": -1},
        {"count": 0},
        {"rounds": 0},
        {"given": twice},
        {"given": (Given(""),)},
    ]
    for words in wrong:
        with pytest.raises(SettingsError):
            Params(**words)
    path = tmp_path / "d.csv"
    path.write_text("file,description,label\na.png,A red car.,x\nb.png,,\n")
    rows = read_descriptions(path)
    assert [(r.file, r.label, r.why) for r in rows] == [("a.png", "x", ""), ("b.png", "", "no description")]
    path.write_text("name\nx\n")
    with pytest.raises(GalleryError):
        read_descriptions(path)


def test_checks_say_what_is_wrong(scripted):
    chat, _ = scripted
    given = (Given("colour", ("red", "blue", "dark red")), Given("twin", ("red", "blue")))
    result = of_descriptions(rows_of([*DESCRIPTIONS, "Nothing."]), Params(count=0, given=given), chat=chat,
                             progress=Progress(), seed=0)  # fmt: skip
    said = " ".join(checks(result))
    assert "no picture is dark red" in said
    assert "red and dark red may be the general and the special" in said
    assert "colour and twin say nearly the same" in said


def test_dimensions_are_read_as_they_are_written():
    said = "place: indoors, water=sea+lake\nmood"
    told = read_dimensions(said + "\n\n:x\n")
    assert told == (Given("place", ("indoors", "water"), {"water": ("sea", "lake")}), Given("mood"))
    assert written(told) == said
    assert read_dimensions("a: x=x, y=") == (Given("a", ("x", "y")),)


def test_prompts_for_what_is_missing(scripted):
    chat, model = scripted
    more = chat._store, Progress()
    told = deficits(table([["cat"]] * 5 + [["dog"]], [["in"]] * 5 + [["out"]]))
    rows = prompts(told.cells, ("animal", "place"), {"colour": ["red", "blue"]}, 3)
    assert {json.dumps(r["cell"]) for r in rows} == {
        json.dumps({"animal": a, "place": p}) for a, p in (("cat", "out"), ("dog", "in"), ("dog", "out"))
    }
    assert [sum(r["n"] for r in rows if r["cell"] == {"animal": a, "place": p})
            for a, p in (("cat", "out"), ("dog", "out"))] == [5, 4]  # fmt: skip
    assert len({r["seed"] for r in rows}) == len(rows)
    assert any("cat" in r["prompt"] and "out" in r["prompt"] for r in rows)
    model.write_prompts = lambda payload: {"prompts": [f"One {payload['cell'][0]['attribute']}.", " "]}
    rows = prompts(told.cells, ("animal", "place"), {}, 2, chat=chat)
    assert rows[0]["prompt"] in ("One cat.", "One dog.")
    assert len([r for r in rows if r["cell"] == {"animal": "cat", "place": "out"}]) == 2
    model.write_prompts = lambda payload: {"prompts": []}
    rows = prompts(
        told.cells, ("animal", "place"), {}, 2, chat=Remembered(ModelSpec("fake", "2"), lambda: model, *more)
    )
    assert [(r["prompt"], r["n"]) for r in rows] == [("", 0)] * 3
    no = deficits(table([["cat"]] * 5 + [["dog"]], [["in"]] * 5 + [["out"]]), impossible={("cat", "out")})
    rows = prompts(no.cells, ("animal", "place"), {}, 2)
    assert [r["cell"] for r in rows if not r["n"]] == [{"animal": "cat", "place": "out"}]


@pytest.mark.parametrize("descriptions", [["A red car."], ["A red car.", "A blue car."], ["A red car."] * 30])
def test_few_or_equal_descriptions(keywords, descriptions):
    chat, _ = keywords
    given = Given("colour", ("red", "blue"))
    for labels in (None, ["a"] * len(descriptions), [str(i) for i in range(len(descriptions))]):
        rows = rows_of(descriptions, labels)
        result = of_descriptions(rows, Params(count=0, given=(given,)), chat=chat, progress=Progress(), seed=0)
        assert sum(a.count for a in result.dimensions[0].attributes) == len(descriptions)
        assert all(len({len(row) for row in rows}) == 1 for rows in tables(result).values() if rows)
        assert list(lines(result, {"0.png": True}))
        assert checks(result)


def test_attributes_that_are_called_other(keywords):
    chat, _ = keywords
    rows = rows_of([f"A {colour} car." for colour in ("red", "blue", "green") for _ in range(10)])
    for text in ("colour: red, blue, other, Other", "colour: red, blue, other=green"):
        params = Params(count=0, given=read_dimensions(text))
        (one,) = of_descriptions(rows, params, chat=chat, progress=Progress(), seed=0).dimensions
        assert {a.name: a.count for a in one.attributes} == {"red": 10, "blue": 10}
        assert (one.other, one.not_said) == (10, 0)


def test_what_no_line_can_hold_is_left_out():
    joined = Given("a: b", ("x", "y, z", "w"), {"w": ("u, v", "t")})
    assert read_dimensions(written([joined])) == (Given("a  b", ("x",)),)
