"""Odd names, columns, pairs and vectors: told or refused, never taken for a finding."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.analyses.differences import Params, Result, Side, check, run, tables
from engine.analyses.differences.words import lines
from engine.errors import RunError
from engine.gallery import Gallery, Picture
from engine.progress import Progress
from engine.steps.embeddings import Embedded
from tests.analyses.differences.test_run import Matcher, NoCopies, Vision, found

A = [f"a/beach_cat_{i:03}.png" for i in range(40)]
B = [f"b/forest_dog_{i:03}.png" for i in range(40)]


class Reads(Matcher):
    """A matcher that cannot read some pictures."""

    def __init__(self, fails=lambda name: False) -> None:
        super().__init__()
        self.fails = fails

    def embed(self, pictures):
        kept = [i for i, p in enumerate(pictures) if not self.fails(p.name)]
        rows = np.array([self.vector(pictures[i].name, i) for i in kept], np.float32).reshape(-1, 8)
        return Embedded(rows, np.array(kept, np.int64), {i: "cut off" for i in range(len(pictures)) if i not in kept})


def gallery_of(names, said=lambda i: {}, label=lambda name: name.partition("/")[0]):
    digest = lambda name: hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()  # noqa: E731
    pictures = [Picture(name, digest(name), 4, 4, "/nowhere", label(name), said(i)) for i, name in enumerate(names)]
    return Gallery("/nowhere", "nowhere", "folder", pictures)


def asked(gallery, a=A, b=B, matcher=None, vision=None, copies=None, **words) -> Result:
    params = Params(Side("A", tuple(a)), Side("B", tuple(b)), **words)
    params = TypeAdapter(Params).validate_python(json.loads(json.dumps(asdict(params))))
    check(gallery, params)
    given = {"matcher": matcher or (None if vision else Reads()), "vision": vision}
    result = run(gallery, params, **given, copies=copies or NoCopies(), progress=Progress(), seed=0)  # type: ignore[arg-type]
    assert TypeAdapter(Result).validate_python(json.loads(json.dumps(asdict(result)))) == result
    assert "\n".join(lines(result))
    tables(result)
    return result


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 2), (2, 2), (3, 3)])
@pytest.mark.parametrize("paired", [False, True])
def test_three_pictures_prove_nothing(n, m, paired):
    names = [[f"{side}/{word}_{i}.png" for i in range(k)] for side, word, k in (("a", "x", n), ("b", "x", m))]
    gallery = gallery_of([*names[0], *names[1]])
    for given in ({"matcher": Reads()}, {"vision": Vision()}):
        result = asked(gallery, *names, paired=paired, statements=("beach", "a dog"), **given)
        assert not found(result)


def test_one_picture_against_many_alike_is_no_proof():
    """It and 20 of the others test: by chance the one that is not alike is A's in 1 of 21 cases, either way in 2."""
    result = asked(gallery_of(A + B), A[:1], B, vision=Vision(), statements=("beach",))
    beach = next(f for f in result.comparisons[0].findings if f.statement == "beach")
    assert beach.p == pytest.approx(2 / 21)


def test_pictures_that_cannot_be_read_take_no_part():
    result = asked(gallery_of(A + B), matcher=Reads(lambda name: name in A[10:]))
    (one,) = result.comparisons
    assert (one.of_a, one.tested) == (10, (5, 20))
    assert {unread.name for unread in result.unread} == set(A[10:])
    for fails in (lambda name: name in A, lambda name: True):
        with pytest.raises(RunError, match="picture in A can be read"):
            asked(gallery_of(A + B), matcher=Reads(fails))


def test_vectors_that_are_all_the_same_tell_nothing():
    class Same(Reads):
        def vector(self, text, seed=None):
            return super().vector(text) if seed is None else np.full(8, 8**-0.5)

    assert not found(asked(gallery_of(A + B), matcher=Same(), statements=("beach",)))


def test_names_that_are_no_text():
    a = [f"a/be\nach <b>x</b> {i}.png" for i in range(30)]
    b = [f"b/for\udcffest \u202e {i}.png" for i in range(30)]
    result = asked(gallery_of(a + b), a, b, vision=Vision())
    assert set(result.comparisons[0].files) == {*a, *b}


# Columns


def test_a_column_may_be_called_anything():
    """A colon within: of the columns that a statement may begin with, the longest."""
    said = lambda i: {"a: b": "x: y" if i < 35 else "z", ": ": "u" if i < 36 else "v", "a": "1"}  # noqa: E731
    result = asked(gallery_of(A + B, said), proposers=("columns",))
    assert {("a: b: x: y", "a"), ("a: b: z", "b"), (": : u", "a"), (": : v", "b")} == found(result)


def test_values_that_differ_by_case_are_two():
    said = lambda i: {"from": "Web" if i < 35 else "web"}  # noqa: E731
    assert found(asked(gallery_of(A + B, said), proposers=("columns",))) == {("from: Web", "a"), ("from: web", "b")}


def test_columns_of_many_kinds():
    def said(i):
        mixed, halves = ("1", "x", "nan", "")[i % 4], "yes" if i < 20 else ""
        return {"mixed": mixed, "nan": ("nan", "1")[i % 2], "many": f"{i}v", "name": "n", "halves": halves, "": "e"}

    assert not found(asked(gallery_of(A + B, said), proposers=("columns",)))


def test_ten_thousand_values_are_no_proposals():
    names = [f"{'ab'[i % 2]}/{i}.png" for i in range(10_000)]
    gallery = gallery_of(names, lambda i: {"id": f"v{i}", "number": str(i)})
    assert not found(asked(gallery, names[::2], names[1::2], proposers=("columns",)))


# Pairs


def test_nothing_said_is_nobodys_partner():
    said = lambda i: {"prompt": str(i % 40) if i % 40 < 25 else ""}  # noqa: E731
    result = asked(gallery_of(A + B, said), paired=True, pair="prompt")
    assert result.comparisons[0].warnings[-1].startswith("25 pairs; 30 pictures")
    with pytest.raises(RunError, match="partner"):
        asked(gallery_of(A + B, lambda i: {"prompt": "" if i else "1"}), paired=True, pair="prompt")


def test_pairs_that_are_none_are_said():
    with pytest.raises(RunError, match="No picture of A has a partner in B"):
        asked(gallery_of(A + B), paired=True)


def test_partners_that_are_near_copies_are_no_reason_to_warn():
    class Partners:
        def groups(self, pictures):
            return np.array([int(p.name[-7:-4]) for p in pictures])

    gallery = gallery_of(A + B, lambda i: {"prompt": str(i % 40)})
    for paired in (True, False):
        result = asked(gallery, copies=Partners(), paired=paired, pair="prompt" if paired else "")
        (one,) = result.comparisons
        assert len(one.copied) == 80
        assert any("not independent" in warning for warning in one.warnings) is not paired
        assert found(result) >= {("beach", "a"), ("forest", "b")}


def test_several_pictures_of_one_pair_are_one_value():
    said = lambda i: {"prompt": str(i % 5)}  # noqa: E731
    result = asked(gallery_of(A + B, said), paired=True, pair="prompt")
    assert result.comparisons[0].warnings[-1].startswith("5 pairs; 0 pictures")
    assert not found(result)  # of five pairs, two or three test


# Statements


@pytest.mark.parametrize("said", ["x" * 10_000, "", "of the", "7", "\udcff", "a photo of a beach"])
def test_what_is_no_statement_is_told_as_tried(said):
    result = asked(gallery_of(A + B), statements=(said,), proposers=())
    (tried,) = result.comparisons[0].tried
    assert tried.proposer == "typed"
    assert tried.why
    assert len(tried.statement) <= 200


def test_statements_of_all_kinds_are_told():
    said = ("雪山", '"beach"', "Beach", "BEACH", "<script>alert(1)</script>", "label: b")
    result = asked(gallery_of(A + B), statements=said, proposers=())
    told = {f.statement for f in result.comparisons[0].findings}
    assert told == {"雪山", "beach", "<script>alert(1)</script>", "label: b"}


def test_overlapping_sets_lose_what_they_share():
    result = asked(gallery_of(A + B), [*A, *B[:10]], B)
    (one,) = result.comparisons
    assert (set(one.in_both), one.of_a, len(one.files)) == (set(B[:10]), 40, 70)
