"""From a finished run to what leaves the tool: its result with a person's changes, its gallery, small pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PIL import Image

from engine.analyses.clusters import edits as of_clusters
from engine.analyses.structure import edits as of_structure
from engine.errors import VitrineError
from engine.gallery import Picture, shared_gallery
from engine.gallery.thumbs import thumbnail
from engine.jobs.execute import read_result
from engine.jobs.typical import of_run
from engine.report.opening import Opener
from engine.report.source import Source
from engine.settings import Settings
from engine.store.annotations import Boxes, Predictions, annotation
from engine.store.runs import Run

_APPLY: Mapping[str, Callable[[Any, Any], Any]] = {"clusters": of_clusters.apply, "structure": of_structure.apply}


def source_of(run: Run, settings: Settings, edits: int | None = None) -> Source:
    """A finished run as its page shows it.

    Args:
        run: done.
        settings: where the workspace is.
        edits: how many of a person's changes are in it; None: all.

    Raises:
        VitrineError: it has no result, or its gallery is gone.
    """
    request, status = run.request, run.status
    result, log = result_shown(run, settings, edits)
    gallery = shared_gallery(request.gallery, settings.home)
    maps = of_run(run, settings).ranking() if request.analysis == "typicality" else {}
    predictions, boxes = annotation(run, Predictions), annotation(run, Boxes)
    return Source(
        run.id, request, status, result, gallery, log, maps,
        predictions.wrong if predictions else {}, boxes.boxes if boxes else {}, run.path,
    )  # fmt: skip


def result_shown(run: Run, settings: Settings, edits: int | None = None) -> tuple[Any, list[dict[str, Any]]]:
    """A finished run's result with so many of a person's changes (None: all), and these.

    Raises:
        VitrineError: it has no result; or the changes are told from a gallery that is gone.
    """
    name, log = run.request.analysis, run.edits()
    log = log if edits is None else log[:edits]
    result = read_result(run, run.status.revision)
    if log and name == "typicality":
        kept = of_run(run, settings)
        return replace(result, elements=kept.tell(kept.sort(kept.params), log).elements), log
    return (_APPLY[name](result, log).result if log and name in _APPLY else result), log


def small(settings: Settings) -> Opener:
    """Opens a picture's thumbnail where that is enough: it is made once, a large photograph is not."""

    def opened(picture: Picture, side: int) -> Image.Image:
        try:
            with Image.open(thumbnail(settings.home, picture.hash, settings.max_pixels)) as image:
                if min(image.size) >= 0.8 * side or max(image.size) >= max(picture.width, picture.height):
                    return image.convert("RGB")
        except (VitrineError, OSError):
            pass  # the picture itself may be there
        return picture.open(side)

    return opened
