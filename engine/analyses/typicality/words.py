"""A result in words, for the command line."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analyses.typicality.result import Result

_SHOWN = 5  # pictures at each end of a label


def lines(result: Result) -> Iterator[str]:
    """What to print, line by line; notes and unread files are not among them."""
    labels = list(dict.fromkeys(row.label for row in result.rows))
    words = f"asked: {result.template!r} against {result.null!r}"
    yield f"{len(result.rows):,} pictures, {result.draws} draws of each; {words}"
    if result.accuracy is not None:
        yield f"the own label has the largest T in {result.accuracy:.1%} of the pictures"
    for label in labels:
        rows = [row for row in result.rows if row.label == label and not row.why]
        positive = sum(row.low > 0 for row in rows)
        yield f"{label}: {len(rows):,} pictures, {positive:,} of them surely typical"
        for row in rows[:_SHOWN]:
            yield f"  {row.typicality:+.4f} [{row.low:+.4f}, {row.high:+.4f}]  {row.file}"
        if len(rows) > 2 * _SHOWN:
            yield "  ..."
        for row in rows[max(_SHOWN, len(rows) - _SHOWN) :]:
            yield f"  {row.typicality:+.4f} [{row.low:+.4f}, {row.high:+.4f}]  {row.file}"
        every = [one for one in result.elements if one.label == label]
        found = [one for one in every if not one.is_hidden]
        if found:
            yield f"  elements of {label}: median T, pictures, rate held out and elsewhere"
        for one in found:
            made = (one.name, f"{one.by_hand}, by hand" * bool(one.by_hand), ", ".join(one.marks))
            more = "".join(f"  ({words})" for words in made if words)
            yield (
                f"  {one.number:>3}  {one.median:.4f} [{one.low:.4f}, {one.high:.4f}]  {one.pictures:>4} "
                f"({one.share:.0%})  {one.rate:.0%} against {one.rate_elsewhere:.0%}, q {one.q:.2g}{more}"
            )
        if len(found) < len(every):
            yield f"  {len(every) - len(found)} hidden by hand"
