"""One question that splits a cluster of a finished run: a live question, as a person waits for it."""

from __future__ import annotations

from contextlib import closing

from pydantic import TypeAdapter

from engine.analyses.clusters import Params, edits, splitting
from engine.errors import RunError
from engine.jobs.asking import askers
from engine.jobs.execute import read_result
from engine.jobs.trusting import refuse_strangers
from engine.progress import Progress
from engine.settings import Settings
from engine.store.answers import Store
from engine.store.runs import Run


def parts(run: Run, cluster: str, k: int | None, settings: Settings) -> dict[str, tuple[str, ...]]:
    """New names for the raw labels of a cluster as it is now, with a person's changes; see splitting.parts.

    What it cost is kept beside the run.

    Raises:
        RunError: there is no such cluster, or nothing to split; ModelError: the run's chat model cannot be asked.
    """
    refuse_strangers(run, settings)
    request, result = run.request, edits.apply(read_result(run), run.edits()).result
    mine = [one for one in result.clusters if one.name == cluster]
    if not mine:
        raise RunError(f"There is no cluster {cluster!r} any more.", "It was renamed, merged or split.")
    others = [one.name for one in result.clusters if one.name != cluster]
    params = TypeAdapter(Params).validate_python(request.params)
    progress = Progress(prices=settings.prices)
    with closing(Store(settings.home)) as store:
        chat = askers({"chat": request.models["chat"]}, settings, store, progress)["chat"]
        try:
            return splitting.parts(mine[0], others, params, k, chat)
        finally:
            progress.show()  # counts the seconds
            run.add_asked(progress)
