"""Every picture's place among named clusters: by its label, else by its description, else unassigned."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.analyses.clusters.naming import Names, as_they_are, assign, cuts, natural_names, normal, stem
from engine.analyses.clusters.result import Cluster, Criterion, Params, Review, Row
from engine.progress import Progress
from engine.steps.answers import AnswerError, Remembered
from engine.steps.tasks import ASSIGN, LABEL, NAME_CLUSTERS, Task

SECOND_OPINION = 2000  # pictures up to which every description is assigned, too
SURE = 0.8  # how likely a guess must be not to be worth a look
_RARE = 1  # pictures with a label, up to which it is worth a look


def named(
    rows: Sequence[Row], counts: Mapping[str, int], params: Params, chat: Remembered, progress: Progress, exact: bool
) -> tuple[Names, Names | None, float]:
    """The names to assign to, the coarser ones they are joined into if K asks for fewer, and the coverage."""
    progress.start("naming", 0)
    ask = names_ask(params)
    low, high = params.k_range or (1, max(len(counts), 2))
    low = max((low, *params.via))
    names, coverage = (as_they_are(counts), 1.0) if exact else natural_names(counts, None, ask, chat)
    if len(names.names) < low <= len(counts):
        names, coverage = natural_names(counts, low, ask, chat)
        names = replace(names, wanted=low)
    elif len(names.names) < low:
        missing = (
            f"There are only {len(counts)} different answers, too few for {low} clusters: "
            f"these are the {len(names.names)} natural ones."
        )
        names = replace(names, notes=(*names.notes, missing))
    names = with_labels(names, counts, params, chat, progress)  # now: sizes, hence a cut, need them
    if params.k_range is None or len(names.names) <= high:
        return names, None, coverage
    sizes = [sum(counts[label] for label, at in names.of.items() if at == i) for i in range(len(names.names))]
    return names, cuts(names, sizes, [*params.via, high], ask, chat), coverage


def with_labels(names: Names, counts: Mapping[str, int], params: Params, chat: Remembered, progress: Progress) -> Names:
    """Names that know the place of all these labels, as far as there is an answer."""
    left = [label for label in sorted(counts, key=lambda c: (-counts[c], c)) if label not in names.of]
    progress.start("sorting labels", len(left))
    placed = assign(left, names.names, names_ask(params), chat) if left else {}
    of = {**names.of, **{label: place for label, place in placed.items() if not isinstance(place, AnswerError)}}
    return replace(names, of=of)


def placed_by_answers(
    rows: Sequence[Row],
    counts: Mapping[str, int],
    names: Names,
    params: Params,
    chat: Remembered,
    progress: Progress,
    exact: bool = False,
) -> list[Row]:
    """Every row's place among `names`: by its label, else (unless labels are exact) its description, else nowhere."""
    everything = wants_second(params, len(rows))
    able = [] if exact else [r for r in rows if r.description and r.how != "unanswered"]
    texts = list(dict.fromkeys(r.description for r in able if everything or _unsure(r, counts, names)))
    progress.start("sorting descriptions", len(texts))
    by_text: dict[str, int | AnswerError | None] = {}
    if texts:
        by_text = assign(texts, names.names, names_ask(params), chat)
    placed = []
    for row in rows:
        if row.how == "unanswered":
            placed.append(row)
            continue
        first, other = names.of.get(normal(row.raw_label)), by_text.get(row.description)
        second = other if isinstance(other, int) else None
        if first is not None:
            other_name = names.names[second] if second is not None and second != first else ""
            done = replace(row, cluster=names.names[first], how="label", second=other_name)
        elif second is not None:
            done = replace(row, cluster=names.names[second], how="description")
        elif isinstance(other, AnswerError):
            done = replace(row, how="unanswered", why=f"not sorted: {other.reason}")
        else:
            done = replace(row, how="unassigned", why=_why_unassigned(row))
        placed.append(done)
    return placed


def joined_row(row: Row, joined: Names) -> Row:
    """A row of the natural level at the coarser one."""

    def up(name: str) -> str:
        place = joined.of.get(name)
        return "" if place is None else joined.names[place]

    if not row.cluster:
        return row
    cluster, second = up(row.cluster), up(row.second)
    if not cluster:
        return replace(row, cluster="", how="unassigned", second="", why=f"{row.cluster!r} was joined to no cluster")
    return replace(row, cluster=cluster, second="" if second == cluster else second, part=row.cluster)


def sized(rows: Sequence[Row], names: Names, natural: Names, keep: Collection[str]) -> tuple[Cluster, ...]:
    """The clusters that hold pictures or are to be kept: sizes, raw labels, what was joined; largest first."""
    labels: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: Counter[str] = Counter()
    for row in rows:
        if row.cluster:
            sizes[row.cluster] += 1
            if label := normal(row.raw_label):
                labels[row.cluster][label] += 1
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for i, name in enumerate(natural.names):
        place = i if names is natural else names.of.get(name)
        if place is not None:
            parts[names.names[place]].append(name)
    found = [
        Cluster(name, sizes[name], dict(labels[name].most_common()), tuple(parts[name]))
        for name in names.names
        if sizes[name] or name in keep
    ]
    return tuple(sorted(found, key=lambda c: (-c.size, c.name)))


def to_review(rows: Sequence[Row], counts: Mapping[str, int], ambiguous: Collection[str]) -> tuple[Review, ...]:
    """Pictures to look at first: two opinions, no place, a label that is contested or alone, the least sure guesses."""
    guesses = sorted((r.confidence or 0.0, r.file) for r in rows if r.is_guess and r.cluster)
    doubted = {file for sure, file in guesses[: max(10, len(rows) // 20)] if sure < SURE}
    found = []
    for row in rows:
        if row.is_guess:
            if row.file in doubted:
                found.append(Review(row.file, f"only likeness says {row.cluster}, {row.confidence:.0%} sure"))
            continue
        label = normal(row.raw_label)
        if row.how == "unassigned" or row.how == "description":
            found.append(Review(row.file, f"its label {label!r} fits no cluster" if label else "it has no label"))
        elif row.second:
            found.append(Review(row.file, f"the label says {row.cluster}, the description {row.second}"))
        elif row.how == "label" and label in ambiguous:
            found.append(Review(row.file, f"the label {label!r} was claimed by two clusters"))
        elif row.how == "label" and counts[label] <= _RARE:
            found.append(Review(row.file, f"no other picture has the label {label!r}"))
    return tuple(found)


def missing_clusters(rows: Sequence[Row]) -> dict[str, int]:
    """Raw labels that several unassigned pictures share, with how many do, kinds of the same counted together."""
    counts = Counter(label for r in rows if r.how == "unassigned" and (label := normal(r.raw_label)))
    kinds: Counter[str] = Counter()
    for label in sorted(counts, key=lambda c: (len(stem(c)), -counts[c], c)):  # frog before tree frog
        kinds[next((name for name in kinds if _is_kind_of(label, name)), label)] += counts[label]
    least = max(3, sum(not r.is_guess for r in rows) // 100)
    return {label: n for label, n in kinds.most_common(5) if n >= least}


def kinds_of(name: str, rows: Sequence[Row]) -> list[str]:
    """Raw labels of unassigned pictures that are `name` or a kind of it, as missing_clusters counts them."""
    labels = {label for r in rows if r.how == "unassigned" and (label := normal(r.raw_label))}
    return sorted(label for label in labels if _is_kind_of(label, name))


def _is_kind_of(label: str, name: str) -> bool:
    """Whether a label ends in the words of another: tree frogs are frogs."""
    words, end = stem(label), stem(name)
    return bool(end) and words[-len(end) :] == end


def wants_second(params: Params, n: int) -> bool:
    """Whether every description is sorted, too."""
    return n <= SECOND_OPINION if params.second_opinion is None else params.second_opinion


def chat_asks(n: int, params: Params, vision: Remembered) -> dict[Task, int]:
    """About how many questions naming and sorting take for `n` described pictures."""
    exact = bool(vision.spec.options.get("exact"))
    labels = min(n, 4 * math.isqrt(n) + 8)  # distinct raw labels; CIFAR-10: 107 for 1,000 pictures
    sorting = math.ceil(n / ASSIGN.batch) if wants_second(params, n) else 0
    return {
        LABEL: math.ceil(n / LABEL.batch) if vision.writes_prose else 0,
        NAME_CLUSTERS: (params.k != "auto") + (not exact),
        ASSIGN: 0 if exact else math.ceil(labels / ASSIGN.batch) + sorting,
    }


def names_ask(params: Params) -> dict[str, Any]:
    """What the questions about names share."""
    return {"criterion": _spoken(params.criterion), "keep": list(params.keep), "avoid": list(params.avoid)}


def _unsure(row: Row, counts: Mapping[str, int], names: Names) -> bool:
    label = normal(row.raw_label)
    return names.of.get(label) is None or label in names.ambiguous or counts[label] <= _RARE


def _why_unassigned(row: Row) -> str:
    label = normal(row.raw_label)
    return f"{label!r} fits no cluster" if label else "the picture says nothing about the criterion"


def _spoken(criterion: Criterion) -> str:
    """The criterion as one text, for the questions that have no fields for look at and ignore."""
    said = {"look at": criterion.look_at, "ignore": criterion.ignore}
    more = [f"{word} {text}" for word, text in said.items() if text]
    return f"{criterion.name} ({'; '.join(more)})" if more else criterion.name
