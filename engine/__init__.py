"""Vitrine's engine: what a set of images shows, for scripts and notebooks, without the pages.

import engine
gallery = engine.open_folder("photos")
result = engine.clusters(gallery, "mood")
figures = engine.diversity(gallery, coreset=60)  # or of vectors (n, d)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    from engine.analyses.clusters import Result
    from engine.analyses.diversity import Result as Diversity
    from engine.gallery import Gallery
    from engine.store.runs import Request


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

    return _answered(_request("clusters", gallery, Params(Criterion(criterion), str(k)), models, seed))


def diversity(
    of: Gallery | np.ndarray,
    *,
    by: str = "",
    threshold: float | None = None,
    coreset: int = 0,
    models: str = "",
    seed: int = 0,
) -> Diversity:
    """How diverse a gallery's pictures are, or vectors (n, d): figures, duplicates, a core-set.

    Args:
        of: from open_folder; or vectors, whose names are their numbers.
        by: a column such as "label", whose values are compared at equal size.
        threshold: cosine of duplicates; what the model's card says by default.
        coreset: how many pictures to choose that stand for all.
        models: a profile, or a TOML file; the one in the settings by default.
        seed: of all that is drawn.

    Raises:
        VitrineError: what is wrong, and the mend.
    """
    from engine.analyses.diversity import Params, of_vectors
    from engine.gallery import Gallery

    params = Params(threshold=threshold, by=by, coreset=coreset)
    if isinstance(of, Gallery):
        return _answered(_request("diversity", of, params, models, seed))
    return of_vectors(of, params, seed=seed)


def _request(name: str, gallery: Gallery, params: Any, models: str, seed: int) -> Request:  # noqa: ANN401
    from engine.jobs.asking import make_request
    from engine.models.profiles import specs
    from engine.settings import load

    settings = load()
    return make_request(name, gallery, params, specs(models or settings.models, settings, gallery.root), seed)


def _answered(request: Request) -> Any:  # noqa: ANN401  the analysis' Result
    from engine.errors import RunError
    from engine.jobs.execute import execute, read_result
    from engine.settings import load
    from engine.store.runs import Runs

    settings = load()
    run = Runs(settings.home).submit(request)
    with run.hold(wait=True):
        status = run.status if run.status.state == "done" else execute(run, settings)
    if status.state != "done":
        raise RunError(status.error, status.hint)
    return read_result(run)
