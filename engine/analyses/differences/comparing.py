"""All comparisons of one run: who is compared, what is known of the pictures, and findings corrected over all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.analyses.differences import caveats, describing, proposing, scoring, statistics, testing, verifying
from engine.analyses.differences.proposing import TYPED, Proposal
from engine.analyses.differences.result import Comparison, Finding, Params, Side
from engine.analyses.differences.scoring import ByColumns, ByDescriptions, ByMatcher
from engine.analyses.differences.sides import sides
from engine.analyses.differences.sources import Open, Sources
from engine.analyses.differences.testing import Judge, Scored
from engine.errors import RunError, SettingsError
from engine.gallery import Gallery, columns
from engine.models.checkpoints import vocabulary

_WIDEST = 40  # values of a column that are compared
_IN_VAIN = 2  # statements without any answer after which nobody waits for more


def compare(sources: Sources) -> list[Comparison]:
    """Every comparison that is asked for.

    Raises:
        RunError: a side is empty, or nobody can say anything. SettingsError: a column that is not there.
    """
    pairs = contrasts(sources.gallery, sources.params)
    if sources.matcher:
        _ = sources.scorer  # looks at all pictures: what cannot be read takes no part
    sources.progress.start("looking for near copies", 0)
    groups = sources.copies.groups(sources.gallery.pictures)
    comparisons = [_opened(sources, pair, groups) for pair in pairs]
    _describe(sources, comparisons)
    if isinstance(sources.scorer, ByDescriptions) and not sources.said:
        raise RunError(
            "There is no matcher, and no picture was described.", "Connect a vision model, or a matcher such as CLIP."
        )
    for one in comparisons:
        _propose(sources, one)
    _verify_instead(sources, comparisons)
    sources.progress.start("testing", len(comparisons))
    for one in comparisons:
        one.tested = [testing.tests(head, one.parts, one.judge) for head in one.heads]
    q = iter(statistics.corrected([t.told.p for one in comparisons for tests in one.tested for t in tests]))
    told = [_told(sources, one, [[next(q) for _ in tests] for tests in one.tested]) for one in comparisons]
    if failed := sources.unverified:
        why, _ = failed.most_common(1)[0]
        gone = " After two statements no more were asked about." if sources.in_vain >= _IN_VAIN else ""
        sources.notes.append(
            f"{failed.total()} questions whether a statement is true had no answer; mostly: {why}.{gone}"
        )
    return told


def check(gallery: Gallery, params: Params) -> None:
    """Whether the columns that these params name are there and can be compared, known before a run.

    Raises:
        SettingsError: they cannot.
    """
    contrasts(gallery, params)
    if params.paired:
        _pairs(gallery, params)


def contrasts(gallery: Gallery, params: Params) -> list[tuple[Side, Side]]:
    """The sides of each comparison.

    Raises:
        SettingsError: the column is not there, has one value, or too many.
    """
    if params.a and params.b:
        return [(params.a, params.b)]
    if params.by not in columns.names(gallery):
        raise SettingsError(
            f"There is no column {params.by!r}.", f"Use one of: {', '.join(columns.names(gallery)[:12])}."
        )
    values, everything = columns.column(gallery, params.by), np.arange(len(gallery))
    kinds = sorted(columns.choices(values, everything))
    if not 1 < len(kinds) <= _WIDEST:
        how = f"{len(kinds)}" if kinds else "too many"
        raise SettingsError(f"{params.by} has {how} values to compare.", f"Use a column of 2 to {_WIDEST}.")
    found = []
    for kind in kinds:
        chosen = set(columns.among(values, everything, kind).tolist())
        a, b = ([p.name for i, p in enumerate(gallery.pictures) if (i in chosen) is mine] for mine in (True, False))
        found.append((Side(f"{params.by}: {kind}", tuple(a)), Side("all others", tuple(b))))
    return found


def _opened(sources: Sources, pair: tuple[Side, Side], groups: np.ndarray) -> Open:
    gallery, params = sources.gallery, sources.params
    index = {p.name: i for i, p in enumerate(gallery.pictures) if i not in sources.unread}
    a, b = (np.array(sorted({index[f] for f in side.files if f in index}), np.int64) for side in pair)
    for side, places in zip(pair, (a, b), strict=True):
        if not len(places):
            raise RunError(f"No picture in {side.name} can be read, or there is none.", "Choose another side.")
    labels = _pairs(gallery, params) if params.paired else None
    found = sides(gallery.pictures, a, b, groups, sources.seed, labels)
    if not len(found.both[0]) or not len(found.both[1]):
        raise RunError(
            f"All pictures of {pair[0].name if not len(found.both[0]) else pair[1].name} stand in both sets.",
            "Choose sides that differ.",
        )
    if labels and not {labels[i] for i in a.tolist()} & {labels[i] for i in b.tolist()}:
        raise RunError(
            f"No picture of {pair[0].name} has a partner in {pair[1].name}.",
            "Name files alike, or name a column that says which belong together.",
        )
    judge = Judge(found, None if labels is None else np.array(labels, object))
    return Open(pair, found, judge)


def _pairs(gallery: Gallery, params: Params) -> list[str]:
    """What each picture is paired by; one of which nothing is said has no partner."""
    if not params.pair:
        return [p.name.rpartition("/")[2].rpartition(".")[0] for p in gallery.pictures]
    if params.pair not in columns.names(gallery):
        raise SettingsError(f"There is no column {params.pair!r}.", "Name one that says which pictures are a pair.")
    values = columns.column(gallery, params.pair)
    is_said = values == values if columns.is_number(values) else values != ""
    said = zip(gallery.pictures, values.tolist(), is_said.tolist(), strict=True)
    return [str(value) if known else f"\0{p.name}" for p, value, known in said]


def _describe(sources: Sources, comparisons: Sequence[Open]) -> None:
    """Samples of the finding half; of the testing half, too, where only descriptions can score."""
    most, wanted = sources.params.describe, dict[int, None]()
    for one in comparisons:
        halves = (one.sides.discover,) if sources.matcher else (one.sides.discover, one.sides.confirm)
        for half in halves:
            for places in proposing.described(half, sources.keys, most):
                wanted |= dict.fromkeys(places.tolist())
    sources.describe(list(wanted))


def _propose(sources: Sources, one: Open) -> None:
    """Proposals, their scores, and the headlines of their folds."""
    params, units = sources.params, one.sides.discover
    found = [Proposal(text, "a", TYPED) for text in params.statements]
    places = proposing.described(units, sources.keys, params.describe)
    texts = tuple(list(proposing.placed(sources.said, side)) for side in places)
    may, chat = set(params.proposers), sources.chat
    if "chat" in may and chat and chat.spec.backend != "keywords" and all(texts):
        new, notes = proposing.by_chat(chat, texts, params.goal, params.rounds, sources.progress)
        found += new
        sources.notes += notes
    if "words" in may and all(texts):
        new = proposing.by_words(texts, params.goal)
        if sources.is_measured:
            full = describing.in_full([one.statement for one in new], [*texts[0], *texts[1]])
            new = [replace(one, statement=text) for one, text in zip(new, full, strict=True)]
        found += new
    if "concepts" in may and isinstance(scorer := sources.scorer, ByMatcher):
        sources.progress.start("scoring concepts", 0)
        found += proposing.by_concepts(scorer, units, vocabulary(scorer.matcher.spec.name))
    by_columns = ByColumns(sources.gallery)
    if "columns" in may:
        found += proposing.by_columns(sources.gallery, by_columns, units)
    kept, refused = proposing.sorted_out(found)
    of_columns = [s for s, by in kept.items() if by[0].proposer == proposing.METADATA]
    visual = [s for s in kept if s not in of_columns]
    scored = [
        Scored(statement, tuple(kept[statement]), scores, scorer.by)
        for scorer, some in ((sources.scorer, visual), (by_columns, of_columns))
        for statement, scores in zip(some, scorer.scores(some), strict=True)
    ]
    one.heads, rest = testing.headlines(scored, one.judge)
    one.tried = [*refused, *rest]
    wanted = list(dict.fromkeys(part for head in one.heads for part in head.ladder.parts))
    one.parts = dict(zip(wanted, sources.scorer.scores(wanted), strict=True))


def _verify_instead(sources: Sources, comparisons: Sequence[Open]) -> None:
    """Without a matcher: answers about the testing half take the place of the descriptions' scores."""
    count = verifying.wanted(sources.params, sources.matcher is not None)
    if sources.matcher or not count or not verifying.able(sources.vision):
        return
    for one in comparisons:
        seen = [head for head in one.heads if head.of.by == scoring.DESCRIPTIONS]
        best = sorted(seen, key=lambda h: (not h.of.is_typed, -h.strength, h.of.statement))[: verifying.FINDINGS]
        for head in best:
            said = _answers(sources, one, head.of.statement, head.of.scores, count)
            of = replace(head.of, scores=said, by=scoring.VERIFY)
            one.heads[one.heads.index(head)] = replace(head, of=of)


def _answers(sources: Sources, one: Open, statement: str, scores: np.ndarray, count: int) -> np.ndarray:
    """What a vision model says of a statement on samples of the testing half."""
    assert sources.vision
    if sources.in_vain >= _IN_VAIN:
        return np.full(len(sources.gallery), np.nan)
    samples = [verifying.sample(scores, side, count, sources.keys) for side in one.sides.confirm]
    places = np.sort(np.concatenate(samples))
    sources.progress.start(f"verifying {statement[:40]!r}", len(places))
    pictures = sources.gallery.pictures
    said = verifying.answers(sources.vision, statement, places, pictures, sources.progress, sources.unverified)
    sources.in_vain = 0 if np.isfinite(said).any() else sources.in_vain + 1
    return said


def _told(sources: Sources, one: Open, q: Sequence[Sequence[float]]) -> Comparison:
    """Findings with verdicts, what was tried, and what to keep in mind."""
    judge, found = one.judge, list[tuple[Finding, np.ndarray]]()
    for head, tests, qs in zip(one.heads, one.tested, q, strict=True):
        finding = testing.finding(head, tests, qs, judge)
        scores = next(t.scores for t in tests if t.statement == finding.statement)
        if head.of.by == scoring.VERIFY:
            finding = verifying.verified(finding, scores, one.sides.confirm)
        found.append((finding, scores))
    ranked = testing.once(found, judge)
    kept = _verified(sources, one, [(caveats.within(sources, one, f, scores), scores) for f, scores in ranked])
    sources.progress.advance()
    return _comparison(sources, one, kept)


def _verified(sources: Sources, one: Open, kept: list[tuple[Finding, np.ndarray]]) -> list[tuple[Finding, np.ndarray]]:
    """With a matcher: prevalences by asking, if that was asked for."""
    count = verifying.wanted(sources.params, sources.matcher is not None)
    if not sources.matcher or not count:
        return kept
    if not verifying.able(sources.vision):
        sources.notes.append("Nothing was verified: the vision model does not answer yes or no.")
        return kept
    told = []
    for k, (finding, scores) in enumerate(kept):
        if k >= verifying.FINDINGS or finding.scored == scoring.METADATA or not _is_shown(finding):
            told.append((finding, scores))
            continue
        said = _answers(sources, one, finding.statement, scores, count)
        told.append((verifying.verified(finding, said, one.sides.confirm), scores))
    return told


def _comparison(sources: Sources, one: Open, kept: Sequence[tuple[Finding, np.ndarray]]) -> Comparison:
    pictures, s = sources.gallery.pictures, one.sides
    places = [*sorted(s.both[0].places.tolist(), key=lambda i: pictures[i].name),
              *sorted(s.both[1].places.tolist(), key=lambda i: pictures[i].name)]  # fmt: skip
    names = lambda some: tuple(sorted(pictures[i].name for i in some))  # noqa: E731
    count = sum(map(len, one.tested))
    scores = {t.statement: t.scores for tests in one.tested for t in tests}
    return Comparison(
        a=one.names[0].name,
        b=one.names[1].name,
        files=tuple(pictures[i].name for i in places),
        of_a=len(s.both[0].places),
        tested=(len(s.confirm[0]), len(s.confirm[1])),
        findings=tuple(replace(f, scores=_plain(values[places])) if _is_shown(f) else f for f, values in kept),
        tried=tuple(one.tried),
        chance=caveats.chance(s.confirm, list(scores.values()), sources.seed),
        detectable=statistics.least_detectable(len(s.confirm[0]), len(s.confirm[1]), count),
        warnings=tuple(caveats.warnings(one, [f for f, _ in kept])),
        in_both=names(s.in_both),
        copied=names(s.copied),
    )


def _is_shown(finding: Finding) -> bool:
    """Whether a finding's pictures are worth keeping scores for."""
    return finding.verdict != "no reliable difference" or TYPED in finding.proposers


def _plain(scores: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(s) else float(f"{s:.5g}") for s in scores.tolist())
