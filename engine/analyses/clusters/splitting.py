"""One question splits one cluster: its raw labels are named anew."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analyses.clusters.naming import groups
from engine.analyses.clusters.placing import names_ask
from engine.analyses.clusters.result import Cluster, Params
from engine.errors import RunError
from engine.steps.answers import Remembered


def parts(
    cluster: Cluster, others: Sequence[str], params: Params, k: int | None, chat: Remembered
) -> dict[str, tuple[str, ...]]:
    """New names for a cluster's raw labels, and which labels each gets; a label that fits none is in none.

    Args:
        cluster: to split.
        others: names of the other clusters, which cannot be used.
        params: of the run.
        k: how many; None for as many as are natural.
        chat: asked one question.

    Raises:
        RunError: there is but one label, or the model leaves all of it together.
    """
    if len(cluster.labels) < 2:
        raise RunError(
            f"All pictures of {cluster.name!r} have the same short answer.",
            "Only another criterion can tell them apart: say what to look at.",
        )
    ask = {**names_ask(params), "keep": [], "avoid": [*others]}
    found = {name: labels for name, labels in groups(cluster.labels, k, ask, chat).items() if labels}
    if len(found) < 2:
        way = "Say another number" if k else "Say how many there are to be"
        mend = f"{way}, or move pictures by hand: each picture's card has a menu."
        raise RunError(f"{chat.spec.label} finds no parts in {cluster.name!r}.", mend)
    return found
