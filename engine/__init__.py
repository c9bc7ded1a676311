"""Vitrine's engine: what a set of images shows, for scripts and notebooks, without the pages.

import engine
gallery = engine.open_folder("photos")
result = engine.clusters(gallery, "mood")
figures = engine.diversity(gallery, coreset=60)  # or of vectors (n, d)
told = engine.differences(gallery, "label=beach", "label=city")
tree = engine.structure(gallery, ["place", "weather: sunny, rainy"])  # or of rows with descriptions
shown = engine.typicality(gallery, ["beach"])
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    import numpy as np

    from engine.analyses.clusters import Result
    from engine.analyses.differences import Result as Differences
    from engine.analyses.diversity import Result as Diversity
    from engine.analyses.structure import Result as Structure
    from engine.analyses.structure import Row
    from engine.analyses.structure.result import Schema
    from engine.analyses.typicality import Result as Typicality
    from engine.gallery import Gallery
    from engine.gallery.sets import PictureSet
    from engine.store.runs import Request


def open_folder(folder: str | Path, labels: str = "folder") -> Gallery:
    """A folder of pictures as a gallery; see gallery.open_folder."""
    from engine import gallery, settings

    return gallery.open_folder(Path(folder), settings.load(), labels)


def clusters(
    gallery: Gallery, criterion: str, k: str | int = "auto", models: str = "", seed: int = 0, describe: float = 1.0
) -> Result:
    """Named clusters of a gallery's pictures; asked before, it is answered from the workspace.

    Args:
        gallery: from open_folder.
        criterion: what to group by, such as "mood".
        k: "auto", a number or a range.
        models: a profile, or a TOML file; the one in the settings by default.
        seed: of the bootstrap, and of samples.
        describe: share of the pictures to describe at most; the rest follows by likeness, see `economy` in the result.

    Raises:
        VitrineError: what is wrong, and the mend.
    """
    from engine.analyses.clusters import Criterion, Params

    params = Params(Criterion(criterion), str(k), share=describe)
    return _answered(_request("clusters", gallery, params, models, seed))


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


def differences(
    gallery: Gallery,
    a: str | Collection[str] = "",
    b: str | Collection[str] = "rest",
    *,
    by: str = "",
    goal: str = "",
    statements: Sequence[str] = (),
    paired: bool = False,
    pair: str = "",
    verify: int | None = None,
    models: str = "",
    seed: int = 0,
) -> Differences:
    """What one set of a gallery's pictures shows more than another; asked before, it is answered from the workspace.

    Args:
        gallery: from open_folder.
        a: names of pictures; or a saved set's name, or COLUMN=VALUE such as "label=beach".
        b: the same; all others by default.
        by: a column, each of whose values is compared with all others, instead of two sides.
        goal: what matters, such as "lighting, not objects".
        statements: tested, too.
        paired: compare pictures of one name on both sides.
        pair: the same, of one value of this column.
        verify: ask the vision model about so many pictures of each side.
        models: a profile, or a TOML file; the one in the settings by default.
        seed: of halves and samples.

    Raises:
        VitrineError: what is wrong, and the mend.
    """
    from engine.analyses.differences import Params, check
    from engine.errors import GalleryError
    from engine.jobs.comparing import missing, together, two_sides
    from engine.settings import load

    one = other = part = None
    if len(a):
        named = {name: said for name, said in (("A", a), ("B", b)) if not isinstance(said, str)}
        if gone := missing(gallery, (file for said in named.values() for file in said)):
            raise GalleryError(f"{len(gone)} names are not of this gallery, such as {gone[0]}.", "Leave them out.")
        one, other = two_sides(
            gallery, a if isinstance(a, str) else "A", b if isinstance(b, str) else "B", load().home, named
        )
        part = together(gallery, one, other)
    params = Params(one, other, by, goal, tuple(statements), paired or bool(pair), pair, verify=verify)
    check(gallery, params)
    return _answered(_request("differences", gallery, params, models, seed, part))


def structure(
    of: Gallery | Sequence[Row],
    dimensions: Sequence[str] = (),
    *,
    count: int | None = None,
    goal: str = "",
    mask: bool = False,
    schema: Schema = "shared",
    draws: int = 2,
    models: str = "",
    seed: int = 0,
) -> Structure:
    """Dimensions of a gallery's pictures, or of descriptions, with their attributes; which picture has which.

    Args:
        of: from open_folder; or rows with file, label and description, such as from descriptions.read_descriptions.
        dimensions: those wanted in any case, each as "place" or "place: indoors, water=sea+lake".
        count: so many more that are proposed, at most; by default 6, and none where dimensions are named.
        goal: what matters.
        mask: hide words that give the label away.
        schema: proposed dimensions of all labels, each label's own, or both.
        draws: how often some descriptions are sorted once more at random, to see what is unsure.
        models: a profile, or a TOML file; the one in the settings by default.
        seed: of samples.

    Raises:
        VitrineError: what is wrong, and the mend.
    """
    from engine.analyses.structure import Params
    from engine.analyses.structure.typed import read_dimensions
    from engine.gallery import Gallery

    given = read_dimensions("\n".join(dimensions))
    wanted = count if count is not None else 0 if given else Params().count
    params = Params(goal, wanted, given, mask=mask, schema=schema, draws=draws)
    if isinstance(of, Gallery):
        return _answered(_request("structure", of, params, models, seed))
    return _of_descriptions(of, params, models, seed)


def typicality(
    gallery: Gallery,
    labels: Sequence[str] = (),
    *,
    against: str = "null",
    draws: int = 32,
    model: str = "",
    models: str = "",
    seed: int = 0,
) -> Typicality:
    """How typical pictures are of their label, and the elements that recur where they are.

    Args:
        gallery: from open_folder, with labels.
        labels: whose pictures; all by default.
        against: "null" (no label), "others" (their mean), or another label.
        draws: of noise and time, a picture: 16, or a multiple of 32.
        model: a folder or hub name in Stable Diffusion's format; the profile's denoiser by default.
        models: a profile, or a TOML file; the one in the settings by default.
        seed: of noise, times and clusters.

    Raises:
        VitrineError: what is wrong, and the mend.
    """
    from engine.analyses.typicality import Params
    from engine.models.roles import ModelSpec

    params = Params(tuple(labels), against, draws)
    if not model:
        return _answered(_request("typicality", gallery, params, models, seed))
    from engine.jobs.asking import make_request

    request = make_request("typicality", gallery, params, {"denoiser": ModelSpec("diffusion", model)}, seed)
    return _answered(request)


def _of_descriptions(rows: Sequence[Row], params: Any, models: str, seed: int) -> Structure:  # noqa: ANN401
    from engine.analyses.structure import of_descriptions
    from engine.jobs.asking import askers
    from engine.models.profiles import specs
    from engine.models.roles import ModelSpec
    from engine.progress import Progress
    from engine.settings import load
    from engine.store.answers import Store

    settings, progress = load(), Progress()
    with closing(Store(settings.home)) as store:
        spec = specs(models or settings.models, settings).get("chat", ModelSpec("keywords", "keywords"))
        chat = askers({"chat": spec}, settings, store, progress)["chat"]
        return of_descriptions(rows, params, chat=chat, progress=progress, seed=seed)


def _request(
    name: str,
    gallery: Gallery,
    params: Any,  # noqa: ANN401
    models: str,
    seed: int,
    part: PictureSet | None = None,
) -> Request:
    from engine.jobs.asking import make_request
    from engine.models.profiles import specs
    from engine.settings import load

    settings = load()
    given = specs(models or settings.models, settings, gallery.root)
    return make_request(name, gallery, params, given, seed, part=part)


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
