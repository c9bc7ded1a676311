"""Findings of a clusters run: all clusters, one of them, how far labels agree, what wants a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.analyses.clusters import Cluster, Result, Row
from engine.report.finding import Bar, Card, Cards, Finding, Pictures, Shade, Shown, Table
from engine.report.source import Source

_FEW, _MANY = 12, 120
_LABELS = 8  # raw labels of a cluster
_UNRELATED = 0.1  # mutual information with the labels below which how far they agree says nothing
REVIEW, UNASSIGNED, UNANSWERED, UNDECIDED = "to look at first", "unassigned", "unanswered", "undecided"


def overview(source: Source) -> Finding:
    """Every cluster with its size and pictures; what fits none of them."""
    result: Result = source.result
    n = len(result.rows)
    cards = [_card(source, c.name, _rows(result, c.name), _said(c)) for c in result.clusters]
    notes = {
        UNDECIDED: "Not described, and likeness is more unsure than sure.",
        UNASSIGNED: _missing(result),
        UNANSWERED: "The model gave no answer that could be used.",
    }
    for name, note in notes.items():
        if rows := _others(result, name):
            cards.append(_card(source, name, rows, note, is_warm=True))
    k = len(result.clusters)
    title = f"{k} cluster{'s' * (k != 1)} by {result.criterion.name}"
    sizes = ", ".join(f"{c.name} {c.size:,}" for c in result.clusters)
    lines = [_placed(result), *_economy(source), *_agreement(source)]
    return Finding("clusters/overview", title, lines, [Cards(cards)], f"{title}, of {n:,} pictures: {sizes}.")


def cluster(source: Source, name: str) -> Finding:
    """One cluster: what went into it, and its pictures."""
    result: Result = source.result
    rows = _rows(result, name)
    n = len(result.rows)
    labels = next((c.labels for c in result.clusters if c.name == name), {})
    most = max(labels.values(), default=1)
    said = [(label, Bar(count / most, f"{count:,}")) for label, count in list(labels.items())[:_LABELS]]
    by_hand, guessed = sum(row.how == "person" for row in rows), sum(row.is_guess for row in rows)
    lines = [f"{len(rows):,} of {n:,} pictures, {len(rows) / n:.1%}, by {result.criterion.name}"]
    if by_hand:
        lines.append(f"{by_hand:,} of them put here by hand")
    if guessed:
        lines.append(f"{guessed:,} of them placed by likeness, not described")
    more = [Table(("what the model said of them", ""), said)] if len(said) > 1 else []
    return Finding("clusters/cluster", name, lines, [_all(source, "", rows, 8, 5), *more])


def confusion(source: Source) -> Finding:
    """How the clusters agree with the labels that the pictures came with."""
    result: Result = source.result
    a = result.agreement
    if a is None:
        return Finding("clusters/confusion", "No labels to compare with", ["The pictures came without labels."])
    order = sorted(range(len(a.clusters)), key=lambda j: a.labels.index(a.match[j]) if a.match[j] else len(a.labels))
    columns = [*order, len(a.clusters)]
    names = [*a.clusters, UNASSIGNED]
    rows = [
        (label, *(Shade(shares[j], f"{100 * shares[j]:.0f}" if shares[j] >= 0.005 else "") for j in columns))
        for label, shares in zip(a.labels, a.confusion, strict=True)
    ]
    table = Table(("", *(names[j] for j in columns)), rows, note="Per cent of each label's pictures; rows add to 100.")
    title = f"Clusters by {result.criterion.name} and the labels"
    lines = [
        f"Agreement {a.accuracy:.3f} [{a.low:.3f}, {a.high:.3f}], of {a.n:,} labelled pictures",
        f"Best one-to-one match, 95 % bootstrap interval; NMI {a.nmi:.3f}, ARI {a.ari:.3f}."
        + (" Before changes by hand." if source.edits else ""),
    ]
    return Finding("clusters/confusion", title, lines, [table])


def review(source: Source) -> Finding:
    """Pictures to look at first, and why."""
    result: Result = source.result
    by_file = {row.file: row for row in result.rows}
    rows = [by_file[one.file] for one in result.review if one.file in by_file]
    why = {one.file: one.why for one in result.review}
    captions = {row.file: " or ".join(filter(None, (row.cluster or UNASSIGNED, row.second))) for row in rows}
    shown = _with_words(source, rows, captions, why)
    counts = sorted({w: sum(v == w for v in why.values()) for w in why.values()}.items(), key=lambda c: -c[1])
    table = Table(("why", "pictures"), [(reason, f"{count:,}") for reason, count in counts[:6]])
    title = f"{len(rows):,} pictures to look at first"
    lines = [
        f"By {result.criterion.name}: label and description disagree, or the label is rare, contested or fits nowhere"
    ]
    return Finding("clusters/review", title, lines, [Pictures("", shown, len(rows), 8, 4), table])


def unassigned(source: Source) -> Finding:
    """Pictures that fit no cluster, and those without an answer."""
    result: Result = source.result
    rows, silent, open_ = (_others(result, name) for name in (UNASSIGNED, UNANSWERED, UNDECIDED))
    n = len(result.rows)
    lines = [f"{len(rows) / n:.1%} of {n:,}, by {result.criterion.name}. Nothing is placed at random."]
    lines += [said] if (said := _missing(result)) else []
    lines += [f"{len(silent):,} more have no answer."] if silent else []
    lines += [f"{len(open_):,} more were not described and are undecided."] if open_ else []
    title = f"{len(rows):,} picture{' fits' if len(rows) == 1 else 's fit'} no cluster"
    blocks = [_all(source, "", rows, 8, 4), *([_all(source, UNANSWERED, silent, 10, 2)] if silent else [])]
    return Finding("clusters/unassigned", title, lines, blocks)


KINDS = {
    "overview": overview,
    "cluster": cluster,
    "confusion": confusion,
    "review": review,
    "unassigned": unassigned,
}


def sections(source: Source) -> Iterator[Finding]:
    """What a report holds, in order."""
    result: Result = source.result
    yield overview(source)
    for one in result.clusters:
        yield cluster(source, one.name)
    if result.agreement:
        yield confusion(source)
    if result.review:
        yield review(source)
    if any(_others(result, name) for name in (UNASSIGNED, UNANSWERED, UNDECIDED)):
        yield unassigned(source)


def _card(source: Source, name: str, rows: Sequence[Row], note: str, is_warm: bool = False) -> Card:
    n = len(source.result.rows)
    words = f"{len(rows):,} · {len(rows) / n:.1%}"
    return Card(name, words, len(rows) / n, shown=_spread(source, rows, _FEW), note=note, is_warm=is_warm)


def _all(source: Source, title: str, rows: Sequence[Row], across: int, deep: int) -> Pictures:
    return Pictures(title, _spread(source, rows, _MANY), len(rows), across, deep, is_ordered=False)


def _spread(source: Source, rows: Sequence[Row], most: int) -> list[Shown]:
    """Pictures spread over all of them."""
    here = [row for row in rows if row.file in source.gallery.by_name]
    if len(here) > most:
        here = [here[i * len(here) // most] for i in range(most)]
    return _with_words(source, here, {}, {})


def _with_words(source: Source, rows: Sequence[Row], captions: dict[str, str], why: dict[str, str]) -> list[Shown]:
    pictures = source.gallery.by_name
    return [
        Shown(
            pictures[r.file], captions.get(r.file, ""), ". ".join(filter(None, (r.description, why.get(r.file, r.why))))
        )
        for r in rows
        if r.file in pictures
    ]


def _rows(result: Result, name: str) -> list[Row]:
    return [row for row in result.rows if row.cluster == name]


def _others(result: Result, which: str) -> list[Row]:
    """Rows without a cluster: unanswered ones, undecided ones, or those that fit nowhere."""
    own = {UNANSWERED, UNDECIDED}
    return [row for row in result.rows if not row.cluster and (row.how if row.how in own else UNASSIGNED) == which]


def _placed(result: Result) -> str:
    n, placed = len(result.rows), sum(bool(row.cluster) for row in result.rows)
    ask = ", ".join(
        f"{word} {said}"
        for word, said in (("looking at", result.criterion.look_at), ("ignoring", result.criterion.ignore))
        if said
    )  # fmt: skip
    rest = "is undecided or fits nowhere" if _others(result, UNDECIDED) else "fits nowhere"
    told = f"All {n:,} pictures placed" if placed == n else f"{placed:,} of {n:,} pictures placed, the rest {rest}"
    return told + (f"; {ask}" if ask else "")


def _said(one: Cluster) -> str:
    """What the model said of its pictures, where that is more than its name."""
    return ", ".join(list(one.labels)[:6]) if list(one.labels) != [one.name] else ""


def _missing(result: Result) -> str:
    """What unassigned pictures say most."""
    if not result.missing:
        return "Their answers fit none of the clusters." if any(not r.cluster for r in result.rows) else ""
    label, count = next(iter(result.missing.items()))
    return f"{count:,} said “{label}”: perhaps a cluster is missing."


def _economy(source: Source) -> list[str]:
    """Where only a part was described: how much, and how right the rest is."""
    e = source.result.economy
    if not e:
        return []
    n, when = e.described + e.spread + e.undecided, " before changes by hand" if source.edits else ""
    if e.undecided and not (e.spread or e.audit):
        return [f"Described: {e.described:,} of {n:,}; nothing of the rest was alike enough to these to be placed."]
    right = f"{e.agreement:.2f} [{e.low:.2f}, {e.high:.2f}]"
    return [
        f"Described: {e.described:,} of {n:,}, the rest by likeness; estimated agreement with describing all{when} "
        f"{right}, 95 %, audited on {len(e.audit):,}"
    ]


def _agreement(source: Source) -> list[str]:
    a = source.result.agreement
    if not a or a.nmi < _UNRELATED:
        return []
    when = " before changes by hand" if source.edits else ""
    return [f"Agreement with the pictures' own labels{when}: {a.accuracy:.3f} [{a.low:.3f}, {a.high:.3f}], 95 %"]
