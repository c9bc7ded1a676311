"""Vitrine's engine: what a set of images shows, for scripts and notebooks, without the pages.

import engine
gallery = engine.open_folder("photos")
result = engine.clusters(gallery, "mood")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.analyses.clusters import Result
    from engine.gallery import Gallery


def open_folder(folder: str | Path, labels: str = "folder") -> Gallery:
    """A folder of pictures as a gallery; see gallery.open_folder."""
    from engine import gallery, settings

    return gallery.open_folder(Path(folder), settings.load(), labels)


def clusters(gallery: Gallery, criterion: str, k: str | int = "auto", models: str = "", seed: int = 0) -> Result:
    """Named clusters of a gallery's pictures; asked before, it is answered from the workspace.

    Args:
        gallery: from open_folder.
        criterion: what to group by, such as "mood".
        k: "auto", a number or a range.
        models: a profile, or a TOML file; the one in the settings by default.
        seed: of the bootstrap.

    Raises:
        VitrineError: what is wrong, and the mend.
    """
    from engine.analyses.clusters import Criterion, Params
    from engine.errors import RunError
    from engine.jobs.asking import make_request
    from engine.jobs.execute import execute, read_result
    from engine.models.profiles import specs
    from engine.settings import load
    from engine.store.runs import Runs

    settings = load()
    params = Params(Criterion(criterion), str(k))
    request = make_request("clusters", gallery, params, specs(models or settings.models, settings, gallery.root), seed)
    run = Runs(settings.home).submit(request)
    with run.hold(wait=True):
        status = run.status if run.status.state == "done" else execute(run, settings)
    if status.state != "done":
        raise RunError(status.error, status.hint)
    return read_result(run)
